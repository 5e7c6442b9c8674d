//! A storage in memory: for tests, examples and simulations, and the model that others are checked
//! against.

mod kept;
mod snapshots;
mod undo;

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::sync::Arc;
use core::hash::{Hash, Hasher};

use self::kept::{KeptBallot, KeptConfState, KeptConfiguration, KeptSnapshot};
use self::undo::Undo;

use super::{InitialState, Storage, StorageError};
use crate::entries::{Entries, Runs};
use crate::ready::{AppendTask, Ready};
use crate::types::{ClusterId, ConfState, Entry, EntryId, HardState, Identity, Index, NodeId, Snapshot, Term};

/// A [`Storage`] that is a plain value: it can be cloned, compared and hashed.
///
/// It checks what it is given, and it can [`crash`](Self::crash) back to what was
/// [synced](Self::sync).
///
/// ```
/// use quorate::{ConfState, MemoryStorage, Storage};
/// let mut storage = MemoryStorage::new();
/// storage.set_conf_state(ConfState::of_voters([1]), 0);
/// assert_eq!(storage.last_index()?, 0);
/// # Ok::<(), quorate::StorageError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryStorage {
    ballot: KeptBallot,
    commit: Index,
    /// `None` for a store of no group and without an identity.
    made: Option<Box<Made>>,
    rest: Arc<Rest>,
    log: Runs,
    undo: Undo,
}

/// What is written once, when a store is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Made {
    cluster_id: ClusterId,
    identity: Identity,
}

/// What is stored beside the hard state and the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Rest {
    /// The entry before the first: what the log was compacted to.
    base: EntryId,
    snapshot: KeptSnapshot,
    /// Unless it is the snapshot's, as of the later of `snapshot` and `base`.
    configuration: Option<Box<KeptConfiguration>>,
}

impl Rest {
    /// A snapshot replaces the log.
    fn of(snapshot: Snapshot) -> Self {
        Self {
            configuration: None,
            base: snapshot.id(),
            snapshot: snapshot.into(),
        }
    }

    fn conf_state(&self) -> &KeptConfState {
        let kept = self.configuration.as_ref();
        kept.map_or(&self.snapshot.conf_state, |kept| &kept.conf_state)
    }

    /// What the configuration is as of.
    fn configured_at(&self) -> Index {
        let kept = self.configuration.as_ref();
        kept.map_or_else(|| self.snapshot.id.index.max(self.base.index), |kept| kept.index)
    }

    fn configuration(&self) -> KeptConfiguration {
        KeptConfiguration {
            conf_state: self.conf_state().clone(),
            index: self.configured_at(),
        }
    }

    /// To be called last: says nothing twice, so that equal contents are equal.
    fn set_configuration(&mut self, configuration: KeptConfiguration) {
        self.configuration = None;
        if self.configuration() != configuration {
            self.configuration = Some(Box::new(configuration));
        }
    }
}

impl Default for MemoryStorage {
    fn default() -> Self {
        Self::from_snapshot(Snapshot::default())
    }
}

impl MemoryStorage {
    /// An unused store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store whose log begins after `snapshot`, all of it synced.
    pub fn from_snapshot(snapshot: Snapshot) -> Self {
        let rest = Rest::of(snapshot);
        Self {
            log: Runs::new(rest.base.index.saturating_add(1)),
            undo: Undo::nothing(0, rest.base.index),
            ballot: KeptBallot::default(),
            commit: 0,
            made: None,
            rest: Arc::new(rest),
        }
    }

    /// The same store, made for this group: see [`InitialState::cluster_id`].
    #[must_use]
    pub fn with_cluster_id(self, cluster_id: ClusterId) -> Self {
        let made = Made {
            cluster_id,
            ..self.made()
        };
        self.with_made(made)
    }

    /// The same store with this identity: see [`InitialState::identity`].
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        let made = Made {
            identity,
            ..self.made()
        };
        self.with_made(made)
    }

    fn with_made(self, made: Made) -> Self {
        let made = (made != Made::default()).then(|| Box::new(made));
        Self { made, ..self }
    }

    fn made(&self) -> Made {
        self.made.as_deref().copied().unwrap_or_default()
    }

    /// Stores what a Ready says is to be persisted, and syncs where it must.
    pub fn persist(&mut self, ready: &Ready) -> Result<(), StorageError> {
        match ready.append_task() {
            None => Ok(()),
            Some(task) => self.persist_task(task),
        }
    }

    /// Stores what a task says is to be persisted, and syncs where it must.
    pub fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        self.write_task(task)?;
        if task.must_sync() {
            self.sync();
        }
        Ok(())
    }

    /// Stores what a task says is to be persisted and leaves it to the caller to sync, perhaps once
    /// for many tasks.
    pub fn write_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        if let Some(snapshot) = task.snapshot() {
            self.install_snapshot(snapshot.clone())?;
        }
        self.append_shared(task.entries())?;
        if let Some(hard_state) = task.hard_state() {
            self.set_hard_state(hard_state);
        }
        Ok(())
    }

    /// Replaces the log from the first of `entries` on.
    ///
    /// Refuses a gap and entries that are not in order; skips what is compacted already.
    pub fn append(&mut self, entries: &[Entry]) -> Result<(), StorageError> {
        self.append_shared(&entries.into())
    }

    /// The same, without a copy.
    fn append_shared(&mut self, entries: &Entries) -> Result<(), StorageError> {
        let first = self.first();
        let compacted = entries.iter().take_while(|entry| entry.index < first).count();
        let entries = entries.slice(compacted..usize::MAX);
        let Some(front) = entries.first().map(|entry| entry.index) else {
            return Ok(());
        };
        let ordered = entries
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if b.index == a.index.saturating_add(1) && a.term <= b.term));
        if front > self.log.end() || !ordered {
            return Err(StorageError::Broken("an append with a gap".to_string()));
        }
        if front < self.log.end() {
            self.undo.keep_tail(self.log.range(front, u64::MAX));
            self.log.truncate(front);
        }
        self.log.append(entries);
        Ok(())
    }

    /// Replaces the hard state.
    pub fn set_hard_state(&mut self, hard_state: HardState) {
        let ballot = KeptBallot::of(hard_state);
        if ballot != self.ballot {
            self.undo.keep_ballot(self.ballot);
        }
        (self.ballot, self.commit) = (ballot, hard_state.commit);
    }

    /// Replaces the configuration that [`Storage::initial_state`] gives: `index` says up to where it has all
    /// changes. (An installed snapshot brings its own.)
    pub fn set_conf_state(&mut self, conf_state: ConfState, index: Index) {
        self.undo.keep_rest(&self.rest);
        let conf_state = conf_state.into();
        Arc::make_mut(&mut self.rest).set_configuration(KeptConfiguration { index, conf_state });
    }

    /// Replaces everything but the hard state: the log begins after the snapshot.
    ///
    /// A snapshot that is older than the log's beginning is refused as compacted.
    pub fn install_snapshot(&mut self, snapshot: Snapshot) -> Result<(), StorageError> {
        if snapshot.metadata.index < self.rest.base.index {
            return Err(StorageError::Compacted);
        }
        self.undo.keep_rest(&self.rest);
        self.undo.keep_tail(self.log.range(0, u64::MAX));
        self.rest = Arc::new(Rest::of(snapshot));
        self.log = Runs::new(self.first());
        Ok(())
    }

    /// Drops the entries up to and including `to`.
    ///
    /// `Compacted` if they are gone already, `Unavailable` if the log does not reach there. The configuration is as of
    /// `to` then, unless it was as of later, or changes that it does not have are dropped: such a store is not started
    /// from, until [`set_conf_state`](Self::set_conf_state) makes good.
    pub fn compact(&mut self, to: Index) -> Result<(), StorageError> {
        if to <= self.rest.base.index {
            return Err(StorageError::Compacted);
        }
        let term = self.term(to)?;
        self.undo.keep_rest(&self.rest);
        let start = to.saturating_add(1);
        self.undo.keep_head(&self.log, start);
        let mut configuration = self.rest.configuration();
        let missed = configuration.index.saturating_add(1);
        if !self.log.range(missed, start).any(Entry::is_conf_change) {
            configuration.index = configuration.index.max(to);
        }
        self.log.cut_front(start);
        let rest = Arc::make_mut(&mut self.rest);
        rest.base = EntryId { term, index: to };
        rest.set_configuration(configuration);
        Ok(())
    }

    /// Makes everything written so far survive a crash.
    pub fn sync(&mut self) {
        self.undo = Undo::nothing(self.commit, self.last());
    }

    /// Loses what was not synced.
    pub fn crash(&mut self) {
        let synced = self.undo.synced_pieces(&self.log);
        self.rest = self.undo.synced_rest(&self.rest).clone();
        (self.ballot, self.commit) = (self.undo.synced_ballot(self.ballot), self.undo.commit);
        self.log = Runs::new(self.first());
        for piece in synced {
            self.log.append(piece);
        }
        self.sync();
    }

    /// The stored entries.
    pub fn log(&self) -> Entries {
        self.log.slice(self.first(), self.log.end(), u64::MAX)
    }

    /// The stored hard state.
    pub fn hard_state(&self) -> HardState {
        self.ballot.hard_state(self.commit)
    }

    fn first(&self) -> Index {
        self.rest.base.index.saturating_add(1)
    }

    fn last(&self) -> Index {
        self.log.end().saturating_sub(1)
    }

    fn all(&self) -> impl Iterator<Item = &Entry> {
        self.log.range(0, u64::MAX)
    }

    /// What a crash leaves.
    fn synced(&self) -> (HardState, &Rest, impl Iterator<Item = &Entry>) {
        let hard_state = self.undo.synced_ballot(self.ballot).hard_state(self.undo.commit);
        let rest = self.undo.synced_rest(&self.rest);
        (hard_state, rest, self.undo.synced_log(&self.log))
    }
}

/// Equal are stores with equal contents, now and after a crash.
impl PartialEq for MemoryStorage {
    fn eq(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.synced(), other.synced());
        let now = self.hard_state() == other.hard_state()
            && self.made() == other.made()
            && self.rest == other.rest
            && self.all().eq(other.all());
        now && ours.0 == theirs.0 && ours.1 == theirs.1 && ours.2.eq(theirs.2)
    }
}

impl Eq for MemoryStorage {}

impl Hash for MemoryStorage {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.hard_state(), self.made(), &self.rest, self.last()).hash(state);
        self.all().for_each(|entry| entry.hash(state));
        let (hard_state, rest, log) = self.synced();
        (hard_state, rest).hash(state);
        log.for_each(|entry| entry.hash(state));
    }
}

impl Storage for MemoryStorage {
    fn initial_state(&self) -> Result<InitialState, StorageError> {
        let (conf_state, index) = (self.rest.conf_state().conf_state(), self.rest.configured_at());
        let initial = InitialState::new(self.hard_state(), conf_state, index);
        let Made { cluster_id, identity } = self.made();
        Ok(initial.with_cluster_id(cluster_id).with_identity(identity))
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        Ok(self.first())
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        Ok(self.last())
    }

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        if index == self.rest.base.index {
            return Ok(self.rest.base.term);
        }
        if index < self.first() {
            return Err(StorageError::Compacted);
        }
        let entry = self.log.get(index).ok_or(StorageError::Unavailable)?;
        Ok(entry.term)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        if low < self.first() {
            return Err(StorageError::Compacted);
        }
        if high > self.log.end() || low > high {
            return Err(StorageError::Unavailable);
        }
        Ok(self.log.slice(low, high, max_bytes))
    }

    fn snapshot(&self, _peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        let snapshot = &self.rest.snapshot;
        if snapshot.id.index == 0 || snapshot.id.index < at_least {
            return Err(StorageError::TemporarilyUnavailable);
        }
        Ok(snapshot.snapshot())
    }

    fn keeps_promises(&self) -> bool {
        true
    }
}
