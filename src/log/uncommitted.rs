//! How many payload bytes wait to be committed, in every role, so that the cap on them survives
//! elections. With asynchronous writes an entry that the others have committed may still be in memory only,
//! however far the own disk is behind: there it counts until it is stored as well.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::hash::{Hash, Hasher};

use crate::types::{Entry, Index};

/// The payload length of each entry that counts: from the first that may not be applied yet. Who waits for
/// nothing holds nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uncommitted {
    /// Kept while it is empty, until it is put away.
    measured: Option<Box<Measured>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Measured {
    /// Oldest first.
    lengths: VecDeque<u64>,
    bytes: u64,
    /// Unless zero: entries up to here follow the measured ones, which at the start reached the cap
    /// already. While one of them counts, the cap counts as full.
    unmeasured_to: Index,
}

impl Uncommitted {
    /// Unless nothing waits.
    fn waiting(&self) -> Option<&Measured> {
        self.measured.as_deref().filter(|measured| !measured.is_empty())
    }

    #[inline]
    pub(crate) fn push(&mut self, entry: &Entry) {
        self.measured.get_or_insert_default().push(entry);
    }

    pub(crate) fn extend(&mut self, entries: &[Entry]) {
        self.measured.get_or_insert_default().extend(entries);
    }

    /// Measuring stopped; the log goes on up to `last`.
    pub(crate) fn stop_measuring(&mut self, last: Index) {
        self.measured.get_or_insert_default().unmeasured_to = last;
    }

    #[cfg(test)]
    pub(crate) fn is_measured(&self) -> bool {
        self.measured.as_ref().is_none_or(|measured| measured.is_whole())
    }

    /// The log was cut so that `last` is its last index; what counts begins after `released`, before that.
    pub(crate) fn truncate(&mut self, released: Index, last: Index) {
        if let Some(measured) = &mut self.measured {
            measured.truncate(released, last);
        }
    }

    /// `count` entries, up to `released`, count no more.
    pub(crate) fn release(&mut self, count: u64, released: Index) {
        if let Some(measured) = &mut self.measured {
            measured.release(count, released);
        }
    }

    /// Gives back the buffer if it is empty.
    pub(crate) fn put_away(&mut self) {
        self.measured.take_if(|measured| measured.is_empty());
    }

    /// Payload bytes that wait; all there can be while some were not measured.
    pub(crate) fn bytes(&self) -> u64 {
        self.measured.as_ref().map_or(0, |measured| measured.bytes())
    }

    /// Whether `more` bytes fit under `cap`. An empty payload always does, and so does any payload
    /// while nothing waits.
    pub(crate) fn has_room(&self, more: u64, cap: u64) -> bool {
        let waiting = self.bytes();
        more == 0 || waiting == 0 || waiting.saturating_add(more) <= cap
    }
}

impl Measured {
    fn is_whole(&self) -> bool {
        self.unmeasured_to == 0
    }

    fn bytes(&self) -> u64 {
        if self.is_whole() { self.bytes } else { u64::MAX }
    }

    fn is_empty(&self) -> bool {
        self.lengths.is_empty() && self.is_whole()
    }

    fn push(&mut self, entry: &Entry) {
        if !self.is_whole() {
            self.unmeasured_to = entry.index;
            return;
        }
        self.lengths.push_back(entry.payload_len());
        self.bytes = self.bytes.saturating_add(entry.payload_len());
    }

    fn extend(&mut self, entries: &[Entry]) {
        if !self.is_whole() {
            self.unmeasured_to = entries.last().map_or(self.unmeasured_to, |last| last.index);
            return;
        }
        let lengths = || entries.iter().map(Entry::payload_len);
        self.lengths.extend(lengths());
        self.bytes = lengths().fold(self.bytes, u64::saturating_add);
    }

    fn truncate(&mut self, released: Index, last: Index) {
        let keep = last.saturating_sub(released).try_into().unwrap_or(usize::MAX);
        while self.lengths.len() > keep {
            let length = self.lengths.pop_back().unwrap_or(0);
            self.bytes = self.bytes.saturating_sub(length);
        }
        let measured_to = released.saturating_add(self.lengths.len().try_into().unwrap_or(u64::MAX));
        self.unmeasured_to = if measured_to >= last {
            0
        } else {
            self.unmeasured_to.min(last)
        };
    }

    fn release(&mut self, count: u64, released: Index) {
        let count = count.try_into().unwrap_or(usize::MAX).min(self.lengths.len());
        self.bytes = self.lengths.drain(..count).fold(self.bytes, u64::saturating_sub);
        if self.unmeasured_to <= released {
            self.unmeasured_to = 0;
        }
    }
}

/// Equal are those for which the same waits, whatever is kept for more.
impl PartialEq for Uncommitted {
    fn eq(&self, other: &Self) -> bool {
        self.waiting() == other.waiting()
    }
}

impl Eq for Uncommitted {}

impl Hash for Uncommitted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.waiting().hash(state);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::hash::DefaultHasher;

    /// What is kept for more is no difference.
    #[test]
    fn an_empty_buffer_does_not_count() {
        let mut warm = Uncommitted::default();
        warm.extend(&[Entry::of("three".into())]);
        assert_ne!(warm, Uncommitted::default());
        warm.release(1, 1);
        let mut idle = warm.clone();
        idle.put_away();
        assert!(warm.measured.is_some() && idle.measured.is_none());
        let hash = |uncommitted: &Uncommitted| {
            let mut hasher = DefaultHasher::new();
            uncommitted.hash(&mut hasher);
            hasher.finish()
        };
        assert_eq!((&warm, hash(&warm)), (&idle, hash(&idle)));
    }
}
