//! One node of a simulated cluster: the node itself, its state machine, its disk, and what is under way.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use quorate::{Ack, AppendTask, ApplyTask, ConfState, Config, Index, NodeId, RawNode, Ready, RoleKind, Storage, Term};

use crate::shadow::{Mark, Shadow};

pub(crate) struct Member<M, D> {
    pub(crate) id: NodeId,
    /// Settings of every start but for the seed and what is applied.
    pub(crate) config: Config,
    pub(crate) starts: u64,
    pub(crate) life: Life<D>,
    pub(crate) machine: M,
    pub(crate) applied: Index,
    /// The configuration as of `applied`. (The node's own may be ahead, by a snapshot that it was sent.)
    pub(crate) conf_state: ConfState,
    pub(crate) work: Work,
    pub(crate) calls: Calls,
    /// The log as the node handed it out, and as the disk would give it back.
    pub(crate) log: Shadow,
    pub(crate) durable: Shadow,
    /// What was written and not synced.
    pub(crate) marks: VecDeque<Mark>,
    pub(crate) seen: Seen,
}

pub(crate) enum Life<D> {
    Up(Box<RawNode<D>>),
    Down(D),
    /// The disk is lost.
    Gone,
}

/// What the node handed out and what is not done.
#[derive(Default)]
pub(crate) struct Work {
    /// Without asynchronous writes: the batch that is out, and whether it is written.
    pub(crate) batch: Option<(Ready, bool)>,
    /// With them: tasks to write, tasks to sync, entries to apply, acknowledgements on their way back.
    pub(crate) tasks: VecDeque<AppendTask>,
    pub(crate) written: VecDeque<AppendTask>,
    pub(crate) applies: VecDeque<ApplyTask>,
    pub(crate) acks: VecDeque<Ack>,
}

/// What clients wait for here.
#[derive(Default)]
pub(crate) struct Calls {
    /// By command.
    pub(crate) proposals: BTreeMap<Bytes, u64>,
    /// Where a proposal of this leader is: its term and command.
    pub(crate) placed: BTreeMap<Index, (Term, Bytes)>,
    pub(crate) reads: BTreeMap<u64, PendingRead>,
}

pub(crate) struct PendingRead {
    pub(crate) query: Bytes,
    /// What was committed, anywhere, when it was asked.
    pub(crate) committed_before: Index,
    /// Where it may be served.
    pub(crate) at: Option<Index>,
}

/// What was last seen of the node.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) role: RoleKind,
    pub(crate) term: Term,
    pub(crate) commit: Index,
    pub(crate) leader: Option<NodeId>,
    pub(crate) lease: bool,
    /// It leads, and its log was not looked at yet.
    pub(crate) begins: bool,
}

impl<M, D: Storage> Member<M, D> {
    pub(crate) fn node(&self) -> Option<&RawNode<D>> {
        match &self.life {
            Life::Up(node) => Some(node),
            Life::Down(_) | Life::Gone => None,
        }
    }

    pub(crate) fn node_mut(&mut self) -> Option<&mut RawNode<D>> {
        match &mut self.life {
            Life::Up(node) => Some(node),
            Life::Down(_) | Life::Gone => None,
        }
    }

    pub(crate) fn keeps_promises(&self) -> bool {
        match &self.life {
            Life::Up(node) => node.storage().keeps_promises(),
            Life::Down(disk) => disk.keeps_promises(),
            Life::Gone => false,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.life, Life::Up(_))
    }

    /// Whether there is a batch to take, and nothing in its way.
    pub(crate) fn has_ready(&self) -> bool {
        self.work.batch.is_none() && self.node().is_some_and(RawNode::has_ready)
    }

    pub(crate) fn has_unwritten(&self) -> bool {
        matches!(self.work.batch, Some((_, false))) || !self.work.tasks.is_empty()
    }

    pub(crate) fn has_unsynced(&self) -> bool {
        matches!(self.work.batch, Some((_, true))) || !self.work.written.is_empty()
    }

    pub(crate) fn is_leader(&self) -> bool {
        self.is_up() && self.seen.role == RoleKind::Leader
    }
}
