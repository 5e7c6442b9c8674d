//! Who leads, and what a node is: what is told when it changes, and lost in a crash.

use crate::types::NodeId;

/// The volatile state that is worth knowing; need not be persisted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct SoftState {
    /// Who leads, as far as this node knows.
    pub leader: Option<NodeId>,
    /// What this node is.
    pub role: RoleKind,
}

impl SoftState {
    /// This leader, if one is known, and this role.
    pub fn new(leader: Option<NodeId>, role: RoleKind) -> Self {
        Self { leader, role }
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum RoleKind {
    /// It answers leaders and candidates (section 5.1).
    #[default]
    Follower,
    /// It asks whether it could win an election (thesis 9.6).
    PreCandidate,
    /// It stands for election (section 5.2).
    Candidate,
    /// It replicates its log to the others (section 5.3).
    Leader,
}
