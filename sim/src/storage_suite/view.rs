//! All that can be read of a storage, as a value.

use quorate::storage::InitialState;
use quorate::{Entry, EntryId, MemoryStorage, Snapshot, Storage, StorageError};

use super::words::{ALL, Verdict, equal};
use crate::disk::Disk;

/// What a storage holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    initial: InitialState,
    /// The entry before the first.
    base: EntryId,
    log: Vec<Entry>,
    snapshot: Snapshot,
}

impl View {
    /// Reads all of it. The error says what could not be read.
    pub(super) fn of(disk: &dyn Disk) -> Result<Self, String> {
        Self::read(disk, disk.latest_snapshot())
    }

    /// What the model holds.
    pub(super) fn of_model(model: &MemoryStorage) -> Result<Self, String> {
        let snapshot = match model.snapshot(0, 0) {
            Err(StorageError::TemporarilyUnavailable) => Ok(Snapshot::default()),
            answer => answer,
        };
        Self::read(model, snapshot)
    }

    fn read<S: Storage + ?Sized>(storage: &S, snapshot: Result<Snapshot, StorageError>) -> Result<Self, String> {
        let initial = storage
            .initial_state()
            .map_err(|error| unread("initial_state()", &error))?;
        let first = storage.first_index().map_err(|error| unread("first_index()", &error))?;
        let last = storage.last_index().map_err(|error| unread("last_index()", &error))?;
        if first == 0 || last.checked_add(1).is_none_or(|end| end < first) {
            return Err(format!("the first index is {first} and the last is {last}"));
        }
        let term = storage
            .term(first - 1)
            .map_err(|error| unread("term(first_index() - 1)", &error))?;
        let what = format!("entries({first}, {}, no limit)", last + 1);
        let log = storage
            .entries(first, last + 1, ALL)
            .map_err(|error| unread(&what, &error))?;
        let view = Self {
            initial,
            base: EntryId { term, index: first - 1 },
            log: log.to_vec(),
            snapshot: snapshot.map_err(|error| unread("latest_snapshot()", &error))?,
        };
        view.agrees(storage, first..last + 1)?;
        Ok(view)
    }

    /// The entries are those of the indexes, and `term` says the same as they do.
    fn agrees<S: Storage + ?Sized>(&self, storage: &S, indexes: std::ops::Range<u64>) -> Verdict {
        let found: Vec<_> = self.log.iter().map(|entry| entry.index).collect();
        equal("the entries' indexes", &found, &indexes.collect())?;
        for entry in &self.log {
            equal(
                &format!("term({})", entry.index),
                &storage.term(entry.index),
                &Ok(entry.term),
            )?;
        }
        Ok(())
    }

    /// Names the first part that is not as expected.
    pub(super) fn expect(&self, expected: &Self) -> Verdict {
        equal("the hard state", &self.initial.hard_state, &expected.initial.hard_state)?;
        equal("the conf state", &self.initial.conf_state, &expected.initial.conf_state)?;
        equal("the entry before the first", &self.base, &expected.base)?;
        equal("the latest snapshot", &self.snapshot, &expected.snapshot)?;
        let logs = self.log.iter().zip(&expected.log);
        for (found, expected) in logs {
            equal(&format!("the entry at {}", expected.index), found, expected)?;
        }
        equal("the last index", &self.last(), &expected.last())
    }

    fn last(&self) -> u64 {
        self.log.last().map_or(self.base.index, |entry| entry.index)
    }
}

fn unread(what: &str, error: &StorageError) -> String {
    format!("{what} cannot be read: {error}")
}
