//! What settings must keep to, by themselves and while a node runs.

use super::{ReadMode, Settings};
use crate::error::ConfigError;
use crate::types::NUMBER_MAX;

impl Settings {
    /// Checks every bound and names the first that does not hold.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let election = self.election_timeout_ticks;
        let lease = self.read_mode == ReadMode::Lease;
        let bounds = [
            (
                self.heartbeat_interval_ticks > 0,
                "heartbeat_interval_ticks",
                "1 or more",
            ),
            (
                election > self.heartbeat_interval_ticks && election <= NUMBER_MAX / 4,
                "election_timeout_ticks",
                "more than heartbeat_interval_ticks and less than 2^61",
            ),
            (
                !self.pre_vote
                    || self.check_quorum
                    || self.allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions,
                "check_quorum",
                "on where pre_vote is, or the opt-in named after the consequence",
            ),
            (
                !(lease || self.commit_without_silent_groups) || self.check_quorum,
                "check_quorum",
                "on for lease reads, and for commits without silent groups",
            ),
            (
                !lease || (2..election).contains(&self.lease_margin_ticks),
                "lease_margin_ticks",
                "2 or more and less than election_timeout_ticks",
            ),
            (
                self.restart_silence_ticks.unwrap_or(0) <= NUMBER_MAX,
                "restart_silence_ticks",
                "at most 2^63 - 1",
            ),
            (self.max_pending_reads > 0, "max_pending_reads", "1 or more"),
            (self.max_inflight_messages > 0, "max_inflight_messages", "1 or more"),
            (
                self.max_inflight_bytes == 0 || self.max_inflight_bytes >= self.max_message_bytes,
                "max_inflight_bytes",
                "0 or at least max_message_bytes",
            ),
            (
                self.commit_notice_ticks < election,
                "commit_notice_ticks",
                "less than election_timeout_ticks",
            ),
            (
                self.snapshot_stall_ticks.unwrap_or(0) <= NUMBER_MAX / 4,
                "snapshot_stall_ticks",
                "less than 2^61",
            ),
        ];
        match bounds.into_iter().find(|(holds, ..)| !holds) {
            None => self.validate_timeouts(),
            Some((_, setting, bound)) => Err(ConfigError::Bound { setting, bound }),
        }
    }

    /// Checks that `next` changes nothing that is fixed while a node runs.
    pub(crate) fn validate_successor(&self, next: &Self) -> Result<(), ConfigError> {
        let fixed = [
            (self.lease_promises == next.lease_promises, "lease_promises"),
            (
                self.restart_silence_ticks == next.restart_silence_ticks,
                "restart_silence_ticks",
            ),
            (
                self.async_storage_writes == next.async_storage_writes,
                "async_storage_writes",
            ),
        ];
        match fixed.into_iter().find(|(same, _)| !same) {
            None => Ok(()),
            Some((_, setting)) => Err(ConfigError::Fixed(setting)),
        }
    }
}
