//! The bug museum: what other Raft implementations shipped, each as a test that would have caught
//! it. `m03_…` is number 3 of the collection, `r03_…` the third of the recipes with which a running
//! etcd-io/raft was made to fail.
//!
//! Three entries happened outside a core, in the program around it; the core's share is tested:
//!
//! * 8 (a cache of the newest commit in front of the core): the index that a read gets is the
//!   commit index at that moment, in either mode.
//! * 14 (the order of two writes to disk): hard state and entries come in one task, and a store that
//!   was torn apart all the same is refused.
//! * 41 (a removed node's data was destroyed at once): when to do that is the host's decision; the
//!   way in which it is harmless is tested.

#[path = "../support/mod.rs"]
mod support;

mod elections;
mod gateway;
mod membership;
mod outside;
mod reads;
mod recipes;
mod replication;
mod reviewed;
mod storage;

use quorate::message::{Append, AppendResponse, Payload, RequestVote, VoteResponse};
use quorate::status::ReplicationState;
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, Config, Entry, EntryId, HardState, MemoryStorage, Message, NodeId, ReadMode, Snapshot};
use support::{Cluster, config, message};

/// Term and index.
type At = (u64, u64);

fn id((term, index): At) -> EntryId {
    EntryId { term, index }
}

fn entry((term, index): At, data: &'static str) -> Entry {
    Entry::new(term, index, data)
}

/// An append from `from` in `term` to `to`.
fn append((from, to): (NodeId, NodeId), term: u64, prev: At, entries: &[At], commit: u64) -> Message {
    let append = Append::new(
        id(prev),
        commit,
        entries.iter().map(|at| entry(*at, "x")).collect::<Vec<_>>(),
    );
    message(from, to, term, Payload::Append(append))
}

fn accepted((from, to): (NodeId, NodeId), term: u64, index: u64) -> Message {
    accepted_as(0, (from, to), term, index)
}

/// The answer to an append that says by which change its recipient joined.
fn accepted_as(joined: u64, (from, to): (NodeId, NodeId), term: u64, index: u64) -> Message {
    let response = AppendResponse::accepted(index, Some(joined));
    message(from, to, term, Payload::AppendResponse(response))
}

fn rejected((from, to): (NodeId, NodeId), term: u64, index: u64, hint: At) -> Message {
    let hint = id(hint);
    let response = AppendResponse::rejected(index, hint);
    message(from, to, term, Payload::AppendResponse(response))
}

fn vote_request((from, to): (NodeId, NodeId), term: u64, last: At, forced: bool) -> Message {
    let request = RequestVote::new(id(last)).with_forced(forced);
    message(from, to, term, Payload::RequestVote(request))
}

fn vote((from, to): (NodeId, NodeId), term: u64, granted: bool) -> Message {
    let payload = Payload::VoteResponse(VoteResponse::new(granted));
    message(from, to, term, payload)
}

fn snapshot(at: At, voters: &[NodeId]) -> Snapshot {
    let metadata = SnapshotMetadata::new(
        EntryId {
            term: at.0,
            index: at.1,
        },
        ConfState::of_voters(voters.iter().copied()),
    );
    Snapshot::new(metadata, "state")
}

fn install((from, to): (NodeId, NodeId), term: u64, at: At) -> Message {
    let snapshot = Box::new(snapshot(at, &[1, 2, 3]));
    message(from, to, term, Payload::InstallSnapshot(snapshot))
}

/// A synced store with entries of these terms from index 1 on.
fn store_of(voters: &[NodeId], terms: &[u64], hard_state: HardState) -> MemoryStorage {
    let entries: Vec<Entry> = (1..)
        .zip(terms)
        .map(|(index, term)| entry((*term, index), "x"))
        .collect();
    let mut storage = MemoryStorage::new();
    storage.set_conf_state(ConfState::of_voters(voters.iter().copied()), 0);
    storage.append(&entries).expect("entries in order");
    storage.set_hard_state(hard_state);
    storage.sync();
    storage
}

fn hard_state(term: u64, commit: u64) -> HardState {
    HardState::new(term, None, commit)
}

/// One node, the only one that runs: the test plays the others.
fn single(config: Config, storage: MemoryStorage) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.add(config, storage).expect("a legal store");
    cluster
}

/// The same, elected by the test. What it sent is gone.
fn single_leader(config: Config, storage: MemoryStorage) -> Cluster {
    let id = config.id;
    let mut cluster = single(config, storage);
    cluster.node(id).campaign().expect("it may campaign");
    cluster.drain(id);
    let term = cluster.term(id);
    for voter in cluster.raw(id).membership().voters().ids() {
        if voter != id && cluster.leader().is_none() {
            cluster.step(vote((voter, id), term, true));
        }
    }
    assert_eq!(cluster.leader(), Some(id));
    cluster.drain(id);
    cluster.pool.clear();
    cluster
}

/// A group of `n`, led by node 1, whose settings are changed so.
fn led_with(n: u64, change: impl Fn(&mut Config)) -> Cluster {
    let mut cluster = Cluster::new(n, |id| {
        let mut config = config(id);
        change(&mut config);
        config
    });
    cluster.elect(1);
    cluster
}

fn drain_all(cluster: &mut Cluster, ids: &[NodeId]) {
    for id in ids {
        cluster.drain(*id);
    }
}

fn step_all(cluster: &mut Cluster, messages: Vec<Message>) {
    for message in messages {
        cluster.step(message);
    }
}

fn lease(config: &mut Config) {
    config.settings_mut().read_mode = ReadMode::Lease;
}

/// Asks for a read and lets the node answer it if it can by itself.
fn read(cluster: &mut Cluster, id: NodeId) {
    cluster.node(id).read_index("read").expect("a leader is known");
    cluster.drain(id);
}

/// What became of the reads of a node: an index, or `None` for refused.
fn reads(cluster: &Cluster, id: NodeId) -> Vec<Option<u64>> {
    let states = cluster.nodes[&id].reads.iter();
    states.map(|state| state.outcome.ok()).collect()
}

/// How the leader sees a peer: matched, next and state.
fn progress(cluster: &Cluster, leader: NodeId, peer: NodeId) -> (u64, u64, ReplicationState) {
    let mut all = cluster.raw(leader).progress();
    let progress = all.find(|progress| progress.id == peer).expect("a member");
    (progress.matched, progress.next, progress.state)
}

fn is_append(message: &Message) -> bool {
    matches!(message.payload, Payload::Append(_))
}

fn is_append_response(message: &Message) -> bool {
    matches!(message.payload, Payload::AppendResponse(_))
}

fn is_heartbeat_response(message: &Message) -> bool {
    matches!(message.payload, Payload::HeartbeatResponse(_))
}
