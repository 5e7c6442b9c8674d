//! One group, tick by tick. All nodes tick, every leader proposes, and the messages that the links let
//! through are delivered in rounds, in any order, until all is quiet: a message takes less than a tick.

use std::collections::BTreeSet;

use quorate::{NodeId, Term};

use super::ELECTION_TIMEOUT;
use super::scenario::{Aid, HUB, LEADER, Place, Scenario, Settings};
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::disk::MemoryDisk;
use crate::judge::Violation;
use crate::machine::Register;
use crate::member::Member;
use crate::step::{MessageRef, Step};

/// A tick has time for so many messages one after the other; the rest arrive in the next.
const ROUNDS: u32 = 20;

pub(super) struct Run {
    scenario: Scenario,
    cluster: Cluster<Register, MemoryDisk>,
    dice: Dice,
    /// Which node takes which place.
    nodes: Vec<NodeId>,
    /// Links that are down, the smaller id first.
    down: BTreeSet<(NodeId, NodeId)>,
    in_flight: Vec<u64>,
    /// Commands proposed so far: their names count from 1.
    proposed: u64,
}

/// How much happened so far.
#[derive(Clone, Copy)]
pub(super) struct Tally {
    pub(super) proposed: u64,
    pub(super) leaders: u64,
    pub(super) term: Term,
}

impl Run {
    /// A group that has a leader and commits, and in which everybody is where the scenario has them.
    pub(super) fn warmed_up(scenario: Scenario, settings: Settings, seed: u64) -> Result<Self, Violation> {
        let mut dice = Dice::new(seed);
        let voters = scenario.voters();
        let configure = move |id| settings.config(id);
        let cluster = Cluster::new(dice.number(), voters, MemoryDisk::default, configure)?;
        let mut run = Self {
            scenario,
            cluster,
            nodes: shuffled((1..=voters).collect(), &mut dice),
            dice,
            down: BTreeSet::new(),
            in_flight: Vec::new(),
            proposed: 0,
        };
        let node = run.node(LEADER);
        run.cluster.step(Step::Campaign { node })?;
        for _ in 0..2 * ELECTION_TIMEOUT + run.dice.below(ELECTION_TIMEOUT) {
            run.tick()?;
        }
        run.disconnect(|a, b| a == HUB || b == HUB);
        for _ in 0..scenario.hub_misses() {
            run.tick()?;
        }
        run.down.clear();
        run.check_logs()?;
        Ok(run)
    }

    /// From here on only the scenario's links are up.
    pub(super) fn cut(&mut self) {
        let links = self.scenario.links();
        self.disconnect(|a, b| !links.contains(&(a, b)));
    }

    pub(super) fn aid(&mut self, aid: Aid) -> Result<(), Violation> {
        let (leader, hub) = (self.node(LEADER), self.node(HUB));
        match aid {
            Aid::Nothing => {}
            Aid::Transfer => self.cluster.step(Step::Transfer {
                node: leader,
                to: Some(hub),
            })?,
            Aid::HealLeader => self.heal(leader, hub),
            Aid::HealOthers => self.heal(self.node(2), self.node(3)),
        }
        Ok(())
    }

    /// One tick; the largest name among the commands that were committed, 0 if there was none.
    pub(super) fn tick(&mut self) -> Result<u64, Violation> {
        let ids = 1..=self.scenario.voters();
        for node in ids.clone() {
            self.cluster.step(Step::Tick { node, ticks: 1 })?;
        }
        for node in ids.clone() {
            if self.cluster.member(node).is_some_and(Member::is_leader) {
                self.proposed += 1;
                self.cluster.step(Step::Propose {
                    node,
                    operation: self.proposed,
                    command: Register::encode(self.proposed),
                })?;
            }
        }
        for _ in 0..ROUNDS {
            for node in ids.clone() {
                self.work(node)?;
            }
            if !self.deliver()? {
                break;
            }
        }
        self.cluster.ended.clear();
        let committed = self.cluster.committed.drain(..);
        Ok(committed
            .filter_map(|command| Register::read(&command))
            .max()
            .unwrap_or(0))
    }

    pub(super) fn tally(&self) -> Tally {
        let terms = self.cluster.members.iter().map(|member| member.seen.term);
        Tally {
            proposed: self.proposed,
            leaders: self.cluster.coverage().elections,
            term: terms.max().unwrap_or(0),
        }
    }

    fn node(&self, place: Place) -> NodeId {
        self.nodes.get(place).copied().unwrap_or_default()
    }

    /// Takes down the links between these places, the smaller one given first.
    fn disconnect(&mut self, which: impl Fn(Place, Place) -> bool) {
        for b in 0..self.nodes.len() {
            for a in (0..b).filter(|a| which(*a, b)) {
                self.down.insert(link(self.node(a), self.node(b)));
            }
        }
    }

    fn heal(&mut self, a: NodeId, b: NodeId) {
        self.down.remove(&link(a, b));
    }

    /// A node does all that it wants done; its disk is quick.
    fn work(&mut self, node: NodeId) -> Result<(), Violation> {
        while self.cluster.member(node).is_some_and(Member::has_ready) {
            self.cluster.step(Step::Ready { node })?;
            self.cluster.step(Step::Write { node })?;
            self.cluster.step(Step::Sync { node })?;
        }
        Ok(())
    }

    /// Delivers what is in flight, in any order; whether there was anything.
    fn deliver(&mut self) -> Result<bool, Violation> {
        self.in_flight.append(&mut self.cluster.sent);
        let messages = shuffled(std::mem::take(&mut self.in_flight), &mut self.dice);
        for name in &messages {
            let message = MessageRef::Id(*name);
            let ends = self
                .cluster
                .pool
                .get(name)
                .map(|message| link(message.from, message.to));
            if ends.is_some_and(|ends| self.down.contains(&ends)) {
                self.cluster.step(Step::Lose { message })?;
            } else {
                self.cluster.step(Step::Deliver { message, keep: false })?;
            }
        }
        Ok(!messages.is_empty())
    }

    /// The logs are as the scenario wants them: equal, but for a hub that missed something.
    fn check_logs(&self) -> Result<(), Violation> {
        let last = |place| {
            self.cluster
                .member(self.node(place))
                .map(|member| member.durable.last())
        };
        let leads = self.cluster.member(self.node(LEADER)).is_some_and(Member::is_leader);
        let equal = (2..self.nodes.len()).all(|place| last(place) == last(LEADER));
        let stale = last(HUB) < last(LEADER);
        if leads && equal && stale == (self.scenario.hub_misses() > 0) {
            return Ok(());
        }
        let logs: Vec<_> = (0..self.nodes.len()).map(last).collect();
        let detail = format!("{}: {logs:?}", self.scenario);
        Err(Violation::new("the group is ready to be cut", detail))
    }
}

fn link(a: NodeId, b: NodeId) -> (NodeId, NodeId) {
    (a.min(b), a.max(b))
}

fn shuffled<T>(mut items: Vec<T>, dice: &mut Dice) -> Vec<T> {
    for end in (2..=items.len()).rev() {
        let other = usize::try_from(dice.below(end as u64)).unwrap_or(0);
        items.swap(end - 1, other);
    }
    items
}
