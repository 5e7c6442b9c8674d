//! Starting, crashing, losing disks, compacting.

use quorate::types::Identity;
use quorate::{ConfState, EntryId, HardState, NodeId, RawNode, Snapshot, Storage};
use quorate_sim::disk::Write;
use quorate_sim::judge::{Judge, Mark, Shadow};
use quorate_sim::{Disk, Verdict, Violation};

use super::{Turn, unexpected};
use crate::disk::WorldDisk;
use crate::member::{Led, Life, Seen, Work};
use crate::note::Note;

impl Turn<'_> {
    /// The node stops; `false` if it does not run.
    pub(super) fn crash(&mut self, kept: usize) -> Result<bool, Violation> {
        let id = self.id();
        let member = &mut self.effect.member;
        let Life::Up(node) = std::mem::replace(&mut member.life, Life::Gone) else {
            return Ok(false);
        };
        let mut disk = node.into_storage();
        let unsynced = disk.unsynced();
        if unsynced != member.marks.len() {
            let detail = format!("{id}: {unsynced} unsynced, {} written", member.marks.len());
            return Err(Violation::new("storage counts its writes", detail));
        }
        disk.crash(kept);
        for mark in member.marks.drain(..).take(kept) {
            member.durable.apply(mark);
        }
        member.life = Life::Down(Box::new(disk));
        self.stop();
        Ok(true)
    }

    /// Nothing is left of what was in memory.
    fn stop(&mut self) {
        let member = &mut self.effect.member;
        (member.work, member.seen, member.log) = (Work::default(), Seen::default(), Shadow::default());
        (member.led, member.reads) = (Led::default(), Vec::new());
        (member.applied, member.state, member.conf_state) = (0, 0, ConfState::default());
    }

    /// The node starts; `false` if it is not down.
    pub(super) fn restart(&mut self) -> Result<bool, Violation> {
        let id = self.id();
        let member = &mut self.effect.member;
        let Life::Down(disk) = std::mem::replace(&mut member.life, Life::Gone) else {
            return Ok(false);
        };
        let snapshot = disk.latest_snapshot();
        let snapshot = snapshot.map_err(|error| unexpected(id, "its snapshot", &error))?;
        let metadata = &snapshot.metadata;
        member.applied = metadata.index;
        member.state = <[u8; 8]>::try_from(&*snapshot.data).map_or(0, u64::from_be_bytes);
        member.conf_state.clone_from(&metadata.conf_state);
        let fresh = member.durable.hard_state.term == 0;
        let mut config = self.rules.config(id, !fresh);
        config.applied = metadata.index;
        config.seed = member.starts;
        let node = RawNode::new(config, *disk).map_err(|error| unexpected(id, "restart", &error))?;
        member.life = Life::Up(Box::new(node));
        member.log = member.durable.clone();
        let HardState { term, commit, .. } = member.durable.hard_state;
        member.seen = Seen {
            term,
            commit: commit.max(member.applied),
            silent: u64::MAX, // it is not known yet
            ..Seen::default()
        };
        // It may be in no term yet.
        let founded = member.durable.last() == member.durable.base();
        let last = if founded {
            EntryId::default()
        } else {
            member.durable.last()
        };
        Judge::term_covers(id, member.node().map_or(0, |node| node.status().hard_state.term), last)?;
        if !snapshot.is_empty() {
            self.note(Note::IsAt(id, metadata.index, metadata.conf_state.clone()));
        }
        if self.rules.counts_starts {
            self.effect.member.starts += 1;
        }
        self.observe()?;
        Ok(true)
    }

    pub(super) fn wipe(&mut self) -> bool {
        let member = &mut self.effect.member;
        if !matches!(member.life, Life::Down(_)) {
            return false;
        }
        member.life = Life::Gone;
        let lost = std::mem::take(&mut member.durable);
        if member.identity != 0 {
            member.lost.push((member.identity, lost));
            member.identity = 0;
        }
        true
    }

    pub(super) fn join(&mut self, identity: Identity) -> Result<bool, Violation> {
        let replaces = self.effect.member.stores > 0;
        if !self.make_store(identity) {
            return Ok(false);
        }
        if replaces && identity != 0 {
            let id = self.id();
            self.note(Note::Replaced(id));
        }
        self.restart()
    }

    /// A new disk; `false` if there is one.
    fn make_store(&mut self, identity: Identity) -> bool {
        let member = &mut self.effect.member;
        if !matches!(member.life, Life::Gone) {
            return false;
        }
        let mut disk = WorldDisk::new(self.rules.disks_forget_promises);
        if identity != 0 {
            disk.set_identity(identity);
        }
        if identity != 0 || member.stores == 0 {
            member.stores += 1;
        }
        (member.identity, member.life) = (identity, Life::Down(Box::new(disk)));
        true
    }

    pub(super) fn found(&mut self, snapshot: &Snapshot, identity: Identity) -> Result<bool, Violation> {
        let id = self.id();
        if !self.make_store(identity) {
            return Ok(false);
        }
        let member = &mut self.effect.member;
        let Life::Down(disk) = &mut member.life else {
            return Ok(false);
        };
        let written = disk.write(Write::Install(snapshot.clone())).and_then(|()| disk.sync());
        written.map_err(|error| unexpected(id, "the first snapshot", &error))?;
        member.durable.apply(Mark::Install(snapshot.id()));
        self.restart()
    }

    /// A snapshot of what is applied, and all of the log up to there dropped; `false` if there is nothing to drop.
    pub(super) fn compact(&mut self) -> Result<bool, Violation> {
        let member = &self.effect.member;
        let Some(node) = member.node() else { return Ok(false) };
        let first = node.storage().first_index().unwrap_or(1);
        let Ok(metadata) = node.snapshot_metadata() else {
            return Ok(false);
        };
        let index = metadata.index;
        // With asynchronous writes the state machine may be ahead of its acknowledgement.
        if index != member.applied || index < first || node.storage().last_index().is_ok_and(|last| last < index) {
            return Ok(false);
        }
        let snapshot = Snapshot::new(metadata, member.state.to_be_bytes().to_vec());
        self.write_one(Write::Snapshot(snapshot))?;
        self.write_one(Write::Compact(index))?;
        Ok(true)
    }

    /// What only people are told, and numbers that decide nothing, are not part of the state.
    pub(super) fn finish(&mut self, settle: bool) -> Verdict {
        if settle && self.effect.member.is_up() && self.effect.member.work.written.is_empty() {
            self.sync_disk()?;
        }
        let member = &mut self.effect.member;
        let Life::Up(node) = &mut member.life else {
            return Ok(());
        };
        waits(member.id, node, &member.reads)?;
        let work = &mut member.work;
        let oldest = work.written.front().or(work.tasks.front());
        let by = node.renumber(oldest);
        work.batch.iter_mut().for_each(|batch| batch.renumber(&by));
        work.tasks
            .iter_mut()
            .chain(&mut work.written)
            .for_each(|task| task.renumber(&by));
        work.applies.iter_mut().for_each(|task| task.renumber(&by));
        work.acks.iter_mut().for_each(|ack| ack.renumber(&by));
        Ok(())
    }
}

/// When nothing is to be handed out: what is counted as uncommitted is in the log, and reads that were taken wait.
fn waits(id: NodeId, node: &RawNode<WorldDisk>, reads: &[u64]) -> Verdict {
    if node.has_ready() || node.config().settings().async_storage_writes {
        return Ok(());
    }
    let status = node.status();
    Judge::reads_wait(id, reads.len(), status.pending_reads)?;
    let last = node.storage().last_index().unwrap_or(0);
    if status.uncommitted_bytes == u64::MAX || last < status.last_index {
        return Ok(());
    }
    let released = status.hard_state.commit.min(status.applied);
    let entries = node.storage().entries(released + 1, last + 1, u64::MAX);
    let waiting = entries.iter().flatten().map(|entry| entry.data.len() as u64).sum();
    Judge::counts_what_waits(id, status.uncommitted_bytes, waiting)
}
