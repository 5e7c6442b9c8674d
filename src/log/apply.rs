//! How far the log is committed, and what of it is handed out for applying (Figure 2: commitIndex,
//! lastApplied).

use alloc::boxed::Box;
use alloc::string::ToString;

use super::Log;
use crate::config::Config;
use crate::entries::Entries;
use crate::error::Fault;
use crate::rules::commit::Committed;
use crate::storage::{Storage, StorageError};
use crate::types::{Index, Snapshot};

/// What is handed out for applying.
#[derive(Debug, Default)]
pub(crate) struct ToApply {
    /// The state machine begins anew with this.
    pub(crate) snapshot: Option<Box<Snapshot>>,
    pub(crate) entries: Entries,
}

impl ToApply {
    pub(crate) fn is_empty(&self) -> bool {
        self.last().is_none()
    }

    /// Up to where the state machine is then.
    pub(crate) fn last(&self) -> Option<Index> {
        let entry = self.entries.last().map(|entry| entry.index);
        entry.or(self.snapshot.as_ref().map(|snapshot| snapshot.metadata.index))
    }
}

impl<S: Storage> Log<S> {
    pub(crate) fn committed(&self) -> Index {
        self.committed
    }

    /// Up to where entries were handed out for applying.
    pub(crate) fn applying(&self) -> Index {
        self.applying
    }

    pub(crate) fn applied(&self) -> Index {
        self.applied
    }

    /// Moves the commit index; it never falls.
    pub(crate) fn commit(&mut self, proof: &Committed, config: &Config) -> Result<(), Fault> {
        let index = proof.index();
        if index > self.last_index() {
            return Err(Fault::Invariant("the commit index is within the log"));
        }
        self.move_commit(proof, config);
        Ok(())
    }

    pub(super) fn move_commit(&mut self, proof: &Committed, config: &Config) {
        let before = self.appliable(config);
        self.committed = self.committed.max(proof.index());
        self.release(before, config);
    }

    /// What may be applied now, and not `before`, does not count any more.
    pub(super) fn release(&mut self, before: Index, config: &Config) {
        let now = self.appliable(config);
        self.uncommitted.release(now.saturating_sub(before), now);
    }

    /// Up to where entries may be applied now. The storage's thread and the thread that applies
    /// run side by side only in asynchronous mode: then an entry must be stored first.
    pub(super) fn appliable(&self, config: &Config) -> Index {
        if config.settings().async_storage_writes {
            self.committed.min(self.stored())
        } else {
            self.committed
        }
    }

    pub(crate) fn has_next_committed(&self, config: &Config) -> bool {
        let entries = !self.applying_paused && self.applying < self.appliable(config) && self.may_hand_out_entries();
        !self.waiting && !self.has_pending_snapshot() && (entries || self.has_wanted(config))
    }

    /// Committed entries to apply next, or a snapshot that was asked for; they are handed out once.
    pub(crate) fn take_next_committed(&mut self, config: &Config) -> Result<ToApply, Fault> {
        if !self.has_next_committed(config) {
            return Ok(ToApply::default());
        }
        if let Some(wanted) = self.take_wanted(config) {
            return Ok(wanted);
        }
        let (low, high) = (
            self.applying.saturating_add(1),
            self.appliable(config).saturating_add(1),
        );
        let room = config
            .settings()
            .max_applying_bytes()
            .saturating_sub(self.applying_bytes);
        let entries = match self.slice(low, high, room) {
            Ok(entries) => entries,
            Err(StorageError::TemporarilyUnavailable) => {
                self.wait();
                return Ok(ToApply::default());
            }
            Err(StorageError::Compacted | StorageError::Unavailable) => {
                let what = "a committed entry that was not applied is gone";
                return Err(StorageError::Broken(what.to_string()).into());
            }
            Err(error) => return Err(error.into()),
        };
        self.hand_out_changes(&entries);
        self.applying = entries.last().map_or(self.applying, |entry| entry.index);
        self.applying_bytes = self.applying_bytes.saturating_add(entries.encoded_len());
        self.applying_paused =
            self.applying_bytes >= config.settings().max_applying_bytes() || self.applying < self.appliable(config);
        self.forget(config);
        let snapshot = None;
        Ok(ToApply { snapshot, entries })
    }

    /// The state machine has applied up to `index`; `bytes` of it were handed out as entries.
    pub(crate) fn applied_to(&mut self, index: Index, bytes: u64, config: &Config) {
        self.note_restored(index);
        self.applied = self.applied.max(index);
        self.applying = self.applying.max(index);
        self.applying_bytes = self.applying_bytes.saturating_sub(bytes);
        self.applying_paused = self.applying_bytes >= config.settings().max_applying_bytes();
        self.forget(config);
    }

    /// Entries that were temporarily unavailable may be asked for again.
    pub(crate) fn retry(&mut self) {
        self.waiting = false;
    }

    /// Nothing to apply can be read now.
    pub(crate) fn wait(&mut self) {
        self.waiting = true;
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting
    }
}
