//! The part of the log that is in memory: a tail of entries that the storage may not hold yet, or a
//! snapshot and a tail; and before it the entries that the storage holds and nobody has applied yet.
//!
//! Entries become stable when the storage has acknowledged them. In between they are handed out once
//! (they are "in progress") and can still be overwritten. Stable entries are kept only so that what is to
//! be applied need not be read again: a cache, which neither counts in comparisons nor grows beyond what
//! is handed out at once.

use alloc::boxed::Box;
use core::hash::{Hash, Hasher};

use crate::entries::{Entries, Runs};
use crate::types::{Entry, EntryId, Index, Snapshot, Term};

#[derive(Clone, Debug)]
pub(crate) struct Unstable {
    /// One word, where there is nearly never one.
    pending: Option<Box<Pending>>,
    /// Everything below is stable: `runs.start() <= offset <= in_progress <= runs.end()`.
    offset: Index,
    /// Entries before this index were handed out.
    in_progress: Index,
    runs: Runs,
}

/// A snapshot that the storage may not hold yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Pending {
    snapshot: Box<Snapshot>,
    /// It was handed out.
    in_progress: bool,
}

impl Unstable {
    /// An empty tail of a log whose last stored index is `last`.
    pub(crate) fn new(last: Index) -> Self {
        let offset = last.saturating_add(1);
        Self {
            pending: None,
            offset,
            in_progress: offset,
            runs: Runs::new(offset),
        }
    }

    pub(crate) fn offset(&self) -> Index {
        self.offset
    }

    pub(crate) fn in_progress(&self) -> Index {
        self.in_progress
    }

    /// One more than the last index of the whole log.
    pub(crate) fn end(&self) -> Index {
        self.runs.end()
    }

    /// The first index that is in memory; the log's end if there is none.
    pub(crate) fn start(&self) -> Index {
        self.runs.start()
    }

    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        Some(&self.pending.as_deref()?.snapshot)
    }

    pub(crate) fn has_entries(&self) -> bool {
        self.offset < self.end()
    }

    /// The term at an index that is not stable.
    pub(crate) fn term(&self, index: Index) -> Option<Term> {
        if index >= self.offset {
            return Some(self.runs.get(index)?.term);
        }
        let snapshot = self.snapshot()?.id();
        (snapshot.index == index).then_some(snapshot.term)
    }

    /// Entries from `low` up to and without `high`; those that are not in memory are left out.
    pub(crate) fn range(&self, low: Index, high: Index) -> impl Iterator<Item = &Entry> {
        self.runs.range(low, high)
    }

    /// Entries from `low`, which is in memory, up to and without `high`: at most `max_bytes` encoded but at
    /// least one entry.
    pub(crate) fn slice(&self, low: Index, high: Index, max_bytes: u64) -> Entries {
        self.runs.slice(low, high, max_bytes)
    }

    /// Whether something is there that was not handed out.
    pub(crate) fn has_next(&self) -> bool {
        self.in_progress < self.end() || self.next_snapshot().is_some()
    }

    fn next_snapshot(&self) -> Option<&Pending> {
        self.pending.as_deref().filter(|pending| !pending.in_progress)
    }

    /// What was not handed out yet.
    pub(crate) fn next(&mut self) -> (Option<Box<Snapshot>>, Entries) {
        if !self.has_next() {
            return (None, Entries::new());
        }
        self.share();
        let snapshot = self.next_snapshot().map(|next| next.snapshot.clone());
        let entries = self.slice(self.in_progress, self.end(), u64::MAX);
        (snapshot, entries)
    }

    /// All of it is handed out now.
    pub(crate) fn accept(&mut self) {
        self.in_progress = self.end();
        if let Some(pending) = &mut self.pending {
            pending.in_progress = true;
        }
    }

    /// From now on, what was pushed is handed out without being copied.
    pub(crate) fn share(&mut self) {
        self.runs.share();
    }

    /// Puts an entry at the end.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.runs.push(entry);
    }

    /// Puts `entries`, contiguous and not beyond the end, in the place of what was there.
    pub(crate) fn truncate_and_append(&mut self, entries: Entries, from: Index) {
        self.runs.truncate(from);
        self.offset = self.offset.min(from);
        self.in_progress = self.in_progress.min(from);
        self.runs.append(entries);
    }

    /// The storage holds the log up to `id`. Counts only if that is still what the log says.
    pub(crate) fn stable_to(&mut self, id: EntryId) {
        if id.index < self.offset || self.runs.get(id.index).map(Entry::id) != Some(id) {
            return;
        }
        self.offset = id.index.saturating_add(1);
        self.in_progress = self.in_progress.max(self.offset);
    }

    /// Stable entries are needed from `low` on only, and only if no more than `max_bytes` are in memory.
    pub(crate) fn forget(&mut self, low: Index, max_bytes: u64) {
        self.runs.forget(low.min(self.offset), self.offset, max_bytes);
    }

    /// The storage holds the snapshot at `index`.
    pub(crate) fn stable_snapshot_to(&mut self, index: Index) {
        if self.snapshot().is_some_and(|snapshot| snapshot.metadata.index == index) {
            self.pending = None;
        }
    }

    /// A snapshot replaces everything.
    pub(crate) fn restore(&mut self, snapshot: Box<Snapshot>) {
        *self = Self::new(snapshot.metadata.index);
        self.pending = Some(Box::new(Pending {
            snapshot,
            in_progress: false,
        }));
    }

    /// Gives back the buffers that are empty.
    pub(crate) fn put_away(&mut self) {
        self.runs.put_away();
    }

    /// What counts in comparisons.
    fn contents(&self) -> (Option<&Pending>, [Index; 3]) {
        let bounds = [self.offset, self.in_progress, self.end()];
        (self.pending.as_deref(), bounds)
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.range(self.offset, self.end())
    }
}

impl PartialEq for Unstable {
    fn eq(&self, other: &Self) -> bool {
        self.contents() == other.contents() && self.entries().eq(other.entries())
    }
}

impl Eq for Unstable {}

impl Hash for Unstable {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.contents().hash(state);
        self.entries().for_each(|entry| entry.hash(state));
    }
}
