//! What a crash takes back: the difference between what is synced and what is written since.
//!
//! Kept as the difference, so that a sync costs nothing however long the log is.

use alloc::vec::Vec;

use super::Rest;
use crate::entries::{Entries, Runs};
use crate::types::{Entry, HardState, Index};

/// The synced contents, as far as they are not the same as the present ones.
///
/// The synced log is `head`, then the present entries up to `shared_to`, then `tail`.
#[derive(Clone, Debug, Default)]
pub(super) struct Undo {
    pub(super) hard_state: HardState,
    /// Unless they are the present ones.
    rest: Option<Rest>,
    /// Synced entries that were compacted since.
    head: Vec<Entries>,
    /// The last index that both logs share; entries of the present log up to here are synced.
    shared_to: Index,
    /// Synced entries that were overwritten since.
    tail: Vec<Entry>,
}

impl Undo {
    /// Nothing to take back: all up to `last` is synced.
    pub(super) fn nothing(hard_state: HardState, last: Index) -> Self {
        Self {
            hard_state,
            shared_to: last,
            ..Self::default()
        }
    }

    /// Everything but hard state and log is about to change.
    pub(super) fn keep_rest(&mut self, present: &Rest) {
        self.rest.get_or_insert_with(|| present.clone());
    }

    /// The present log is about to lose `cut`, its entries from some index on.
    pub(super) fn keep_tail<'a>(&mut self, cut: impl Iterator<Item = &'a Entry>) {
        let mut cut = cut.peekable();
        let Some(first) = cut.peek().map(|entry| entry.index) else {
            return;
        };
        let synced: Vec<Entry> = cut.take_while(|entry| entry.index <= self.shared_to).cloned().collect();
        self.tail.splice(..0, synced);
        self.shared_to = self.shared_to.min(first.saturating_sub(1));
    }

    /// The present log is about to lose its entries below `start`.
    pub(super) fn keep_head(&mut self, present: &Runs, start: Index) {
        let synced = start.min(self.shared_to.saturating_add(1));
        self.head.extend(present.pieces(synced));
    }

    pub(super) fn synced_rest<'a>(&'a self, present: &'a Rest) -> &'a Rest {
        self.rest.as_ref().unwrap_or(present)
    }

    pub(super) fn synced_log<'a>(&'a self, present: &'a Runs) -> impl Iterator<Item = &'a Entry> {
        let shared = present.range(0, self.shared_to.saturating_add(1));
        self.head.iter().flatten().chain(shared).chain(&self.tail)
    }
}
