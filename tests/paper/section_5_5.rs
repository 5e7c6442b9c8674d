//! Section 5.5, "Follower and candidate crashes", and what 5.6, "Timing and availability", asks of
//! safety.

use quorate::message::Payload;
use quorate::status::RoleKind;

use crate::bench::{Bench, ME, append, granted, heartbeat, plain_group, request_vote};
use crate::support::{Cluster, plain};

/// RPCs are idempotent: the same request again gets the same answer and changes nothing.
#[test]
fn requests_may_arrive_twice() {
    let requests: [Payload; 4] = [
        append((1, 1), &[2, 2], 1),
        append((7, 1), &[2], 2),
        heartbeat(1),
        request_vote((4, 2)),
    ];
    for request in requests {
        let mut bench = Bench::follower(3, &[1, 1], 1);
        bench.hear(2, 2, heartbeat(0)); // the term is adopted
        let first = bench.hear(2, 2, request.clone());
        let state = (
            bench.log(),
            bench.committed(),
            bench.term(),
            bench.vote(),
            bench.applied(),
        );
        assert_eq!(bench.hear(2, 2, request), first);
        assert_eq!(
            (
                bench.log(),
                bench.committed(),
                bench.term(),
                bench.vote(),
                bench.applied()
            ),
            state
        );
    }
}

/// Answers may arrive twice too: a vote counts once, and so does an acknowledgement.
#[test]
fn answers_may_arrive_twice() {
    let mut bench = Bench::follower(5, &[], 0);
    bench.campaign();
    (0..5).for_each(|_| drop(bench.hear(2, 1, granted())));
    assert_eq!(bench.role(), RoleKind::Candidate);
    bench.hear(3, 1, granted());
    (0..5).for_each(|_| drop(bench.ack(2, 1)));
    assert_eq!(bench.committed(), 0);
    bench.ack(3, 1);
    assert_eq!(bench.committed(), 1);
}

/// A server that crashed after it persisted and before it answered has done no harm: asked again, it
/// answers.
#[test]
fn a_crash_before_the_answer_does_no_harm() {
    let mut group = plain_group(3);
    let _ = group.propose(ME, "x");
    group.drain(ME);
    group.deliver();
    group.drain(2);
    group.drain(3);
    group.take(|message| message.from != ME); // both answers are lost
    group.restart(2);
    group.tick_all(30);
    assert_eq!(group.data(2), ["x"]);
    group.assert_consistent();
}

/// 5.6: safety must not depend on timing. Ticks that come in bursts, and to one server only, make
/// servers campaign all the time; what is committed stays.
#[test]
fn safety_does_not_depend_on_timing() {
    let mut group = Cluster::new(3, plain);
    let mut committed = 0;
    for round in 0..60 {
        let hasty = round % 3 + 1;
        group.tick(hasty, 25);
        group.settle();
        if let Some(leader) = group.leader() {
            group.commit(leader, "x");
        }
        let now = (1..=3).map(|id| group.committed(id)).max().unwrap_or(0);
        assert!(now >= committed);
        committed = now;
        group.assert_consistent();
    }
    assert!(committed > 60, "it did get somewhere: {committed}");
}
