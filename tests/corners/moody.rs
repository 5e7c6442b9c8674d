//! A storage that answers as it should until a switch says otherwise.

use std::cell::Cell;
use std::rc::Rc;

use quorate::{Entries, Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError, Term};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moody {
    pub(crate) memory: MemoryStorage,
    /// The term at this index is still being fetched.
    pub(crate) cold_term: Option<Index>,
    /// What every question for entries is answered with.
    pub(crate) entries_error: Option<StorageError>,
    /// What every question for a snapshot is answered with.
    pub(crate) snapshot_answer: Option<Result<Snapshot, StorageError>>,
    /// Questions for entries so far. All clones share it, so that it never tells them apart.
    pub(crate) questions: Rc<Cell<u32>>,
}

impl Moody {
    pub(crate) fn new(memory: MemoryStorage) -> Self {
        Self {
            memory,
            cold_term: None,
            entries_error: None,
            snapshot_answer: None,
            questions: Rc::default(),
        }
    }
}

impl Storage for Moody {
    quorate::delegate_storage!(memory: initial_state, first_index, last_index, keeps_promises);

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        if self.cold_term == Some(index) {
            return Err(StorageError::TemporarilyUnavailable);
        }
        self.memory.term(index)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        self.questions.set(self.questions.get() + 1);
        match &self.entries_error {
            Some(error) => Err(error.clone()),
            None => self.memory.entries(low, high, max_bytes),
        }
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        let answer = self.snapshot_answer.clone();
        answer.unwrap_or_else(|| self.memory.snapshot(peer, at_least))
    }
}
