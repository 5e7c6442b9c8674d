//! Which term each stretch of the log's tail has, so that looking up a term does not touch the disk.
//!
//! A cache: it answers only for indexes it was told about, and what it answers is what the storage
//! would.

use alloc::vec::Vec;

use crate::types::{Entry, EntryId, Index, Term};

/// Stretches to remember; each election adds one.
const RUNS_MAX: usize = 32;

/// First entries of the stretches of equal term, oldest first; each reaches to the next, the last
/// one to the end of the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct TermRuns {
    runs: Vec<EntryId>,
}

impl TermRuns {
    /// Knows the last entry of a log only.
    pub(crate) fn new(last: EntryId) -> Self {
        Self {
            runs: Vec::from([last]),
        }
    }

    /// The log now continues with `entries`, in the place of whatever was there and after it.
    pub(crate) fn append(&mut self, entries: &[Entry]) {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return;
        };
        while self.runs.last().is_some_and(|run| run.index >= first.index) {
            self.runs.pop();
        }
        if self.runs.last().is_some_and(|run| run.term == last.term) {
            return; // terms never fall: all of them are of this one
        }
        for entry in entries {
            if self.runs.last().is_none_or(|run| run.term != entry.term) {
                self.runs.push(entry.id());
            }
        }
        let forgotten = self.runs.len().saturating_sub(RUNS_MAX);
        self.runs.drain(..forgotten);
    }

    /// The term of the log's last entry.
    #[inline]
    pub(crate) fn last(&self) -> Option<Term> {
        self.runs.last().map(|run| run.term)
    }

    /// Gives back what the buffer has too much.
    pub(crate) fn put_away(&mut self) {
        self.runs.shrink_to_fit();
    }

    /// The term at `index`, which must not be beyond the log's end.
    pub(crate) fn term(&self, index: Index) -> Option<Term> {
        self.run(index).map(|run| run.term)
    }

    /// Where the stretch of equal term that `index` is in begins, as far as is known.
    pub(crate) fn run_start(&self, index: Index) -> Option<Index> {
        self.run(index).map(|run| run.index)
    }

    /// The stretch that `index` is in. Most of what is asked for is in the last one.
    #[inline]
    fn run(&self, index: Index) -> Option<&EntryId> {
        let last = self.runs.last().filter(|run| run.index <= index);
        last.or_else(|| self.runs.iter().rev().find(|run| run.index <= index))
    }
}
