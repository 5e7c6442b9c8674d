//! What nodes have to do by themselves, and when: Readies, writes, syncs, acknowledgements, entries to apply.

use std::collections::BTreeSet;

use quorate::NodeId;

use super::Driver;
use crate::clock::{Due, Kind};
use crate::cluster::Cluster;
use crate::disk::Disk;
use crate::judge::Verdict;
use crate::step::Step;
use crate::workload::Workload;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    pub(super) fn on_work(&mut self, node: NodeId, start: u64, kind: Kind) -> Verdict {
        if self
            .member(node)
            .is_none_or(|member| member.starts != start || !member.is_up())
        {
            return Ok(());
        }
        if self.local(node).paused.is_some() {
            self.clock.after(1_000, Due::Work { node, start, kind });
            return Ok(());
        }
        self.local(node).due.remove(&kind);
        let step = match kind {
            Kind::Ready => Step::Ready { node },
            // Only between a write and its sync can a hard state be torn off.
            Kind::Write
                if self.parameters.torn_batch == 0
                    && self.dice.chance_per_million(self.parameters.extras.persist_at_once) =>
            {
                Step::Persist { node }
            }
            Kind::Write => Step::Write { node },
            Kind::Sync => Step::Sync { node },
            Kind::Acknowledge => Step::Acknowledge { node },
            Kind::Apply => Step::Apply { node },
        };
        self.perform_at(node, step)
    }

    /// Whatever the node has to do becomes due, in a while.
    pub(super) fn arrange_work(&mut self, node: NodeId) {
        let Some(member) = self.cluster.member(node).filter(|member| member.is_up()) else {
            return;
        };
        let start = member.starts;
        let wanted = Kind::ALL.map(|kind| match kind {
            Kind::Ready => member.has_ready(),
            Kind::Write => member.has_unwritten(),
            Kind::Sync => member.has_unsynced(),
            Kind::Acknowledge => !member.work.acks.is_empty(),
            Kind::Apply => !member.work.applies.is_empty(),
        });
        let local = &mut self.nodes[Cluster::<W::Machine, D>::position(node)];
        if local.start != start {
            (local.start, local.due) = (start, BTreeSet::new());
        }
        for (kind, wanted) in Kind::ALL.into_iter().zip(wanted) {
            if !wanted || !local.due.insert(kind) {
                continue;
            }
            let (sync, apply) = if self.calm {
                (1_000, 100)
            } else {
                (self.parameters.sync_us, self.parameters.apply_us)
            };
            let wait = match kind {
                Kind::Ready | Kind::Acknowledge => self.dice.below(200),
                Kind::Write => self.dice.wait(sync / 8),
                Kind::Sync => self.dice.wait(sync),
                Kind::Apply => self.dice.wait(apply),
            };
            self.clock.after(wait, Due::Work { node, start, kind });
        }
    }
}
