//! From a stored or received [`ConfState`] to a configuration that may be trusted.
//!
//! A snapshot comes from another node, and a storage from another day: what does not add up is
//! refused here, before anybody counts a vote by it.

use alloc::vec::Vec;

use crate::membership::{ChangeError, Membership, Others};
use crate::quorum::{Joint, Majority};
use crate::types::{ConfState, NodeId};

impl Membership {
    /// The configuration that was stored, its ids in any order, if it is one.
    ///
    /// The wholly empty one is legal: that of a node that has not joined a group yet.
    ///
    /// ```
    /// use quorate::{ConfState, membership::{ChangeError, Membership}};
    /// let nobody = Membership::restore(&ConfState::default())?;
    /// assert_eq!(nobody.conf_state(), ConfState::default());
    ///
    /// let torn = ConfState { learners: vec![2], ..ConfState::of_voters([1, 2]) };
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
