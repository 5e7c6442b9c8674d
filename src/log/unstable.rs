//! The part of the log that the storage may not hold yet: a tail of entries, or a snapshot and a
//! tail.
//!
//! Entries leave when the storage has acknowledged them. In between they are handed out once (they
//! are "in progress") and can still be overwritten.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::types::{Entry, EntryId, Index, Snapshot, Term};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Unstable {
    snapshot: Option<Box<Snapshot>>,
    snapshot_in_progress: bool,
    /// Index of the first of `entries`, whether there is one or not.
    offset: Index,
    /// Entries before this index were handed out: `offset <= in_progress <= end`.
    in_progress: Index,
    entries: VecDeque<Entry>,
}

impl Unstable {
    /// An empty tail of a log whose last stored index is `last`.
    pub(crate) fn new(last: Index) -> Self {
        let offset = last.saturating_add(1);
        Self {
            snapshot: None,
            snapshot_in_progress: false,
            offset,
            in_progress: offset,
            entries: VecDeque::new(),
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
        self.offset
            .saturating_add(self.entries.len().try_into().unwrap_or(u64::MAX))
    }

    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    pub(crate) fn has_entries(&self) -> bool {
        !self.entries.is_empty()
    }

    pub(crate) fn term(&self, index: Index) -> Option<Term> {
        if let Some(entry) = self.get(index) {
            return Some(entry.term);
        }
        let snapshot = self.snapshot()?.id();
        (snapshot.index == index).then_some(snapshot.term)
    }

    fn position(&self, index: Index) -> Option<usize> {
        index.checked_sub(self.offset)?.try_into().ok()
    }

    fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(self.position(index)?)
    }

    /// Entries from `low` up to and without `high`; those outside are left out.
    pub(crate) fn range(&self, low: Index, high: Index) -> impl Iterator<Item = &Entry> {
        let start = self
            .position(low.max(self.offset))
            .unwrap_or(usize::MAX)
            .min(self.entries.len());
        let end = self.position(high.min(self.end())).unwrap_or(0).max(start);
        self.entries.range(start..end)
    }

    /// Whether something is there that was not handed out.
    pub(crate) fn has_next(&self) -> bool {
        self.in_progress < self.end() || (self.snapshot.is_some() && !self.snapshot_in_progress)
    }

    /// What was not handed out yet.
    pub(crate) fn next(&self) -> (Option<Snapshot>, Vec<Entry>) {
        let snapshot = self.snapshot().filter(|_| !self.snapshot_in_progress);
        let entries = self.range(self.in_progress, u64::MAX).cloned();
        (snapshot.cloned(), entries.collect())
    }

    /// All of it is handed out now.
    pub(crate) fn accept(&mut self) {
        self.in_progress = self.end();
        self.snapshot_in_progress = self.snapshot.is_some();
    }

    /// Puts `entries`, contiguous and not beyond the end, in the place of what was there.
    pub(crate) fn truncate_and_append(&mut self, entries: impl IntoIterator<Item = Entry>, from: Index) {
        if from <= self.offset {
            self.offset = from;
            self.entries.clear();
        } else {
            self.entries.truncate(self.position(from).unwrap_or(usize::MAX));
        }
        self.in_progress = self.in_progress.min(from).max(self.offset);
        self.entries.extend(entries);
    }

    /// The storage holds the log up to `id`. Counts only if that is still what the log says.
    pub(crate) fn stable_to(&mut self, id: EntryId) {
        if self.get(id.index).map(Entry::id) != Some(id) {
            return;
        }
        let stored = self.position(id.index).unwrap_or(0).saturating_add(1);
        self.entries.drain(..stored.min(self.entries.len()));
        self.offset = id.index.saturating_add(1);
        self.in_progress = self.in_progress.max(self.offset);
        if self.entries.is_empty() {
            self.entries = VecDeque::new(); // an idle node holds no buffer
        }
    }

    /// The storage holds the snapshot at `index`.
    pub(crate) fn stable_snapshot_to(&mut self, index: Index) {
        if self.snapshot().is_some_and(|snapshot| snapshot.metadata.index == index) {
            self.snapshot = None;
            self.snapshot_in_progress = false;
        }
    }

    /// A snapshot replaces everything.
    pub(crate) fn restore(&mut self, snapshot: Snapshot) {
        *self = Self::new(snapshot.metadata.index);
        self.snapshot = Some(Box::new(snapshot));
    }
}
