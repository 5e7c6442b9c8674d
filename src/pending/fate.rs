//! What a committed entry says of another one.

use core::cmp::Ordering::{Equal, Greater, Less};

#[cfg(doc)]
use super::Proposals;
use crate::types::EntryId;

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It is applied. [`Proposals::on_applied`] hands out the token of the entry that was applied, which has a
    /// response. From [`Proposals::drain_settled`] it means that a snapshot covers the entry: the state machine has
    /// what it did, but the response is not known here.
    Applied,
    /// It will never be applied, on any node: it may be proposed again.
    Superseded,
    /// It may have been applied, may be so later, or never: to propose it again may apply it twice. A snapshot jumped
    /// over it, or the caller [gave up](Proposals::give_up).
    Unknown,
}

/// What a committed entry says of one that a leader appended; `None`: nothing yet. The module has the proof.
pub(super) fn fate(entry: EntryId, committed: EntryId) -> Option<Fate> {
    match (entry.term.cmp(&committed.term), entry.index.cmp(&committed.index)) {
        (Equal, Less | Equal) => Some(Fate::Applied),
        (Less, Less) => Some(Fate::Unknown),
        (Less, Equal | Greater) | (Greater, Less | Equal) => Some(Fate::Superseded),
        (Equal | Greater, Greater) => None,
    }
}
