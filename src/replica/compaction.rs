//! Snapshots of the state machine, and the log cut behind them.

use super::{Replica, ReplicaError, StateMachine};
use crate::error::SnapshotError;
use crate::storage::Store;
use crate::types::{Index, Snapshot};

/// When a replica takes a snapshot, and how much of the log it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Compaction {
    /// A snapshot is taken when so many entries were applied since the last one. By default 10,000. A peer that is
    /// behind the log's beginning has one taken earlier.
    pub every: u64,
    /// So many entries before the snapshot's end stay in the log, for peers that are only a little behind. By default
    /// 2,000.
    pub keep: u64,
}

impl Compaction {
    /// A snapshot after each `every` entries, of which the last `keep` stay in the log.
    pub fn new(every: u64, keep: u64) -> Self {
        Self { every, keep }
    }
}

impl Default for Compaction {
    fn default() -> Self {
        Self::new(10_000, 2_000)
    }
}

impl<S: Store, M: StateMachine, T> Replica<S, M, T> {
    /// Takes a snapshot now, and compacts the log; the last index that the snapshot covers. Nobody needs to call this:
    /// a [turn](Self::turn) does it when it is [time](Compaction).
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Snapshot`] if there is none to take now, [`Machine`](ReplicaError::Machine) and
    /// [`Storage`](ReplicaError::Storage) if making it or writing it failed.
    pub fn take_snapshot(&mut self) -> Result<Index, ReplicaError> {
        let metadata = self.node.snapshot_metadata()?;
        let index = metadata.index;
        let state = self.machine.snapshot().map_err(|error| ReplicaError::machine(&error))?;
        let store = self.node.storage_mut();
        store.set_snapshot(Snapshot::new(metadata, state))?;
        (self.snapshot, self.wanted) = (index, None);
        let to = index.saturating_sub(self.compaction.keep);
        if to >= store.first_index()? {
            store.compact(to)?;
        }
        self.node.storage_ready()?;
        Ok(index)
    }

    /// Whether a snapshot was due, and is taken.
    pub(super) fn take_due_snapshot(&mut self) -> Result<bool, ReplicaError> {
        let since = self.applied.saturating_sub(self.snapshot);
        let is_wanted = self.wanted.is_some_and(|index| self.applied >= index);
        if since == 0 || (since < self.compaction.every && !is_wanted) {
            return Ok(false);
        }
        match self.take_snapshot() {
            Ok(_) => Ok(true),
            // After a restart the stored configuration may be ahead of the state machine for a while.
            Err(ReplicaError::Snapshot(
                SnapshotError::Applying { .. }
                | SnapshotError::ConfigurationAhead { .. }
                | SnapshotError::NothingApplied
                | SnapshotError::Requested
                | SnapshotError::Diverged,
            )) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
