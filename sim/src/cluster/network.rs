//! Messages: what they promise is checked when they leave.

use quorate::{AppendResponse, Message, NodeId, Payload};

use super::Cluster;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation, promise};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::step::MessageRef;
use crate::trace::What;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    pub(super) fn send(&mut self, id: NodeId, message: Message) -> Verdict {
        let member = &self.members[Self::position(id)];
        promise(keeps(member, &message), || {
            format!("{id} sends {message}, its disk holds {}", held(member))
        })?;
        match &message.payload {
            Payload::VoteResponse {
                pre_vote: false,
                granted: true,
                ..
            } => self.judge.votes(id, message.term, message.to)?,
            Payload::RequestVote(request) if !request.pre_vote => self.judge.votes(id, message.term, id)?,
            Payload::InstallSnapshot(_) => self.coverage.snapshots_sent += 1,
            _ => {}
        }
        self.put_in_flight(id, message);
        Ok(())
    }

    fn put_in_flight(&mut self, from: NodeId, message: Message) {
        self.messages += 1;
        let name = self.messages;
        self.note(from, || What::Sent {
            message: name,
            to: message.to,
            kind: message.payload.name(),
            text: message.to_string(),
        });
        self.pool.insert(name, message);
        self.sent.push(name);
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

    pub(super) fn deliver(&mut self, which: MessageRef, keep: bool) -> Verdict {
        let Some(name) = self.find(which) else { return Ok(()) };
        let Some(message) = self.pool.remove(&name) else {
            return Ok(());
        };
        let to = message.to;
        if keep {
            self.coverage.duplicated += 1;
            self.put_in_flight(message.from, message.clone());
        }
        if !self.member(to).is_some_and(Member::is_up) {
            self.coverage.dropped += 1;
            self.note(message.from, || What::Dropped {
                message: name,
                why: "the recipient is down",
            });
            return Ok(());
        }
        self.coverage.delivered += 1;
        self.note(to, || What::Delivered { message: name });
        let message = if name.is_multiple_of(8) {
            over_the_wire(message)?
        } else {
            message
        };
        let Some(node) = self.member_mut(to).and_then(Member::node_mut) else {
            return Ok(());
        };
        // A refusal is the sender's affair: a response from a node that was removed, say.
        if node.step(message).is_err() {
            self.coverage.messages_refused += 1;
        }
        self.observe(to)
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

fn over_the_wire(message: Message) -> Result<Message, Violation> {
    let read = Message::decode(&*message.encode());
    if read.as_ref() == Ok(&message) {
        return Ok(message);
    }
    Err(Violation::new(
        "wire round trip",
        format!("{message} is read as {read:?}"),
    ))
}

/// Whether what the message says is on the sender's disk. A later term on the disk is there because the
/// earlier one was: writes reach the disk in order.
fn keeps<M, D: Disk>(member: &Member<M, D>, message: &Message) -> bool {
    let disk = &member.durable;
    let term = disk.hard_state.term;
    match &message.payload {
        Payload::RequestVote(request) if !request.pre_vote => {
            let voted = term == message.term && disk.hard_state.vote == Some(member.id);
            // What it had may be replaced by what a later leader sent, and synced with it.
            let (last, asked) = (disk.last(), request.last);
            term > message.term || (voted && (last.term, last.index) >= (asked.term, asked.index))
        }
        Payload::VoteResponse {
            pre_vote: false,
            granted: true,
            ..
        } => (term == message.term && disk.hard_state.vote == Some(message.to)) || term > message.term,
        Payload::AppendResponse(AppendResponse::Accepted { index, .. }) => {
            term >= message.term && disk.last().index >= *index
        }
        Payload::HeartbeatResponse {
            promised_ticks: Some(_),
            ..
        } => term >= message.term,
        _ => true,
    }
}

fn held<M, D: Disk>(member: &Member<M, D>) -> String {
    format!(
        "{:?} and a log up to {}",
        member.durable.hard_state,
        member.durable.last()
    )
}
