//! Three nodes, one of them with a storage that fails once. Safety is checked at every step.

use quorate::{ConfState, Config, Entry, EntryId, Index, Message, NodeId, RawNode, Ready, Snapshot, Storage};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use bytes::Bytes;
use quorate::error::AcknowledgeError;
use quorate::message::{AppendResponse, HeartbeatResponse, Payload, VoteResponse};
use quorate::ready::{AppendTask, ReadState, TaskResponse};
use quorate::status::RoleKind;
use quorate::types::SnapshotMetadata;

use crate::faulty::{Faulty, Plan};
use crate::support::mode::Mode;
use crate::support::store;
use crate::support::tasks::Tasks;

/// A node with what its application holds.
pub(crate) struct Member {
    pub(crate) raw: RawNode<Faulty>,
    /// With asynchronous writes, what is not done yet.
    tasks: Tasks,
    conf_state: ConfState,
    starts: u64,
    /// Whether it had found its storage corrupt when it last handed out a Ready.
    corrupt: bool,
    /// Payloads that were applied, at whatever start.
    pub(crate) applied: BTreeMap<Index, Entry>,
}

pub(crate) struct Group {
    mode: Mode,
    pub(crate) nodes: BTreeMap<NodeId, Member>,
    pool: VecDeque<Message>,
    pub(crate) isolated: Option<NodeId>,
    /// What was applied anywhere.
    chosen: BTreeMap<Index, Entry>,
    /// What each read must at least see.
    asked: BTreeMap<Bytes, Index>,
    pub(crate) answered: usize,
}

fn config(mode: Mode, id: NodeId, starts: u64) -> Config {
    let mut config = mode.config(id);
    config.seed += starts * 1_000_003;
    config.settings_mut().max_message_bytes = 64;
    config
}

impl Group {
    pub(crate) fn new(mode: Mode, victim: NodeId, plan: &Rc<Plan>) -> Self {
        let mut group = Self {
            mode,
            nodes: BTreeMap::new(),
            pool: VecDeque::new(),
            isolated: None,
            chosen: BTreeMap::new(),
            asked: BTreeMap::new(),
            answered: 0,
        };
        for id in 1..=3 {
            let plan = if id == victim { Rc::clone(plan) } else { Rc::default() };
            let memory = store(&[1, 2, 3]);
            group.start(id, 0, Faulty { memory, plan }, BTreeMap::new());
        }
        group
    }

    /// Starts a node; if that fails, once more: a storage fails once.
    fn start(&mut self, id: NodeId, starts: u64, storage: Faulty, applied: BTreeMap<Index, Entry>) {
        let conf_state = storage.memory.initial_state().expect("it works").conf_state;
        let raw = match RawNode::new(config(self.mode, id, starts), storage.clone()) {
            Ok(raw) => raw,
            Err(error) => {
                assert!(storage.plan.fired.get().is_some(), "{error}");
                RawNode::new(config(self.mode, id, starts), storage).expect("a storage that works now")
            }
        };
        let member = Member {
            raw,
            tasks: Tasks::default(),
            conf_state,
            starts,
            corrupt: false,
            applied,
        };
        self.nodes.insert(id, member);
    }

    /// Rebuilds a node from what its storage had synced. Tasks that are not done are lost.
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
        let metadata = SnapshotMetadata::new(EntryId { term, index }, conf_state);
        memory
            .set_snapshot(Snapshot::new(metadata, "state"))
            .expect("of what is applied");
        let _ = memory.compact(index);
        memory.sync();
    }

    // ----- running

    /// Readies and deliveries, until nothing moves. Tasks are done late: one by one, between messages.
    pub(crate) fn settle(&mut self) {
        for _ in 0..2_000 {
            for id in 1..=3 {
                while self.ready(id) {}
            }
            let message = self.pool.pop_front();
            let worked = (1..=3).any(|id| self.work(id));
            if message.is_none() && !worked {
                return;
            }
            if let Some(message) = message {
                self.deliver(message);
            }
        }
        panic!("the group does not come to rest");
    }

    fn deliver(&mut self, message: Message) {
        let away = |id: NodeId| self.isolated == Some(id);
        if !away(message.from) && !away(message.to) && self.nodes.contains_key(&message.to) {
            let _ = self.node(message.to).step(message);
        }
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
        let messages = member.take_messages(&mut ready);
        self.pool.extend(messages);
        let reads = ready.read_states().to_vec();
        if let Some(snapshot) = ready.snapshot() {
            member.conf_state = snapshot.metadata.conf_state.clone();
        }
        let advanced = if self.mode.asynchronous {
            member.tasks.queue(&mut ready);
            true
        } else {
            member.raw.storage_mut().memory.persist(&ready).expect("legal writes");
            let mut done = ready.persisted();
            self.pool.extend(done.take_messages());
            member.apply(&done.take_committed_entries(), &mut self.chosen);
            member.raw.advance(done).is_ok()
        };
        self.check_reads(id, &reads);
        advanced
    }

    /// Does one thing of what is still to be done: the last first.
    fn work(&mut self, id: NodeId) -> bool {
        let Member { raw, tasks, .. } = self.nodes.get_mut(&id).expect("a node");
        match tasks.due() {
            Some(TaskResponse::Message(message)) => self.pool.push_back(message),
            Some(TaskResponse::Ack(ack)) => match raw.acknowledge(ack) {
                Ok(()) | Err(AcknowledgeError::Node(_) | AcknowledgeError::Removed { .. }) => {}
                Err(error) => panic!("tasks are done in order: {error}"),
            },
            None => {
                let persist = |task: &_| raw.storage_mut().memory.persist_task(task).expect("legal writes");
                return tasks.write(persist) || self.apply_task(id);
            }
        }
        true
    }

    fn apply_task(&mut self, id: NodeId) -> bool {
        let member = self.nodes.get_mut(&id).expect("a node");
        let mut tasks = std::mem::take(&mut member.tasks);
        let worked = tasks.apply(|entries| member.apply(entries, &mut self.chosen));
        member.tasks = tasks;
        worked
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

impl Member {
    /// What may leave at once. Nothing of a Ready, be it later, may break the promise of a node that
    /// cannot read its log.
    fn take_messages(&mut self, ready: &mut Ready) -> Vec<Message> {
        let id = self.raw.status().id;
        let corrupt = self.raw.status().corrupt.is_some();
        let was_corrupt = std::mem::replace(&mut self.corrupt, corrupt);
        let messages = ready.take_messages();
        assert!(
            !was_corrupt || !messages.iter().any(promises),
            "corrupt node {id}: {messages:?}"
        );
        let waiting = ready.append_task().map_or(Vec::new(), AppendTask::responses);
        let breaks = |response: &_| matches!(response, TaskResponse::Message(message) if promises(message));
        assert!(
            !corrupt || !waiting.iter().any(breaks),
            "corrupt node {id}: {waiting:?}"
        );
        messages
    }

    /// Whether all could be applied.
    fn apply(&mut self, entries: &[Entry], chosen: &mut BTreeMap<Index, Entry>) -> bool {
        for entry in entries {
            if entry.is_conf_change() {
                match self.raw.apply_conf_change(entry) {
                    Ok(conf_state) => self.conf_state = conf_state,
                    Err(_) => return false, // poisoned: it applies nothing any more
                }
            }
            let first = chosen.entry(entry.index).or_insert_with(|| entry.clone());
            let (id, index) = (self.raw.status().id, entry.index);
            assert_eq!(first, entry, "node {id} applied something else at {index}");
            self.applied.insert(index, entry.clone());
        }
        true
    }
}

pub(crate) fn is_sound(node: &RawNode<Faulty>) -> bool {
    node.poisoned().is_none() && node.status().corrupt.is_none()
}

/// What a node must not say that cannot read its log.
fn promises(message: &Message) -> bool {
    match &message.payload {
        Payload::RequestVote(_)
        | Payload::VoteResponse(VoteResponse { granted: true, .. })
        | Payload::AppendResponse(AppendResponse::Accepted { .. }) => true,
        Payload::HeartbeatResponse(HeartbeatResponse { promised_ticks, .. }) => promised_ticks.is_some(),
        _ => false,
    }
}
