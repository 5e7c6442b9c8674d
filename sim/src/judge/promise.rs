//! Nothing leaves before what it promises is durable.

use quorate::message::{AppendResponse, HeartbeatResponse, Payload, VoteResponse};
use quorate::{EntryId, Message, NodeId};

use super::{Judge, Shadow, Verdict, check};

impl Judge {
    /// `node` sends a message. `log` is what it handed out so far, `durable` what its disk holds.
    pub fn sends(node: NodeId, message: &Message, log: &Shadow, durable: &Shadow) -> Verdict {
        check(keeps(node, message, log, durable), "persist before send", || {
            let (ballot, last) = (durable.hard_state, durable.last());
            format!("{node} sends {message}, its disk holds {ballot:?} and a log up to {last}")
        })
    }
}

/// Whether what the message says is on the sender's disk. A later term on the disk is there because the
/// earlier one was: writes reach the disk in order.
fn keeps(node: NodeId, message: &Message, log: &Shadow, durable: &Shadow) -> bool {
    let ballot = durable.hard_state;
    let voted = |candidate| ballot.term == message.term && ballot.vote == Some(candidate);
    match &message.payload {
        Payload::RequestVote(request) if !request.pre_vote => {
            // What it had may be replaced by what a later leader sent, and synced with it.
            let (last, asked) = (durable.last(), request.last);
            ballot.term > message.term || (voted(node) && (last.term, last.index) >= (asked.term, asked.index))
        }
        Payload::VoteResponse(VoteResponse {
            pre_vote: false,
            granted: true,
            ..
        }) => voted(message.to) || ballot.term > message.term,
        Payload::AppendResponse(AppendResponse::Accepted { index, .. }) => {
            // Of the term that it still has, it also is the same log: within a term what was accepted
            // stays. (An answer from an earlier term may be about entries that were replaced since.)
            // That may also have left the log shorter: one that ends with an entry of a later term was replaced.
            let index = *index;
            let accepted = log.term(index).filter(|_| log.hard_state.term == message.term);
            let same = accepted.is_none_or(|term| durable.holds(EntryId { term, index }));
            let reaches = durable.last().index >= index || durable.last().term > message.term;
            ballot.term >= message.term && reaches && same
        }
        Payload::HeartbeatResponse(HeartbeatResponse {
            promised_ticks: Some(_),
            ..
        }) => ballot.term >= message.term,
        _ => true,
    }
}
