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
    pub(super) fn broken_invariant(&self, before: &Before) -> Option<&'static str> {
        let now = Before::of(self);
        let same_term = now.term == before.term;
        let changed = |then: Option<NodeId>, now: Option<NodeId>| then.is_some() && now.is_some() && then != now;
        let delta = [
            (now.term >= before.term, "a term never falls"),
            (!(same_term && changed(before.vote, now.vote)), "one vote a term"),
            (now.committed >= before.committed, "the commit index never falls"),
            (now.applied >= before.applied, "what is applied stays applied"),
        ];
        let delta = delta.into_iter().find_map(|(holds, name)| (!holds).then_some(name));
        delta
            .or_else(|| self.server.log.broken_invariant())
            .or_else(|| self.broken_role_invariant())
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
