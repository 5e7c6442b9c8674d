//! Messages: what they promise is checked when they leave.

use quorate::message::{Payload, RequestVote, VoteResponse};
use quorate::{Message, NodeId};

use super::Cluster;
use crate::disk::Disk;
use crate::judge::{Judge, Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::step::{MessageRef, Step};
use crate::trace::What;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    pub(super) fn send(&mut self, id: NodeId, message: Message) -> Verdict {
        let member = &self.members[Self::position(id)];
        let named = Judge::names_group(id, &message, member.config.cluster_id);
        let kept = Judge::sends(id, &message, &member.log, &member.durable);
        self.rule(named)?;
        self.rule(kept)?;
        let heeded = self.judge_probe(id, &message);
        self.rule(heeded)?;
        if let Payload::RequestVote(RequestVote { committed, .. })
        | Payload::VoteResponse(VoteResponse { committed, .. }) = message.payload
            && committed.term > 0
        {
            let verdict = self.judge.believes(id, committed);
            self.rule(verdict)?;
        }
        let verdict = match &message.payload {
            Payload::VoteResponse(VoteResponse {
                pre_vote: false,
                granted: true,
                ..
            }) => self.judge.votes(id, message.term, message.to),
            Payload::RequestVote(request) if !request.pre_vote => self.judge.votes(id, message.term, id),
            _ => Ok(()),
        };
        self.rule(verdict)?;
        self.coverage.snapshots_sent += u64::from(matches!(message.payload, Payload::InstallSnapshot(_)));
        self.note_round(id, &message, self.messages + 1);
        self.put_in_flight(id, message);
        Ok(())
    }

    fn put_in_flight(&mut self, from: NodeId, message: Message) {
        let name = self.name(from, &message);
        self.pool.insert(name, message);
        self.sent.push(name);
    }

    /// A message, or a copy of one, leaves its sender.
    fn name(&mut self, from: NodeId, message: &Message) -> u64 {
        self.messages += 1;
        let name = self.messages;
        self.note(from, || What::Sent {
            message: name,
            to: message.to,
            kind: message.payload.name(),
            text: message.to_string(),
        });
        name
    }

    pub(crate) fn find(&self, which: MessageRef) -> Option<u64> {
        match which {
            MessageRef::Id(id) => self.pool.contains_key(&id).then_some(id),
            MessageRef::Nth { from, to, kind, nth } => {
                let alike = |message: &Message| (message.from, message.to, message.payload.name()) == (from, to, kind);
                let mut names = self
                    .pool
                    .iter()
                    .filter(|(_, message)| alike(message))
                    .map(|(name, _)| *name);
                let first = names.next()?;
                Some(names.take(nth).last().unwrap_or(first))
            }
        }
    }

    /// The same message, named so that another run finds it.
    pub(crate) fn describe(&self, which: MessageRef) -> Option<MessageRef> {
        let id = self.find(which)?;
        let message = self.pool.get(&id)?;
        let (from, to, kind) = (message.from, message.to, message.payload.name());
        let alike = |other: &&Message| (other.from, other.to, other.payload.name()) == (from, to, kind);
        let nth = self.pool.range(..id).map(|(_, message)| message).filter(alike).count();
        Some(MessageRef::Nth { from, to, kind, nth })
    }

    /// The step with its message named so that another run finds it; `None` if it is about one that is not there. A
    /// number counts those in flight, oldest first, around and around.
    pub(crate) fn resolved(&self, step: &Step) -> Option<Step> {
        let mut step = step.clone();
        if let Step::Deliver { message, .. } | Step::Stray { message, .. } | Step::Lose { message } = &mut step {
            if let MessageRef::Id(number) = message {
                let position = number.checked_rem(self.pool.len() as u64)?;
                let (name, _) = self.pool.iter().nth(usize::try_from(position).ok()?)?;
                *message = MessageRef::Id(*name);
            }
            *message = self.describe(*message)?;
        }
        Some(step)
    }

    pub(super) fn deliver(&mut self, which: MessageRef, keep: bool) -> Verdict {
        let Some(name) = self.find(which) else { return Ok(()) };
        let Some(message) = self.pool.remove(&name) else {
            return Ok(());
        };
        let (to, mut name) = (message.to, name);
        if keep {
            // What arrives is the copy: the other keeps its place.
            self.coverage.duplicated += 1;
            self.pool.insert(name, message.clone());
            self.sent.push(name);
            name = self.name(message.from, &message);
        }
        let is_up = self.member(to).is_some_and(Member::is_up);
        if !is_up || self.is_forgotten(&message) {
            self.coverage.dropped += 1;
            let why = if is_up {
                "it is of an earlier life"
            } else {
                "the recipient is down"
            };
            self.note(message.from, || What::Dropped { message: name, why });
            return Ok(());
        }
        self.coverage.delivered += 1;
        self.note(to, || What::Delivered { message: name });
        let message = if name.is_multiple_of(8) {
            over_the_wire(message)?
        } else {
            message
        };
        self.receive(to, message)
    }

    pub(crate) fn lose(&mut self, which: MessageRef, why: &'static str) {
        if let Some(name) = self.find(which)
            && let Some(message) = self.pool.remove(&name)
        {
            self.coverage.dropped += 1;
            self.note(message.from, || What::Dropped { message: name, why });
        }
    }
}

pub(super) fn over_the_wire(message: Message) -> Result<Message, Violation> {
    let read = Message::decode(&*message.encode());
    if read.as_ref() == Ok(&message) {
        return Ok(message);
    }
    Err(Violation::new(
        "wire round trip",
        format!("{message} is read as {read:?}"),
    ))
}
