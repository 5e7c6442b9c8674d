//! What is committed: sections 5.3 and 5.4.2, Figure 2 ("Rules for Servers", Leaders and `AppendEntries`).

use crate::quorum::Joint;
use crate::types::{EntryId, Index, NodeId};

/// Proof that the log is committed up to an index. Made here only.
#[derive(Debug)]
pub(crate) struct Committed {
    index: Index,
}

impl Committed {
    pub(crate) fn index(&self) -> Index {
        self.index
    }
}

/// A leader commits by counting replicas only entries of its own term, which begin at
/// `term_start`; earlier ones are committed with them (section 5.4.2, Figure 8).
pub(crate) fn by_counting(
    voters: &Joint,
    matched: impl Fn(NodeId) -> Option<Index>,
    term_start: Index,
    last: Index,
    committed: Index,
) -> Option<Committed> {
    let index = voters.committed_index(matched);
    (index > committed && index >= term_start && index <= last).then_some(Committed { index })
}

/// A log holds a change of the configuration at `index`, and another one after it. A leader appends a change only
/// when it has applied the last (`rules/change.rs`), and every log that has the later entry has the earlier one
/// as that leader had it (Log Matching, section 5.3).
pub(crate) fn by_later_change(index: Index) -> Committed {
    Committed { index }
}

/// Whoever refuses a vote may say what it knows to be committed. That stays true for ever, whoever says
/// it and in whatever term: a log that has this very entry has all that was committed before it.
pub(crate) fn by_hearsay(committed: EntryId, held: bool) -> Option<Committed> {
    let index = committed.index;
    (held && committed.term > 0).then_some(Committed { index })
}

/// A follower takes the leader's word, as far as its own log is known to match the leader's.
pub(crate) fn by_leader(commit: Index, matched: Index) -> Committed {
    Committed {
        index: commit.min(matched),
    }
}
