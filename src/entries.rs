//! Entries that many hold at once: the log, the messages to each peer, the storage's task, the state
//! machine.

mod runs;
#[cfg(test)]
mod tests;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::FusedIterator;
use core::ops::{Deref, Range};

pub(crate) use runs::Runs;

use crate::types::Entry;

/// Some entries in a row, shared and not copied: cheap to clone and to cut, as
/// [`Bytes`](bytes::Bytes) are, but for the counting of their bytes.
///
/// Reads like a slice. An append to five peers, what the storage writes and what is applied are the same
/// entries in memory, which live as long as anybody holds them.
///
/// ```
/// use quorate::{Entries, Entry};
/// let entries: Entries = vec![Entry::new(1, 7, "x = 1")].into();
/// assert_eq!(entries.first().map(|entry| entry.index), Some(7));
/// assert_eq!(entries.clone(), entries);
/// for entry in &entries { /* apply it */ }
/// ```
#[derive(Clone, Default)]
pub struct Entries {
    /// `None`: there are no entries, and nothing was allocated for them.
    shared: Option<Arc<[Entry]>>,
    range: Span,
    encoded_len: u64,
}

/// Which of the shared entries; always within them.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: usize,
    end: usize,
}

impl Entries {
    /// No entries.
    pub const fn new() -> Self {
        Self {
            shared: None,
            range: Span { start: 0, end: 0 },
            encoded_len: 0,
        }
    }

    fn of(shared: Arc<[Entry]>, range: Span) -> Self {
        let encoded_len = encoded_len(shared.get(range.start..range.end).unwrap_or_default());
        Self::measured(shared, range, encoded_len)
    }

    /// Of so many bytes, which somebody has counted already.
    fn measured(shared: Arc<[Entry]>, range: Span, encoded_len: u64) -> Self {
        let entries = Self {
            shared: Some(shared),
            range,
            encoded_len,
        };
        debug_assert_eq!(self::encoded_len(&entries), encoded_len);
        entries
    }

    /// Clones of the first `count`, of so many bytes; there are as many. In one allocation, as their number is known:
    /// else they would be collected in a vector, which grows, and copied from there.
    pub(crate) fn copied<'a>(entries: impl IntoIterator<Item = &'a Entry>, count: usize, encoded_len: u64) -> Self {
        if count == 0 {
            return Self::new();
        }
        let mut entries = entries.into_iter();
        let next = |_| entries.next().cloned().unwrap_or_default();
        Self::measured(
            (0..count).map(next).collect(),
            Span { start: 0, end: count },
            encoded_len,
        )
    }

    /// The entries as a slice.
    #[inline]
    pub fn as_slice(&self) -> &[Entry] {
        let Span { start, end } = self.range;
        self.shared
            .as_ref()
            .and_then(|shared| shared.get(start..end))
            .unwrap_or_default()
    }

    /// Bytes of all of them, as [`Entry::encoded_len`] counts each; counted once.
    #[inline]
    pub fn encoded_len(&self) -> u64 {
        self.encoded_len
    }

    /// The same entries but for those outside of `range`, which counts from 0; what `range` has beyond the
    /// end is ignored. Those stay in memory as long as the part does.
    ///
    /// ```
    /// use quorate::{Entries, Entry};
    /// let entries: Entries = (1..=5).map(|index| Entry::new(1, index, "")).collect();
    /// assert_eq!(entries.slice(3..9).len(), 2);
    /// assert!(entries.slice(9..9).is_empty());
    /// ```
    #[must_use]
    #[inline]
    pub fn slice(&self, range: Range<usize>) -> Self {
        if range.start == 0 && range.end >= self.len() {
            return self.clone();
        }
        self.part(&range)
    }

    fn part(&self, range: &Range<usize>) -> Self {
        let before = self.get(..range.start).unwrap_or(self);
        let part = self.get(range.start..range.end.min(self.len())).unwrap_or_default();
        let after = self.get(range.end..).unwrap_or_default();
        // Counts what goes, or what stays: whichever is less.
        let gone = before.len().saturating_add(after.len());
        let encoded_len = if gone < part.len() {
            let gone = encoded_len(before).saturating_add(encoded_len(after));
            self.encoded_len.saturating_sub(gone)
        } else {
            encoded_len(part)
        };
        self.slice_of(range.clone(), encoded_len)
    }

    /// The same, of so many bytes.
    pub(crate) fn slice_of(&self, range: Range<usize>, encoded_len: u64) -> Self {
        let Span { start, end } = self.range;
        let cut = Span {
            start: start.saturating_add(range.start).min(end),
            end: start.saturating_add(range.end).min(end),
        };
        match &self.shared {
            Some(shared) if cut.start < cut.end => Self::measured(shared.clone(), cut, encoded_len),
            Some(_) | None => Self::new(),
        }
    }

    /// For who keeps them: without what was cut off, which a part of it holds in memory.
    pub(crate) fn alone(self) -> Self {
        let held = self.shared.as_ref().map_or(0, |shared| shared.len());
        if self.len() == held {
            self
        } else {
            self.iter().cloned().collect()
        }
    }

    /// The same for who cuts again and again: only if that is at least as much as what is left.
    pub(crate) fn mostly_alone(self) -> Self {
        let held = self.shared.as_ref().map_or(0, |shared| shared.len());
        if self.len() > held / 2 { self } else { self.alone() }
    }
}

fn encoded_len(entries: &[Entry]) -> u64 {
    entries.iter().map(Entry::encoded_len).fold(0, u64::saturating_add)
}

impl Deref for Entries {
    type Target = [Entry];

    #[inline]
    fn deref(&self) -> &[Entry] {
        self.as_slice()
    }
}

impl AsRef<[Entry]> for Entries {
    fn as_ref(&self) -> &[Entry] {
        self
    }
}

impl From<Arc<[Entry]>> for Entries {
    fn from(shared: Arc<[Entry]>) -> Self {
        match shared.len() {
            0 => Self::new(),
            end => Self::of(shared, Span { start: 0, end }),
        }
    }
}

impl From<Vec<Entry>> for Entries {
    fn from(entries: Vec<Entry>) -> Self {
        if entries.is_empty() {
            return Self::new();
        }
        Arc::<[Entry]>::from(entries).into()
    }
}

impl From<&[Entry]> for Entries {
    fn from(entries: &[Entry]) -> Self {
        entries.iter().cloned().collect()
    }
}

impl<const N: usize> From<[Entry; N]> for Entries {
    fn from(entries: [Entry; N]) -> Self {
        entries.into_iter().collect()
    }
}

impl FromIterator<Entry> for Entries {
    /// One allocation, where the iterator knows its length.
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut entries = entries.into_iter().peekable();
        if entries.peek().is_none() {
            return Self::new();
        }
        entries.collect::<Arc<[Entry]>>().into()
    }
}

impl<'a> IntoIterator for &'a Entries {
    type Item = &'a Entry;
    type IntoIter = core::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Entries {
    type Item = Entry;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        IntoIter { entries: self, next: 0 }
    }
}

/// Clones of [`Entries`], one by one: their payloads are shared.
#[derive(Clone, Debug)]
pub struct IntoIter {
    entries: Entries,
    next: usize,
}

impl Iterator for IntoIter {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let entry = self.entries.get(self.next)?.clone();
        self.next = self.next.saturating_add(1);
        Some(entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.entries.len().saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for IntoIter {}

impl FusedIterator for IntoIter {}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl<T: AsRef<[Entry]> + ?Sized> PartialEq<T> for Entries {
    fn eq(&self, other: &T) -> bool {
        self.as_slice() == other.as_ref()
    }
}

impl PartialEq<Entries> for Vec<Entry> {
    fn eq(&self, other: &Entries) -> bool {
        other == self
    }
}

impl Eq for Entries {}

impl Hash for Entries {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}
