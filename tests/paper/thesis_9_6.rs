//! Thesis 9.6, "Preventing disruptions when a server rejoins the cluster" (pre-vote, on by default).

use quorate::Message;
use quorate::message::{Payload, RequestVote};
use quorate::status::RoleKind;

use crate::bench::{Bench, ME, append, granted, heartbeat, in_term, only, recipients, request_pre_vote, vote_answer};
use crate::support::{Cluster, config, plain};

fn pre_candidate(servers: u64) -> (Bench, Vec<Message>) {
    let mut bench = Bench::with_log(config(ME), servers, &[1], in_term(4));
    let said = bench.campaign();
    (bench, said)
}

/// A candidate first finds out whether it could win; for that it raises no term and casts no vote. It
/// asks for the term that it would have.
#[test]
fn a_pre_vote_raises_no_term() {
    let (bench, said) = pre_candidate(3);
    assert_eq!(
        (bench.role(), bench.term(), bench.vote()),
        (RoleKind::PreCandidate, 4, None)
    );
    assert_eq!(recipients(&said, "PreVote"), [2, 3]);
    let asks = |message: &Message| {
        let pre = matches!(
            message.payload,
            Payload::RequestVote(RequestVote { pre_vote: true, .. })
        );
        message.term == 5 && pre
    };
    assert!(said.iter().all(asks));
}

/// Only if a majority says that it would vote, it raises its term and begins a normal election.
#[test]
fn a_majority_of_pre_votes_begins_the_election() {
    for servers in 2..=5 {
        let (mut bench, _) = pre_candidate(servers);
        let majority = servers / 2 + 1;
        for voter in 2..=majority {
            assert_eq!((bench.role(), bench.term()), (RoleKind::PreCandidate, 4));
            let said = bench.hear(voter, 5, vote_answer(true, true));
            let stands = voter == majority;
            assert_eq!(recipients(&said, "RequestVote").is_empty(), !stands);
        }
        assert_eq!(
            (bench.role(), bench.term(), bench.vote()),
            (RoleKind::Candidate, 5, Some(ME))
        );
        bench.hear(2, 5, vote_answer(true, true));
        assert_eq!(bench.role(), RoleKind::Candidate, "a late pre-vote is no vote");
    }
}

/// If a majority would not, it is a follower again, in the term it had; unanswered, it tries again.
#[test]
fn a_pre_candidate_that_cannot_win_disturbs_nobody() {
    let (mut bench, _) = pre_candidate(3);
    bench.hear(2, 4, vote_answer(true, false));
    assert_eq!(bench.role(), RoleKind::PreCandidate);
    bench.hear(3, 4, vote_answer(true, false));
    assert_eq!(
        (bench.role(), bench.term(), bench.vote()),
        (RoleKind::Follower, 4, None)
    );

    let (mut bench, _) = pre_candidate(3);
    let said = bench.tick(20);
    assert!(recipients(&said, "PreVote").len() >= 2);
    assert_eq!((bench.role(), bench.term()), (RoleKind::PreCandidate, 4));
}

/// A server says yes if the candidate's log is up-to-date enough and it has not heard from a leader for
/// an election timeout; while it hears one it says nothing.
#[test]
fn a_pre_vote_needs_an_up_to_date_log_and_no_leader() {
    for (ticks, hears) in [(0, true), (9, true), (10, false)] {
        for (last, up_to_date) in [((0, 0), false), ((1, 1), true), ((2, 1), true), ((1, 2), true)] {
            let mut bench = Bench::new(config(ME), 3);
            bench.hear(2, 4, append((0, 0), &[1], 0));
            bench.group.node(ME).set_election_timeout_draw(19);
            bench.tick(ticks);
            let said = bench.hear(3, 5, request_pre_vote(last));
            if hears {
                assert_eq!(said, [], "{ticks} ticks after the leader");
            } else {
                let term = if up_to_date { 5 } else { 4 };
                let answer = only(said);
                assert_eq!((answer.term, answer.payload), (term, vote_answer(true, up_to_date)));
            }
        }
    }
}

/// A pre-vote binds nobody: whoever answers keeps its term, its vote and its election timer, and may say
/// yes to several.
#[test]
fn a_pre_vote_changes_nothing_at_the_voter() {
    let mut bench = Bench::with_log(config(ME), 3, &[1], in_term(4));
    bench.group.node(ME).set_election_timeout_draw(10);
    bench.tick(9);
    for candidate in [2, 3, 2] {
        let answer = only(bench.hear(candidate, 9, request_pre_vote((1, 1))));
        assert_eq!((answer.term, answer.payload), (9, vote_answer(true, true)));
        assert_eq!((bench.term(), bench.vote()), (4, None));
    }
    bench.tick(1);
    assert_eq!(bench.role(), RoleKind::PreCandidate, "its own time did not begin anew");
}

/// A pre-candidate that hears the leader of its term follows it.
#[test]
fn a_pre_candidate_follows_a_leader() {
    let (mut bench, _) = pre_candidate(3);
    bench.hear(2, 4, heartbeat(0));
    assert_eq!((bench.role(), bench.known_leader()), (RoleKind::Follower, Some(2)));
    bench.hear(3, 5, vote_answer(true, true));
    bench.hear(3, 5, granted());
    assert_ne!(bench.role(), RoleKind::Leader);
}

/// The problem that this solves: a server that was partitioned raises its term on and on, and deposes
/// the leader when it rejoins. With pre-vote it does not.
#[test]
fn a_server_that_rejoins_does_not_depose_the_leader() {
    for (settings, disrupts) in [(plain as fn(u64) -> _, true), (config, false)] {
        let mut group = Cluster::new(3, settings);
        group.elect(ME);
        group.isolate(3);
        for _ in 0..100 {
            group.tick_all(1);
        }
        assert_eq!(group.term(3) > 1, disrupts);
        group.heal();
        group.tick_all(200);
        assert_eq!(group.term(ME) > 1, disrupts);
        let leader = group.leader().expect("the group works");
        group.commit(leader, "x");
        assert_eq!(group.data(3), ["x"]);
    }
}
