//! Entries in memory, in runs that are shared with whoever was given them: one for what is appended at
//! once, so that handing it out copies nothing.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Entries;
use crate::types::{Entry, Index};

/// So many entries, of so many bytes, are given out without those of the next run: to add them would take a copy of
/// each entry, which costs more than another message.
const ENOUGH: (usize, u64) = (256, 64 << 10);

/// Entries up to `end`, without gaps.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    /// One more than the last index.
    end: Index,
    /// `None`: there are no entries. Kept while it is empty, until it is put away.
    held: Option<Box<Held>>,
}

/// The entries, and the buffers they are in.
#[derive(Clone, Debug)]
struct Held {
    /// The first index; the same as the end where there are no entries.
    start: Index,
    /// Oldest first; none is empty.
    shared: VecDeque<Run>,
    /// Encoded bytes of all of them.
    bytes: u64,
    /// Pushed since, one by one.
    fresh: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Run {
    first: Index,
    /// One more than the last index.
    end: Index,
    entries: Entries,
}

impl Run {
    /// Entries that begin at `first`; `None` of no entries.
    #[inline]
    fn of(first: Index, entries: Entries) -> Option<Self> {
        let count = u64::try_from(entries.len()).unwrap_or(u64::MAX);
        let end = first.saturating_add(count);
        (count > 0).then_some(Self { first, end, entries })
    }

    fn bytes(&self) -> u64 {
        self.entries.encoded_len()
    }

    /// What fits of the entries from `low` on, before `high`, if no more is wanted, or that is so much that others are
    /// not worth a copy of all.
    fn slice(&self, low: Index, high: Index, max_bytes: u64) -> Option<Entries> {
        let bounded = max_bytes < u64::MAX;
        let is_enough = |count: usize, bytes: u64| bounded && count >= ENOUGH.0 && bytes >= ENOUGH.1;
        let is_whole = low == self.first && high >= self.end && self.bytes() <= max_bytes;
        if is_whole && is_enough(self.entries.len(), self.bytes()) {
            return Some(self.entries.clone()); // nothing is counted again
        }
        let wanted = part(&self.entries, self.first, low, high);
        let (count, bytes) = fitting(wanted, max_bytes);
        let enough = high <= self.end || count < wanted.len() || is_enough(count, bytes);
        let start = position(self.first, low);
        enough.then(|| self.entries.slice_of(start..start.saturating_add(count), bytes))
    }

    /// The entries from `low` on, before `high`.
    fn cut(&self, low: Index, high: Index) -> Entries {
        self.entries
            .slice(position(self.first, low)..position(self.first, high))
    }
}

fn position(first: Index, index: Index) -> usize {
    index.saturating_sub(first).try_into().unwrap_or(usize::MAX)
}

impl Runs {
    /// No entries; the next one has this index.
    pub(crate) fn new(end: Index) -> Self {
        Self { end, held: None }
    }

    pub(crate) fn start(&self) -> Index {
        self.held.as_ref().map_or(self.end, |held| held.start)
    }

    pub(crate) fn end(&self) -> Index {
        self.end
    }

    pub(crate) fn get(&self, index: Index) -> Option<&Entry> {
        self.held.as_ref()?.get(index)
    }

    /// Entries from `low` up to and without `high`; those outside are left out.
    pub(crate) fn range(&self, low: Index, high: Index) -> impl Iterator<Item = &Entry> {
        self.held.iter().flat_map(move |held| held.range(low, high))
    }

    /// The entries below `high` that are shared, run by run.
    pub(crate) fn pieces(&self, high: Index) -> impl Iterator<Item = Entries> {
        let runs = self.held.iter().flat_map(|held| &held.shared);
        let below = runs.take_while(move |run| run.first < high);
        below.map(move |run| run.cut(run.first, high))
    }

    /// Entries from `low` up to and without `high`, at most `max_bytes` encoded but at least one
    /// entry; perhaps fewer than would fit, unless that is `u64::MAX`, which asks for all. Copies them only if they
    /// are of several runs.
    pub(crate) fn slice(&self, low: Index, high: Index, max_bytes: u64) -> Entries {
        let held = self.held.as_ref();
        held.map_or_else(Entries::new, |held| held.slice(low, high, max_bytes))
    }

    /// Where to put more.
    fn hold(&mut self) -> &mut Held {
        let start = self.end;
        self.held.get_or_insert_with(|| Box::new(Held::new(start)))
    }

    /// Puts an entry at the end.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.hold().fresh.push(entry);
        self.end = self.end.saturating_add(1);
    }

    /// Puts entries at the end. They are kept: see [`Entries::alone`].
    pub(crate) fn append(&mut self, entries: Entries) {
        debug_assert!(entries.first().is_none_or(|first| first.index == self.end));
        self.share();
        if let Some(run) = Run::of(self.end, entries.alone()) {
            let end = run.end;
            self.hold().push(run);
            self.end = end;
        }
    }

    /// What was pushed becomes one run.
    #[inline]
    pub(crate) fn share(&mut self) {
        if let Some(held) = self.held.as_mut().filter(|held| !held.fresh.is_empty()) {
            held.share();
        }
    }

    /// Drops the entries from `end` on; the next one has that index, even if it is below all of them.
    pub(crate) fn truncate(&mut self, end: Index) {
        if end == self.end {
            return;
        }
        if let Some(held) = &mut self.held {
            held.truncate(end);
        }
        self.end = end;
    }

    /// Drops whole runs that end by `low`; and, as long as all of it is more than `max_bytes`, those that
    /// end by `stable`, oldest first.
    pub(crate) fn forget(&mut self, low: Index, stable: Index, max_bytes: u64) {
        if let Some(held) = &mut self.held {
            held.forget(low, stable, max_bytes);
        }
    }

    /// Drops the entries below `start`, none of which is fresh.
    pub(crate) fn cut_front(&mut self, start: Index) {
        if let Some(held) = &mut self.held {
            held.cut_front(start);
        }
        self.drop_empty();
    }

    /// Gives back the buffers that are empty.
    pub(crate) fn put_away(&mut self) {
        if let Some(held) = &mut self.held {
            held.put_away();
        }
        self.drop_empty();
    }

    fn drop_empty(&mut self) {
        self.held.take_if(|held| held.is_empty());
    }
}

impl Held {
    /// Once for many rounds.
    #[cold]
    fn new(start: Index) -> Self {
        Self {
            start,
            shared: VecDeque::new(),
            bytes: 0,
            fresh: Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.fresh.is_empty()
    }

    /// Index of the first entry that is not shared yet.
    fn fresh_start(&self) -> Index {
        self.shared.back().map_or(self.start, |run| run.end)
    }

    fn get(&self, index: Index) -> Option<&Entry> {
        let fresh = self.fresh_start();
        if index >= fresh {
            return self.fresh.get(position(fresh, index));
        }
        let run = self.run(index)?;
        run.entries.get(position(run.first, index))
    }

    /// The shared run that holds this index.
    fn run(&self, index: Index) -> Option<&Run> {
        // Nearly always it is the last one.
        let run = match self.shared.back() {
            Some(last) if last.first <= index => last,
            _ => self
                .shared
                .get(self.runs_below(index.saturating_add(1)).checked_sub(1)?)?,
        };
        (index < run.end).then_some(run)
    }

    /// How many runs begin below `index`.
    fn runs_below(&self, index: Index) -> usize {
        self.shared.partition_point(|run| run.first < index)
    }

    fn range(&self, low: Index, high: Index) -> impl Iterator<Item = &Entry> {
        let end = self.runs_below(high);
        let start = self.shared.partition_point(|run| run.end <= low).min(end);
        self.shared
            .range(start..end)
            .flat_map(move |run| part(&run.entries, run.first, low, high))
            .chain(part(&self.fresh, self.fresh_start(), low, high))
    }

    fn slice(&self, low: Index, high: Index, max_bytes: u64) -> Entries {
        let of_one_run = match self.run(low) {
            Some(run) if low == run.first && high == run.end && run.bytes() <= max_bytes => Some(run.entries.clone()),
            Some(run) => run.slice(low, high, max_bytes),
            None => None,
        };
        of_one_run.unwrap_or_else(|| {
            let (count, bytes) = fitting(self.range(low, high), max_bytes);
            Entries::copied(self.range(low, high), count, bytes)
        })
    }

    fn push(&mut self, run: Run) {
        self.bytes = self.bytes.saturating_add(run.bytes());
        self.shared.push_back(run);
    }

    fn share(&mut self) {
        let first = self.fresh_start();
        let entries: Arc<[Entry]> = self.fresh.drain(..).collect();
        if let Some(run) = Run::of(first, entries.into()) {
            self.push(run);
        }
    }

    fn truncate(&mut self, end: Index) {
        self.fresh.truncate(position(self.fresh_start(), end));
        while let Some(run) = self.shared.back().filter(|run| run.end > end) {
            let rest = Run::of(run.first, run.cut(run.first, end).alone());
            self.bytes = self.bytes.saturating_sub(run.bytes());
            self.shared.pop_back();
            if let Some(rest) = rest {
                self.push(rest);
            }
        }
        self.start = self.start.min(end);
    }

    fn forget(&mut self, low: Index, stable: Index, max_bytes: u64) {
        while let Some(run) = self.shared.front() {
            let droppable = run.end <= low || (run.end <= stable && self.bytes > max_bytes);
            if !droppable {
                break;
            }
            self.bytes = self.bytes.saturating_sub(run.bytes());
            self.start = run.end;
            self.shared.pop_front();
        }
    }

    fn cut_front(&mut self, start: Index) {
        self.forget(start, start, u64::MAX);
        if let Some(run) = self.shared.front_mut().filter(|run| run.first < start) {
            let rest = Run::of(start, run.cut(start, run.end).mostly_alone());
            self.bytes = self.bytes.saturating_sub(run.bytes());
            if let Some(rest) = rest {
                self.bytes = self.bytes.saturating_add(rest.bytes());
                *run = rest;
            }
            self.start = start;
        }
        if self.shared.len() <= self.shared.capacity() / 4 {
            self.shared.shrink_to_fit();
        }
    }

    fn put_away(&mut self) {
        if self.shared.is_empty() {
            self.shared = VecDeque::new();
        }
        if self.fresh.is_empty() {
            self.fresh = Vec::new();
        }
    }
}

/// Those of `entries`, which begin at `first`, from `low` up to and without `high`.
fn part(entries: &[Entry], first: Index, low: Index, high: Index) -> &[Entry] {
    let end = position(first, high).min(entries.len());
    entries.get(position(first, low)..end).unwrap_or_default()
}

/// How many entries fit into `max_bytes`, at least one if there is one; and their bytes.
fn fitting<'a>(entries: impl IntoIterator<Item = &'a Entry>, max_bytes: u64) -> (usize, u64) {
    let (mut count, mut bytes) = (0_usize, 0_u64);
    for entry in entries {
        let more = bytes.saturating_add(entry.encoded_len());
        if more > max_bytes && count > 0 {
            break;
        }
        (count, bytes) = (count.saturating_add(1), more);
    }
    (count, bytes)
}
