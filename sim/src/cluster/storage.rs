//! Batches and tasks: from a node to its disk and its state machine, and back.

use quorate::error::AcknowledgeError;
use quorate::ready::{Ack, AppendTask, ReadState, TaskResponse};
use quorate::{NodeId, Ready};

use super::watch::rule;
use super::{Cluster, Outcome, Refusal, Seen, unexpected};
use crate::disk::{Disk, Write, writes_of};
use crate::judge::{Judge, Mark, Verdict};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::shadow::marks;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    pub(super) fn take_ready(&mut self, id: NodeId) -> Verdict {
        let Some(member) = self.member_mut(id).filter(|member| member.has_ready()) else {
            return Ok(());
        };
        let asynchronous = member.config.settings().async_storage_writes;
        let Some(node) = member.node_mut() else { return Ok(()) };
        let corrupt = node.status().corrupt;
        let ready = node.ready();
        let Some(mut ready) = self.unless_corrupt(id, "ready", ready)?.flatten() else {
            return self.observe(id);
        };
        self.rule(Self::judge_quiet(id, corrupt, &ready))?;
        self.saw(|| Seen::Ready(id, Box::new(ready.clone())));
        self.log_ready(id, &ready)?;
        for message in ready.take_messages() {
            self.send(id, message)?;
        }
        for state in ready.read_states().to_vec() {
            self.on_read_state(id, &state)?;
        }
        let member = &mut self.members[Self::position(id)];
        if asynchronous {
            member.work.tasks.extend(ready.take_append_task());
            member.work.applies.extend(ready.take_apply_task());
        } else {
            member.work.batch = Some((ready, false));
        }
        self.observe(id)
    }

    /// What the node hands out is its log from here on.
    fn log_ready(&mut self, id: NodeId, ready: &Ready) -> Verdict {
        let (judge, watch) = (&mut self.judge, &mut self.watch);
        let member = &mut self.members[Self::position(id)];
        if let Some(snapshot) = ready.snapshot() {
            rule(watch, judge.believes(id, snapshot.id()))?;
            let ours = member.log.entry(snapshot.metadata.index).map(|(term, _)| term);
            rule(watch, Judge::replaces(id, snapshot.id(), ours))?;
            member.causes.changes.clear();
            member.log.apply(Mark::Install(snapshot.id()));
        }
        self.coverage.truncations += u64::from(
            ready
                .entries()
                .first()
                .is_some_and(|first| first.index <= member.log.last().index),
        );
        let begins = std::mem::take(&mut member.seen.begins);
        for entry in ready.entries() {
            let last = member.log.last();
            rule(watch, judge.stores(id, entry, member.log.term(entry.index - 1)))?;
            // The first batch of a leader may also hold what it was sent as a follower.
            if member.is_leader() && (!begins || entry.term == member.seen.term) {
                rule(watch, Judge::leader_writes(id, entry.id(), last))?;
            }
            member.log.apply(Mark::entry(entry));
        }
        if let Some(hard_state) = ready.hard_state() {
            member.log.hard_state = hard_state;
        }
        if begins && member.is_leader() {
            rule(watch, judge.leader_holds(id, member.seen.term, &member.log))?;
        }
        let verdict = judge.commits(id, member.seen.term, member.seen.commit, &member.log);
        rule(watch, verdict.map(drop))?;
        self.note_changes(id, ready.entries());
        Ok(())
    }

    /// The oldest batch or task is written; one that need not be synced is done with that.
    pub(super) fn write(&mut self, id: NodeId) -> Verdict {
        let Some(member) = self.member_mut(id).filter(|member| member.has_unwritten()) else {
            return Ok(());
        };
        let (writes, must_sync) = match (&member.work.batch, member.work.tasks.front()) {
            (Some((ready, _)), _) => (ready.append_task().map(writes_of), ready.must_sync()),
            (None, task) => (task.map(writes_of), task.is_some_and(AppendTask::must_sync)),
        };
        for write in writes.unwrap_or_default() {
            self.write_one(id, write)?;
        }
        let member = &mut self.members[Self::position(id)];
        if let Some((ready, _)) = member.work.batch.take() {
            if !must_sync {
                return self.finish_batch(id, ready);
            }
            member.work.batch = Some((ready, true));
        } else if let Some(task) = member.work.tasks.pop_front() {
            if !must_sync && member.work.written.is_empty() {
                return self.finish_task(id, task);
            }
            member.work.written.push_back(task);
        }
        Ok(())
    }

    pub(super) fn write_one(&mut self, id: NodeId, write: Write) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        let marks = marks(&write);
        let Some(node) = member.node_mut() else { return Ok(()) };
        let written = node.storage_mut().write(write);
        written.map_err(|error| unexpected(id, "a write", &error))?;
        member.marks.extend(marks);
        Ok(())
    }

    pub(super) fn sync(&mut self, id: NodeId) -> Verdict {
        if !self.member(id).is_some_and(Member::has_unsynced) {
            return Ok(());
        }
        self.sync_disk(id)?;
        let member = &mut self.members[Self::position(id)];
        member.work.batch = match member.work.batch.take() {
            Some((ready, true)) => return self.finish_batch(id, ready),
            other => other,
        };
        for task in std::mem::take(&mut member.work.written) {
            self.finish_task(id, task)?;
        }
        Ok(())
    }

    fn sync_disk(&mut self, id: NodeId) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        let Some(node) = member.node_mut() else { return Ok(()) };
        node.storage_mut()
            .sync()
            .map_err(|error| unexpected(id, "a sync", &error))?;
        let written: Vec<Mark> = member.marks.drain(..).collect();
        self.settle(id, written)
    }

    pub(super) fn finish_batch(&mut self, id: NodeId, ready: Ready) -> Verdict {
        if let Some(snapshot) = ready.snapshot() {
            self.install(id, &snapshot.clone())?;
        }
        let installed = ready.snapshot().is_some();
        let mut done = ready.persisted();
        for message in done.take_messages() {
            self.send(id, message)?;
        }
        if let Some(snapshot) = done.snapshot().filter(|_| !installed) {
            self.begin_anew(id, &snapshot.clone())?;
        }
        self.apply(id, &done.take_committed_entries())?;
        if let Some(node) = self.members[Self::position(id)].node_mut() {
            let advanced = node.advance(done);
            self.unless_corrupt(id, "advance", advanced)?;
        }
        self.observe(id)
    }

    pub(super) fn finish_task(&mut self, id: NodeId, task: AppendTask) -> Verdict {
        if let Some(snapshot) = task.snapshot() {
            self.install(id, &snapshot.clone())?;
        }
        for response in task.done() {
            match response {
                TaskResponse::Message(message) => self.send(id, message)?,
                TaskResponse::Ack(ack) => self.return_ack(id, ack),
            }
        }
        Ok(())
    }

    /// It is on its way.
    fn return_ack(&mut self, id: NodeId, ack: Ack) {
        self.messages += 1;
        let number = self.messages;
        self.members[Self::position(id)].work.acks.push_back((number, ack));
    }

    pub(super) fn acknowledge(&mut self, id: NodeId) -> Verdict {
        self.acknowledge_if(id, |_| true)
    }

    /// The oldest acknowledgement with such a number gets back.
    pub(super) fn acknowledge_if(&mut self, id: NodeId, meant: impl Fn(u64) -> bool) -> Verdict {
        let Some(member) = self.member_mut(id) else {
            return Ok(());
        };
        let acks = &mut member.work.acks;
        let position = acks.iter().position(|(number, _)| meant(*number));
        let Some((_, ack)) = position.and_then(|position| acks.remove(position)) else {
            return Ok(());
        };
        let Some(node) = member.node_mut() else { return Ok(()) };
        match node.acknowledge(ack) {
            Ok(()) => self.observe(id),
            Err(error @ AcknowledgeError::Removed { .. }) => {
                self.saw(|| Seen::Refused(id, Refusal::Acknowledge(error)));
                self.observe(id)
            }
            Err(error) => {
                self.unless_corrupt(id, "acknowledge", Err::<(), _>(error))?;
                self.observe(id)
            }
        }
    }

    /// Syncs, and is done with the oldest task that is written.
    pub(super) fn sync_oldest(&mut self, id: NodeId) -> Verdict {
        self.sync_disk(id)?;
        let written = self.member_mut(id).and_then(|member| member.work.written.pop_front());
        written.map_or(Ok(()), |task| self.finish_task(id, task))
    }

    pub(super) fn apply_task(&mut self, id: NodeId) -> Verdict {
        let Some(task) = self.member_mut(id).and_then(|member| member.work.applies.pop_front()) else {
            return Ok(());
        };
        // One that was installed since may have been faster, as with entries.
        let overtaken = |member: &Member<M, D>, index| {
            member.damaged.is_none() && index <= member.applied.min(member.log.base().index)
        };
        if let Some(snapshot) = task.snapshot()
            && !self
                .member(id)
                .is_some_and(|member| overtaken(member, snapshot.metadata.index))
        {
            self.begin_anew(id, snapshot)?;
        }
        self.apply(id, task.entries())?;
        self.return_ack(id, task.done());
        self.observe(id)
    }

    fn on_read_state(&mut self, id: NodeId, state: &ReadState) -> Verdict {
        let judge_reads = self.judge_leases;
        let member = &mut self.members[Self::position(id)];
        let mut asked = member.calls.reads.iter();
        let Some((operation, _)) = asked.find(|(_, read)| read.context == state.context) else {
            return Ok(());
        };
        let operation = *operation;
        match state.outcome {
            Ok(index) => {
                let Some(read) = member.calls.reads.get_mut(&operation) else {
                    return Ok(());
                };
                read.at = Some(index);
                let read = read.clone();
                if judge_reads {
                    let verdict = Judge::reads(id, index, read.committed_before);
                    self.rule(verdict)?;
                    let verdict = self.judge_confirmed(id, &read);
                    self.rule(verdict)?;
                }
            }
            Err(_) => {
                if let Some(read) = member.calls.reads.remove(&operation) {
                    self.coverage.reads_refused += 1;
                    let stale = member.seen.commit < read.committed_before;
                    self.coverage.stale_reads_prevented += u64::from(stale);
                    self.end(id, operation, Outcome::Refused);
                }
            }
        }
        self.answer_reads(id)
    }

    /// Serves the reads whose index is applied.
    pub(super) fn answer_reads(&mut self, id: NodeId) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        if member.damaged.is_some() {
            return Ok(()); // when it is whole again
        }
        let applied = member.applied;
        let due = member
            .calls
            .reads
            .iter()
            .filter(|(_, read)| read.at.is_some_and(|at| at <= applied));
        let due: Vec<u64> = due.map(|(operation, _)| *operation).collect();
        for operation in due {
            let member = &mut self.members[Self::position(id)];
            if let Some(read) = member.calls.reads.remove(&operation) {
                let answer = self.query(id, &read.query)?;
                self.coverage.reads_answered += 1;
                self.end(id, operation, Outcome::Answered(answer));
            }
        }
        Ok(())
    }
}
