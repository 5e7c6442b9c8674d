//! From a stored or received [`ConfState`] to a configuration that may be trusted.
//!
//! A snapshot comes from another node, and a storage from another day: what does not add up is
//! refused here, before anybody counts a vote by it.

use alloc::vec::Vec;

use crate::membership::{ChangeError, Membership, Others};
use crate::quorum::{Joint, Majority};
use crate::types::{ConfState, Identity, NodeId};

impl Membership {
    /// The configuration that was stored, its ids in any order, if it is one.
    ///
    /// The wholly empty one is legal: that of a node that has not joined a group yet.
    ///
    /// ```
    /// use quorate::ConfState;
    /// use quorate::membership::{ChangeError, Membership};
    /// let nobody = Membership::restore(&ConfState::default())?;
    /// assert_eq!(nobody.conf_state(), ConfState::default());
    ///
    /// let torn = ConfState::of_voters([1, 2]).with_learners([2]);
    /// assert_eq!(Membership::restore(&torn), Err(ChangeError::VoterLearns(2)));
    /// # Ok::<(), ChangeError>(())
    /// ```
    pub fn restore(state: &ConfState) -> Result<Self, ChangeError> {
        let incoming = Majority::new(sorted(&state.voters)?);
        let outgoing = Majority::new(sorted(&state.voters_outgoing)?);
        let others = Others {
            learners: sorted(&state.learners)?,
            learners_next: sorted(&state.learners_next)?,
            auto_leave: state.auto_leave,
            identities: named(&state.identities)?,
        };
        let membership = Self::new(Joint::new(incoming, outgoing), others);
        membership.check()?;
        Ok(membership)
    }

    /// Whether the parts fit together, each being sorted and without doubles.
    pub(super) fn check(&self) -> Result<(), ChangeError> {
        if self.voters.incoming().is_empty() && *self != Self::default() {
            return Err(ChangeError::NoVoters);
        }
        if let Some(&id) = self.learners().iter().find(|&&id| self.is_voter(id)) {
            return Err(ChangeError::VoterLearns(id));
        }
        for &id in self.learners_next() {
            if !self.voters.outgoing().contains(id) {
                return Err(ChangeError::LearnsNextWithoutVoting(id));
            }
            if self.voters.incoming().contains(id) {
                return Err(ChangeError::LearnsNextAndVotes(id));
            }
        }
        if self.auto_leave() && !self.is_joint() {
            return Err(ChangeError::AutoLeaveWithoutJoint);
        }
        if let Some((id, _)) = self.identities().iter().find(|(id, _)| !self.contains(*id)) {
            return Err(ChangeError::IdentityOfNobody(*id));
        }
        Ok(())
    }
}

/// One part's ids in order, if each of them is one and there once.
fn sorted(ids: &[NodeId]) -> Result<Vec<NodeId>, ChangeError> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    if sorted.first() == Some(&0) {
        return Err(ChangeError::ZeroId);
    }
    let mut neighbours = sorted.iter().zip(sorted.iter().skip(1));
    if let Some((&id, _)) = neighbours.find(|(left, right)| left == right) {
        return Err(ChangeError::RepeatedId(id));
    }
    Ok(sorted)
}

/// The named stores in the order of their ids, if each of them is one and there once.
fn named(identities: &[(NodeId, Identity)]) -> Result<Vec<(NodeId, Identity)>, ChangeError> {
    let ids: Vec<NodeId> = identities.iter().map(|(id, _)| *id).collect();
    sorted(&ids)?;
    if let Some((id, _)) = identities.iter().find(|(_, identity)| *identity == 0) {
        return Err(ChangeError::IdentityZero(*id));
    }
    let mut named = identities.to_vec();
    named.sort_unstable();
    Ok(named)
}
