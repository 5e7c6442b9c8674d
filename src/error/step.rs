//! A peer's message is at fault.

use super::{NodeError, ProposeError};
use crate::membership::ChangeError;
use crate::types::{ClusterId, Identity, Index, NodeId, Term};

/// Why a message was refused. The node is as it was before, but for [`Diverged`](Self::Diverged), after which it makes
/// no promises, and, where the configuration names its store by an [identity](crate::storage::InitialState::identity),
/// [`BeyondLog`](Self::BeyondLog) of a heartbeat, after which it votes for nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The message is from a node of another group, or of one without an id.
    #[error("the message is of group {theirs}, this is a node of group {ours}")]
    ForeignCluster {
        /// The group that the message names; zero for none.
        theirs: ClusterId,
        /// Ours.
        ours: ClusterId,
    },
    /// The message is for another node.
    #[error("the message is for node {to}, this is node {id}")]
    Misrouted {
        /// Whom it is for.
        to: NodeId,
        /// Who we are.
        id: NodeId,
    },
    /// The sender is zero, or claims to be this node.
    #[error("node {from} cannot have sent this")]
    ImpossibleSender {
        /// Who it claims to be from.
        from: NodeId,
    },
    /// A response from a node that is not in the configuration.
    #[error("a response from node {from}, which is not in the configuration")]
    UnknownPeer {
        /// Who it is from.
        from: NodeId,
    },
    /// A response, in the name of a member, from another store than the one that the configuration names for it.
    #[error("a response from node {from} with store {identity:x}, the configuration names {known:x}")]
    OtherIdentity {
        /// Who it is from.
        from: NodeId,
        /// The store that the configuration names.
        known: Identity,
        /// The store that answered; zero for none.
        identity: Identity,
    },
    /// The message carries no term, but its kind must.
    #[error("a message of this kind needs a term")]
    MissingTerm,
    /// The message carries a term, but its kind must not.
    #[error("a message of this kind carries no term, this one says {0}")]
    UnexpectedTerm(Term),
    /// A number is larger than [`NUMBER_MAX`](crate::types::NUMBER_MAX).
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// The parts of the message contradict each other.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The message speaks of an index that this log does not have: a store was lost or mixed up. Not to be passed over
    /// in a log of warnings: without [identities](crate::storage::InitialState::identity) a store that was lost and
    /// founded anew goes on to vote, and what is committed may be lost with it.
    #[error("index {index} is beyond the last index {last}")]
    BeyondLog {
        /// The index in the message.
        index: Index,
        /// Our last index.
        last: Index,
    },
    /// The leader's message contradicts what is committed here: one of the two stores lost something, or
    /// history was made twice. This node promises and applies nothing more until it is rebuilt
    /// ([`Status::diverged`](crate::Status::diverged)); its term and timers are as they were.
    #[error("entry {index} is committed here in term {ours}, the leader has it of term {theirs}")]
    Diverged {
        /// Where.
        index: Index,
        /// The term of the committed entry here.
        ours: Term,
        /// The term of the leader's; the same if only the data differs.
        theirs: Term,
    },
    /// The snapshot's configuration is not one.
    #[error("the snapshot's configuration: {0}")]
    ConfState(#[from] ChangeError),
    /// A forwarded proposal was refused.
    #[error("forwarded proposal: {0}")]
    Proposal(#[from] ProposeError),
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}
