//! How many payload bytes wait to be committed, in every role, so that the cap on them survives
//! elections.

use alloc::collections::VecDeque;

use crate::types::{Entry, Index};

/// The payload length of each uncommitted entry, oldest first; empty when idle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Uncommitted {
    lengths: VecDeque<u64>,
    bytes: u64,
    /// Unless zero: entries up to here follow the measured ones, which at the start reached the cap
    /// already. While one of them is uncommitted, the cap counts as full.
    unmeasured_to: Index,
}

impl Uncommitted {
    pub(crate) fn push(&mut self, entry: &Entry) {
        if !self.is_measured() {
            self.unmeasured_to = entry.index;
            return;
        }
        self.lengths.push_back(entry.payload_len());
        self.bytes = self.bytes.saturating_add(entry.payload_len());
    }

    /// Measuring stopped; the log goes on up to `last`.
    pub(crate) fn stop_measuring(&mut self, last: Index) {
        self.unmeasured_to = last;
    }

    pub(crate) fn is_measured(&self) -> bool {
        self.unmeasured_to == 0
    }

    /// The log was cut so that `last` is its last index; `committed` is before that.
    pub(crate) fn truncate(&mut self, committed: Index, last: Index) {
        let keep = last.saturating_sub(committed).try_into().unwrap_or(usize::MAX);
        while self.lengths.len() > keep {
            let length = self.lengths.pop_back().unwrap_or(0);
            self.bytes = self.bytes.saturating_sub(length);
        }
        let measured_to = committed.saturating_add(self.lengths.len().try_into().unwrap_or(u64::MAX));
        self.unmeasured_to = if measured_to >= last {
            0
        } else {
            self.unmeasured_to.min(last)
        };
    }

    /// `count` more entries are committed, up to `committed`.
    pub(crate) fn commit(&mut self, count: u64, committed: Index) {
        for _ in 0..count {
            let Some(length) = self.lengths.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(length);
        }
        if self.unmeasured_to <= committed {
            self.unmeasured_to = 0;
        }
    }

    /// Gives back the buffer if it is empty.
    pub(crate) fn put_away(&mut self) {
        if self.lengths.is_empty() {
            self.lengths = VecDeque::new();
        }
    }

    /// Payload bytes that wait; all there can be while some were not measured.
    pub(crate) fn bytes(&self) -> u64 {
        if self.is_measured() { self.bytes } else { u64::MAX }
    }

    /// Whether `more` bytes fit under `cap`. An empty payload always does, and so does any payload
    /// while nothing waits.
    pub(crate) fn has_room(&self, more: u64, cap: u64) -> bool {
        more == 0 || self.bytes() == 0 || self.bytes().saturating_add(more) <= cap
    }
}
