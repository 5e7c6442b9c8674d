//! Thesis 6.4, "Processing read-only queries more efficiently" (`ReadIndex`), beyond what section 8 of
//! the paper says.

use quorate::ConfState;
use quorate::message::Payload;
use quorate::ready::ReadRefusal;
use quorate::status::RoleKind;

use crate::bench::{Bench, ME, answer_to, append, heartbeat, only, recipients};
use crate::support::{Cluster, config, plain};

/// A leader whose first entry is committed.
fn leader() -> Bench {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    bench
}

/// The read index is the commit index when the read arrives: what commits later need not be waited
/// for.
#[test]
fn the_read_index_is_the_commit_index_on_arrival() {
    let mut bench = leader();
    let round = bench.read("r");
    bench.propose("x");
    bench.ack(2, 2);
    assert_eq!(bench.committed(), 2);
    bench.hear(2, 1, answer_to(&round, 2, None));
    assert_eq!(bench.reads(), [("r", Ok(1))]);
}

/// The round must be newer than the read: answers to heartbeats that were sent before it say nothing.
#[test]
fn an_earlier_round_does_not_confirm_a_read() {
    let mut bench = leader();
    let first = bench.read("first");
    let second = bench.read("second");
    bench.hear(2, 1, answer_to(&first, 2, None));
    assert_eq!(bench.reads(), [("first", Ok(1))]);
    bench.hear(3, 1, answer_to(&first, 3, None));
    assert_eq!(bench.reads().len(), 1);
    bench.hear(3, 1, answer_to(&second, 3, None));
    assert_eq!(bench.reads()[1..], [("second", Ok(1))]);
}

/// One round confirms any number of reads that arrived before it.
#[test]
fn many_reads_share_a_round() {
    let mut bench = leader();
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        bench.group.node(ME).read_index(name).unwrap();
    }
    let round = bench.said();
    assert_eq!(recipients(&round, "Heartbeat"), [2, 3]);
    assert_eq!(round.len(), 2);
    bench.hear(3, 1, answer_to(&round, 3, None));
    assert_eq!(bench.reads(), names.map(|name| (name, Ok(1))));
}

/// A lost round is made up for: the periodic heartbeats go on asking.
#[test]
fn a_lost_round_is_made_up_for() {
    let mut bench = leader();
    bench.read("r");
    let round = bench.tick(1);
    bench.hear(2, 1, answer_to(&round, 2, None));
    assert_eq!(bench.reads(), [("r", Ok(1))]);
}

/// Followers may serve reads: they ask the leader for a read index, and wait until they have applied
/// up to there.
#[test]
fn followers_ask_the_leader_for_the_read_index() {
    let mut group = Cluster::led(3);
    group.commit(ME, "x");
    group.node(3).read_index("r").unwrap();
    group.settle();
    let [read] = &group.nodes[&3].reads[..] else {
        panic!("one answer: {:?}", group.nodes[&3].reads)
    };
    assert_eq!((&read.context[..], read.outcome), (&b"r"[..], Ok(group.committed(ME))));
    assert!(group.nodes[&ME].reads.is_empty());

    let mut bench = Bench::follower(3, &[], 0);
    bench.hear(2, 1, append((0, 0), &[1], 1));
    let asked = only(bench.read("r"));
    let Payload::ReadIndex { context, .. } = asked.payload else {
        panic!("a forwarded read: {asked}")
    };
    let answer = |context| Payload::read_index_response(7, context);
    bench.hear(2, 1, answer("another".into()));
    assert_eq!(bench.reads(), []);
    bench.hear(2, 1, answer(context));
    assert_eq!(bench.reads(), [("r", Ok(7))]);
}

/// A deposed leader answers no more reads, not even one that was half confirmed; it says so.
#[test]
fn a_deposed_leader_answers_no_reads() {
    let mut group = Cluster::new(3, plain);
    group.elect(ME);
    group.isolate(ME);
    group.elect(2);
    group.commit(2, "new");
    group.node(ME).read_index("r").unwrap();
    group.settle();
    group.tick(ME, 50);
    assert_eq!((group.role(ME), group.nodes[&ME].reads.len()), (RoleKind::Leader, 0));
    group.heal();
    group.tick_all(1);
    assert_eq!(group.nodes[&ME].reads[0].outcome, Err(ReadRefusal::LeaderChanged));
}

/// A forwarded read whose leader is gone comes back too, on a new leader or after an election timeout.
#[test]
fn a_forwarded_read_does_not_wait_for_ever() {
    for new_leader in [true, false] {
        let mut bench = Bench::follower(3, &[], 0);
        bench.hear(2, 1, heartbeat(0));
        bench.read("r");
        let refusal = if new_leader {
            bench.hear(3, 2, heartbeat(0));
            ReadRefusal::LeaderChanged
        } else {
            bench.group.node(ME).set_election_timeout_draw(30);
            bench.tick(10);
            ReadRefusal::Timeout
        };
        assert_eq!(bench.reads(), [("r", Err(refusal))]);
    }
}

/// The answers of learners do not count towards the majority.
#[test]
fn learners_confirm_nothing() {
    let conf_state = ConfState::of_voters([1, 2, 3]).with_learners([4]);
    let mut bench = Bench::member(plain(ME), conf_state);
    bench.win();
    bench.ack(2, 1);
    let round = bench.read("r");
    bench.hear(4, 1, answer_to(&round, 4, None));
    assert_eq!(bench.reads(), []);
    bench.hear(3, 1, answer_to(&round, 3, None));
    assert_eq!(bench.reads(), [("r", Ok(1))]);
}

/// A leader that is the whole group needs no round, but like every leader a commit in its term: what it
/// committed before a restart must not be missing.
#[test]
fn a_group_of_one_reads_what_it_committed_before_a_restart() {
    let mut bench = Bench::new(config(ME), 1);
    bench.win();
    bench.propose("x");
    bench.group.restart(ME);
    bench.group.node(ME).campaign().unwrap();
    while bench.role() != RoleKind::Leader {
        assert!(bench.group.ready(ME), "its own vote decides");
    }
    bench.group.node(ME).read_index("r").unwrap();
    assert_eq!(bench.reads(), []);
    bench.said();
    assert_eq!(bench.reads(), [("r", Ok(3))]);
}
