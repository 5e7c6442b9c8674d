//! The storage of a node: in memory, but with the snapshot that the scripts' rules ask for.

use quorate::types::{Index, NodeId, Term};
use quorate::{Entry, InitialState, MemoryStorage, Snapshot, Storage, StorageError};

/// A storage whose snapshot is always the newest one that the state machine recorded, even where
/// the log is compacted beyond it.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    pub(crate) memory: MemoryStorage,
    pub(crate) handout: Snapshot,
}

impl Storage for Disk {
    fn initial_state(&self) -> Result<InitialState, StorageError> {
        self.memory.initial_state()
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        self.memory.first_index()
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        self.memory.last_index()
    }

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        self.memory.term(index)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Vec<Entry>, StorageError> {
        self.memory.entries(low, high, max_bytes)
    }

    fn snapshot(&self, _: NodeId, _: Index) -> Result<Snapshot, StorageError> {
        if self.handout.is_empty() {
            return Err(StorageError::TemporarilyUnavailable);
        }
        Ok(self.handout.clone())
    }
}
