//! Who is in the group: voters and learners, simple and joint configurations (thesis chapter 4).
//!
//! A [`Membership`] is a value. It changes only by [`Membership::change`], which checks the whole
//! change first, or by [`Membership::restore`] from a stored [`ConfState`].

mod catch_up;
mod change;
mod conf_change;
mod identity;
mod restore;

use alloc::vec::Vec;
use core::fmt;

pub use catch_up::CatchUp;
pub(crate) use catch_up::Course;
pub use change::{ChangeError, Changed};
pub use conf_change::{AnyConfChange, ConfChange, ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};

use crate::quorum::{Joint, Majority};
use crate::seldom::Seldom;
use crate::types::{ConfState, Identity, NodeId};

/// The members of a group, by the part each plays. All lists are sorted and without doubles.
///
/// ```
/// use quorate::ConfState;
/// use quorate::membership::Membership;
/// let group = Membership::restore(&ConfState::of_voters([3, 1, 2]))?;
/// assert!(group.is_voter(2) && !group.is_joint());
/// assert_eq!(group.to_string(), "voters=(1 2 3)");
/// # Ok::<(), quorate::membership::ChangeError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Membership {
    voters: Joint,
    /// Nothing where all there is are voters: nearly always.
    others: Seldom<Others>,
}

/// What there is beside the voters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Others {
    learners: Vec<NodeId>,
    learners_next: Vec<NodeId>,
    auto_leave: bool,
    identities: Vec<(NodeId, Identity)>,
}

impl Membership {
    fn new(voters: Joint, others: Others) -> Self {
        Self {
            voters,
            others: Seldom::new(others),
        }
    }

    /// Changes what there is beside the voters.
    fn edit_others(&mut self, act: impl FnOnce(&mut Others)) {
        self.others.edit(act);
    }

    /// The voters: one majority, or two while the configuration is joint.
    pub fn voters(&self) -> &Joint {
        &self.voters
    }

    /// Nodes that receive the log and do not vote.
    pub fn learners(&self) -> &[NodeId] {
        self.others.get().map_or(&[], |others| &others.learners)
    }

    /// Outgoing voters that become learners when the joint configuration is left.
    pub fn learners_next(&self) -> &[NodeId] {
        self.others.get().map_or(&[], |others| &others.learners_next)
    }

    /// Whether the leader leaves the joint configuration by itself.
    pub fn auto_leave(&self) -> bool {
        self.others.get().is_some_and(|others| others.auto_leave)
    }

    /// Whether two majorities are needed (thesis 4.3).
    pub fn is_joint(&self) -> bool {
        !self.voters.outgoing().is_empty()
    }

    /// Whether the node votes, in either half.
    pub fn is_voter(&self, id: NodeId) -> bool {
        self.voters.contains(id)
    }

    /// Whether the node only learns.
    pub fn is_learner(&self, id: NodeId) -> bool {
        self.learners().binary_search(&id).is_ok()
    }

    /// Whether the node receives the log.
    pub fn contains(&self, id: NodeId) -> bool {
        self.is_voter(id) || self.is_learner(id)
    }

    /// Whether `id` is the only voter there is.
    pub fn is_sole_voter(&self, id: NodeId) -> bool {
        !self.is_joint() && self.voters.incoming().ids() == [id]
    }

    /// Every node that receives the log, sorted.
    pub fn members(&self) -> Vec<NodeId> {
        let mut ids: Vec<NodeId> = self.voters.ids();
        ids.extend_from_slice(self.learners());
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The configuration as it is stored.
    pub fn conf_state(&self) -> ConfState {
        ConfState {
            voters: self.voters.incoming().ids().to_vec(),
            learners: self.learners().to_vec(),
            voters_outgoing: self.voters.outgoing().ids().to_vec(),
            learners_next: self.learners_next().to_vec(),
            auto_leave: self.auto_leave(),
            identities: self.identities().to_vec(),
        }
    }
}

impl fmt::Display for Membership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "voters={}", self.voters)?;
        for (name, ids) in [("learners", self.learners()), ("learners_next", self.learners_next())] {
            if !ids.is_empty() {
                write!(f, " {name}={}", Majority::new(ids.iter().copied()))?;
            }
        }
        f.write_str(if self.auto_leave() { " autoleave" } else { "" })?;
        for (position, (id, identity)) in self.identities().iter().enumerate() {
            let before = if position == 0 { " identities=(" } else { " " };
            write!(f, "{before}{id}#{identity:x}")?;
        }
        f.write_str(if self.identities().is_empty() { "" } else { ")" })
    }
}
