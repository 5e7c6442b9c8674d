//! A state machine's state, and the log position it stands for.

use bytes::Bytes;

use super::{ConfState, EntryId, Index, Term};

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

/// The last entry that it covers.
impl From<&Snapshot> for EntryId {
    fn from(snapshot: &Snapshot) -> Self {
        snapshot.id()
    }
}
