//! The disk of a node in a world.

use quorate::storage::InitialState;
use quorate::types::{ClusterId, Identity};
use quorate::{HardState, Snapshot, Storage, StorageError};
use quorate_sim::disk::Write;
use quorate_sim::{Disk, MemoryDisk};

/// A [`MemoryDisk`], which tears what is written at a crash. It may know nothing of promises, as a store that was made
/// for etcd-io/raft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct WorldDisk {
    inner: MemoryDisk,
    forgets_promises: bool,
}

impl WorldDisk {
    /// An empty one, which knows of promises or not.
    pub fn new(forgets_promises: bool) -> Self {
        Self {
            inner: MemoryDisk::default(),
            forgets_promises,
        }
    }
}

impl Storage for WorldDisk {
    quorate::delegate_storage!(inner: first_index, last_index, term, entries, snapshot);

    fn initial_state(&self) -> Result<InitialState, StorageError> {
        let mut initial = self.inner.initial_state()?;
        if self.forgets_promises {
            let HardState { term, vote, commit, .. } = initial.hard_state;
            initial.hard_state = HardState::new(term, vote, commit);
        }
        Ok(initial)
    }

    fn keeps_promises(&self) -> bool {
        !self.forgets_promises
    }
}

impl Disk for WorldDisk {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        self.inner.write(write)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.inner.sync()
    }

    fn unsynced(&self) -> usize {
        self.inner.unsynced()
    }

    fn crash(&mut self, kept: usize) {
        self.inner.crash(kept);
    }

    fn set_cluster_id(&mut self, cluster_id: ClusterId) -> bool {
        self.inner.set_cluster_id(cluster_id)
    }

    fn set_identity(&mut self, identity: Identity) -> bool {
        self.inner.set_identity(identity)
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        self.inner.latest_snapshot()
    }
}
