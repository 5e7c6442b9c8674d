//! A disk that can lose what was not synced, write by write.
//!
//! [`Disk`] is what the simulator needs of a storage beyond [`quorate::Storage`]: to write, to sync,
//! and to come back after a power failure. Implement it for your own storage to run the simulator and
//! the [storage suite](mod@crate::storage_suite) over the code that you ship. (Where your storage writes
//! bytes, a [`FakeFile`](crate::file::FakeFile) in the file's place can crash and fail.)

use quorate::ready::AppendTask;
use quorate::types::{ClusterId, Identity};
use quorate::{Entries, Entry, HardState, Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError};

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

impl Write {
    /// What this write means: [`MemoryStorage`] is the model that others are checked against.
    pub fn apply_to(self, storage: &mut MemoryStorage) -> Result<(), StorageError> {
        match self {
            Self::Install(snapshot) => storage.install_snapshot(snapshot)?,
            Self::Entries(entries) => storage.append(&entries)?,
            Self::HardState(hard_state) => storage.set_hard_state(hard_state),
            Self::Snapshot(snapshot) => {
                let (conf_state, index) = (snapshot.metadata.conf_state.clone(), snapshot.metadata.index);
                storage.set_snapshot(snapshot)?;
                storage.set_conf_state(conf_state, index);
            }
            Self::Compact(to) => storage.compact(to)?,
        }
        storage.sync(); // it keeps its own undo log, which nobody needs here
        Ok(())
    }

    /// The parts of which a crash keeps the first so many: each entry is one.
    pub fn parts(self) -> Vec<Write> {
        match self {
            Self::Entries(entries) => entries.into_iter().map(|entry| Self::Entries(vec![entry])).collect(),
            write => vec![write],
        }
    }
}

/// What can be wrong with a disk for a while. See [`Disk::inject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The next write fails.
    WriteFails,
    /// The next sync that has something to do fails.
    SyncFails,
    /// From now on there is no space: a write that needs some fails.
    Full,
    /// There is space again.
    Space,
    /// From now on entries and snapshots are [temporarily unavailable](StorageError::TemporarilyUnavailable).
    Unavailable,
    /// They can be read again; so they can after a crash.
    Available,
    /// From now on the entry at this index [cannot be read](StorageError::Corrupt), until it is replaced or compacted
    /// away; before the first entry it is the snapshot that cannot. After a crash all can be read again.
    Corrupt(Index),
}

/// A storage that the simulator can write to, and crash.
pub trait Disk: Storage {
    /// Writes, without making it durable. A write that fails changes nothing.
    fn write(&mut self, write: Write) -> Result<(), StorageError>;

    /// Makes everything written so far survive a crash. If it fails, what was not synced may be lost or
    /// not, and the node has to be rebuilt.
    fn sync(&mut self) -> Result<(), StorageError>;

    /// Stores what a node wants stored, and syncs if it must. Where the loop around your node does that by code of its
    /// own, call that code here: the [storage suite](mod@crate::storage_suite) tries it. By default each
    /// [write](writes_of), and a sync.
    fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        writes_of(task).into_iter().try_for_each(|write| self.write(write))?;
        if task.must_sync() { self.sync() } else { Ok(()) }
    }

    /// Writes since the last sync, each entry counted as one: what a crash may lose.
    fn unsynced(&self) -> usize;

    /// The power fails, and the storage is opened again. Of what was not synced the first `kept` writes
    /// (entries count one each) reached the platter.
    fn crash(&mut self, kept: usize);

    /// The power fails, and the storage is opened again. Of what was not synced any parts reached the
    /// platter, in any order, as the seed says: writes are torn and reordered. What comes back must
    /// still be everything up to the last sync and then the first so many of the writes after it.
    ///
    /// By default a [`crash`](Self::crash) that keeps a number of writes drawn from the seed, which is
    /// right for a storage that has no parts smaller than a write.
    fn crash_torn(&mut self, seed: u64) {
        let choices = self.unsynced().saturating_add(1) as u64;
        self.crash(usize::try_from(seed % choices).unwrap_or(0));
    }

    /// Makes something go wrong, or right again; a crash leaves a full disk full. `false` if this
    /// storage cannot be told to, which is the default.
    fn inject(&mut self, fault: Fault) -> bool {
        let _ = fault;
        false
    }

    /// So many operations on files succeed from now on, and at the next one the power fails: the call under way
    /// fails, with parts of it done perhaps, and so does each after it until a [`crash`](Self::crash). Where it
    /// does not come to that before a crash, it may in the opening after it; then the storage crashes once more,
    /// and is opened. (A [`FakeDir`](crate::file::FakeDir) counts operations.) `false` if this storage cannot be
    /// told to, which is the default.
    fn fail_power_after(&mut self, operations: u64) -> bool {
        let _ = operations;
        false
    }

    /// This store, which is new and empty, is made for a group: from now on it
    /// [names it](quorate::storage::InitialState::cluster_id), after any crash too. `false` if it cannot be told, which is the
    /// default: then it names the group that it was made with, if any.
    fn set_cluster_id(&mut self, cluster_id: ClusterId) -> bool {
        let _ = cluster_id;
        false
    }

    /// This store, which is new and empty, has this identity from now on, after any crash too: what tells it from
    /// [others under its node's id](quorate::storage::InitialState::identity). `false` if it cannot be told, which is the default:
    /// then it has the identity that it was made with, if any.
    fn set_identity(&mut self, identity: Identity) -> bool {
        let _ = identity;
        false
    }

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
    write_fails: bool,
    sync_fails: bool,
    full: bool,
    unavailable: bool,
    corrupt: Option<Index>,
    /// Calls that still succeed before the power fails.
    power: Option<u64>,
}

impl MemoryDisk {
    /// A new store that begins with a snapshot, durable.
    pub fn new(storage: MemoryStorage) -> Self {
        Self {
            durable: storage.clone(),
            read: storage,
            ..Self::default()
        }
    }

    /// Each write and each sync is one operation.
    fn spend(&mut self) -> Result<(), StorageError> {
        let Some(left) = &mut self.power else { return Ok(()) };
        *left = left
            .checked_sub(1)
            .ok_or_else(|| StorageError::Broken("the power failed".to_owned()))?;
        Ok(())
    }

    /// What is stored, durable or not.
    pub fn storage(&self) -> &MemoryStorage {
        &self.read
    }
}

impl Disk for MemoryDisk {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        self.spend()?;
        if std::mem::take(&mut self.write_fails) {
            return Err(StorageError::Broken("the write failed".to_owned()));
        }
        if self.full {
            return Err(StorageError::Broken("the disk is full".to_owned()));
        }
        let replaces = match &write {
            Write::Install(_) => true,
            Write::Entries(entries) => entries.first().is_some_and(|first| Some(first.index) <= self.corrupt),
            Write::Compact(to) => Some(*to) >= self.corrupt,
            Write::HardState(_) | Write::Snapshot(_) => false,
        };
        self.corrupt = self.corrupt.filter(|_| !replaces);
        write.clone().apply_to(&mut self.read)?;
        self.unsynced.extend(write.parts());
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.spend()?;
        if !self.unsynced.is_empty() && std::mem::take(&mut self.sync_fails) {
            return Err(StorageError::Broken("the sync failed".to_owned()));
        }
        self.unsynced
            .drain(..)
            .try_for_each(|write| write.apply_to(&mut self.durable))
    }

    fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    fn crash(&mut self, kept: usize) {
        for write in self.unsynced.drain(..).take(kept) {
            if write.apply_to(&mut self.durable).is_err() {
                break;
            }
        }
        self.unsynced.clear();
        self.read = self.durable.clone();
        (self.write_fails, self.sync_fails, self.power) = (false, false, None);
        (self.unavailable, self.corrupt) = (false, None);
    }

    fn inject(&mut self, fault: Fault) -> bool {
        match fault {
            Fault::WriteFails => self.write_fails = true,
            Fault::SyncFails => self.sync_fails = true,
            Fault::Full => self.full = true,
            Fault::Space => self.full = false,
            Fault::Unavailable => self.unavailable = true,
            Fault::Available => self.unavailable = false,
            Fault::Corrupt(index) => self.corrupt = Some(index),
        }
        true
    }

    fn fail_power_after(&mut self, operations: u64) -> bool {
        self.power = Some(operations);
        true
    }

    fn set_cluster_id(&mut self, cluster_id: ClusterId) -> bool {
        for storage in [&mut self.read, &mut self.durable] {
            *storage = std::mem::take(storage).with_cluster_id(cluster_id);
        }
        true
    }

    fn set_identity(&mut self, identity: Identity) -> bool {
        for storage in [&mut self.read, &mut self.durable] {
            *storage = std::mem::take(storage).with_identity(identity);
        }
        true
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        match self.read.snapshot(0, 0) {
            Err(StorageError::TemporarilyUnavailable) => Ok(Snapshot::default()),
            answer => answer,
        }
    }
}

impl MemoryDisk {
    fn readable(&self) -> Result<&MemoryStorage, StorageError> {
        if self.unavailable {
            return Err(StorageError::TemporarilyUnavailable);
        }
        Ok(&self.read)
    }
}

impl Storage for MemoryDisk {
    quorate::delegate_storage!(read: initial_state, first_index, last_index, term, keeps_promises);

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        match self.corrupt {
            Some(corrupt) if (low..high).contains(&corrupt) => Err(StorageError::Corrupt(corrupt)),
            _ => self.readable()?.entries(low, high, max_bytes),
        }
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        match self.corrupt {
            Some(corrupt) if corrupt < self.read.first_index()? => Err(StorageError::Corrupt(corrupt)),
            _ => self.readable()?.snapshot(peer, at_least),
        }
    }
}
