//! A disk that forgets, at a crash, for whom it voted.

use quorate::{HardState, Snapshot, Storage, StorageError};
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
    quorate::delegate_storage!(0);
}
