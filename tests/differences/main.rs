//! What quorate does otherwise than etcd-io/raft, and on purpose: one test for each entry of
//! `docs/etcd-differences.md`. Everything else is compared line for line by the recorded scripts.

#[path = "../support/mod.rs"]
mod support;

mod configuration;
mod disks;
mod found;
mod gateway;
mod notices;
mod reads;
mod recovered;
mod snapshots;
mod stale;

use quorate::message::{Append, AppendResponse, Payload, RequestVote};
use quorate::{Config, Entries, EntryId, MemoryStorage, Message, NodeId};
use support::{Cluster, config, message};

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

/// One node, the only one that runs: the test plays the others.
fn single(config: Config, storage: MemoryStorage) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.add(config, storage).expect("a legal store");
    cluster
}

fn append(from: NodeId, to: NodeId, term: u64, prev: (u64, u64)) -> Message {
    let append = Append::new(
        EntryId {
            term: prev.0,
            index: prev.1,
        },
        0,
        Entries::new(),
    );
    message(from, to, term, Payload::Append(append))
}

fn accepted(from: NodeId, to: NodeId, term: u64, index: u64) -> Message {
    let response = AppendResponse::accepted(index, Some(0));
    message(from, to, term, Payload::AppendResponse(response))
}

/// A request for a vote, from a candidate with the longest log there could be.
fn vote_request(from: NodeId, to: NodeId, term: u64, forced: bool) -> Message {
    let request = RequestVote::new(EntryId { term, index: 99 }).with_forced(forced);
    message(from, to, term, Payload::RequestVote(request))
}

fn is_heartbeat(message: &Message) -> bool {
    matches!(message.payload, Payload::Heartbeat(_))
}

fn is_snapshot(message: &Message) -> bool {
    matches!(message.payload, Payload::InstallSnapshot(_))
}
