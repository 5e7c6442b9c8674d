//! What a crash takes back: the difference between what is synced and what is written since.
//!
//! Kept as the difference, so that a sync costs nothing however long the log is.

use alloc::vec::Vec;

use super::Rest;
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
    head: Vec<Entry>,
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
    pub(super) fn keep_tail(&mut self, cut: &[Entry]) {
        let Some(first) = cut.first() else { return };
        let synced = cut.iter().filter(|entry| entry.index <= self.shared_to).cloned();
        let cut: Vec<Entry> = synced.collect();
        self.tail.splice(..0, cut);
        self.shared_to = self.shared_to.min(first.index.saturating_sub(1));
    }

    /// The present log is about to lose `cut`, its first entries.
    pub(super) fn keep_head(&mut self, cut: &[Entry]) {
        let synced = cut.iter().filter(|entry| entry.index <= self.shared_to).cloned();
        self.head.extend(synced);
    }

    pub(super) fn synced_rest<'a>(&'a self, present: &'a Rest) -> &'a Rest {
        self.rest.as_ref().unwrap_or(present)
    }

    pub(super) fn synced_log<'a>(&'a self, present: &'a [Entry]) -> impl Iterator<Item = &'a Entry> {
        let shared = present.iter().take_while(|entry| entry.index <= self.shared_to);
        self.head.iter().chain(shared).chain(&self.tail)
    }
}
