//! `AppendEntries` and its response (Figure 2).

use crate::entries::Entries;
use crate::types::{EntryId, Index};

/// `AppendEntries` (Figure 2).
///
/// ```
/// use quorate::{Entries, EntryId};
/// use quorate::message::Append;
/// let probe = Append::new(EntryId { term: 2, index: 7 }, 6, Entries::new());
/// assert!(probe.entries.is_empty() && !probe.commit_only);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Append {
    /// The entry immediately preceding `entries` (prevLogTerm, prevLogIndex).
    pub prev: EntryId,
    /// The leader's commit index.
    pub commit: Index,
    /// Entries to store; none in a probe or when only the commit index is news.
    pub entries: Entries,
    /// Index of the configuration change by which the recipient joined while the sender led; 0 if it was a member
    /// before. It tells the response from one that a node gave before it was removed and added again.
    pub joined_at: Index,
    /// Without entries: the recipient has acknowledged `prev` already, so that only `commit` is news. An
    /// acceptance would tell nothing, and is not sent.
    pub commit_only: bool,
}

impl Append {
    /// Entries that follow `prev`, to a recipient that was a member before the sender led.
    pub fn new(prev: EntryId, commit: Index, entries: impl Into<Entries>) -> Self {
        Self {
            prev,
            commit,
            entries: entries.into(),
            joined_at: 0,
            commit_only: false,
        }
    }

    /// The same to a recipient that joined by the change at this index.
    #[must_use]
    pub fn with_joined_at(self, joined_at: Index) -> Self {
        Self { joined_at, ..self }
    }

    /// The same with nothing but the commit index being news, or not.
    #[must_use]
    pub fn with_commit_only(self, commit_only: bool) -> Self {
        Self { commit_only, ..self }
    }
}

/// The response to `AppendEntries` or `InstallSnapshot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AppendResponse {
    /// The log matches the leader's up to here, durably.
    #[non_exhaustive]
    Accepted {
        /// Last index that is known to match.
        index: Index,
        /// [`Append::joined_at`] of the append that this responds to, 0 in the response to a snapshot; `None`
        /// from a node of etcd-io/raft.
        joined_at: Option<Index>,
    },
    /// What was sent contradicts what is committed here: one of the two stores lost something. Nothing was
    /// appended.
    #[non_exhaustive]
    Diverged {
        /// The committed entry here; the terms are the same if only the data differs.
        committed: EntryId,
    },
    /// The preceding entry was not there.
    #[non_exhaustive]
    Rejected {
        /// The index of the preceding entry that was asked for.
        index: Index,
        /// Where the logs may agree: the last entry whose term is not above the leader's at the
        /// asked index; term 0 when unknown.
        hint: EntryId,
    },
}

impl AppendResponse {
    /// The log matches up to `index`, in response to an append with this [`joined_at`](Append::joined_at).
    pub fn accepted(index: Index, joined_at: Option<Index>) -> Self {
        Self::Accepted { index, joined_at }
    }

    /// This entry is committed here, and contradicts what was sent.
    pub fn diverged(committed: EntryId) -> Self {
        Self::Diverged { committed }
    }

    /// The entry at `index` was not there; the logs may agree at `hint`.
    pub fn rejected(index: Index, hint: EntryId) -> Self {
        Self::Rejected { index, hint }
    }
}
