//! The storage of a node: in memory, write by write, so that a crash may lose the last of them.

use quorate::ready::AppendTask;
use quorate::types::{Index, NodeId};
use quorate::{Entry, HardState, MemoryStorage, Snapshot, Storage, StorageError};

/// One write, which a crash keeps or loses.
#[derive(Clone, Debug)]
pub(crate) enum Write {
    Install(Snapshot),
    Entry(Entry),
    HardState(HardState),
    /// Of the own state machine; the log stays.
    Snapshot(Snapshot),
    Compact(Index),
}

/// A storage that knows its writes since the last sync.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    memory: MemoryStorage,
    unsynced: Vec<Write>,
    /// What no crash can take back.
    durable: HardState,
    /// Where the recordings' ways are followed: the snapshot to hand out is the newest one that the
    /// state machine recorded, even where the log is compacted beyond it.
    pub(crate) handout: Option<Snapshot>,
}

impl Disk {
    pub(crate) fn new(memory: MemoryStorage, handout: Option<Snapshot>) -> Self {
        Self {
            durable: memory.hard_state(),
            memory,
            unsynced: Vec::new(),
            handout,
        }
    }

    /// What is stored, synced or not.
    pub(crate) fn memory(&self) -> &MemoryStorage {
        &self.memory
    }

    pub(crate) fn write(&mut self, write: Write) -> Result<(), StorageError> {
        perform(&mut self.memory, &write)?;
        self.unsynced.push(write);
        Ok(())
    }

    /// Writes what a task holds, without a sync.
    pub(crate) fn write_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        self.memory.write_task(task)?;
        let snapshot = task.snapshot().cloned().map(Write::Install);
        let entries = task.entries().iter().cloned().map(Write::Entry);
        let hard_state = task.hard_state().map(Write::HardState);
        self.unsynced
            .extend(snapshot.into_iter().chain(entries).chain(hard_state));
        Ok(())
    }

    pub(crate) fn sync(&mut self) {
        self.unsynced.clear();
        self.settle();
    }

    /// Loses what was not synced, but for the first `keep` writes.
    pub(crate) fn crash(&mut self, keep: usize) {
        self.memory.crash();
        for write in self.unsynced.drain(..).take(keep) {
            // It succeeded once, on the same contents.
            if perform(&mut self.memory, &write).is_err() {
                break;
            }
        }
        self.settle();
    }

    fn settle(&mut self) {
        self.memory.sync();
        self.durable = self.memory.hard_state();
    }

    /// Where a restart begins, which the state machine knows.
    pub(crate) fn begin_at(&mut self, state: &Snapshot) {
        self.memory
            .set_conf_state(state.metadata.conf_state.clone(), state.metadata.index);
        if let Some(handout) = &mut self.handout {
            *handout = state.clone();
        }
    }

    /// What a crash now would leave.
    pub(crate) fn durable(&self) -> MemoryStorage {
        let mut durable = self.memory.clone();
        durable.crash();
        durable
    }

    /// The hard state that no crash can take back.
    pub(crate) fn durable_hard_state(&self) -> HardState {
        self.durable
    }
}

fn perform(memory: &mut MemoryStorage, write: &Write) -> Result<(), StorageError> {
    match write {
        Write::Install(snapshot) => memory.install_snapshot(snapshot.clone()),
        Write::Entry(entry) => memory.append(std::slice::from_ref(entry)),
        Write::HardState(hard_state) => {
            memory.set_hard_state(*hard_state);
            Ok(())
        }
        Write::Snapshot(snapshot) => {
            memory.set_conf_state(snapshot.metadata.conf_state.clone(), snapshot.metadata.index);
            memory.set_snapshot(snapshot.clone());
            Ok(())
        }
        Write::Compact(to) => memory.compact(*to),
    }
}

impl Storage for Disk {
    quorate::delegate_storage!(memory: initial_state, first_index, last_index, term, entries, keeps_promises);

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        match &self.handout {
            None => self.memory.snapshot(peer, at_least),
            Some(handout) if handout.is_empty() => Err(StorageError::TemporarilyUnavailable),
            Some(handout) => Ok(handout.clone()),
        }
    }
}
