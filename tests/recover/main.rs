//! A group that lost its quorum is made anew from one survivor, and never meets what is left of the old one.
//! (The argument: D35 in `docs/etcd-differences.md`.)

#[path = "../support/mod.rs"]
mod support;

mod best;
mod found;
mod refused;
mod silence;
mod text;
mod torn;
mod two;

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::recover::{self, Inspection, Plan, Recovered};
use quorate::types::{ClusterId, EntryKind, RECOVERED, SnapshotMetadata};
use quorate::{ConfState, Config, Entry, EntryId, HardState, Index, MemoryStorage, NodeId, Snapshot, Term};

use support::Cluster;

/// The group that was.
const OLD: ClusterId = 7;

/// A store of group [`OLD`] with this configuration as of a snapshot of entry 2/5, and these entries after it.
fn store(conf_state: ConfState, entries: &[Entry], hard_state: HardState) -> MemoryStorage {
    let metadata = SnapshotMetadata::new(EntryId { term: 2, index: 5 }, conf_state);
    let snapshot = Snapshot::new(metadata, "five");
    let mut storage = MemoryStorage::from_snapshot(snapshot).with_cluster_id(OLD);
    storage.append(entries).expect("they follow");
    storage.set_hard_state(hard_state);
    storage.sync();
    storage
}

fn three() -> ConfState {
    ConfState::of_voters([1, 2, 3])
}

fn data(term: Term, index: Index) -> Entry {
    Entry::new(term, index, format!("{term}/{index}"))
}

fn change(term: Term, index: Index, change: &ConfChangeV2) -> Entry {
    Entry::new(term, index, change.encode()).with_kind(EntryKind::ConfChangeV2)
}

fn adding(kind: ConfChangeKind, id: NodeId) -> ConfChangeV2 {
    ConfChangeV2::new([(kind, id)])
}

fn inspected(storage: &MemoryStorage, applied: Index) -> Inspection {
    recover::inspect(storage, applied).expect("a sound store")
}

/// All steps, by way of the text; and what the state machine was given to apply.
fn recovered_with(storage: &MemoryStorage, id: NodeId, applied: Index, random: u64) -> (Recovered, Vec<Entry>) {
    let text = recover::plan(storage, id, applied).expect("a sound store").to_string();
    let plan: Plan = text.parse().expect("as it was written");
    let mut recovery = recover::apply(&plan, storage).expect("as it was");
    let mut given = Vec::new();
    while let Some(entries) = recovery.take_entries(1).expect("a sound store") {
        given.extend(entries.to_vec());
    }
    let recovered = recovery.finish("state".into(), random).expect("a good number");
    (recovered, given)
}

fn recovered(storage: &MemoryStorage, id: NodeId, random: u64) -> Recovered {
    recovered_with(storage, id, 0, random).0
}

/// Default settings, the silence after a restart included.
fn config(id: NodeId, cluster_id: ClusterId) -> Config {
    let mut config = Config::new(id, 7 * id + cluster_id % 1000);
    config.cluster_id = cluster_id;
    config
}

/// A node on a recovered store, alone.
fn started(recovered: &Recovered) -> Cluster {
    let storage = MemoryStorage::from(recovered.clone());
    assert_eq!(recovered.verify(&storage), Ok(()));
    let mut cluster = Cluster::default();
    let config = config(recovered.node_id, recovered.cluster_id);
    cluster.add(config, storage).expect("a legal store");
    cluster
}

/// Wiped nodes join: as learners or at once as voters, each with a snapshot that names it.
fn join(cluster: &mut Cluster, leader: NodeId, wiped: &[NodeId], kind: ConfChangeKind) {
    let group = cluster.raw(leader).config().cluster_id;
    for id in wiped {
        let storage = MemoryStorage::new().with_cluster_id(group);
        cluster.add(config(*id, group), storage).expect("an empty store");
        let change = adding(kind, *id);
        let proposed = cluster.node(leader).propose_conf_change(change);
        let _ = proposed.expect("a legal change");
        cluster.settle();
        cluster.compact(leader);
        cluster.tick_all(15);
    }
}

fn is_recovered(id: ClusterId) -> bool {
    id & RECOVERED != 0
}
