//! A storage that can be written to.

use super::{MemoryStorage, Storage, StorageError};
use crate::ready::AppendTask;
use crate::types::{Index, Snapshot};

/// A [`Storage`] that writes what a [`Replica`](crate::replica::Replica) wants written. [`MemoryStorage`] is one;
/// the crate `quorate-journal` has one in a file.
///
/// Whoever drives a [`RawNode`](crate::RawNode) by hand needs only [`Storage`] and writes as it likes.
pub trait Store: Storage {
    /// Stores the task's snapshot, entries and hard state, in this order, and makes them durable if it
    /// [must](AppendTask::must_sync): all of it, or an error. What a failed call leaves is overwritten when the same
    /// task comes again; a store that does not know what is durable any more must refuse every later write.
    ///
    /// A crash in the middle may leave the first so many of these writes, each entry being one.
    fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError>;

    /// The latest snapshot of the state machine, to hand to peers and to start again from, becomes this one. The log
    /// stays; the stored configuration becomes the snapshot's, unless it is as of later. All or nothing, and durable
    /// before a later [`compact`](Self::compact) is.
    fn set_snapshot(&mut self, snapshot: Snapshot) -> Result<(), StorageError>;

    /// Drops the entries up to `to` and including it. There is a snapshot that covers them.
    fn compact(&mut self, to: Index) -> Result<(), StorageError>;

    /// The latest snapshot: the one that was set, or one that came from the leader since. `None` in a new store.
    fn latest_snapshot(&self) -> Result<Option<Snapshot>, StorageError>;
}

impl Store for MemoryStorage {
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
