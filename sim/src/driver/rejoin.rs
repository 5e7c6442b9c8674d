//! A member is removed, its disk is wiped, and it is added again under its id, with no name to tell the two stores
//! apart: what it said before is still on its way.

use quorate::NodeId;
use quorate::membership::{ConfChangeKind, ConfChangeV2};

use super::Driver;
use crate::disk::Disk;
use crate::judge::Verdict;
use crate::step::Step;
use crate::workload::Workload;

/// How often a leader's tick finds the operator at it, in a million.
const OFTEN: u64 = 400_000;
/// How often what it says meanwhile is held.
const HELD: u64 = 300_000;

/// Where the operator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rejoins {
    Stays,
    Leaves,
    Returns,
}

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// At each tick of the leader: one member of the group, always the same, is removed and added again.
    pub(super) fn rejoin(&mut self, leader: NodeId) -> Verdict {
        let often = self.parameters.corners.rejoins;
        if often == 0 || self.leader() != Some(leader) {
            return Ok(());
        }
        let Some((node, stage)) = self.rejoins else {
            let others: Vec<NodeId> = (1..=self.parameters.voters).filter(|id| *id != leader).collect();
            self.rejoins = self.dice.pick(&others).map(|node| (*node, Rejoins::Stays));
            return Ok(());
        };
        if node == leader || self.local(node).dead {
            return Ok(());
        }
        let membership = self.cluster.membership();
        match (stage, membership.contains(node)) {
            (Rejoins::Stays, true) => {
                if self.dice.chance_per_million(often) && self.is_up(node) && self.bears_loss(node) {
                    self.rejoins = Some((node, Rejoins::Leaves));
                    self.cluster.coverage.rejoins_begun += 1;
                    return self.alter(leader, ConfChangeKind::RemoveNode, node);
                }
                Ok(())
            }
            (Rejoins::Leaves, true) if self.dice.chance_per_million(OFTEN / 4) => {
                self.alter(leader, ConfChangeKind::RemoveNode, node)
            }
            (Rejoins::Leaves, false) if self.cluster.may_forget(node) => {
                self.rejoins = Some((node, Rejoins::Returns));
                self.local(node).paused = None;
                self.perform_at(node, Step::Crash { node, kept: 0 })?;
                self.perform_at(node, Step::Wipe { node })?;
                self.perform_at(node, Step::Join { node })
            }
            (Rejoins::Returns | Rejoins::Stays, false) if self.dice.chance_per_million(OFTEN) => {
                let kinds = [ConfChangeKind::AddLearnerNode, ConfChangeKind::AddNode];
                let kind = kinds[self.dice.position(2)];
                self.alter(leader, kind, node)
            }
            (Rejoins::Returns, true) if membership.is_voter(node) => {
                self.rejoins = Some((node, Rejoins::Stays));
                Ok(())
            }
            (Rejoins::Returns, true) if self.dice.chance_per_million(OFTEN) => {
                self.alter(leader, ConfChangeKind::AddNode, node)
            }
            _ => Ok(()),
        }
    }

    fn alter(&mut self, leader: NodeId, kind: ConfChangeKind, id: NodeId) -> Verdict {
        if self.changes_pending() {
            return Ok(());
        }
        let step = Step::Change {
            node: leader,
            change: ConfChangeV2::new([(kind, id)]),
            expected: None,
        };
        self.perform_at(leader, step)
    }

    /// For how long a message of a node that leaves is held, if it is: until it is back perhaps.
    pub(super) fn hold_of_leaver(&mut self, from: NodeId) -> Option<u64> {
        let leaves = self.rejoins == Some((from, Rejoins::Leaves));
        let holds = leaves && self.dice.chance_per_million(HELD);
        holds.then(|| self.dice.between(1, 60) * self.parameters.tick_us)
    }
}
