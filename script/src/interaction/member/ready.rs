//! What a node wants done, in one go or in halves: Readies and storage tasks.

use quorate::message::Payload;
use quorate::ready::{Ack, AckKind, AppendTask, ApplyTask, Persisted, TaskResponse};
use quorate::types::NodeId;
use quorate::{Entry, Message, RawNode, Ready, Snapshot};

use super::{Fact, Member};
use crate::interaction::disk::{Disk, Write};
use crate::interaction::line::Line;
use crate::interaction::pool::Parcel;
use crate::interaction::print::Batch;
use crate::interaction::request::VETO;
use crate::output::{Failure, Output};

/// A Ready that is written and not synced, and what is to be done then.
#[derive(Debug)]
pub(super) struct Held {
    done: Persisted,
    must_sync: bool,
    snapshot: Option<Snapshot>,
    /// For the state machine alone.
    requested: Option<Snapshot>,
    committed: Vec<Entry>,
    /// What waits for the disk.
    messages: Vec<Parcel>,
}

impl Member {
    /// Takes one Ready, prints it and does what it asks for; gives what it sends.
    pub(crate) fn handle_ready(&mut self, out: &mut Output<'_>) -> Result<Vec<Parcel>, Failure> {
        let mut parcels = self.take_ready(out)?;
        if self.held.is_some() {
            parcels.extend(self.persist()?);
        }
        Ok(parcels)
    }

    /// Takes one Ready, prints it, and writes what it holds or hands it to the threads of the
    /// storage; gives what it sends at once.
    pub(crate) fn take_ready(&mut self, out: &mut Output<'_>) -> Result<Vec<Parcel>, Failure> {
        let Some(mut ready) = self.core.node(self.id)?.ready()? else {
            out.line(Batch::default().to_string());
            return Ok(Vec::new());
        };
        self.events.extend_from_slice(ready.events());
        self.facts
            .extend(ready.read_states().iter().cloned().map(Fact::Answered));
        let before = self.hard_state;
        let now = ready.hard_state().unwrap_or(before);
        self.hard_state = now;
        // The recordings' rule, in which a snapshot does not count.
        let recorded_sync = !ready.entries().is_empty() || (now.term, now.vote) != (before.term, before.vote);
        let batch = Batch {
            must_sync: if self.as_recorded {
                recorded_sync
            } else {
                ready.must_sync()
            },
            soft_state: ready.soft_state(),
            hard_state: ready.hard_state(),
            read_states: ready.read_states().to_vec(),
            entries: ready.entries().to_vec(),
            snapshot: ready.snapshot().cloned(),
            ..Batch::default()
        };
        let parcels = ready.take_messages().into_iter().map(Parcel::message).collect();
        if self.config.settings().async_storage_writes {
            Ok(self.queue_tasks(ready, batch, parcels, out))
        } else {
            self.hold(ready, batch, parcels, out)
        }
    }

    /// Writes, and keeps the rest for [`persist`](Self::persist).
    fn hold(
        &mut self,
        ready: Ready,
        mut batch: Batch,
        parcels: Vec<Parcel>,
        out: &mut Output<'_>,
    ) -> Result<Vec<Parcel>, Failure> {
        if let Some(task) = ready.append_task() {
            self.disk_mut().write_task(task)?;
        }
        let (must_sync, snapshot) = (ready.must_sync(), ready.snapshot().cloned());
        // Called before it is true: what it gives is kept until it is.
        let mut done = ready.persisted();
        let (requests, others): (Vec<_>, Vec<_>) = done.take_messages().into_iter().partition(is_vote_request);
        let messages: Vec<Parcel> = requests.into_iter().chain(others).map(Parcel::message).collect();
        let requested = done.snapshot().filter(|_| snapshot.is_none()).cloned();
        batch.messages = texts(&parcels);
        batch.messages.extend(texts(&messages));
        batch.committed = done.take_committed_entries().to_vec();
        out.line(batch.to_string());
        self.held = Some(Held {
            done,
            must_sync,
            snapshot,
            requested,
            committed: batch.committed,
            messages,
        });
        Ok(parcels)
    }

    /// Syncs what the Ready that is out has written, applies and advances; gives what had to wait.
    pub(crate) fn persist(&mut self) -> Result<Vec<Parcel>, Failure> {
        self.node()?;
        let Some(held) = self.held.take() else {
            return Err(Failure::new("no Ready is held"));
        };
        if held.must_sync {
            self.disk_mut().sync();
        }
        self.install(held.snapshot);
        self.begin_anew(held.requested)?;
        self.apply(&held.committed)?;
        self.core.node(self.id)?.advance(held.done)?;
        Ok(held.messages)
    }

    fn install(&mut self, snapshot: Option<Snapshot>) {
        if let Some(snapshot) = snapshot {
            self.facts.push(Fact::Installed(snapshot.id()));
            self.facts.push(Fact::IsAt(snapshot.clone()));
            self.machine.install(snapshot);
        }
    }

    /// The state machine becomes what was asked for, and keeps that as a snapshot of its own; the log stays.
    fn begin_anew(&mut self, requested: Option<Snapshot>) -> Result<(), Failure> {
        if let Some(snapshot) = requested {
            self.disk_mut().write(Write::Snapshot(snapshot.clone()))?;
            self.facts.push(Fact::IsAt(snapshot.clone()));
            self.machine.install(snapshot);
        }
        Ok(())
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
        let responses = append.iter().flat_map(AppendTask::responses);
        parcels.extend(responses.filter_map(|response| match response {
            TaskResponse::Message(message) if self.is_hasty(&message) => Some(Parcel::message(message)),
            _ => None,
        }));
        batch.messages = texts(&parcels);
        if let Some(task) = append {
            let responses = texts(&self.responses_of_append(&task));
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

    /// Writes what the oldest append task that is not written holds, without a sync.
    pub(crate) fn write_append(&mut self, out: &mut Output<'_>) -> Result<(), Failure> {
        let Some(task) = self.appends.get(self.written).cloned() else {
            out.line("no append work to perform");
            return Ok(());
        };
        self.disk_mut().write_task(&task)?;
        self.written += 1;
        Ok(())
    }

    /// Performs the oldest append task, if there is one; gives its responses.
    pub(crate) fn perform_append(&mut self, out: &mut Output<'_>) -> Result<Vec<Parcel>, Failure> {
        let Some(task) = self.appends.pop_front() else {
            out.line("no append work to perform");
            return Ok(Vec::new());
        };
        out.line("Processing:");
        out.line(Line::of_append_task(self.id, &task, Vec::new()).to_string());
        match self.written.checked_sub(1) {
            Some(others) => self.written = others,
            None => self.disk_mut().write_task(&task)?,
        }
        if task.must_sync() {
            self.disk_mut().sync();
        }
        self.install(task.snapshot().cloned());
        self.acknowledge_hard_state(&task)?;
        Ok(respond(self.responses_of_append(&task), out))
    }

    /// Performs the oldest apply task, if there is one; gives its response.
    pub(crate) fn perform_apply(&mut self, out: &mut Output<'_>) -> Result<Vec<Parcel>, Failure> {
        let Some(task) = self.applies.pop_front() else {
            out.line("no apply work to perform");
            return Ok(Vec::new());
        };
        out.line("Processing:");
        out.line(Line::of_apply_task(self.id, &task, Vec::new()).to_string());
        self.begin_anew(task.snapshot().cloned())?;
        self.apply(task.entries())?;
        Ok(respond(vec![response_of_apply(self.id, &task)], out))
    }

    fn apply(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let node = self.core.node(self.id)?;
        for entry in entries {
            if !self.as_recorded && entry.index <= self.machine.applied() {
                continue; // a snapshot was faster
            }
            let (update, conf_state) = match entry.conf_change() {
                None => (entry.data.clone(), None),
                Some(change) => {
                    let context = change.map(|change| change.context().clone()).unwrap_or_default();
                    if std::mem::take(&mut self.veto) || context == VETO {
                        node.cancel_conf_change(entry)?;
                        (context, None)
                    } else {
                        let conf_state = node.apply_conf_change(entry)?;
                        (
                            context,
                            Some(conf_state).filter(|_| self.as_recorded || !is_overtaken(node, entry)),
                        )
                    }
                }
            };
            self.machine.apply(entry.id(), &update, conf_state.as_ref());
            self.facts.push(Fact::Applied(entry.clone()));
            let known = !is_overtaken(node, entry);
            let state = self.machine.state_at(None).filter(|_| known);
            self.facts.extend(state.cloned().map(Fact::IsAt));
            if self.as_recorded {
                node.storage_mut().handout = Some(self.machine.handout().clone());
            }
        }
        Ok(())
    }

    /// What waits for the disk.
    fn responses_of_append(&self, task: &AppendTask) -> Vec<Parcel> {
        let responses = task.responses().into_iter().filter_map(|response| match response {
            TaskResponse::Message(message) if self.is_hasty(&message) => None,
            TaskResponse::Message(message) => Some(Parcel::message(message)),
            // Nobody says that in the recordings: see `acknowledge_hard_state`.
            TaskResponse::Ack(ack) if is_of_hard_state(&ack) => None,
            TaskResponse::Ack(ack) => {
                let line = Line::of_ack(self.id, ack.kind(), &[], task.snapshot());
                Some(Parcel::ack(self.id, ack, &line))
            }
        });
        responses.collect()
    }

    /// What a task of a hard state alone acknowledges arrives at once, and is not printed.
    fn acknowledge_hard_state(&mut self, task: &AppendTask) -> Result<(), Failure> {
        for response in task.responses() {
            match response {
                TaskResponse::Ack(ack) if is_of_hard_state(&ack) => self.core.node(self.id)?.acknowledge(ack)?,
                TaskResponse::Ack(_) | TaskResponse::Message(_) => {}
            }
        }
        Ok(())
    }

    /// Vote requests really wait for the disk, but in the recordings they do not.
    fn is_hasty(&self, message: &Message) -> bool {
        self.as_recorded && is_vote_request(message)
    }
}

fn is_of_hard_state(ack: &Ack) -> bool {
    matches!(ack.kind(), AckKind::HardState { .. })
}

/// Whether a snapshot that is not installed yet covers the entry: the node's configuration is a later one.
fn is_overtaken(node: &RawNode<Disk>, entry: &Entry) -> bool {
    node.membership_status().is_ok_and(|known| known.index > entry.index)
}

/// Prints the responses of a task.
fn respond(parcels: Vec<Parcel>, out: &mut Output<'_>) -> Vec<Parcel> {
    out.line("Responses:");
    for parcel in &parcels {
        out.line(&parcel.text);
    }
    parcels
}

fn response_of_apply(id: NodeId, task: &ApplyTask) -> Parcel {
    let ack = task.clone().done();
    let line = Line::of_ack(id, ack.kind(), task.entries(), None);
    Parcel::ack(id, ack.clone(), &line)
}

fn texts(parcels: &[Parcel]) -> Vec<String> {
    parcels.iter().map(|parcel| parcel.text.clone()).collect()
}

/// A real one: pre-votes promise nothing and never wait.
fn is_vote_request(message: &Message) -> bool {
    matches!(&message.payload, Payload::RequestVote(request) if !request.pre_vote)
}
