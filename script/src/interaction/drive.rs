//! Moving a cluster: Readies, deliveries, storage tasks, and all of them until nothing moves. Each is made of steps.

use quorate::ready::{AppendTask, TaskResponse};
use quorate::types::NodeId;
use quorate::{RawNode, Ready};
use quorate_sim::step::{MessageRef, Step};

use super::flight::{Fate, Parcel};
use super::line::Line;
use super::print::Batch;
use super::recorded::{self, is_vote_request};
use super::stage::Stage;
use crate::output::{Failure, Output};

/// More rounds than any script needs: the nodes would talk for ever.
const ROUNDS_MAX: usize = 10_000;

/// A storage thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    Append,
    Apply,
}

impl Thread {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Apply => "apply",
        }
    }
}

impl Stage {
    // ----- Readies

    /// Takes one Ready, prints it and does what it asks for.
    pub(super) fn process_ready(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        self.take_ready(id, out)?;
        if self.holds_ready(id) {
            self.persist(id, &mut out.muted(true))?;
        }
        Ok(())
    }

    /// Takes one Ready, prints it, and writes what it holds or hands it to the threads of the storage.
    pub(super) fn take_ready(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        self.node(id)?;
        if self.holds_ready(id) {
            let error = self.cluster.call(id, |node| node.ready().err()).flatten();
            return error.map_or(Ok(()), |error| Err(error.into()));
        }
        self.side(id)?.ready = None;
        self.step(Step::Ready { node: id })?;
        let Some(ready) = self.side(id)?.ready.take() else {
            out.line(Batch::default().to_string());
            return Ok(());
        };
        let mut batch = self.batch(id, &ready)?;
        if self.holds_ready(id) {
            fill(&mut batch, &ready);
            out.line(batch.to_string());
            if ready.must_sync() {
                self.step(Step::Write { node: id })?;
            }
            return Ok(());
        }
        self.send_early(id, &ready, &mut batch)?;
        self.fill_tasks(id, *ready, &mut batch);
        out.line(batch.to_string());
        Ok(())
    }

    pub(super) fn holds_ready(&self, id: NodeId) -> bool {
        self.cluster.batch(id).is_some()
    }

    /// What prints of a Ready, but for what is committed and what waits.
    fn batch(&mut self, id: NodeId, ready: &Ready) -> Result<Batch, Failure> {
        let side = self.side(id)?;
        let before = side.hard_state;
        side.hard_state = ready.hard_state().unwrap_or(before);
        Ok(Batch {
            must_sync: if side.as_recorded {
                recorded::must_sync(ready, before)
            } else {
                ready.must_sync()
            },
            soft_state: ready.soft_state(),
            hard_state: ready.hard_state(),
            read_states: ready.read_states().to_vec(),
            entries: ready.entries().to_vec(),
            snapshot: ready.snapshot().cloned(),
            messages: ready
                .messages()
                .iter()
                .map(|message| Line::of_message(message).to_string())
                .collect(),
            ..Batch::default()
        })
    }

    /// In the recordings' ways, vote requests leave before their task is done.
    fn send_early(&mut self, id: NodeId, ready: &Ready, batch: &mut Batch) -> Result<(), Failure> {
        let task = ready.append_task().filter(|_| self.as_recorded(id));
        for request in task.map(recorded::vote_requests).unwrap_or_default() {
            batch.messages.push(Line::of_message(&request).to_string());
            self.at(id, |cluster| cluster.put(id, request))?;
        }
        Ok(())
    }

    fn fill_tasks(&self, id: NodeId, mut ready: Ready, batch: &mut Batch) {
        if let Some(task) = ready.take_append_task() {
            let responses = self.responses(id, &task);
            batch
                .messages
                .push(Line::of_append_task(id, &task, responses).to_string());
        }
        if let Some(task) = ready.take_apply_task() {
            batch.committed = task.entries().to_vec();
            let ack = task.clone().done();
            let response = Line::of_ack(id, ack.kind(), task.entries(), None).to_string();
            batch
                .messages
                .push(Line::of_apply_task(id, &task, vec![response]).to_string());
        }
    }

    /// What waits for a task, as it prints.
    fn responses(&self, id: NodeId, task: &AppendTask) -> Vec<String> {
        let responses = task.responses().into_iter().filter_map(|response| match response {
            TaskResponse::Message(message) if self.as_recorded(id) && is_vote_request(&message) => None,
            TaskResponse::Message(message) => Some(Line::of_message(&message).to_string()),
            TaskResponse::Ack(ack) if matches!(ack.kind(), quorate::ready::AckKind::HardState { .. }) => None,
            TaskResponse::Ack(ack) => Some(Line::of_ack(id, ack.kind(), &[], task.snapshot()).to_string()),
        });
        responses.collect()
    }

    /// Writes and syncs what the Ready that is out holds, applies and advances; prints what had to wait.
    pub(super) fn persist(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        self.node(id)?;
        let Some((_, written)) = self.cluster.batch(id) else {
            return Err(Failure::new("no Ready is held"));
        };
        self.cluster.take_sent();
        if !written {
            self.step(Step::Write { node: id })?;
        }
        if self.holds_ready(id) {
            self.step(Step::Sync { node: id })?;
        }
        // Vote requests go first.
        let sent = self.cluster.take_sent();
        let pool = self.cluster.in_flight();
        let is_request = |number: &u64| pool.get(number).is_some_and(is_vote_request);
        let (first, others): (Vec<u64>, Vec<u64>) = sent.iter().partition(|number| is_request(number));
        self.cluster.reorder(&[first, others].concat());
        for number in sent {
            if let Some(message) = self.cluster.in_flight().get(&number) {
                out.line(Parcel::message(number, message).text);
            }
        }
        Ok(())
    }

    // ----- storage threads

    /// Writes what the oldest append task that is not written holds, without a sync. One that need not be synced is
    /// written when it is done.
    pub(super) fn write_append(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        self.side(id)?;
        let (written, waiting) = self.cluster.tasks(id);
        match waiting.first() {
            None => out.line("no append work to perform"),
            Some(task) if !task.must_sync() && written.is_empty() => {}
            Some(_) => drop(self.step(Step::Write { node: id })?),
        }
        Ok(())
    }

    /// Performs the oldest task of a thread.
    pub(super) fn process_thread(&mut self, thread: Thread, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        self.side(id)?;
        match thread {
            Thread::Append => self.perform_append(id, out),
            Thread::Apply => self.perform_apply(id, out),
        }
    }

    fn perform_append(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        let (written, waiting) = self.cluster.tasks(id);
        let is_written = !written.is_empty();
        let Some(task) = written.first().or(waiting.first()).map(|task| (*task).clone()) else {
            out.line("no append work to perform");
            return Ok(());
        };
        out.line("Processing:");
        out.line(Line::of_append_task(id, &task, Vec::new()).to_string());
        self.cluster.take_sent();
        if !is_written {
            self.step(Step::Write { node: id })?;
        }
        if is_written || task.must_sync() {
            self.at(id, |cluster| cluster.finish_oldest(id))?;
        }
        self.forget_early(id)?;
        self.acknowledge_silent(id)?;
        out.line("Responses:");
        for response in self.responses(id, &task) {
            out.line(response);
        }
        Ok(())
    }

    /// In the recordings' ways, vote requests left before.
    fn forget_early(&mut self, id: NodeId) -> Result<(), Failure> {
        let sent = self.cluster.take_sent();
        let pool = self.cluster.in_flight();
        let early = sent
            .into_iter()
            .filter(|number| pool.get(number).is_some_and(is_vote_request));
        let early: Vec<u64> = early.filter(|_| self.as_recorded(id)).collect();
        for number in early {
            let message = MessageRef::Id(number);
            self.step(Step::Lose { message })?;
        }
        Ok(())
    }

    /// What a task of a hard state alone acknowledges arrives at once, and is not printed.
    fn acknowledge_silent(&mut self, id: NodeId) -> Result<(), Failure> {
        let acks = self.cluster.acknowledgements(id);
        let is_silent = |number: &u64| self.acks.get(number).is_some_and(|ack| ack.silent);
        let silent: Vec<u64> = acks.map(|(number, _)| number).filter(is_silent).collect();
        for number in silent {
            self.at(id, |cluster| cluster.acknowledge_number(id, number))?;
        }
        Ok(())
    }

    fn perform_apply(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        let Some(task) = self.cluster.next_apply(id).cloned() else {
            out.line("no apply work to perform");
            return Ok(());
        };
        out.line("Processing:");
        out.line(Line::of_apply_task(id, &task, Vec::new()).to_string());
        self.step(Step::Apply { node: id })?;
        out.line("Responses:");
        let ack = task.clone().done();
        out.line(Line::of_ack(id, ack.kind(), task.entries(), None).to_string());
        Ok(())
    }

    // ----- all of it

    /// Readies, deliveries and storage tasks of these nodes, until nothing moves.
    pub(super) fn stabilize(&mut self, ids: &[NodeId], out: &mut Output<'_>) -> Result<(), Failure> {
        for _ in 0..ROUNDS_MAX {
            let mut moved = false;
            for &id in ids {
                self.side(id)?;
                if self.holds_ready(id) {
                    out.line(format!("> {id} persisting"));
                    self.persist(id, &mut out.nested())?;
                    moved = true;
                }
                if self.cluster.node(id).is_some_and(RawNode::has_ready) {
                    out.line(format!("> {id} handling Ready"));
                    self.process_ready(id, &mut out.nested())?;
                    moved = true;
                }
            }
            for &id in ids {
                if self.cluster.node(id).is_some() && self.has_parcels(id) {
                    out.line(format!("> {id} receiving messages"));
                    self.deliver(Fate::Deliver, self.parcels(id), &mut out.nested())?;
                    moved = true;
                }
            }
            for thread in [Thread::Append, Thread::Apply] {
                for &id in ids {
                    if self.has_work(thread, id) {
                        out.line(format!("> {id} processing {} thread", thread.name()));
                        moved = true;
                    }
                    while self.has_work(thread, id) {
                        self.process_thread(thread, id, &mut out.nested())?;
                    }
                }
            }
            if !moved {
                return Ok(());
            }
        }
        Err(Failure::new(format!("still moving after {ROUNDS_MAX} rounds")))
    }

    fn has_work(&self, thread: Thread, id: NodeId) -> bool {
        let (written, waiting) = self.cluster.tasks(id);
        match thread {
            Thread::Append => !written.is_empty() || !waiting.is_empty(),
            Thread::Apply => self.cluster.next_apply(id).is_some(),
        }
    }
}

/// What waits for the disk, and what is committed.
fn fill(batch: &mut Batch, ready: &Ready) {
    let mut done = ready.clone().persisted();
    let (requests, others): (Vec<_>, Vec<_>) = done.take_messages().into_iter().partition(is_vote_request);
    let waiting = requests.iter().chain(&others);
    batch
        .messages
        .extend(waiting.map(|message| Line::of_message(message).to_string()));
    batch.committed = done.take_committed_entries().to_vec();
}
