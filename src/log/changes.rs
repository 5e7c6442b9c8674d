//! Configuration changes that were handed out for applying and are neither applied nor cancelled yet.

use alloc::collections::VecDeque;

use super::Log;
use crate::error::ApplyError;
use crate::types::{Entry, Index};

/// Oldest first. Nearly always there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Changes(VecDeque<Entry>);

impl Changes {
    /// The first that still has to be applied or cancelled; those up to `covered` need not be, for a
    /// later configuration has taken their place.
    fn first_after(&self, covered: Index) -> Option<Index> {
        self.0.iter().map(|change| change.index).find(|index| *index > covered)
    }

    fn forget(&mut self, index: Index) {
        self.0.retain(|change| change.index > index);
        if self.0.is_empty() {
            self.0 = VecDeque::new();
        }
    }
}

impl<S> Log<S> {
    /// Notes the changes among entries that are handed out.
    pub(super) fn hand_out_changes(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| entry.is_conf_change()) {
            self.rare.edit(|rare| rare.changes.0.push_back(entry.clone()));
        }
    }

    /// The first change, of those that were handed out, that still has to be applied or cancelled; those up to
    /// `covered` need not be, for a later configuration has taken their place.
    pub(crate) fn first_change_after(&self, covered: Index) -> Option<Index> {
        self.rare.get()?.changes.first_after(covered)
    }

    /// This one, as it was handed out, is applied or cancelled: it must be the first, but for those that are covered.
    pub(crate) fn handle_change(&mut self, change: &Entry, covered: Index) -> Result<(), ApplyError> {
        let (index, term) = (change.index, change.term);
        if !self.rare.get().is_some_and(|rare| rare.changes.0.contains(change)) {
            return Err(ApplyError::NotHandedOut { index, term });
        }
        match self.first_change_after(covered) {
            Some(expected) if expected < index => Err(ApplyError::OutOfOrder { index, expected }),
            Some(_) | None => {
                self.forget_changes(index);
                Ok(())
            }
        }
    }

    /// Those up to `index` are done with.
    pub(crate) fn forget_changes(&mut self, index: Index) {
        if self.rare.get().is_some() {
            self.rare.edit(|rare| rare.changes.forget(index));
        }
    }
}
