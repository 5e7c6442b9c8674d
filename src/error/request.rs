//! What the caller asks for is refused.

use super::{DecodeError, NodeError};
use crate::membership::{CatchUp, ChangeError};
use crate::types::{Identity, Index, NodeId};

/// Why a proposal was refused. Nothing was appended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError {
    /// No leader is known; try again later.
    #[error("no leader is known")]
    NoLeader,
    /// This node does not lead, and forwarding is switched off (or not possible for this call).
    #[error("this node does not lead, node {leader} does")]
    NotLeader {
        /// Who leads.
        leader: NodeId,
    },
    /// Leadership is being handed over.
    #[error("leadership is being handed to node {to}")]
    Transferring {
        /// To whom.
        to: NodeId,
    },
    /// [`Settings::max_uncommitted_bytes`](crate::Settings::max_uncommitted_bytes) is reached; try again when
    /// something has committed, or with asynchronous writes when the disk has acknowledged something.
    #[error("{waiting} bytes that wait to be committed and stored leave no room")]
    Full {
        /// Payload bytes that count: [`Status::uncommitted_bytes`](crate::Status::uncommitted_bytes).
        waiting: u64,
    },
    /// An entry is larger than [`Settings::max_entry_bytes`](crate::Settings::max_entry_bytes).
    #[error("an entry of {bytes} bytes, the bound is {max}")]
    TooLarge {
        /// Bytes of its payload.
        bytes: u64,
        /// The bound.
        max: u64,
    },
    /// There are no more indexes.
    #[error("there are no more indexes")]
    Exhausted,
    /// This leader is no longer in the configuration.
    #[error("this node is not in the configuration")]
    Removed,
    /// A forwarded message without entries.
    #[error("nothing is proposed")]
    Empty,
    /// The configuration change cannot be made now, or at all.
    #[error("configuration change: {0}")]
    Change(#[from] ChangeRefusal),
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a configuration change was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum ChangeRefusal {
    /// An earlier change, or whatever was in the log at the election, is not applied yet.
    #[error("the log up to index {index} may hold a change and is applied to {applied} only")]
    Pending {
        /// Up to here the log may hold a change.
        index: Index,
        /// Up to here it is applied.
        applied: Index,
    },
    /// The joint configuration must be left first.
    #[error("the joint configuration must be left first")]
    Joint,
    /// There is no joint configuration to leave.
    #[error("there is no joint configuration to leave")]
    NotJoint,
    /// The change does not fit the configuration.
    #[error(transparent)]
    Invalid(#[from] ChangeError),
    /// The entry's bytes are not a configuration change.
    #[error("not a configuration change: {0}")]
    Undecodable(DecodeError),
    /// Only a learner can be made a voter by [`propose_promotion`](crate::RawNode::propose_promotion).
    #[error("node {id} is no learner")]
    NotLearner {
        /// Who was to be a voter.
        id: NodeId,
    },
    /// The learner that was to be a voter has not caught up with the log; this is how far it is.
    #[error("{0}")]
    NotCaughtUp(CatchUp),
    /// The learner that was to be a voter has a store with this identity, and the configuration does not name it: as a
    /// voter it would acknowledge nothing. If it is the store that was meant, an
    /// [`UpdateNode`](crate::membership::ConfChangeKind::UpdateNode) with its
    /// [name](crate::membership::ConfChangeSingle::with_identity) makes it of use; else remove the node, and add it
    /// with its name.
    #[error(
        "the configuration does not name the store of node {id}, which has the identity {identity:x}: name it by an \
         UpdateNode, if it is the right one, or remove the node and add it with its name"
    )]
    Unnamed {
        /// Who was to be a voter.
        id: NodeId,
        /// The identity of its store.
        identity: Identity,
    },
    /// Compare-and-set: the configuration changed after the expected index.
    #[error("the configuration changed at index {changed}, after the expected index {expected}")]
    Changed {
        /// The index that the caller expected.
        expected: Index,
        /// Where a later change is.
        changed: Index,
    },
    /// Compare-and-set: the log does not reach back to the expected index.
    #[error("the log does not tell whether the configuration changed after index {expected}")]
    Unknown {
        /// The index that the caller expected.
        expected: Index,
    },
}

/// Why a read was refused at once. (A read may also come back refused later, in a
/// [`ReadState`](crate::ready::ReadState).)
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No leader is known; try again later.
    #[error("no leader is known")]
    NoLeader,
    /// Too many reads wait for a response ([`Settings::max_pending_reads`](crate::Config)).
    #[error("{pending} reads wait already")]
    Full {
        /// Reads that wait.
        pending: usize,
    },
    /// A leader contradicts what is committed here, and so perhaps what was applied
    /// ([`Status::diverged`](crate::Status::diverged)).
    #[error("a leader contradicts what is committed here")]
    Diverged,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why no snapshot is asked for ([`RawNode::request_snapshot`](crate::RawNode::request_snapshot)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotRequestError {
    /// No leader is known; try again later.
    #[error("no leader is known")]
    NoLeader,
    /// This node leads, and has nobody to ask: hand leadership over first
    /// ([`transfer_leader`](crate::RawNode::transfer_leader)).
    #[error("this node leads, and has nobody to ask")]
    Leading,
    /// This node is not in the configuration that it has applied: nobody would send it anything.
    #[error("this node is not in the configuration")]
    NotMember,
    /// A snapshot is asked for already, or on its way to the state machine.
    #[error("a snapshot is asked for already, or on its way to the state machine")]
    Pending,
    /// A leader contradicts what is committed here: nothing is applied any more
    /// ([`Status::diverged`](crate::Status::diverged)).
    #[error("a leader contradicts what is committed here")]
    Diverged,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a node cannot be handed leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum TransferRefusal {
    /// It is not in the configuration.
    #[error("it is not in the configuration")]
    Unknown,
    /// It is a learner.
    #[error("it is a learner")]
    Learner,
}

/// Why leadership is not being handed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// No leader is known; or this node, which does not lead, was asked to choose a successor.
    #[error("no leader is known")]
    NoLeader,
    /// Only the leader can choose a transferee.
    #[error("this node does not lead, node {leader} does")]
    NotLeader {
        /// Who leads.
        leader: NodeId,
    },
    /// The node is not in the configuration as this node knows it; a follower may lag behind.
    #[error("node {to} is not in the configuration")]
    Unknown {
        /// The transferee.
        to: NodeId,
    },
    /// A learner, as far as this node knows, cannot lead.
    #[error("node {to} is a learner")]
    Learner {
        /// The transferee.
        to: NodeId,
    },
    /// There is no other voter.
    #[error("there is no other voter")]
    Nobody,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why this node did not campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum CampaignRefusal {
    /// It leads already.
    #[error("this node leads already")]
    Leading,
    /// It is no voter.
    #[error("this node is no voter")]
    NotVoter,
    /// It has a snapshot to install first.
    #[error("a snapshot waits to be stored")]
    SnapshotPending,
    /// Its state machine is damaged, and waits for a snapshot that it [asked for](crate::RawNode::request_snapshot).
    #[error("it waits for a snapshot that it asked for")]
    SnapshotRequested,
    /// A committed configuration change waits to be applied: the next term needs it.
    #[error("a committed configuration change waits to be applied")]
    UnappliedChange,
    /// It promised a leader not to (the lease), for so many ticks.
    #[error("a leader's lease is promised for {0} ticks")]
    Promised(u64),
    /// It restarted and may have promised before, for so many ticks.
    #[error("silent for {0} ticks after a restart")]
    Silent(u64),
    /// Its storage is corrupt.
    #[error("the storage is corrupt at index {0}")]
    Corrupt(Index),
    /// The configuration names another store for it.
    #[error("the configuration names another store for this node")]
    Disowned,
    /// The configuration does not name its store, which has an identity.
    #[error("the configuration does not name this node's store")]
    Unnamed,
    /// A leader counts on its log up to here, which does not reach there.
    #[error("a leader counts on this log up to index {0}, which does not reach there")]
    EntriesLost(Index),
    /// There are no more terms, or no index for the entry that opens the next.
    #[error("there are no more terms, or indexes")]
    Exhausted,
}

/// Why a campaign call failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CampaignError {
    /// The node may not campaign now.
    #[error(transparent)]
    Refused(#[from] CampaignRefusal),
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}
