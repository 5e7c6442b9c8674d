//! A call comes at the wrong time, or leaves something out.

use super::NodeError;
use crate::storage::StorageError;
use crate::types::{Index, NodeId, Term};

/// Why no [`Ready`](crate::Ready) was handed out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReadyError {
    /// The last one was not advanced. If it was dropped because persisting failed, the node must
    /// be rebuilt from storage.
    #[error("the last Ready was not advanced")]
    Outstanding,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why there is no snapshot to take now ([`RawNode::snapshot_metadata`](crate::RawNode::snapshot_metadata)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Nothing is applied: the store is new.
    #[error("nothing is applied yet")]
    NothingApplied,
    /// A Ready with committed entries is out: the state machine may be ahead of what is acknowledged. Advance it, and
    /// ask again.
    #[error("entries up to index {handed_out} are handed out, and applied only to {applied}")]
    Applying {
        /// Applied and acknowledged.
        applied: Index,
        /// Handed out for applying.
        handed_out: Index,
    },
    /// The configuration is as of later than what is applied, and the one as of that is not known any more. It ends
    /// when the state machine gets there: when the snapshot that was received is stored, when the change that is being
    /// applied is acknowledged.
    #[error("the configuration is as of index {configured_at}, and only {applied} is applied")]
    ConfigurationAhead {
        /// Applied and acknowledged.
        applied: Index,
        /// Up to here the configuration has all changes.
        configured_at: Index,
    },
    /// The state machine is damaged, and waits for a snapshot that was
    /// [asked for](crate::RawNode::request_snapshot).
    #[error("the state machine waits for a snapshot that was asked for")]
    Requested,
    /// A leader contradicts what is committed here, and so perhaps what was applied
    /// ([`Status::diverged`](crate::Status::diverged)).
    #[error("a leader contradicts what is committed here")]
    Diverged,
    /// The storage did not tell the term of what is applied. The node is as it was before, and not poisoned by that.
    #[error("storage: {0}")]
    Storage(#[from] StorageError),
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a configuration change was neither applied nor cancelled. The node is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// No such change was handed out for applying, or it was applied or cancelled before.
    #[error("the change at index {index} of term {term} is not handed out, or was applied or cancelled before")]
    NotHandedOut {
        /// The entry's index.
        index: Index,
        /// The entry's term.
        term: Term,
    },
    /// An earlier change is to be applied or cancelled first.
    #[error("the change at index {index} comes after the one at index {expected}")]
    OutOfOrder {
        /// The entry's index.
        index: Index,
        /// Where the change is that is next.
        expected: Index,
    },
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why an acknowledgement was refused. The node is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AcknowledgeError {
    /// This Ready is not the one that is outstanding on this node.
    #[error("Ready number {number} is not outstanding here")]
    NotOutstanding {
        /// The Ready's number.
        number: u64,
    },
    /// It belongs to another node, to an earlier start of this one, or to a clone that went another
    /// way.
    #[error("this belongs to another node, to an earlier start, or to a clone")]
    Foreign,
    /// This acknowledgement was given before.
    #[error("acknowledgement number {number} was given before")]
    Repeated {
        /// The acknowledgement's number.
        number: u64,
    },
    /// An earlier task was not acknowledged yet, or this acknowledgement was never handed out here.
    #[error("acknowledgement number {number} is out of order, {expected} is next")]
    OutOfOrder {
        /// The acknowledgement's number.
        number: u64,
        /// Which is next.
        expected: u64,
    },
    /// The node left the configuration, so that its own acknowledgement counts for nothing.
    #[error("node {id} is not in the configuration")]
    Removed {
        /// The node.
        id: NodeId,
    },
    /// A committed configuration change was neither applied nor cancelled.
    #[error("the configuration change at index {index} is neither applied nor cancelled")]
    UnhandledChange {
        /// Where the first such change is.
        index: Index,
    },
    /// The Ready's committed entries were not taken, so that they cannot have been applied.
    #[error("the committed entries from index {index} on were not taken")]
    NotTaken {
        /// The first of them.
        index: Index,
    },
    /// The Ready has a snapshot that nobody asked for, so that the state machine cannot have begun anew with it
    /// ([`Persisted::snapshot`](crate::ready::Persisted::snapshot)).
    #[error("the state machine has not begun anew with the snapshot at index {index}")]
    NotRestored {
        /// The last index that it covers.
        index: Index,
    },
    /// The Ready has something to persist that nobody has looked at.
    #[error("there is something to persist that nobody has looked at")]
    NotPersisted,
    /// With [`Settings::async_storage_writes`](crate::Settings::async_storage_writes), tasks are
    /// acknowledged and nothing is advanced; without, the other way round.
    #[error("the node is configured for the other way of writing")]
    WrongMode,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}
