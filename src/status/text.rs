//! A node, and a member, in a line.

use core::fmt;

use super::{ProgressStatus, Status};
use crate::text::ticks;

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, soft_state, .. } = self;
        write!(f, "node {id}: {soft_state}")?;
        if let Some(silent) = self.leader_silent_ticks {
            write!(f, ", heard {} ago", ticks(silent))?;
        }
        write!(f, ", {} applied={}", self.hard_state, self.applied)?;
        write!(f, " last={}", self.last_index)?;
        let numbers = [
            ("promised_ticks", self.promised_ticks),
            ("silent_ticks", self.silent_ticks),
            ("lease_ticks", self.lease_ticks),
            ("pending_reads", self.pending_reads.try_into().unwrap_or(u64::MAX)),
            ("uncommitted_bytes", self.uncommitted_bytes),
            ("transferee", self.transferee.unwrap_or(0)),
            ("snapshot_request", self.snapshot_request.unwrap_or(0)),
        ];
        for (name, number) in numbers.into_iter().filter(|(_, number)| *number > 0) {
            write!(f, " {name}={number}")?;
        }
        if self.identity > 0 {
            write!(f, " identity={:x}", self.identity)?;
        }
        if let Some(index) = self.corrupt {
            write!(f, ", storage corrupt at index {index}")?;
        }
        if let Some(index) = self.lost_entries {
            write!(f, ", entries lost up to index {index}")?;
        }
        for (holds, what) in [
            (self.diverged, ", contradicted by a leader"),
            (self.disowned && !self.unnamed, ", another store is named"),
            (self.unnamed, ", its store is not named"),
        ] {
            f.write_str(if holds { what } else { "" })?;
        }
        Ok(())
    }
}

impl fmt::Display for ProgressStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, state, .. } = self;
        write!(f, "node {id}: {state}, matched={} next={}", self.matched, self.next)?;
        if self.commit_lag > 0 {
            write!(f, " commit_lag={}", self.commit_lag)?;
        }
        if self.promised_ticks > 0 {
            write!(f, " promised_ticks={}", self.promised_ticks)?;
        }
        if let Some(at_least) = self.snapshot_request {
            write!(f, " snapshot_request={at_least}")?;
        }
        if self.inflight > 0 {
            write!(f, " inflight={}", self.inflight)?;
        }
        if self.silent_ticks > 0 {
            write!(f, ", heard {} ago", ticks(self.silent_ticks))?;
        }
        for (holds, what) in [
            (self.learner, ", learner"),
            (self.paused, ", paused"),
            (self.inflight_full, ", window full"),
            (self.unreachable, ", unreachable"),
        ] {
            f.write_str(if holds { what } else { "" })?;
        }
        Ok(())
    }
}
