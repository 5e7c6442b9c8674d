//! The leader's half of the lease (thesis 6.4.1, measured): how long it lasts, what ends it, and
//! that reads which rely on it are never stale.

use bytes::Bytes;
use quorate::error::ConfigError;
use quorate::message::{HeartbeatResponse, Payload};
use quorate::status::RoleKind::{Follower, Leader};
use quorate::{ConfState, Config, NodeId, ReadMode};

use crate::reads::{answered, answers, confirm, read, rounds};
use crate::support::{Cluster, config, message, store};
use crate::{accepted, alone, hear, heartbeat_answer, lead, leading, says};

/// Reads by lease; an election timeout of 10 ticks, a margin of 2.
pub(crate) fn leased(id: NodeId) -> Config {
    let mut config = config(id);
    config.settings_mut().read_mode = ReadMode::Lease;
    config
}

/// Node 1 leads this configuration, whose members all have its opening entry.
fn leading_in(settings: Config, conf_state: ConfState) -> Cluster {
    let mut storage = store(&[1]);
    storage.set_conf_state(conf_state, 1);
    storage.sync();
    let mut cluster = lead(alone(settings, storage), 9);
    for peer in 2..=9 {
        if cluster.raw(1).membership().contains(peer) {
            hear(&mut cluster, peer, 1, accepted(2));
        }
    }
    cluster
}

/// A tick passes; the context of the heartbeats that it brings.
fn beat(cluster: &mut Cluster) -> Bytes {
    cluster.tick(1, 1);
    rounds(cluster).pop().expect("a heartbeat a tick")
}

/// Peer `from` answers that heartbeat with a promise of so many ticks.
fn promise(cluster: &mut Cluster, from: NodeId, context: &Bytes, ticks: u64) {
    let (context, promised_ticks) = (context.clone(), Some(ticks));
    let term = cluster.term(1);
    hear(
        cluster,
        from,
        term,
        Payload::HeartbeatResponse(HeartbeatResponse::new(context).with_promised_ticks(promised_ticks)),
    );
}

fn lease(cluster: &Cluster) -> u64 {
    cluster.raw(1).status().lease_ticks
}

fn voters(ids: &[NodeId]) -> ConfState {
    ConfState::of_voters(ids.iter().copied())
}

/// A configuration; who answers one heartbeat, with which promise, how many ticks after it was sent
/// (in that order); and the ticks of the lease right after the last answer.
#[test]
fn how_long_a_lease_is() {
    type Case = (ConfState, &'static [(NodeId, u64, u64)], u64);
    let learners = |conf_state: ConfState, ids: &[NodeId]| conf_state.with_learners(ids.to_vec());
    let joint = |a: &[NodeId], b: &[NodeId]| voters(a).with_voters_outgoing(b.to_vec());
    let cases: [Case; 26] = [
        // Alone, or with learners only.
        (voters(&[1]), &[], 8),
        (learners(voters(&[1]), &[2]), &[], 8),
        // Two: the other one's promise, from when the heartbeat was sent.
        (voters(&[1, 2]), &[], 0),
        (voters(&[1, 2]), &[(2, 10, 0)], 8),
        (voters(&[1, 2]), &[(2, 10, 1)], 7),
        (voters(&[1, 2]), &[(2, 10, 7)], 1),
        (voters(&[1, 2]), &[(2, 10, 8)], 0),
        (voters(&[1, 2]), &[(2, 5, 2)], 1),
        (voters(&[1, 2]), &[(2, 2, 0)], 0),
        (voters(&[1, 2]), &[(2, 0, 0)], 0),
        (voters(&[1, 2]), &[(2, 99, 0)], 8), // its own: an election timeout from now
        (voters(&[1, 2]), &[(2, u64::MAX, 3)], 8),
        // The quorum-th longest counts.
        (voters(&[1, 2, 3]), &[(3, 10, 0)], 8),
        (voters(&[1, 2, 3]), &[(2, 10, 0), (3, 10, 3)], 5),
        (voters(&[1, 2, 3]), &[(2, 4, 0), (3, 10, 3)], 5),
        (voters(&[1, 2, 3, 4]), &[(2, 10, 0)], 0),
        (voters(&[1, 2, 3, 4]), &[(2, 10, 0), (3, 6, 0)], 4),
        (voters(&[1, 2, 3, 4, 5]), &[(2, 10, 0), (5, 10, 4)], 4),
        (voters(&[1, 2, 3, 4, 5]), &[(2, 10, 0), (3, 7, 0), (4, 8, 0)], 6),
        // Learners never count.
        (learners(voters(&[1, 2]), &[3, 4]), &[(3, 10, 0), (4, 10, 0)], 0),
        // Both halves, the earlier one; its own word only where it votes.
        (joint(&[1, 2, 3], &[1, 4, 5]), &[(2, 10, 0), (3, 10, 0)], 0),
        (joint(&[1, 2, 3], &[1, 4, 5]), &[(2, 10, 0), (4, 6, 0)], 4),
        (joint(&[1, 4, 5], &[1, 2, 3]), &[(2, 10, 0), (4, 6, 0)], 4),
        (joint(&[2, 3], &[1]), &[(2, 10, 0)], 0),
        (joint(&[2, 3], &[1]), &[(2, 10, 0), (3, 9, 0)], 7),
        (joint(&[2, 3, 4], &[1, 2]), &[(2, 10, 0), (3, 10, 1)], 7),
    ];
    for (conf_state, promises, expected) in cases {
        let name = format!("{conf_state:?}, {promises:?}");
        let mut cluster = leading_in(leased(1), conf_state);
        assert_eq!(cluster.role(1), Leader, "{name}");
        if !promises.is_empty() {
            let sent = beat(&mut cluster);
            let mut now = 0;
            for (from, ticks, after) in promises {
                cluster.tick(1, after - now);
                says(&mut cluster);
                now = *after;
                promise(&mut cluster, *from, &sent, *ticks);
            }
        }
        assert_eq!(lease(&cluster), expected, "{name}");
    }
}

/// A read at each tick of a lease: answered by it at once, or by a round of heartbeats after it.
#[test]
fn a_lease_runs_out() {
    for margin in [2, 3, 9] {
        let mut settings = leased(1);
        settings.settings_mut().lease_margin_ticks = margin;
        let mut cluster = leading_in(settings, voters(&[1, 2, 3]));
        let sent = beat(&mut cluster);
        promise(&mut cluster, 3, &sent, 10);
        for tick in 0..10 {
            assert_eq!(lease(&cluster), (10 - margin).saturating_sub(tick));
            let by_lease = cluster.raw(1).counters().reads_by_lease;
            read(&mut cluster, 1, "r");
            if tick < 10 - margin {
                assert_eq!(answers(&mut cluster), answered(&["r"], Ok(2)), "at {tick}");
                assert_eq!(cluster.raw(1).counters().reads_by_lease, by_lease + 1);
                assert!(says(&mut cluster).is_empty(), "nobody is asked");
            } else {
                let asked = rounds(&mut cluster);
                assert_eq!(answers(&mut cluster), [], "at {tick}");
                // Whoever promises nothing can still confirm.
                confirm(&mut cluster, 2, &asked[0]);
                assert_eq!(answers(&mut cluster), answered(&["r"], Ok(2)), "at {tick}");
                assert_eq!(lease(&cluster), 0);
            }
            hear(&mut cluster, 2, 1, heartbeat_answer()); // keeps it in office
            cluster.tick(1, 1);
            says(&mut cluster);
        }
    }
}

/// Answers that make no lease, or none that is longer.
#[test]
fn answers_that_lengthen_nothing() {
    let mut cluster = leading_in(leased(1), voters(&[1, 2]));
    let first = beat(&mut cluster);
    confirm(&mut cluster, 2, &first);
    assert_eq!(lease(&cluster), 0, "without a promise");
    hear(
        &mut cluster,
        2,
        1,
        Payload::HeartbeatResponse(HeartbeatResponse::new("").with_promised_ticks(Some(10))),
    );
    assert_eq!(lease(&cluster), 0, "a promise for no round");
    let mut never = first.to_vec();
    never[8] += 1;
    promise(&mut cluster, 2, &never.into(), 10);
    assert_eq!(lease(&cluster), 0, "a round that was never sent");
    let second = beat(&mut cluster);
    promise(&mut cluster, 2, &second, 10);
    promise(&mut cluster, 2, &first, 10);
    assert_eq!(lease(&cluster), 8, "an older answer");
    promise(&mut cluster, 2, &second, 3);
    assert_eq!(lease(&cluster), 8, "a promise once made holds");
    // A round older than an election timeout is forgotten, whatever is promised for it.
    for _ in 0..10 {
        beat(&mut cluster);
        hear(&mut cluster, 2, 1, heartbeat_answer());
    }
    assert_eq!(lease(&cluster), 0);
    promise(&mut cluster, 2, &second, u64::MAX);
    assert_eq!(lease(&cluster), 0);
    // Nor does a read in the other mode make one.
    let mut cluster = leading_in(config(1), voters(&[1, 2]));
    read(&mut cluster, 1, "r");
    let sent = rounds(&mut cluster).remove(0);
    promise(&mut cluster, 2, &sent, 10);
    assert_eq!((answers(&mut cluster).len(), lease(&cluster)), (1, 0));
}

/// Promises alone are no answer before the leader has committed in its term.
#[test]
fn no_lease_before_the_first_commit() {
    let mut cluster = leading(3, leased(1));
    let sent = beat(&mut cluster);
    promise(&mut cluster, 2, &sent, 10);
    assert_eq!(cluster.committed(1), 1);
    read(&mut cluster, 1, "early");
    assert_eq!(answers(&mut cluster), []);
    says(&mut cluster);
    hear(&mut cluster, 3, 1, accepted(2));
    read(&mut cluster, 1, "late");
    let both = answers(&mut cluster);
    assert!(both.contains(&answered(&["late"], Ok(2))[0]), "by the lease: {both:?}");
}

/// Reads of followers are answered by the lease too.
#[test]
fn leases_serve_followers() {
    let mut cluster = Cluster::new(3, leased);
    cluster.elect(1);
    cluster.tick_all(1);
    let before = cluster.raw(1).counters();
    cluster.node(3).read_index("r").expect("it knows the leader");
    cluster.settle();
    assert_eq!(cluster.nodes[&3].reads.len(), 1);
    let counters = cluster.raw(1).counters();
    assert_eq!(counters.reads_by_lease, before.reads_by_lease + 1);
    assert_eq!(
        counters.messages_sent,
        before.messages_sent + 1,
        "the answer and nothing else"
    );
}

/// From the order to campaign on there is no lease until the term ends, whatever becomes of the
/// transfer; before the order there is.
#[test]
fn a_transfer_ends_the_lease() {
    let mut cluster = leading(3, leased(1));
    hear(&mut cluster, 2, 1, accepted(2));
    let sent = beat(&mut cluster);
    promise(&mut cluster, 2, &sent, 10);
    cluster.node(1).transfer_leader(3).expect("a voter");
    says(&mut cluster);
    assert_eq!(lease(&cluster), 8, "node 3 lags, and was ordered nothing");
    cluster.node(1).step(message(3, 1, 1, accepted(2))).expect("legal");
    assert!(says(&mut cluster).contains(&"1->3 TimeoutNow term=1".to_string()));
    assert_eq!(lease(&cluster), 0);
    for _ in 0..25 {
        let sent = beat(&mut cluster);
        for peer in [2, 3] {
            promise(&mut cluster, peer, &sent, 10);
        }
        assert_eq!(lease(&cluster), 0);
    }
    assert_eq!(
        (cluster.role(1), cluster.raw(1).status().transferee),
        (Leader, None),
        "the transfer failed"
    );
    read(&mut cluster, 1, "r");
    assert_eq!(answers(&mut cluster), [], "by a round");
    // Another term, another lease.
    hear(&mut cluster, 2, 2, crate::heartbeat(2));
    assert_eq!((cluster.role(1), lease(&cluster)), (Follower, 0));
    cluster.node(1).set_election_timeout_draw(99);
    cluster.tick(1, 10); // what it promised node 2
    let mut cluster = lead(cluster, 3);
    hear(&mut cluster, 2, 3, accepted(3));
    let sent = beat(&mut cluster);
    promise(&mut cluster, 2, &sent, 10);
    assert_eq!(lease(&cluster), 8);
}

/// The promises of who leaves are no longer counted, those of who was a learner are from then on.
#[test]
fn leases_follow_the_configuration() {
    use quorate::membership::ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
    let learner = || voters(&[1, 2, 3]).with_learners([4]);
    for (promising, change, before, after) in [
        (&[2][..], (RemoveNode, 2), 8, 0),
        (&[2], (RemoveNode, 3), 8, 8),
        (&[2], (AddLearnerNode, 2), 8, 0),
        (&[2], (AddNode, 4), 8, 0),
        (&[2, 4], (AddNode, 4), 8, 8),
        (&[4], (AddNode, 4), 0, 0),
        (&[2], (AddNode, 5), 8, 0),
    ] {
        let mut cluster = leading_in(leased(1), learner());
        let sent = beat(&mut cluster);
        for peer in promising {
            promise(&mut cluster, *peer, &sent, 10);
        }
        assert_eq!(lease(&cluster), before, "{promising:?}, {change:?}");
        let change = quorate::membership::ConfChangeV2::new([change]);
        let _ = cluster.node(1).propose_conf_change(change.clone()).expect("it may");
        says(&mut cluster);
        for peer in [2, 3] {
            if cluster.raw(1).status().applied < 3 {
                hear(&mut cluster, peer, 1, accepted(3));
            }
        }
        assert_eq!(lease(&cluster), after, "{promising:?}, {change:?}");
    }
}

/// The mode may change while a node leads; what was sent before is as old as it is all the same.
#[test]
fn the_mode_may_change() {
    for ticks in 1..9 {
        let mut cluster = leading_in(leased(1), voters(&[1, 2]));
        let earlier = beat(&mut cluster);
        promise(&mut cluster, 2, &earlier, 10);
        let sent = beat(&mut cluster);
        assert_eq!(lease(&cluster), 7);
        cluster.node(1).set_config(config(1)).expect("it may change");
        assert_eq!(lease(&cluster), 0);
        cluster.tick(1, ticks);
        says(&mut cluster);
        cluster.node(1).set_config(leased(1)).expect("it may change");
        promise(&mut cluster, 2, &sent, 10);
        let left = lease(&cluster);
        assert!(
            left <= 8_u64.saturating_sub(ticks),
            "{left} ticks, {ticks} ticks after it was sent"
        );
    }
}

/// What settings lease reads need.
#[test]
fn bounds_of_leases() {
    let checked = |mode, check_quorum, margin| {
        let mut config = leased(1);
        (
            config.settings_mut().read_mode,
            config.settings_mut().check_quorum,
            config.settings_mut().lease_margin_ticks,
        ) = (mode, check_quorum, margin);
        config.settings_mut().pre_vote = false;
        match config.validate() {
            Ok(()) => "fine",
            Err(ConfigError::Bound { setting, .. }) => setting,
            Err(_) => "something else",
        }
    };
    for (mode, check_quorum, margin, expected) in [
        (ReadMode::Lease, true, 2, "fine"),
        (ReadMode::Lease, true, 9, "fine"),
        (ReadMode::Lease, true, 0, "lease_margin_ticks"),
        (ReadMode::Lease, true, 1, "lease_margin_ticks"),
        (ReadMode::Lease, true, 10, "lease_margin_ticks"),
        (ReadMode::Lease, false, 2, "check_quorum"),
        (ReadMode::ReadIndex, false, 0, "fine"),
    ] {
        assert_eq!(
            checked(mode, check_quorum, margin),
            expected,
            "{mode:?}, {check_quorum}, {margin}"
        );
    }
}
