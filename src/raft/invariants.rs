//! What must always hold, checked whenever a call leaves the node: now, and against before.

use super::Raft;
use crate::role::Role;
use crate::server::Ballot;
use crate::storage::Storage;
use crate::types::{Index, NodeId};

/// What the check compares with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    ballot: Ballot,
    committed: Index,
    applied: Index,
}

impl Before {
    #[inline]
    pub(super) fn of<S: Storage>(raft: &Raft<S>) -> Self {
        let server = &raft.server;
        Self {
            ballot: server.ballot,
            committed: server.log.committed(),
            applied: server.log.applied(),
        }
    }

    fn broken_invariant(self, now: Self) -> Option<&'static str> {
        if now.ballot != self.ballot {
            if now.ballot.term() < self.ballot.term() {
                return Some("a term never falls");
            }
            if !now.ballot.follows(self.ballot) {
                return Some("one vote a term");
            }
        }
        if now.committed < self.committed {
            return Some("the commit index never falls");
        }
        if now.applied < self.applied {
            return Some("what is applied stays applied");
        }
        None
    }
}

impl<S: Storage> Raft<S> {
    /// The name of an invariant that does not hold.
    pub(super) fn broken_invariant(&self, before: Before) -> Option<&'static str> {
        before
            .broken_invariant(Before::of(self))
            .or_else(|| self.server.log.broken_invariant())
            .or_else(|| self.broken_role_invariant())
    }

    fn broken_role_invariant(&self) -> Option<&'static str> {
        let Role::Leader(leader) = &self.role else {
            return None;
        };
        if cfg!(debug_assertions) {
            let (membership, peers) = (&self.server.membership, leader.peers());
            let (voters, learners) = (membership.voters(), membership.learners());
            let halves = voters.incoming().ids().iter().chain(voters.outgoing().ids());
            let tracked = |id: &NodeId| peers.iter().any(|(peer, _)| peer == id);
            let all = halves.chain(learners).all(tracked) && peers.iter().all(|(peer, _)| membership.contains(*peer));
            if !all {
                return Some("a leader tracks the members");
            }
        }
        leader.broken_invariant(self.server.log.last_index())
    }
}
