//! What operators do at any time: change the configuration, hand leadership over, compact.

use quorate::NodeId;
use quorate::membership::{ConfChangeKind, ConfChangeV2, Transition};

use super::Driver;
use crate::cluster::VETO;
use crate::disk::Disk;
use crate::judge::Verdict;
use crate::member::Member;
use crate::parameters::Corners;
use crate::step::{Promises, Step};
use crate::workload::Workload;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// At each tick of a node, an operator may do something there.
    pub(super) fn operate(&mut self, node: NodeId) -> Verdict {
        if !self.runs(node) {
            return Ok(());
        }
        let (change, transfer) = (self.parameters.change, self.parameters.transfer);
        let (compaction, interference) = (self.parameters.compaction, self.parameters.interference);
        if self.dice.chance_per_million(compaction) {
            let keep = self.dice.between(0, self.parameters.keep_entries);
            self.perform_at(node, Step::Compact { node, keep })?;
        }
        if self.dice.chance_per_million(change) {
            self.propose_change(node)?;
        }
        self.replace_stores(node)?;
        self.rejoin(node)?;
        if self.dice.chance_per_million(transfer) {
            let all: Vec<NodeId> = (1..=self.nodes.len() as u64).collect();
            let to = self
                .dice
                .chance_per_million(700_000)
                .then(|| self.dice.pick(&all).copied().unwrap_or(1));
            self.perform_at(node, Step::Transfer { node, to })?;
        }
        if self.dice.chance_per_million(self.parameters.retiming) {
            self.retime(node)?;
        }
        self.promote_or_starve(node)?;
        if self.rot(node)? {
            return Ok(());
        }
        let damage = self.parameters.extras.damage;
        if damage > 0 && self.dice.chance_per_million(damage) {
            self.perform_at(node, Step::RequestSnapshot { node })?;
        }
        let withdrawal = self.parameters.corners.withdrawal;
        let waits = self.member(node).is_some_and(|member| member.damaged.is_some());
        if withdrawal > 0 && waits && self.dice.chance_per_million(withdrawal) {
            self.perform_at(node, Step::WithdrawRequest { node })?;
        }
        if self.dice.chance_per_million(interference) {
            let step = match self.dice.below(3) {
                0 => Step::ForgetLeader { node },
                1 => Step::Campaign { node },
                _ => Step::ReportUnreachable {
                    node,
                    peer: self.dice.between(1, self.nodes.len() as u64),
                },
            };
            self.perform_at(node, step)?;
        }
        Ok(())
    }

    /// A learner may be promoted, if it has caught up; a storage may be unavailable for a while.
    fn promote_or_starve(&mut self, node: NodeId) -> Verdict {
        let Corners {
            promotion,
            unavailable,
            available: heals,
            ..
        } = self.parameters.corners;
        if promotion > 0 && self.member(node).is_some_and(Member::is_leader) && self.dice.chance_per_million(promotion)
        {
            let learners = self.cluster.membership().learners().to_vec();
            let learner = self.dice.pick(&learners).copied().unwrap_or(node);
            self.perform_at(node, Step::Promote { node, learner })?;
        }
        let available = self.member(node).is_some_and(|member| member.unavailable);
        if self
            .dice
            .chance_per_million(if available { heals } else { unavailable })
        {
            self.perform_at(node, Step::Storage { node, available })?;
            if let Some(leader) = self
                .leader()
                .filter(|_| !available && self.dice.chance_per_million(200_000))
            {
                self.keep_few(leader); // so that nodes campaign that cannot read what they have to apply
            }
        }
        Ok(())
    }

    /// A node starts again, perhaps with other settings; and then its leader, who relies on what it promised under the
    /// old ones, may be cut off just now.
    pub(super) fn restart(&mut self, node: NodeId) -> Verdict {
        if !self.calm && self.dice.chance_per_million(self.parameters.other_promises) {
            let promises = self.draw_promises();
            self.perform(Step::Configure { node, promises })?;
            if let Some(leader) = self.leader().filter(|leader| *leader != node) {
                self.cut_off_relying_leader(leader);
            }
        }
        if self.parameters.is_durable(node) && !self.calm {
            return self.perform_at(node, Step::RestartDurable { node });
        }
        self.perform_at(node, Step::Restart { node })
    }

    /// Its election timeout changes while it runs.
    pub(super) fn retime(&mut self, node: NodeId) -> Verdict {
        let promises = self.draw_promises();
        self.perform_at(node, Step::Configure { node, promises })
    }

    /// A leader may be cut off, who relies on promises that were made under other settings.
    pub(super) fn cut_off_relying_leader(&mut self, leader: NodeId) {
        if self.dice.chance_per_million(self.parameters.promise_fault) {
            self.cluster.coverage.promise_faults += 1;
            self.keep_some(leader, 0);
        }
    }

    fn draw_promises(&mut self) -> Promises {
        let (shortest, longest) = self.parameters.election_bounds();
        let (any, silence) = (self.dice.between(shortest, longest), self.dice.between(0, longest));
        Promises {
            election_ticks: [shortest, longest, any][self.dice.position(3)],
            lease_promises: self.dice.chance_per_million(700_000),
            silence_ticks: [None, Some(0), Some(0), Some(silence)][self.dice.position(4)],
        }
    }

    /// Whether any log that is up holds a change that is not applied there.
    pub(super) fn changes_pending(&self) -> bool {
        let mut nodes = self.cluster.members.iter().filter_map(|member| member.node());
        nodes.any(|node| {
            node.membership_status()
                .is_ok_and(|known| known.pending.is_some() || !known.applied.voters_outgoing.is_empty())
        })
    }

    fn propose_change(&mut self, node: NodeId) -> Verdict {
        let known = self.nodes.len() as u64;
        if known < self.parameters.voters + self.parameters.spares && self.dice.chance_per_million(300_000) {
            return self.add_node();
        }
        let membership = self.cluster.membership();
        if membership.is_joint() && self.dice.chance_per_million(700_000) {
            let change = ConfChangeV2::leave_joint();
            return self.perform_at(
                node,
                Step::Change {
                    node,
                    change,
                    expected: None,
                },
            );
        }
        let count = if self.dice.chance_per_million(600_000) {
            1
        } else {
            self.dice.between(2, 3)
        };
        let changes: Vec<_> = (0..count).map(|_| self.draw_change()).collect();
        let mut change = self.named(ConfChangeV2::new(changes));
        change.transition = match self.dice.below(4) {
            0 => Transition::JointImplicit,
            1 => Transition::JointExplicit,
            _ => Transition::Auto,
        };
        if self.dice.chance_per_million(30_000) {
            change.context = VETO.into();
        }
        let expected = self
            .dice
            .chance_per_million(200_000)
            .then(|| self.cluster.judge.configurations.latest().map_or(0, |(index, _)| index));
        self.perform_at(node, Step::Change { node, change, expected })
    }

    /// Mostly sensible: the dead are removed, the living added, and a majority of the voters lives.
    fn draw_change(&mut self) -> (ConfChangeKind, NodeId) {
        let id = self.dice.between(1, self.nodes.len() as u64);
        let membership = self.cluster.membership();
        if self.is_spent(id, &membership) {
            return (ConfChangeKind::RemoveNode, id);
        }
        let voters = membership.voters().ids();
        let living = voters.iter().filter(|id| !self.is_spent(**id, &membership)).count() as u64;
        // Beside one that is dead, two have to live.
        let least = if living < voters.len() as u64 {
            2
        } else {
            self.parameters.least_voters
        };
        let kind = match self.dice.below(10) {
            0..=4 => ConfChangeKind::AddNode,
            5 | 6 => ConfChangeKind::AddLearnerNode,
            7 | 8 => ConfChangeKind::RemoveNode,
            _ => ConfChangeKind::UpdateNode,
        };
        let keep = membership.is_voter(id) && living <= least;
        (if keep { ConfChangeKind::UpdateNode } else { kind }, id)
    }

    /// A new node comes up with an empty disk and is made a learner; later changes promote it.
    fn add_node(&mut self) -> Verdict {
        let node = self.nodes.len() as u64 + 1;
        self.cluster.coverage.nodes_joined += 1;
        self.perform(Step::Join { node })?;
        self.begin(node);
        let change = self.named(ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, node)]));
        self.at_leader(change)
    }

    /// A node whose disk is lost comes back under a new id.
    pub(super) fn replace(&mut self, lost: NodeId) -> Verdict {
        self.add_node()?;
        let change = ConfChangeV2::new([(ConfChangeKind::RemoveNode, lost)]);
        self.at_leader(change)
    }

    fn at_leader(&mut self, change: ConfChangeV2) -> Verdict {
        let Some(node) = self.leader() else { return Ok(()) };
        self.perform_at(
            node,
            Step::Change {
                node,
                change,
                expected: None,
            },
        )
    }
}
