//! From which timeouts a node draws before it campaigns (section 9.3 of the paper: the more there are, the fewer
//! elections are tied).

use core::ops::Range;

use super::Settings;
use crate::error::ConfigError;
use crate::types::NUMBER_MAX;

impl Settings {
    /// The election timeouts that are drawn from, in ticks: those of the rank.
    ///
    /// Nothing relies on the longest. The shortest is no shorter than what a leader is promised, or the node would
    /// campaign in vain.
    ///
    /// ```
    /// let mut settings = quorate::Settings::default();
    /// assert_eq!(settings.election_timeouts(), 10..20);
    /// settings.max_election_timeout_ticks = Some(40);
    /// assert_eq!(settings.election_timeouts(), 10..40);
    /// settings.min_election_timeout_ticks = Some(20);
    /// settings.max_election_timeout_ticks = None;
    /// assert_eq!(settings.election_timeouts(), 20..30);
    /// settings.election_rank = 2;
    /// assert_eq!(settings.election_timeouts(), 40..50);
    /// ```
    pub fn election_timeouts(&self) -> Range<u64> {
        let (first, delay) = (self.first_timeouts(), self.rank_delay());
        first.start.saturating_add(delay)..first.end.saturating_add(delay)
    }

    /// How much longer than one of rank 0 a node of this rank waits when it does not hear its leader any more.
    pub(crate) fn rank_delay(&self) -> u64 {
        let first = self.first_timeouts();
        let width = first.end.saturating_sub(first.start);
        width.saturating_mul(self.election_rank.into())
    }

    /// Those of rank 0.
    fn first_timeouts(&self) -> Range<u64> {
        let shortest = self.min_election_timeout_ticks.unwrap_or(self.election_timeout_ticks);
        let longest = shortest.saturating_add(self.election_timeout_ticks);
        shortest..self.max_election_timeout_ticks.unwrap_or(longest)
    }

    /// Checks that there are timeouts to draw from.
    pub(super) fn validate_timeouts(&self) -> Result<(), ConfigError> {
        let Range { start, end } = self.first_timeouts();
        let timeout = self.election_timeout_ticks;
        let bounds = [
            (
                start >= timeout && start <= NUMBER_MAX / 4,
                "min_election_timeout_ticks",
                "at least election_timeout_ticks and less than 2^61",
            ),
            (
                end > start && end <= NUMBER_MAX / 2,
                "max_election_timeout_ticks",
                "above min_election_timeout_ticks (or election_timeout_ticks) and less than 2^62",
            ),
            (
                self.election_timeouts().end <= NUMBER_MAX,
                "election_rank",
                "such that no election timeout is above 2^63 - 1",
            ),
            (
                self.transfer_to_preferred_ticks
                    .is_none_or(|ticks| ticks / 2 >= timeout && ticks <= NUMBER_MAX),
                "transfer_to_preferred_ticks",
                "at least two election_timeout_ticks and at most 2^63 - 1",
            ),
            (
                self.transfer_to_preferred_ticks.is_none() || self.check_quorum,
                "check_quorum",
                "on where transfer_to_preferred_ticks is set",
            ),
        ];
        match bounds.into_iter().find(|(holds, ..)| !holds) {
            None => Ok(()),
            Some((_, setting, bound)) => Err(ConfigError::Bound { setting, bound }),
        }
    }
}
