//! One node that is driven from a journal of inputs, and does all its work at once after each. What
//! it says and does goes into a trace.

use quorate::{ConfState, Config, Entry, EntryId, MemoryStorage, Message, NodeId, RawNode, Ready, Snapshot, Storage};
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use quorate::membership::ConfChangeV2;
use quorate::ready::{ReadState, TaskResponse};
use quorate::status::SnapshotStatus;
use quorate::types::SnapshotMetadata;
use slog::Logger;

/// FNV-1a with 64 bits, over bytes and texts only: the same on every platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace(pub(crate) u64);

impl Trace {
    pub(crate) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) fn text(&mut self, text: &impl ToString) {
        self.bytes(text.to_string().as_bytes());
        self.bytes(b"\n");
    }
}

/// What may happen to a node from outside.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Ticks(u64),
    Step(Message),
    Propose(Bytes),
    Change(ConfChangeV2),
    Read(Bytes),
    Campaign,
    Transfer(NodeId),
    ForgetLeader,
    ReportUnreachable(NodeId),
    ReportSnapshot(NodeId, SnapshotStatus),
    /// The application makes a snapshot, and the log is cut there.
    Compact,
    /// The node stops, loses what was not synced, and starts again.
    Restart,
}

/// How ticks are given to a node that owes itself many.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    OneByOne,
    AtOnce,
    /// In chunks whose sizes follow from this number.
    Chunks(u64),
    /// Only when `next_deadline` says that something is due.
    Deadlines,
}

#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) raw: RawNode<MemoryStorage>,
    pub(crate) trace: Trace,
    /// Events by themselves: they ride along with a Ready and make none, so that where they are among
    /// the rest depends on when somebody looks.
    pub(crate) events: Trace,
    /// What it sent and nobody fetched yet.
    pub(crate) sent: Vec<Message>,
    pub(crate) applied: Vec<Entry>,
    pub(crate) reads: Vec<ReadState>,
    conf_state: ConfState,
    pace: Pace,
    logger: Option<Logger>,
}

impl Host {
    pub(crate) fn new(config: Config, storage: MemoryStorage, pace: Pace, logger: Option<Logger>) -> Self {
        let conf_state = storage.initial_state().expect("a storage that works").conf_state;
        let raw = RawNode::new(config, storage).expect("a legal store");
        Self {
            raw: log_to(raw, logger.as_ref()),
            trace: Trace::EMPTY,
            events: Trace::EMPTY,
            sent: Vec::new(),
            applied: Vec::new(),
            reads: Vec::new(),
            conf_state,
            pace,
            logger,
        }
    }

    /// The hash of the whole node; for comparing nodes of one process only.
    pub(crate) fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.raw.hash(&mut hasher);
        hasher.finish()
    }

    /// Something happens, and all that follows is done.
    pub(crate) fn give(&mut self, input: Input) {
        let raw = &mut self.raw;
        let outcome = match input {
            Input::Ticks(ticks) => return self.pass(ticks),
            Input::Step(message) => told(raw.step(message)),
            Input::Propose(data) => told(raw.propose(data)),
            Input::Change(change) => told(raw.propose_conf_change(change)),
            Input::Read(context) => told(raw.read_index(context)),
            Input::Campaign => told(raw.campaign()),
            Input::Transfer(to) => told(raw.transfer_leader(to)),
            Input::ForgetLeader => told(raw.forget_leader()),
            Input::ReportUnreachable(peer) => told(raw.report_unreachable(peer)),
            Input::ReportSnapshot(peer, status) => {
                let known = raw.progress().find(|known| known.id == peer);
                let awaited = known.and_then(|known| known.state.pending_snapshot());
                told(raw.report_snapshot(peer, awaited.unwrap_or_default(), status))
            }
            Input::Compact => self.compact(),
            Input::Restart => self.restart(),
        };
        self.trace.text(&outcome);
        self.drain();
    }

    /// Ticks pass; after each that brings something about, that is done first.
    fn pass(&mut self, ticks: u64) {
        let mut left = ticks;
        while left > 0 {
            let due = self.raw.next_deadline();
            let chunk = match &mut self.pace {
                Pace::OneByOne => 1,
                Pace::AtOnce => left,
                Pace::Chunks(seed) => {
                    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (*seed >> 61) + 1
                }
                Pace::Deadlines => due.unwrap_or(left),
            };
            let used = self.raw.advance_ticks(chunk.min(left)).expect("a sound node");
            let acted = due.is_some_and(|due| due <= used);
            assert!(acted || !self.raw.has_ready(), "nothing happens before the deadline");
            self.drain();
            left -= used;
        }
    }

    pub(crate) fn drain(&mut self) {
        while let Some(mut ready) = self.raw.ready().expect("a sound node") {
            self.trace.text(&ready);
            for event in ready.events() {
                self.events.text(&format!("{event:?}"));
            }
            self.reads.extend_from_slice(ready.read_states());
            self.send(ready.take_messages());
            if let Some(snapshot) = ready.snapshot() {
                self.conf_state = snapshot.metadata.conf_state.clone();
            }
            if self.raw.config().settings().async_storage_writes {
                self.do_tasks(ready);
            } else {
                self.do_batch(ready);
            }
        }
        for event in self.raw.take_events() {
            self.events.text(&format!("{event:?}"));
        }
    }

    fn do_batch(&mut self, ready: Ready) {
        self.raw.storage_mut().persist(&ready).expect("a storage that works");
        let mut done = ready.persisted();
        self.send(done.take_messages());
        self.apply(&done.take_committed_entries());
        self.raw.advance(done).expect("the Ready that is out");
    }

    fn do_tasks(&mut self, mut ready: Ready) {
        if let Some(task) = ready.take_append_task() {
            self.raw
                .storage_mut()
                .persist_task(&task)
                .expect("a storage that works");
            for response in task.done() {
                match response {
                    TaskResponse::Message(message) => self.send(vec![message]),
                    TaskResponse::Ack(ack) => {
                        let outcome = told(self.raw.acknowledge(ack));
                        self.trace.text(&outcome);
                    }
                }
            }
        }
        if let Some(task) = ready.take_apply_task() {
            self.apply(task.entries());
            self.raw.acknowledge(task.done()).expect("tasks in order");
        }
    }

    fn send(&mut self, messages: Vec<Message>) {
        for message in &messages {
            self.trace.bytes(&message.encode());
        }
        self.sent.extend(messages);
    }

    fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.trace.text(entry);
            if entry.is_conf_change() {
                self.conf_state = self.raw.apply_conf_change(entry).expect("a sound node");
            }
        }
        self.applied.extend_from_slice(entries);
    }

    fn compact(&mut self) -> String {
        let index = self.raw.status().applied;
        let (conf_state, storage) = (self.conf_state.clone(), self.raw.storage_mut());
        let Ok(term) = storage.term(index) else {
            return "nothing to compact".to_owned();
        };
        storage.set_conf_state(conf_state.clone(), index);
        let metadata = SnapshotMetadata::new(EntryId { term, index }, conf_state);
        storage
            .set_snapshot(Snapshot::new(metadata, "state"))
            .expect("of an entry of the log");
        let outcome = told(storage.compact(index));
        storage.sync();
        outcome
    }

    fn restart(&mut self) -> String {
        let mut config = self.raw.config().clone();
        config.seed += 1_000;
        let mut storage = self.raw.storage().clone();
        storage.crash();
        self.conf_state = storage.initial_state().expect("a storage that works").conf_state;
        let raw = RawNode::new(config, storage).expect("a legal store");
        self.raw = log_to(raw, self.logger.as_ref());
        self.applied.clear();
        "restarted".to_owned()
    }
}

fn log_to(raw: RawNode<MemoryStorage>, logger: Option<&Logger>) -> RawNode<MemoryStorage> {
    match logger {
        Some(logger) => raw.with_logger(logger.clone()),
        None => raw,
    }
}

/// An outcome as a text; what errors say counts, not how they are built.
fn told<T, E: ToString>(outcome: Result<T, E>) -> String {
    outcome.map_or_else(|error| error.to_string(), |_| "done".to_owned())
}
