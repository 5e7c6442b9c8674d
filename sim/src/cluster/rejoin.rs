//! A node that comes back under its old id with an empty store, where stores have no names: what makes that sound, and
//! what is left of its earlier life.

use quorate::message::Payload;
use quorate::{EntryId, Event, Message, NodeId, Term};

use super::Cluster;
use crate::disk::Disk;
use crate::judge::Verdict;
use crate::machine::StateMachine;
use crate::member::{Life, Member};

/// What a store that is lost knew, of a node that goes on without names.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Forgot {
    /// It voted in no later term.
    term: Term,
    last: EntryId,
}

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// Whether a node may lose its store, and come back as if it were a new one, though nobody can tell the two apart:
    /// it is removed, what it promised has run out (a new store keeps no silence), everybody else has all that was
    /// committed, and nobody who runs counts on it any more. One node of the group at most: what one forgets all others
    /// know.
    pub(crate) fn may_forget(&self, id: NodeId) -> bool {
        let configurations = &self.judge.configurations;
        let (Some(member), Some((removed_at, _))) = (self.member(id), configurations.latest()) else {
            return false;
        };
        let term = member.durable.hard_state.term;
        let knows = |other: &Member<M, D>| {
            let is_new = other.durable.last().index == 0;
            let holds_all = self.judge.leader_holds(other.id, Term::MAX, &other.durable).is_ok();
            let counts = other.node().is_some_and(|node| {
                let members = node.membership();
                members.contains(id) || (!members.members().is_empty() && node.status().applied < removed_at)
            });
            is_new || (holds_all && other.durable.hard_state.term >= term && !counts)
        };
        let mut others = self.members.iter().filter(|other| other.id != id);
        let owes = if member.is_up() {
            member.seen.promised.max(member.seen.silent)
        } else {
            member.owed
        };
        (member.identity, owes) == (0, 0)
            && !self.membership().contains(id)
            && others.all(|other| other.forgot.is_none() && (matches!(other.life, Life::Gone) || knows(other)))
    }

    /// What is forgotten with the store of a node, if that does no harm.
    pub(super) fn forgets(&self, id: NodeId) -> Option<Forgot> {
        let member = self.member(id).filter(|_| self.may_forget(id))?;
        let before = member.forgot.unwrap_or_default();
        let (last, term) = (member.durable.last(), member.durable.hard_state.term);
        Some(Forgot {
            term: term.max(before.term),
            last: if last.index > before.last.index {
                last
            } else {
                before.last
            },
        })
    }

    /// A node that forgot begins anew.
    pub(super) fn rejoin(&mut self, id: NodeId) -> Verdict {
        self.coverage.stores_forgotten += 1;
        self.restart(id)
    }

    /// Whether a message is from before a node forgot its vote: those of its last term ask for it again, and earlier
    /// ones may make it campaign in terms in which it did before. The network loses them.
    pub(super) fn is_forgotten(&self, message: &Message) -> bool {
        let forgot = self.member(message.to).and_then(|member| member.forgot);
        let asks = match &message.payload {
            Payload::Propose { .. } | Payload::ReadIndex { .. } => return false, // they carry no term
            Payload::RequestVote(request) => !request.pre_vote,
            _ => false,
        };
        forgot.is_some_and(|forgot| message.term < forgot.term || (asks && message.term == forgot.term))
    }

    /// Whether a node that forgot is told, late, what its earlier store held.
    pub(super) fn is_told_of_earlier_store(&self, id: NodeId, event: &Event) -> bool {
        let forgot = self.member(id).and_then(|member| member.forgot);
        let Event::EntriesLost { index, .. } = event else {
            return false;
        };
        forgot.is_some_and(|forgot| *index <= forgot.last.index)
    }
}
