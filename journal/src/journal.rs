//! The store: what is read is in memory, what is written is in the file first.

use std::io;
use std::path::Path;

use quorate::ready::AppendTask;
use quorate::storage::Store;
use quorate::types::{ClusterId, Identity, SnapshotMetadata};
use quorate::{
    ConfState, Config, Entry, EntryId, HardState, Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError,
    bootstrap,
};

use crate::change::Change;
use crate::error::JournalError;
use crate::file::{DiskFile, JournalFile};
use crate::record;

/// Below this a file is not worth writing anew.
const SMALL: usize = 1 << 20;

/// A store for one node. A write that fails changes nothing, and may be tried again. After a sync that failed, or a
/// file that could not be written anew, nobody knows what is durable, so that every later write fails until the journal
/// is opened anew.
#[derive(Debug)]
pub struct Journal<F = DiskFile> {
    memory: MemoryStorage,
    file: F,
    /// Bytes in the file, ...
    length: usize,
    /// ... and when it was last written anew.
    rewritten: usize,
    failed: bool,
}

impl Journal {
    /// A new journal that holds this: most begin by [`found`](Self::found) or [`join`](Self::join). Creating a store is done once, by whoever sets up the node: never where a node is merely started, for
    /// a store that was lost and is created anew has forgotten what it acknowledged.
    ///
    /// # Errors
    ///
    /// [`JournalError::Exists`] if there is a file already.
    pub fn create(path: impl AsRef<Path>, store: MemoryStorage) -> Result<Self, JournalError> {
        let path = path.as_ref();
        if path.try_exists()? {
            return Err(JournalError::Exists(path.to_path_buf()));
        }
        let file = DiskFile::create(path).map_err(|error| JournalError::of(path, error))?;
        Self::create_over(file, store)
    }

    /// Creates the store of a founder: of the group with this id (0 for none), with the identity by which `founders`
    /// names the node's store, if it does. Once, and at each founder.
    ///
    /// # Errors
    ///
    /// [`JournalError::Founder`] if the node is none of the voters, [`Exists`](JournalError::Exists) if there is a file
    /// already.
    pub fn found(
        path: impl AsRef<Path>,
        id: NodeId,
        founders: &ConfState,
        cluster_id: ClusterId,
    ) -> Result<Self, JournalError> {
        let named = founders.identities.iter().find(|(node, _)| *node == id);
        let made = |store: MemoryStorage| {
            let store = store.with_cluster_id(cluster_id);
            store.with_identity(named.map_or(0, |(_, identity)| *identity))
        };
        let first = bootstrap(id, &made(MemoryStorage::new()), founders)?;
        Self::create(path, made(MemoryStorage::from_snapshot(first)))
    }

    /// Creates the store of a node that joins a group with this id (0 for none): empty, until a leader speaks to it.
    /// Where the members' stores are named, the change that adds it names this `identity`, a random number; else it is
    /// 0, for a store with an identity that nobody names takes part in nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError::Exists`] if there is a file already.
    pub fn join(path: impl AsRef<Path>, cluster_id: ClusterId, identity: Identity) -> Result<Self, JournalError> {
        let store = MemoryStorage::new().with_cluster_id(cluster_id);
        Self::create(path, store.with_identity(identity))
    }

    /// Opens the journal in this file, and keeps others off it: it is locked by a file beside it, which ends with
    /// `.lock` and may stay there.
    ///
    /// # Errors
    ///
    /// If there is none, [`JournalError::File`]: the store is lost, and must not be created anew under the same name.
    /// If it is open already, [`JournalError::Locked`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        let path = path.as_ref();
        let file = DiskFile::open(path).map_err(|error| JournalError::of(path, error))?;
        Self::open_over(file)
    }
}

impl<F: JournalFile> Journal<F> {
    /// A new journal in a file of your own kind, whose contents it replaces.
    pub fn create_over(file: F, store: MemoryStorage) -> Result<Self, JournalError> {
        let mut journal = Self {
            memory: store,
            file,
            length: 0,
            rewritten: 0,
            failed: false,
        };
        journal.memory.sync();
        journal
            .rewrite()
            .map_err(|error| JournalError::File(io::Error::other(error)))?;
        Ok(journal)
    }

    /// The journal in a file of your own kind.
    pub fn open_over(mut file: F) -> Result<Self, JournalError> {
        let bytes = file.read_all()?;
        let (memory, length) = replay(&bytes)?;
        if length < bytes.len() {
            file.truncate(length)?;
            file.sync()?; // or the tail could come back under what is written in its place
        }
        Ok(Self {
            memory,
            file,
            length,
            rewritten: 0,
            failed: false,
        })
    }

    /// The settings with which a node starts on this journal: [`applied`](Config::applied) as of the latest snapshot,
    /// from which the state machine begins, and the store's group.
    pub fn configured(&self, mut config: Config) -> Config {
        let snapshot = self.latest_snapshot().unwrap_or_default();
        config.applied = snapshot.metadata.index;
        config.cluster_id = self.memory.initial_state().map_or(0, |state| state.cluster_id);
        config
    }

    /// Puts another store in the place of this one, all of it or nothing, synced: what a
    /// [recovery](quorate::recover) makes of it.
    pub fn replace_with(&mut self, store: MemoryStorage) -> Result<(), StorageError> {
        let before = std::mem::replace(&mut self.memory, store);
        self.memory.sync();
        self.rewrite().inspect_err(|_| self.memory = before)
    }

    /// What is stored.
    pub fn memory(&self) -> &MemoryStorage {
        &self.memory
    }

    /// The file.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// The file, to do to it what a test does.
    pub fn file_mut(&mut self) -> &mut F {
        &mut self.file
    }

    /// Stores what a task says, all of it or nothing, and syncs if it must.
    pub fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        self.write_task(task)?;
        if task.must_sync() { self.sync() } else { Ok(()) }
    }

    /// The same, leaving it to the caller to [`sync`](Self::sync). After a power failure the first so many of
    /// snapshot, entries and hard state are there.
    pub fn write_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        let snapshot = task.snapshot().cloned().map(Change::Install);
        let entries = task.entries().iter().cloned().map(Change::Entry);
        let hard_state = task.hard_state().map(Change::HardState);
        let changes: Vec<Change> = snapshot.into_iter().chain(entries).chain(hard_state).collect();
        self.write(&changes, |memory| memory.write_task(task))
    }

    /// Replaces the log by a snapshot. Not synced.
    pub fn install(&mut self, snapshot: Snapshot) -> Result<(), StorageError> {
        self.change(&Change::Install(snapshot))
    }

    /// Replaces the log from the first of the entries on. Not synced.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), StorageError> {
        let changes: Vec<Change> = entries.iter().cloned().map(Change::Entry).collect();
        self.write(&changes, |memory| memory.append(entries))
    }

    /// Replaces the hard state. Not synced.
    pub fn set_hard_state(&mut self, hard_state: HardState) -> Result<(), StorageError> {
        self.change(&Change::HardState(hard_state))
    }

    fn change(&mut self, change: &Change) -> Result<(), StorageError> {
        self.write(std::slice::from_ref(change), |memory| change.clone().apply_to(memory))
    }

    /// Makes the changes, in memory by `act` and in the file, or in neither.
    fn write(
        &mut self,
        changes: &[Change],
        act: impl FnOnce(&mut MemoryStorage) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        self.refuse_if_failed()?;
        let mut records = Vec::new();
        for change in changes {
            record::push(&mut records, change)?;
        }
        if let Err(error) = act(&mut self.memory) {
            self.memory.crash(); // back to before
            return Err(error);
        }
        if let Err(error) = self.file.append(&records) {
            self.memory.crash();
            self.take_back()?;
            return Err(error.into());
        }
        self.memory.sync(); // the file is what remembers
        self.length += records.len();
        Ok(())
    }

    /// Takes a snapshot of the own state machine for the one to hand to others from now on; its configuration
    /// is the one to start with. Not synced.
    pub fn set_snapshot(&mut self, snapshot: Snapshot) -> Result<(), StorageError> {
        self.change(&Change::Snapshot(snapshot))
    }

    /// Replaces the configuration, which has all changes up to `index`. Not synced.
    pub fn set_conf_state(&mut self, conf_state: ConfState, index: Index) -> Result<(), StorageError> {
        self.change(&Change::ConfState(index, conf_state))
    }

    /// Drops the log up to and including `to`, for which the snapshot must stand, and writes the file anew if
    /// more than half of it is of no use.
    pub fn compact(&mut self, to: Index) -> Result<(), StorageError> {
        if self
            .latest_snapshot()
            .is_none_or(|snapshot| snapshot.metadata.index < to)
        {
            return Err(StorageError::Unavailable);
        }
        self.change(&Change::Compact(to))?;
        if self.length > SMALL && self.length / 2 > self.rewritten {
            self.rewrite()?;
        }
        Ok(())
    }

    /// The snapshot to start the state machine from, and to hand to others; none in a new store.
    pub fn latest_snapshot(&self) -> Option<Snapshot> {
        self.memory.latest_snapshot()
    }

    /// Writes all of it into a new file that takes the place of this one. Synced.
    pub fn rewrite(&mut self) -> Result<(), StorageError> {
        self.refuse_if_failed()?;
        let mut bytes = record::HEADER.to_vec();
        for change in whole(&self.memory)? {
            record::push(&mut bytes, &change)?;
        }
        self.file.replace(&bytes).map_err(|error| self.fail(&error))?;
        (self.length, self.rewritten) = (bytes.len(), bytes.len());
        Ok(())
    }

    /// Makes everything written so far survive a power failure.
    pub fn sync(&mut self) -> Result<(), StorageError> {
        self.refuse_if_failed()?;
        self.file.sync().map_err(|error| self.fail(&error))
    }

    /// Cuts off what a write that failed has left, and syncs that, or a crash would undo the cut.
    fn take_back(&mut self) -> Result<(), StorageError> {
        let cut = self.file.truncate(self.length).and_then(|()| self.file.sync());
        cut.map_err(|error| self.fail(&error))
    }

    fn fail(&mut self, error: &io::Error) -> StorageError {
        self.failed = true;
        StorageError::Broken(error.to_string())
    }

    fn refuse_if_failed(&self) -> Result<(), StorageError> {
        if self.failed {
            return Err(StorageError::Broken(
                "a sync or a rewrite failed before: open the journal anew".into(),
            ));
        }
        Ok(())
    }
}

impl<F> Storage for Journal<F> {
    quorate::delegate_storage!(memory);
}

impl<F: JournalFile> Store for Journal<F> {
    fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        self.persist_task(task)
    }

    fn set_snapshot(&mut self, snapshot: Snapshot) -> Result<(), StorageError> {
        self.set_snapshot(snapshot)
    }

    fn compact(&mut self, to: Index) -> Result<(), StorageError> {
        self.compact(to)
    }

    fn latest_snapshot(&self) -> Result<Option<Snapshot>, StorageError> {
        Ok(self.latest_snapshot())
    }
}

/// What the whole records among these bytes make, and how long they are with the header.
fn replay(bytes: &[u8]) -> Result<(MemoryStorage, usize), JournalError> {
    let mut memory = MemoryStorage::new();
    if !bytes.starts_with(&record::HEADER) {
        let begin = bytes.iter().take(record::HEADER.len());
        return Err(JournalError::Header(begin.copied().collect()));
    }
    let mut at = record::HEADER.len();
    while let Some(content) = bytes.get(at..).and_then(record::content) {
        let change = Change::decode(content).map_err(|error| JournalError::Record { at, error })?;
        change
            .apply_to(&mut memory)
            .map_err(|error| JournalError::Misfit { at, error })?;
        at += record::length(content);
    }
    memory.sync();
    Ok((memory, at))
}

/// The changes that make a store like this one out of nothing.
fn whole(memory: &MemoryStorage) -> Result<Vec<Change>, StorageError> {
    let initial = memory.initial_state()?;
    let index = memory.first_index()?.saturating_sub(1);
    let mut changes = vec![Change::Made(initial.cluster_id, initial.identity)];
    if index > 0 {
        let base = EntryId {
            term: memory.term(index)?,
            index,
        };
        let metadata = SnapshotMetadata::new(base, initial.conf_state.clone());
        changes.push(Change::Install(Snapshot::new(metadata, "")));
    }
    changes.extend(memory.log().iter().cloned().map(Change::Entry));
    changes.extend(memory.latest_snapshot().map(Change::Snapshot));
    changes.push(Change::ConfState(initial.conf_state_index, initial.conf_state));
    changes.push(Change::HardState(initial.hard_state));
    Ok(changes)
}
