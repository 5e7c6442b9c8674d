//! What must always hold, checked whenever a call leaves the node: now, and against before.

use super::Raft;
use crate::log;
use crate::role::Role;
use crate::storage::Storage;
use crate::types::{Index, NodeId, Term};

/// What the check compares with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    term: Term,
    vote: Option<NodeId>,
    committed: Index,
    applied: Index,
}

impl Before {
    #[inline]
    pub(super) fn of<S: Storage>(raft: &Raft<S>) -> Self {
        let server = &raft.server;
        Self {
            term: server.ballot.term(),
            vote: server.ballot.vote(),
            committed: server.log.committed(),
            applied: server.log.applied(),
        }
    }

    /// Whether [`NAMES`] hold.
    #[inline]
    fn invariants(self, now: Self) -> [bool; 4] {
        let kept_vote = self.vote.is_none() || now.vote.is_none() || self.vote == now.vote;
        [
            now.term >= self.term,
            now.term != self.term || kept_vote,
            now.committed >= self.committed,
            now.applied >= self.applied,
        ]
    }
}

const NAMES: [&str; 4] = [
    "a term never falls",
    "one vote a term",
    "the commit index never falls",
    "what is applied stays applied",
];

impl<S: Storage> Raft<S> {
    /// The name of an invariant that does not hold.
    #[inline]
    pub(super) fn broken_invariant(&self, before: Before) -> Option<&'static str> {
        let (of_raft, of_log) = (before.invariants(Before::of(self)), self.server.log.invariants());
        // They hold, and are asked after with every call: all at once first.
        if of_raft == [true; 4] && of_log == [true; 4] {
            return self.broken_role_invariant();
        }
        let all = of_raft
            .into_iter()
            .chain(of_log)
            .zip(NAMES.into_iter().chain(log::INVARIANTS));
        all.filter(|(holds, _)| !holds).map(|(_, name)| name).next()
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
