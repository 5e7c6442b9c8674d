//! The network: delay, loss, duplication, reordering, and partitions of every kind.

use quorate::{EntryId, NodeId};

use super::Driver;
use crate::clock::Due;
use crate::disk::Disk;
use crate::judge::Verdict;
use crate::step::{MessageRef, Step};
use crate::trace::What;
use crate::workload::Workload;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.cuts.contains_key(&(from, to))
    }

    /// What was sent will arrive, in a while; or it is lost at once.
    pub(super) fn arrange_deliveries(&mut self) {
        for name in std::mem::take(&mut self.cluster.sent) {
            let Some(message) = self.cluster.pool.get(&name) else {
                continue;
            };
            // A forwarded message keeps its first sender's name, and goes by this node's links all the same.
            let (from, to, size) = (message.from, message.to, message_size(message));
            let unlucky = !self.calm && self.dice.chance_per_million(self.parameters.loss);
            if unlucky || self.is_cut(from, to) {
                self.lose(name, if unlucky { "lost" } else { "cut off" });
                continue;
            }
            let wait = self.delay(from, to, size);
            let arrives = self.clock.now + wait;
            let last = self.arrivals.entry((from, to)).or_insert(0);
            if arrives < *last {
                self.cluster.coverage.reordered += 1;
            }
            *last = arrives.max(*last);
            self.clock.after(wait, Due::Arrive(name));
        }
    }

    fn lose(&mut self, name: u64, why: &'static str) {
        if let Some(recording) = &mut self.recording
            && let Some(message) = self.cluster.describe(MessageRef::Id(name))
        {
            recording.push(Step::Lose { message });
        }
        self.cluster.lose(MessageRef::Id(name), why);
    }

    pub(super) fn on_arrival(&mut self, name: u64) -> Verdict {
        let Some(message) = self.cluster.pool.get(&name) else {
            return Ok(());
        };
        let (from, to) = (message.from, message.to);
        let heartbeat = matches!(message.payload, quorate::message::Payload::Heartbeat(_));
        let snapshot = match &message.payload {
            quorate::message::Payload::InstallSnapshot(snapshot) => Some(snapshot.id()),
            _ => None,
        };
        if self.is_cut(from, to) {
            self.lose(name, "cut off");
            return self.report_snapshot(snapshot, from, to, false);
        }
        if self
            .nodes
            .get(super::Cluster::<W::Machine, D>::position(to))
            .is_some_and(|node| node.paused.is_some())
        {
            self.clock.after(1_000, Due::Arrive(name));
            return Ok(());
        }
        let message = MessageRef::Id(name);
        if !self.calm && self.dice.chance_per_million(self.parameters.strays) {
            let named = self.dice.chance_per_million(700_000);
            self.perform_at(to, Step::Stray { message, named })?;
        }
        let keep = !self.calm && self.dice.chance_per_million(self.parameters.duplication);
        let retimes = heartbeat && !self.calm && self.dice.chance_per_million(self.parameters.retiming);
        if retimes {
            self.retime(to)?;
        }
        self.perform_at(to, Step::Deliver { message, keep })?;
        if retimes {
            self.cut_off_relying_leader(from);
        }
        self.report_snapshot(snapshot, from, to, true)
    }

    /// A transport may know what became of a snapshot, or that a peer cannot be reached.
    fn report_snapshot(&mut self, snapshot: Option<EntryId>, node: NodeId, peer: NodeId, finished: bool) -> Verdict {
        if !self.runs(node) {
            return Ok(());
        }
        if let Some(snapshot) = snapshot
            && self.dice.chance_per_million(300_000)
        {
            let report = Step::ReportSnapshot {
                node,
                peer,
                snapshot,
                finished,
            };
            return self.perform_at(node, report);
        }
        if !finished && self.dice.chance_per_million(50_000) {
            return self.perform_at(node, Step::ReportUnreachable { node, peer });
        }
        Ok(())
    }

    /// Cuts links in one of the ways in which networks break.
    pub(super) fn partition(&mut self) {
        let all: Vec<NodeId> = (1..=self.nodes.len() as u64).collect();
        let alone = self.dice.pick(&all).copied().unwrap_or(1);
        let sides: Vec<bool> = all.iter().map(|_| self.dice.chance_per_million(500_000)).collect();
        let side = |id: NodeId| {
            sides
                .get(usize::try_from(id - 1).unwrap_or(0))
                .copied()
                .unwrap_or(false)
        };
        let kind = self.dice.below(6);
        let mut cuts = Vec::new();
        for from in &all {
            for to in all.iter().filter(|to| *to != from) {
                let cut = match kind {
                    0 => side(*from) != side(*to),
                    1 => *from == alone || *to == alone,
                    2 => side(*from) && !side(*to),
                    3 => *from == alone,
                    4 => *to == alone,
                    _ => self.dice.chance_per_million(300_000),
                };
                if cut {
                    cuts.push((*from, *to));
                }
            }
        }
        match kind {
            0 | 1 => self.cluster.coverage.partitions += 1,
            2..=4 => self.cluster.coverage.one_way_partitions += 1,
            _ => self.cluster.coverage.partial_partitions += 1,
        }
        self.cut(cuts);
    }

    /// Cuts a node off from all but two of the others, or one, or none.
    pub(super) fn keep_few(&mut self, node: NodeId) {
        let few = self.dice.below(3);
        self.keep_some(node, few);
    }

    /// Cuts a node off from all but so many of the others.
    pub(super) fn keep_some(&mut self, node: NodeId, kept: u64) {
        let mut others: Vec<NodeId> = (1..=self.nodes.len() as u64).filter(|id| *id != node).collect();
        for _ in 0..kept {
            let kept = self.dice.pick(&others).copied();
            others.retain(|id| Some(*id) != kept);
        }
        self.cut(others.into_iter().flat_map(|id| [(node, id), (id, node)]).collect());
    }

    /// Cuts these links for a while.
    fn cut(&mut self, links: Vec<(NodeId, NodeId)>) {
        self.partitions += 1;
        for (from, to) in links {
            self.cuts.insert((from, to), self.partitions);
            self.cluster.note(from, || What::Cut { to });
        }
        let wait = self
            .dice
            .wait(self.parameters.partition_ticks * self.parameters.tick_us);
        self.clock.after(wait, Due::Mend(self.partitions));
    }

    pub(super) fn mend(&mut self, partition: u64) {
        let healed: Vec<_> = self
            .cuts
            .iter()
            .filter(|(_, cut)| **cut == partition)
            .map(|(link, _)| *link)
            .collect();
        for (from, to) in healed {
            self.cuts.remove(&(from, to));
            self.cluster.note(from, || What::Mended { to });
        }
    }
}

/// About how many bytes the message has on the wire.
fn message_size(message: &quorate::Message) -> u64 {
    match &message.payload {
        quorate::message::Payload::Append(append) => append.entries.iter().map(quorate::Entry::encoded_len).sum(),
        quorate::message::Payload::InstallSnapshot(snapshot) => snapshot.data.len() as u64,
        _ => 0,
    }
}
