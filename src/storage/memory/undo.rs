//! What a crash takes back: the difference between what is synced and what is written since.
//!
//! Kept as the difference, so that a sync costs nothing however long the log is.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Rest;
use super::kept::KeptBallot;
use crate::entries::{Entries, Runs};
use crate::types::{Entry, Index};

/// The synced contents, as far as they are not the same as the present ones.
///
/// The synced log is `head`, then the present entries up to `shared_to`, then `tail`.
#[derive(Clone, Debug)]
pub(super) struct Undo {
    pub(super) commit: Index,
    /// The last index that both logs share; entries of the present log up to here are synced.
    shared_to: Index,
    /// What the present contents have lost, if anything.
    lost: Option<Box<Lost>>,
}

#[derive(Clone, Debug, Default)]
struct Lost {
    /// Unless it is the present one.
    ballot: Option<KeptBallot>,
    /// Unless it is the present one.
    rest: Option<Arc<Rest>>,
    /// Synced entries that were compacted since.
    head: Vec<Entries>,
    /// Synced entries that were overwritten since.
    tail: Vec<Entry>,
}

impl Undo {
    /// Nothing to take back: all up to `last` is synced.
    pub(super) fn nothing(commit: Index, last: Index) -> Self {
        Self {
            commit,
            shared_to: last,
            lost: None,
        }
    }

    fn lost(&mut self) -> &mut Lost {
        self.lost.get_or_insert_default()
    }

    /// The present ballot is about to change.
    pub(super) fn keep_ballot(&mut self, present: KeptBallot) {
        self.lost().ballot.get_or_insert(present);
    }

    /// Everything but hard state and log is about to change.
    pub(super) fn keep_rest(&mut self, present: &Arc<Rest>) {
        self.lost().rest.get_or_insert_with(|| present.clone());
    }

    /// The present log is about to lose `cut`, its entries from some index on.
    pub(super) fn keep_tail<'a>(&mut self, cut: impl Iterator<Item = &'a Entry>) {
        let mut cut = cut.peekable();
        let Some(first) = cut.peek().map(|entry| entry.index) else {
            return;
        };
        let synced: Vec<Entry> = cut.take_while(|entry| entry.index <= self.shared_to).cloned().collect();
        self.lost().tail.splice(..0, synced);
        self.shared_to = self.shared_to.min(first.saturating_sub(1));
    }

    /// The present log is about to lose its entries below `start`.
    pub(super) fn keep_head(&mut self, present: &Runs, start: Index) {
        let synced = start.min(self.shared_to.saturating_add(1));
        self.lost().head.extend(present.pieces(synced));
    }

    pub(super) fn synced_ballot(&self, present: KeptBallot) -> KeptBallot {
        self.lost.as_ref().and_then(|lost| lost.ballot).unwrap_or(present)
    }

    pub(super) fn synced_rest<'a>(&'a self, present: &'a Arc<Rest>) -> &'a Arc<Rest> {
        self.lost
            .as_ref()
            .and_then(|lost| lost.rest.as_ref())
            .unwrap_or(present)
    }

    /// The synced log, in contiguous pieces.
    pub(super) fn synced_pieces(&self, present: &Runs) -> Vec<Entries> {
        let (head, tail) = self.lost_entries();
        let shared = present.pieces(self.shared_to.saturating_add(1));
        head.iter().cloned().chain(shared).chain([tail.into()]).collect()
    }

    pub(super) fn synced_log<'a>(&'a self, present: &'a Runs) -> impl Iterator<Item = &'a Entry> {
        let shared = present.range(0, self.shared_to.saturating_add(1));
        let (head, tail) = self.lost_entries();
        head.iter().flatten().chain(shared).chain(tail)
    }

    fn lost_entries(&self) -> (&[Entries], &[Entry]) {
        let lost = self.lost.as_ref();
        lost.map_or((&[], &[]), |lost| (&lost.head, &lost.tail))
    }
}
