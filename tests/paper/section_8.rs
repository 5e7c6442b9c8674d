//! Section 8, "Client interaction": whom clients talk to, and reads that write nothing.

use quorate::Proposed;
use quorate::error::{ProposeError, ReadError};
use quorate::message::Payload;
use quorate::status::RoleKind;

use crate::bench::{Bench, ME, answer_to, append, heartbeat, log_of, only, plain_group, recipients};
use crate::support::plain;

/// Clients send their requests to the leader; another server refuses and tells who leads. quorate's
/// followers pass requests on, unless they are told not to.
#[test]
fn requests_go_to_the_leader() {
    let mut group = plain_group(3);
    assert_eq!(group.propose(2, "x"), Proposed::Forwarded { leader: ME });
    group.settle();
    assert_eq!(group.data(3), ["x"]);

    let mut config = plain(ME);
    config.settings_mut().disable_proposal_forwarding = true;
    let mut bench = Bench::new(config, 3);
    assert_eq!(bench.group.node(ME).propose("x"), Err(ProposeError::NoLeader));
    bench.hear(2, 1, heartbeat(0));
    assert_eq!(
        bench.group.node(ME).propose("x"),
        Err(ProposeError::NotLeader { leader: 2 })
    );
}

/// While there is no leader, clients try again.
#[test]
fn requests_without_a_leader_are_refused() {
    let mut bench = Bench::follower(3, &[], 0);
    for role in [RoleKind::Follower, RoleKind::Candidate] {
        assert_eq!(bench.role(), role);
        assert_eq!(bench.group.node(ME).propose("x"), Err(ProposeError::NoLeader));
        assert_eq!(bench.group.node(ME).read_index("r"), Err(ReadError::NoLeader));
        bench.campaign();
    }
}

/// A leader commits a blank no-op entry at the start of its term; so it finds out which entries of
/// earlier terms are committed.
#[test]
fn a_leader_opens_its_term_with_a_blank_entry() {
    let mut bench = Bench::follower(3, &[1, 1], 1);
    bench.win();
    let log = log_of(&bench.group, ME);
    assert_eq!((log[2].term, log[2].is_conf_change(), log[2].data.len()), (2, false, 0));
    assert_eq!(bench.committed(), 0);
    bench.ack(2, 3);
    assert_eq!(bench.applied(), [1, 2, 3]);
}

/// A read without this would risk stale data: until then the leader answers none.
#[test]
fn reads_wait_for_a_commit_in_the_leaders_term() {
    let mut bench = Bench::follower(3, &[1, 1], 1);
    bench.win();
    let round = bench.read("r");
    bench.hear(2, 2, answer_to(&round, 2, None));
    assert_eq!(
        bench.reads(),
        [],
        "a majority answered, but what is committed is not known"
    );
    bench.ack(2, 3);
    assert_eq!(bench.reads(), [("r", Ok(3))]);
}

/// Before it answers a read, the leader exchanges heartbeats with a majority, so that it knows that it
/// was not deposed.
#[test]
fn reads_need_a_round_of_heartbeats() {
    let mut bench = Bench::leader(5);
    bench.ack(2, 1);
    bench.ack(3, 1);
    let round = bench.read("r");
    assert_eq!(recipients(&round, "Heartbeat"), [2, 3, 4, 5]);
    bench.hear(4, 1, answer_to(&round, 4, None));
    assert_eq!(bench.reads(), []);
    bench.hear(4, 1, answer_to(&round, 4, None));
    assert_eq!(bench.reads(), [], "the same answer again");
    bench.hear(2, 1, answer_to(&round, 2, None));
    assert_eq!(bench.reads(), [("r", Ok(1))]);
}

/// Reads write nothing into the log, on no server.
#[test]
fn reads_write_nothing() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    let round = bench.read("r");
    assert!(
        round
            .iter()
            .all(|message| matches!(message.payload, Payload::Heartbeat(_)))
    );
    assert_eq!(bench.log(), [1]);
    let mut follower = Bench::follower(3, &[], 0);
    follower.hear(2, 1, append((0, 0), &[1], 1));
    let forwarded = only(follower.read("r"));
    assert_eq!((forwarded.to, forwarded.payload.name()), (2, "ReadIndex"));
    assert_eq!(follower.log(), [1]);
}
