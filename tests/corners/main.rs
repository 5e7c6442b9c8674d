//! Corners: rare meetings of a storage's mood, a half-done Ready and a late answer, each of which an
//! early version of this crate got wrong once. The document of each test says what went wrong, and
//! which promise it protects: "safe", "deterministic", "never panics on input" (a refused call leaves
//! the node as it was) and "fast and small" are the crate's.

#[path = "../support/dice.rs"]
mod dice;
#[path = "../support/mod.rs"]
mod support;

mod broken;
mod corrupt;
mod fuzzed;
mod moody;
mod readies;
mod refused;
mod settings;
mod storage_answers;

use quorate::message::{Append, Payload};
use quorate::ready::TaskResponse;
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, Config, Entry, EntryId, HardState, Message, RawNode, Ready, Snapshot};

use crate::moody::Moody;
use crate::support::{message, store};

type Node = RawNode<Moody>;

/// Term and index.
type At = (u64, u64);

fn id((term, index): At) -> EntryId {
    EntryId { term, index }
}

fn entry(at: At) -> Entry {
    let EntryId { term, index } = id(at);
    Entry::new(term, index, "x")
}

/// A node of the group 1, 2, 3 with these entries after the one at index 1, in their last term.
fn node(config: Config, log: &[At], commit: u64) -> Node {
    let mut memory = store(&[1, 2, 3]);
    let entries: Vec<Entry> = log.iter().copied().map(entry).collect();
    memory.append(&entries).expect("no gap");
    memory.set_hard_state(HardState::new(log.last().map_or(0, |(term, _)| *term), None, commit));
    memory.sync();
    RawNode::new(config, Moody::new(memory)).expect("a legal store")
}

/// What leader 1 says to node 2 in `term`.
fn append(term: u64, prev: At, entries: &[At], commit: u64) -> Message {
    let append = Append::new(id(prev), commit, entries.iter().copied().map(entry).collect::<Vec<_>>());
    message(1, 2, term, Payload::Append(append))
}

fn install(term: u64, (last_term, index): At) -> Message {
    let metadata = SnapshotMetadata::new(EntryId { term: last_term, index }, ConfState::of_voters([1, 2, 3]));
    let snapshot = Snapshot::new(metadata, "state");
    message(1, 2, term, Payload::InstallSnapshot(Box::new(snapshot)))
}

/// What came of one Ready.
#[derive(Debug, Default)]
struct Done {
    sent: Vec<Payload>,
    applied: Vec<u64>,
}

/// Handles one Ready, if there is one.
fn handle(node: &mut Node) -> Option<Done> {
    let mut ready = node.ready().expect("a sound node")?;
    let mut messages = ready.take_messages();
    node.storage_mut().memory.persist(&ready).expect("legal writes");
    let mut persisted = ready.persisted();
    messages.extend(persisted.take_messages());
    let applied = persisted.take_committed_entries();
    node.advance(persisted).expect("the Ready that is out");
    Some(Done {
        sent: messages.into_iter().map(|message| message.payload).collect(),
        applied: applied.iter().map(|entry| entry.index).collect(),
    })
}

/// Stores what a Ready wants stored, and tells the node so, with asynchronous writes and nobody else.
fn write(node: &mut Node, ready: &mut Ready) {
    let Some(task) = ready.take_append_task() else {
        return;
    };
    node.storage_mut().memory.persist_task(&task).expect("legal writes");
    for response in task.done() {
        match response {
            TaskResponse::Ack(ack) => node.acknowledge(ack).expect("an ack that is due"),
            TaskResponse::Message(message) => panic!("there is nobody to send {message} to"),
        }
    }
}
