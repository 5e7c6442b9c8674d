//! Figure 2, "`RequestVote` RPC": what the receiver does, step by step, and what is in the message.

use quorate::message::{Payload, RequestVote};
use quorate::{EntryId, HardState};

use crate::bench::{Bench, ME, granted, only, refused, request_pre_vote, request_vote, vote_answer};
use crate::support::{message, plain};

/// Arguments: the candidate's term and id, and the index and term of its last entry.
#[test]
fn the_message_has_the_papers_arguments() {
    let mut bench = Bench::follower(3, &[1, 1, 2], 4);
    let last = EntryId { term: 2, index: 3 };
    let request = Payload::RequestVote(RequestVote::new(last));
    let to = |id| message(ME, id, 5, request.clone());
    assert_eq!(bench.campaign(), [to(2), to(3)]);
}

/// Results: the receiver's term, and whether it votes for the candidate.
#[test]
fn the_answer_has_the_papers_results() {
    let mut bench = Bench::follower(3, &[1, 2], 2);
    let refusal = only(bench.hear(2, 7, request_vote((1, 1))));
    assert_eq!(refusal, message(ME, 2, 7, refused()));
    let grant = only(bench.hear(3, 7, request_vote((2, 2))));
    assert_eq!(grant, message(ME, 3, 7, granted()));
}

/// Receiver 1: false if the candidate's term is before the receiver's. Who knows a leader does not even
/// answer: the term reaches the candidate by that one. A pre-vote, which nobody else may ever answer, is
/// refused in the receiver's term all the same.
#[test]
fn receiver_1_an_earlier_term_gets_no_vote() {
    let mut bench = Bench::follower(3, &[1], 5);
    let refusal = only(bench.hear(2, 4, request_vote((9, 4))));
    assert_eq!(refusal, message(ME, 2, 5, refused()));
    assert_eq!((bench.term(), bench.vote()), (5, None));
    let answer = only(bench.hear(2, 4, request_pre_vote((9, 4))));
    assert_eq!(answer, message(ME, 2, 5, vote_answer(true, false)));
}

/// Receiver 2: the vote goes to a candidate if it went to nobody or to the same one, and the
/// candidate's log is at least as up-to-date: both conditions, in all combinations.
#[test]
fn receiver_2_both_conditions_are_needed() {
    let logs = [
        ((1, 1), false),
        ((2, 1), false),
        ((2, 2), true),
        ((1, 3), true),
        ((3, 2), true),
    ];
    let votes = [(None, true), (Some(2), true), (Some(3), false), (Some(ME), false)];
    for (last, up_to_date) in logs {
        for (vote, free) in votes {
            let hard_state = HardState::new(4, vote, 0);
            let mut bench = Bench::with_log(plain(ME), 3, &[1, 2], hard_state);
            let answer = only(bench.hear(2, 4, request_vote(last)));
            let grants = free && up_to_date;
            let expected = if grants { granted() } else { refused() };
            assert_eq!(answer.payload, expected, "last {last:?}, voted for {vote:?}");
            assert_eq!(bench.vote(), if grants { Some(2) } else { vote });
        }
    }
}

/// Asked again, a server answers the same candidate the same: the first answer may be lost.
#[test]
fn a_repeated_request_gets_the_same_answer() {
    let mut bench = Bench::follower(3, &[], 0);
    for _ in 0..3 {
        assert_eq!(only(bench.hear(2, 1, request_vote((0, 0)))).payload, granted());
        assert_eq!(only(bench.hear(3, 1, request_vote((0, 0)))).payload, refused());
    }
}

/// The vote holds after a restart: no second one in the same term.
#[test]
fn the_vote_outlives_a_restart() {
    let mut bench = Bench::follower(3, &[], 0);
    bench.hear(2, 1, request_vote((0, 0)));
    bench.group.restart(ME);
    assert_eq!(only(bench.hear(3, 1, request_vote((5, 1)))).payload, refused());
    assert_eq!(only(bench.hear(2, 1, request_vote((0, 0)))).payload, granted());
}

/// A candidate with a later term but a log that is behind raises the term and gets no vote.
#[test]
fn a_refused_candidate_raises_the_term_all_the_same() {
    let mut bench = Bench::follower(3, &[1, 2], 2);
    let answer = only(bench.hear(2, 6, request_vote((5, 1))));
    assert_eq!(answer, message(ME, 2, 6, refused()));
    assert_eq!((bench.term(), bench.vote()), (6, None));
}
