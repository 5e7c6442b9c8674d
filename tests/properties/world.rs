//! A group of nodes, its network and its faults.

use std::collections::{BTreeMap, BTreeSet};

use quorate::error::{ProposeError, StepError};
use quorate::membership::AnyConfChange;
use quorate::status::{RoleKind, SnapshotStatus};
use quorate::{ConfState, Config, MemoryStorage, Message, NodeId, Proposed, RawNode, ReadMode, bootstrap};

use super::action::{Action, LEADER, NODES, Setup};
use super::history::History;
use super::member::{Member, Work};

/// Messages that the network holds at most; older ones are lost.
const POOL_MAX: usize = 300;

pub(crate) struct World {
    pub(crate) members: BTreeMap<NodeId, Member>,
    pub(crate) history: History,
    pool: Vec<Message>,
    cut: BTreeSet<(NodeId, NodeId)>,
    /// Lease reads: no clock may run ahead of another by more than the margin allows.
    lease: bool,
    starts: u64,
    /// Names payloads and reads.
    names: u64,
}

impl World {
    pub(crate) fn new(setup: &Setup) -> Self {
        let learners = setup.voters + 1..=setup.voters + setup.learners;
        let conf_state = ConfState::of_voters(1..=setup.voters).with_learners(learners);
        let snapshot = bootstrap(1, &MemoryStorage::new(), &conf_state).expect("an unused store");
        let mut history = History::default();
        history.begin(&snapshot);
        let member = |(id, config): (NodeId, &Config)| {
            let founder = id <= setup.voters + setup.learners;
            let snapshot = founder.then(|| snapshot.clone());
            let storage = snapshot.map_or_else(MemoryStorage::new, MemoryStorage::from_snapshot);
            let mut config = config.clone();
            (config.id, config.seed) = (id, id);
            (id, Member::new(config, storage, &history))
        };
        Self {
            members: (1..).zip(&setup.configs).map(member).collect(),
            history,
            pool: Vec::new(),
            cut: BTreeSet::new(),
            lease: setup.lease,
            starts: NODES,
            names: 0,
        }
    }

    pub(crate) fn member(&mut self, id: NodeId) -> &mut Member {
        self.members.get_mut(&id).expect("a node")
    }

    /// Calls a node and looks at it.
    fn call<T>(&mut self, id: NodeId, act: impl FnOnce(&mut RawNode<MemoryStorage>) -> T) -> T {
        let id = self.node(id);
        let member = self.members.get_mut(&id).expect("a node");
        let outcome = act(&mut member.raw);
        member.check(&mut self.history);
        outcome
    }

    pub(crate) fn leader(&self) -> Option<NodeId> {
        let status = self.members.values().map(|member| member.raw.status());
        let leaders = status.filter(|status| status.soft_state.role == RoleKind::Leader);
        let leader = leaders.max_by_key(|status| status.hard_state.term);
        leader.map(|status| status.id)
    }

    /// Whom an action means.
    fn node(&self, id: NodeId) -> NodeId {
        if id == LEADER { self.leader().unwrap_or(1) } else { id }
    }

    pub(crate) fn act(&mut self, action: Action) {
        match action {
            Action::Tick(id, ticks) => self.tick(id, ticks),
            Action::TickAll => (1..=NODES).for_each(|id| self.tick(id, 1)),
            Action::Propose(id, length) => _ = self.propose(id, length),
            Action::Change(id, change) => self.change(id, change.into()),
            Action::ChangeOne(id, change) => self.change(id, change.into()),
            Action::ChangeIfUnchanged(id, change, behind) => {
                let expected = self.members[&self.node(id)].raw.status().applied.saturating_sub(behind);
                let _ = self.call(id, |raw| raw.propose_conf_change_if_unchanged(change, expected));
            }
            Action::Read(id, mode) => self.read(id, mode),
            Action::Campaign(id) => _ = self.call(id, RawNode::campaign),
            Action::Transfer(id, to) if to == LEADER => _ = self.call(id, |raw| raw.transfer_leader(raw.status().id)),
            Action::Transfer(id, to) => _ = self.call(id, |raw| raw.transfer_leader(to)),
            Action::TransferToBest(id) => _ = self.call(id, RawNode::transfer_leader_to_most_up_to_date),
            Action::ForgetLeader(id) => self.call(id, RawNode::forget_leader).expect("a sound node"),
            Action::ReportUnreachable(id, peer) => {
                self.call(id, |raw| raw.report_unreachable(peer)).expect("a sound node");
            }
            Action::ReportSnapshot(id, peer, arrived) => {
                let status = if arrived {
                    SnapshotStatus::Finished
                } else {
                    SnapshotStatus::Failed
                };
                let report = |raw: &mut RawNode<_>| {
                    let known = raw.progress().find(|progress| progress.id == peer);
                    let awaited = known.and_then(|progress| progress.state.pending_snapshot());
                    raw.report_snapshot(peer, awaited.unwrap_or_default(), status)
                };
                self.call(id, report).expect("a sound node");
            }
            Action::StorageReady(id) => self.call(id, RawNode::storage_ready).expect("a sound node"),
            Action::SetLimits(id, bytes) => self.set_limits(id, bytes),
            Action::SetTimeout(id, ticks) => self.call(id, |raw| raw.set_election_timeout_draw(ticks)),
            Action::Compact(id, keep) => {
                let id = self.node(id);
                let member = self.members.get_mut(&id).expect("a node");
                member.compact(keep, &self.history);
            }
            Action::Restart(id, keep_state) => self.restart(id, keep_state, |_| {}),
            Action::Work(id, work) => _ = self.work(id, work),
            Action::Drain(id) => _ = self.drain(id),
            Action::Deliver(at) => _ = self.take(at).map(|message| self.deliver(message)),
            Action::Duplicate(at) => {
                let copy = at.checked_rem(self.pool.len()).map(|at| self.pool[at].clone());
                if let Some(message) = copy {
                    self.deliver(message);
                }
            }
            Action::Lose(at) => _ = self.take(at),
            Action::Flow => self.flow(),
            Action::Settle => self.settle(),
            Action::Cut(from, to) => _ = self.cut.insert((self.node(from), self.node(to))),
            Action::Isolate(id) => {
                let id = self.node(id);
                let pairs = (1..=NODES).flat_map(|other| [(id, other), (other, id)]);
                self.cut.extend(pairs);
            }
            Action::Split(sides) => {
                let side = |id: &NodeId| sides >> id & 1;
                let pairs = (1..=NODES).flat_map(|from| (1..=NODES).map(move |to| (from, to)));
                self.cut.extend(pairs.filter(|(from, to)| side(from) != side(to)));
            }
            Action::Heal => self.cut.clear(),
        }
    }

    fn tick(&mut self, id: NodeId, ticks: u64) {
        let id = self.node(id);
        let slowest = self.members.values().map(|member| member.ticks).min().unwrap_or(0);
        let passed = self.members[&id].ticks;
        let ticks = if self.lease {
            ticks.min(slowest + 1 - passed)
        } else {
            ticks
        };
        let used = self.call(id, |raw| raw.advance_ticks(ticks)).expect("a sound node");
        assert!(used <= ticks && (used > 0 || ticks == 0));
        self.member(id).ticks += used;
    }

    pub(crate) fn propose(&mut self, id: NodeId, length: usize) -> Result<Proposed, ProposeError> {
        let id = self.node(id);
        let first = self.names + 1;
        let count = if first.is_multiple_of(5) { 3 } else { 1 };
        self.names += count;
        let member = self.members.get_mut(&id).expect("a node");
        let ledger = &mut self.history.ledger;
        let outcome = member.tables.propose(&mut member.raw, (first, count), length, ledger);
        if first.is_multiple_of(11) {
            member.tables.give_up(|name| name.is_multiple_of(4));
        }
        member.check(&mut self.history);
        outcome
    }

    fn change(&mut self, id: NodeId, change: AnyConfChange) {
        let id = self.node(id);
        self.names += 1;
        let name = self.names;
        if let Ok(proposed @ Proposed::At { index, .. }) = self.call(id, |raw| raw.propose_conf_change(change)) {
            let member = self.members.get_mut(&id).expect("a node");
            member.tables.proposed_change(proposed, name, &mut self.history.ledger);
            member.changes_at(index);
        }
    }

    pub(crate) fn read(&mut self, id: NodeId, mode: Option<ReadMode>) {
        let mode = mode.filter(|mode| self.lease || *mode != ReadMode::Lease); // clocks are not what leases need
        let id = self.node(id);
        self.names += 1;
        let context = bytes::Bytes::copy_from_slice(&self.names.to_le_bytes());
        let committed = self.history.commit();
        if self.names.is_multiple_of(2) {
            let member = self.members.get_mut(&id).expect("a node");
            let _ = member.tables.read(&mut member.raw, committed);
            member.check(&mut self.history);
            return;
        }
        let asked = |raw: &mut RawNode<_>| match mode {
            None => raw.read_index(context.clone()),
            Some(mode) => raw.read_index_with(mode, context.clone()),
        };
        if self.call(id, asked).is_ok() {
            self.member(id).reads.insert(context, committed);
            let raw = &self.members[&id].raw;
            let alone = raw.membership().is_sole_voter(id);
            assert!(raw.has_ready() || alone, "a read is answered, or somebody is asked");
        }
    }

    fn set_limits(&mut self, id: NodeId, bytes: u64) {
        self.call(id, |raw| {
            let mut config = raw.config().clone();
            (
                config.settings_mut().max_message_bytes,
                config.settings_mut().max_uncommitted_bytes,
            ) = (bytes, bytes);
            config.settings_mut().max_committed_bytes_per_ready = bytes / 2;
            config.settings_mut().eager_appends = bytes.is_multiple_of(2);
            raw.set_config(config).expect("nothing that is fixed");
        });
    }

    /// Stops a node and starts it again, with another seed as the contract wants.
    pub(crate) fn restart(&mut self, id: NodeId, keep_state: bool, adjust: impl FnOnce(&mut Config)) {
        let id = self.node(id);
        self.starts += 1;
        let member = self.members.get_mut(&id).expect("a node");
        let mut config = member.raw.config().clone();
        config.seed = self.starts;
        adjust(&mut config);
        member.restart(config, keep_state, &mut self.history);
        member.check(&mut self.history);
    }

    // ----- work and messages

    fn work(&mut self, id: NodeId, work: Work) -> bool {
        let id = self.node(id);
        let member = self.members.get_mut(&id).expect("a node");
        let mut out = Vec::new();
        let done = member.work(work, &mut self.history, &mut out);
        member.check(&mut self.history);
        for message in &out {
            self.history.sent(message);
        }
        self.pool.extend(out);
        let surplus = self.pool.len().saturating_sub(POOL_MAX);
        self.pool.drain(..surplus);
        done
    }

    /// Does all work of a node; a drained node has nothing to do.
    fn drain(&mut self, id: NodeId) -> bool {
        let id = self.node(id);
        let order = [Work::Ready, Work::Write, Work::Acknowledge, Work::Apply];
        let moved = (0..1_000)
            .take_while(|_| order.iter().any(|work| self.work(id, *work)))
            .count();
        assert!(self.members[&id].is_idle() && !self.members[&id].raw.has_ready());
        moved > 0
    }

    fn take(&mut self, at: usize) -> Option<Message> {
        let at = at.checked_rem(self.pool.len())?;
        Some(self.pool.remove(at))
    }

    /// A message arrives, as bytes, unless the network is cut.
    fn deliver(&mut self, message: Message) {
        if self.cut.contains(&(message.from, message.to)) {
            return;
        }
        let arrived = Message::decode(message.encode().as_slice());
        assert_eq!(arrived.as_ref(), Ok(&message));
        match self.call(message.to, |raw| raw.step(message)) {
            Ok(()) | Err(StepError::UnknownPeer { .. } | StepError::Proposal(_)) => {}
            Err(error) => panic!("sound nodes say nothing wrong: {error}"),
        }
    }

    pub(crate) fn settle(&mut self) {
        for _ in 0..1_000 {
            self.flow();
            if self.pool.is_empty() && !self.members.values().any(|member| member.raw.has_ready()) {
                return;
            }
        }
        panic!("the group does not come to rest");
    }

    fn flow(&mut self) {
        (1..=NODES).for_each(|id| _ = self.drain(id));
        for message in std::mem::take(&mut self.pool) {
            self.deliver(message);
        }
    }
}
