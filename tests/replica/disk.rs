//! A store whose writes fail when they are told to.

use quorate::ready::AppendTask;
use quorate::storage::Store;
use quorate::{Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError};

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) memory: MemoryStorage,
    /// So many of the next writes fail.
    pub(crate) failing: u32,
    /// So many snapshots were taken.
    pub(crate) taken: u32,
    /// It has no snapshot to send.
    pub(crate) hides: bool,
}

impl Disk {
    fn check(&mut self) -> Result<(), StorageError> {
        match self.failing.checked_sub(1) {
            None => Ok(()),
            Some(left) => {
                self.failing = left;
                Err(StorageError::Broken("the disk is full".into()))
            }
        }
    }
}

impl Storage for Disk {
    quorate::delegate_storage!(memory: initial_state, first_index, last_index, term, entries, keeps_promises);

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        if self.hides {
            return Err(StorageError::TemporarilyUnavailable);
        }
        self.memory.snapshot(peer, at_least)
    }
}

impl From<MemoryStorage> for Disk {
    fn from(memory: MemoryStorage) -> Self {
        Self {
            memory,
            ..Self::default()
        }
    }
}

impl Store for Disk {
    fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        self.check()?;
        self.memory.persist_task(task)
    }

    fn set_snapshot(&mut self, snapshot: Snapshot) -> Result<(), StorageError> {
        self.check()?;
        self.taken += 1;
        self.memory.set_snapshot(snapshot)
    }

    fn compact(&mut self, to: Index) -> Result<(), StorageError> {
        self.check()?;
        self.memory.compact(to)?;
        self.memory.sync();
        Ok(())
    }

    fn latest_snapshot(&self) -> Result<Option<Snapshot>, StorageError> {
        Ok(self.memory.latest_snapshot())
    }
}
