//! What is wrong when a [`Broken`] storage is read.

use quorate::storage::InitialState;
use quorate::{Entries, Entry, Index, NodeId, Snapshot, Storage, StorageError, Term};

use crate::broken::Broken;
use crate::defect::Defect::*;

impl Storage for Broken {
    fn keeps_promises(&self) -> bool {
        self.disk.keeps_promises()
    }

    fn initial_state(&self) -> Result<InitialState, StorageError> {
        let mut initial = self.disk.initial_state()?;
        if self.has(ConfStateStays) {
            initial.conf_state = self.installed.metadata.conf_state.clone();
        }
        if self.has(ConfStateIndexStays) {
            initial.conf_state_index = self.installed.metadata.index;
        }
        Ok(initial)
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        let (first, last) = self.bounds();
        Ok(if self.has(BeginsAtZero) && last == 0 { 0 } else { first })
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        self.disk.last_index()
    }

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        let (first, last) = self.bounds();
        match self.defect {
            Some(TermLags) if index > first && index <= last => self.disk.term(index - 1),
            Some(CompactionForgetsTerm) if first > 1 && index < first => Err(StorageError::Compacted),
            _ => self.disk.term(index).map_err(|error| self.error(error)),
        }
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        let (_, last) = self.bounds();
        let all = |high| self.disk.entries(low, high, u64::MAX);
        match self.defect {
            Some(FullIsUnreadable) if self.full => Err(StorageError::TemporarilyUnavailable),
            Some(MissingIsLeftOut) if low <= last => self.disk.entries(low, high.min(last + 1), max_bytes),
            Some(EmptyRangeIsUnavailable) if low == high => Err(StorageError::Unavailable),
            Some(LastIsUnavailable) if high > last => Err(StorageError::Unavailable),
            Some(NoLimitWraps) => self.disk.entries(low, high, max_bytes.wrapping_add(16)),
            Some(LimitCountsPayload) => Ok(fitting(all(high)?.to_vec(), max_bytes, Entry::payload_len).into()),
            Some(LimitGivesOneMore) => {
                let count = self.disk.entries(low, high, max_bytes)?.len();
                Ok(all(high)?.into_iter().take(count + 1).collect())
            }
            Some(LimitGivesNothing) => {
                let found = self.disk.entries(low, high, max_bytes)?.into_iter();
                Ok(found.filter(|entry| entry.encoded_len() <= max_bytes).collect())
            }
            _ => self
                .disk
                .entries(low, high, max_bytes)
                .map_err(|error| self.error(error)),
        }
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        let at_least = if self.has(SnapshotIgnoresAsked) { 0 } else { at_least };
        let mut snapshot = self.disk.snapshot(peer, at_least)?;
        if self.has(SnapshotForgetsPeer) {
            let conf_state = &mut snapshot.metadata.conf_state;
            conf_state.learners.retain(|learner| *learner != peer);
        }
        Ok(snapshot)
    }
}

impl Broken {
    fn error(&self, error: StorageError) -> StorageError {
        match error {
            StorageError::Compacted if self.has(CompactedIsUnavailable) => StorageError::Unavailable,
            error => error,
        }
    }
}

/// As many as fit, at least one.
fn fitting(entries: Vec<Entry>, max_bytes: u64, size: fn(&Entry) -> u64) -> Vec<Entry> {
    let mut bytes = 0;
    let fits = |(position, entry): &(usize, Entry)| {
        bytes += size(entry);
        *position == 0 || bytes <= max_bytes
    };
    let fitting = entries.into_iter().enumerate().take_while(fits);
    fitting.map(|(_, entry)| entry).collect()
}
