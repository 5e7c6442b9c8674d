//! A node with all that belongs to it: its storage, its storage tasks, its state machine.

mod ready;

use std::collections::VecDeque;

use quorate::ready::{AppendTask, ApplyTask, ReadState};
use quorate::types::{EntryId, Index, NodeId};
use quorate::{Config, Entry, Event, HardState, MemoryStorage, RawNode, Snapshot, StorageError};

use self::ready::Held;
use super::disk::{Disk, Write};
use super::machine::Machine;
use super::request::Template;
use crate::output::Failure;

/// A node and its surroundings.
#[derive(Debug)]
pub(crate) struct Member {
    id: NodeId,
    /// As of the first start.
    config: Config,
    as_recorded: bool,
    core: Core,
    held: Option<Held>,
    /// So many of the oldest append tasks are written, and not synced.
    written: usize,
    appends: VecDeque<AppendTask>,
    applies: VecDeque<ApplyTask>,
    machine: Machine,
    /// The last hard state that the node handed out, or began with.
    hard_state: HardState,
    events: Vec<Event>,
    /// The next configuration change is not to be made.
    veto: bool,
    /// Of the last start; never used twice.
    seed: u64,
    facts: Vec<Fact>,
}

/// Something that a judge wants to know.
#[derive(Debug)]
pub(crate) enum Fact {
    Applied(Entry),
    Installed(EntryId),
    /// The state machine is this now.
    IsAt(Snapshot),
    Answered(ReadState),
}

#[derive(Debug)]
enum Core {
    Up(Box<RawNode<Disk>>),
    Down(Box<Disk>),
}

impl Member {
    /// A new node that begins with a snapshot; with an empty one, without anything.
    pub(crate) fn new(id: NodeId, template: &Template) -> Result<Self, Failure> {
        let (initial, as_recorded) = (&template.initial, template.as_recorded);
        let mut config = template.config.clone();
        config.id = id;
        let memory = if initial.is_empty() {
            MemoryStorage::new()
        } else {
            MemoryStorage::from_snapshot(initial.clone())
        };
        let disk = Disk::new(memory, as_recorded.then(|| initial.clone()));
        let node = RawNode::new(config.clone(), disk)?;
        Ok(Self {
            id,
            seed: config.seed,
            config,
            as_recorded,
            hard_state: node.status().hard_state,
            core: Core::Up(Box::new(node)),
            held: None,
            written: 0,
            appends: VecDeque::new(),
            applies: VecDeque::new(),
            machine: Machine::new(initial.clone()),
            events: Vec::new(),
            veto: false,
            facts: Vec::new(),
        })
    }

    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The snapshot that a peer would be sent now.
    pub(crate) fn handout(&self, peer: NodeId) -> Result<Snapshot, StorageError> {
        if self.as_recorded {
            return Ok(self.machine.handout().clone());
        }
        quorate::Storage::snapshot(self.disk(), peer, 0)
    }

    /// The node, unless it crashed.
    pub(crate) fn running(&self) -> Option<&RawNode<Disk>> {
        match &self.core {
            Core::Up(node) => Some(node),
            Core::Down(_) => None,
        }
    }

    pub(crate) fn node(&mut self) -> Result<&mut RawNode<Disk>, Failure> {
        self.core.node(self.id)
    }

    pub(crate) fn disk(&self) -> &Disk {
        match &self.core {
            Core::Up(node) => node.storage(),
            Core::Down(disk) => disk,
        }
    }

    /// The storage, that of a node that crashed included.
    pub(crate) fn disk_mut(&mut self) -> &mut Disk {
        match &mut self.core {
            Core::Up(node) => node.storage_mut(),
            Core::Down(disk) => disk,
        }
    }

    /// Peers are given the state as it is now, and of the log only the last `keep` entries before it stay.
    pub(crate) fn compact_to_applied(&mut self, keep: Index) -> Result<(), StorageError> {
        let state = self.machine.hand_out_last().clone();
        let index = state.metadata.index;
        let disk = self.disk_mut();
        if let Some(handout) = &mut disk.handout {
            *handout = state.clone();
        }
        disk.write(Write::Snapshot(state))?;
        let to = index.saturating_sub(keep);
        if keep > 0 && to < quorate::Storage::first_index(disk)? {
            return Ok(());
        }
        disk.write(Write::Compact(to))
    }

    /// The same, where peers would be given an older state, and all before it is stored.
    pub(crate) fn offer_snapshot(&mut self) -> Result<(), StorageError> {
        let stored = self.handout(0).map_or(0, |snapshot| snapshot.metadata.index);
        let last = quorate::Storage::last_index(self.disk())?;
        if self.as_recorded || !self.is_stored() || self.applied() <= stored || self.applied() > last {
            return Ok(());
        }
        self.compact_to_applied(1)
    }

    /// Its state machine, and the configuration that belongs to it.
    pub(crate) fn state(&self) -> Option<&Snapshot> {
        self.machine.state_at(None)
    }

    /// Whether it does as quorate asks for, and not as the recordings do.
    pub(crate) fn keeps_promises(&self) -> bool {
        !self.as_recorded
    }

    /// Of the last entry in its state machine.
    pub(crate) fn applied(&self) -> Index {
        self.machine.applied()
    }

    pub(crate) fn has_append_work(&self) -> bool {
        !self.appends.is_empty()
    }

    pub(crate) fn has_apply_work(&self) -> bool {
        !self.applies.is_empty()
    }

    /// Whether a Ready is out that is not persisted.
    pub(crate) fn holds_ready(&self) -> bool {
        self.held.is_some()
    }

    /// Whether all that the node knows of its log is in its storage.
    pub(crate) fn is_stored(&self) -> bool {
        self.held.is_none() && self.appends.is_empty()
    }

    /// What happened that a judge wants to know, since the last time this was asked.
    pub(crate) fn take_facts(&mut self) -> Vec<Fact> {
        std::mem::take(&mut self.facts)
    }

    /// The next configuration change is not to be made.
    pub(crate) fn veto_next_change(&mut self) {
        self.veto = true;
    }

    /// What happened since the last time this was asked.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        if let Core::Up(node) = &mut self.core {
            self.events.extend(node.take_events());
        }
        std::mem::take(&mut self.events)
    }

    // ----- stopping and starting

    /// Stops at once; of what was not synced, the first `keep` writes are not lost.
    pub(crate) fn crash(&mut self, keep: usize) -> Result<(), Failure> {
        self.node()?;
        let mut disk = self.stop();
        disk.crash(keep);
        self.core = Core::Down(Box::new(disk));
        Ok(())
    }

    /// Starts anew from what is stored, the state machine being where it was at `applied`.
    pub(crate) fn restart(&mut self, applied: Option<Index>, seed: Option<u64>) -> Result<(), Failure> {
        let remembered = self.machine.state_at(applied).cloned();
        let Some(state) = remembered.or_else(|| self.stored_at(applied)) else {
            return Err(Failure::new("the state machine does not remember that index"));
        };
        let mut disk = self.stop();
        disk.begin_at(&state);
        self.core = Core::Down(Box::new(disk.clone()));
        self.seed = seed.unwrap_or(self.seed.wrapping_add(1));
        let mut config = self.config.clone();
        config.seed = self.seed;
        config.applied = state.metadata.index;
        let node = RawNode::new(config, disk)?;
        self.hard_state = node.status().hard_state;
        self.machine.rewind(state);
        self.core = Core::Up(Box::new(node));
        Ok(())
    }

    /// A snapshot that is stored, but the state machine had not come to it when the node stopped.
    fn stored_at(&self, applied: Option<Index>) -> Option<Snapshot> {
        let stored = quorate::Storage::snapshot(self.disk().memory(), 0, 0).ok()?;
        (applied == Some(stored.metadata.index)).then_some(stored)
    }

    /// The disk of a node that is down is lost, and all that its state machine was.
    pub(crate) fn wipe(&mut self) -> Result<(), Failure> {
        let Core::Down(disk) = &mut self.core else {
            return Err(Failure::new(format!("node {} runs", self.id)));
        };
        let nothing = Snapshot::default();
        **disk = Disk::new(MemoryStorage::new(), self.as_recorded.then(|| nothing.clone()));
        self.machine = Machine::new(nothing);
        Ok(())
    }

    /// What the node leaves behind when it stops: tasks that wait are not done.
    fn stop(&mut self) -> Disk {
        self.events = self.take_events();
        self.held = None;
        self.written = 0;
        self.appends.clear();
        self.applies.clear();
        self.veto = false;
        self.disk().clone()
    }
}

impl Core {
    fn node(&mut self, id: NodeId) -> Result<&mut RawNode<Disk>, Failure> {
        match self {
            Self::Up(node) => Ok(node),
            Self::Down(_) => Err(Failure::new(format!("node {id} is down"))),
        }
    }
}
