//! What must always hold, checked whenever a call leaves the node: now, and against before.

use super::Raft;
use crate::role::Role;
use crate::storage::Storage;
use crate::types::{Index, NodeId, Term};

/// What the check compares with.
#[derive(Debug)]
pub(super) struct Before {
    term: Term,
    vote: Option<NodeId>,
    committed: Index,
    applied: Index,
    pub(super) leader: Option<NodeId>,
}

impl Before {
    pub(super) fn of<S: Storage>(raft: &Raft<S>) -> Self {
        let server = &raft.server;
        Self {
            term: server.ballot.term(),
            vote: server.ballot.vote(),
            committed: server.log.committed(),
            applied: server.log.applied(),
            leader: raft.role.leader(server.id()),
        }
    }
}

impl<S: Storage> Raft<S> {
    /// The name of an invariant that does not hold.
    #[inline]
    pub(super) fn broken_invariant(&self, before: &Before) -> Option<&'static str> {
        let log = self.server.log.invariants();
        let of_raft = self.invariants(before);
        // All at once first: it is nearly always true, and asked with every call.
        let mut all = of_raft.iter().chain(&log);
        if all.clone().fold(true, |all, (holds, _)| all & holds) {
            return self.broken_role_invariant();
        }
        all.find_map(|(holds, name)| (!holds).then_some(*name))
    }

    fn invariants(&self, before: &Before) -> [(bool, &'static str); 4] {
        let now = Before::of(self);
        let same_vote = before.vote.is_none() || now.vote.is_none() || before.vote == now.vote;
        [
            (now.term >= before.term, "a term never falls"),
            (now.term != before.term || same_vote, "one vote a term"),
            (now.committed >= before.committed, "the commit index never falls"),
            (now.applied >= before.applied, "what is applied stays applied"),
        ]
    }

    fn broken_role_invariant(&self) -> Option<&'static str> {
        let Role::Leader(leader) = &self.role else {
            return None;
        };
        if cfg!(debug_assertions) {
            let members = self.server.membership.members();
            if !members.iter().eq(leader.peers().iter().map(|(id, _)| id)) {
                return Some("a leader tracks the members");
            }
        }
        leader.broken_invariant(self.server.log.last_index())
    }
}
