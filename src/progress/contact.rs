//! When a peer was heard of: for the quorum check (thesis 6.2), and for people.

use super::Progress;

impl Progress {
    pub(crate) fn is_recent_active(&self) -> bool {
        self.recent_active
    }

    /// Whether it was not heard of for a whole period, or reported as unreachable, and not since.
    pub(crate) fn is_missing(&self) -> bool {
        self.missing
    }

    /// Ticks since it was heard of, or since it is counted; up to 2^32.
    pub(crate) fn silent_ticks(&self) -> u64 {
        (*self.silent).into()
    }

    /// The peer answered; for how many ticks it was silent, if it was missing.
    pub(crate) fn heard(&mut self) -> Option<u64> {
        self.recent_active = true;
        *self.stranger = false;
        let silent = core::mem::take(&mut *self.silent);
        core::mem::take(&mut self.missing).then_some(silent.into())
    }

    /// A leader's ticks pass.
    pub(crate) fn pass(&mut self, ticks: u64) {
        self.promised = self.promised.saturating_sub(ticks);
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
        *self.silent = self.silent.saturating_add(ticks);
    }

    /// A new period of listening begins; `true` if the peer is missing since the last one.
    pub(crate) fn forget_activity(&mut self) -> bool {
        let heard = core::mem::take(&mut self.recent_active);
        !heard && self.miss()
    }

    /// The peer cannot be reached; `true` if that is news.
    pub(crate) fn miss(&mut self) -> bool {
        !core::mem::replace(&mut self.missing, true)
    }

    /// Another store answered in the peer's name.
    pub(crate) fn note_stranger(&mut self) {
        *self.stranger = true;
    }

    /// Whether one did since the peer was heard of.
    pub(crate) fn is_stranger_heard(&self) -> bool {
        *self.stranger
    }
}
