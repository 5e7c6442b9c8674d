//! The pipelined loop: a node that never waits for its disk.
//!
//! ```text
//! cargo run --example async_storage
//! ```
//!
//! With `async_storage_writes` a Ready carries typed tasks: one to append, one to apply.
//! Each goes to a thread of its own, many may be queued, and what a task owes when it is done comes
//! back one by one: messages for other nodes, acknowledgements for this one. While the disk works,
//! the node goes on: the next entries are proposed, sent and queued before the last are synced.
//!
//! It is a group of one, so that it fits here: nobody sends it snapshots, and it sends no messages. What a loop does
//! about these is here all the same.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use quorate::pending::Reads;
use quorate::ready::{AckKind, AppendTask, ApplyTask, TaskResponse};
use quorate::{ConfState, Config, Entry, MemoryStorage, Message, RawNode, Snapshot, StorageError, bootstrap};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Entries to replicate.
const ENTRIES: usize = 1_000;
/// Proposed and not applied, at most.
const PIPELINE: usize = 64;

fn main() -> Result<(), Failure> {
    let snapshot = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
    let mut config = Config::new(1, 42);
    config.settings_mut().async_storage_writes = true;

    // The node reads the same storage that the disk's thread writes.
    let disk = SharedStorage::new(MemoryStorage::from_snapshot(snapshot));
    let mut node = RawNode::new(config, disk.clone())?;
    let (to_disk, disk_tasks) = channel();
    let (to_machine, apply_tasks) = channel();
    let (done, finished) = channel();
    let machine_done = done.clone();
    let writer = thread::spawn(move || write(&disk, &disk_tasks, &done));
    let applier = thread::spawn(move || apply(&apply_tasks, &machine_done));

    node.campaign()?;
    let mut statistics = Statistics::default();
    let mut to_deliver = VecDeque::new();
    while statistics.applied < ENTRIES {
        let leads = node.status().soft_state.leader == Some(1);
        while leads && statistics.proposed < ENTRIES && statistics.proposed - statistics.applied < PIPELINE {
            let _ = node.propose(format!("entry {}", statistics.proposed))?;
            statistics.proposed += 1;
            hand_out_tasks(&mut node, &to_disk, &to_machine, &mut statistics)?;
        }
        hand_out_tasks(&mut node, &to_disk, &to_machine, &mut statistics)?;
        // What tasks owe is delivered in their order; in between the node may do anything else.
        if to_deliver.is_empty() {
            to_deliver.push_back(finished.recv()?);
        }
        to_deliver.extend(finished.try_iter());
        while let Some(response) = to_deliver.pop_front() {
            statistics.deliver(&mut node, response)?;
        }
        if statistics.applied == ENTRIES && !statistics.is_read {
            statistics.is_read = true;
            statistics.reads.read(&mut node, "a reader")?;
            hand_out_tasks(&mut node, &to_disk, &to_machine, &mut statistics)?;
        }
        // Each is served by the state machine as of an index that is applied.
        for (client, outcome) in statistics.reads.drain_settled(node.status().applied) {
            println!("{client}: {outcome:?}, {} entries are applied", statistics.applied);
        }
    }
    drop((to_disk, to_machine));
    let syncs = writer.join().map_err(|_| "the disk's thread panicked")??;
    let lines = applier.join().map_err(|_| "the state machine's thread panicked")?;
    println!(
        "{lines} entries applied, {syncs} syncs, {} tasks in flight at most",
        statistics.in_flight_max
    );
    Ok(())
}

#[derive(Default)]
struct Statistics {
    proposed: usize,
    applied: usize,
    in_flight: usize,
    in_flight_max: usize,
    reads: Reads<&'static str>,
    is_read: bool,
}

impl Statistics {
    fn deliver(&mut self, node: &mut RawNode<SharedStorage>, response: Done) -> Result<(), Failure> {
        match response {
            Done::Response(TaskResponse::Message(message)) => send(&message),
            Done::Response(TaskResponse::Ack(ack)) => {
                if let AckKind::Stored { .. } = ack.kind() {
                    self.in_flight -= 1;
                }
                node.acknowledge(ack)?;
            }
            Done::Applied(task, lines) => {
                self.applied += lines;
                // The node belongs to this thread, so that changes of the configuration are made here. They
                // must be, before the task counts as done.
                for entry in task.entries().iter().filter(|entry| entry.is_conf_change()) {
                    node.apply_conf_change(entry)?;
                }
                node.acknowledge(task.done())?;
            }
        }
        Ok(())
    }
}

/// Hands each Ready's tasks to their threads. Nothing is awaited, and nothing is advanced.
fn hand_out_tasks(
    node: &mut RawNode<SharedStorage>,
    to_disk: &Sender<AppendTask>,
    to_machine: &Sender<Work>,
    statistics: &mut Statistics,
) -> Result<(), Failure> {
    while let Some(mut ready) = node.ready()? {
        ready.messages().iter().for_each(send);
        statistics.reads.on_read_states(ready.read_states());
        if let Some(task) = ready.take_append_task() {
            // Entries behind a snapshot are handed out for applying only when it is stored, and so later than this.
            if let Some(snapshot) = task.snapshot() {
                to_machine.send(Work::Restore(snapshot.clone()))?;
            }
            let stored = |response: &TaskResponse| matches!(response, TaskResponse::Ack(ack) if matches!(ack.kind(), AckKind::Stored { .. }));
            statistics.in_flight += task.responses().iter().filter(|response| stored(response)).count();
            statistics.in_flight_max = statistics.in_flight_max.max(statistics.in_flight);
            to_disk.send(task)?;
        }
        if let Some(task) = ready.take_apply_task() {
            to_machine.send(Work::Apply(task))?;
        }
    }
    Ok(())
}

/// The network of a group of one.
fn send(message: &Message) {
    println!("send: {message}");
}

/// What the state machine has to do, in this order.
enum Work {
    /// Begin anew, with this state.
    Restore(Snapshot),
    Apply(ApplyTask),
}

/// What comes back from the threads.
enum Done {
    Response(TaskResponse),
    Applied(ApplyTask, usize),
}

/// The disk's thread. One sync may cover all tasks that have queued up: that is the point.
fn write(disk: &SharedStorage, tasks: &Receiver<AppendTask>, done: &Sender<Done>) -> Result<usize, StorageError> {
    let mut syncs = 0;
    while let Ok(first) = tasks.recv() {
        let batch: Vec<AppendTask> = std::iter::once(first).chain(tasks.try_iter()).collect();
        let must_sync = batch.iter().any(AppendTask::must_sync);
        for task in &batch {
            disk.with(|storage| storage.write_task(task))?;
        }
        if must_sync {
            disk.with(MemoryStorage::sync);
            syncs += 1;
        }
        for response in batch.into_iter().flat_map(AppendTask::done) {
            if done.send(Done::Response(response)).is_err() {
                return Ok(syncs); // the node has stopped
            }
        }
    }
    Ok(syncs)
}

fn is_line(entry: &Entry) -> bool {
    !entry.is_conf_change() && !entry.data.is_empty()
}

/// The state machine's thread. (Changes of the configuration are the node's, when the task comes back.)
fn apply(works: &Receiver<Work>, done: &Sender<Done>) -> usize {
    let mut lines = 0;
    while let Ok(work) = works.recv() {
        let task = match work {
            Work::Apply(task) => task,
            Work::Restore(snapshot) => {
                lines = String::from_utf8_lossy(&snapshot.data).parse().unwrap_or(0);
                continue;
            }
        };
        let new = task.entries().iter().filter(|entry| is_line(entry)).count();
        lines += new;
        if done.send(Done::Applied(task, new)).is_err() {
            break; // the node has stopped
        }
    }
    lines
}

use shared::SharedStorage;

/// A storage that one thread writes while the node reads it.
mod shared {
    use std::sync::{Arc, Mutex, PoisonError};

    use quorate::storage::InitialState;
    use quorate::{Entries, Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError, Term};

    #[derive(Clone, Debug)]
    pub(super) struct SharedStorage(Arc<Mutex<MemoryStorage>>);

    impl SharedStorage {
        pub(super) fn new(storage: MemoryStorage) -> Self {
            Self(Arc::new(Mutex::new(storage)))
        }

        pub(super) fn with<T>(&self, act: impl FnOnce(&mut MemoryStorage) -> T) -> T {
            act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    impl Storage for SharedStorage {
        fn keeps_promises(&self) -> bool {
            self.with(|storage| storage.keeps_promises())
        }

        fn initial_state(&self) -> Result<InitialState, StorageError> {
            self.with(|storage| storage.initial_state())
        }

        fn first_index(&self) -> Result<Index, StorageError> {
            self.with(|storage| storage.first_index())
        }

        fn last_index(&self) -> Result<Index, StorageError> {
            self.with(|storage| storage.last_index())
        }

        fn term(&self, index: Index) -> Result<Term, StorageError> {
            self.with(|storage| storage.term(index))
        }

        fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
            self.with(|storage| storage.entries(low, high, max_bytes))
        }

        fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
            self.with(|storage| storage.snapshot(peer, at_least))
        }
    }
}
