//! From one configuration to the next: one voter at a time (thesis 4.1) or through a joint
//! configuration (thesis 4.3).
//!
//! A change is made on a copy and handed out only when all of it is legal, so that a refusal
//! leaves no trace.

use alloc::vec::Vec;

use crate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2, Membership};
use crate::quorum::{Majority, insert_sorted, remove_sorted};
use crate::types::{Identity, NodeId};

/// A configuration after a change, and what the change means for a leader's bookkeeping.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use = "the change is made only if its result takes the place of the configuration"]
pub struct Changed {
    /// The configuration that holds from now on.
    pub membership: Membership,
    /// Members about whose log a leader may take nothing for known, sorted: those that are new,
    /// and those that this very change removed and added again.
    pub fresh: Vec<NodeId>,
}

/// Why a change does not fit the configuration, or why a [`ConfState`](crate::ConfState) is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum ChangeError {
    /// One joint configuration must be left before the next one is entered.
    #[error("config is already joint")]
    AlreadyJoint,
    /// Nobody could agree to the change.
    #[error("can't make a zero-voter config joint")]
    JointWithoutVoters,
    /// There is nothing to leave.
    #[error("can't leave a non-joint config")]
    NotJoint,
    /// The joint configuration must be left first.
    #[error("can't apply simple config change in joint config")]
    SimpleWhileJoint,
    /// The old and the new majorities need not have a voter in common (thesis 4.1).
    #[error("more than one voter changed without entering joint config")]
    MoreThanOneVoter,
    /// Nobody would be left to commit anything, the next change included.
    #[error("removed all voters")]
    RemovedAllVoters,
    /// A stored configuration: zero is no node's id.
    #[error("id 0 is in the configuration")]
    ZeroId,
    /// A stored configuration: a list has this id twice.
    #[error("node {0} is listed twice in the same part")]
    RepeatedId(NodeId),
    /// A stored configuration: there are members, but no (incoming) voters.
    #[error("a configuration with members, but without voters")]
    NoVoters,
    /// A stored configuration: this node votes and is a learner.
    #[error("node {0} is both a voter and a learner")]
    VoterLearns(NodeId),
    /// A stored configuration: this node is to become a learner after the joint configuration,
    /// but does not vote in its outgoing half.
    #[error("node {0} is in learners_next, but not an outgoing voter")]
    LearnsNextWithoutVoting(NodeId),
    /// A stored configuration: this node is to become a learner after the joint configuration,
    /// and to vote.
    #[error("node {0} is in learners_next, but stays a voter")]
    LearnsNextAndVotes(NodeId),
    /// A stored configuration: it is not joint, and yet to be left.
    #[error("auto_leave is set, but the configuration is not joint")]
    AutoLeaveWithoutJoint,
    /// The store of this node is named, and it is no member.
    #[error("the store of node {0} is named, which is no member")]
    IdentityOfNobody(NodeId),
    /// A stored configuration: zero is no store's identity.
    #[error("the store of node {0} is named zero")]
    IdentityZero(NodeId),
    /// The node's store has another identity already, or two in this change: remove the node first, in a change of
    /// its own. Or, `known` being 0, it is the leader's own store, which has none yet: restart it with its identity.
    #[error("the store of node {id} is {known:x}, the change names {named:x}")]
    OtherIdentity {
        /// The node.
        id: NodeId,
        /// What its store is known by.
        known: Identity,
        /// What the change says.
        named: Identity,
    },
    /// The store of a member gets its identity by an `UpdateNode` that is the whole change.
    #[error("the store of member {0} is to be named by a change of its own")]
    IdentityNeedsUpdate(NodeId),
}

impl Membership {
    /// The configuration after this change, if all of it is legal: leaves the joint configuration,
    /// enters one, or changes one voter at once, as the change says.
    ///
    /// ```
    /// use quorate::ConfState;
    /// use quorate::membership::{ConfChangeV2, Membership};
    /// use quorate::membership::ConfChangeKind::*;
    /// let group = Membership::restore(&ConfState::of_voters([1, 2, 3]))?;
    /// let swap = group.change(&ConfChangeV2::new([(AddNode, 4), (AddLearnerNode, 1)]))?;
    /// assert_eq!(
    ///     swap.membership.to_string(),
    ///     "voters=(2 3 4)&&(1 2 3) learners_next=(1) autoleave",
    /// );
    /// assert_eq!(swap.fresh, [4]);
    ///
    /// let done = swap.membership.change(&ConfChangeV2::leave_joint())?;
    /// assert_eq!(done.membership.to_string(), "voters=(2 3 4) learners=(1)");
    /// # Ok::<(), quorate::membership::ChangeError>(())
    /// ```
    pub fn change(&self, change: &ConfChangeV2) -> Result<Changed, ChangeError> {
        self.check_identities(&change.changes)?;
        self.make(change)
    }

    /// The same, where identities that are not to be given are ignored: who is a member must not depend on a field
    /// that not everybody knows.
    pub(crate) fn make(&self, change: &ConfChangeV2) -> Result<Changed, ChangeError> {
        if change.is_leave_joint() {
            return self.leave_joint();
        }
        match change.enters_joint() {
            Some(auto_leave) => self.enter_joint(auto_leave, &change.changes),
            None => self.simple(&change.changes),
        }
    }

    /// Makes the changes at once, of which one voter at most may be affected: then every old
    /// majority has a voter in common with every new one (thesis 4.1).
    ///
    /// An identity that [`change`](Self::change) would refuse is ignored, here and in a joint configuration.
    pub fn simple(&self, changes: &[ConfChangeSingle]) -> Result<Changed, ChangeError> {
        if self.is_joint() {
            return Err(ChangeError::SimpleWhileJoint);
        }
        let changed = Changed::from(self).apply(changes)?.named(self, changes);
        if difference(self.voters.incoming(), changed.membership.voters.incoming()) > 1 {
            return Err(ChangeError::MoreThanOneVoter);
        }
        Ok(changed.checked())
    }

    /// Makes the changes on the incoming half, while today's voters stay on as the outgoing one
    /// (thesis 4.3).
    pub fn enter_joint(&self, auto_leave: bool, changes: &[ConfChangeSingle]) -> Result<Changed, ChangeError> {
        if self.is_joint() {
            return Err(ChangeError::AlreadyJoint);
        }
        if self.voters.incoming().is_empty() {
            return Err(ChangeError::JointWithoutVoters);
        }
        let mut joint = Changed::from(self);
        joint.membership.voters.keep_outgoing();
        joint.membership.edit_others(|others| others.auto_leave = auto_leave);
        Ok(joint.apply(changes)?.named(self, changes).checked())
    }

    /// Lets the incoming voters decide alone; outgoing voters that had to wait become learners.
    pub fn leave_joint(&self) -> Result<Changed, ChangeError> {
        if !self.is_joint() {
            return Err(ChangeError::NotJoint);
        }
        let mut left = Changed::from(self);
        let membership = &mut left.membership;
        membership.voters.drop_outgoing();
        membership.edit_others(|others| {
            others.learners.append(&mut others.learners_next);
            others.learners.sort_unstable();
            others.auto_leave = false;
        });
        Ok(left.named(self, &[]).checked())
    }
}

/// How many nodes vote in one of the two and not in the other.
fn difference(one: &Majority, other: &Majority) -> usize {
    let only = |a: &Majority, b: &Majority| a.ids().iter().filter(|&&id| !b.contains(id)).count();
    only(one, other).saturating_add(only(other, one))
}

/// A change in the making.
impl Changed {
    /// Nothing is changed yet.
    fn from(membership: &Membership) -> Self {
        Self {
            membership: membership.clone(),
            fresh: Vec::new(),
        }
    }

    /// Makes the changes in their order. Some voter must be left in the end.
    fn apply(mut self, changes: &[ConfChangeSingle]) -> Result<Self, ChangeError> {
        for change in changes {
            // Zero is how an application says "nothing" in a change that it vetoed after all.
            if change.node_id == 0 {
                continue;
            }
            match change.kind {
                ConfChangeKind::AddNode => self.make_voter(change.node_id),
                ConfChangeKind::AddLearnerNode => self.make_learner(change.node_id),
                ConfChangeKind::RemoveNode => self.remove(change.node_id),
                ConfChangeKind::UpdateNode => {}
            }
        }
        if self.membership.voters.incoming().is_empty() {
            return Err(ChangeError::RemovedAllVoters);
        }
        Ok(self)
    }

    /// Makes the node an incoming voter.
    fn make_voter(&mut self, id: NodeId) {
        self.welcome(id);
        self.take_part_from(id);
        self.membership.voters.incoming_mut().insert(id);
    }

    /// Makes the node a learner: now, or, while it still votes in the outgoing half, as soon as
    /// that half is gone.
    fn make_learner(&mut self, id: NodeId) {
        self.welcome(id);
        self.take_part_from(id);
        let waits = self.membership.voters.outgoing().contains(id);
        self.membership.edit_others(|others| {
            let learners = if waits {
                &mut others.learners_next
            } else {
                &mut others.learners
            };
            insert_sorted(learners, id);
        });
    }

    /// Removes the node. It stays a member while it votes in the outgoing half.
    fn remove(&mut self, id: NodeId) {
        self.take_part_from(id);
        if !self.membership.contains(id) {
            remove_sorted(&mut self.fresh, id);
        }
    }

    /// Notes a node that is no member at this point of the change.
    fn welcome(&mut self, id: NodeId) {
        if !self.membership.contains(id) {
            insert_sorted(&mut self.fresh, id);
        }
    }

    /// The node is nothing any more, save an outgoing voter: that half is as it was.
    fn take_part_from(&mut self, id: NodeId) {
        let membership = &mut self.membership;
        membership.voters.incoming_mut().remove(id);
        membership.edit_others(|others| {
            remove_sorted(&mut others.learners, id);
            remove_sorted(&mut others.learners_next, id);
        });
    }

    /// What a change makes could also have been stored and restored.
    fn checked(self) -> Self {
        debug_assert_eq!(self.membership.check(), Ok(()), "{}", self.membership);
        self
    }
}
