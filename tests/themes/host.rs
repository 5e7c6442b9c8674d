//! What a host of many groups relies on: a node says when it next acts by itself, and ticks that
//! bring nothing cost nothing and may be given at once.

use quorate::status::RoleKind::{Candidate, Follower, Leader, PreCandidate};
use quorate::{ConfState, Config, HardState, MemoryStorage, RawNode};

use crate::leases::leased;
use crate::support::{Cluster, config, plain, store};
use crate::{accepted, alone, hear, heartbeat, heartbeat_answer, lead, leading, rejected, says, store_with};

/// A node, and in how many ticks it acts by itself.
#[test]
fn deadlines() {
    let drawn = |mut cluster: Cluster, ticks| {
        cluster.node(1).set_election_timeout_draw(ticks);
        cluster
    };
    let voter = |ids: &[u64]| drawn(alone(plain(1), store(ids)), 15);
    let learner = || {
        let mut storage = store(&[2]);
        storage.set_conf_state(ConfState::of_voters([2]).with_learners([1]), 1);
        alone(plain(1), storage)
    };
    let slow = |heartbeat_interval_ticks| {
        let mut settings = plain(1);
        settings.settings_mut().heartbeat_interval_ticks = heartbeat_interval_ticks;
        leading(2, settings)
    };
    let ticked = |mut cluster: Cluster, ticks| {
        cluster.tick(1, ticks);
        cluster
    };
    let mut snapshot = plain(1);
    (
        snapshot.settings_mut().snapshot_stall_ticks,
        snapshot.settings_mut().heartbeat_interval_ticks,
    ) = (Some(2), 9);
    let mut snapshot = leading(3, snapshot);
    hear(&mut snapshot, 3, 1, rejected(1, (0, 0)));
    let mut reading = voter(&[1, 2]);
    hear(&mut reading, 2, 1, heartbeat(1));
    reading.node(1).read_index("r").expect("it follows");
    let mut candidate = voter(&[1, 2]);
    candidate.node(1).campaign().expect("it may");
    candidate.node(1).set_election_timeout_draw(12);
    let cases = [
        ("a voter", voter(&[1, 2]), Some(15)),
        ("later", ticked(voter(&[1, 2]), 4), Some(11)),
        ("at the last moment", ticked(voter(&[1, 2]), 14), Some(1)),
        ("a learner", learner(), None),
        ("a stranger", alone(plain(1), store(&[2])), None),
        ("an empty store", alone(plain(1), MemoryStorage::new()), None),
        ("with a read on its way", reading, Some(10)),
        ("a candidate", candidate, Some(12)),
        ("a leader", slow(1), Some(1)),
        ("one with few heartbeats", slow(4), Some(4)),
        ("later", ticked(slow(4), 3), Some(1)),
        ("its quorum check comes first", ticked(slow(9), 9), Some(1)),
        ("a leader alone", leading(1, plain(1)), None),
        ("a leader with a snapshot on its way", snapshot, Some(2)),
    ];
    for (name, cluster, expected) in cases {
        assert_eq!(cluster.raw(1).next_deadline(), expected, "{name}");
    }
}

/// Ticks given at once: how many are used, and why it stopped.
#[test]
fn ticks_at_once() {
    let voter = |ids: &[u64]| {
        let mut cluster = alone(plain(1), store(ids));
        cluster.node(1).set_election_timeout_draw(15);
        cluster
    };
    let slow = || {
        let mut settings = plain(1);
        settings.settings_mut().heartbeat_interval_ticks = 4;
        leading(2, settings)
    };
    for (name, mut cluster, ticks, used, role) in [
        ("none", voter(&[1, 2]), 0, 0, Follower),
        ("not enough", voter(&[1, 2]), 14, 14, Follower),
        ("just enough", voter(&[1, 2]), 15, 15, Candidate),
        ("more than enough", voter(&[1, 2]), u64::MAX, 15, Candidate),
        ("nothing is ever due", voter(&[2]), u64::MAX, u64::MAX, Follower),
        ("alone", leading(1, config(1)), u64::MAX, u64::MAX, Leader),
        ("to the next heartbeat", slow(), 100, 4, Leader),
        ("not so far", slow(), 3, 3, Leader),
    ] {
        assert_eq!(cluster.node(1).advance_ticks(ticks), Ok(used), "{name}");
        assert_eq!(cluster.role(1), role, "{name}");
        assert_eq!(
            cluster.raw(1).has_ready(),
            used < ticks || role == Candidate || name.contains("next"),
            "{name}"
        );
    }
}

/// Who stands where a node might: many kinds of nodes, each in the middle of something.
fn everybody() -> Vec<(&'static str, RawNode<MemoryStorage>)> {
    let of = |cluster: &Cluster| cluster.raw(1).clone();
    let mut all = Vec::new();
    for (name, settings) in [("plain", plain(1)), ("safe", config(1)), ("leased", leased(1))] {
        let mut silent: Config = settings.clone();
        silent.settings_mut().restart_silence_ticks = None;
        let hard_state = HardState::new(1, None, 1);
        all.push((name, of(&alone(silent, store_with(3, &[1], hard_state)))));
        let mut cluster = alone(settings.clone(), store(&[1, 2, 3]));
        all.push((name, of(&cluster)));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster.node(1).read_index("r").expect("it follows");
        cluster.tick(1, 3);
        cluster.node(1).read_index("s").expect("it follows");
        says(&mut cluster);
        all.push((name, of(&cluster)));
        let mut cluster = alone(settings.clone(), store(&[1, 2, 3]));
        cluster.node(1).campaign().expect("it may");
        says(&mut cluster);
        assert!(matches!(cluster.role(1), Candidate | PreCandidate));
        all.push((name, of(&cluster)));
        let mut settings = settings;
        (
            settings.settings_mut().heartbeat_interval_ticks,
            settings.settings_mut().snapshot_stall_ticks,
        ) = (3, Some(7));
        let mut cluster = leading(3, settings.clone());
        hear(&mut cluster, 2, 1, accepted(2));
        hear(&mut cluster, 3, 1, rejected(1, (0, 0)));
        all.push((name, of(&cluster)));
        cluster.node(1).transfer_leader(3).expect("a voter");
        hear(&mut cluster, 2, 1, heartbeat_answer());
        all.push((name, of(&cluster)));
        all.push((name, of(&leading(1, settings.clone()))));
        let mut storage = store(&[1]);
        storage.set_conf_state(ConfState::of_voters([1]).with_learners([2]), 1);
        let mut cluster = lead(alone(settings, storage), 1);
        all.push(("learner", of(&cluster)));
        hear(&mut cluster, 2, 1, accepted(2));
        let _ = cluster.propose(1, "a");
        says(&mut cluster);
        all.push(("learner", of(&cluster)));
    }
    all
}

/// Up to the tick before its deadline a node does nothing, and ticks one by one or at once leave the
/// same node; on the deadline it is the same again.
#[test]
fn one_by_one_or_at_once() {
    for (position, (name, node)) in everybody().into_iter().enumerate() {
        let name = format!("{name} {position}");
        let (mut slow, mut fast) = (node.clone(), node);
        for round in 0..12 {
            let quiet = slow.next_deadline().map_or(7, |due| due - 1);
            for tick in 0..quiet {
                slow.tick().expect("a sound node");
                assert!(
                    !slow.has_ready(),
                    "{name}, round {round}: something at {tick} of {quiet}"
                );
            }
            assert_eq!(fast.advance_ticks(quiet), Ok(quiet));
            assert_eq!(slow, fast, "{name}, round {round}");
            assert!(
                matches!(slow.next_deadline(), None | Some(1)),
                "{name}: due now, or never"
            );
            slow.tick().expect("a sound node");
            assert_eq!(fast.advance_ticks(1), Ok(1));
            assert_eq!(slow, fast, "{name}, round {round}: on the deadline");
            for node in [&mut slow, &mut fast] {
                while let Some(mut ready) = node.ready().expect("a sound node") {
                    ready.take_messages();
                    node.storage_mut().persist(&ready).expect("it works");
                    node.advance(ready.persisted()).expect("the one that is out");
                }
            }
        }
    }
}

/// A group that is ticked only when somebody is due does what a group does that is ticked all the
/// time: it elects, and stays with whom it elected.
#[test]
fn a_group_of_sleepers() {
    let mut cluster = Cluster::new(3, config);
    for _ in 0..50 {
        let due = (1..=3)
            .filter_map(|id| cluster.raw(id).next_deadline())
            .min()
            .expect("voters act");
        for id in 1..=3 {
            assert_eq!(cluster.node(id).advance_ticks(due), Ok(due));
        }
        cluster.settle();
    }
    let leader = cluster.leader().expect("one is elected");
    assert_eq!(cluster.term(leader), 1, "and nobody else after it");
    cluster.commit(leader, "a");
    assert_eq!([1, 2, 3].map(|id| cluster.data(id).len()), [1; 3]);
}
