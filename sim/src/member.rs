//! One node of a simulated cluster: the node itself, its state machine, its disk, and what is under way.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use quorate::membership::Membership;
use quorate::ready::{Ack, AppendTask, ApplyTask};
use quorate::status::RoleKind;
use quorate::types::Identity;
use quorate::{ConfState, Config, EntryId, Index, NodeId, RawNode, Ready, Storage, Term};

use crate::cluster::{Causes, Forgot};
use crate::judge::Replica;
use crate::shadow::{Mark, Shadow};

#[derive(Clone)]
pub(crate) struct Member<M, D> {
    pub(crate) id: NodeId,
    /// Settings of every start but for the seed and what is applied.
    pub(crate) config: Config,
    pub(crate) starts: u64,
    /// The seed of the next start, where the cluster does not draw it.
    pub(crate) next_seed: Option<u64>,
    /// The next change of the configuration is vetoed here.
    pub(crate) vetoes: bool,
    /// Of the store that it has; zero if that has none, or is lost.
    pub(crate) identity: Identity,
    /// How many stores it has had, and what was durable on those with identities that are lost.
    pub(crate) stores: u64,
    pub(crate) lost: Vec<(Identity, Shadow)>,
    /// What earlier stores without a name knew, where it comes back without them; and whether it may do so now.
    pub(crate) forgot: Option<Forgot>,
    pub(crate) forgets: bool,
    /// Ticks of its promise and its silence that were left when it crashed.
    pub(crate) owed: u64,
    /// It did not start on its store yet.
    pub(crate) fresh: bool,
    pub(crate) life: Life<D>,
    pub(crate) machine: M,
    pub(crate) applied: Index,
    /// The snapshot from which the state machine was last restored; 0 if from none.
    pub(crate) restored: Index,
    /// The state machine is damaged, and its node asked for a snapshot that covers this.
    pub(crate) damaged: Option<Index>,
    /// Then: what it is, should it turn out not to be damaged.
    pub(crate) spare: Option<M>,
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
    pub(crate) causes: Causes,
    /// Its storage cannot be read for now.
    pub(crate) unavailable: bool,
    /// Its storage cannot read something that it holds.
    pub(crate) corrupt: bool,
}

#[derive(Clone)]
pub(crate) enum Life<D> {
    Up(Box<RawNode<D>>),
    Down(D),
    /// The disk is lost.
    Gone,
}

/// What the node handed out and what is not done.
#[derive(Clone, Default)]
pub(crate) struct Work {
    /// Without asynchronous writes: the batch that is out, and whether it is written.
    pub(crate) batch: Option<(Ready, bool)>,
    /// With them: tasks to write, tasks to sync, entries to apply, acknowledgements on their way back,
    /// numbered together with the messages.
    pub(crate) tasks: VecDeque<AppendTask>,
    pub(crate) written: VecDeque<AppendTask>,
    pub(crate) applies: VecDeque<ApplyTask>,
    pub(crate) acks: VecDeque<(u64, Ack)>,
}

/// What clients wait for here.
#[derive(Clone, Default)]
pub(crate) struct Calls {
    /// By command.
    pub(crate) proposals: BTreeMap<Bytes, u64>,
    /// Where a proposal of this leader is: its term and command.
    pub(crate) placed: BTreeMap<Index, (Term, Bytes)>,
    pub(crate) reads: BTreeMap<u64, PendingRead>,
}

#[derive(Clone)]
pub(crate) struct PendingRead {
    pub(crate) query: Bytes,
    /// By what the node names it.
    pub(crate) context: Bytes,
    /// What was committed, anywhere, when it was asked.
    pub(crate) committed_before: Index,
    /// Where it may be served.
    pub(crate) at: Option<Index>,
    /// Ticks for which it has waited at a node that does not lead, and for which it may.
    pub(crate) waited: u64,
    pub(crate) patience: u64,
    /// What was in flight when it was asked, and as of which term and configuration its node was.
    pub(crate) asked_at: u64,
    pub(crate) term: Term,
    pub(crate) configured_at: Index,
    /// It was answered at once, by the lease.
    pub(crate) by_lease: bool,
}

/// What was last seen of the node.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen {
    pub(crate) role: RoleKind,
    pub(crate) term: Term,
    pub(crate) commit: Index,
    pub(crate) leader: Option<NodeId>,
    pub(crate) lease: bool,
    /// Ticks of its promise, and of its silence after a restart, that are left.
    pub(crate) promised: u64,
    pub(crate) silent: u64,
    /// It leads, and counts on promises of others.
    pub(crate) counts_on_promises: bool,
    /// It leads, and said that the identities are in force.
    pub(crate) in_force: bool,
    /// It leads, and its log was not looked at yet.
    pub(crate) begins: bool,
    /// It leads, and said that its quorum commits without other commit groups, which are silent.
    pub(crate) alone: bool,
}

impl<M, D> Member<M, D> {
    /// Its state machine, for a reader.
    pub(crate) fn replica(&self) -> Replica {
        Replica {
            node: self.id,
            start: self.starts,
            restored: self.restored,
        }
    }
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

    /// Whether it has the store that this configuration means: quorums are of stores.
    pub(crate) fn counts_in(&self, configuration: &Membership) -> bool {
        match configuration.identity(self.id) {
            Some(named) => named == self.identity,
            None if self.awaits_another_store() => false,
            None => self.identity == 0 || self.config.settings().accept_unnamed_store,
        }
    }

    /// Whether a store that had a name is lost: the next one has another name.
    pub(crate) fn awaits_another_store(&self) -> bool {
        matches!(self.life, Life::Gone) && !self.lost.is_empty()
    }

    /// Whether the store of this name, lost or not, holds the entry; without a name, whether any that it has had does.
    pub(crate) fn held_on(&self, named: Option<Identity>, entry: EntryId) -> bool {
        let means = |identity| named.is_none_or(|named| named == identity);
        let lost = self.lost.iter().filter(|(identity, _)| means(*identity));
        (means(self.identity) && self.durable.holds(entry)) || lost.into_iter().any(|(_, lost)| lost.holds(entry))
    }

    /// The term of what is durable here: a crash may tear the hard state off a batch, and leave its entries.
    pub(crate) fn durable_term(&self) -> Term {
        self.durable.hard_state.term.max(self.durable.last().term)
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
