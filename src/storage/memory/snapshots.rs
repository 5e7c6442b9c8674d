//! The snapshots of one's own state machine: from when on a store hands out which.

use alloc::sync::Arc;

use bytes::Bytes;

use super::MemoryStorage;
use super::kept::KeptConfiguration;
use crate::storage::{Storage, StorageError};
use crate::types::{ConfState, EntryId, Index, Snapshot, SnapshotMetadata};

impl MemoryStorage {
    /// The snapshot that peers are handed, if there is one: the last that was installed, set or created.
    ///
    /// ```
    /// use quorate::{bootstrap, ConfState, MemoryStorage};
    /// let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// assert_eq!(MemoryStorage::new().latest_snapshot(), None);
    /// assert_eq!(MemoryStorage::from_snapshot(first.clone()).latest_snapshot(), Some(first));
    /// # Ok::<(), quorate::error::ConfigError>(())
    /// ```
    pub fn latest_snapshot(&self) -> Option<Snapshot> {
        let snapshot = &self.rest.snapshot;
        (snapshot.id.index > 0).then(|| snapshot.snapshot())
    }

    /// The snapshot to hand to peers from now on. The log stays as it is; the configuration becomes the snapshot's,
    /// unless the stored one is as of later, so that the log may be [compacted](Self::compact) up to there.
    ///
    /// It is taken where the log can stand behind it: its last entry is in the log, in that term, or is the one before
    /// the first. One up to the same index as the present one takes its place (with other bytes, say).
    ///
    /// ```
    /// use quorate::{bootstrap, Config, ConfState, MemoryStorage, RawNode, Snapshot, StorageError};
    /// let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
    /// let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let mut snapshot = Snapshot::new(node.snapshot_metadata()?, "x = 1");
    /// node.storage_mut().set_snapshot(snapshot.clone())?;
    /// snapshot.metadata.index += 1;
    /// assert_eq!(node.storage_mut().set_snapshot(snapshot), Err(StorageError::Unavailable));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Nothing is changed then. [`SnapshotOutOfDate`](StorageError::SnapshotOutOfDate): there is one up to a later
    /// index. [`Unavailable`](StorageError::Unavailable): the log does not reach there.
    /// [`OtherTerm`](StorageError::OtherTerm): another entry is there. [`Compacted`](StorageError::Compacted): the log
    /// begins later, so that it cannot tell, and no peer could use the snapshot.
    pub fn set_snapshot(&mut self, snapshot: Snapshot) -> Result<(), StorageError> {
        let EntryId { term, index } = snapshot.id();
        let latest = self.rest.snapshot.id.index;
        if index < latest {
            return Err(StorageError::SnapshotOutOfDate { index, latest });
        }
        let ours = self.term(index)?;
        if ours != term {
            let (log, snapshot) = (ours, term);
            return Err(StorageError::OtherTerm { index, log, snapshot });
        }
        self.undo.keep_rest(&self.rest);
        let rest = Arc::make_mut(&mut self.rest);
        let mut configuration = rest.configuration();
        rest.snapshot = snapshot.into();
        if index > configuration.index {
            let conf_state = rest.snapshot.conf_state.clone();
            configuration = KeptConfiguration { index, conf_state };
        }
        rest.set_configuration(configuration);
        Ok(())
    }

    /// Makes a snapshot of the state machine's state as of `index`, whose entry the log has, and hands it to peers from
    /// now on, as [`set_snapshot`](Self::set_snapshot) does; the term is the log's. `conf_state` is the configuration
    /// as of `index`.
    ///
    /// Where a node runs, [`RawNode::snapshot_metadata`](crate::RawNode::snapshot_metadata) knows all of that.
    ///
    /// ```
    /// use quorate::{ConfState, Entry, MemoryStorage, StorageError};
    /// let mut storage = MemoryStorage::new();
    /// storage.append(&[Entry::new(1, 1, ""), Entry::new(2, 2, "x = 1")])?;
    /// let snapshot = storage.create_snapshot(2, ConfState::of_voters([1]), "x = 1")?;
    /// assert_eq!((snapshot.metadata.term, storage.latest_snapshot()), (2, Some(snapshot)));
    /// storage.compact(2)?;
    /// let late = storage.create_snapshot(1, ConfState::of_voters([1]), "");
    /// assert_eq!(late, Err(StorageError::SnapshotOutOfDate { index: 1, latest: 2 }));
    /// # Ok::<(), StorageError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`set_snapshot`](Self::set_snapshot); and
    /// [`SnapshotOutOfDate`](StorageError::SnapshotOutOfDate) already where there is one up to `index`.
    pub fn create_snapshot(
        &mut self,
        index: Index,
        conf_state: ConfState,
        data: impl Into<Bytes>,
    ) -> Result<Snapshot, StorageError> {
        let latest = self.rest.snapshot.id.index;
        if index <= latest {
            return Err(StorageError::SnapshotOutOfDate { index, latest });
        }
        let term = self.term(index)?;
        let metadata = SnapshotMetadata::new(EntryId { term, index }, conf_state);
        let snapshot = Snapshot::new(metadata, data);
        self.set_snapshot(snapshot.clone())?;
        Ok(snapshot)
    }
}
