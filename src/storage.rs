//! What the core asks of a disk, and nothing else about it.
//!
//! Writing is the caller's business: a [`Ready`](crate::Ready) says what to persist. The core only
//! reads, through this trait.
//!
//! # The contract
//!
//! * A sync covers every earlier write of this node, hard states written without one included: a
//!   commit index is durable no later than the first synced batch after it.
//! * Entries, terms and the first and last index agree with each other; only compaction (from the
//!   front) and what the caller persists changes them.
//! * The configuration and the index that it is as of are stored together, all or nothing: with each snapshot, and,
//!   where the log is cut without one or a configuration change is
//!   [cancelled](crate::RawNode::cancel_conf_change), by themselves. The log must reach back to that index; it may be
//!   behind [`Config::applied`](crate::Config::applied), for the changes in between are made again, or ahead of it.
//! * [`Storage::snapshot`] may answer with the metadata and a mere name of the bytes, which then take another way than
//!   the messages: `docs/snapshots.md` has the steps, and what to do when the bytes do not arrive.
//! * `Compacted`, `Unavailable` and `TemporarilyUnavailable` are normal answers to `term`, `entries` and `snapshot`;
//!   the first and last index are always known. `Corrupt` silences
//!   the node's promises, any other error poisons it.

mod delegate;
mod memory;
mod store;

use alloc::string::String;

pub use memory::MemoryStorage;
pub use store::Store;

use crate::entries::Entries;
use crate::types::{ClusterId, ConfState, HardState, Identity, Index, NodeId, Snapshot, Term};

/// Why a storage could not answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The index was compacted away; a snapshot stands for it.
    #[error("the log is compacted there")]
    Compacted,
    /// The index is not in the log.
    #[error("the log does not reach there")]
    Unavailable,
    /// Not now: entries are being fetched, or a snapshot is being made. Call
    /// [`RawNode::storage_ready`](crate::RawNode::storage_ready) when it is there.
    #[error("temporarily unavailable")]
    TemporarilyUnavailable,
    /// Refused by [`MemoryStorage::set_snapshot`] and [`create_snapshot`](MemoryStorage::create_snapshot): there is a
    /// later snapshot already. (No answer of [`Storage`].)
    #[error("a snapshot up to index {index} is out of date, there is one up to {latest}")]
    SnapshotOutOfDate {
        /// The last index that the refused one covers.
        index: Index,
        /// The last index that the present one covers.
        latest: Index,
    },
    /// Refused by [`MemoryStorage::set_snapshot`]: the log has another entry where the snapshot ends. (No answer of
    /// [`Storage`].)
    #[error("entry {index} is of term {log}, the snapshot says {snapshot}")]
    OtherTerm {
        /// The last index that the snapshot covers.
        index: Index,
        /// The term of the entry there.
        log: Term,
        /// The term that the snapshot names.
        snapshot: Term,
    },
    /// What was stored at this index cannot be read back. The node makes no more promises (votes,
    /// candidacies, acknowledgements): remove it, and add it again with an empty store. The call that met it says
    /// [`NodeError::Corrupt`](crate::error::NodeError::Corrupt); where it was an entry to apply,
    /// [`Event::StorageCorrupt`](crate::Event::StorageCorrupt) does. A node that is made again from the same store
    /// notices when it reads there again.
    #[error("the entry at index {0} is corrupt")]
    Corrupt(Index),
    /// The storage does not work; the node is poisoned ([`NodeError::Poisoned`](crate::error::NodeError::Poisoned)).
    #[error("broken storage: {0}")]
    Broken(String),
}

/// A storage on files fails as they do: [`Broken`](StorageError::Broken), with the error's text.
///
/// ```
/// use quorate::StorageError;
/// fn read() -> Result<Vec<u8>, StorageError> {
///     Ok(std::fs::read("/no/such/file")?)
/// }
/// assert!(matches!(read(), Err(StorageError::Broken(_))));
/// ```
#[cfg(feature = "std")]
impl From<std::io::Error> for StorageError {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(alloc::string::ToString::to_string(&error))
    }
}

/// What was stored when the node last stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct InitialState {
    /// Term, vote and commit index; all zero in a new store.
    pub hard_state: HardState,
    /// The configuration, ...
    pub conf_state: ConfState,
    /// ... which has all changes up to here, and none after. Zero in a new store.
    pub conf_state_index: Index,
    /// The group that the store was made for, written once when it was made; zero for none.
    pub cluster_id: ClusterId,
    /// What tells this store from others of the same node: a random number, written once when the store was made;
    /// zero for none.
    pub identity: Identity,
}

impl InitialState {
    /// The hard state, and the configuration as of an index, in a store of no particular group.
    pub fn new(hard_state: HardState, conf_state: ConfState, conf_state_index: Index) -> Self {
        Self {
            hard_state,
            conf_state,
            conf_state_index,
            cluster_id: 0,
            identity: 0,
        }
    }

    /// The same of a store that was made for this group.
    #[must_use]
    pub fn with_cluster_id(self, cluster_id: ClusterId) -> Self {
        Self { cluster_id, ..self }
    }

    /// The same of a store with this identity.
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }
}

/// A node's stable storage, as the core reads it. See the [module](self) for the contract.
pub trait Storage {
    /// The hard state, and the configuration with the index that it is as of.
    fn initial_state(&self) -> Result<InitialState, StorageError>;

    /// Index of the first entry that can be read; one more than the last compacted one.
    fn first_index(&self) -> Result<Index, StorageError>;

    /// Index of the last entry; `first_index() - 1` when there is none.
    fn last_index(&self) -> Result<Index, StorageError>;

    /// Term of the entry at `index`, which may be `first_index() - 1` too (the snapshot's).
    fn term(&self, index: Index) -> Result<Term, StorageError>;

    /// Entries from `low` up to and without `high`, together at most `max_bytes`
    /// ([`Entry::encoded_len`](crate::Entry::encoded_len)) but at least one. There may be fewer than would fit.
    /// The rest is asked for then.
    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError>;

    /// A snapshot to send to `peer` that covers at least `at_least` and names the peer;
    /// [`StorageError::TemporarilyUnavailable`] if there is none yet. (One that does not name the peer is not sent, and
    /// a later one is asked for.)
    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError>;

    /// Whether [`initial_state`](Self::initial_state) gives back
    /// [`HardState::promised_ticks`](crate::HardState::promised_ticks) as it was stored. Always the same answer.
    ///
    /// `false`, which it is unless you say otherwise, is safe: the node then promises a leader at most the
    /// [`restart_silence_ticks`](crate::Settings::restart_silence_ticks) that its settings name. Without any it
    /// promises nothing, and leaders that it follows read by rounds of heartbeats.
    fn keeps_promises(&self) -> bool {
        false
    }
}

impl<S: Storage + ?Sized> Storage for &S {
    fn initial_state(&self) -> Result<InitialState, StorageError> {
        (**self).initial_state()
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        (**self).first_index()
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        (**self).last_index()
    }

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        (**self).term(index)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        (**self).entries(low, high, max_bytes)
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        (**self).snapshot(peer, at_least)
    }

    fn keeps_promises(&self) -> bool {
        (**self).keeps_promises()
    }
}
