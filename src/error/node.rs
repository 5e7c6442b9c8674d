//! The node, or its storage, is broken.

use crate::storage::StorageError;
use crate::types::Index;

/// Why a call failed through no fault of its own: the node is broken, or its storage is. Other nodes in the
/// process are not touched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The node stopped for good: it answers every call with this, and does nothing any more. Drop it and, once
    /// its storage works, make a new one from that ([`RawNode::new`](crate::RawNode::new)).
    #[error("this node is poisoned: {0}")]
    Poisoned(Fault),
    /// This call met something that the storage cannot read ([`StorageError::Corrupt`]). The node is not poisoned:
    /// keep it, and go on calling it as before. It serves what it can read, but promises nothing more until it is
    /// rebuilt ([`Status::corrupt`](crate::Status::corrupt)): no votes, candidacies or acknowledgements. Remove it
    /// from the group, and add it again with an empty storage, under a new id, or with a new identity where members
    /// are named. (Where what is to be applied cannot be read, no call fails:
    /// [`Event::StorageCorrupt`](crate::Event::StorageCorrupt) tells.)
    ///
    /// What was asked may have been done in part, as if the answer had been lost: a proposal may be in the log, and a
    /// configuration change is made. An acknowledgement counts, and so does a batch that is advanced. After
    /// [`ready`](crate::RawNode::ready), ask again.
    #[error("the storage is corrupt at index {index}")]
    Corrupt {
        /// Where.
        index: Index,
    },
}

/// What poisons a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The storage failed, or broke its contract. ([`StorageError::Corrupt`] poisons nobody.)
    #[error("storage: {0}")]
    Storage(#[from] StorageError),
    /// An invariant of this crate does not hold: a bug here, please report it.
    #[error("broken invariant: {0}")]
    Invariant(&'static str),
}
