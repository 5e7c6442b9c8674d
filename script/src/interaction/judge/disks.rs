//! What nodes say and count on is on disks.

use quorate::message::{AppendResponse, HeartbeatResponse, Payload, VoteResponse};
use quorate::status::RoleKind;
use quorate::types::{EntryId, Index, NodeId, Term};
use quorate::{ConfState, Message, Storage};

use super::Judge;
use crate::interaction::disk::Disk;
use crate::interaction::line::Line;
use crate::interaction::member::Member;

impl Judge {
    /// *Persist before send*: a node's disk holds what its message promises. (In the recordings' ways vote
    /// requests leave earlier.)
    pub(super) fn promised(&mut self, sender: &Member, message: &Message) {
        if sender.keeps_promises() && !keeps(sender.disk(), message) {
            let (id, text) = (sender.id(), Line::of_message(message).to_string());
            let (durable, last) = (sender.disk().durable_hard_state(), last_durable(sender.disk()));
            let (term, vote) = (durable.term, durable.vote.unwrap_or(0));
            self.violation(format!(
                "persist before send: {id} sends {text}, its disk holds term {term}, vote {vote} and a log up to {last}"
            ));
        }
    }

    /// *Committed is durable on a quorum*: asked whenever a leader has counted further.
    pub(crate) fn counted(&mut self, members: &[Member], id: NodeId) {
        let leader = members.iter().find(|member| member.id() == id);
        let Some((leader, node)) = leader.and_then(|leader| Some((leader, leader.running()?))) else {
            return;
        };
        let status = node.status();
        let (term, commit) = (status.hard_state.term, status.hard_state.commit);
        if status.soft_state.role != RoleKind::Leader {
            return;
        }
        let before = self.counts.insert(id, (term, commit));
        if before.is_none_or(|(of, index)| of != term || index >= commit) {
            return; // it begins, or has not counted
        }
        // What is not on its own disk yet is its own.
        let entry = EntryId {
            term: leader.disk().term(commit).unwrap_or(term),
            index: commit,
        };
        let state = node.membership().conf_state();
        let holds = |voter: NodeId| {
            let voter = members.iter().find(|member| member.id() == voter);
            voter.is_some_and(|voter| holds_durably(voter.disk(), entry))
        };
        if !is_quorum(&state, holds) {
            self.violation(format!(
                "committed is durable on a quorum: {id} commits {}/{}, which the disks of no quorum hold",
                entry.term, entry.index
            ));
        }
    }
}

fn keeps(disk: &Disk, message: &Message) -> bool {
    let ballot = disk.durable_hard_state();
    let voted = |whom| ballot.term > message.term || (ballot.term == message.term && ballot.vote == Some(whom));
    match &message.payload {
        Payload::RequestVote(request) if !request.pre_vote => {
            let last = last_durable(disk);
            let asked = request.last;
            voted(message.from)
                && (ballot.term > message.term || (durable_term(disk, last), last) >= (Some(asked.term), asked.index))
        }
        Payload::VoteResponse(VoteResponse {
            pre_vote: false,
            granted: true,
            ..
        }) => voted(message.to),
        Payload::AppendResponse(AppendResponse::Accepted { index, .. }) => {
            // Within a term what was accepted stays.
            let accepted = disk.term(*index).ok();
            let accepted = accepted.filter(|_| disk.memory().hard_state().term == message.term);
            let same = accepted.is_none_or(|term| holds_durably(disk, EntryId { term, index: *index }));
            ballot.term >= message.term && last_durable(disk) >= *index && same
        }
        Payload::HeartbeatResponse(HeartbeatResponse {
            promised_ticks: Some(_),
            ..
        }) => ballot.term >= message.term,
        _ => true,
    }
}

fn last_durable(disk: &Disk) -> Index {
    disk.durable().last_index().unwrap_or(0)
}

fn durable_term(disk: &Disk, index: Index) -> Option<Term> {
    disk.durable().term(index).ok()
}

/// The entry, or a snapshot that covers it.
fn holds_durably(disk: &Disk, entry: EntryId) -> bool {
    let durable = disk.durable();
    durable.first_index().is_ok_and(|first| entry.index < first) || durable.term(entry.index) == Ok(entry.term)
}

/// Counted here and not by the core, whose counting is judged.
fn is_quorum(state: &ConfState, has: impl Fn(NodeId) -> bool) -> bool {
    let majority = |voters: &[NodeId]| 2 * voters.iter().filter(|id| has(**id)).count() > voters.len();
    majority(&state.voters) && (state.voters_outgoing.is_empty() || majority(&state.voters_outgoing))
}
