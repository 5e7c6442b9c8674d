//! Two majorities that decide together while the configuration changes (thesis 4.3).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::majority::NOBODY;
use crate::quorum::{Majority, VoteResult};
use crate::types::{Index, NodeId};

/// The voters of a configuration: one majority, or two that both have to agree.
///
/// While a group moves from one set of voters to another, neither set may decide alone, or there
/// could be two leaders in one term. Outside of such a change the outgoing half is empty, agrees
/// to everything, and so leaves the decision to the incoming one.
///
/// ```
/// use quorate::quorum::{Joint, Majority, VoteResult};
/// let moving = Joint::new(Majority::new([3, 4, 5]), Majority::new([1, 2, 3]));
/// assert_eq!(moving.to_string(), "(3 4 5)&&(1 2 3)");
/// // Both new voters are in favour, but of the old ones only node 3 was heard.
/// let vote = |id| (id >= 3).then_some(true);
/// assert_eq!(moving.incoming().vote_result(vote), VoteResult::Won);
/// assert_eq!(moving.vote_result(vote), VoteResult::Pending);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Joint {
    incoming: Majority,
    /// `None` outside of a change; never empty.
    outgoing: Option<Box<Majority>>,
}

impl Joint {
    /// The voters to come, and those that leave; the latter empty for a configuration at rest.
    pub fn new(incoming: Majority, outgoing: Majority) -> Self {
        let outgoing = (!outgoing.is_empty()).then(|| Box::new(outgoing));
        Self { incoming, outgoing }
    }

    /// The voters that stay, or come.
    pub fn incoming(&self) -> &Majority {
        &self.incoming
    }

    /// The voters as they were before the change; empty while none is under way.
    pub fn outgoing(&self) -> &Majority {
        self.outgoing.as_deref().unwrap_or(&NOBODY)
    }

    /// Every voter once, sorted.
    pub fn ids(&self) -> Vec<NodeId> {
        let mut ids = self.incoming.ids().to_vec();
        ids.extend_from_slice(self.outgoing().ids());
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whether the node votes in either half.
    pub fn contains(&self, id: NodeId) -> bool {
        self.incoming.contains(id) || self.outgoing().contains(id)
    }

    /// The largest index that both majorities have acknowledged (section 5.3, thesis 4.3).
    ///
    /// Like [`Majority::committed_index`] this counts any numbers of which more is better.
    ///
    /// ```
    /// use quorate::quorum::{Joint, Majority};
    /// let moving = Joint::new(Majority::new([4]), Majority::new([1, 2, 3]));
    /// assert_eq!(moving.committed_index(Some), 2);
    /// ```
    pub fn committed_index(&self, matched: impl Fn(NodeId) -> Option<Index>) -> Index {
        let incoming = self.incoming.committed_index(&matched);
        let outgoing = self.outgoing().committed_index(&matched);
        incoming.min(outgoing)
    }

    /// How an election stands: won when both majorities grant it, lost as soon as either refuses.
    pub fn vote_result(&self, vote: impl Fn(NodeId) -> Option<bool>) -> VoteResult {
        let incoming = self.incoming.vote_result(&vote);
        let outgoing = self.outgoing().vote_result(&vote);
        match (incoming, outgoing) {
            (VoteResult::Lost, _) | (_, VoteResult::Lost) => VoteResult::Lost,
            (VoteResult::Won, VoteResult::Won) => VoteResult::Won,
            (VoteResult::Pending, _) | (_, VoteResult::Pending) => VoteResult::Pending,
        }
    }

    /// The half that a change works on.
    pub(crate) fn incoming_mut(&mut self) -> &mut Majority {
        &mut self.incoming
    }

    /// From now on today's voters have to agree too, whoever the incoming ones will be.
    pub(crate) fn keep_outgoing(&mut self) {
        *self = Self::new(self.incoming.clone(), self.incoming.clone());
    }

    /// From now on the incoming voters decide alone.
    pub(crate) fn drop_outgoing(&mut self) {
        self.outgoing = None;
    }
}

impl fmt::Display for Joint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.incoming)?;
        if let Some(outgoing) = &self.outgoing {
            write!(f, "&&{outgoing}")?;
        }
        Ok(())
    }
}
