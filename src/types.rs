//! The words of the paper as types: ids, terms, indexes, entries and what is persisted of them.
//!
//! Plain data without rules. Numbers from outside are bounded by [`NUMBER_MAX`] where they enter
//! (a message, a storage), so that arithmetic on them cannot overflow.

mod conf_state;
mod entry;
mod snapshot;

use core::fmt;

pub use self::conf_state::ConfState;
pub use self::entry::{Entry, EntryKind};
pub use self::snapshot::{Snapshot, SnapshotMetadata};

/// The id of a node: any number but zero and the two largest, never reused for another disk.
pub type NodeId = u64;

/// A term of the Raft paper (section 5.1); zero before the first election.
pub type Term = u64;

/// The id of a group's history; zero for none. Not the installation's: a host derives it from installation and group,
/// below 2^63, and it changes when a group is rebuilt from what a lost quorum left: then [`RECOVERED`] is set.
pub type ClusterId = u64;

/// The bit that is set in the ids of groups that were [recovered](crate::recover) from a lost quorum, and in no
/// others: the largest. So whoever knows the id, a member that joined later too, knows that the history that the
/// stores of the earlier group may go on with is another one.
pub const RECOVERED: ClusterId = 1 << 63;

/// What tells a store from every other that had, or will have, the same node's id: a random number that its caller
/// makes with it; zero for none.
pub type Identity = u64;

/// A position in the log; the first entry has index 1, zero means "before the log".
pub type Index = u64;

/// The largest term, index or tick count taken from outside: 2^63 - 1.
///
/// Adding a handful to a number that passed this bound cannot overflow.
pub const NUMBER_MAX: u64 = u64::MAX >> 1;

/// What identifies an entry in all logs: its term and its index (the paper's Log Matching).
///
/// Ordered by term, then by index: the greater is the more up-to-date log end of section 5.4.1.
///
/// ```
/// use quorate::EntryId;
/// assert!(EntryId { term: 2, index: 1 } > EntryId { term: 1, index: 9 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct EntryId {
    /// Term in which a leader created the entry.
    pub term: Term,
    /// Position in the log.
    pub index: Index,
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.term, self.index)
    }
}

/// The paper's persistent state on all servers (Figure 2), with the commit index.
///
/// ```
/// use quorate::HardState;
/// let voted = HardState::new(2, Some(3), 7);
/// assert_eq!((voted.term, voted.vote, voted.commit, voted.promised_ticks), (2, Some(3), 7, 0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct HardState {
    /// Latest term the server has seen.
    pub term: Term,
    /// Candidate that received this server's vote in `term`.
    pub vote: Option<NodeId>,
    /// Highest index known to be committed; may lag behind after a crash.
    pub commit: Index,
    /// The longest promise to a leader that may be outstanding, in ticks: after a restart the server keeps
    /// silent for so long, whatever its settings are then. 0 if it never promised anything.
    pub promised_ticks: u64,
}

impl HardState {
    /// What a server that never promised anything to a leader must not forget.
    pub fn new(term: Term, vote: Option<NodeId>, commit: Index) -> Self {
        Self {
            term,
            vote,
            commit,
            promised_ticks: 0,
        }
    }

    /// The same with so long a promise.
    #[must_use]
    pub fn with_promised_ticks(self, promised_ticks: u64) -> Self {
        Self { promised_ticks, ..self }
    }
}

impl fmt::Display for HardState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "term={}", self.term)?;
        if let Some(vote) = self.vote {
            write!(f, " vote={vote}")?;
        }
        write!(f, " commit={}", self.commit)?;
        match self.promised_ticks {
            0 => Ok(()),
            ticks => write!(f, " promised={ticks}"),
        }
    }
}
