//! Persist before send: each kind of message that promises something, with a disk that holds it and with
//! one that does not hold quite enough.

use quorate::message::{AppendResponse, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::{EntryId, HardState, Message, Term};
use quorate_sim::judge::{Judge, Mark, Shadow, Violation};

use super::{breaks, holds, id, log, voted};

/// Node 1 of term 5 sends this to node 2.
fn sends(payload: Payload, handed_out: &Shadow, durable: &Shadow) -> Result<(), Violation> {
    let message = Message::new(1, 2, 5, payload);
    Judge::sends(1, &message, handed_out, durable)
}

fn disk(hard_state: HardState, terms: &[Term]) -> Shadow {
    let mut disk = log(terms);
    disk.apply(Mark::HardState(hard_state));
    disk
}

fn asks(last: EntryId, pre_vote: bool) -> Payload {
    Payload::RequestVote(RequestVote::new(last).with_pre_vote(pre_vote))
}

fn accepted(index: u64) -> Payload {
    Payload::AppendResponse(AppendResponse::accepted(index, None))
}

#[test]
fn a_vote_request_has_term_vote_and_log_on_disk() {
    let at = |durable: Shadow| sends(asks(id(3, 2), false), &durable.clone(), &durable);
    holds(at(disk(voted(5, 1), &[2, 2])));
    holds(at(disk(voted(6, 3), &[]))); // a later leader may have replaced what it had
    breaks("persist before send", at(disk(voted(4, 1), &[2, 2])));
    breaks("persist before send", at(disk(voted(5, 2), &[2, 2])));
    breaks("persist before send", at(disk(voted(5, 1), &[2])));
    let unwritten = disk(voted(4, 3), &[]);
    holds(sends(asks(id(3, 2), true), &unwritten, &unwritten)); // a pre-vote promises nothing
}

#[test]
fn a_vote_is_on_disk() {
    let answers = |granted, pre_vote, ballot| {
        let durable = disk(ballot, &[]);
        sends(
            Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote)),
            &durable.clone(),
            &durable,
        )
    };
    holds(answers(true, false, voted(5, 2)));
    holds(answers(true, false, voted(6, 3))); // it was: the disk is further
    breaks("persist before send", answers(true, false, voted(4, 2)));
    breaks("persist before send", answers(true, false, voted(5, 3)));
    holds(answers(false, false, voted(4, 2))); // a refusal promises nothing
    holds(answers(true, true, voted(4, 2))); // nor does a pre-vote
}

#[test]
fn what_is_accepted_is_on_disk() {
    let ballot = voted(5, 2);
    let handed_out = disk(ballot, &[5, 5]);
    holds(sends(accepted(3), &handed_out, &disk(ballot, &[5, 5])));
    breaks(
        "persist before send",
        sends(accepted(3), &handed_out, &disk(ballot, &[5])),
    );
    breaks(
        "persist before send",
        sends(accepted(3), &handed_out, &disk(voted(4, 2), &[5, 5])),
    );
    // As long, but what the leader's entries are to replace.
    breaks(
        "persist before send",
        sends(accepted(3), &handed_out, &disk(ballot, &[4, 4, 4])),
    );
    // A snapshot that covers it.
    let mut restored = Shadow::default();
    restored.apply(Mark::Install(id(9, 5)));
    restored.apply(Mark::HardState(ballot));
    holds(sends(accepted(3), &handed_out, &restored));
    holds(sends(accepted(9), &restored, &restored));
    breaks("persist before send", sends(accepted(9), &restored, &handed_out));
    // An answer from term 5 leaves after term 6 has begun to replace what it was about.
    let later = disk(voted(6, 3), &[5, 6]);
    holds(sends(accepted(3), &later, &disk(ballot, &[5, 5])));
    // Or after it was replaced by less; a later term alone, with a log that never had it, is not enough.
    let shorter = disk(voted(6, 3), &[6]);
    holds(sends(accepted(3), &shorter, &shorter));
    let behind = disk(voted(6, 3), &[5]);
    breaks("persist before send", sends(accepted(3), &behind, &behind));
}

#[test]
fn a_promise_is_kept_by_its_term_on_disk() {
    let answers = |promised_ticks, term| {
        let context = bytes::Bytes::new();
        let durable = disk(voted(term, 2), &[]);
        let answer = Payload::HeartbeatResponse(HeartbeatResponse::new(context).with_promised_ticks(promised_ticks));
        sends(answer, &durable.clone(), &durable)
    };
    holds(answers(Some(10), 5));
    breaks("persist before send", answers(Some(10), 4));
    holds(answers(None, 4));
}
