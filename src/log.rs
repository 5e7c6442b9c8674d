//! The log as Raft sees it: what the storage holds, continued by what it does not hold yet, and how
//! far it is committed and applied (Figure 2: log, commitIndex, lastApplied).
//!
//! Whether an entry may be appended or committed is decided in `rules/`; here it is done.

mod apply;
mod changes;
mod start;
mod terms;
mod uncommitted;
mod unstable;
mod wanted;

use alloc::boxed::Box;
use alloc::string::ToString;

pub(crate) use self::apply::ToApply;
use self::changes::Changes;
use self::terms::TermRuns;
use self::uncommitted::Uncommitted;
use self::unstable::Unstable;
use self::wanted::Wanted;
use crate::aside::Aside;
use crate::config::Config;
use crate::entries::Entries;
use crate::error::Fault;
use crate::seldom::Seldom;
use crate::storage::{Storage, StorageError};
use crate::types::{Entry, EntryId, Index, NodeId, Snapshot, Term};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Log<S> {
    storage: S,
    unstable: Unstable,
    terms: Aside<TermRuns>,
    uncommitted: Uncommitted,
    committed: Index,
    /// Handed out for applying, up to here.
    applying: Index,
    applied: Index,
    rare: Seldom<Rare>,
    /// Encoded bytes that are handed out for applying and not acknowledged.
    applying_bytes: u64,
    /// Nothing more is handed out until something is acknowledged.
    applying_paused: bool,
    /// Unless zero: when the log was taken up, entries to here could not be read, which may tell more than the
    /// stored commit index.
    unread_to: Index,
    /// Entries to apply were temporarily unavailable; asked again after a tick or `storage_ready`.
    waiting: bool,
}

/// What few logs have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Rare {
    /// Of what is handed out; see [`Server::check_changes`](crate::server::Server::check_changes).
    changes: Changes,
    wanted: Wanted,
}

impl<S: Storage> Log<S> {
    pub(crate) fn storage(&self) -> &S {
        &self.storage
    }

    pub(crate) fn into_storage(self) -> S {
        self.storage
    }

    pub(crate) fn storage_mut(&mut self) -> &mut S {
        &mut self.storage
    }

    // ----- where it begins and ends

    pub(crate) fn first_index(&self) -> Result<Index, StorageError> {
        match self.unstable.snapshot() {
            Some(snapshot) => Ok(snapshot.metadata.index.saturating_add(1)),
            None => self.storage.first_index(),
        }
    }

    /// One more than the last index.
    fn end(&self) -> Index {
        self.unstable.end()
    }

    pub(crate) fn last_index(&self) -> Index {
        self.end().saturating_sub(1)
    }

    pub(crate) fn last(&self) -> Result<EntryId, Fault> {
        let index = self.last_index();
        let term = self.term(index)?;
        Ok(EntryId { term, index })
    }

    /// The term at `index`; known from one before the first entry to the last.
    pub(crate) fn term(&self, index: Index) -> Result<Term, StorageError> {
        if index > self.last_index() {
            return Err(StorageError::Unavailable);
        }
        if index < self.unstable.offset() && index.saturating_add(1) < self.first_index()? {
            return Err(StorageError::Compacted);
        }
        let known = self.terms.term(index).or_else(|| self.unstable.term(index));
        known.map_or_else(|| self.storage.term(index), Ok)
    }

    /// The term at `index`, if the log can tell.
    pub(crate) fn known_term(&self, index: Index) -> Result<Option<Term>, Fault> {
        match self.term(index) {
            Ok(term) => Ok(Some(term)),
            Err(error) => none_unless_fatal(error),
        }
    }

    /// Whether the log has this very entry (or begins right after it); `None`: that cannot be told
    /// now, and must not be taken for a no.
    pub(crate) fn matches(&self, id: EntryId) -> Result<Option<bool>, Fault> {
        match self.term(id.index) {
            Ok(term) => Ok(Some(term == id.term)),
            Err(StorageError::Compacted | StorageError::Unavailable) => Ok(Some(false)),
            Err(StorageError::TemporarilyUnavailable) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The last index up to `index` whose term is not above `term`, with its term: where two logs
    /// may still agree. Steps over a whole term at a time on the other side. Term 0: not known.
    pub(crate) fn agreement(&self, index: Index, term: Term) -> Result<EntryId, Fault> {
        let mut index = index;
        loop {
            match self.known_term(index)? {
                _ if index == 0 => return Ok(EntryId::default()),
                None => return Ok(EntryId { term: 0, index }),
                Some(ours) if ours <= term => return Ok(EntryId { term: ours, index }),
                Some(_) => {
                    // A stretch of equal term is stepped over at once, but not past the log's beginning.
                    let start = self.terms.run_start(index).unwrap_or(index);
                    // (It may have been cut beyond entries that are in memory still.)
                    let begin = self.first_index()?.saturating_sub(1).min(index);
                    index = start.max(begin).saturating_sub(1);
                }
            }
        }
    }

    // ----- reading entries

    /// Entries from `low` up to and without `high`: at most `max_bytes` encoded but at least one entry.
    /// What is in memory is not read.
    pub(crate) fn slice(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        if low < self.first_index()? {
            return Err(StorageError::Compacted);
        }
        let start = self.unstable.start();
        if low >= start {
            return Ok(self.unstable.slice(low, high, max_bytes));
        }
        let stored = self.storage.entries(low, high.min(start), max_bytes)?;
        check_answer(&stored, low, high.min(start))?;
        let next = stored.last().map_or(low, |entry| entry.index.saturating_add(1));
        if next < start || next >= high {
            return Ok(stored);
        }
        let (mut count, mut bytes) = (stored.len(), stored.encoded_len());
        for entry in self.unstable.range(next, high) {
            let more = bytes.saturating_add(entry.encoded_len());
            if more > max_bytes {
                break;
            }
            (count, bytes) = (count.saturating_add(1), more);
        }
        let all = stored.iter().chain(self.unstable.range(next, high));
        Ok(Entries::copied(all, count, bytes))
    }

    /// An entry that is not known to be stored.
    pub(crate) fn unstable_entry(&self, index: Index) -> Option<&Entry> {
        let unstable = index >= self.unstable.offset();
        let mut entries = self.unstable.range(index, index.saturating_add(1));
        unstable.then(|| entries.next())?
    }

    /// The first entry in `(after, up_to]` that changes the configuration, read page by page.
    pub(crate) fn find_change(&self, after: Index, up_to: Index, page: u64) -> Result<Option<Entry>, StorageError> {
        let mut next = after.saturating_add(1);
        while next <= up_to {
            for entry in &self.slice(next, up_to.saturating_add(1), page)? {
                if entry.is_conf_change() {
                    return Ok(Some(entry.clone()));
                }
                next = entry.index.saturating_add(1);
            }
        }
        Ok(None)
    }

    /// A snapshot for `peer`: the pending one, or the storage's.
    pub(crate) fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        match self.unstable.snapshot() {
            Some(snapshot) => Ok(snapshot.clone()),
            None => self.storage.snapshot(peer, at_least),
        }
    }

    // ----- growing

    /// Puts `entries` (contiguous, within or right after the log, above the commit index) in the
    /// place of what was there.
    pub(crate) fn append(&mut self, entries: Entries, config: &Config) -> Result<(), Fault> {
        let Some(first) = entries.first().map(|entry| entry.index) else {
            return Ok(());
        };
        if first <= self.committed || first > self.end() {
            return Err(Fault::Invariant(
                "an append must begin after the commit index and within the log",
            ));
        }
        self.uncommitted
            .truncate(self.appliable(config), first.saturating_sub(1));
        self.terms.append(&entries);
        if config.settings().uncommitted_cap() < u64::MAX {
            self.uncommitted.extend(&entries);
        }
        self.unstable.truncate_and_append(entries, first);
        Ok(())
    }

    /// Puts one entry of this term at the end; its index.
    #[inline]
    pub(crate) fn push(&mut self, mut entry: Entry, term: Term, config: &Config) -> Index {
        (entry.term, entry.index) = (term, self.end());
        let index = entry.index;
        if self.terms.last() != term {
            self.terms.append(core::slice::from_ref(&entry));
        }
        if config.settings().uncommitted_cap() < u64::MAX {
            self.uncommitted.push(&entry);
        }
        self.unstable.push(entry);
        index
    }

    /// What was pushed is handed out from now on without being copied.
    pub(crate) fn share(&mut self) {
        self.unstable.share();
    }

    /// A snapshot replaces the whole log, and the state machine.
    pub(crate) fn restore(&mut self, snapshot: Box<Snapshot>) {
        self.forget_request();
        self.committed = snapshot.metadata.index;
        self.terms = Aside(TermRuns::new(snapshot.id()));
        self.uncommitted = Uncommitted::default();
        self.unstable.restore(snapshot);
        self.waiting = false;
    }

    /// Whether more may be committed than is known: see [`learn_from_changes`](Self::learn_from_changes).
    pub(crate) fn is_unread(&self) -> bool {
        self.unread_to > self.committed
    }

    pub(crate) fn uncommitted_bytes(&self) -> u64 {
        self.uncommitted.bytes()
    }

    pub(crate) fn has_room(&self, payload_bytes: u64, config: &Config) -> bool {
        self.uncommitted
            .has_room(payload_bytes, config.settings().uncommitted_cap())
    }

    // ----- persisting

    pub(crate) fn has_unstable_entries(&self) -> bool {
        self.unstable.has_entries()
    }

    /// Up to here the storage has acknowledged the log.
    pub(crate) fn stored(&self) -> Index {
        self.unstable.offset().saturating_sub(1)
    }

    pub(crate) fn has_pending_snapshot(&self) -> bool {
        self.unstable.snapshot().is_some()
    }

    pub(crate) fn has_next_unstable(&self) -> bool {
        self.unstable.has_next()
    }

    /// What to persist next; it is handed out once.
    pub(crate) fn take_next_unstable(&mut self) -> (Option<Box<Snapshot>>, Entries) {
        let next = self.unstable.next();
        self.unstable.accept();
        next
    }

    pub(crate) fn stable_to(&mut self, id: EntryId, config: &Config) {
        let before = self.appliable(config);
        self.unstable.stable_to(id);
        self.release(before, config);
        self.forget(config);
    }

    /// Stable entries are kept in memory only until they are handed out for applying.
    fn forget(&mut self, config: &Config) {
        self.unstable
            .forget(self.applying.saturating_add(1), config.settings().max_applying_bytes());
    }

    /// Gives back the buffers that are empty: an idle node holds none.
    pub(crate) fn put_away(&mut self) {
        self.unstable.put_away();
        self.uncommitted.put_away();
    }

    pub(crate) fn stable_snapshot_to(&mut self, index: Index) {
        self.unstable.stable_snapshot_to(index);
    }

    /// What must always hold; `None` if it does.
    pub(crate) fn broken_invariant(&self) -> Option<&'static str> {
        let (offset, in_progress, end) = (self.unstable.offset(), self.unstable.in_progress(), self.end());
        if self.applied > self.applying {
            return Some("applied <= applying");
        }
        if self.applying > self.committed && !self.has_pending_snapshot() {
            return Some("applying <= committed");
        }
        if self.committed >= end {
            return Some("committed <= last index");
        }
        if offset > in_progress || in_progress > end {
            return Some("offset <= in progress <= end");
        }
        None
    }
}

/// An index that is not there is an answer; the rest is a fault.
fn none_unless_fatal<T>(error: StorageError) -> Result<Option<T>, Fault> {
    match error {
        StorageError::Compacted | StorageError::Unavailable | StorageError::TemporarilyUnavailable => Ok(None),
        StorageError::Corrupt(_)
        | StorageError::Broken(_)
        | StorageError::SnapshotOutOfDate { .. }
        | StorageError::OtherTerm { .. } => Err(error.into()),
    }
}

/// A storage that answers with other entries than it was asked for must not be believed.
fn check_answer(entries: &[Entry], low: Index, high: Index) -> Result<(), StorageError> {
    let contiguous = (low..high).zip(entries).all(|(index, entry)| entry.index == index);
    let asked = high.saturating_sub(low);
    let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    if count == 0 || count > asked || !contiguous {
        let what = "entries() answered with entries that were not asked for";
        return Err(StorageError::Broken(what.to_string()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
