//! Reads that say themselves how they want to be confirmed: by a lease only where one may be relied on, by a round
//! whatever the settings are, and wherever they were asked.

use quorate::message::{HeartbeatResponse, Payload};
use quorate::{Config, NodeId, ReadMode};

use crate::leases::leased;
use crate::reads::{answered, answers, read, rounds};
use crate::support::{Cluster, config};
use crate::{accepted, hear, heartbeat, heartbeat_answer, lead, leading, says};

use ReadMode::{Lease, ReadIndex};

const PROMISE: u64 = 10;

/// Node 1 leads three, has committed its opening entry at 2, and nobody has promised anything.
fn led(settings: Config) -> Cluster {
    let mut cluster = leading(3, settings);
    hear(&mut cluster, 2, 1, accepted(2));
    cluster
}

fn ask(cluster: &mut Cluster, mode: Option<ReadMode>) {
    match mode {
        None => read(cluster, 1, "r"),
        Some(mode) => cluster.node(1).read_index_with(mode, "r").expect("it takes reads"),
    }
}

/// Node 2 answers heartbeats with this context, and may promise something.
fn answer(cluster: &mut Cluster, context: &bytes::Bytes, promised_ticks: Option<u64>) {
    let response = HeartbeatResponse::new(context.clone()).with_promised_ticks(promised_ticks);
    hear(cluster, 2, cluster.term(1), Payload::HeartbeatResponse(response));
}

/// Asks, and has node 2 answer whatever is asked of it, with a promise or without; how the read was answered.
fn way(cluster: &mut Cluster, mode: Option<ReadMode>, promised_ticks: Option<u64>) -> &'static str {
    let before = cluster.raw(1).counters();
    ask(cluster, mode);
    let asked = rounds(cluster);
    for context in &asked {
        answer(cluster, context, promised_ticks);
    }
    assert_eq!(answers(cluster), answered(&["r"], Ok(cluster.committed(1))));
    let after = cluster.raw(1).counters();
    let new = (
        after.reads_by_lease - before.reads_by_lease,
        after.reads_by_round - before.reads_by_round,
    );
    match (new, asked.len()) {
        ((1, 0), 0) => "lease",
        ((0, 1), 1) => "round",
        other => panic!("{other:?}"),
    }
}

/// Contexts of the heartbeats of a tick: where leases are measured they have one.
fn measures(cluster: &mut Cluster) -> bool {
    cluster.tick(1, 1);
    rounds(cluster).iter().any(|context| !context.is_empty())
}

fn with(change: impl Fn(&mut quorate::Settings)) -> Config {
    let mut config = config(1);
    config.settings_mut().pre_vote = false;
    change(config.settings_mut());
    config
}

/// Settings; reads in order, each with how it wants to be and how it is answered; all promise. In the end whether
/// heartbeats still ask for promises.
#[test]
fn by_which_way() {
    type Reads = &'static [(Option<ReadMode>, &'static str)];
    let margin = |ticks| with(|settings| settings.lease_margin_ticks = ticks);
    let by_settings: Reads = &[
        (None, "round"),
        (None, "lease"),
        (Some(Lease), "lease"),
        (Some(ReadIndex), "round"),
    ];
    let never: Reads = &[(Some(Lease), "round"), (Some(Lease), "round"), (None, "round")];
    let cases: [(&str, Config, Reads, bool); 9] = [
        ("in lease mode", leased(1), by_settings, true),
        (
            "in lease mode, rounds only",
            leased(1),
            &[(Some(ReadIndex), "round"), (Some(ReadIndex), "round")],
            true,
        ),
        (
            "by rounds",
            config(1),
            &[(None, "round"), (Some(ReadIndex), "round"), (None, "round")],
            false,
        ),
        (
            "by rounds, but for the one that does not want to wait",
            config(1),
            &[
                (None, "round"),
                (Some(Lease), "round"),
                (Some(Lease), "lease"),
                (None, "round"),
                (Some(Lease), "lease"),
            ],
            true,
        ),
        (
            "no check of the quorum",
            with(|settings| settings.check_quorum = false),
            never,
            false,
        ),
        ("no margin", margin(0), never, false),
        ("a margin that does not pay for rounding", margin(1), never, false),
        ("a margin as long as the lease", margin(10), never, false),
        (
            "the longest margin",
            margin(9),
            &[(Some(Lease), "round"), (Some(Lease), "lease")],
            true,
        ),
    ];
    for (name, settings, reads, still_measures) in cases {
        let mut cluster = led(settings);
        for (position, (mode, expected)) in reads.iter().enumerate() {
            assert_eq!(
                way(&mut cluster, *mode, Some(PROMISE)),
                *expected,
                "{name}: read {position}"
            );
        }
        assert_eq!(measures(&mut cluster), still_measures, "{name}");
    }
}

/// The lease that a read asked for is as long as any other, and needs promises as any other.
#[test]
fn as_long_as_any_lease() {
    let mut cluster = led(config(1));
    assert_eq!(way(&mut cluster, Some(Lease), None), "round");
    assert_eq!(
        way(&mut cluster, Some(Lease), None),
        "round",
        "nobody promised anything"
    );
    assert_eq!(way(&mut cluster, Some(Lease), Some(PROMISE)), "round");
    for tick in 0..9 {
        let lease = cluster.raw(1).status().lease_ticks;
        assert_eq!(lease, 8_u64.saturating_sub(tick), "ten less two of margin");
        let expected = if lease > 0 { "lease" } else { "round" };
        assert_eq!(way(&mut cluster, Some(Lease), None), expected, "at {tick}");
        hear(&mut cluster, 2, 1, heartbeat_answer()); // keeps it in office
        cluster.tick(1, 1);
        says(&mut cluster);
    }
    // Heartbeats renew it; the order to campaign ends it, and so does the term.
    cluster.tick(1, 1);
    let sent = rounds(&mut cluster).remove(0);
    answer(&mut cluster, &sent, Some(PROMISE));
    assert_eq!(way(&mut cluster, Some(Lease), None), "lease");
    cluster.node(1).transfer_leader(2).expect("a voter");
    says(&mut cluster);
    assert_eq!(way(&mut cluster, Some(Lease), Some(PROMISE)), "round");
    hear(&mut cluster, 2, 2, heartbeat(2));
    cluster.node(1).set_election_timeout_draw(99);
    cluster.tick(1, 10); // what it promised node 2
    let mut cluster = lead(cluster, 3);
    hear(&mut cluster, 2, 3, accepted(3));
    assert!(!measures(&mut cluster), "the next term begins as the settings say");
}

/// Before the first commit of its term a leader answers nothing, by whichever way.
#[test]
fn not_before_the_first_commit() {
    let mut cluster = leading(3, config(1));
    for _ in 0..2 {
        cluster.node(1).read_index_with(Lease, "r").expect("it takes reads");
        let sent = rounds(&mut cluster);
        for context in &sent {
            answer(&mut cluster, context, Some(PROMISE));
        }
        assert_eq!((answers(&mut cluster).len(), cluster.committed(1)), (0, 1));
    }
    assert!(cluster.raw(1).status().lease_ticks > 0);
}

/// Whoever is asked, the leader answers as the read wants; and as its own settings say, if it wants nothing.
#[test]
fn wishes_are_passed_on() {
    let settings = |lease: bool| if lease { leased as fn(NodeId) -> Config } else { config };
    for (leader, follower, mode, expected) in [
        (true, true, None, "lease"),
        (true, false, None, "lease"),
        (true, true, Some(ReadIndex), "round"),
        (true, false, Some(Lease), "lease"),
        (false, true, None, "round"),
        (false, true, Some(Lease), "lease"),
        (false, true, Some(ReadIndex), "round"),
    ] {
        let mut cluster = Cluster::new(3, |id| settings(if id == 1 { leader } else { follower })(id));
        cluster.elect(1);
        let ask = |cluster: &mut Cluster, name: &'static str| {
            let node = cluster.node(3);
            match mode {
                None => node.read_index(name).expect("it knows the leader"),
                Some(mode) => node.read_index_with(mode, name).expect("it knows the leader"),
            }
            cluster.settle();
        };
        ask(&mut cluster, "first"); // from here on a lease is measured, if it is
        cluster.tick_all(1);
        let before = cluster.raw(1).counters();
        ask(&mut cluster, "second");
        let counters = cluster.raw(1).counters();
        let expected = if expected == "lease" { (1, 0) } else { (0, 1) };
        let seen = (
            counters.reads_by_lease - before.reads_by_lease,
            counters.reads_by_round - before.reads_by_round,
        );
        assert_eq!(seen, expected, "leader {leader}, follower {follower}, {mode:?}");
        assert_eq!(cluster.nodes[&3].reads.len(), 2);
        assert!(cluster.nodes[&3].reads.iter().all(|read| read.outcome == Ok(2)));
    }
}

/// A follower that forgets its leader, as it may where reads go by rounds, keeps its promise all the same.
#[test]
fn who_forgets_its_leader_keeps_its_promise() {
    let mut cluster = Cluster::led(3);
    for name in ["first", "second"] {
        cluster.node(1).read_index_with(Lease, name).expect("it leads");
        cluster.settle();
    }
    assert_eq!(cluster.raw(1).counters().reads_by_lease, 1);
    cluster.isolate(1);
    for (id, draw) in [(2, 1), (3, 99)] {
        cluster.node(id).forget_leader().expect("a sound node");
        cluster.node(id).set_election_timeout_draw(draw);
    }
    let mut leased = 0;
    while cluster.leader() == Some(1) {
        leased = cluster.raw(1).status().lease_ticks;
        cluster.tick_all(1);
    }
    assert_eq!(leased, 0, "it was over before another one led");
}
