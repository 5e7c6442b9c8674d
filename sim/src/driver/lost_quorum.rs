//! What an operator does when a quorum is lost: looks at what is left, makes a new group of it, has the others join.

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::recover::{Inspection, Recovered};
use quorate::types::ClusterId;
use quorate::{Message, NodeId};

use super::{Driver, Report};
use crate::clock::{Clock, Due};
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::member::{Life, Member};
use crate::parameters::Parameters;
use crate::step::Step;
use crate::workload::Workload;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// The group that begins with a recovered store, some time after that of which it is left; the operator wants it to
    /// lead at once.
    pub(crate) fn of_recovered(
        parameters: &Parameters,
        workload: W,
        make_disk: impl Fn() -> D + 'static,
        recovered: &Recovered,
        now: u64,
    ) -> Result<Self, Violation> {
        let settings = {
            let parameters = parameters.clone();
            move |id| parameters.config(id)
        };
        let seed = parameters.seed;
        let cluster = Cluster::of_recovered(seed, recovered, parameters.voters, make_disk, settings)?;
        let mut driver = Self::over(parameters, workload, cluster, Dice::new(parameters.seed));
        driver.clock.delay(now);
        let node = recovered.node_id;
        driver.perform_at(node, Step::Campaign { node })?;
        Ok(driver)
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.now
    }

    /// All nodes that there ever were.
    pub(crate) fn ids(&self) -> Vec<NodeId> {
        (1..=self.nodes.len() as u64).collect()
    }

    /// The process is stopped, and may have been in the middle of something.
    pub(crate) fn halt(&mut self, node: NodeId) -> Verdict {
        self.local(node).paused = None;
        let unsynced = self.member(node).map_or(0, |member| member.marks.len() as u64);
        let kept = usize::try_from(self.dice.between(0, unsynced)).unwrap_or(0);
        self.perform(Step::Crash { node, kept })
    }

    /// It is started again, soon.
    pub(crate) fn go_on(&mut self, node: NodeId) {
        self.clock.after(1, Due::Restart(node));
    }

    pub(crate) fn inspect(&self, node: NodeId) -> Result<Option<Inspection>, Violation> {
        self.cluster.inspect(node)
    }

    /// Recovers what is left of a node that was halted; it is none of this group's any more.
    pub(crate) fn survive(&mut self, node: NodeId, random: ClusterId) -> Result<Option<Recovered>, Violation> {
        let recovered = self.cluster.survive(node, random)?;
        if recovered.is_some() {
            self.bury(node);
        }
        Ok(recovered)
    }

    /// A node that was halted is gone for good, and its disk with it.
    pub(crate) fn bury(&mut self, node: NodeId) {
        self.cluster.retire(node);
        let local = self.local(node);
        (local.dead, local.lost, local.replacing) = (true, true, false);
    }

    /// Whether it has a disk at all.
    pub(crate) fn has_disk(&self, node: NodeId) -> bool {
        self.member(node)
            .is_some_and(|member| !matches!(member.life, Life::Gone))
    }

    /// The leader that runs, and may believe that it holds a lease.
    pub(crate) fn leads(&self) -> Option<NodeId> {
        self.leader()
    }

    pub(crate) fn holds_lease(&self, node: NodeId) -> bool {
        let holds = |member: &Member<W::Machine, D>| member.is_leader() && member.seen.lease;
        self.runs(node) && self.member(node).is_some_and(holds)
    }

    /// Whether what it knows or anybody knows makes this node a quorum by itself.
    pub(crate) fn is_enough(&self, node: NodeId) -> bool {
        let alone = std::iter::once(node).collect();
        let known = self.member(node).and_then(Member::node);
        let by_itself = known.is_some_and(|known| known.membership().is_sole_voter(node));
        by_itself || self.cluster.lacks_quorum(&alone).is_none()
    }

    pub(crate) fn cluster(&self) -> &Cluster<W::Machine, D> {
        &self.cluster
    }

    /// A message that is on its way in this group.
    pub(crate) fn overheard(&mut self) -> Option<Message> {
        let names: Vec<u64> = self.cluster.pool.keys().copied().collect();
        let name = self.dice.pick(&names)?;
        self.cluster.pool.get(name).cloned()
    }

    /// A message of another group arrives; whether anybody was there to refuse it.
    pub(crate) fn hear_stranger(&mut self, message: Message) -> Result<bool, Violation> {
        self.cluster.refuse(message)
    }

    /// A node that does not vote yet is added.
    pub(crate) fn enlist(&mut self) -> Verdict {
        let membership = self.cluster.membership();
        let Some(node) = self.leader().filter(|_| !self.changes_pending()) else {
            return Ok(());
        };
        let mut wanted = self.ids();
        wanted.retain(|id| self.is_up(*id) && !membership.is_voter(*id) && !self.nodes[Self::at(*id)].dead);
        let Some(next) = self.dice.pick(&wanted).copied() else {
            return Ok(());
        };
        let as_learner = !membership.contains(next) && self.dice.chance_per_million(300_000);
        let kind = if as_learner {
            ConfChangeKind::AddLearnerNode
        } else {
            ConfChangeKind::AddNode
        };
        let change = self.named(ConfChangeV2::new([(kind, next)]));
        let expected = None;
        self.perform_at(node, Step::Change { node, change, expected })
    }

    fn at(id: NodeId) -> usize {
        Cluster::<W::Machine, D>::position(id)
    }

    /// A majority is well again, has a leader, and commits, if that is asked for; then that is all. With the last index
    /// that was committed, and the number of members.
    pub(crate) fn end(mut self, asked: bool) -> (Report, u64, u64) {
        let recovery = if asked { self.recover() } else { Ok(0) };
        let verdict = recovery.clone().and_then(|_| self.workload.verdict());
        let committed = self.cluster.judge.committed();
        let members = self.cluster.membership().members().len() as u64;
        (self.report(verdict.err(), recovery.unwrap_or(0)), committed, members)
    }
}

impl Clock {
    /// What is due is due so much later.
    fn delay(&mut self, by: u64) {
        let mut later = Self::default();
        later.now = by;
        let now = self.now;
        while let Some(due) = self.next() {
            later.after(self.now - now, due);
        }
        *self = later;
    }
}
