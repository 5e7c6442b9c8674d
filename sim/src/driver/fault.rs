//! What goes wrong with nodes: crashes, disks, clocks, pauses.

use quorate::{NodeId, RawNode};

use super::Driver;
use crate::clock::Due;
use crate::disk::Disk;
use crate::judge::{Mark, Verdict, Violation};
use crate::member::Member;
use crate::step::Step;
use crate::trace::What;
use crate::workload::Workload;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// At each tick of a node, something may go wrong there.
    pub(super) fn inject_faults(&mut self, node: NodeId) -> Verdict {
        let parameters = &self.parameters;
        let (crash, failing, pause) = (parameters.crash, parameters.failing_disk, parameters.pause);
        let (partition, clock) = (parameters.partition, parameters.clock_fault);
        if self.dice.chance_per_million(partition) {
            self.partition();
        }
        self.upset_a_link(node);
        if !self.is_up(node) {
            return Ok(());
        }
        if self.dice.chance_per_million(crash) {
            return self.crash(node);
        }
        if self.dice.chance_per_million(failing) && self.has_work_for_the_disk(node) {
            // What a sync that fails leaves behind is anything; the node has to be rebuilt.
            if self.dice.chance_per_million(500_000) {
                self.cluster.coverage.failed_syncs += 1;
            } else {
                self.cluster.coverage.full_disks += 1;
            }
            self.note(node, "disk", || "a sync failed, or the disk is full".to_owned());
            return self.crash(node);
        }
        if self.dice.chance_per_million(pause) && self.local(node).paused.is_none() {
            self.pause(node)?;
        }
        if self.dice.chance_per_million(clock) && self.runs(node) {
            return self.upset_clock(node);
        }
        Ok(())
    }

    /// After each thing that happens at a node, something may go wrong because of it.
    pub(super) fn react(&mut self, node: NodeId) -> Verdict {
        self.fail_last_voter(node)?;
        if self.tears_batch(node) {
            return self.tear_batch(node);
        }
        self.fail_leader(node)
    }

    /// A node is left as the only voter: its process dies, with nothing in its log that is not in a
    /// snapshot, and is back in no time, and made to campaign.
    fn fail_last_voter(&mut self, node: NodeId) -> Verdict {
        let is_last = |node: &RawNode<D>| node.membership().is_sole_voter(node.config().id);
        let last = self.member(node).and_then(Member::node).is_some_and(is_last);
        let was_last = std::mem::replace(&mut self.local(node).last, last);
        if was_last || !last || self.calm || !self.dice.chance_per_million(self.parameters.last_fault) {
            return Ok(());
        }
        self.cluster.coverage.last_faults += 1;
        self.perform_at(node, Step::Compact { node, keep: 0 })?;
        let kept = self.member(node).map_or(0, |member| member.marks.len());
        self.perform(Step::Crash { node, kept })?;
        self.restart(node)?;
        self.perform_at(node, Step::Campaign { node })
    }

    /// Whether a hard state is written, not synced, and about to be torn off what was written with it: a change of the
    /// configuration, which proves what was committed before, or entries with a new term.
    fn tears_batch(&mut self, node: NodeId) -> bool {
        let Some(member) = self.member(node) else { return false };
        let Some(Mark::HardState(state)) = member.marks.back() else {
            return false;
        };
        let first = member.marks.iter().find_map(|mark| match mark {
            Mark::Entry(entry, _) => Some(entry.index),
            _ => None,
        });
        let changes = &member.causes.changes;
        let tears = first.is_some_and(|first| {
            state.term > member.durable.hard_state.term || changes.last().is_some_and(|change| *change >= first)
        });
        tears && !self.calm && self.dice.chance_per_million(self.parameters.torn_batch)
    }

    /// The power fails between the entries of a batch and its hard state; often the leader cannot be heard then either.
    fn tear_batch(&mut self, node: NodeId) -> Verdict {
        self.cluster.coverage.torn_batches += 1;
        let unsynced = self.member(node).map_or(0, |member| member.marks.len());
        let kept = unsynced.saturating_sub(1);
        self.perform_at(node, Step::Crash { node, kept })?;
        self.clock.after(self.parameters.tick_us, Due::Restart(node));
        if let Some(leader) = self.leader().filter(|_| self.dice.chance_per_million(500_000)) {
            self.keep_few(leader);
        }
        Ok(())
    }

    /// A leader fails just when it has appended or committed something: it crashes, while what it sent is
    /// on its way, or at most two of the others still hear it.
    fn fail_leader(&mut self, node: NodeId) -> Verdict {
        let Some(member) = self.member(node).filter(|member| member.is_leader()) else {
            return Ok(());
        };
        let now = (member.log.last().index, member.seen.commit);
        if std::mem::replace(&mut self.local(node).grown, now) == now || self.calm {
            return Ok(());
        }
        if !self.dice.chance_per_million(self.parameters.leader_fault) {
            return Ok(());
        }
        self.cluster.coverage.leader_faults += 1;
        if self.dice.chance_per_million(300_000) {
            return self.crash(node);
        }
        self.keep_few(node);
        Ok(())
    }

    fn has_work_for_the_disk(&self, node: NodeId) -> bool {
        self.member(node)
            .is_some_and(|member| member.has_unwritten() || member.has_unsynced())
    }

    fn crash(&mut self, node: NodeId) -> Verdict {
        self.crash_and_lose(node, self.parameters.wipe)
    }

    /// It crashes, and so often its disk is lost.
    fn crash_and_lose(&mut self, node: NodeId, wipe: u64) -> Verdict {
        let unsynced = self.member(node).map_or(0, |member| member.marks.len() as u64);
        let kept = usize::try_from(self.dice.between(0, unsynced)).unwrap_or(0);
        self.perform_at(node, Step::Crash { node, kept })?;
        let wait = self.dice.wait(self.parameters.down_ticks * self.parameters.tick_us);
        if self.dice.chance_per_million(wipe) && self.may_lose(node) {
            let keeps_old_id = self.keeps_old_id(node);
            self.perform_at(node, Step::Wipe { node })?;
            if !keeps_old_id {
                (self.local(node).dead, self.local(node).lost) = (true, true);
                return self.replace(node);
            }
        }
        self.clock.after(wait, Due::Restart(node));
        Ok(())
    }

    /// A storage cannot read any more what it holds; after a while its operator restarts the node on another disk that
    /// has all that was synced, or gives it up. Whether that is done now.
    pub(super) fn rot(&mut self, node: NodeId) -> Result<bool, Violation> {
        let corruption = self.parameters.corners.corruption;
        let Some(member) = self.member(node).filter(|_| corruption > 0) else {
            return Ok(false);
        };
        if member.corrupt {
            let helps = self.dice.chance_per_million(60_000);
            if helps {
                self.crash_and_lose(node, if self.parameters.wipe > 0 { 300_000 } else { 0 })?;
            }
            return Ok(helps);
        }
        let bounds = member.node().and_then(|node| {
            let storage = node.storage();
            let (first, last) = (storage.first_index().ok()?, storage.last_index().ok()?);
            Some((first, last, (node.status().applied + 1).min(last)))
        });
        if let Some((first, last, unapplied)) = bounds
            && self.dice.chance_per_million(corruption)
        {
            let newest = self.dice.chance_per_million(700_000); // which are read soon
            let lowest = if newest { unapplied } else { first.saturating_sub(1) };
            let index = self.dice.between(lowest, last);
            self.perform_at(node, Step::Corrupt { node, index })?;
        }
        Ok(false)
    }

    fn pause(&mut self, node: NodeId) -> Verdict {
        self.cluster.coverage.pauses += 1;
        self.local(node).paused = Some(0);
        // The ticks that it owes come first when it goes on: it answers nothing by a lease from before.
        self.perform(Step::Pause { node })?;
        self.cluster.note(node, || What::Paused);
        let wait = self.dice.wait(self.parameters.pause_ticks * self.parameters.tick_us);
        self.clock.after(wait, Due::Resume(node));
        Ok(())
    }

    /// Ticks that a process owes are delivered before any other input.
    pub(super) fn on_resume(&mut self, node: NodeId) -> Verdict {
        let Some(ticks) = self.local(node).paused.take() else {
            return Ok(());
        };
        self.cluster.note(node, || What::Resumed);
        if ticks > 0 && self.is_up(node) {
            return self.perform_at(node, Step::Tick { node, ticks });
        }
        Ok(())
    }

    /// A clock stops for a while, or jumps ahead.
    fn upset_clock(&mut self, node: NodeId) -> Verdict {
        let ticks = self.dice.between(1, 3 * self.parameters.election_ticks);
        if self.dice.chance_per_million(500_000) {
            self.cluster.coverage.clock_stops += 1;
            self.local(node).stopped = ticks;
            self.note(node, "clock", || format!("stops for {ticks} ticks"));
            return Ok(());
        }
        self.cluster.coverage.clock_jumps += 1;
        self.note(node, "clock", || format!("jumps {ticks} ticks ahead"));
        self.perform_at(node, Step::Tick { node, ticks })
    }
}
