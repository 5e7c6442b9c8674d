//! A disk that can lose what was not synced, write by write.
//!
//! [`Disk`] is what the simulator needs of a storage beyond [`quorate::Storage`]: to write, to sync,
//! and to come back after a power failure. Implement it for your own storage to run the simulator and
//! the storage suite over the code that you ship.

use quorate::{AppendTask, Entry, HardState, Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError, Term};

/// One write. A crash keeps it, loses it, or keeps part of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Write {
    /// A snapshot from the leader: the log begins after it.
    Install(Snapshot),
    /// Entries: the log is replaced from the first one's index on.
    Entries(Vec<Entry>),
    /// The hard state is replaced.
    HardState(HardState),
    /// A snapshot of the own state machine, to hand to peers and to restart from. The log stays.
    Snapshot(Snapshot),
    /// The log's entries up to and including this index are dropped.
    Compact(Index),
}

/// A storage that the simulator can write to, and crash.
pub trait Disk: Storage {
    /// Writes, without making it durable. A write that fails changes nothing.
    fn write(&mut self, write: Write) -> Result<(), StorageError>;

    /// Makes everything written so far survive a crash. If it fails, what was not synced may be lost or
    /// not, and the node has to be rebuilt.
    fn sync(&mut self) -> Result<(), StorageError>;

    /// Writes since the last sync, each entry counted as one: what a crash may lose.
    fn unsynced(&self) -> usize;

    /// The power fails, and the storage is opened again. Of what was not synced the first `kept` writes
    /// (entries count one each) reached the platter.
    fn crash(&mut self, kept: usize);

    /// The snapshot to restart the state machine from; an empty one in a new store.
    fn latest_snapshot(&self) -> Result<Snapshot, StorageError>;
}

/// What a task wants written, in the order in which it has to be.
pub fn writes_of(task: &AppendTask) -> Vec<Write> {
    let snapshot = task.snapshot().cloned().map(Write::Install);
    let entries = (!task.entries().is_empty()).then(|| Write::Entries(task.entries().to_vec()));
    let hard_state = task.hard_state().map(Write::HardState);
    [snapshot, entries, hard_state].into_iter().flatten().collect()
}

/// [`MemoryStorage`] as a [`Disk`]: what is read, and what a crash goes back to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct MemoryDisk {
    read: MemoryStorage,
    durable: MemoryStorage,
    unsynced: Vec<Write>,
}

impl MemoryDisk {
    /// A new store that begins with a snapshot, durable.
    pub fn new(storage: MemoryStorage) -> Self {
        Self {
            durable: storage.clone(),
            read: storage,
            unsynced: Vec::new(),
        }
    }

    /// What is stored, durable or not.
    pub fn storage(&self) -> &MemoryStorage {
        &self.read
    }
}

fn apply(storage: &mut MemoryStorage, write: Write) -> Result<(), StorageError> {
    match write {
        Write::Install(snapshot) => storage.install_snapshot(snapshot)?,
        Write::Entries(entries) => storage.append(&entries)?,
        Write::HardState(hard_state) => storage.set_hard_state(hard_state),
        Write::Snapshot(snapshot) => {
            storage.set_conf_state(snapshot.metadata.conf_state.clone());
            storage.set_snapshot(snapshot);
        }
        Write::Compact(to) => storage.compact(to)?,
    }
    storage.sync(); // it keeps its own undo log, which nobody needs here
    Ok(())
}

impl Disk for MemoryDisk {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        apply(&mut self.read, write.clone())?;
        match write {
            Write::Entries(entries) => self
                .unsynced
                .extend(entries.into_iter().map(|entry| Write::Entries(vec![entry]))),
            write => self.unsynced.push(write),
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.unsynced
            .drain(..)
            .try_for_each(|write| apply(&mut self.durable, write))
    }

    fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    fn crash(&mut self, kept: usize) {
        for write in self.unsynced.drain(..).take(kept) {
            if apply(&mut self.durable, write).is_err() {
                break;
            }
        }
        self.unsynced.clear();
        self.read = self.durable.clone();
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        match self.read.snapshot(0, 0) {
            Err(StorageError::TemporarilyUnavailable) => Ok(Snapshot::default()),
            answer => answer,
        }
    }
}

impl Storage for MemoryDisk {
    fn initial_state(&self) -> Result<quorate::InitialState, StorageError> {
        self.read.initial_state()
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        self.read.first_index()
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        self.read.last_index()
    }

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        self.read.term(index)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Vec<Entry>, StorageError> {
        self.read.entries(low, high, max_bytes)
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        self.read.snapshot(peer, at_least)
    }
}
