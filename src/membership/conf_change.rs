//! What a configuration change says, before anybody judges it.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::types::{Identity, NodeId};

/// What to do with one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConfChangeKind {
    /// Make it a voter.
    #[default]
    AddNode,
    /// Remove it.
    RemoveNode,
    /// Change nothing here: the application's own data about the node changes. Or name its store.
    UpdateNode,
    /// Make it a learner; a voter is demoted.
    AddLearnerNode,
}

/// One node's part of a change. Node id 0 is skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConfChangeSingle {
    /// What to do.
    pub kind: ConfChangeKind,
    /// With whom.
    pub node_id: NodeId,
    /// The node's store, if it is to be named by more than its id; else zero.
    pub identity: Identity,
}

impl ConfChangeSingle {
    /// Does this with a node whose store is not named.
    pub fn new(kind: ConfChangeKind, node_id: NodeId) -> Self {
        Self {
            kind,
            node_id,
            identity: 0,
        }
    }

    /// The same with the node's store named.
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }
}

/// A part without a name for the node's store.
impl From<(ConfChangeKind, NodeId)> for ConfChangeSingle {
    fn from((kind, node_id): (ConfChangeKind, NodeId)) -> Self {
        Self::new(kind, node_id)
    }
}

/// How a joint configuration is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Transition {
    /// A change of one voter is made at once; any other goes through a joint configuration that
    /// the leader leaves by itself.
    #[default]
    Auto,
    /// A joint configuration always, which the leader leaves by itself.
    JointImplicit,
    /// A joint configuration always, left by an empty change that the application proposes.
    JointExplicit,
}

/// The older form: one node, never joint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConfChange {
    /// Not used by the core.
    pub id: u64,
    /// What to do.
    pub kind: ConfChangeKind,
    /// With whom.
    pub node_id: NodeId,
    /// The application's own.
    pub context: Bytes,
}

impl ConfChange {
    /// Does this with one node.
    pub fn new(kind: ConfChangeKind, node_id: NodeId) -> Self {
        Self {
            id: 0,
            kind,
            node_id,
            context: Bytes::new(),
        }
    }

    /// The same with an id, which the core does not use.
    #[must_use]
    pub fn with_id(self, id: u64) -> Self {
        Self { id, ..self }
    }

    /// The same with bytes of the application's.
    #[must_use]
    pub fn with_context(self, context: impl Into<Bytes>) -> Self {
        let context = context.into();
        Self { context, ..self }
    }
}

/// Any number of nodes at once; without any, leave the joint configuration.
///
/// ```
/// use quorate::membership::{ConfChangeSingle, ConfChangeV2};
/// use quorate::membership::ConfChangeKind::*;
/// let swap = ConfChangeV2::new([(AddNode, 4), (RemoveNode, 1)]);
/// assert_eq!(swap.to_string(), "v4 r1");
/// assert!(ConfChangeV2::leave_joint().changes.is_empty());
/// // Where members' stores are named, that of the new one is too.
/// let named = ConfChangeV2::new([ConfChangeSingle::new(AddNode, 4).with_identity(0xd4)]);
/// assert_eq!(named.to_string(), "v4#d4");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ConfChangeV2 {
    /// How a joint configuration is used.
    pub transition: Transition,
    /// The nodes' parts.
    pub changes: Vec<ConfChangeSingle>,
    /// The application's own.
    pub context: Bytes,
}

impl ConfChangeV2 {
    /// A change of these nodes, joint where that is needed.
    pub fn new(changes: impl IntoIterator<Item = impl Into<ConfChangeSingle>>) -> Self {
        Self {
            changes: changes.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// The same with the joint configuration used in this way.
    #[must_use]
    pub fn with_transition(self, transition: Transition) -> Self {
        Self { transition, ..self }
    }

    /// The same with bytes of the application's.
    #[must_use]
    pub fn with_context(self, context: impl Into<Bytes>) -> Self {
        let context = context.into();
        Self { context, ..self }
    }

    /// The change that leaves a joint configuration.
    pub fn leave_joint() -> Self {
        Self::default()
    }

    /// Whether this leaves a joint configuration.
    pub fn is_leave_joint(&self) -> bool {
        self.changes.is_empty() && self.transition == Transition::Auto
    }

    /// `Some(auto_leave)` if this goes through a joint configuration.
    pub fn enters_joint(&self) -> Option<bool> {
        match self.transition {
            Transition::Auto => (self.changes.len() > 1).then_some(true),
            Transition::JointImplicit => Some(true),
            Transition::JointExplicit => Some(false),
        }
    }
}

/// A change in the form in which it was proposed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AnyConfChange {
    /// The older form.
    V1(ConfChange),
    /// The newer form.
    V2(ConfChangeV2),
}

impl AnyConfChange {
    /// The change in the newer form.
    pub fn into_v2(self) -> ConfChangeV2 {
        match self {
            Self::V1(change) => ConfChangeV2 {
                transition: Transition::Auto,
                changes: Vec::from([ConfChangeSingle::new(change.kind, change.node_id)]),
                context: change.context,
            },
            Self::V2(change) => change,
        }
    }

    /// The application's own bytes.
    pub fn context(&self) -> &Bytes {
        match self {
            Self::V1(change) => &change.context,
            Self::V2(change) => &change.context,
        }
    }
}

impl From<ConfChange> for AnyConfChange {
    fn from(change: ConfChange) -> Self {
        Self::V1(change)
    }
}

impl From<ConfChangeV2> for AnyConfChange {
    fn from(change: ConfChangeV2) -> Self {
        Self::V2(change)
    }
}

impl fmt::Display for ConfChangeSingle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.kind {
            ConfChangeKind::AddNode => 'v',
            ConfChangeKind::RemoveNode => 'r',
            ConfChangeKind::UpdateNode => 'u',
            ConfChangeKind::AddLearnerNode => 'l',
        };
        write!(f, "{letter}{}", self.node_id)?;
        match self.identity {
            0 => Ok(()),
            identity => write!(f, "#{identity:x}"),
        }
    }
}

impl fmt::Display for ConfChangeV2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, change) in self.changes.iter().enumerate() {
            write!(f, "{}{change}", if position == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Display for AnyConfChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.clone().into_v2())
    }
}
