//! The settings, or the store that they meet.

use alloc::string::String;

use crate::membership::ChangeError;
use crate::storage::StorageError;
use crate::types::{ClusterId, Identity, Index, NodeId};

/// Why a node cannot be made (or set) this way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting is outside its bounds.
    #[error("{setting} must be {bound}")]
    Bound {
        /// The field of [`Config`](crate::Config).
        setting: &'static str,
        /// What it must be.
        bound: &'static str,
    },
    /// A setting that does not change while the node runs.
    #[error("{0} cannot change while the node runs")]
    Fixed(&'static str),
    /// The state machine is behind the snapshot that the log begins with.
    #[error("applied is {applied}, but the log begins after index {snapshot}")]
    AppliedBehindSnapshot {
        /// `Config::applied`.
        applied: Index,
        /// The index before the first entry.
        snapshot: Index,
    },
    /// The state machine is ahead of the log: a store was lost or mixed up.
    #[error("applied is {applied}, but the last index is {last}")]
    AppliedBeyondLog {
        /// `Config::applied`.
        applied: Index,
        /// The last index.
        last: Index,
    },
    /// The stored commit index is ahead of the log.
    #[error("the stored commit index is {commit}, but the last index is {last}")]
    CommitBeyondLog {
        /// The stored commit index.
        commit: Index,
        /// The last index.
        last: Index,
    },
    /// The stored configuration is older than the log reaches back: changes after it may be lost.
    #[error("the stored configuration is as of index {index}, but the log begins after index {snapshot}")]
    ConfStateBehindSnapshot {
        /// What the configuration is as of.
        index: Index,
        /// The index before the first entry.
        snapshot: Index,
    },
    /// The stored configuration is ahead of the log: a store was lost or mixed up.
    #[error("the stored configuration is as of index {index}, but the last index is {last}")]
    ConfStateBeyondLog {
        /// What the configuration is as of.
        index: Index,
        /// The last index.
        last: Index,
    },
    /// The stored configuration is not one.
    #[error("the stored configuration: {0}")]
    ConfState(#[from] ChangeError),
    /// The storage failed, or its answers contradict each other.
    #[error("storage: {0}")]
    Storage(#[from] StorageError),
    /// The store is another group's: a directory was mixed up. (Zero: no id.)
    #[error("the store is of group {stored}, the settings name group {configured}")]
    ForeignStore {
        /// The group that the store was made for.
        stored: ClusterId,
        /// [`Config::cluster_id`](crate::Config::cluster_id).
        configured: ClusterId,
    },
    /// Bootstrap by a node that is none of the new group's voters: a learner, and whoever joins later, starts with an
    /// empty store instead.
    #[error("node {id} is no voter of the group that it is to found")]
    NotFounder {
        /// The node.
        id: NodeId,
    },
    /// Bootstrap with another store than the one that the configuration names for this node: give the store its
    /// identity first.
    #[error("the store with identity {identity:x} is not the one that the configuration names for this node")]
    Stranger {
        /// [`InitialState::identity`](crate::storage::InitialState::identity); zero for none.
        identity: Identity,
    },
    /// Bootstrap needs an unused store.
    #[error("the store has been used: {0}")]
    Used(String),
}
