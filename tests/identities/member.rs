//! A node with its store and its state machine, and the ways in which it crashes.

use quorate::{ConfState, Config, Entry, Index, MemoryStorage, Message, RawNode, Ready, Snapshot, Storage};
use std::collections::BTreeMap;

use bytes::Bytes;
use quorate::error::{AcknowledgeError, ConfigError};
use quorate::ready::{ReadState, TaskResponse};
use quorate::status::RoleKind;
use quorate::types::Identity;

use crate::history::{History, Who};
use crate::support::tasks::Tasks;

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    /// A crash before anything is stored.
    Dropped,
    /// A crash when the entries are stored, and the hard state is not.
    Torn,
    /// A crash when all is stored, and nothing is applied or sent.
    Stored,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) raw: RawNode<MemoryStorage>,
    pub(crate) who: Who,
    pub(crate) conf_state: ConfState,
    pub(crate) applied: Index,
    /// Asked for in this start: what was committed then.
    pub(crate) reads: BTreeMap<Bytes, Index>,
    tasks: Tasks,
    /// Of what is known to be complete.
    led: u64,
}

impl Member {
    pub(crate) fn new(config: Config, storage: MemoryStorage) -> Result<Self, ConfigError> {
        let base = storage.first_index()?.saturating_sub(1);
        let (id, applied) = (config.id, config.applied.max(base));
        let identity: Identity = storage.initial_state()?.identity;
        let raw = RawNode::new(config, storage)?;
        Ok(Self {
            who: Who { id, identity },
            conf_state: raw.membership().conf_state(),
            applied,
            reads: BTreeMap::new(),
            tasks: Tasks::default(),
            led: 0,
            raw,
        })
    }

    /// What is left of the store after a crash, and the settings for the next start.
    pub(crate) fn crashed(&self, keep_state: bool, seed: u64) -> (Config, MemoryStorage) {
        let mut storage = self.raw.storage().clone();
        storage.crash();
        let mut config = self.raw.config().clone();
        config.seed = seed;
        let (first, last) = (
            storage.first_index().expect("works"),
            storage.last_index().expect("works"),
        );
        let kept = keep_state && (first..=last).contains(&self.applied);
        config.applied = if kept { self.applied } else { 0 };
        (config, storage)
    }

    pub(crate) fn leads(&self) -> bool {
        self.raw.status().soft_state.role == RoleKind::Leader
    }

    /// Handles one batch; `false`: there is none. After another fate than `Done` the node must be started again.
    pub(crate) fn ready(&mut self, fate: Fate, history: &mut History, out: &mut Vec<Message>) -> bool {
        let Some(mut ready) = self.raw.ready().expect("a sound node") else {
            return false;
        };
        out.extend(ready.take_messages());
        self.answered(ready.read_states());
        if let Some(snapshot) = ready.snapshot() {
            history.restored(self.who, snapshot);
        }
        let tasks = self.raw.config().settings().async_storage_writes;
        if fate == Fate::Torn && !tasks && ready.snapshot().is_none() {
            let storage = self.raw.storage_mut();
            storage.append(ready.entries()).expect("they follow");
            storage.sync();
            return true;
        }
        if tasks {
            self.tasks.queue(&mut ready);
            return true;
        }
        if matches!(fate, Fate::Dropped | Fate::Torn) {
            return true;
        }
        self.persist(ready, fate, history, out);
        self.check_leader(history);
        true
    }

    fn persist(&mut self, ready: Ready, fate: Fate, history: &mut History, out: &mut Vec<Message>) {
        self.installs(ready.snapshot());
        self.raw.storage_mut().persist(&ready).expect("a storage that works");
        if fate == Fate::Stored {
            return;
        }
        let mut done = ready.persisted();
        out.extend(done.take_messages());
        self.apply(&done.take_committed_entries(), history);
        self.raw.advance(done).expect("the batch that is out");
    }

    /// Does a piece of work that an earlier batch left.
    pub(crate) fn work(&mut self, piece: usize, history: &mut History, out: &mut Vec<Message>) -> bool {
        let mut tasks = std::mem::take(&mut self.tasks);
        let done = match piece {
            0 => tasks.write(|task| {
                self.installs(task.snapshot());
                self.raw.storage_mut().persist_task(task).expect("a storage that works");
            }),
            1 => tasks.apply(|entries| {
                self.apply(entries, history);
                true
            }),
            _ => match tasks.due() {
                None => false,
                Some(TaskResponse::Message(message)) => {
                    out.push(message);
                    true
                }
                Some(TaskResponse::Ack(ack)) => match self.raw.acknowledge(ack) {
                    Ok(()) | Err(AcknowledgeError::Removed { .. }) => true,
                    Err(error) => panic!("tasks are done in order: {error}"),
                },
            },
        };
        self.tasks = tasks;
        self.check_leader(history);
        done
    }

    fn installs(&mut self, snapshot: Option<&Snapshot>) {
        if let Some(snapshot) = snapshot {
            self.conf_state = snapshot.metadata.conf_state.clone();
            self.applied = snapshot.metadata.index;
        }
    }

    fn apply(&mut self, entries: &[Entry], history: &mut History) {
        let term = self.raw.status().hard_state.term;
        for entry in entries.iter().filter(|entry| entry.index > self.applied) {
            history.applied(self.who, term, entry);
            if entry.is_conf_change() {
                self.conf_state = self.raw.apply_conf_change(entry).expect("a sound node");
                if self.raw.configured_at() <= entry.index {
                    history.configured(self.who, entry.index, &self.conf_state);
                }
            }
        }
        self.applied = self.applied.max(entries.last().map_or(0, |entry| entry.index));
    }

    /// Every read that is answered sees what was committed when it was asked.
    fn answered(&mut self, reads: &[ReadState]) {
        for read in reads {
            let committed = self.reads.remove(&read.context).expect("a read that waits");
            assert!(
                read.outcome.is_err() || read.outcome.is_ok_and(|index| index >= committed),
                "{:?} reads {:?} though {committed} was committed",
                self.who,
                read.outcome
            );
        }
    }

    /// To be called after each call of the node.
    pub(crate) fn check(&self, history: &mut History) {
        assert_eq!(self.raw.poisoned(), None);
        let status = self.raw.status();
        assert!(
            !status.diverged && status.corrupt.is_none(),
            "{:?} is told another history",
            self.who
        );
        if self.leads() {
            history.leads(self.who, status.hard_state.term);
        }
    }

    fn check_leader(&mut self, history: &History) {
        let term = self.raw.status().hard_state.term;
        if self.leads() && self.led != term && !self.raw.has_ready() {
            history.leads_with(self.who, term, self.raw.storage());
            self.led = term;
        }
    }

    /// A snapshot of what is applied is what peers get from now on; the log is cut there.
    pub(crate) fn compact(&mut self, cut: bool) {
        let (index, conf_state) = (self.applied, self.conf_state.clone());
        let storage = self.raw.storage_mut();
        let fits = index >= storage.first_index().expect("works") && index <= storage.last_index().expect("works");
        if !fits || index > self.raw.status().applied {
            return;
        }
        let storage = self.raw.storage_mut();
        let latest = storage.latest_snapshot().map_or(0, |snapshot| snapshot.metadata.index);
        if index > latest {
            storage
                .create_snapshot(index, conf_state.clone(), "state")
                .expect("it is there");
        }
        storage.set_conf_state(conf_state, index);
        if cut {
            storage.compact(index).expect("not compacted yet");
        }
        storage.sync();
    }
}
