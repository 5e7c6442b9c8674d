//! The storage suite of the simulator, and the simulator itself, over a journal whose file tears.

use std::io;

use quorate::ready::AppendTask;
use quorate::types::{ClusterId, Identity};
use quorate::{MemoryStorage, Snapshot, Storage, StorageError};
use quorate_journal::{Journal, JournalFile};
use quorate_sim::disk::{Disk, Fault, Write};
use quorate_sim::file::FakeFile;

/// A file whose new contents take the place of the old ones at once, as a rename does.
#[derive(Debug, Default)]
struct Torn {
    file: FakeFile,
    seed: u64,
    capacity: Option<usize>,
}

impl JournalFile for Torn {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.file.read(0, self.file.len()).to_vec())
    }

    /// Each record is a write of its own, of which a crash keeps the first so many.
    fn append(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some(length) = bytes.first_chunk() {
            let length = 8 + u32::from_le_bytes(*length) as usize;
            self.file.append(&bytes[..length])?;
            bytes = &bytes[length..];
        }
        Ok(())
    }

    fn truncate(&mut self, length: usize) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self
            .capacity
            .is_some_and(|capacity| self.file.len() + bytes.len() > capacity)
        {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut file = FakeFile::new();
        file.append(bytes)?;
        file.sync()?;
        file.set_capacity(self.capacity);
        self.file = file;
        Ok(())
    }
}

/// The journal as the suite writes to it.
#[derive(Debug)]
struct Written {
    journal: Journal<Torn>,
    /// The file is written anew after each compaction.
    rewrites: bool,
}

impl Written {
    fn new(seed: u64, rewrites: bool) -> Self {
        let file = Torn {
            seed,
            ..Torn::default()
        };
        let journal = Journal::create_over(file, MemoryStorage::new()).expect("an empty file");
        Self { journal, rewrites }
    }

    fn reopen(&mut self, crash: impl FnOnce(&mut FakeFile)) {
        let mut file = std::mem::take(self.journal.file_mut());
        crash(&mut file.file);
        self.journal = Journal::open_over(file).expect("what a crash leaves");
    }
}

impl Disk for Written {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        match write {
            Write::Install(snapshot) => self.journal.install(snapshot),
            Write::Entries(entries) => self.journal.append(&entries),
            Write::HardState(hard_state) => self.journal.set_hard_state(hard_state),
            Write::Snapshot(snapshot) => self.journal.set_snapshot(snapshot),
            Write::Compact(to) if self.rewrites => {
                self.journal.compact(to)?;
                self.journal.rewrite()
            }
            Write::Compact(to) => self.journal.compact(to),
        }
    }

    /// As a loop does it.
    fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        self.journal.persist_task(task)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.journal.sync()
    }

    fn unsynced(&self) -> usize {
        self.journal.file().file.unsynced()
    }

    fn crash(&mut self, kept: usize) {
        self.reopen(|file| file.crash(kept));
    }

    fn crash_torn(&mut self, seed: u64) {
        self.reopen(|file| file.crash_torn(seed));
    }

    fn inject(&mut self, fault: Fault) -> bool {
        let torn = self.journal.file_mut();
        torn.seed = torn.seed.wrapping_add(1);
        match fault {
            Fault::WriteFails => torn.file.fail_next_write(torn.seed),
            Fault::SyncFails => torn.file.fail_next_sync(torn.seed),
            Fault::Full => torn.capacity = Some(torn.file.len() + 100),
            Fault::Space => torn.capacity = None,
            _ => return false,
        }
        torn.file.set_capacity(torn.capacity);
        true
    }

    fn set_cluster_id(&mut self, cluster_id: ClusterId) -> bool {
        let named = self.journal.memory().clone().with_cluster_id(cluster_id);
        self.journal.replace_with(named).is_ok()
    }

    fn set_identity(&mut self, identity: Identity) -> bool {
        let named = self.journal.memory().clone().with_identity(identity);
        self.journal.replace_with(named).is_ok()
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        Ok(self.journal.latest_snapshot().unwrap_or_default())
    }
}

impl Storage for Written {
    quorate::delegate_storage!(journal);
}

mod appending {
    quorate_sim::storage_suite!(|number| crate::Written::new(number, false));
}

/// A compaction that writes the file anew is durable at once, with everything before it: what is not synced then
/// is not what a crash could lose.
mod written_anew {
    quorate_sim::storage_suite!(
        |number| crate::Written::new(number, true),
        except: [a_crash_keeps_what_it_is_told, unsynced_is_counted]
    );
}
