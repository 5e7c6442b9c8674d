//! D5, D13, D14: what is sent, and what becomes of a snapshot.

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{AppendResponse, Payload};
use quorate::status::{ReplicationState, SnapshotStatus};
use quorate::types::SnapshotMetadata;
use quorate::{Config, EntryId, Event, MemoryStorage, Snapshot};

use crate::support::{Cluster, message, store};
use crate::{append, is_snapshot, led_with, single};

/// Zero bytes a message is one entry a message.
#[test]
fn d05_zero_bytes_a_message_is_one_entry_a_message() {
    let mut cluster = led_with(2, |config| config.settings_mut().max_message_bytes = 0);
    for data in ["a", "b", "c"] {
        let _ = cluster.propose(1, data);
    }
    cluster.drain(1);
    let entries = cluster.pool.iter().map(|message| match &message.payload {
        Payload::Append(append) => append.entries.len(),
        _ => 0,
    });
    assert_eq!(entries.collect::<Vec<_>>(), [1, 1, 1]);
    cluster.settle();
    assert_eq!(cluster.data(2), ["a", "b", "c"]);
}

/// A snapshot is synced, though neither term nor vote changes with it.
#[test]
fn d13_a_snapshot_is_synced() {
    let mut cluster = single(crate::config(1), store(&[1, 2, 3]));
    cluster.step(append(2, 1, 1, (1, 1)));
    cluster.drain(1);
    let conf_state = cluster.raw(1).membership().conf_state();
    let snapshot = Snapshot::new(
        SnapshotMetadata::new(EntryId { term: 1, index: 9 }, conf_state),
        "state",
    );
    cluster.step(message(2, 1, 1, Payload::InstallSnapshot(Box::new(snapshot))));
    let ready = cluster.node(1).ready().unwrap().unwrap();
    assert!(ready.snapshot().is_some() && ready.entries().is_empty());
    assert_eq!(
        ready.hard_state().map(|state| (state.term, state.vote)),
        Some((1, None))
    );
    assert!(ready.must_sync());
}

/// Delivers until the leader has a snapshot for node 3 on its way, and loses it.
fn lose_snapshot(cluster: &mut Cluster) {
    while !cluster.pool.iter().any(is_snapshot) {
        cluster.deliver();
        for id in 1..=3 {
            cluster.drain(id);
        }
    }
    let lost = cluster.take(is_snapshot);
    assert_eq!((lost.len(), lost[0].to), (1, 3));
}

fn pending(index: u64) -> ReplicationState {
    let pending = EntryId { term: 1, index };
    ReplicationState::Snapshot { pending }
}

fn state(cluster: &Cluster) -> (u64, ReplicationState, bool) {
    let progress = cluster.raw(1).progress().find(|progress| progress.id == 3).unwrap();
    (progress.next, progress.state, progress.paused)
}

/// An unanswered snapshot is given up after a while: the peer is asked whether it has it, and gets
/// another only when it says no; for which the leader then waits twice as long.
#[test]
fn d14_an_unanswered_snapshot_is_asked_for() {
    let mut cluster = led_with(3, |config| config.settings_mut().snapshot_stall_ticks = Some(20));
    cluster.isolate(3);
    cluster.commit(1, "a");
    cluster.compact(1);
    cluster.heal();
    cluster.node(1).tick().unwrap();
    lose_snapshot(&mut cluster);
    cluster.commit(1, "b");
    cluster.compact(1); // the log does not reach back to the lost snapshot
    cluster.tick_all(19);
    assert_eq!(state(&cluster), (4, pending(3), true));
    cluster.tick(1, 1);
    assert_eq!(
        state(&cluster),
        (4, ReplicationState::Probe, true),
        "until the next heartbeat answer"
    );
    let stalled = Event::SnapshotStalled {
        peer: 3,
        snapshot: EntryId { term: 1, index: 3 },
    };
    assert!(cluster.nodes[&1].events.contains(&stalled));

    cluster.deliver();
    cluster.drain(3);
    cluster.deliver();
    cluster.drain(1);
    let mut probe = append(1, 3, 1, (1, 3));
    if let Payload::Append(append) = &mut probe.payload {
        append.commit = 4;
    }
    assert!(cluster.pool.contains(&probe), "{:?}", cluster.pool);
    lose_snapshot(&mut cluster);
    cluster.tick_all(39);
    assert_eq!(state(&cluster).1, pending(4));
    cluster.tick_all(1);
    assert_eq!(
        state(&cluster),
        (5, ReplicationState::Replicate, false),
        "asked, refused, sent again"
    );
    assert_eq!(cluster.raw(1).counters().snapshots_sent, 3);
    assert_eq!(cluster.committed(3), 4);
}

/// Zero waits for ever, as etcd-io/raft does.
#[test]
fn d14_zero_ticks_wait_for_ever() {
    let mut cluster = led_with(3, |config| config.settings_mut().snapshot_stall_ticks = Some(0));
    cluster.isolate(3);
    cluster.commit(1, "a");
    cluster.compact(1);
    cluster.heal();
    cluster.node(1).tick().unwrap();
    lose_snapshot(&mut cluster);
    cluster.tick_all(1_000);
    assert_eq!(state(&cluster), (4, pending(3), true));
}

/// A peer whose disk lost its last acknowledged entry rejects what it acknowledged: that is no reason
/// to ask it the same at once, for ever.
#[test]
fn d16_a_peer_that_lost_an_entry_is_asked_once_a_heartbeat() {
    let mut cluster = led_with(3, |_| {});
    cluster.commit(1, "a");
    let kept = cluster.raw(2).storage().clone();
    let mut storage = store(&[1, 2, 3]);
    let log = kept.log();
    let (_, log) = log.split_last().unwrap();
    storage.append(log).unwrap();
    let mut hard_state = kept.hard_state();
    hard_state.commit = log.last().unwrap().index;
    storage.set_hard_state(hard_state);
    storage.sync();
    cluster.add(crate::config(2), storage).unwrap();
    cluster.node(1).report_unreachable(2).unwrap();
    let _ = cluster.propose(1, "b");
    cluster.settle(); // or it does not come to rest
    cluster.commit(1, "c");
    assert_eq!(cluster.data(3), ["a", "b", "c"]);
}

/// A bootstrapped group's first new member needs a snapshot that names it; until there is one, the
/// leader says so instead of sending the one from the bootstrap.
#[test]
fn d17_a_snapshot_goes_only_to_whom_it_names() {
    let mut cluster = led_with(3, |_| {});
    cluster.add(crate::config(4), MemoryStorage::new()).unwrap();
    let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 4)]);
    let _ = cluster.node(1).propose_conf_change(change).unwrap();
    cluster.tick_all(2);
    let needed = |event: &Event| matches!(event, Event::SnapshotNeeded { peer: 4, .. });
    assert!(cluster.nodes[&1].events.iter().any(needed));
    assert_eq!(cluster.raw(1).counters().snapshots_sent, 0);
    cluster.compact(1);
    cluster.tick_all(2);
    assert_eq!(cluster.raw(1).counters().snapshots_sent, 1);
    assert_eq!(cluster.committed(4), cluster.committed(1));
}

/// `matched` of node 3, removed and added again, after an answer of its own from before.
fn believed(config: impl Fn(&mut Config), joined: Option<u64>) -> u64 {
    let mut cluster = led_with(3, config);
    cluster.commit(1, "a");
    cluster.isolate(3);
    for kind in [ConfChangeKind::RemoveNode, ConfChangeKind::AddNode] {
        let change = ConfChangeV2::new([(kind, 3)]);
        let _ = cluster.node(1).propose_conf_change(change).unwrap();
        cluster.settle();
    }
    let answer = AppendResponse::accepted(2, joined);
    let answer = message(3, 1, cluster.term(1), Payload::AppendResponse(answer));
    cluster.node(1).step(answer).unwrap();
    let peer = cluster.raw(1).progress().find(|peer| peer.id == 3).unwrap();
    peer.matched
}

#[test]
fn d18_an_answer_from_before_a_node_was_added_again() {
    assert_eq!(believed(|_| {}, Some(0)), 0);
    assert_eq!(believed(|_| {}, Some(5)), 2, "it names the change");
    assert_eq!(believed(|_| {}, None), 2, "a node of etcd-io/raft does not say");
    assert_eq!(
        believed(|config| config.settings_mut().fence_rejoined = false, Some(0)),
        2
    );
}

/// No tick passes between the snapshot and what follows it.
#[test]
fn d18_a_joiner_that_got_a_snapshot_is_fed_at_once() {
    let mut cluster = led_with(3, |_| {});
    cluster.commit(1, "a");
    cluster.add(crate::config(4), MemoryStorage::new()).unwrap();
    cluster.isolate(4);
    let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 4)]);
    let _ = cluster.node(1).propose_conf_change(change).unwrap();
    cluster.settle();
    cluster.compact(1);
    cluster.heal();
    cluster.node(1).report_unreachable(4).unwrap();
    for data in ["b", "c"] {
        cluster.commit(1, data);
    }
    cluster.tick(1, 1);
    cluster.settle();
    assert_eq!(cluster.raw(1).counters().snapshots_sent, 1);
    assert_eq!(cluster.data(4), ["b", "c"]);
    let peer = cluster.raw(1).progress().find(|peer| peer.id == 4).unwrap();
    assert_eq!(
        (peer.matched, peer.state),
        (cluster.committed(1), ReplicationState::Replicate)
    );
}

/// The peer has what its snapshot covers, and the log was compacted behind it meanwhile: it is fed at once, by the
/// next snapshot, whatever the settings say of unanswered ones. That the one before it was reported is no news.
#[test]
fn d31_an_acknowledged_snapshot_ends_the_wait() {
    let mut cluster = led_with(3, |config| config.settings_mut().snapshot_stall_ticks = Some(0));
    cluster.isolate(3);
    cluster.commit(1, "a");
    cluster.compact(1);
    cluster.heal();
    cluster.node(1).tick().unwrap();
    while !cluster.pool.iter().any(is_snapshot) {
        cluster.deliver();
        (1..=3).for_each(|id| cluster.drain(id));
    }
    let held = cluster.take(is_snapshot);
    cluster.commit(1, "b");
    cluster.compact(1);
    let earlier = EntryId { term: 1, index: 2 };
    for status in [SnapshotStatus::Finished, SnapshotStatus::Failed] {
        cluster.node(1).report_snapshot(3, earlier, status).unwrap();
        assert_eq!(state(&cluster), (4, pending(3), true));
    }
    cluster.pool.extend(held);
    cluster.settle(); // no tick
    assert_eq!(cluster.raw(1).counters().snapshots_sent, 2);
    assert_eq!(state(&cluster), (5, ReplicationState::Replicate, false));
    assert_eq!(cluster.committed(3), cluster.committed(1));
}
