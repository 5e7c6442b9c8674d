//! The state machine of a node: the bytes of all entries, one after the other.

use bytes::Bytes;
use quorate::types::{EntryId, Index, SnapshotMetadata};
use quorate::{ConfState, Snapshot};

/// Where a state machine is, and where it was.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The snapshot that peers are given: the initial one, then one after each applied entry. As in
    /// the recordings, an installed snapshot is not one of them.
    handout: Snapshot,
    /// What the state really was, oldest first, since the start or the last installed snapshot.
    states: Vec<Snapshot>,
}

impl Machine {
    pub(crate) fn new(initial: Snapshot) -> Self {
        Self {
            handout: initial.clone(),
            states: vec![initial],
        }
    }

    pub(crate) fn handout(&self) -> &Snapshot {
        &self.handout
    }

    /// Peers are given the state as it is now.
    pub(crate) fn hand_out_last(&mut self) -> &Snapshot {
        if let Some(state) = self.states.last() {
            self.handout = state.clone();
        }
        &self.handout
    }

    /// Of the last entry in the state.
    pub(crate) fn applied(&self) -> Index {
        self.states.last().map_or(0, |state| state.metadata.index)
    }

    /// The state at this index; at the last one if none is named.
    pub(crate) fn state_at(&self, index: Option<Index>) -> Option<&Snapshot> {
        match index {
            None => self.states.last(),
            Some(index) => self.states.iter().rev().find(|state| state.metadata.index == index),
        }
    }

    /// Applies an entry, and the configuration that it leads to if it changes that.
    pub(crate) fn apply(&mut self, id: EntryId, update: &Bytes, conf_state: Option<&ConfState>) {
        self.handout = after(&self.handout, id, update, conf_state);
        let last = self.states.last().unwrap_or(&self.handout);
        self.states.push(after(last, id, update, conf_state));
    }

    /// Takes a leader's snapshot as the state.
    pub(crate) fn install(&mut self, snapshot: Snapshot) {
        self.states = vec![snapshot];
    }

    /// Goes back to a state; whatever came later is not remembered.
    pub(crate) fn rewind(&mut self, state: Snapshot) {
        self.states
            .retain(|earlier| earlier.metadata.index <= state.metadata.index);
        self.handout = state;
    }
}

fn after(before: &Snapshot, id: EntryId, update: &Bytes, conf_state: Option<&ConfState>) -> Snapshot {
    let conf_state = conf_state.unwrap_or(&before.metadata.conf_state);
    Snapshot::new(
        SnapshotMetadata::new(
            EntryId {
                term: id.term,
                index: id.index,
            },
            conf_state.clone(),
        ),
        [&before.data[..], &update[..]].concat(),
    )
}
