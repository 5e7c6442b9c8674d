//! What ever happened in a group, and what must hold of it (Figure 3 of the paper).

use std::collections::BTreeMap;

use quorate::types::Identity;
use quorate::{ConfState, Entry, Index, MemoryStorage, NodeId, Snapshot, Storage, Term};

/// Who did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) id: NodeId,
    pub(crate) identity: Identity,
}

#[derive(Debug)]
struct Committed {
    entry: Entry,
    /// In this term it was committed, or earlier.
    by: Term,
    first: Who,
}

#[derive(Debug, Default)]
pub(crate) struct History {
    committed: BTreeMap<Index, Committed>,
    leaders: BTreeMap<Term, Who>,
    /// Committed configurations, by the index of the change.
    configurations: BTreeMap<Index, ConfState>,
}

impl History {
    pub(crate) fn begin(&mut self, snapshot: &Snapshot) {
        let metadata = &snapshot.metadata;
        self.configurations.insert(metadata.index, metadata.conf_state.clone());
    }

    /// State machine safety.
    pub(crate) fn applied(&mut self, who: Who, term: Term, entry: &Entry) {
        let found = self.committed.entry(entry.index).or_insert_with(|| Committed {
            entry: entry.clone(),
            by: term,
            first: who,
        });
        assert_eq!(
            found.entry, *entry,
            "{who:?} applies another entry than {:?}",
            found.first
        );
        found.by = found.by.min(term);
    }

    /// The same for what a change made of the configuration.
    pub(crate) fn configured(&mut self, who: Who, index: Index, conf_state: &ConfState) {
        let found = self.configurations.entry(index).or_insert_with(|| conf_state.clone());
        assert_eq!(found, conf_state, "{who:?} has another configuration at {index}");
    }

    /// A snapshot is of what was committed.
    pub(crate) fn restored(&self, who: Who, snapshot: &Snapshot) {
        let metadata = &snapshot.metadata;
        if let Some(committed) = self.committed.get(&metadata.index) {
            assert_eq!(committed.entry.term, metadata.term, "{who:?} installs another history");
        }
        assert_eq!(
            self.configuration(metadata.index),
            &metadata.conf_state,
            "{who:?} at {}",
            metadata.index
        );
    }

    /// Election safety.
    pub(crate) fn leads(&mut self, who: Who, term: Term) {
        let leader = *self.leaders.entry(term).or_insert(who);
        assert_eq!(leader, who, "two leaders of term {term}");
    }

    /// Leader completeness.
    pub(crate) fn leads_with(&self, who: Who, term: Term, storage: &MemoryStorage) {
        let first = storage.first_index().expect("a store that works");
        for (index, committed) in self
            .committed
            .range(first..)
            .filter(|(_, committed)| committed.by < term)
        {
            let held = storage.term(*index).ok();
            let (expected, first) = (committed.entry.term, committed.first);
            assert_eq!(
                held,
                Some(expected),
                "{who:?} leads term {term} without entry {index}, which {first:?} applied"
            );
        }
    }

    /// As of this index.
    pub(crate) fn configuration(&self, index: Index) -> &ConfState {
        let (_, found) = self.configurations.range(..=index).next_back().expect("a beginning");
        found
    }

    pub(crate) fn newest_configuration(&self) -> &ConfState {
        self.configuration(Index::MAX)
    }

    /// Everything below was committed by now.
    pub(crate) fn last(&self) -> Index {
        self.committed.keys().next_back().copied().unwrap_or(0)
    }
}
