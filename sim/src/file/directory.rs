//! A directory in memory: files that are made, renamed and removed, and a power failure at any operation.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};

use super::{Change, below, full};
use crate::dice::Dice;

/// A directory of files in memory, for storages that have more than one, or rename them.
///
/// What is written is durable once its file is synced; that a file is there under a name (made, renamed, removed), once
/// the directory is. Until then a crash keeps or loses each change by itself, in any order, and tears those of bytes.
///
/// Each call that changes something is one operation, so that the power can [fail](Self::fail_power_after) at any of
/// them.
///
/// ```
/// use quorate_sim::file::FakeDir;
/// let mut directory = FakeDir::new();
/// directory.create("log")?;
/// directory.append("log", b"kept")?;
/// directory.sync("log")?;
/// directory.sync_directory()?;
/// directory.create("log.new")?;
/// directory.append("log.new", b"written anew")?;
/// directory.fail_power_after(1);
/// directory.sync("log.new")?;
/// assert!(directory.rename("log.new", "log").is_err(), "the power fails");
/// directory.crash(0);
/// assert_eq!(directory.read("log")?, b"kept");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FakeDir {
    files: BTreeMap<u64, File>,
    /// What a process finds, and what is there after a crash.
    names: BTreeMap<String, u64>,
    durable: BTreeMap<String, u64>,
    /// In the order in which they were made.
    unsynced: Vec<Unsynced>,
    made: u64,
    capacity: Option<usize>,
    failing_write: Option<u64>,
    failing_sync: Option<u64>,
    /// Operations that still succeed.
    power: Option<u64>,
    is_off: bool,
}

/// What is in a file, and what of it a crash leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct File {
    read: Vec<u8>,
    durable: Vec<u8>,
}

/// A change that is not durable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Unsynced {
    Content(u64, Change),
    Name(Naming),
}

/// A change of the directory itself; each is whole or not there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Naming {
    Made(String, u64),
    Renamed(String, String, u64),
    Removed(String, u64),
}

impl Naming {
    fn apply_to(self, names: &mut BTreeMap<String, u64>) {
        let mut drop = |name: &String, file| {
            if names.get(name) == Some(&file) {
                names.remove(name);
            }
        };
        match self {
            Self::Removed(name, file) => drop(&name, file),
            Self::Renamed(from, to, file) => {
                drop(&from, file);
                names.insert(to, file);
            }
            Self::Made(name, file) => {
                names.insert(name, file);
            }
        }
    }
}

impl FakeDir {
    /// An empty directory on a disk with space.
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of its files, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// All that is written in a file; [`NotFound`](ErrorKind::NotFound) if there is none of this name.
    pub fn read(&self, name: &str) -> io::Result<&[u8]> {
        let file = self.names.get(name).and_then(|file| self.files.get(file));
        file.map(|file| file.read.as_slice())
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// An empty file of this name; one that is there is emptied.
    pub fn create(&mut self, name: &str) -> io::Result<()> {
        self.operate(|directory| {
            if let Some(file) = directory.names.get(name).copied() {
                return directory.change(file, Change::Length(0));
            }
            directory.made += 1;
            let file = directory.made;
            directory.files.insert(file, File::default());
            directory.rename_by(Naming::Made(name.to_owned(), file));
            Ok(())
        })
    }

    /// Writes at a file's end.
    ///
    /// A write that fails may have written its beginning, as a real one may.
    pub fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let at = self.read(name)?.len();
        self.write_at(name, at, bytes)
    }

    /// Writes at `at`; a gap between the end and `at` is zero.
    ///
    /// A write that fails may have written its beginning, as a real one may.
    pub fn write_at(&mut self, name: &str, at: usize, bytes: &[u8]) -> io::Result<()> {
        let file = self.file(name)?;
        self.operate(|directory| {
            if let Some(seed) = directory.failing_write.take() {
                let written = below(&mut Dice::new(seed), bytes.len());
                directory.write(file, at, &bytes[..written])?;
                return Err(io::Error::other("the write failed"));
            }
            let fitting = directory
                .fitting(file, at.saturating_add(bytes.len()))
                .saturating_sub(at);
            directory.write(file, at, &bytes[..fitting.min(bytes.len())])?;
            if fitting < bytes.len() { Err(full()) } else { Ok(()) }
        })
    }

    /// Cuts a file, or makes it longer with zeros.
    pub fn set_len(&mut self, name: &str, length: usize) -> io::Result<()> {
        let file = self.file(name)?;
        self.operate(|directory| {
            if directory.fitting(file, length) < length {
                return Err(full());
            }
            directory.change(file, Change::Length(length))
        })
    }

    /// Makes all that was written to a file survive a crash; not that it is there under this name.
    ///
    /// When it fails, some parts of it are durable, and the others never will be.
    pub fn sync(&mut self, name: &str) -> io::Result<()> {
        let file = self.file(name)?;
        self.sync_all(|change| matches!(change, Unsynced::Content(of, _) if *of == file))
    }

    /// Makes the names survive a crash: of what was made, renamed and removed.
    pub fn sync_directory(&mut self) -> io::Result<()> {
        self.sync_all(|change| matches!(change, Unsynced::Name(_)))
    }

    /// Gives a file another name; what was there under that is gone. After a crash it has the one or the other.
    pub fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let file = self.file(from)?;
        self.operate(|directory| {
            directory.rename_by(Naming::Renamed(from.to_owned(), to.to_owned(), file));
            Ok(())
        })
    }

    /// Removes a file.
    pub fn remove(&mut self, name: &str) -> io::Result<()> {
        let file = self.file(name)?;
        self.operate(|directory| {
            directory.rename_by(Naming::Removed(name.to_owned(), file));
            Ok(())
        })
    }

    /// Changes that are not durable: writes of one byte or more, new lengths, and names.
    pub fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// The power fails; of what was not synced the first `kept` changes are durable, in the order in which they were
    /// made.
    pub fn crash(&mut self, kept: usize) {
        let changes = std::mem::take(&mut self.unsynced);
        for change in changes.into_iter().take(kept) {
            self.settle(change);
        }
        self.reopen();
    }

    /// The power fails; of what was not synced any parts are durable, as the seed says: each change is there or not,
    /// those of bytes perhaps in part (see [`FakeFile::crash_torn`](super::FakeFile::crash_torn)).
    pub fn crash_torn(&mut self, seed: u64) {
        let changes = std::mem::take(&mut self.unsynced);
        self.tear(changes, seed);
        self.reopen();
    }

    /// So many operations succeed from now on; the power fails at the next one, of which parts may be done, and nothing
    /// works until a crash. Where it does not come to that before a crash, it may come to it after: a storage that is
    /// opened again may write, too.
    pub fn fail_power_after(&mut self, operations: u64) {
        self.power = Some(operations);
    }

    /// Whether the power failed, and no crash followed.
    pub fn is_off(&self) -> bool {
        self.is_off
    }

    /// The disk has space for so many bytes of all files; `None`, the default, for any number. What is written already
    /// stays, and can be overwritten.
    pub fn set_capacity(&mut self, capacity: Option<usize>) {
        self.capacity = capacity;
    }

    /// Bytes in all files.
    pub fn size(&self) -> usize {
        let files = self.names.values().filter_map(|file| self.files.get(file));
        files.map(|file| file.read.len()).sum()
    }

    /// The next write fails after writing less than all of it, as the seed says.
    pub fn fail_next_write(&mut self, seed: u64) {
        self.failing_write = Some(seed);
    }

    /// The next sync that has something to do fails, as the seed says.
    pub fn fail_next_sync(&mut self, seed: u64) {
        self.failing_sync = Some(seed);
    }

    fn file(&self, name: &str) -> io::Result<u64> {
        self.names.get(name).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }

    /// How long a file may become, up to this.
    fn fitting(&self, file: u64, length: usize) -> usize {
        let is = self.files.get(&file).map_or(0, |file| file.read.len());
        let room = self.capacity.map(|capacity| capacity.saturating_sub(self.size()));
        room.map_or(length, |room| length.min(is.saturating_add(room)))
    }

    fn operate(&mut self, act: impl FnOnce(&mut Self) -> io::Result<()>) -> io::Result<()> {
        if self.is_off {
            return Err(no_power());
        }
        self.is_off = self.power == Some(0);
        self.power = self.power.map(|left| left.saturating_sub(1));
        let done = act(self);
        if self.is_off {
            self.power = None;
            return Err(no_power());
        }
        done
    }

    fn sync_all(&mut self, of_this: impl Fn(&Unsynced) -> bool) -> io::Result<()> {
        self.operate(|directory| {
            let changes = std::mem::take(&mut directory.unsynced);
            let (synced, rest): (Vec<_>, Vec<_>) = changes.into_iter().partition(of_this);
            directory.unsynced = rest;
            let fails = (!synced.is_empty()).then(|| directory.failing_sync.take()).flatten();
            if let Some(seed) = fails.or(directory.is_off.then_some(directory.made)) {
                directory.tear(synced, seed);
                return Err(io::Error::other("the sync failed"));
            }
            for change in synced {
                directory.settle(change);
            }
            Ok(())
        })
    }

    fn write(&mut self, file: u64, at: usize, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let bytes = bytes.to_vec();
        self.change(file, Change::Bytes { at, bytes })
    }

    fn change(&mut self, file: u64, change: Change) -> io::Result<()> {
        let content = self.files.get_mut(&file).ok_or(ErrorKind::NotFound)?;
        change.apply_to(&mut content.read);
        self.unsynced.push(Unsynced::Content(file, change));
        Ok(())
    }

    fn rename_by(&mut self, naming: Naming) {
        naming.clone().apply_to(&mut self.names);
        self.unsynced.push(Unsynced::Name(naming));
    }

    fn settle(&mut self, change: Unsynced) {
        match change {
            Unsynced::Name(naming) => naming.apply_to(&mut self.durable),
            Unsynced::Content(file, change) => {
                if let Some(file) = self.files.get_mut(&file) {
                    change.apply_to(&mut file.durable);
                }
            }
        }
    }

    fn tear(&mut self, changes: Vec<Unsynced>, seed: u64) {
        let mut dice = Dice::new(seed);
        for change in changes {
            match change {
                Unsynced::Content(file, change) => {
                    if let Some(file) = self.files.get_mut(&file) {
                        change.tear_into(&mut file.durable, &mut dice);
                    }
                }
                naming if dice.below(2) == 0 => self.settle(naming),
                Unsynced::Name(_) => {}
            }
        }
    }

    /// What is read is what is durable. A full disk stays full.
    fn reopen(&mut self) {
        self.names.clone_from(&self.durable);
        let named: Vec<u64> = self.names.values().copied().collect();
        self.files.retain(|file, _| named.contains(file));
        for file in self.files.values_mut() {
            file.read.clone_from(&file.durable);
        }
        (self.failing_write, self.failing_sync, self.is_off) = (None, None, false);
    }
}

fn no_power() -> io::Error {
    io::Error::other("the power failed")
}
