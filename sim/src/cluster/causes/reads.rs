//! Reads: that they come back, and what they were confirmed by.

use quorate::message::Payload;
use quorate::status::RoleKind;
use quorate::{Message, NodeId, RawNode, Status};

use super::super::Cluster;
use crate::disk::Disk;
use crate::judge::{Judge, Verdict};
use crate::machine::StateMachine;
use crate::member::{Member, PendingRead};

/// So many rounds of heartbeats are remembered: responses to older ones come too late to matter.
const ROUNDS: usize = 256;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// After anything happened at a node: its reads wait there, or were given back.
    pub(in super::super) fn judge_reads(&self, id: NodeId, status: &Status) -> Verdict {
        let member = &self.members[Self::position(id)];
        if member.calls.reads.is_empty() || member.node().is_none_or(RawNode::has_ready) {
            return Ok(());
        }
        let waiting = || member.calls.reads.iter().filter(|(_, read)| read.at.is_none());
        Judge::reads_wait(id, waiting().count(), status.pending_reads)?;
        if status.soft_state.role == RoleKind::Leader {
            return Ok(()); // for a quorum, however long that takes
        }
        waiting().try_for_each(|(operation, read)| Judge::read_comes_back(id, *operation, read.waited, read.patience))
    }

    /// Ticks pass at a node.
    pub(in super::super) fn wait_for_reads(&mut self, id: NodeId, ticks: u64) {
        let Some(member) = self
            .member_mut(id)
            .filter(|member| member.seen.role != RoleKind::Leader)
        else {
            return;
        };
        for read in member.calls.reads.values_mut().filter(|read| read.at.is_none()) {
            read.waited += ticks;
        }
    }

    /// A leader sends a heartbeat: when its round began.
    pub(in super::super) fn note_round(&mut self, id: NodeId, message: &Message, name: u64) {
        let member = &mut self.members[Self::position(id)];
        match &message.payload {
            Payload::Heartbeat(heartbeat) if !heartbeat.context.is_empty() => {
                let rounds = &mut member.causes.led.rounds;
                if rounds.back().is_none_or(|(context, _)| *context != heartbeat.context) {
                    rounds.push_back((heartbeat.context.clone(), name));
                    if rounds.len() > ROUNDS {
                        rounds.pop_front();
                    }
                }
            }
            Payload::ReadIndex { context, .. } if message.from == id => {
                member.causes.forwarded.insert(context.clone());
            }
            Payload::TimeoutNow => member.causes.led.gave_up = true,
            _ => {}
        }
    }

    /// A response to a heartbeat is about to reach a leader.
    pub(in super::super) fn note_confirmation(&mut self, id: NodeId, message: &Message) {
        let Payload::HeartbeatResponse(response) = &message.payload else {
            return;
        };
        let member = &mut self.members[Self::position(id)];
        let led = &mut member.causes.led;
        if member.seen.role != RoleKind::Leader || led.term != message.term {
            return;
        }
        let round = led.rounds.iter().rfind(|(context, _)| *context == response.context);
        if let Some((_, name)) = round {
            let confirmed = led.confirmed.entry(message.from).or_default();
            *confirmed = (*confirmed).max(*name);
        }
    }

    /// A leader gives back a read of its own: by its lease, or by a round that was sent since it was asked.
    pub(in super::super) fn judge_confirmed(&self, id: NodeId, read: &PendingRead) -> Verdict {
        let member = &self.members[Self::position(id)];
        let Some(node) = member.node() else { return Ok(()) };
        let led = &member.causes.led;
        let same = member.seen.role == RoleKind::Leader
            && led.term == read.term
            && member.seen.term == read.term
            && node.configured_at() == read.configured_at;
        if read.by_lease || !same {
            return Ok(());
        }
        let confirmed = |voter| led.confirmed.get(&voter).is_some_and(|name| *name > read.asked_at);
        Judge::read_is_confirmed(id, node.membership().voters(), confirmed)
    }

    /// A response to a forwarded read reached a node that was so before. Where it is the first that is heard of another
    /// leader, all reads that wait are refused.
    pub(in super::super) fn judge_read_response(&self, id: NodeId, asked: bool, before: &Status) -> Verdict {
        let now = self.member(id).and_then(Member::node).map(RawNode::status);
        let taken = now.is_some_and(|now| {
            let follows = now.hard_state.term == before.hard_state.term && now.soft_state == before.soft_state;
            follows && now.pending_reads < before.pending_reads
        });
        Judge::read_was_asked(id, asked, taken)
    }
}
