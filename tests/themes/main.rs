//! Every theme of etcd-io/raft's unit tests in cases of our own, through the public API. One file a
//! theme; tables, in which a row is a case.

#[path = "../support/mod.rs"]
mod support;

mod accounting;
mod beside;
mod catching_up;
mod check_quorum;
mod commit_groups;
mod configured;
mod elections;
mod explain;
mod explain_log;
mod explain_peer;
mod flow;
mod forwarded_reads;
mod handovers;
mod host;
mod identities;
mod joint;
mod kept_promises;
mod leases;
mod leaving;
mod limits;
mod membership;
mod paging;
mod pending;
mod pre_vote;
mod promises;
mod ranks;
mod raw_node;
mod read_modes;
mod read_quorums;
mod reads;
mod renumber;
mod replication;
mod requested_snapshots;
mod restart;
mod sending_snapshots;
mod serving_requests;
mod silence;
mod silent_groups;
mod snapshots;
mod stale_reads;
mod stalled_disk;
mod storage;
mod taking_snapshots;
mod telling;
mod texts;
mod torn;
mod transfer;
mod transferee;
mod unnamed;
mod words;

use quorate::message::{Append, AppendResponse, Heartbeat, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::status::ReplicationState;
use quorate::{Config, Entry, EntryId, Event, Index, MemoryStorage, Message, NodeId, Term};

use support::{Cluster, message, store};

/// Node 1 by itself: what the others say is made up by the test.
fn alone(config: Config, storage: MemoryStorage) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.add(config, storage).expect("a legal store");
    cluster
}

/// Node 1 of `n` voters leads term 1 since a moment ago, by itself. Its opening entry has index 2.
fn leading(n: u64, config: Config) -> Cluster {
    let ids: Vec<NodeId> = (1..=n).collect();
    lead(alone(config, store(&ids)), n)
}

/// Node 1 wins the election of the next term with the votes of whoever of nodes 2 to `n` is a member;
/// they are made up.
fn lead(mut cluster: Cluster, n: u64) -> Cluster {
    let term = cluster.term(1) + 1;
    cluster.node(1).campaign().expect("it may");
    cluster.drain(1);
    for pre_vote in [true, false] {
        for peer in (2..=n)
            .filter(|peer| cluster.raw(1).membership().contains(*peer))
            .collect::<Vec<_>>()
        {
            let granted = true;
            hear(
                &mut cluster,
                peer,
                term,
                Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote)),
            );
        }
    }
    cluster
}

/// Node 1 is told something, acts on it, and what it says is forgotten.
fn hear(cluster: &mut Cluster, from: NodeId, term: Term, payload: Payload) {
    cluster.node(1).step(message(from, 1, term, payload)).expect("legal");
    says(cluster);
}

/// What node 1 has to say now, as text.
fn says(cluster: &mut Cluster) -> Vec<String> {
    cluster.drain(1);
    texts(cluster.take(|_| true))
}

fn texts(messages: impl IntoIterator<Item = Message>) -> Vec<String> {
    messages.into_iter().map(|message| message.to_string()).collect()
}

/// Node 1 is told something; what it answers, to whomever.
fn asked(cluster: &mut Cluster, from: NodeId, term: Term, payload: Payload) -> Vec<String> {
    cluster.node(1).step(message(from, 1, term, payload)).expect("legal");
    says(cluster)
}

/// The events of node 1 since this was last called.
fn events(cluster: &mut Cluster) -> Vec<Event> {
    cluster.drain(1);
    std::mem::take(&mut cluster.nodes.get_mut(&1).expect("a node").events)
}

fn id(term: Term, index: Index) -> EntryId {
    EntryId { term, index }
}

/// Entries of these terms from `first` on.
fn entries(first: Index, terms: &[Term]) -> Vec<Entry> {
    let entry = |(index, term): (Index, &Term)| Entry::new(*term, index, format!("{term}/{index}"));
    (first..).zip(terms).map(entry).collect()
}

/// An append of entries with these terms.
fn append(prev: (Term, Index), terms: &[Term], commit: Index) -> Payload {
    Payload::Append(Append::new(id(prev.0, prev.1), commit, entries(prev.1 + 1, terms)))
}

/// As a node of etcd-io/raft says it: without the change by which it joined.
fn accepted(index: Index) -> Payload {
    Payload::AppendResponse(AppendResponse::accepted(index, None))
}

fn rejected(index: Index, hint: (Term, Index)) -> Payload {
    let hint = id(hint.0, hint.1);
    Payload::AppendResponse(AppendResponse::rejected(index, hint))
}

fn heartbeat(commit: Index) -> Payload {
    Payload::Heartbeat(Heartbeat::new(commit).with_context(""))
}

fn heartbeat_answer() -> Payload {
    Payload::HeartbeatResponse(HeartbeatResponse::new(""))
}

fn request(pre_vote: bool, last: (Term, Index), forced: bool) -> Payload {
    Payload::RequestVote(
        RequestVote::new(id(last.0, last.1))
            .with_pre_vote(pre_vote)
            .with_forced(forced),
    )
}

/// A store of voters 1 to `n` whose log holds entries of these terms from index 2 on.
fn store_with(n: u64, terms: &[Term], hard_state: quorate::HardState) -> MemoryStorage {
    let ids: Vec<NodeId> = (1..=n).collect();
    let mut storage = store(&ids);
    storage.append(&entries(2, terms)).expect("in order");
    storage.set_hard_state(hard_state);
    storage.sync();
    storage
}

/// The peer as node 1 sees it, as text.
fn progress(cluster: &Cluster, peer: NodeId) -> String {
    let member = cluster.raw(1).progress().find(|progress| progress.id == peer);
    let Some(member) = member else {
        return "none".to_string();
    };
    let state = match member.state {
        ReplicationState::Snapshot { pending } => format!("Snapshot {{ pending: {} }}", pending.index),
        state => format!("{state:?}"),
    };
    let mut text = format!("{state} {}..{}", member.matched, member.next);
    for (holds, word) in [
        (member.learner, " learner"),
        (member.paused, " paused"),
        (member.inflight > 0, &*format!(" inflight={}", member.inflight)),
        (member.inflight_full, " full"),
    ] {
        text.push_str(if holds { word } else { "" });
    }
    text
}
