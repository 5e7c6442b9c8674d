//! What is committed: sections 5.3 and 5.4.2, Figure 2 ("Rules for Servers", Leaders and `AppendEntries`).

use crate::quorum::Joint;
use crate::types::{Entry, EntryId, Index, NodeId, Term};

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
///
/// It may commit later than it could: `in_groups`, if given, is as far as it wants to go, for more is not held by two
/// commit groups. The smaller index is held by a quorum as well, so that all that rests on a commit holds.
pub(crate) fn by_counting(
    voters: &Joint,
    matched: impl Fn(NodeId) -> Option<Index>,
    in_groups: Option<Index>,
    term_start: Index,
    last: Index,
    committed: Index,
) -> Option<Committed> {
    let index = voters.committed_index(matched).min(in_groups.unwrap_or(Index::MAX));
    let news = index >= to_be_held(committed.saturating_add(1), term_start);
    (news && index <= last).then_some(Committed { index })
}

/// Up to where a quorum has to hold the log so that `index` is committed by counting.
pub(crate) fn to_be_held(index: Index, term_start: Index) -> Index {
    index.max(term_start)
}

/// A log holds a change of the configuration at `index`, and another one after it that its leader checked. Such a
/// leader appends a change only when it has applied the last (`rules/change.rs`), and every log that has the
/// later entry has the earlier one as that leader had it (Log Matching, section 5.3).
pub(crate) fn by_later_change(index: Index, later: &Entry) -> Option<Committed> {
    (later.is_conf_change() && later.index > index).then_some(Committed { index })
}

/// Whoever asks for a vote, or responds, may say what it knows to be committed, and a snapshot holds nothing else. That
/// stays true for ever, whoever says it and in whatever term: a log that has this very entry has all that was committed
/// before it (Log Matching, section 5.3).
pub(crate) fn by_word(committed: EntryId, held: bool) -> Option<Committed> {
    let index = committed.index;
    (held && committed.term > 0).then_some(Committed { index })
}

/// How far a log is known to match that of the leader of `term`: as far as appends of this term proved
/// (`proven`), and all of it if its last entry is of that term. Only that leader made such an entry, and a
/// leader's log in its own term only grows, so that a log which ends with it is a prefix of the leader's
/// (Log Matching, section 5.3).
pub(crate) fn matched_in_term(term: Term, last: EntryId, proven: Index) -> Index {
    if last.term == term { last.index } else { proven }
}

/// A follower takes the leader's word, as far as its own log is known to match the leader's.
pub(crate) fn by_leader(commit: Index, matched: Index) -> Committed {
    Committed {
        index: commit.min(matched),
    }
}
