//! A group in one process, for tests: every node with its own storage, one pool of messages, and a
//! network that can be cut. Nothing happens unless a test says so.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

pub mod mode;
pub mod tasks;

use quorate::{
    ConfState, Config, Entry, EntryId, Event, MemoryStorage, Message, NodeId, Proposed, RawNode, Ready, Snapshot,
    Storage, bootstrap,
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use quorate::error::{AcknowledgeError, ConfigError, StepError};
use quorate::message::Payload;
use quorate::ready::{ReadState, TaskResponse};
use quorate::status::RoleKind;

use self::tasks::Tasks;

/// A node with what its application would hold.
#[derive(Clone, Debug)]
pub struct Node {
    pub raw: RawNode<MemoryStorage>,
    /// Entries in the order in which they were applied, since the last snapshot was installed.
    pub applied: Vec<Entry>,
    /// The configuration as of what is applied, as a state machine would keep it.
    pub conf_state: ConfState,
    pub reads: Vec<ReadState>,
    pub events: Vec<Event>,
    /// Snapshots that the state machine became.
    pub restored: Vec<EntryId>,
    pub starts: u64,
}

/// A group.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    pub nodes: BTreeMap<NodeId, Node>,
    /// Messages on their way, oldest first.
    pub pool: VecDeque<Message>,
    /// Errors that steps returned.
    pub errors: Vec<StepError>,
    cut: BTreeSet<(NodeId, NodeId)>,
}

/// `Config::new`, with the silence after a restart off: most tests restart nodes and then want them
/// to act. (It matters only to a store that holds a term.)
pub fn config(id: NodeId) -> Config {
    let mut config = Config::new(id, 7 * id);
    config.settings_mut().restart_silence_ticks = Some(0);
    config
}

/// Settings without the promises that leases rest on and without check-quorum and pre-vote: the
/// paper's plain Raft.
pub fn plain(id: NodeId) -> Config {
    let mut config = config(id);
    (
        config.settings_mut().pre_vote,
        config.settings_mut().check_quorum,
        config.settings_mut().lease_promises,
    ) = (false, false, false);
    config
}

/// A store that was bootstrapped with these voters.
pub fn store(voters: &[NodeId]) -> MemoryStorage {
    let conf_state = ConfState::of_voters(voters.iter().copied());
    let snapshot = bootstrap(voters[0], &MemoryStorage::new(), &conf_state).expect("an unused store");
    MemoryStorage::from_snapshot(snapshot)
}

impl Node {
    /// The state machine becomes what a snapshot says.
    fn restore(&mut self, snapshot: &Snapshot) {
        self.applied.clear();
        self.conf_state = snapshot.metadata.conf_state.clone();
        self.restored.push(snapshot.id());
    }

    fn apply(&mut self, entries: &[Entry]) {
        for entry in entries {
            if entry.is_conf_change() {
                self.conf_state = self.raw.apply_conf_change(entry).expect("a sound node");
            }
            self.applied.push(entry.clone());
        }
    }

    /// Does the tasks of a Ready, and acknowledges them; what is to be sent then.
    fn do_tasks(&mut self, mut ready: Ready) -> Vec<Message> {
        let (mut tasks, mut messages) = (Tasks::default(), Vec::new());
        tasks.queue(&mut ready);
        tasks.write(|task| self.raw.storage_mut().persist_task(task).expect("a storage that works"));
        tasks.apply_task(|task| {
            if let Some(snapshot) = task.snapshot() {
                self.restore(snapshot);
            }
            self.apply(task.entries());
            true
        });
        while let Some(response) = tasks.due() {
            match response {
                TaskResponse::Message(message) => messages.push(message),
                TaskResponse::Ack(ack) => match self.raw.acknowledge(ack) {
                    Ok(()) | Err(AcknowledgeError::Removed { .. }) => {}
                    Err(error) => panic!("tasks are done in order: {error}"),
                },
            }
        }
        messages
    }
}

impl Cluster {
    /// Nodes 1 to `n`, all voters, with these settings.
    pub fn new(n: u64, config: impl Fn(NodeId) -> Config) -> Self {
        let ids: Vec<NodeId> = (1..=n).collect();
        let mut cluster = Self::default();
        for id in &ids {
            cluster.add(config(*id), store(&ids)).expect("a legal store");
        }
        cluster
    }

    /// Nodes 1 to `n` with [`config`], of which node 1 leads and has committed in its term.
    pub fn led(n: u64) -> Self {
        let mut cluster = Self::new(n, config);
        cluster.elect(1);
        cluster
    }

    /// Starts one more node.
    pub fn add(&mut self, config: Config, storage: MemoryStorage) -> Result<(), ConfigError> {
        let id = config.id;
        let conf_state = storage.initial_state()?.conf_state;
        let node = Node {
            raw: RawNode::new(config, storage)?,
            applied: Vec::new(),
            conf_state,
            reads: Vec::new(),
            events: Vec::new(),
            restored: Vec::new(),
            starts: 1,
        };
        self.nodes.insert(id, node);
        Ok(())
    }

    pub fn node(&mut self, id: NodeId) -> &mut RawNode<MemoryStorage> {
        &mut self.nodes.get_mut(&id).expect("a node").raw
    }

    pub fn raw(&self, id: NodeId) -> &RawNode<MemoryStorage> {
        &self.nodes[&id].raw
    }

    // ----- what nodes do

    /// Handles one Ready of a node, if it has one: persists, sends, applies, advances. Tasks are done
    /// at once.
    pub fn ready(&mut self, id: NodeId) -> bool {
        let node = self.nodes.get_mut(&id).expect("a node");
        let Some(mut ready) = node.raw.ready().expect("a sound node") else {
            node.events.extend(node.raw.take_events());
            return false;
        };
        self.pool.extend(ready.take_messages());
        node.reads.extend(ready.read_states().iter().cloned());
        node.events.extend(ready.events().iter().cloned());
        if let Some(snapshot) = ready.snapshot() {
            node.restore(snapshot);
        }
        if node.raw.config().settings().async_storage_writes {
            self.pool.extend(node.do_tasks(ready));
            return true;
        }
        node.raw.storage_mut().persist(&ready).expect("a storage that works");
        let installs = ready.snapshot().is_some();
        let mut done = ready.persisted();
        self.pool.extend(done.take_messages());
        if let Some(snapshot) = done.snapshot().filter(|_| !installs) {
            node.restore(snapshot);
        }
        node.apply(&done.take_committed_entries());
        node.raw.advance(done).expect("the Ready that is out");
        true
    }

    /// Handles Readies of a node until it has none.
    pub fn drain(&mut self, id: NodeId) {
        while self.ready(id) {}
    }

    /// Delivers (or loses, where the network is cut) all messages that are in the pool now.
    pub fn deliver(&mut self) {
        for message in std::mem::take(&mut self.pool) {
            self.step(message);
        }
    }

    /// Delivers one message, unless the network is cut there.
    pub fn step(&mut self, message: Message) {
        if self.cut.contains(&(message.from, message.to)) {
            return;
        }
        if let Some(node) = self.nodes.get_mut(&message.to) {
            self.errors.extend(node.raw.step(message).err());
        }
    }

    /// Takes the messages that `pick` wants out of the pool.
    pub fn take(&mut self, pick: impl Fn(&Message) -> bool) -> Vec<Message> {
        let (taken, kept) = std::mem::take(&mut self.pool)
            .into_iter()
            .partition(|message| pick(message));
        self.pool = VecDeque::from_iter::<Vec<Message>>(kept);
        taken
    }

    /// Readies and deliveries, until nothing moves.
    pub fn settle(&mut self) {
        let ids: Vec<NodeId> = self.nodes.keys().copied().collect();
        for _ in 0..10_000 {
            for id in &ids {
                self.drain(*id);
            }
            if self.pool.is_empty() {
                return;
            }
            self.deliver();
        }
        panic!("the group does not come to rest");
    }

    /// Lets ticks pass at one node, with Readies in between, without delivering anything.
    pub fn tick(&mut self, id: NodeId, ticks: u64) {
        for _ in 0..ticks {
            self.node(id).tick().expect("a sound node");
            self.drain(id);
        }
    }

    /// Lets ticks pass at all nodes; after each the group comes to rest.
    pub fn tick_all(&mut self, ticks: u64) {
        let ids: Vec<NodeId> = self.nodes.keys().copied().collect();
        for _ in 0..ticks {
            for id in &ids {
                self.node(*id).tick().expect("a sound node");
            }
            self.settle();
        }
    }

    /// Has a node campaign, and the group come to rest.
    pub fn elect(&mut self, id: NodeId) {
        self.node(id).campaign().expect("it may campaign");
        self.settle();
        assert_eq!(self.leader(), Some(id), "node {id} should have won");
    }

    pub fn propose(&mut self, id: NodeId, data: &'static str) -> Proposed {
        self.node(id).propose(data).expect("it takes proposals")
    }

    /// Proposes and lets the group come to rest.
    pub fn commit(&mut self, id: NodeId, data: &'static str) {
        let _ = self.propose(id, data);
        self.settle();
    }

    // ----- faults

    /// Loses all messages from `a` to `b` from now on.
    pub fn cut_one_way(&mut self, a: NodeId, b: NodeId) {
        self.cut.insert((a, b));
    }

    pub fn cut(&mut self, a: NodeId, b: NodeId) {
        self.cut_one_way(a, b);
        self.cut_one_way(b, a);
    }

    pub fn isolate(&mut self, id: NodeId) {
        let others: Vec<NodeId> = self.nodes.keys().copied().filter(|other| *other != id).collect();
        for other in others {
            self.cut(id, other);
        }
    }

    pub fn heal(&mut self) {
        self.cut.clear();
    }

    /// The node stops, loses what was not synced, and starts again with nothing applied beyond its
    /// storage's beginning. Another seed, as the contract wants.
    pub fn restart(&mut self, id: NodeId) {
        let mut config = self.raw(id).config().clone();
        config.seed += 1_000_003;
        config.applied = 0;
        self.restart_with(config);
    }

    /// The same with other settings.
    pub fn restart_with(&mut self, config: Config) {
        let node = self.nodes.get_mut(&config.id).expect("a node");
        let mut storage = node.raw.storage().clone();
        storage.crash();
        node.raw = RawNode::new(config, storage).expect("a legal store");
        node.applied.clear();
        node.starts += 1;
    }

    /// A snapshot of what a node has applied becomes the one its storage hands out, and the log is
    /// cut there.
    pub fn compact(&mut self, id: NodeId) {
        let index = self.raw(id).status().applied;
        let node = self.nodes.get_mut(&id).expect("a node");
        let metadata = node.raw.snapshot_metadata().expect("a node at rest");
        assert_eq!(metadata.conf_state, node.conf_state, "that of what is applied");
        let storage = node.raw.storage_mut();
        storage
            .set_snapshot(Snapshot::new(metadata, "state"))
            .expect("newer than the last");
        storage.compact(index).expect("not compacted yet");
        storage.sync();
    }

    // ----- what is

    /// The leader of the highest term, if one thinks it leads.
    pub fn leader(&self) -> Option<NodeId> {
        let leaders = self.nodes.values().map(|node| node.raw.status());
        let leaders = leaders.filter(|status| status.soft_state.role == RoleKind::Leader);
        leaders
            .max_by_key(|status| status.hard_state.term)
            .map(|status| status.id)
    }

    pub fn term(&self, id: NodeId) -> u64 {
        self.raw(id).status().hard_state.term
    }

    pub fn committed(&self, id: NodeId) -> u64 {
        self.raw(id).status().hard_state.commit
    }

    pub fn role(&self, id: NodeId) -> RoleKind {
        self.raw(id).status().soft_state.role
    }

    /// Payloads of the normal entries that a node applied, without the empty ones.
    pub fn data(&self, id: NodeId) -> Vec<String> {
        let entries = self.nodes[&id].applied.iter();
        let entries = entries.filter(|entry| !entry.is_conf_change() && !entry.data.is_empty());
        entries
            .map(|entry| String::from_utf8_lossy(&entry.data).into_owned())
            .collect()
    }

    /// State machine safety: no two nodes applied different entries at one index.
    pub fn assert_consistent(&self) {
        let mut all = BTreeMap::new();
        for (id, node) in &self.nodes {
            for entry in &node.applied {
                let first = all.entry(entry.index).or_insert(entry);
                assert_eq!(*first, entry, "node {id} applied something else at {}", entry.index);
            }
        }
    }
}

/// A message.
pub fn message(from: NodeId, to: NodeId, term: u64, payload: Payload) -> Message {
    Message::new(from, to, term, payload)
}
