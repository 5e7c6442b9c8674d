//! What a store that is left says: what is committed for sure, what may be, and what cannot be known.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::digest::Digest;
use super::error::RecoverError;
use super::plan::Plan;
use crate::config::Config;
use crate::error::ConfigError;
use crate::log::Log;
use crate::membership::{AnyConfChange, Membership};
use crate::membership_status::PendingChange;
use crate::rules::{change, history};
use crate::storage::{Storage, StorageError};
use crate::types::{ClusterId, ConfState, Entry, EntryId, HardState, Identity, Index, NodeId};
use crate::wire;

/// Bytes of entries that are read at once.
const PAGE: u64 = 1 << 20;

/// What [`inspect`](super::inspect) found in a store. Its [`Display`](fmt::Display) is a report for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Inspection {
    /// The group that the store was made for; zero for none.
    pub cluster_id: ClusterId,
    /// What tells the store from others of the same node; zero for none.
    pub identity: Identity,
    /// Term, vote and commit index as they are stored.
    pub hard_state: HardState,
    /// The log begins after this entry.
    pub base: EntryId,
    /// The log's last entry, or `base`.
    pub last: EntryId,
    /// The state machine has applied everything up to here.
    pub applied: Index,
    /// Everything up to this entry is committed for sure: the stored commit index or, where those are later, what is
    /// applied, what the configuration is as of, and what a later change of it proves.
    pub committed: EntryId,
    /// The configuration as of `committed`.
    pub configuration: ConfState,
    /// Changes of the configuration above `committed`. They may be committed or not, as all that is there.
    pub changes: Vec<PendingChange>,
    /// The configuration if all of them are.
    pub last_configuration: ConfState,
    /// Every member of any configuration from the stored one to the last.
    pub(super) members: Vec<NodeId>,
    /// Of the entries above `applied`.
    pub(super) tail: u64,
    /// Where each term begins, from `base` on.
    runs: Vec<EntryId>,
}

/// Reads the store; `applied` as in [`Config::applied`].
pub(super) fn read<S: Storage>(storage: &S, applied: Index) -> Result<Inspection, RecoverError> {
    let mut config = Config::new(1, 0);
    config.applied = applied;
    // Nothing is measured; and a change proves another only if the leader that appended it says that it does.
    config.settings_mut().max_uncommitted_bytes = 0;
    let initial = storage.initial_state()?;
    let log = Log::new(storage, &initial, &config)?;
    let (base, last) = (log.first_index()?.saturating_sub(1), log.last_index());
    if last == 0 {
        return Err(RecoverError::Empty);
    }
    let id = |index| log.term(index).map(|term| EntryId { term, index });
    let (base, last, committed) = (id(base)?, id(last)?, id(log.committed())?);
    let mut tail = Tail {
        applied: log.applied(),
        committed: committed.index,
        digest: Digest::EMPTY,
        membership: Membership::restore(&initial.conf_state).map_err(ConfigError::from)?,
        settled: None,
        members: Vec::new(),
        changes: Vec::new(),
    };
    tail.note_members();
    tail.read(
        &log,
        initial.conf_state_index.min(log.applied()),
        initial.conf_state_index,
    )?;
    let last_configuration = tail.membership.conf_state();
    Ok(Inspection {
        cluster_id: initial.cluster_id,
        identity: initial.identity,
        hard_state: initial.hard_state,
        base,
        last,
        applied: tail.applied,
        committed,
        configuration: tail.settled.unwrap_or_else(|| last_configuration.clone()),
        changes: tail.changes,
        last_configuration,
        members: tail.members,
        tail: tail.digest.value(),
        runs: runs(&log, base, last)?,
    })
}

/// What the end of a log comes to.
struct Tail {
    applied: Index,
    committed: Index,
    digest: Digest,
    /// As of the entry that was read last.
    membership: Membership,
    /// As of the commit index, once there is a change above it.
    settled: Option<ConfState>,
    members: Vec<NodeId>,
    changes: Vec<PendingChange>,
}

impl Tail {
    /// Reads the entries after this index; those up to `configured` change nothing any more.
    fn read<S: Storage>(&mut self, log: &Log<S>, after: Index, configured: Index) -> Result<(), RecoverError> {
        let (mut next, mut term) = (after.saturating_add(1), log.term(after)?);
        while next <= log.last_index() {
            for entry in &log.slice(next, log.last_index().saturating_add(1), PAGE)? {
                if entry.term < term {
                    return Err(StorageError::Broken("terms fall along the log".into()).into());
                }
                (next, term) = (entry.index.saturating_add(1), entry.term);
                if entry.index > self.applied {
                    self.digest = self.digest.entry(entry);
                }
                if entry.is_conf_change() && entry.index > configured {
                    self.change(entry);
                }
            }
        }
        Ok(())
    }

    fn change(&mut self, entry: &Entry) {
        if entry.index > self.committed {
            self.settled.get_or_insert_with(|| self.membership.conf_state());
            self.changes.push(PendingChange {
                index: entry.index,
                change: wire::decode_change(entry).ok().map(AnyConfChange::into_v2),
            });
        }
        if let Ok(changed) = change::apply(entry, &self.membership) {
            self.membership = changed.membership;
            self.note_members();
        }
    }

    fn note_members(&mut self) {
        self.members.extend(self.membership.members());
        self.members.sort_unstable();
        self.members.dedup();
    }
}

/// Where each term begins, from `base` on: found by halving, for terms never fall.
fn runs<S: Storage>(log: &Log<S>, base: EntryId, last: EntryId) -> Result<Vec<EntryId>, StorageError> {
    let mut runs = alloc::vec![base];
    let mut at = base;
    while at.term < last.term {
        let mut first = last;
        let mut low = at.index.saturating_add(1);
        while low < first.index {
            let index = low.midpoint(first.index);
            match log.term(index)? {
                term if term > at.term => first = EntryId { term, index },
                _ => low = index.saturating_add(1),
            }
        }
        runs.push(first);
        at = first;
    }
    Ok(runs)
}

impl Inspection {
    /// A plan to make node `id`, whose store this is, the only member of a new group.
    ///
    /// # Errors
    ///
    /// [`RecoverError::NotMember`] if no configuration that the store knows has the node;
    /// [`RecoverError::Exhausted`] if there are no more terms or indexes.
    pub fn plan(&self, id: NodeId) -> Result<Plan, RecoverError> {
        Plan::new(self, id)
    }

    /// Whether the store has this entry, or a snapshot in which what was committed there is.
    pub fn holds(&self, entry: EntryId) -> bool {
        if entry.index <= self.base.index {
            return entry.index < self.base.index || entry == self.base;
        }
        let before = self.runs.partition_point(|run| run.index <= entry.index);
        let run = before.checked_sub(1).and_then(|run| self.runs.get(run));
        entry.index <= self.last.index && run.is_some_and(|run| run.term == entry.term)
    }

    /// What the node is by the configuration as of `committed`.
    pub(super) fn standing(&self, id: NodeId) -> &'static str {
        let state = &self.configuration;
        match state.identity(id) {
            _ if !state.contains(id) => "no member",
            Some(named) if named != self.identity => "a member, but with another store",
            None if self.identity != 0 => "a member, but its store is not named",
            _ if state.voters.contains(&id) || state.voters_outgoing.contains(&id) => "a voter",
            _ => "a learner",
        }
    }

    /// A configuration in words.
    pub(super) fn words(state: &ConfState) -> String {
        // What was read is one.
        Membership::restore(state).unwrap_or_default().to_string()
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            base, last, committed, ..
        } = self;
        let recovered = history::is_recovered(self.cluster_id);
        let (cluster, identity) = (self.cluster_id, self.identity);
        let again = if recovered { ", recovered before" } else { "" };
        writeln!(f, "store: identity {identity:x} of group {cluster:x}{again}")?;
        writeln!(f, "hard state: {}", self.hard_state)?;
        writeln!(
            f,
            "log: begins after {base}, ends with {last}; applied to {}",
            self.applied
        )?;
        writeln!(f, "committed for sure: up to {committed}")?;
        match committed.index.saturating_add(1) {
            next if next > last.index => writeln!(f, "may be committed: nothing else that is here")?,
            next => writeln!(f, "may be committed: entries {next} to {}", last.index)?,
        }
        writeln!(
            f,
            "lost: what was committed beyond {last}, if anything was; no store can say"
        )?;
        write!(
            f,
            "configuration as of {}: {}",
            committed.index,
            Self::words(&self.configuration)
        )?;
        for PendingChange { index, change } in &self.changes {
            match change {
                Some(change) => write!(f, "\nmay be committed at {index}: {change}")?,
                None => write!(f, "\nmay be committed at {index}: a change that cannot be read")?,
            }
        }
        if !self.changes.is_empty() {
            let state = Self::words(&self.last_configuration);
            write!(f, "\nconfiguration as of {}, if all is committed: {state}", last.index)?;
        }
        Ok(())
    }
}
