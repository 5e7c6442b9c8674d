//! What the last Ready told, to see what is news.

use core::num::NonZero;

use crate::raft::Raft;
use crate::server::Ballot;
use crate::soft_state::{RoleKind, SoftState};
use crate::storage::Storage;
use crate::types::{HardState, Index, NodeId, Term};

/// What of a node's state is told when it changes. Compared at every turn, so that it is few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Told {
    leader: Option<NonZero<NodeId>>,
    role: RoleKind,
    ballot: Ballot,
    commit: Index,
    kept: u32,
}

impl Told {
    /// What a node that begins need not be told: what it read from its storage.
    pub(super) fn from_storage<S: Storage>(raft: &Raft<S>) -> Self {
        let now = Self::now(raft);
        let ballot = Ballot::new(raft.server.durable_term, now.ballot.vote());
        Self { ballot, ..now }
    }

    #[inline]
    pub(super) fn now<S: Storage>(raft: &Raft<S>) -> Self {
        let (role, server) = (raft.role(), &raft.server);
        Self {
            leader: role.leader_of(server.id()),
            role: role.kind(),
            ballot: server.ballot,
            commit: server.log.committed(),
            kept: server.kept.ticks(),
        }
    }

    /// Leader and role, unless they are the same as `before`.
    pub(super) fn soft_state(self, before: Self) -> Option<SoftState> {
        let news = (self.leader, self.role) != (before.leader, before.role);
        news.then(|| SoftState {
            leader: self.leader.map(NonZero::get),
            role: self.role,
        })
    }

    /// Term, vote, commit index and promise, unless they are the same as `before`.
    pub(super) fn hard_state(self, before: Self) -> Option<HardState> {
        let news = (self.ballot, self.commit, self.kept) != (before.ballot, before.commit, before.kept);
        let (term, vote) = (self.ballot.term(), self.ballot.vote());
        news.then(|| HardState::new(term, vote, self.commit).with_promised_ticks(self.kept.into()))
    }

    /// Whether the hard state says what has to be durable before anything is said by it. A commit index need
    /// not be, nor a promise that is over.
    pub(super) fn binds_more(self, before: Self) -> bool {
        self.ballot != before.ballot || self.kept > before.kept
    }

    /// The term and the promise.
    pub(super) fn durable(self) -> (Term, u64) {
        (self.ballot.term(), self.kept.into())
    }
}
