//! A node with all that belongs to it: its storage, its storage tasks, its state machine.

use std::collections::VecDeque;

use quorate::types::{Index, NodeId};
use quorate::{
    AcknowledgeError, AppendTask, ApplyTask, Config, Entry, Event, HardState, MemoryStorage, Message, Payload, RawNode,
    Ready, Snapshot, TaskResponse,
};

use super::disk::Disk;
use super::line::Line;
use super::machine::Machine;
use super::pool::Parcel;
use super::print::Batch;
use crate::output::{Failure, Output};

/// A node and its surroundings.
#[derive(Debug)]
pub(crate) struct Member {
    id: NodeId,
    /// As of the first start.
    config: Config,
    core: Core,
    appends: VecDeque<AppendTask>,
    applies: VecDeque<ApplyTask>,
    machine: Machine,
    /// The last hard state that the node handed out, or began with.
    hard_state: HardState,
    events: Vec<Event>,
    /// The next configuration change is not to be made.
    veto: bool,
    /// How often the node was started: the seed, which must not be used twice.
    starts: u64,
}

#[derive(Debug)]
enum Core {
    Up(Box<RawNode<Disk>>),
    Down(Box<Disk>),
}

impl Member {
    /// A new node that begins with this snapshot; with an empty one, without anything.
    pub(crate) fn new(config: Config, initial: Snapshot) -> Result<Self, Failure> {
        let memory = if initial.is_empty() {
            MemoryStorage::new()
        } else {
            MemoryStorage::from_snapshot(initial.clone())
        };
        let disk = Disk {
            memory,
            handout: initial.clone(),
        };
        let starts = config.seed;
        let node = RawNode::new(config.clone(), disk)?;
        Ok(Self {
            id: config.id,
            config,
            hard_state: node.status().hard_state,
            core: Core::Up(Box::new(node)),
            appends: VecDeque::new(),
            applies: VecDeque::new(),
            machine: Machine::new(initial),
            events: Vec::new(),
            veto: false,
            starts,
        })
    }

    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
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
    pub(crate) fn memory_mut(&mut self) -> &mut MemoryStorage {
        match &mut self.core {
            Core::Up(node) => &mut node.storage_mut().memory,
            Core::Down(disk) => &mut disk.memory,
        }
    }

    pub(crate) fn has_append_work(&self) -> bool {
        !self.appends.is_empty()
    }

    pub(crate) fn has_apply_work(&self) -> bool {
        !self.applies.is_empty()
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

    // ----- Readies and storage tasks

    /// Takes one Ready, prints it and does what it asks for; gives what it sends.
    pub(crate) fn handle_ready(&mut self, out: &mut Output<'_>) -> Result<Vec<Parcel>, Failure> {
        let Some(mut ready) = self.core.node(self.id)?.ready()? else {
            out.line(Batch::default().to_string());
            return Ok(Vec::new());
        };
        self.events.extend_from_slice(ready.events());
        let before = self.hard_state;
        let now = ready.hard_state().unwrap_or(before);
        self.hard_state = now;
        let batch = Batch {
            // The recordings' rule, in which a snapshot does not count.
            must_sync: !ready.entries().is_empty() || (now.term, now.vote) != (before.term, before.vote),
            soft_state: ready.soft_state(),
            hard_state: ready.hard_state(),
            read_states: ready.read_states().to_vec(),
            entries: ready.entries().to_vec(),
            snapshot: ready.snapshot().cloned(),
            ..Batch::default()
        };
        let parcels = ready.take_messages().into_iter().map(Parcel::message).collect();
        if self.config.async_storage_writes {
            Ok(self.queue_tasks(ready, batch, parcels, out))
        } else {
            self.carry_out(ready, batch, parcels, out)
        }
    }

    /// Persists, applies and advances.
    fn carry_out(
        &mut self,
        ready: Ready,
        mut batch: Batch,
        mut parcels: Vec<Parcel>,
        out: &mut Output<'_>,
    ) -> Result<Vec<Parcel>, Failure> {
        self.memory_mut().persist(&ready)?;
        if let Some(snapshot) = ready.snapshot() {
            self.machine.install(snapshot.clone());
        }
        let mut done = ready.persisted();
        let (requests, others): (Vec<_>, Vec<_>) = done.take_messages().into_iter().partition(is_vote_request);
        parcels.extend(requests.into_iter().chain(others).map(Parcel::message));
        batch.messages = texts(&parcels);
        batch.committed = done.take_committed_entries();
        out.line(batch.to_string());
        self.apply(&batch.committed)?;
        match self.core.node(self.id)?.advance(done) {
            // Its own acknowledgement counts for nothing once the node has left; nobody sees that.
            Ok(()) | Err(AcknowledgeError::Removed { .. }) => Ok(parcels),
            Err(error) => Err(error.into()),
        }
    }

    /// Hands the tasks to the threads of the storage.
    fn queue_tasks(
        &mut self,
        mut ready: Ready,
        mut batch: Batch,
        mut parcels: Vec<Parcel>,
        out: &mut Output<'_>,
    ) -> Vec<Parcel> {
        let append = ready.take_append_task();
        let apply = ready.take_apply_task();
        // Vote requests really wait for the disk, but the recordings have them here.
        let responses = append.iter().flat_map(AppendTask::responses);
        parcels.extend(responses.filter_map(|response| match response {
            TaskResponse::Message(message) if is_vote_request(message) => Some(Parcel::message(message.clone())),
            _ => None,
        }));
        batch.messages = texts(&parcels);
        if let Some(task) = append {
            let responses = texts(&responses_of_append(self.id, &task));
            let line = Line::of_append_task(self.id, &task, responses);
            batch.messages.push(line.to_string());
            self.appends.push_back(task);
        }
        if let Some(task) = apply {
            batch.committed = task.entries().to_vec();
            let responses = texts(&[response_of_apply(self.id, &task)]);
            let line = Line::of_apply_task(self.id, &task, responses);
            batch.messages.push(line.to_string());
            self.applies.push_back(task);
        }
        out.line(batch.to_string());
        parcels
    }

    /// Performs the oldest append task, if there is one; gives its responses.
    pub(crate) fn perform_append(&mut self, out: &mut Output<'_>) -> Result<Vec<Parcel>, Failure> {
        let Some(task) = self.appends.pop_front() else {
            out.line("no append work to perform");
            return Ok(Vec::new());
        };
        out.line("Processing:");
        out.line(Line::of_append_task(self.id, &task, Vec::new()).to_string());
        self.memory_mut().persist_task(&task)?;
        if let Some(snapshot) = task.snapshot() {
            self.machine.install(snapshot.clone());
        }
        Ok(respond(responses_of_append(self.id, &task), out))
    }

    /// Performs the oldest apply task, if there is one; gives its response.
    pub(crate) fn perform_apply(&mut self, out: &mut Output<'_>) -> Result<Vec<Parcel>, Failure> {
        let Some(task) = self.applies.pop_front() else {
            out.line("no apply work to perform");
            return Ok(Vec::new());
        };
        out.line("Processing:");
        out.line(Line::of_apply_task(self.id, &task, Vec::new()).to_string());
        self.apply(task.entries())?;
        Ok(respond(vec![response_of_apply(self.id, &task)], out))
    }

    fn apply(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let node = self.core.node(self.id)?;
        for entry in entries {
            let (update, conf_state) = match entry.conf_change() {
                None => (entry.data.clone(), None),
                Some(change) => {
                    let context = change.map(|change| change.context().clone()).unwrap_or_default();
                    if std::mem::take(&mut self.veto) {
                        node.cancel_conf_change(entry)?;
                        (context, None)
                    } else {
                        (context, Some(node.apply_conf_change(entry)?))
                    }
                }
            };
            self.machine.apply(entry.id(), &update, conf_state.as_ref());
            node.storage_mut().handout = self.machine.handout().clone();
        }
        Ok(())
    }

    // ----- stopping and starting

    /// Stops at once; what was not synced is lost.
    pub(crate) fn crash(&mut self) -> Result<(), Failure> {
        self.node()?;
        let mut disk = self.stop();
        disk.memory.crash();
        self.core = Core::Down(Box::new(disk));
        Ok(())
    }

    /// Starts anew from what is stored, the state machine being where it was at `applied`.
    pub(crate) fn restart(&mut self, applied: Option<Index>) -> Result<(), Failure> {
        let Some(state) = self.machine.state_at(applied).cloned() else {
            return Err(Failure::new("the state machine does not remember that index"));
        };
        let mut disk = self.stop();
        disk.memory.set_conf_state(state.metadata.conf_state.clone());
        disk.handout = state.clone();
        self.core = Core::Down(Box::new(disk.clone()));
        self.starts += 1;
        let mut config = self.config.clone();
        config.seed = self.starts;
        config.applied = state.metadata.index;
        let node = RawNode::new(config, disk)?;
        self.hard_state = node.status().hard_state;
        self.machine.rewind(state);
        self.core = Core::Up(Box::new(node));
        Ok(())
    }

    /// What the node leaves behind when it stops: tasks that wait are not done.
    fn stop(&mut self) -> Disk {
        self.events = self.take_events();
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

/// Prints the responses of a task.
fn respond(parcels: Vec<Parcel>, out: &mut Output<'_>) -> Vec<Parcel> {
    out.line("Responses:");
    for parcel in &parcels {
        out.line(&parcel.text);
    }
    parcels
}

/// What waits for the disk, without the vote requests, which are sent before.
fn responses_of_append(id: NodeId, task: &AppendTask) -> Vec<Parcel> {
    let responses = task.responses().iter().filter_map(|response| match response {
        TaskResponse::Message(message) if is_vote_request(message) => None,
        TaskResponse::Message(message) => Some(Parcel::message(message.clone())),
        TaskResponse::Ack(ack) => {
            let line = Line::of_ack(id, ack.kind(), &[], task.snapshot());
            Some(Parcel::ack(id, ack.clone(), &line))
        }
    });
    responses.collect()
}

fn response_of_apply(id: NodeId, task: &ApplyTask) -> Parcel {
    let ack = task.clone().done();
    let line = Line::of_ack(id, ack.kind(), task.entries(), None);
    Parcel::ack(id, ack.clone(), &line)
}

fn texts(parcels: &[Parcel]) -> Vec<String> {
    parcels.iter().map(|parcel| parcel.text.clone()).collect()
}

/// A real one: rehearsals promise nothing and never wait.
fn is_vote_request(message: &Message) -> bool {
    matches!(&message.payload, Payload::RequestVote(request) if !request.pre_vote)
}
