//! What a group that was recovered from a lost quorum must not believe, or do: the group that it was may go on.
//! (Proof sketch: D35 in `docs/etcd-differences.md`.)
//!
//! That it was recovered is in its id, because every member has that in its store and in each message, however it came
//! by it, and a node does not start without it.

use crate::types::{ClusterId, RECOVERED};

/// Whether the group was recovered.
pub(crate) fn is_recovered(id: ClusterId) -> bool {
    id & RECOVERED != 0
}

/// Whether a node of group `ours` looks at a message in the name of `theirs`. Zero is a group without an id: nobody
/// can tell its messages from those of the group that a recovered one was, and it could not tell them from ours.
pub(crate) fn may_take(ours: ClusterId, theirs: ClusterId, accept_without: bool) -> bool {
    match (ours, theirs) {
        (ours, theirs) if ours == theirs => true,
        (0, theirs) => !is_recovered(theirs),
        (ours, 0) => accept_without && !is_recovered(ours),
        _ => false,
    }
}

/// Whether the only voter of the group may campaign at once after a restart. In a recovered group it is that by no
/// change that was ever committed, so that a leader of the group that was may still count on what it promised.
pub(crate) fn may_break_silence(group: ClusterId) -> bool {
    !is_recovered(group)
}

/// Whether a node keeps silent after a start, if it does not know of a promise: unless it never heard a leader. In a
/// recovered group the hard state that says so may be lost, and the term is then the snapshot's.
pub(crate) fn keeps_silent(group: ClusterId, stored_term: u64, term: u64) -> bool {
    stored_term > 0 || (is_recovered(group) && term > 0)
}
