//! What a node is (Figure 4), and the state that lives and dies with that.
//!
//! A transition consumes the old role and builds the new one; nothing is ever reset.

mod candidate;
pub(crate) mod follower;
mod leader;

use alloc::boxed::Box;
use core::num::NonZero;

pub(crate) use candidate::Candidacy;
pub(crate) use follower::Follower;
pub(crate) use leader::{Leader, NoSnapshot, Obstacle, Proposal};

use crate::event::StepDownReason;
use crate::rules::election::ElectionWon;
use crate::soft_state::RoleKind;
use crate::types::NodeId;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Role {
    Follower(Follower),
    /// Asks for pre-votes (thesis 9.6).
    PreCandidate(Box<Candidacy>),
    Candidate(Box<Candidacy>),
    Leader(Box<Leader>),
}

/// What a handler wants the node to be next. Only `raft/transition.rs` can make it so.
#[derive(Debug)]
pub(crate) enum Next {
    Stay,
    /// A candidate that lost: follow nobody yet.
    GiveUp,
    /// A leader that leads no more in its own term.
    StepDown(StepDownReason),
    /// Stand for election, after a pre-vote or at once.
    Campaign(Campaign),
    /// Lead.
    Lead(ElectionWon),
}

/// How to campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Campaign {
    /// The timer ran out, or the caller wants it: ask for pre-votes first, where that is configured.
    PreVote,
    /// The term that was asked for is past, by the word of a voter: the same once more, above that voter's term.
    Again,
    /// The pre-vote was won.
    Election,
    /// The leader ordered it (thesis 3.10).
    Transfer,
}

impl Role {
    pub(crate) fn kind(&self) -> RoleKind {
        match self {
            Self::Follower(_) => RoleKind::Follower,
            Self::PreCandidate(_) => RoleKind::PreCandidate,
            Self::Candidate(_) => RoleKind::Candidate,
            Self::Leader(_) => RoleKind::Leader,
        }
    }

    /// Who leads, as far as this node knows.
    pub(crate) fn leader(&self, id: NodeId) -> Option<NodeId> {
        self.leader_of(id).map(NonZero::get)
    }

    /// The same in one word: no node has the id 0.
    #[inline]
    pub(crate) fn leader_of(&self, id: NodeId) -> Option<NonZero<NodeId>> {
        match self {
            Self::Follower(follower) => follower.leader(),
            Self::PreCandidate(_) | Self::Candidate(_) => None,
            Self::Leader(_) => NonZero::new(id),
        }
    }

    /// Reads of this node that wait; and at a leader, those of others.
    pub(crate) fn pending_reads(&self) -> usize {
        match self {
            Self::Leader(leader) => leader.pending_reads(),
            Self::Follower(follower) => follower.pending_reads(),
            Self::PreCandidate(_) | Self::Candidate(_) => 0,
        }
    }

    pub(crate) fn as_leader(&self) -> Option<&Leader> {
        match self {
            Self::Leader(leader) => Some(leader),
            Self::Follower(_) | Self::PreCandidate(_) | Self::Candidate(_) => None,
        }
    }
}
