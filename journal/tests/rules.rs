//! The storage suite of the simulator, and the simulator itself, over a journal whose file tears.

use std::cell::{RefCell, RefMut};
use std::io;
use std::rc::Rc;

use quorate::ready::AppendTask;
use quorate::types::{ClusterId, Identity};
use quorate::{MemoryStorage, Snapshot, Storage, StorageError};
use quorate_journal::{Journal, JournalFile};
use quorate_sim::disk::{Disk, Fault, Write};
use quorate_sim::file::FakeDir;
use quorate_sim::storage_suite::Rule;

const FILE: &str = "raft";
const ASIDE: &str = "raft.new";

/// A file in a directory that tears: its steps are those of `DiskFile` in a real one. The journal may be lost while it is
/// opened, and the directory is not.
#[derive(Clone, Debug, Default)]
struct Torn {
    directory: Rc<RefCell<FakeDir>>,
    forgotten: Option<Care>,
}

/// What can be forgotten when a file is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// The new file is synced before it takes the place of the old one.
    Content,
    /// The directory is synced once it has.
    Name,
}

impl Torn {
    fn takes(&self, care: Care) -> bool {
        self.forgotten != Some(care)
    }
}

impl JournalFile for Torn {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        Ok(self.directory.borrow().read(FILE)?.to_vec())
    }

    /// Each record is a write of its own, of which a crash keeps the first so many.
    fn append(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while let Some(length) = bytes.first_chunk() {
            let length = 8 + u32::from_le_bytes(*length) as usize;
            self.directory.borrow_mut().append(FILE, &bytes[..length])?;
            bytes = &bytes[length..];
        }
        Ok(())
    }

    fn truncate(&mut self, length: usize) -> io::Result<()> {
        self.directory.borrow_mut().set_len(FILE, length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.directory.borrow_mut().sync(FILE)
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut directory = self.directory.borrow_mut();
        directory.create(ASIDE)?;
        directory.append(ASIDE, bytes)?;
        if self.takes(Care::Content) {
            directory.sync(ASIDE)?;
        }
        directory.rename(ASIDE, FILE)?;
        if self.takes(Care::Name) {
            directory.sync_directory()?;
        }
        Ok(())
    }
}

/// The journal as the suite writes to it.
#[derive(Debug)]
struct Written {
    journal: Journal<Torn>,
    /// The file is written anew after each compaction.
    rewrites: bool,
    seed: u64,
}

impl Written {
    fn new(seed: u64, rewrites: bool) -> Self {
        Self::forgetting(seed, rewrites, None)
    }

    fn forgetting(seed: u64, rewrites: bool, forgotten: Option<Care>) -> Self {
        let mut file = Torn::default();
        let journal = Journal::create_over(file.clone(), MemoryStorage::new()).expect("an empty directory");
        file.forgotten = forgotten;
        let mut written = Self {
            journal,
            rewrites,
            seed,
        };
        *written.journal.file_mut() = file;
        written
    }

    fn directory(&self) -> RefMut<'_, FakeDir> {
        self.journal.file().directory.borrow_mut()
    }

    /// The power may fail again while the journal is opened.
    fn reopen(&mut self) {
        let file = self.journal.file().clone();
        match Journal::open_over(file) {
            Ok(journal) => self.journal = journal,
            Err(error) if self.directory().is_off() => {
                drop(error);
                self.directory().crash(0);
                self.reopen();
            }
            Err(error) => panic!("what a crash leaves cannot be opened: {error}"),
        }
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
        self.directory().unsynced()
    }

    fn crash(&mut self, kept: usize) {
        self.directory().crash(kept);
        self.reopen();
    }

    fn crash_torn(&mut self, seed: u64) {
        self.directory().crash_torn(seed);
        self.reopen();
    }

    fn inject(&mut self, fault: Fault) -> bool {
        self.seed = self.seed.wrapping_add(1);
        let seed = self.seed;
        let mut directory = self.directory();
        let size = directory.size();
        match fault {
            Fault::WriteFails => directory.fail_next_write(seed),
            Fault::SyncFails => directory.fail_next_sync(seed),
            Fault::Full => directory.set_capacity(Some(size + 100)),
            Fault::Space => directory.set_capacity(None),
            _ => return false,
        }
        true
    }

    fn fail_power_after(&mut self, operations: u64) -> bool {
        self.directory().fail_power_after(operations);
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

/// A file that takes another's place without its syncs: the rules find it out.
#[test]
fn a_replacement_without_its_syncs_is_found_out() {
    for care in [Care::Content, Care::Name] {
        let rule = Rule::named("a_crash_inside_a_write_keeps_a_prefix").expect("a rule");
        let found = rule.run(|seed| Written::forgetting(seed, true, Some(care)));
        println!("{}", found.expect_err("it may be lost"));
    }
}

/// The power fails at each operation of a creation: there is a whole journal, or none, and then it can be begun anew.
#[test]
fn a_creation_that_is_cut_short_leaves_nothing_or_all() {
    for (operations, seed) in (0..8).flat_map(|operations| (0..8).map(move |seed| (operations, seed))) {
        let file = Torn::default();
        file.directory.borrow_mut().fail_power_after(operations);
        let store = MemoryStorage::new().with_cluster_id(7);
        let created = Journal::create_over(file.clone(), store.clone()).is_ok();
        assert_eq!(created, operations > 4, "it is five operations");
        file.directory.borrow_mut().crash_torn(seed);
        file.directory.borrow_mut().fail_power_after(u64::MAX);
        let is_there = file.directory.borrow().names().any(|name| name == FILE);
        assert!(is_there || !created);
        if is_there {
            let opened = Journal::open_over(file).expect("a whole one");
            assert_eq!(opened.memory(), &store);
        } else {
            assert!(Journal::create_over(file, store).is_ok());
        }
    }
}
