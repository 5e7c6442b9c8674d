//! The words of the paper as types: ids, terms, indexes, entries and what is persisted of them.
//!
//! Plain data without rules. Numbers from outside are bounded by [`NUMBER_MAX`] where they enter
//! (a message, a storage), so that arithmetic on them cannot overflow.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

/// The id of a node: any number but zero and the two largest, never reused for another disk.
pub type NodeId = u64;

/// A term of the Raft paper (section 5.1); zero before the first election.
pub type Term = u64;

/// The id of a group's history; zero for none. Not the installation's: a host derives it from installation and group,
/// and it changes when a group is rebuilt from what a lost quorum left.
pub type ClusterId = u64;

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

/// What an entry's data is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// The application's bytes; empty for the entry with which a leader opens its term.
    #[default]
    Normal,
    /// An encoded [`ConfChange`](crate::membership::ConfChange), the older form that changes one node.
    ConfChange,
    /// An encoded [`ConfChangeV2`](crate::membership::ConfChangeV2).
    ConfChangeV2,
}

/// One entry of the replicated log.
///
/// ```
/// use quorate::{Entry, EntryId};
/// use quorate::types::EntryKind;
/// let entry = Entry::new(1, 7, "x = 1");
/// assert_eq!(entry.kind, EntryKind::Normal);
/// assert_eq!(entry.id(), EntryId { term: 1, index: 7 });
/// assert_eq!(entry.to_string(), "1/7 Normal \"x = 1\"");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Entry {
    /// Term in which a leader created the entry.
    pub term: Term,
    /// Position in the log.
    pub index: Index,
    /// What the data is.
    pub kind: EntryKind,
    /// The payload; shared, never copied.
    pub data: Bytes,
}

impl Entry {
    /// An entry with the application's bytes.
    pub fn new(term: Term, index: Index, data: impl Into<Bytes>) -> Self {
        Self {
            term,
            index,
            kind: EntryKind::Normal,
            data: data.into(),
        }
    }

    /// The same with data of this kind.
    #[must_use]
    pub fn with_kind(self, kind: EntryKind) -> Self {
        Self { kind, ..self }
    }

    /// The application's bytes; term and index are given by the leader.
    pub(crate) fn of(data: Bytes) -> Self {
        Self {
            data,
            ..Self::default()
        }
    }

    /// The entry's term and index.
    pub fn id(&self) -> EntryId {
        EntryId {
            term: self.term,
            index: self.index,
        }
    }

    /// Whether the entry changes the configuration.
    pub fn is_conf_change(&self) -> bool {
        self.kind != EntryKind::Normal
    }

    /// Bytes of the payload.
    pub fn payload_len(&self) -> u64 {
        self.data.len().try_into().unwrap_or(u64::MAX)
    }

    /// Bytes of the entry as a protobuf message, which is what byte limits count: a zero field
    /// costs nothing.
    pub fn encoded_len(&self) -> u64 {
        let field = |value: u64| {
            if value == 0 {
                0
            } else {
                varint_len(value).saturating_add(1)
            }
        };
        let kind = if self.is_conf_change() { 2 } else { 0 };
        let data = match self.payload_len() {
            0 => 0,
            len => varint_len(len).saturating_add(1).saturating_add(len),
        };
        field(self.term)
            .saturating_add(field(self.index))
            .saturating_add(kind)
            .saturating_add(data)
    }
}

/// Bytes of a protobuf varint.
fn varint_len(value: u64) -> u64 {
    // Seven bits a byte: (9 * bits + 64) / 64 is bits / 7, rounded up, for 1 to 64 bits.
    let bits = (value | 1).ilog2().wrapping_add(1);
    u64::from(bits.wrapping_mul(9).wrapping_add(64) >> 6)
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.id(), self.kind)?;
        match self.kind {
            EntryKind::Normal => write!(f, " \"{}\"", self.data.escape_ascii()),
            EntryKind::ConfChange | EntryKind::ConfChangeV2 => match crate::wire::decode_change(self) {
                Ok(change) => write!(f, " {change}"),
                Err(error) => write!(f, " ({error})"),
            },
        }
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

/// A configuration as it is stored in snapshots: who votes, who only learns.
///
/// ```
/// use quorate::ConfState;
/// let three = ConfState::of_voters([1, 2, 3]);
/// assert_eq!(three.voters, [1, 2, 3]);
/// assert!(three.voters_outgoing.is_empty()); // not joint
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ConfState {
    /// Voters; in a joint configuration the incoming half (thesis 4.3).
    pub voters: Vec<NodeId>,
    /// Nodes that receive the log and do not vote.
    pub learners: Vec<NodeId>,
    /// The outgoing half of a joint configuration; empty otherwise.
    pub voters_outgoing: Vec<NodeId>,
    /// Voters of the outgoing half that become learners when the joint configuration is left.
    pub learners_next: Vec<NodeId>,
    /// Whether the leader leaves the joint configuration by itself.
    pub auto_leave: bool,
    /// The stores of the members that are named by more than their id: only with that store is such a member one.
    pub identities: Vec<(NodeId, Identity)>,
}

impl ConfState {
    /// A configuration of voters alone.
    pub fn of_voters(voters: impl IntoIterator<Item = NodeId>) -> Self {
        Self {
            voters: voters.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same with these learners.
    #[must_use]
    pub fn with_learners(self, learners: impl IntoIterator<Item = NodeId>) -> Self {
        let learners = learners.into_iter().collect();
        Self { learners, ..self }
    }

    /// The same as the incoming half of a joint configuration, these being the voters of the outgoing one.
    #[must_use]
    pub fn with_voters_outgoing(self, voters: impl IntoIterator<Item = NodeId>) -> Self {
        let voters_outgoing = voters.into_iter().collect();
        Self {
            voters_outgoing,
            ..self
        }
    }

    /// The same with these as learners when the joint configuration is left.
    #[must_use]
    pub fn with_learners_next(self, learners: impl IntoIterator<Item = NodeId>) -> Self {
        let learners_next = learners.into_iter().collect();
        Self { learners_next, ..self }
    }

    /// The same, left by the leader itself, or not.
    #[must_use]
    pub fn with_auto_leave(self, auto_leave: bool) -> Self {
        Self { auto_leave, ..self }
    }

    /// The same with the stores of these members named.
    ///
    /// ```
    /// use quorate::ConfState;
    /// let named = ConfState::of_voters([1, 2]).with_identities([(1, 0xd1), (2, 0xd2)]);
    /// assert_eq!((named.identity(2), named.identity(3)), (Some(0xd2), None));
    /// ```
    #[must_use]
    pub fn with_identities(self, identities: impl IntoIterator<Item = (NodeId, Identity)>) -> Self {
        let identities = identities.into_iter().collect();
        Self { identities, ..self }
    }

    /// The identity by which the member's store is named.
    pub fn identity(&self, id: NodeId) -> Option<Identity> {
        let named = self.identities.iter().find(|(member, _)| *member == id);
        named.map(|(_, identity)| *identity)
    }

    /// Whether the node votes, in either half, or learns.
    pub fn contains(&self, id: NodeId) -> bool {
        [&self.voters, &self.learners, &self.voters_outgoing]
            .iter()
            .any(|ids| ids.contains(&id))
    }
}

/// What a snapshot stands for: the log up to and including `index`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SnapshotMetadata {
    /// The configuration as of `index`.
    pub conf_state: ConfState,
    /// The last index that the snapshot covers.
    pub index: Index,
    /// The term of the entry at `index`.
    pub term: Term,
}

impl SnapshotMetadata {
    /// The log up to and including this entry, with the configuration as of it.
    pub fn new(id: EntryId, conf_state: ConfState) -> Self {
        Self {
            conf_state,
            index: id.index,
            term: id.term,
        }
    }

    /// Term and index of the last entry that the snapshot covers.
    pub fn id(&self) -> EntryId {
        EntryId {
            term: self.term,
            index: self.index,
        }
    }
}

/// A state machine's state and the log position it stands for (section 7).
///
/// ```
/// use quorate::{ConfState, EntryId, Snapshot};
/// use quorate::types::SnapshotMetadata;
/// let metadata = SnapshotMetadata::new(EntryId { term: 2, index: 7 }, ConfState::of_voters([1, 2, 3]));
/// let snapshot = Snapshot::new(metadata, "x = 1");
/// assert_eq!(snapshot.id(), EntryId { term: 2, index: 7 });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Snapshot {
    /// The application's bytes; what they mean is its own affair.
    pub data: Bytes,
    /// What the snapshot stands for.
    pub metadata: SnapshotMetadata,
}

impl Snapshot {
    /// A snapshot of the state that the log up to there makes.
    pub fn new(metadata: SnapshotMetadata, data: impl Into<Bytes>) -> Self {
        let data = data.into();
        Self { data, metadata }
    }

    /// Term and index of the last entry that the snapshot covers.
    pub fn id(&self) -> EntryId {
        self.metadata.id()
    }

    /// Whether this is no snapshot at all (index 0).
    pub fn is_empty(&self) -> bool {
        self.metadata.index == 0
    }
}
