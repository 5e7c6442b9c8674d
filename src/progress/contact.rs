//! When a peer was heard of: for the quorum check (thesis 6.2), and for people; and what its store is.

use super::Progress;
use crate::types::Identity;

/// What was refused in a peer's name since it was heard of, for people.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Stranger {
    #[default]
    Nobody,
    /// A response from another store than the one that the configuration names.
    OtherStore,
    /// A message of a group with another id, or with none.
    OtherGroup { without_id: bool },
}

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
        *self.stranger = Stranger::Nobody;
        let silent = core::mem::take(&mut *self.silent);
        core::mem::take(&mut self.missing).then_some(silent.into())
    }

    /// A leader's ticks pass.
    pub(crate) fn pass(&mut self, ticks: u64) {
        self.promised = self.promised.saturating_sub(ticks);
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
        *self.silent = self.silent.saturating_add(ticks);
    }

    /// The peer's response to the heartbeat of this round, whose promise has so many ticks left.
    pub(crate) fn confirm(&mut self, round: u64, promised: u64) {
        self.confirmed_round = self.confirmed_round.max(round);
        self.promised = self.promised.max(promised);
    }

    pub(crate) fn promised(&self) -> u64 {
        self.promised
    }

    pub(crate) fn confirmed_round(&self) -> u64 {
        self.confirmed_round
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

    /// Something was refused in the peer's name.
    pub(crate) fn note_stranger(&mut self, stranger: Stranger) {
        *self.stranger = stranger;
    }

    /// What was refused last since the peer was heard of.
    pub(crate) fn stranger(&self) -> Stranger {
        *self.stranger
    }

    /// The peer's store has this identity, which the configuration does not name; 0: it has none, or that is named.
    /// `true` if that is news of a store.
    pub(crate) fn note_unnamed(&mut self, identity: Identity) -> bool {
        if self.past.unnamed() == identity {
            return false;
        }
        self.past.set_unnamed(identity);
        identity != 0
    }

    /// The identity of the peer's store, if the configuration did not name it when the peer was heard of; else 0.
    pub(crate) fn unnamed(&self) -> Identity {
        self.past.unnamed()
    }
}
