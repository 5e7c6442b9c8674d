//! The state machine of a script's nodes, and what of it is remembered beside.

use bytes::Bytes;
use quorate::types::{Index, SnapshotMetadata};
use quorate::{ConfState, Entry, Snapshot};
use quorate_sim::machine::{Malformed, StateMachine};

/// The data of all commands, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Joined(Vec<u8>);

impl StateMachine for Joined {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        self.0.extend_from_slice(command);
        Bytes::new()
    }

    fn query(&self, _: &Bytes) -> Bytes {
        self.0.clone().into()
    }

    fn snapshot(&self) -> Bytes {
        self.0.clone().into()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        self.0 = snapshot.to_vec();
        Ok(())
    }
}

/// What a state machine was at each index, oldest first, since it last took a snapshot: it may start at any of these.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    states: Vec<Snapshot>,
}

impl Memory {
    pub(crate) fn new(initial: Snapshot) -> Self {
        Self { states: vec![initial] }
    }

    /// The state at this index; the last one if none is named.
    pub(crate) fn at(&self, index: Option<Index>) -> Option<&Snapshot> {
        match index {
            None => self.states.last(),
            Some(index) => self.states.iter().rev().find(|state| state.metadata.index == index),
        }
    }

    /// An entry was applied; the configuration is this one since.
    pub(crate) fn apply(&mut self, entry: &Entry, conf_state: &ConfState) {
        let before = self.states.last().map_or(&[][..], |state| &state.data[..]);
        let update = if entry.is_conf_change() {
            &[][..]
        } else {
            &entry.data[..]
        };
        let metadata = SnapshotMetadata::new(entry.id(), conf_state.clone());
        self.states.push(Snapshot::new(metadata, [before, update].concat()));
    }

    /// Goes back to a state; whatever came later is not remembered.
    pub(crate) fn rewind(&mut self, to: &Snapshot) {
        let known = self.states.iter().position(|state| state == to);
        match known {
            Some(position) => self.states.truncate(position + 1),
            None => self.states = vec![to.clone()],
        }
    }
}
