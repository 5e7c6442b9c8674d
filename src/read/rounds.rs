//! Rounds of heartbeats, by number, and how long ago each was sent.

use super::queue::Queue;

/// A leader's rounds in its term. Only lease reads need the ages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Rounds {
    last: u64,
    /// Ages in ticks of the last rounds, newest at the back; their numbers end with `last`.
    ages: Queue<u64>,
}

impl Rounds {
    /// The number of the last round sent.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Another round is sent now.
    pub(crate) fn begin(&mut self, remember: bool) -> u64 {
        self.last = self.last.saturating_add(1);
        if remember {
            self.ages.push(0);
        } else {
            self.ages = Queue::default();
        }
        self.last
    }

    /// `ticks` pass; rounds older than `oldest` are no longer of use.
    pub(crate) fn advance(&mut self, ticks: u64, oldest: u64) {
        for age in self.ages.iter_mut() {
            *age = age.saturating_add(ticks);
        }
        while self.ages.first().is_some_and(|age| *age >= oldest) {
            self.ages.pop();
        }
    }

    /// How long ago the round was sent, if that is remembered.
    pub(crate) fn age(&self, round: u64) -> Option<u64> {
        let back = usize::try_from(self.last.checked_sub(round)?).ok()?;
        let position = self.ages.len().checked_sub(back)?.checked_sub(1)?;
        self.ages.get(position).copied()
    }
}
