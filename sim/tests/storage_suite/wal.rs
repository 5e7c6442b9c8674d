//! A small storage with a real file format: a log of records, each with its length and a checksum.
//!
//! Every write is a record (every entry is one), added at the end. Opening replays the records up to the
//! first that is not whole. What is read is kept in memory. The file never becomes shorter by a
//! compaction: that would take a second file, and is no matter of this example.

use quorate::types::{ClusterId, Identity};
use quorate::{MemoryStorage, Snapshot, Storage, StorageError};
use quorate_sim::disk::{Disk, Fault, Write};
use quorate_sim::file::FakeDir;

use crate::codec::{decode, encode};

/// The only file.
const FILE: &str = "log";

/// Length and checksum of a record.
const HEAD: usize = 8;

/// What can be forgotten when such a storage is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// A record whose checksum is wrong ends the log.
    Checksum,
    /// The checksum covers the length, so that eight zeros are no record.
    Length,
    /// A torn tail is cut off before anything is written behind it.
    Cut,
    /// The cut is synced, else it is undone under the records that were written in its place.
    CutSync,
    /// After a sync has failed, nothing more is promised until the file is opened again.
    FailedSync,
    /// What a write that failed has left is cut off.
    FailedWrite,
}

/// The storage.
#[derive(Debug)]
pub(crate) struct WalDisk {
    directory: FakeDir,
    read: MemoryStorage,
    /// The group and the identity, which are parts of the file's name.
    cluster_id: ClusterId,
    identity: Identity,
    /// Unsynced changes of the file after each unsynced record.
    unsynced: Vec<usize>,
    /// A sync failed: what is durable is not known.
    failed: bool,
    /// Draws what a fault leaves.
    seed: u64,
    forgotten: Option<Care>,
}

impl WalDisk {
    pub(crate) fn new(seed: u64) -> Self {
        let mut directory = FakeDir::new();
        let made = directory.create(FILE).and_then(|()| directory.sync_directory());
        made.expect("an empty directory");
        Self {
            directory,
            read: MemoryStorage::new(),
            cluster_id: 0,
            identity: 0,
            unsynced: Vec::new(),
            failed: false,
            seed,
            forgotten: None,
        }
    }

    pub(crate) fn forgetting(care: Care, seed: u64) -> Self {
        Self {
            forgotten: Some(care),
            ..Self::new(seed)
        }
    }

    fn takes(&self, care: Care) -> bool {
        self.forgotten != Some(care)
    }

    fn file(&self) -> &[u8] {
        self.directory.read(FILE).expect("it is never removed")
    }

    /// The power may fail again while the file is opened.
    fn reopen(&mut self) {
        self.failed = false;
        self.open();
        if self.directory.is_off() {
            self.directory.crash(0);
            self.reopen();
        }
    }

    /// Replays the file, and cuts off what is no record.
    fn open(&mut self) {
        let made = MemoryStorage::new().with_cluster_id(self.cluster_id);
        self.read = made.with_identity(self.identity);
        let mut end = 0;
        while let Some((write, length)) = self.record(end) {
            if write.apply_to(&mut self.read).is_err() {
                break;
            }
            end += length;
        }
        if end < self.file().len() && self.takes(Care::Cut) {
            self.failed = self.directory.set_len(FILE, end).is_err();
            if self.takes(Care::CutSync) {
                self.failed |= self.directory.sync(FILE).is_err();
            }
        }
        self.unsynced.clear();
    }

    /// The write whose record begins at `at`, and the record's length.
    fn record(&self, at: usize) -> Option<(Write, usize)> {
        let head = part(self.file(), at, HEAD);
        let (length, checksum) = head.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let payload = part(self.file(), at + HEAD, size);
        let is_whole = checksum == self.checksum(*length, payload) && payload.len() == size;
        if !is_whole && self.takes(Care::Checksum) {
            return None;
        }
        let nothing = payload.is_empty() && !self.takes(Care::Length);
        let write = if nothing {
            Some(Write::Entries(Vec::new()))
        } else {
            decode(payload)
        };
        Some((write?, HEAD + payload.len()))
    }

    fn checksum(&self, length: [u8; 4], payload: &[u8]) -> [u8; 4] {
        let mut hasher = crc32fast::Hasher::new();
        if self.takes(Care::Length) {
            hasher.update(&length);
        }
        hasher.update(payload);
        hasher.finalize().to_le_bytes()
    }

    fn append(&mut self, records: Vec<Write>) -> std::io::Result<()> {
        for write in records {
            let payload = encode(&write);
            let length = u32::try_from(payload.len())
                .map_err(std::io::Error::other)?
                .to_le_bytes();
            let checksum = self.checksum(length, &payload);
            self.directory
                .append(FILE, &[&length[..], &checksum, &payload].concat())?;
            self.unsynced.push(self.directory.unsynced());
        }
        Ok(())
    }

    /// A write failed: cuts off what it left. That is synced, so that a crash does not undo the cut;
    /// earlier writes are synced along.
    fn take_back(&mut self, end: usize) {
        if self.takes(Care::FailedWrite) {
            self.failed = self.directory.set_len(FILE, end).is_err() || self.sync().is_err();
        }
    }

    fn refuse_if_failed(&self) -> Result<(), StorageError> {
        if self.failed && self.takes(Care::FailedSync) {
            return Err(StorageError::Broken("a sync failed before".to_owned()));
        }
        Ok(())
    }
}

impl Disk for WalDisk {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        self.refuse_if_failed()?;
        let mut next = self.read.clone();
        write.clone().apply_to(&mut next)?;
        let end = self.file().len();
        if let Err(error) = self.append(write.parts()) {
            self.take_back(end);
            return Err(StorageError::Broken(error.to_string()));
        }
        self.read = next;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.refuse_if_failed()?;
        self.unsynced.clear();
        self.directory.sync(FILE).map_err(|error| {
            self.failed = true;
            StorageError::Broken(error.to_string())
        })
    }

    fn unsynced(&self) -> usize {
        self.unsynced.len()
    }

    fn crash(&mut self, kept: usize) {
        let kept = kept.min(self.unsynced.len());
        let last = kept.checked_sub(1).and_then(|last| self.unsynced.get(last));
        self.directory.crash(last.copied().unwrap_or(0));
        self.reopen();
    }

    fn crash_torn(&mut self, seed: u64) {
        self.directory.crash_torn(seed);
        self.reopen();
    }

    fn inject(&mut self, fault: Fault) -> bool {
        self.seed = self.seed.wrapping_add(1);
        match fault {
            Fault::WriteFails => self.directory.fail_next_write(self.seed),
            Fault::SyncFails => self.directory.fail_next_sync(self.seed),
            Fault::Full => self.directory.set_capacity(Some(self.directory.size() + 100)),
            Fault::Space => self.directory.set_capacity(None),
            _ => return false,
        }
        true
    }

    fn fail_power_after(&mut self, operations: u64) -> bool {
        self.directory.fail_power_after(operations);
        true
    }

    fn set_cluster_id(&mut self, cluster_id: ClusterId) -> bool {
        self.cluster_id = cluster_id;
        self.open();
        true
    }

    fn set_identity(&mut self, identity: Identity) -> bool {
        self.identity = identity;
        self.open();
        true
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        match self.read.snapshot(0, 0) {
            Err(StorageError::TemporarilyUnavailable) => Ok(Snapshot::default()),
            answer => answer,
        }
    }
}

impl Storage for WalDisk {
    quorate::delegate_storage!(read);
}

/// At most so many bytes from `at` on.
fn part(bytes: &[u8], at: usize, length: usize) -> &[u8] {
    let end = at.saturating_add(length).min(bytes.len());
    bytes.get(at..end).unwrap_or_default()
}
