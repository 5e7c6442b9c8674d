//! A disk that forgets, at a crash, for whom it voted.

use quorate::storage::InitialState;
use quorate::{Entries, HardState, Index, NodeId, Snapshot, Storage, StorageError, Term};
use quorate_sim::disk::{Disk, MemoryDisk, Write};

#[derive(Clone, Debug, Default)]
pub(crate) struct LyingDisk(MemoryDisk);

impl Disk for LyingDisk {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        self.0.write(write)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.0.sync()
    }

    fn unsynced(&self) -> usize {
        self.0.unsynced()
    }

    fn crash(&mut self, kept: usize) {
        self.0.crash(kept);
        let held = self.0.storage().hard_state();
        let forgetful = HardState::new(held.term, None, held.commit).with_promised_ticks(held.promised_ticks);
        let forgets = self.0.write(Write::HardState(forgetful)).and_then(|()| self.0.sync());
        forgets.expect("a disk that can be written");
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        self.0.latest_snapshot()
    }
}

impl Storage for LyingDisk {
    fn keeps_promises(&self) -> bool {
        self.0.keeps_promises()
    }

    fn initial_state(&self) -> Result<InitialState, StorageError> {
        self.0.initial_state()
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        self.0.first_index()
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        self.0.last_index()
    }

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        self.0.term(index)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        self.0.entries(low, high, max_bytes)
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        self.0.snapshot(peer, at_least)
    }
}
