//! Why a store cannot be recovered, or a plan not be read.

use alloc::string::String;

use crate::error::ConfigError;
use crate::storage::StorageError;
use crate::types::{ClusterId, Index, NodeId};

/// Why a recovery was refused. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The store contradicts itself or cannot be read: no node would start on it either.
    #[error("the store: {0}")]
    Store(#[from] ConfigError),
    /// The store holds nothing: it is that of a node that never joined.
    #[error("the store is empty")]
    Empty,
    /// No configuration that the store knows has this node: the id is wrong, or the store.
    #[error("no configuration that the store knows has node {id}")]
    NotMember {
        /// The node.
        id: NodeId,
    },
    /// There is no term above all that were seen, or no index for the first entry of the recovered group.
    #[error("there are no more terms, or indexes")]
    Exhausted,
    /// The store is not as it was when the plan was made. Inspect it again: a node ran on it since, or it is another.
    #[error("{what} was {planned} when the plan was made, and is {found}")]
    Differs {
        /// What differs, in the words of the plan.
        what: &'static str,
        /// As the plan has it.
        planned: String,
        /// As it is.
        found: String,
    },
    /// The store was recovered since the plan was made: by this plan or by another.
    #[error("the store was recovered since the plan was made: it is of group {cluster_id:x} now")]
    AppliedBefore {
        /// The group that it is of now.
        cluster_id: ClusterId,
    },
    /// Entries are to be applied before the state machine's snapshot is taken for what it should be.
    #[error("the entries from index {index} on were not taken, so that they cannot have been applied")]
    NotTaken {
        /// The first of them.
        index: Index,
    },
    /// A new group needs an id of its own: this is none, or that of the group that was.
    #[error("{drawn:x} is no id for a new group: draw another random number")]
    ClusterId {
        /// What was drawn.
        drawn: ClusterId,
    },
    /// What was written is not what is to be written.
    #[error("the recovered store has {found} as its {what}, instead of {expected}")]
    NotWritten {
        /// What differs.
        what: &'static str,
        /// As it should be.
        expected: String,
        /// As it is.
        found: String,
    },
}

impl From<StorageError> for RecoverError {
    fn from(error: StorageError) -> Self {
        Self::Store(error.into())
    }
}

/// Why a text is not a plan.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// It does not begin as a plan does, or is cut short.
    #[error("this is no recovery plan of this version")]
    NotAPlan,
    /// The text is not the one that the digest was made of: something was changed, mixed up or left out.
    #[error("the digest is {named}, but that of the text is {computed:016x}")]
    Digest {
        /// As the text names it.
        named: String,
        /// As it should be.
        computed: u64,
    },
    /// The digest is right, and this line is not what a plan has there.
    #[error("line {line} should be: {expected}")]
    Line {
        /// Counted from one.
        line: usize,
        /// What should be there.
        expected: String,
    },
}
