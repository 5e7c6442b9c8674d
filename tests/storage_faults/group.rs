//! Three nodes, one of them with a storage that fails once. Safety is checked at every step.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use quorate::{
    AppendResponse, ConfState, Config, Entry, Index, Message, NodeId, Payload, RawNode, ReadState, RoleKind, Snapshot,
    SnapshotMetadata, Storage,
};

use crate::faulty::{Faulty, Plan};
use crate::support;

/// A node with what its application holds.
pub(crate) struct Member {
    pub(crate) raw: RawNode<Faulty>,
    conf_state: ConfState,
    starts: u64,
    /// Whether it had found its storage corrupt when it last handed out a Ready.
    corrupt: bool,
    /// Payloads that were applied, at whatever start.
    pub(crate) applied: BTreeMap<Index, Entry>,
}

pub(crate) struct Group {
    pub(crate) nodes: BTreeMap<NodeId, Member>,
    pool: VecDeque<Message>,
    pub(crate) isolated: Option<NodeId>,
    /// What was applied anywhere.
    chosen: BTreeMap<Index, Entry>,
    /// What each read must at least see.
    asked: BTreeMap<Bytes, Index>,
    pub(crate) answered: usize,
}

fn config(id: NodeId, starts: u64) -> Config {
    let mut config = support::config(id);
    config.seed += starts * 1_000_003;
    config.max_message_bytes = 64;
    config
}

impl Group {
    /// `None` if the faulty node does not even start.
    pub(crate) fn new(victim: NodeId, plan: &Rc<Plan>) -> Self {
        let mut group = Self {
            nodes: BTreeMap::new(),
            pool: VecDeque::new(),
            isolated: None,
            chosen: BTreeMap::new(),
            asked: BTreeMap::new(),
            answered: 0,
        };
        for id in 1..=3 {
            let plan = if id == victim { Rc::clone(plan) } else { Rc::default() };
            let memory = support::store(&[1, 2, 3]);
            group.start(id, 0, Faulty { memory, plan }, BTreeMap::new());
        }
        group
    }

    /// Starts a node; if that fails, once more: a storage fails once.
    fn start(&mut self, id: NodeId, starts: u64, storage: Faulty, applied: BTreeMap<Index, Entry>) {
        let conf_state = storage.memory.initial_state().expect("it works").conf_state;
        let raw = match RawNode::new(config(id, starts), storage.clone()) {
            Ok(raw) => raw,
            Err(error) => {
                assert!(storage.plan.fired.get().is_some(), "{error}");
                RawNode::new(config(id, starts), storage).expect("a storage that works now")
            }
        };
        let member = Member {
            raw,
            conf_state,
            starts,
            corrupt: false,
            applied,
        };
        self.nodes.insert(id, member);
    }

    /// Rebuilds a node from what its storage had synced.
    pub(crate) fn restart(&mut self, id: NodeId) {
        let member = self.nodes.remove(&id).expect("a node");
        let mut storage = member.raw.storage().clone();
        storage.memory.crash();
        self.start(id, member.starts + 1, storage, member.applied);
    }

    /// The node that leads. One that cannot read all of its log may do so, by the others' votes.
    pub(crate) fn leader(&self) -> Option<NodeId> {
        let sound = self.nodes.values().filter(|member| member.raw.poisoned().is_none());
        let leaders = sound.map(|member| member.raw.status());
        let leaders = leaders.filter(|status| status.soft_state.role == RoleKind::Leader);
        leaders
            .max_by_key(|status| status.hard_state.term)
            .map(|status| status.id)
    }

    pub(crate) fn node(&mut self, id: NodeId) -> &mut RawNode<Faulty> {
        &mut self.nodes.get_mut(&id).expect("a node").raw
    }

    pub(crate) fn read(&mut self, id: NodeId) {
        let context = Bytes::from(self.asked.len().to_string());
        let committed = self.chosen.last_key_value().map_or(0, |(index, _)| *index);
        self.asked.insert(context.clone(), committed);
        let _ = self.node(id).read_index(context);
    }

    /// A snapshot of what a node applied, and no log before it.
    pub(crate) fn compact(&mut self, id: NodeId) {
        let member = self.nodes.get_mut(&id).expect("a node");
        let index = member.raw.status().applied;
        let conf_state = member.conf_state.clone();
        let memory = &mut member.raw.storage_mut().memory;
        let Ok(term) = memory.term(index) else { return };
        let metadata = SnapshotMetadata {
            conf_state: conf_state.clone(),
            index,
            term,
        };
        memory.set_snapshot(Snapshot {
            data: "state".into(),
            metadata,
        });
        memory.set_conf_state(conf_state);
        let _ = memory.compact(index);
        memory.sync();
    }

    // ----- running

    /// Readies and deliveries, until nothing moves.
    pub(crate) fn settle(&mut self) {
        for _ in 0..1_000 {
            for id in 1..=3 {
                while self.ready(id) {}
            }
            let Some(message) = self.pool.pop_front() else { return };
            let away = |id: NodeId| self.isolated == Some(id);
            if !away(message.from) && !away(message.to) && self.nodes.contains_key(&message.to) {
                let _ = self.node(message.to).step(message);
            }
        }
        panic!("the group does not come to rest");
    }

    pub(crate) fn tick(&mut self, ticks: u64) {
        for _ in 0..ticks {
            for id in 1..=3 {
                let _ = self.node(id).tick();
            }
            self.settle();
        }
    }

    /// Handles one Ready, if there is one.
    fn ready(&mut self, id: NodeId) -> bool {
        let member = self.nodes.get_mut(&id).expect("a node");
        let Ok(Some(mut ready)) = member.raw.ready() else {
            return false;
        };
        let corrupt = member.raw.status().corrupt.is_some();
        let was_corrupt = std::mem::replace(&mut member.corrupt, corrupt);
        let mut messages = ready.take_messages();
        assert!(
            !was_corrupt || !messages.iter().any(promises),
            "corrupt node {id}: {messages:?}"
        );
        let reads = ready.read_states().to_vec();
        if let Some(snapshot) = ready.snapshot() {
            member.conf_state = snapshot.metadata.conf_state.clone();
        }
        member.raw.storage_mut().memory.persist(&ready).expect("legal writes");
        let mut done = ready.persisted();
        let waited = done.take_messages();
        assert!(
            !corrupt || !waited.iter().any(promises),
            "corrupt node {id}: {waited:?}"
        );
        messages.extend(waited);
        self.pool.extend(messages);
        for entry in done.take_committed_entries() {
            if entry.is_conf_change() {
                match member.raw.apply_conf_change(&entry) {
                    Ok(conf_state) => member.conf_state = conf_state,
                    Err(_) => break, // poisoned: it applies nothing any more
                }
            }
            let first = self.chosen.entry(entry.index).or_insert_with(|| entry.clone());
            assert_eq!(*first, entry, "node {id} applied something else at {}", entry.index);
            member.applied.insert(entry.index, entry);
        }
        let advanced = member.raw.advance(done).is_ok();
        self.check_reads(id, &reads);
        advanced
    }

    /// No read is answered with less than what was applied somewhere when it was asked.
    fn check_reads(&mut self, id: NodeId, reads: &[ReadState]) {
        for read in reads {
            if let Ok(index) = read.outcome {
                let least = self.asked[&read.context];
                assert!(index >= least, "a stale read at node {id}: {index} instead of {least}");
                self.answered += 1;
            }
        }
    }
}

pub(crate) fn is_sound(node: &RawNode<Faulty>) -> bool {
    node.poisoned().is_none() && node.status().corrupt.is_none()
}

/// What a node must not say that cannot read its log.
fn promises(message: &Message) -> bool {
    match &message.payload {
        Payload::RequestVote(_)
        | Payload::VoteResponse { granted: true, .. }
        | Payload::AppendResponse(AppendResponse::Accepted { .. }) => true,
        Payload::HeartbeatResponse { promised_ticks, .. } => promised_ticks.is_some(),
        _ => false,
    }
}
