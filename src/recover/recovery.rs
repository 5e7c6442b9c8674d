//! Carrying a plan out: what is still to be applied, and what is to be stored then.

use alloc::string::{String, ToString};

use bytes::Bytes;

use super::error::RecoverError;
use super::inspection::{self, Inspection};
use super::plan::Plan;
use crate::entries::Entries;
use crate::rules::history;
use crate::storage::{InitialState, MemoryStorage, Storage, StorageError};
use crate::types::{
    ClusterId, ConfState, EntryId, HardState, Identity, Index, NodeId, RECOVERED, Snapshot, SnapshotMetadata,
};

/// A plan that is being carried out. Made by [`apply`](super::apply); nothing is written by it.
#[derive(Debug)]
pub struct Recovery<'a, S> {
    plan: Plan,
    storage: &'a S,
    /// The first entry that was not taken.
    next: Index,
}

/// Whether this is the store that the plan was made for, as it was then.
pub(super) fn begin<'a, S: Storage>(plan: &Plan, storage: &'a S) -> Result<Recovery<'a, S>, RecoverError> {
    // First of all, for where a store was recovered, the rest need not even make sense to this plan.
    let cluster_id = storage.initial_state()?.cluster_id;
    if cluster_id != plan.cluster_id() && history::is_recovered(cluster_id) {
        return Err(RecoverError::AppliedBefore { cluster_id });
    }
    let found = inspection::read(storage, plan.applied())?;
    plan.check(&found.plan(plan.node_id())?)?;
    Ok(Recovery {
        next: plan.applied().saturating_add(1),
        plan: plan.clone(),
        storage,
    })
}

impl<S: Storage> Recovery<'_, S> {
    /// The next entries for the state machine to apply, at most so many bytes
    /// ([`Entry::encoded_len`](crate::types::Entry::encoded_len)) but at least one; `None` when it has all.
    ///
    /// Those that [change the configuration](crate::types::Entry::is_conf_change) are among them. A state machine that
    /// keeps a configuration of its own skips them: the recovered group begins with another, whatever they say.
    pub fn take_entries(&mut self, max_bytes: u64) -> Result<Option<Entries>, RecoverError> {
        let last = self.plan.last().index;
        if self.next > last {
            return Ok(None);
        }
        let entries = self.storage.entries(self.next, last.saturating_add(1), max_bytes)?;
        let follow = (self.next..=last)
            .zip(&entries)
            .all(|(index, entry)| entry.index == index);
        let taken = entries.last().filter(|entry| follow && entry.index <= last);
        let Some(taken) = taken else {
            let what = "entries() answered with entries that were not asked for";
            return Err(StorageError::Broken(what.to_string()).into());
        };
        self.next = taken.index.saturating_add(1);
        Ok(Some(entries))
    }

    /// What is to be stored, once the state machine has applied all entries and `state` is its snapshot then. `random`
    /// names the new group: a number from a good random source, never one that was used before.
    ///
    /// # Errors
    ///
    /// [`RecoverError::NotTaken`] if entries were not taken; [`RecoverError::ClusterId`] if the number is zero but for
    /// its [largest bit](RECOVERED), which is set in any case, or makes the id of the group that was.
    pub fn finish(&self, state: Bytes, random: ClusterId) -> Result<Recovered, RecoverError> {
        let plan = &self.plan;
        if self.next <= plan.last().index {
            return Err(RecoverError::NotTaken { index: self.next });
        }
        let cluster_id = random | RECOVERED;
        if cluster_id == RECOVERED || cluster_id == plan.cluster_id() {
            return Err(RecoverError::ClusterId { drawn: random });
        }
        let (node_id, identity) = (plan.node_id(), plan.identity());
        let (term, index) = (plan.new_term(), plan.last().index);
        let alone = ConfState::of_voters([node_id]);
        let conf_state = alone.with_identities((identity != 0).then_some((node_id, identity)));
        let metadata = SnapshotMetadata::new(EntryId { term, index }, conf_state);
        Ok(Recovered {
            node_id,
            cluster_id,
            identity,
            hard_state: HardState::new(term, None, index).with_promised_ticks(plan.hard_state().promised_ticks),
            snapshot: Snapshot::new(metadata, state),
        })
    }
}

/// What the store of the one survivor is from now on: all of it, and nothing that it was before. Write it to a store
/// that is made for it, and put that in the place of the old one in one step; `docs/lost-quorum.md` says what else may
/// be done, and what must not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Recovered {
    /// The node that starts on it.
    pub node_id: NodeId,
    /// The new group: for the store, and for [`Config::cluster_id`](crate::Config::cluster_id) of every node in it.
    pub cluster_id: ClusterId,
    /// The store's identity, as it was; zero for none.
    pub identity: Identity,
    /// Term, commit index, and the promise that may be outstanding. There is no vote.
    ///
    /// Before the first campaign the node keeps silent for that promise, or for its
    /// [`restart_silence_ticks`](crate::Settings::restart_silence_ticks) if those are more. If other members may have
    /// promised a leader more than this one did, because their election timeout was longer, raise it to the longest.
    pub hard_state: HardState,
    /// Stands for the whole log; the log that follows it is empty.
    pub snapshot: Snapshot,
}

impl Recovered {
    /// What [`Storage::initial_state`] is to say when this is stored.
    pub fn initial_state(&self) -> InitialState {
        let metadata = &self.snapshot.metadata;
        InitialState::new(self.hard_state, metadata.conf_state.clone(), metadata.index)
            .with_cluster_id(self.cluster_id)
            .with_identity(self.identity)
    }

    /// Whether this is what the store says now: to be asked before it takes the place of the old one. (What the
    /// snapshot holds is not compared.)
    ///
    /// # Errors
    ///
    /// [`RecoverError::NotWritten`] names the first difference.
    pub fn verify<S: Storage>(&self, written: &S) -> Result<(), RecoverError> {
        let (wanted, found) = (self.initial_state(), written.initial_state()?);
        let keeps = written.keeps_promises();
        let hard_state = |state: HardState| if keeps { state } else { state.with_promised_ticks(0) }.to_string();
        let (first, last) = (written.first_index()?, written.last_index()?);
        let (id, begin) = (self.snapshot.id(), first.saturating_sub(1));
        let ends = EntryId {
            term: written.term(last)?,
            index: last,
        };
        let hexadecimal = |number: u64| alloc::format!("{number:x}");
        let rows: [(&'static str, String, String); 7] = [
            (
                "cluster id",
                hexadecimal(wanted.cluster_id),
                hexadecimal(found.cluster_id),
            ),
            ("identity", hexadecimal(wanted.identity), hexadecimal(found.identity)),
            (
                "hard state",
                hard_state(wanted.hard_state),
                hard_state(found.hard_state),
            ),
            (
                "configuration",
                Inspection::words(&wanted.conf_state),
                Inspection::words(&found.conf_state),
            ),
            (
                "index of the configuration",
                wanted.conf_state_index.to_string(),
                found.conf_state_index.to_string(),
            ),
            ("last entry", id.to_string(), ends.to_string()),
            ("index before the first entry", id.index.to_string(), begin.to_string()),
        ];
        match rows.into_iter().find(|(_, wanted, found)| wanted != found) {
            None => Ok(()),
            Some((what, expected, found)) => Err(RecoverError::NotWritten { what, expected, found }),
        }
    }
}

impl From<Recovered> for MemoryStorage {
    /// The recovered store, synced.
    fn from(recovered: Recovered) -> Self {
        let mut storage = Self::from_snapshot(recovered.snapshot)
            .with_cluster_id(recovered.cluster_id)
            .with_identity(recovered.identity);
        storage.set_hard_state(recovered.hard_state);
        storage.sync();
        storage
    }
}
