//! Figure 2, "Rules for Servers": each line, by role.

use quorate::Message;
use quorate::message::Payload;
use quorate::status::RoleKind;

use crate::bench::{
    Bench, ME, accepted, append, appends, granted, heartbeat, heartbeat_answer, log_of, only, plain_group, recipients,
    refused, request_vote,
};
use crate::support::plain;

/// A server in each role, all in term 3 of plain Raft.
fn in_each_role() -> [(RoleKind, Bench); 3] {
    let follower = Bench::follower(3, &[1], 3);
    let mut candidate = Bench::follower(3, &[1], 2);
    candidate.campaign();
    let leader = Bench::leader_after(3, &[1], 2);
    [
        (RoleKind::Follower, follower),
        (RoleKind::Candidate, candidate),
        (RoleKind::Leader, leader),
    ]
}

/// A message of each kind that carries a term.
fn of_each_kind() -> [Payload; 8] {
    [
        append((1, 1), &[4], 0),
        heartbeat(0),
        request_vote((1, 1)),
        request_vote((0, 0)),
        accepted(1),
        heartbeat_answer(),
        refused(),
        granted(),
    ]
}

// ----- all servers

/// Whatever is committed and not applied is applied, in the order of the log.
#[test]
fn all_servers_apply_what_is_committed_in_order() {
    let mut bench = Bench::follower(3, &[1, 1, 1, 1, 1], 1);
    for (commit, applied) in [(0, 0), (2, 2), (2, 2), (5, 5)] {
        bench.hear(2, 1, append((5, 1), &[], commit));
        assert_eq!(bench.applied(), (1..=applied).collect::<Vec<_>>());
    }
}

/// A request or answer with a later term: adopt the term and become a follower, whatever the role
/// and whatever the message says. (A follower may stand at any time; one that was a candidate until it was refused for
/// its term does so at once: D24.)
#[test]
fn all_servers_follow_a_later_term() {
    for payload in of_each_kind() {
        for (role, mut bench) in in_each_role() {
            assert_eq!((bench.role(), bench.term()), (role, 3));
            bench.hear(2, 4, payload.clone());
            let again = payload == refused() && role == RoleKind::Candidate;
            let then = if again { (role, 5) } else { (RoleKind::Follower, 4) };
            assert_eq!((bench.role(), bench.term()), then, "{role:?} and {payload:?}");
        }
    }
}

// ----- followers

/// A follower answers what candidates and leaders ask.
#[test]
fn followers_answer_candidates_and_leaders() {
    let asked = [
        (append((1, 1), &[], 0), "AppendResponse"),
        (append((8, 3), &[], 0), "AppendResponse"),
        (heartbeat(0), "HeartbeatResponse"),
        (request_vote((1, 1)), "VoteResponse"),
        (request_vote((0, 0)), "VoteResponse"),
    ];
    for (payload, answer) in asked {
        let mut bench = Bench::follower(3, &[1], 3);
        let said = only(bench.hear(2, 3, payload));
        assert_eq!((said.to, said.payload.name()), (2, answer));
    }
}

/// A follower whose election timeout elapses without `AppendEntries` from the current leader and
/// without voting becomes a candidate; either of the two, and nothing else, starts the time anew.
#[test]
fn followers_stand_when_nothing_is_heard_for_an_election_timeout() {
    let cases = [
        ("nothing", None, false),
        ("an append", Some((3, append((1, 1), &[], 0))), true),
        ("a heartbeat", Some((3, heartbeat(0))), true),
        ("a vote that is granted", Some((3, request_vote((1, 1)))), true),
        ("a vote that is refused", Some((3, request_vote((0, 0)))), false),
        ("an append of an old leader", Some((2, append((1, 1), &[], 0))), false),
        ("an answer", Some((3, accepted(1))), false),
    ];
    for (name, heard, anew) in cases {
        let mut bench = Bench::follower(3, &[1], 3);
        bench.group.node(ME).set_election_timeout_draw(10);
        bench.tick(9);
        if let Some((term, payload)) = heard {
            bench.hear(2, term, payload);
        }
        bench.tick(1);
        assert_eq!(bench.role() == RoleKind::Follower, anew, "after {name}");
        bench.tick(9);
        assert_eq!(
            bench.role(),
            RoleKind::Candidate,
            "after {name}, and a whole timeout of silence"
        );
    }
}

// ----- candidates

/// On conversion: a new term, its own vote, a new election timer, and a request to everybody else.
#[test]
fn candidates_begin_an_election_at_once() {
    let mut bench = Bench::follower(5, &[1], 3);
    bench.tick(5);
    let said = bench.campaign();
    assert_eq!(
        (bench.role(), bench.term(), bench.vote()),
        (RoleKind::Candidate, 4, Some(ME))
    );
    assert_eq!(recipients(&said, "RequestVote"), [2, 3, 4, 5]);
    assert_eq!(said.len(), 4);
    assert_eq!(bench.tick(9), [], "the time begins anew");
}

/// The votes of a majority make it leader.
#[test]
fn candidates_with_a_majority_lead() {
    let mut bench = Bench::follower(5, &[], 0);
    bench.campaign();
    for (voter, payload, role) in [
        (2, granted(), RoleKind::Candidate),
        (3, refused(), RoleKind::Candidate),
        (2, granted(), RoleKind::Candidate),
        (4, granted(), RoleKind::Leader),
    ] {
        bench.hear(voter, 1, payload);
        assert_eq!(bench.role(), role, "after the answer of server {voter}");
    }
}

/// `AppendEntries` from the leader of the same term makes it a follower.
#[test]
fn candidates_follow_a_new_leader() {
    for payload in [append((0, 0), &[1], 0), heartbeat(0)] {
        let mut bench = Bench::follower(3, &[], 0);
        bench.campaign();
        bench.hear(2, 1, payload);
        assert_eq!((bench.role(), bench.known_leader()), (RoleKind::Follower, Some(2)));
        assert_eq!(bench.vote(), Some(ME), "its vote in this term stays");
    }
}

/// If the election timeout elapses, a candidate begins a new election.
#[test]
fn candidates_try_again_after_an_election_timeout() {
    let mut bench = Bench::follower(3, &[], 0);
    bench.campaign();
    for term in 2..5 {
        bench.group.node(ME).set_election_timeout_draw(10);
        assert_eq!(bench.tick(9), []);
        let said = bench.tick(1);
        assert_eq!((bench.role(), bench.term()), (RoleKind::Candidate, term));
        assert_eq!(recipients(&said, "RequestVote"), [2, 3]);
    }
}

// ----- leaders

/// Upon election each server hears of it at once, and again and again while nothing else happens, so
/// that nobody's election timeout elapses. The first message carries the entry that opens the term.
#[test]
fn leaders_let_themselves_be_heard() {
    let mut bench = Bench::follower(3, &[], 0);
    bench.campaign();
    let said = bench.hear(2, 1, granted());
    assert_eq!(recipients(&said, "Append"), [2, 3]);
    for _ in 0..30 {
        assert_eq!(recipients(&bench.tick(1), "Heartbeat"), [2, 3]);
    }
    let mut group = plain_group(3);
    group.tick_all(100);
    assert_eq!((group.leader(), group.term(ME)), (Some(ME), 1));
}

/// A command is appended to the leader's log; it is answered (handed to the state machine) when it
/// is committed, not before.
#[test]
fn leaders_append_commands_and_answer_when_they_are_applied() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    bench.propose("x");
    assert_eq!(log_of(&bench.group, ME)[1].data, "x");
    assert_eq!(bench.applied(), [1]);
    bench.ack(3, 2);
    assert_eq!(bench.applied(), [1, 2]);
}

/// To whoever lacks entries, the leader sends them from nextIndex on.
#[test]
fn leaders_send_everyone_the_entries_from_next_index_on() {
    let mut bench = Bench::leader_after(3, &[1, 1, 1], 1);
    bench.ack(2, 4);
    bench.ack(3, 4);
    let said = bench.propose("x");
    let from: Vec<_> = appends(&said)
        .iter()
        .map(|(to, append)| (*to, append.entries[0].index, append.entries.len()))
        .collect();
    assert_eq!(from, [(2, 5, 1), (3, 5, 1)]);
}

/// On success, nextIndex and matchIndex of the follower are updated.
#[test]
fn leaders_note_a_success() {
    let mut bench = Bench::leader_after(3, &[1, 1, 1], 1);
    assert_eq!(bench.progress(2), (0, 4));
    bench.ack(2, 4);
    assert_eq!(bench.progress(2), (4, 5));
}

/// On failure, nextIndex is decremented and the append tried again. quorate goes back further than
/// by one: to where the follower's hint says that the logs may agree.
#[test]
fn leaders_go_back_on_a_failure_and_try_again() {
    let cases = [
        // hint of the follower (term, index), entry before in the next try
        ((1, 3), (1, 3)),
        ((1, 2), (1, 2)),
        ((0, 0), (0, 0)),
        ((3, 4), (1, 3)), // of a term that this log does not have
    ];
    for ((term, index), then) in cases {
        let mut bench = Bench::leader_after(3, &[1, 1, 1, 4, 4, 4], 6);
        let rejected = Payload::AppendResponse(quorate::message::AppendResponse::rejected(
            6,
            quorate::EntryId { term, index },
        ));
        let said = bench.hear(2, 7, rejected);
        let [(2, append)] = appends(&said)[..] else {
            panic!("one more try: {said:?}")
        };
        assert_eq!((append.prev.term, append.prev.index), then);
        assert_eq!(append.entries.first().map(|entry| entry.index), Some(then.1 + 1));
    }
}

/// The commit index moves to N if a majority of matchIndex is at least N and entry N is of the
/// current term: in all combinations of two acknowledgements of four.
#[test]
fn leaders_commit_what_a_majority_has_and_is_of_their_term() {
    for a in 0..=4 {
        for b in 0..=4 {
            // Indexes 1 and 2 are of an earlier term, 3 and 4 of the leader's.
            let mut bench = Bench::leader_after(5, &[1, 1], 1);
            bench.propose("x");
            bench.ack(2, a);
            bench.ack(3, b);
            let majority = a.min(b);
            let expected = if majority >= 3 { majority } else { 0 };
            assert_eq!(bench.committed(), expected, "acknowledged {a} and {b}");
        }
    }
}

/// The leader tells its followers what is committed, so that they apply it too.
#[test]
fn leaders_tell_what_is_committed() {
    let mut group = plain_group(3);
    group.commit(ME, "x");
    for id in 1..=3 {
        assert_eq!(group.data(id), ["x"]);
    }
    let told = |messages: &[Message]| appends(messages).iter().map(|(_, append)| append.commit).max();
    let mut bench = Bench::new(plain(ME), 3);
    bench.win();
    bench.ack(3, 1);
    bench.propose("y");
    assert_eq!(told(&bench.ack(2, 2)), Some(2));
}
