//! From which timeouts a node draws before it campaigns (section 9.3 of the paper: the more there are, the fewer
//! elections are tied).

use core::ops::Range;

use super::Settings;
use crate::error::ConfigError;
use crate::types::NUMBER_MAX;

impl Settings {
    /// The election timeouts that are drawn from, in ticks.
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
    /// ```
    pub fn election_timeouts(&self) -> Range<u64> {
        let shortest = self.min_election_timeout_ticks.unwrap_or(self.election_timeout_ticks);
        let longest = shortest.saturating_add(self.election_timeout_ticks);
        shortest..self.max_election_timeout_ticks.unwrap_or(longest)
    }

    /// Checks that there are timeouts to draw from.
    pub(super) fn validate_timeouts(&self) -> Result<(), ConfigError> {
        let Range { start, end } = self.election_timeouts();
        let bounds = [
            (
                start >= self.election_timeout_ticks && start <= NUMBER_MAX / 4,
                "min_election_timeout_ticks",
                "at least election_timeout_ticks and less than 2^61",
            ),
            (
                end > start && end <= NUMBER_MAX / 2,
                "max_election_timeout_ticks",
                "above min_election_timeout_ticks (or election_timeout_ticks) and less than 2^62",
            ),
        ];
        match bounds.into_iter().find(|(holds, ..)| !holds) {
            None => Ok(()),
            Some((_, setting, bound)) => Err(ConfigError::Bound { setting, bound }),
        }
    }
}
