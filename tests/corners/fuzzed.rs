//! Random groups and random calls, for three small promises: a refused call leaves the node as it
//! was, no Ready is empty, and ticks may be handed over in portions of any size.
//!
//! Prints its seed; `QUORATE_CORNERS_SEED` replays it.

use std::fmt::Debug;

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::status::SnapshotStatus;
use quorate::{Config, MemoryStorage, NodeId, RawNode, ReadMode, Storage};

use crate::dice::Dice;
use crate::support::{Cluster, config, store};

const GROUPS: u64 = 100;
const CALLS: u64 = 400;
const NODES: u64 = 3;

/// Settings that matter here, at random.
fn settings(dice: &mut Dice, id: NodeId) -> Config {
    let mut config = config(id);
    config.seed = dice.number();
    config.settings_mut().election_timeout_ticks = 4 + dice.below(4);
    config.settings_mut().heartbeat_interval_ticks = 1 + dice.below(3);
    config.settings_mut().restart_silence_ticks = dice.pick(&[None, Some(0), Some(3)]);
    config.settings_mut().lease_promises = dice.pick(&[true, false]);
    config.settings_mut().pre_vote = dice.pick(&[true, false]);
    limits(dice, config)
}

/// Those that may change while a node runs.
fn limits(dice: &mut Dice, mut config: Config) -> Config {
    config.settings_mut().read_mode = dice.pick(&[ReadMode::ReadIndex, ReadMode::Lease]);
    config.settings_mut().max_message_bytes = dice.pick(&[0, 10, 1000]);
    config.settings_mut().max_committed_bytes_per_ready = dice.pick(&[0, 1, 30]);
    config.settings_mut().max_uncommitted_bytes = dice.pick(&[0, 10, 1000]);
    config.settings_mut().max_inflight_messages = dice.pick(&[1, 2, 4]);
    config.settings_mut().max_pending_reads = dice.pick(&[1, 3]);
    config.settings_mut().snapshot_stall_ticks = dice.pick(&[None, Some(0), Some(2)]);
    config.settings_mut().eager_appends = dice.pick(&[true, false]);
    config.settings_mut().commit_notice_ticks = dice.pick(&[0, 0, 1, 2]);
    config
}

/// Makes a call; if it is refused, the node is what it was.
fn call<T, E: Debug>(cluster: &mut Cluster, id: NodeId, act: impl FnOnce(&mut RawNode<MemoryStorage>) -> Result<T, E>) {
    let before = cluster.raw(id).clone();
    if let Err(error) = act(cluster.node(id)) {
        assert!(*cluster.raw(id) == before, "{error:?} left a trace");
    }
}

/// Any split of the ticks comes to the same as one at a time, and stops only where something is due.
fn ticks(dice: &mut Dice, cluster: &mut Cluster, id: NodeId) {
    let ticks = dice.pick(&[1, 1, 1, 1, 1, 1, 2, 3, 4, 30]);
    let mut one_by_one = cluster.raw(id).clone();
    (0..ticks).for_each(|_| one_by_one.tick().expect("a sound node"));
    let node = cluster.node(id);
    let mut left = ticks;
    while left > 0 {
        let (portion, due) = (1 + dice.below(left), node.next_deadline());
        let passed = node.advance_ticks(portion).expect("a sound node");
        assert!(0 < passed && passed <= portion);
        assert!(
            passed == portion || due.is_some_and(|due| due <= passed),
            "it stopped for nothing"
        );
        left -= passed;
    }
    assert!(*node == one_by_one, "{ticks} ticks: {one_by_one:#?}\n{node:#?}");
}

/// Handles a Ready, if there is one; it is not empty, and it was announced.
fn ready(cluster: &mut Cluster, id: NodeId) {
    let announced = cluster.raw(id).has_ready();
    let there = cluster.raw(id).clone().ready().expect("a sound node");
    assert_eq!(announced, there.is_some());
    if let Some(ready) = there {
        // Its text is a headline and a line for each thing that is in it.
        assert!(ready.to_string().lines().count() > 1, "an empty Ready");
    }
    cluster.ready(id);
}

/// The oldest message arrives, or any other, once or not for the last time, or is lost.
fn deliver(dice: &mut Dice, cluster: &mut Cluster) {
    let count = cluster.pool.len() as u64;
    if count == 0 {
        return;
    }
    let any = dice.below(count);
    let at = usize::try_from(dice.pick(&[0, 0, 0, any])).expect("small");
    let message = if dice.below(12) == 0 {
        Some(cluster.pool[at].clone())
    } else {
        cluster.pool.remove(at)
    };
    let message = message.expect("it is in the pool");
    if dice.below(40) > 0 {
        call(cluster, message.to, |node| node.step(message));
    }
}

fn change(dice: &mut Dice) -> ConfChangeV2 {
    use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode, UpdateNode};
    let kinds = [AddNode, AddNode, AddLearnerNode, RemoveNode, UpdateNode];
    let count = dice.below(4);
    let changes: Vec<_> = (0..count).map(|_| (dice.pick(&kinds), 1 + dice.below(NODES))).collect();
    ConfChangeV2::new(changes)
}

fn act(dice: &mut Dice, cluster: &mut Cluster) {
    let (id, peer) = (1 + dice.below(NODES), dice.below(NODES + 2));
    match dice.below(50) {
        0..20 => (0..3).for_each(|_| deliver(dice, cluster)),
        20..36 => (1..=NODES).for_each(|id| ready(cluster, id)),
        36..40 => ticks(dice, cluster, id),
        40 | 41 => call(cluster, id, |node| node.propose("some data")),
        42 => call(cluster, id, |node| node.read_index("read")),
        43 => call(cluster, id, RawNode::campaign),
        44 => call(cluster, id, |node| node.transfer_leader(peer)),
        45 => {
            let change = change(dice);
            call(cluster, id, |node| node.propose_conf_change(change));
        }
        46 => {
            let status = dice.pick(&[SnapshotStatus::Finished, SnapshotStatus::Failed]);
            let known = cluster.raw(id).progress().find(|known| known.id == peer);
            let awaited = known
                .and_then(|known| known.state.pending_snapshot())
                .unwrap_or_default();
            call(cluster, id, |node| node.report_snapshot(peer, awaited, status));
        }
        47 => {
            let mut next = limits(dice, cluster.raw(id).config().clone());
            next.settings_mut().election_timeout_ticks += dice.below(10) / 9; // refused
            call(cluster, id, |node| node.set_config(next));
        }
        48 => call(cluster, id, RawNode::forget_leader),
        _ => compact(cluster, id),
    }
}

/// Unless nothing was applied since the last time, or the node restarted and has yet to apply up to the change that its
/// store knows.
fn compact(cluster: &mut Cluster, id: NodeId) {
    let node = cluster.raw(id);
    let first = node.storage().first_index().expect("a storage that works");
    if node.status().applied >= first && node.snapshot_metadata().is_ok() {
        cluster.compact(id);
    }
}

#[test]
fn small_promises_hold_in_any_group() {
    let mut dice = Dice::new("QUORATE_CORNERS_SEED");
    let mut applied = 0;
    for _ in 0..GROUPS {
        let voters: Vec<NodeId> = (1..=1 + dice.below(NODES)).collect();
        let mut cluster = Cluster::default();
        for id in 1..=NODES {
            let config = settings(&mut dice, id);
            cluster.add(config, store(&voters)).expect("a legal store");
        }
        for _ in 0..CALLS {
            act(&mut dice, &mut cluster);
        }
        cluster.assert_consistent();
        applied += cluster.nodes.values().map(|node| node.applied.len()).sum::<usize>();
    }
    assert!(applied > 100, "the groups get on: {applied}");
}
