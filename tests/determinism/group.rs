//! Groups that live through everything there is, always in the same way; every node keeps a journal.

use std::collections::{BTreeMap, BTreeSet};

use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use quorate::status::{RoleKind, SnapshotStatus};
use quorate::{ConfState, Config, MemoryStorage, Message, NodeId, ReadMode, bootstrap};

use super::host::{Host, Input, Pace, Trace};

/// Nodes that exist; the first ones found the group.
const NODES: u64 = 5;

/// A node with all that ever happened to it.
pub(crate) struct Node {
    pub(crate) host: Host,
    pub(crate) journal: Vec<Input>,
    /// How it began.
    pub(crate) config: Config,
    pub(crate) storage: MemoryStorage,
}

pub(crate) struct Group {
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pool: Vec<Message>,
    cut: BTreeSet<(NodeId, NodeId)>,
    names: u64,
    random: u64,
}

/// Its name, how many found it, and how its settings differ from the safe ones.
type Kind = (&'static str, u64, fn(&mut Config));

/// Settings that differ as much as settings can.
pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        ("as it comes", 3, |_| {}),
        ("one voter", 1, |config| {
            config.settings_mut().restart_silence_ticks = Some(0);
        }),
        ("lease reads", 3, |config| {
            config.settings_mut().read_mode = ReadMode::Lease;
            config.settings_mut().lease_margin_ticks = 3;
        }),
        ("asynchronous writes", 3, |config| {
            config.settings_mut().async_storage_writes = true;
        }),
        ("plain Raft", 4, |config| {
            (
                config.settings_mut().pre_vote,
                config.settings_mut().check_quorum,
                config.settings_mut().lease_promises,
            ) = (false, false, false);
            config.settings_mut().eager_appends = true;
        }),
        ("slow and small", 5, |config| {
            (
                config.settings_mut().election_timeout_ticks,
                config.settings_mut().heartbeat_interval_ticks,
            ) = (40, 7);
            (
                config.settings_mut().max_message_bytes,
                config.settings_mut().max_committed_bytes_per_ready,
            ) = (20, 50);
            (
                config.settings_mut().max_uncommitted_bytes,
                config.settings_mut().max_inflight_messages,
            ) = (100, 2);
            config.settings_mut().async_storage_writes = true;
        }),
    ]
}

impl Group {
    pub(crate) fn new(founders: u64, adjust: impl Fn(&mut Config)) -> Self {
        let conf_state = ConfState::of_voters(1..=founders);
        let snapshot = bootstrap(1, &MemoryStorage::new(), &conf_state).expect("an unused store");
        let node = |id| {
            let mut config = Config::new(id, 100 * id);
            adjust(&mut config);
            let founder = (id <= founders).then(|| snapshot.clone());
            let storage = founder.map_or_else(MemoryStorage::new, MemoryStorage::from_snapshot);
            let host = Host::new(config.clone(), storage.clone(), Pace::OneByOne, None);
            let journal = Vec::new();
            (
                id,
                Node {
                    host,
                    journal,
                    config,
                    storage,
                },
            )
        };
        Self {
            nodes: (1..=NODES).map(node).collect(),
            pool: Vec::new(),
            cut: BTreeSet::new(),
            names: 0,
            random: founders,
        }
    }

    pub(crate) fn give(&mut self, id: NodeId, input: Input) {
        let node = self.nodes.get_mut(&id).expect("a node");
        node.journal.push(input.clone());
        node.host.give(input);
        self.pool.append(&mut node.host.sent);
    }

    pub(crate) fn leader(&self) -> Option<NodeId> {
        let status = self.nodes.values().map(|node| node.host.raw.status());
        let leaders = status.filter(|status| status.soft_state.role == RoleKind::Leader);
        leaders
            .max_by_key(|status| status.hard_state.term)
            .map(|status| status.id)
    }

    fn deliver(&mut self, message: Message) {
        if !self.cut.contains(&(message.from, message.to)) {
            self.give(message.to, Input::Step(message));
        }
    }

    pub(crate) fn settle(&mut self) {
        while !self.pool.is_empty() {
            for message in std::mem::take(&mut self.pool) {
                self.deliver(message);
            }
        }
    }

    pub(crate) fn rounds(&mut self, rounds: u64) {
        for _ in 0..rounds {
            (1..=NODES).for_each(|id| self.give(id, Input::Ticks(1)));
            self.settle();
        }
    }

    fn name(&mut self) -> bytes::Bytes {
        self.names += 1;
        format!("number {}", self.names).into()
    }

    pub(crate) fn propose(&mut self, id: NodeId) {
        let data = self.name();
        self.give(id, Input::Propose(data));
    }

    fn read(&mut self, id: NodeId) {
        let context = self.name();
        self.give(id, Input::Read(context));
    }

    fn change(&mut self, transition: Transition, changes: &[(ConfChangeKind, NodeId)]) {
        let change = ConfChangeV2::new(changes.iter().copied()).with_transition(transition);
        let id = self.leader().unwrap_or(1);
        self.give(id, Input::Change(change));
        self.rounds(3);
    }

    fn isolate(&mut self, id: NodeId) {
        self.cut
            .extend((1..=NODES).flat_map(|other| [(id, other), (other, id)]));
    }

    /// What every group lives through, whoever leads it.
    pub(crate) fn live(&mut self) {
        use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
        self.rounds(90);
        (1..=3).for_each(|id| self.propose(id));
        (1..=3).for_each(|id| self.read(id));
        self.rounds(3);
        // The leader is cut off, and comes back.
        let old = self.leader().expect("a leader");
        self.propose(old);
        self.isolate(old);
        self.propose(old);
        self.read(old);
        self.rounds(200);
        self.cut.clear();
        self.rounds(100);
        // A node joins by a snapshot and becomes a voter in a joint configuration, another learns.
        let leader = self.leader().expect("a leader");
        self.give(leader, Input::Compact);
        self.change(Transition::Auto, &[(AddLearnerNode, 5)]);
        self.give(leader, Input::Compact);
        self.change(Transition::Auto, &[(AddNode, 5), (AddLearnerNode, 4)]);
        self.change(Transition::JointExplicit, &[(AddNode, 4)]);
        self.change(Transition::Auto, &[]);
        // Everybody crashes; leadership is handed over; whoever leads then is removed.
        (1..=NODES).for_each(|id| self.give(id, Input::Restart));
        self.rounds(200);
        let leader = self.leader().expect("a leader");
        self.give(leader, Input::Transfer(5));
        self.rounds(20);
        let leader = self.leader().expect("a leader");
        self.change(Transition::Auto, &[(RemoveNode, leader)]);
        self.rounds(200);
        (1..=NODES).for_each(|id| self.read(id));
        self.rounds(50);
    }

    /// A number below `end`, by an arithmetic of our own: always the same.
    fn below(&mut self, end: u64) -> u64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % end
    }

    /// Anything, without plan.
    pub(crate) fn wander(&mut self, steps: u64) {
        for _ in 0..steps {
            let (id, other) = (self.below(NODES) + 1, self.below(NODES) + 1);
            match self.below(22) {
                0 => self.propose(id),
                1 => self.read(id),
                2 => self.give(id, Input::Campaign),
                3 => self.give(id, Input::Transfer(other)),
                4 => self.give(id, Input::ForgetLeader),
                5 => self.give(id, Input::ReportUnreachable(other)),
                6 => self.give(id, Input::ReportSnapshot(other, SnapshotStatus::Failed)),
                7 => self.give(id, Input::Compact),
                8 => self.give(id, Input::Restart),
                9 => self.isolate(id),
                10 => self.cut.clear(),
                11 => self.wander_change(id, other),
                12..=14 => {
                    let ticks = self.below(60);
                    self.give(id, Input::Ticks(ticks));
                }
                15 | 16 => self.wander_message(),
                17 | 18 => self.settle(),
                _ => self.rounds(4),
            }
        }
        self.cut.clear();
        self.rounds(100);
    }

    fn wander_change(&mut self, id: NodeId, node_id: NodeId) {
        use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
        let kinds = [AddNode, AddNode, RemoveNode, AddLearnerNode];
        let kind = usize::try_from(self.below(4)).map(|at| kinds[at]).expect("few");
        let single = ConfChangeSingle::new(kind, node_id);
        let count = usize::try_from(self.below(3)).expect("few");
        let change = ConfChangeV2::new(vec![single; count]);
        self.give(id, Input::Change(change));
    }

    /// A message arrives before the others, is lost, or arrives twice.
    fn wander_message(&mut self) {
        if self.pool.is_empty() {
            return;
        }
        let at = usize::try_from(self.below(1 << 20)).expect("few") % self.pool.len();
        let message = self.pool.remove(at);
        match self.below(4) {
            0 => {}
            1 => {
                self.deliver(message.clone());
                self.deliver(message);
            }
            _ => self.deliver(message),
        }
    }

    pub(crate) fn trace(&self) -> Trace {
        let mut trace = Trace::EMPTY;
        for Node { host, .. } in self.nodes.values() {
            trace.bytes(&host.trace.0.to_le_bytes());
            trace.bytes(&host.events.0.to_le_bytes());
        }
        trace
    }
}

/// A group of each kind, after a long life.
pub(crate) fn groups() -> Vec<(&'static str, Group)> {
    let lived = |(name, founders, adjust)| {
        let mut group = Group::new(founders, adjust);
        group.live();
        group.wander(400);
        (name, group)
    };
    kinds().into_iter().map(lived).collect()
}
