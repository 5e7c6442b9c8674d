//! A file in memory that can fail, be full, and crash; and a directory of such files.
//!
//! Put a [`FakeFile`] where your storage has its file, and its format can be tested byte by byte: a
//! [`torn crash`](FakeFile::crash_torn) keeps any parts of what was not synced, in any order. A [`FakeDir`] has files
//! that are made, renamed and removed, and the power may fail at any operation on them.
//!
//! ```
//! use quorate_sim::file::FakeFile;
//! let mut file = FakeFile::new();
//! file.append(b"kept")?;
//! file.sync()?;
//! file.append(b" and lost")?;
//! file.crash(0);
//! assert_eq!(file.read(0, file.len()), b"kept");
//! # Ok::<(), std::io::Error>(())
//! ```

mod directory;

use std::io::{self, ErrorKind};

use crate::dice::Dice;
pub use directory::FakeDir;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// A file in memory. What is read is what was written; what a crash leaves is another thing.
///
/// Offsets and lengths are `usize`, since all of it is in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FakeFile {
    read: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    capacity: Option<usize>,
    failing_write: Option<u64>,
    failing_sync: Option<u64>,
}

/// A change that a crash keeps, loses, or keeps parts of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Change {
    Bytes { at: usize, bytes: Vec<u8> },
    Length(usize),
}

impl Change {
    fn apply_to(&self, file: &mut Vec<u8>) {
        match self {
            Self::Bytes { at, bytes } => put(file, *at, bytes),
            Self::Length(length) => file.resize(*length, 0),
        }
    }

    /// Any parts of the change, as the dice say.
    fn tear_into(&self, file: &mut Vec<u8>, dice: &mut Dice) {
        match (self, dice.below(3)) {
            (_, 0) => {}
            (Self::Bytes { at, bytes }, 1) => tear(file, *at, bytes, dice),
            _ => self.apply_to(file),
        }
    }
}

/// A length below `end`; 0 if that is 0.
fn below(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).unwrap_or(0)
}

/// Writes; what lies between the end and `at` is zero.
fn put(file: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}

/// Writes some sectors, or the beginning; the file's length may have become durable without the bytes,
/// and then there are zeros or what some other file left there.
fn tear(file: &mut Vec<u8>, at: usize, bytes: &[u8], dice: &mut Dice) {
    if dice.below(2) == 0 {
        return put(file, at, &bytes[..=below(dice, bytes.len())]);
    }
    let old_end = file.len();
    if dice.below(2) == 0 && old_end < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
        if dice.below(2) == 0 {
            file[old_end..].fill_with(|| dice.number().to_le_bytes()[0]);
        }
    }
    let mut from = 0;
    while from < bytes.len() {
        let to = bytes.len().min((at + from + SECTOR) / SECTOR * SECTOR - at);
        if dice.below(2) == 0 {
            put(file, at + from, &bytes[from..to]);
        }
        from = to;
    }
}

impl FakeFile {
    /// An empty file on a disk with space.
    pub fn new() -> Self {
        Self::default()
    }

    /// The file's length.
    pub fn len(&self) -> usize {
        self.read.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty()
    }

    /// What is written from `at` on, at most `length` bytes; fewer at the end.
    pub fn read(&self, at: usize, length: usize) -> &[u8] {
        let end = at.saturating_add(length).min(self.read.len());
        self.read.get(at..end).unwrap_or_default()
    }

    /// Writes at the end and says where that was.
    ///
    /// A write that fails may have written its beginning, as a real one may.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let at = self.read.len();
        self.write_at(at, bytes)?;
        Ok(at)
    }

    /// Writes at `at`; a gap between the end and `at` is zero.
    ///
    /// A write that fails may have written its beginning, as a real one may.
    pub fn write_at(&mut self, at: usize, bytes: &[u8]) -> io::Result<()> {
        if let Some(seed) = self.failing_write.take() {
            let written = below(&mut Dice::new(seed), bytes.len());
            self.change_bytes(at, &bytes[..written]);
            return Err(io::Error::other("the write failed"));
        }
        let room = self.capacity.unwrap_or(usize::MAX).max(self.read.len());
        let fitting = room.saturating_sub(at).min(bytes.len());
        self.change_bytes(at, &bytes[..fitting]);
        if fitting < bytes.len() {
            return Err(full());
        }
        Ok(())
    }

    /// Cuts the file, or makes it longer with zeros.
    pub fn set_len(&mut self, length: usize) -> io::Result<()> {
        self.has_room(length)?;
        self.change(Change::Length(length));
        Ok(())
    }

    /// Makes everything written so far survive a crash.
    ///
    /// When it fails, some parts of what was not synced are durable, and the others never will be: a
    /// later sync succeeds and writes only what was written since, as on Linux.
    pub fn sync(&mut self) -> io::Result<()> {
        if !self.unsynced.is_empty()
            && let Some(seed) = self.failing_sync.take()
        {
            self.tear_all(seed);
            return Err(io::Error::other("the sync failed"));
        }
        for change in self.unsynced.drain(..) {
            change.apply_to(&mut self.durable);
        }
        Ok(())
    }

    /// Changes since the last sync: writes of one byte or more, and new lengths.
    pub fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    /// The power fails; of what was not synced the first `kept` changes are durable.
    pub fn crash(&mut self, kept: usize) {
        for change in self.unsynced.drain(..).take(kept) {
            change.apply_to(&mut self.durable);
        }
        self.reopen();
    }

    /// The power fails; of what was not synced any parts are durable, as the seed says.
    ///
    /// Each change is lost, kept, or torn: some of its 512-byte sectors or its beginning are there. A
    /// later one may be there without an earlier one. Where the file has become longer without its
    /// bytes there are zeros or noise.
    pub fn crash_torn(&mut self, seed: u64) {
        self.tear_all(seed);
        self.reopen();
    }

    /// The disk has space for so many bytes of this file; `None`, the default, for any number. What is
    /// written already stays, and can be overwritten.
    pub fn set_capacity(&mut self, capacity: Option<usize>) {
        self.capacity = capacity;
    }

    /// The next write fails after writing less than all of it, as the seed says.
    pub fn fail_next_write(&mut self, seed: u64) {
        self.failing_write = Some(seed);
    }

    /// The next sync that has something to do fails, as the seed says.
    pub fn fail_next_sync(&mut self, seed: u64) {
        self.failing_sync = Some(seed);
    }

    fn has_room(&self, length: usize) -> io::Result<()> {
        match self.capacity {
            Some(capacity) if length > capacity.max(self.read.len()) => Err(full()),
            _ => Ok(()),
        }
    }

    fn change_bytes(&mut self, at: usize, bytes: &[u8]) {
        if !bytes.is_empty() {
            let bytes = bytes.to_vec();
            self.change(Change::Bytes { at, bytes });
        }
    }

    fn change(&mut self, change: Change) {
        change.apply_to(&mut self.read);
        self.unsynced.push(change);
    }

    fn tear_all(&mut self, seed: u64) {
        let mut dice = Dice::new(seed);
        for change in self.unsynced.drain(..) {
            change.tear_into(&mut self.durable, &mut dice);
        }
    }

    /// What is read is what is durable. A full disk stays full.
    fn reopen(&mut self) {
        self.read.clone_from(&self.durable);
        (self.failing_write, self.failing_sync) = (None, None);
    }
}

fn full() -> io::Error {
    io::Error::new(ErrorKind::StorageFull, "the disk is full")
}

#[cfg(test)]
mod tests;
