//! One node of a group and what belongs to it: its disk, its state machine, and what is under way between them.

use std::collections::VecDeque;

use quorate::ready::{Ack, AppendTask, ApplyTask};
use quorate::status::RoleKind;
use quorate::types::Identity;
use quorate::{ConfState, EntryId, Index, NodeId, RawNode, Ready, Term};
use quorate_sim::judge::{Mark, Shadow};

use crate::disk::WorldDisk;

/// A node, as a value: equal members have equal futures.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// Its id.
    pub id: NodeId,
    /// Whether it runs, and on which disk.
    pub life: Life,
    /// How often it started, where that matters: an answer to an earlier start must not count.
    pub(crate) starts: u64,
    /// How many stores it has had, where they have names.
    pub(crate) stores: u64,
    /// Of the store that it has; 0 if that has none.
    pub(crate) identity: Identity,
    /// What was durable on stores with identities that are lost.
    pub(crate) lost: Vec<(Identity, Shadow)>,
    /// What its state machine has applied, and a digest of all of that.
    pub applied: Index,
    pub(crate) state: u64,
    /// The configuration as of `applied`.
    pub(crate) conf_state: ConfState,
    pub(crate) work: Work,
    /// The log as the node handed it out.
    pub log: Shadow,
    /// The log as its disk would give it back after a crash.
    pub durable: Shadow,
    /// What was written and not synced.
    pub(crate) marks: VecDeque<Mark>,
    /// What was last seen of the node.
    pub seen: Seen,
    /// What it counts on as a leader; nothing if it does not lead.
    pub led: Led,
    /// Reads that it took and did not answer.
    pub(crate) reads: Vec<u64>,
}

/// Whether a node runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Life {
    /// It does.
    Up(Box<RawNode<WorldDisk>>),
    /// It does not; its disk is well.
    Down(Box<WorldDisk>),
    /// It does not, and has no disk.
    Gone,
}

/// What a node handed out and what is not done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Work {
    /// Without asynchronous writes: the batch that is out.
    pub(crate) batch: Option<Ready>,
    /// With them: tasks to write, tasks to sync, entries to apply, acknowledgements on their way back.
    pub(crate) tasks: VecDeque<AppendTask>,
    pub(crate) written: VecDeque<AppendTask>,
    pub(crate) applies: VecDeque<ApplyTask>,
    pub(crate) acks: VecDeque<Ack>,
}

/// What was last seen of a node that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seen {
    /// Its role.
    pub role: RoleKind,
    /// Its term.
    pub term: Term,
    /// Its commit index.
    pub commit: Index,
    /// Whom it follows.
    pub leader: Option<NodeId>,
    /// It leads, and its log was not handed out yet.
    pub(crate) begins: bool,
    /// It leads, and a read at it would be answered by its lease.
    pub lease: bool,
    /// For so many ticks it promised to elect nobody but its leader.
    pub promised: u64,
    /// For so many ticks it is silent after a restart.
    pub silent: u64,
}

/// What a leader counts on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Led {
    /// The members as it sees them, itself included.
    pub peers: Vec<Peer>,
    /// For so many ticks it holds a lease.
    pub lease: u64,
    /// In this term it ordered another node to campaign.
    pub gave_up: bool,
}

/// A member as the leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Its id.
    pub id: NodeId,
    /// Its log is known to match the leader's up to here.
    pub matched: Index,
    /// For so many ticks the leader counts on its promise.
    pub promised: u64,
}

impl Member {
    /// A member without a disk.
    pub(crate) fn new(id: NodeId) -> Self {
        Self {
            id,
            life: Life::Gone,
            starts: 0,
            stores: 0,
            identity: 0,
            lost: Vec::new(),
            applied: 0,
            state: 0,
            conf_state: ConfState::default(),
            work: Work::default(),
            log: Shadow::default(),
            durable: Shadow::default(),
            marks: VecDeque::new(),
            seen: Seen::default(),
            led: Led::default(),
            reads: Vec::new(),
        }
    }

    /// The node, if it runs.
    pub fn node(&self) -> Option<&RawNode<WorldDisk>> {
        match &self.life {
            Life::Up(node) => Some(node),
            Life::Down(_) | Life::Gone => None,
        }
    }

    pub(crate) fn node_mut(&mut self) -> Option<&mut RawNode<WorldDisk>> {
        match &mut self.life {
            Life::Up(node) => Some(node),
            Life::Down(_) | Life::Gone => None,
        }
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        matches!(self.life, Life::Up(_))
    }

    /// Whether it runs and leads.
    pub fn is_leader(&self) -> bool {
        self.is_up() && self.seen.role == RoleKind::Leader
    }

    /// Whether the store of this name, lost or not, holds the entry; without a name, whether any that it has had does.
    pub(crate) fn held_on(&self, named: Option<Identity>, entry: EntryId) -> bool {
        let means = |identity| named.is_none_or(|named| named == identity);
        let mut lost = self.lost.iter().filter(|(identity, _)| means(*identity));
        (means(self.identity) && self.durable.holds(entry)) || lost.any(|(_, lost)| lost.holds(entry))
    }
}
