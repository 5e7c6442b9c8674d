//! A configuration as it is stored.

use alloc::vec::Vec;

use super::{Identity, NodeId};

/// A configuration as it is stored in snapshots: who votes, who only learns.
///
/// ```
/// use quorate::ConfState;
/// let three = ConfState::of_voters([1, 2, 3]);
/// assert_eq!(three.voters, [1, 2, 3]);
/// assert!(three.voters_outgoing.is_empty()); // not joint
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ConfState {
    /// Voters; in a joint configuration the incoming half (thesis 4.3).
    pub voters: Vec<NodeId>,
    /// Nodes that receive the log and do not vote.
    pub learners: Vec<NodeId>,
    /// The outgoing half of a joint configuration; empty otherwise.
    pub voters_outgoing: Vec<NodeId>,
    /// Voters of the outgoing half that become learners when the joint configuration is left.
    pub learners_next: Vec<NodeId>,
    /// Whether the leader leaves the joint configuration by itself.
    pub auto_leave: bool,
    /// The stores of the members that are named by more than their id: only with that store is such a member one.
    pub identities: Vec<(NodeId, Identity)>,
}

impl ConfState {
    /// A configuration of voters alone.
    pub fn of_voters(voters: impl IntoIterator<Item = NodeId>) -> Self {
        Self {
            voters: voters.into_iter().collect(),
            ..Self::default()
        }
    }

    /// The same with these learners.
    #[must_use]
    pub fn with_learners(self, learners: impl IntoIterator<Item = NodeId>) -> Self {
        let learners = learners.into_iter().collect();
        Self { learners, ..self }
    }

    /// The same as the incoming half of a joint configuration, these being the voters of the outgoing one.
    #[must_use]
    pub fn with_voters_outgoing(self, voters: impl IntoIterator<Item = NodeId>) -> Self {
        let voters_outgoing = voters.into_iter().collect();
        Self {
            voters_outgoing,
            ..self
        }
    }

    /// The same with these as learners when the joint configuration is left.
    #[must_use]
    pub fn with_learners_next(self, learners: impl IntoIterator<Item = NodeId>) -> Self {
        let learners_next = learners.into_iter().collect();
        Self { learners_next, ..self }
    }

    /// The same, left by the leader itself, or not.
    #[must_use]
    pub fn with_auto_leave(self, auto_leave: bool) -> Self {
        Self { auto_leave, ..self }
    }

    /// The same with the stores of these members named.
    ///
    /// ```
    /// use quorate::ConfState;
    /// let named = ConfState::of_voters([1, 2]).with_identities([(1, 0xd1), (2, 0xd2)]);
    /// assert_eq!((named.identity(2), named.identity(3)), (Some(0xd2), None));
    /// ```
    #[must_use]
    pub fn with_identities(self, identities: impl IntoIterator<Item = (NodeId, Identity)>) -> Self {
        let identities = identities.into_iter().collect();
        Self { identities, ..self }
    }

    /// The identity by which the member's store is named.
    pub fn identity(&self, id: NodeId) -> Option<Identity> {
        let named = self.identities.iter().find(|(member, _)| *member == id);
        named.map(|(_, identity)| *identity)
    }

    /// Whether the node votes, in either half, or learns.
    pub fn contains(&self, id: NodeId) -> bool {
        [&self.voters, &self.learners, &self.voters_outgoing]
            .iter()
            .any(|ids| ids.contains(&id))
    }
}
