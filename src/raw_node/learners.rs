//! Learners on their way to being voters.

use super::RawNode;
use crate::error::ProposeError;
use crate::membership::CatchUp;
use crate::raft::{Proposed, Raft};
use crate::storage::Storage;
use crate::types::NodeId;

impl<S: Storage> RawNode<S> {
    /// At the leader: how far a learner is in catching up with the log (thesis 4.2.1). `None` if this node does not
    /// lead, or the peer is no learner of the configuration that is applied here.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(node.catch_up(4), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn catch_up(&self, peer: NodeId) -> Option<CatchUp> {
        let leader = self.raft.role().as_leader()?;
        leader.catch_up(&self.raft.server, peer)
    }

    /// Proposes to make a learner a voter, if it has caught up: a change of this one node, as
    /// [`propose_conf_change`](Self::propose_conf_change) would propose it. `docs/membership.md` has the whole way from
    /// an empty store to a voter.
    ///
    /// A voter that lags is worse than none: it counts for the size of the majority, and the others wait for it as soon
    /// as one of them fails. Nothing is remembered of a refusal: ask again, after some ticks.
    ///
    /// # Errors
    ///
    /// Only the leader can tell: others answer [`ProposeError::NotLeader`], or [`NoLeader`](ProposeError::NoLeader),
    /// and forward nothing. In [`ProposeError::Change`]:
    /// [`NotCaughtUp`](crate::error::ChangeRefusal::NotCaughtUp) says how far the learner is, and
    /// [`NotLearner`](crate::error::ChangeRefusal::NotLearner) that the peer is none (it may be a voter already);
    /// [`Unnamed`](crate::error::ChangeRefusal::Unnamed) that it was added without its name, and would acknowledge
    /// nothing as a voter.
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::ProposeError;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(node.propose_promotion(4), Err(ProposeError::NoLeader));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn propose_promotion(&mut self, peer: NodeId) -> Result<Proposed, ProposeError> {
        self.raft.enter(|raft: &mut Raft<S>| raft.propose_promotion(peer))
    }
}
