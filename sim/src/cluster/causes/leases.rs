//! Leases: whenever one is held, by what each voter says of itself.

use quorate::status::RoleKind;
use quorate::{NodeId, Status};

use super::super::Cluster;
use crate::disk::Disk;
use crate::judge::{Judge, Lease, Verdict};
use crate::machine::StateMachine;
use crate::member::Member;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// After anything happened at a node: the promises that it gave, or that it counts on.
    pub(in super::super) fn judge_promises(&self, id: NodeId, status: &Status) -> Verdict {
        if !self.judge_leases {
            return Ok(());
        }
        if status.soft_state.role == RoleKind::Leader {
            return self.judge_holder(id, status);
        }
        let counts = |leader: &&Member<M, D>| {
            leader.seen.counts_on_promises && leader.is_leader() && !leader.causes.stands && leader.id != id
        };
        for leader in self.members.iter().filter(counts) {
            self.judge_promise(leader, id)?;
            if let Some(node) = leader.node() {
                self.judge_lease(leader, &node.status())?;
            }
        }
        Ok(())
    }

    fn judge_holder(&self, id: NodeId, status: &Status) -> Verdict {
        let leader = &self.members[Self::position(id)];
        if !leader.seen.counts_on_promises {
            return Ok(());
        }
        let led = &leader.causes.led;
        for peer in led.peers.keys().filter(|peer| **peer != id) {
            self.judge_promise(leader, *peer)?;
        }
        if status.lease_ticks > 0 {
            let voter = leader.node().is_some_and(|node| node.membership().is_voter(id));
            let changes = leader.causes.changes.iter().copied();
            let unapplied = changes.filter(|change| *change > status.applied).min();
            Judge::lease_may_be_held(id, voter, unapplied, led.gave_up)?;
        }
        self.judge_lease(leader, status)
    }

    /// What a leader counts on, and what the voter says.
    fn judge_promise(&self, leader: &Member<M, D>, voter: NodeId) -> Verdict {
        let counted = leader.causes.led.peers.get(&voter).map_or(0, |peer| peer.promised);
        let Some(left) = self.elects_nobody_for(leader, voter).filter(|_| counted > 0) else {
            return Ok(());
        };
        Judge::promise_kept(leader.id, voter, counted, left, self.slack_of(leader))
    }

    fn judge_lease(&self, leader: &Member<M, D>, status: &Status) -> Verdict {
        let Some(node) = leader.node().filter(|_| status.lease_ticks > 0) else {
            return Ok(());
        };
        let lease = Lease {
            leader: leader.id,
            ticks: status.lease_ticks,
            margin: node.config().settings().lease_margin_ticks,
            slack: self.slack_of(leader),
        };
        Judge::lease_rests(lease, node.membership().voters(), |voter| {
            self.elects_nobody_for(leader, voter)
        })
    }

    /// For how many ticks a voter elects nobody but this leader; `None`: its store takes part in no election, or is
    /// another one than the leader means.
    fn elects_nobody_for(&self, leader: &Member<M, D>, voter: NodeId) -> Option<u64> {
        let voter = self.member(voter).filter(|voter| voter.is_up())?;
        let known = leader.node()?.membership();
        let same = voter.counts_in(known) && (voter.stores == 1 || known.identity(voter.id).is_some());
        same.then_some(voter.seen.promised.max(voter.seen.silent))
    }

    /// By how many ticks two clocks may differ over a promise: what the margin is for, or less where it is known how far
    /// clocks are off.
    fn slack_of(&self, leader: &Member<M, D>) -> u64 {
        let margin = leader
            .node()
            .map_or(0, |node| node.config().settings().lease_margin_ticks);
        self.drift_ticks.map_or(margin, |ticks| margin.min(ticks + 1))
    }
}
