//! Batches and tasks: from a node to its disk and its state machine, and back.

use quorate::error::AcknowledgeError;
use quorate::ready::{ReadState, TaskResponse};
use quorate::{Entry, Ready, Snapshot};
use quorate_sim::disk::{Write, writes_of};
use quorate_sim::judge::{Judge, Mark};
use quorate_sim::{Disk, Verdict, Violation};

use super::observe::unapplied_changes;
use super::{Turn, unexpected};
use crate::member::Member;
use crate::note::Note;
use crate::rules::Storing;

impl Turn<'_> {
    /// Everything that there is to do is done, batch by batch.
    pub(super) fn run(&mut self) -> Verdict {
        while !self.torn && self.take_ready()? {
            self.write()?;
        }
        Ok(())
    }

    /// A batch is handed out, and what may leave at once leaves; `false` if there is none.
    pub(super) fn take_ready(&mut self) -> Result<bool, Violation> {
        let id = self.id();
        let member = &mut self.effect.member;
        if member.work.batch.is_some() {
            return Ok(false);
        }
        let Some(node) = member.node_mut() else {
            return Ok(false);
        };
        let ready = node.ready().map_err(|error| unexpected(id, "ready", &error))?;
        let Some(mut ready) = ready else { return Ok(false) };
        self.log_ready(&ready)?;
        for message in ready.take_messages() {
            self.send(message)?;
        }
        for state in ready.read_states().to_vec() {
            self.on_read_state(&state);
        }
        let work = &mut self.effect.member.work;
        if self.rules.storing == Storing::Asynchronous {
            work.tasks.extend(ready.take_append_task());
            work.applies.extend(ready.take_apply_task());
        } else {
            work.batch = Some(ready);
        }
        self.effect.readies += 1;
        self.observe()?;
        Ok(true)
    }

    /// What the node hands out is its log from here on.
    fn log_ready(&mut self, ready: &Ready) -> Verdict {
        let id = self.id();
        if let Some(snapshot) = ready.snapshot() {
            self.note(Note::Believes(id, snapshot.id()));
        }
        let member = &mut self.effect.member;
        if let Some(snapshot) = ready.snapshot() {
            let ours = member.log.entry(snapshot.metadata.index).map(|(term, _)| term);
            Judge::replaces(id, snapshot.id(), ours)?;
            member.log.apply(Mark::Install(snapshot.id()));
        }
        let begins = std::mem::take(&mut member.seen.begins);
        for entry in ready.entries() {
            let last = member.log.last();
            follows(id, entry, member.log.term(entry.index - 1))?;
            // The first batch of a leader may also hold what it was sent as a follower.
            if member.is_leader() && (!begins || entry.term == member.seen.term) {
                Judge::leader_writes(id, entry.id(), last)?;
                stores_change(member, entry)?;
            }
            member.log.apply(Mark::entry(entry));
        }
        let told = member.log.hard_state.commit;
        if let Some(hard_state) = ready.hard_state() {
            member.log.hard_state = hard_state;
        }
        let (term, commit) = (member.seen.term, member.seen.commit);
        if commit > told {
            let log = member.log.clone();
            self.note(Note::Commits(id, term, commit, log));
        }
        Ok(())
    }

    fn on_read_state(&mut self, state: &ReadState) {
        let id = self.id();
        let Ok(bytes) = <[u8; 8]>::try_from(&*state.context) else {
            return;
        };
        let read = u64::from_be_bytes(bytes);
        self.effect.member.reads.retain(|waiting| *waiting != read);
        self.note(match state.outcome {
            Ok(index) => Note::Answered(id, read, index),
            Err(_) => Note::Forgotten(read),
        });
    }

    /// The batch that is out is stored and done; or the oldest task is written.
    pub(super) fn write(&mut self) -> Result<bool, Violation> {
        if let Some(ready) = self.effect.member.work.batch.take() {
            let (writes, must_sync) = (ready.append_task().map(writes_of), ready.must_sync());
            if !self.store(writes.unwrap_or_default())? {
                return Ok(true);
            }
            if must_sync {
                self.sync_disk()?;
            }
            self.finish_batch(ready)?;
            return Ok(true);
        }
        let Some(task) = self.effect.member.work.tasks.pop_front() else {
            return Ok(false);
        };
        if !self.store(writes_of(&task))? {
            return Ok(true);
        }
        self.effect.member.work.written.push_back(task);
        if !self
            .effect
            .member
            .work
            .written
            .iter()
            .any(quorate::ready::AppendTask::must_sync)
        {
            self.finish_written()?;
        }
        Ok(true)
    }

    /// Writes all of it; `false` if a crash comes then.
    fn store(&mut self, writes: Vec<Write>) -> Result<bool, Violation> {
        for write in writes {
            self.write_one(write)?;
        }
        let unsynced = self.effect.member.marks.len();
        let ready = self.effect.tears.len();
        self.effect.tears.push(unsynced);
        if let Some(tear) = self.tear.filter(|tear| tear.ready == ready) {
            self.torn = self.crash(tear.kept)?;
        }
        Ok(!self.torn)
    }

    pub(super) fn write_one(&mut self, write: Write) -> Verdict {
        let id = self.id();
        let marks = match &write {
            Write::Install(snapshot) => vec![Mark::Install(snapshot.id())],
            Write::Entries(entries) => entries.iter().map(Mark::entry).collect(),
            Write::HardState(hard_state) => vec![Mark::HardState(*hard_state)],
            Write::Snapshot(_) | Write::Compact(_) => vec![Mark::Other],
        };
        let member = &mut self.effect.member;
        let Some(node) = member.node_mut() else { return Ok(()) };
        let written = node.storage_mut().write(write);
        written.map_err(|error| unexpected(id, "a write", &error))?;
        member.marks.extend(marks);
        Ok(())
    }

    /// What was written is synced, and done.
    pub(super) fn sync(&mut self) -> Result<bool, Violation> {
        if self.effect.member.work.written.is_empty() {
            return Ok(false);
        }
        self.sync_disk()?;
        self.finish_written()?;
        Ok(true)
    }

    pub(super) fn sync_disk(&mut self) -> Verdict {
        let id = self.id();
        let member = &mut self.effect.member;
        let Some(node) = member.node_mut() else { return Ok(()) };
        let synced = node.storage_mut().sync();
        synced.map_err(|error| unexpected(id, "a sync", &error))?;
        for mark in member.marks.drain(..) {
            member.durable.apply(mark);
        }
        Ok(())
    }

    fn finish_batch(&mut self, ready: Ready) -> Verdict {
        let id = self.id();
        let mut done = ready.persisted();
        for message in done.take_messages() {
            self.send(message)?;
        }
        if let Some(snapshot) = done.snapshot().cloned() {
            self.replace_machine(&snapshot)?;
        }
        self.apply(&done.take_committed_entries())?;
        if let Some(node) = self.effect.member.node_mut() {
            node.advance(done).map_err(|error| unexpected(id, "advance", &error))?;
        }
        self.observe()
    }

    fn finish_written(&mut self) -> Verdict {
        for task in std::mem::take(&mut self.effect.member.work.written) {
            if let Some(snapshot) = task.snapshot().cloned() {
                self.replace_machine(&snapshot)?;
            }
            for response in task.done() {
                match response {
                    TaskResponse::Message(message) => self.send(message)?,
                    TaskResponse::Ack(ack) => self.effect.member.work.acks.push_back(ack),
                }
            }
        }
        Ok(())
    }

    pub(super) fn acknowledge(&mut self) -> Result<bool, Violation> {
        let id = self.id();
        let member = &mut self.effect.member;
        let Some(ack) = member.work.acks.pop_front() else {
            return Ok(false);
        };
        let Some(node) = member.node_mut() else {
            return Ok(false);
        };
        match node.acknowledge(ack) {
            Ok(()) | Err(AcknowledgeError::Removed { .. }) => self.observe()?,
            Err(error) => return Err(unexpected(id, "acknowledge", &error)),
        }
        Ok(true)
    }

    pub(super) fn apply_task(&mut self) -> Result<bool, Violation> {
        let Some(task) = self.effect.member.work.applies.pop_front() else {
            return Ok(false);
        };
        let member = &self.effect.member;
        let overtaken = |index| index <= member.applied.min(member.log.base().index);
        if let Some(snapshot) = task
            .snapshot()
            .filter(|snapshot| !overtaken(snapshot.metadata.index))
            .cloned()
        {
            self.replace_machine(&snapshot)?;
        }
        self.apply(task.entries())?;
        self.effect.member.work.acks.push_back(task.done());
        self.observe()?;
        Ok(true)
    }

    fn apply(&mut self, entries: &[Entry]) -> Verdict {
        let id = self.id();
        for entry in entries {
            let member = &mut self.effect.member;
            if entry.index <= member.applied && entry.index <= member.log.base().index {
                continue; // a snapshot was faster
            }
            Judge::applies_next(id, entry.id(), member.applied)?;
            (member.applied, member.state) = (entry.index, mix(member.state, entry));
            self.note(Note::Applies(id, entry.clone()));
            if entry.is_conf_change() {
                self.apply_change(entry)?;
            }
        }
        Ok(())
    }

    fn apply_change(&mut self, entry: &Entry) -> Verdict {
        let id = self.id();
        let Some(node) = self.effect.member.node_mut() else {
            return Ok(());
        };
        let state = node.apply_conf_change(entry);
        let state = state.map_err(|error| unexpected(id, "a configuration change", &error))?;
        // A snapshot that was received meanwhile covers the entry: its configuration is a later one.
        if node.configured_at() <= entry.index {
            self.effect.member.conf_state.clone_from(&state);
            self.note(Note::Configured(id, entry.index, state));
        }
        Ok(())
    }

    /// The state machine becomes what a snapshot says.
    pub(super) fn replace_machine(&mut self, snapshot: &Snapshot) -> Verdict {
        let id = self.id();
        let metadata = &snapshot.metadata;
        let member = &mut self.effect.member;
        Judge::monotone(id, "what is applied", member.applied, metadata.index)?;
        member.applied = metadata.index;
        member.state = <[u8; 8]>::try_from(&*snapshot.data).map_or(0, u64::from_be_bytes);
        member.conf_state.clone_from(&metadata.conf_state);
        self.note(Note::IsAt(id, metadata.index, metadata.conf_state.clone()));
        Ok(())
    }
}

/// An entry is stored after another one, and terms never fall along a log.
fn follows(id: quorate::NodeId, entry: &Entry, prev: Option<quorate::Term>) -> Verdict {
    if prev.is_some_and(|prev| prev <= entry.term) {
        return Ok(());
    }
    let detail = format!("{id} stores {} after an entry of term {prev:?}", entry.id());
    Err(Violation::new("logs have no gaps", detail))
}

/// A leader stores a change when it has applied all that its log had before, unless it is set not to look.
fn stores_change(leader: &Member, entry: &Entry) -> Verdict {
    let node = leader.node().filter(|_| entry.is_conf_change());
    let Some(node) = node.filter(|node| !node.config().settings().disable_conf_change_validation) else {
        return Ok(());
    };
    let earlier = unapplied_changes(node).into_iter().rfind(|index| *index < entry.index);
    Judge::stores_change(leader.id, entry.index, earlier, node.status().applied)
}

/// The state machine: a digest of all that was applied.
fn mix(state: u64, entry: &Entry) -> u64 {
    let Mark::Entry(id, digest) = Mark::entry(entry) else {
        return state;
    };
    (state ^ digest).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) ^ id.index
}
