//! Which term each stretch of the log's tail has, so that looking up a term does not touch the disk.
//!
//! A cache: it answers only for indexes it was told about, and what it answers is what the storage
//! would.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::types::{Entry, EntryId, Index, Term};

/// Stretches to remember; each election adds one.
const RUNS_MAX: usize = 32;

/// First entries of the stretches of equal term; each reaches to the next, the last one to the end of the
/// log. Nearly always there is but one.
#[derive(Clone, Debug)]
pub(crate) struct TermRuns {
    last: EntryId,
    /// Oldest first.
    earlier: Box<[EntryId]>,
}

impl TermRuns {
    /// Knows the last entry of a log only.
    pub(crate) fn new(last: EntryId) -> Self {
        Self {
            last,
            earlier: Box::default(),
        }
    }

    /// The log now continues with `entries`, in the place of whatever was there and after it.
    pub(crate) fn append(&mut self, entries: &[Entry]) {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return;
        };
        if self.last.index < first.index && self.last.term == last.term {
            return; // terms never fall: all of them are of this one
        }
        let known = self.earlier.iter().chain([&self.last]);
        let mut runs: Vec<EntryId> = known.take_while(|run| run.index < first.index).copied().collect();
        for entry in entries {
            if runs.last().is_none_or(|run| run.term != entry.term) {
                runs.push(entry.id());
            }
        }
        self.last = runs.pop().unwrap_or(self.last);
        let forgotten = runs.len().saturating_add(1).saturating_sub(RUNS_MAX);
        self.earlier = runs.drain(forgotten..).collect();
    }

    /// The term of the log's last entry.
    #[inline]
    pub(crate) fn last(&self) -> Term {
        self.last.term
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
        if self.last.index <= index {
            return Some(&self.last);
        }
        self.earlier.iter().rev().find(|run| run.index <= index)
    }
}
