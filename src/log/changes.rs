//! Configuration changes that were handed out for applying and are neither applied nor cancelled yet.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use crate::error::ApplyError;
use crate::types::{Entry, Index};

/// Oldest first. Nearly always there are none: then it is one word and no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Changes(Option<Box<Queue>>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Queue(VecDeque<Entry>);

impl Changes {
    /// Notes the changes among entries that are handed out.
    pub(super) fn hand_out(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| entry.is_conf_change()) {
            self.0.get_or_insert_default().0.push_back(entry.clone());
        }
    }

    /// The first that still has to be applied or cancelled; those up to `covered` need not be, for a
    /// later configuration has taken their place.
    pub(crate) fn first_after(&self, covered: Index) -> Option<Index> {
        let changes = self.0.iter().flat_map(|queue| &queue.0);
        changes.map(|change| change.index).find(|index| *index > covered)
    }

    /// This one, as it was handed out, is applied or cancelled: it must be the first, but for those that are covered.
    pub(crate) fn handle(&mut self, change: &Entry, covered: Index) -> Result<(), ApplyError> {
        let (index, term) = (change.index, change.term);
        let known = |queue: &Queue| queue.0.contains(change);
        if !self.0.as_deref().is_some_and(known) {
            return Err(ApplyError::NotHandedOut { index, term });
        }
        match self.first_after(covered) {
            Some(expected) if expected < index => Err(ApplyError::OutOfOrder { index, expected }),
            Some(_) | None => {
                self.forget(index);
                Ok(())
            }
        }
    }

    /// Those up to `index` are done with.
    pub(crate) fn forget(&mut self, index: Index) {
        let Some(queue) = &mut self.0 else { return };
        queue.0.retain(|change| change.index > index);
        if queue.0.is_empty() {
            self.0 = None;
        }
    }
}
