//! A world: real nodes, and the moves that brought them where they are.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use quorate::membership::Membership;
use quorate::{NodeId, RoleKind};

use crate::scenario::{NODES, Scenario};
use crate::support::Cluster;

/// What may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Move {
    /// The leader proposes the change.
    Change,
    /// The leader proposes to leave the joint configuration.
    Leave,
    /// The leader proposes something else.
    Propose,
    /// A leader's clock ticks: it sends heartbeats.
    Beat(NodeId),
    /// The leader makes a snapshot of what it applied, and cuts its log there.
    Compact,
    /// A node waits until it stands for election.
    Wait(NodeId),
    /// The message of that rank between two nodes arrives. Whatever never does is lost.
    Deliver(NodeId, NodeId, usize),
}

/// What becomes of the nodes when the moves are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum End {
    AllWell,
    Dies(NodeId),
    Restarts(NodeId),
}

impl End {
    pub(crate) fn all() -> Vec<Self> {
        let of_nodes = NODES.into_iter().flat_map(|id| [Self::Dies(id), Self::Restarts(id)]);
        [Self::AllWell].into_iter().chain(of_nodes).collect()
    }
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) group: Cluster,
    pub(crate) scenario: Scenario,
    pub(crate) moves: Vec<Move>,
    changed: bool,
    proposed: usize,
    beats: usize,
    waits: usize,
    /// The newest configuration that any node ever knew to be committed, and its index there.
    pub(crate) newest: (u64, Membership),
}

impl World {
    pub(crate) fn start(scenario: Scenario) -> Self {
        let group = scenario.start();
        let newest = newest(&group);
        Self {
            group,
            scenario,
            moves: Vec::new(),
            changed: false,
            proposed: 0,
            beats: 0,
            waits: 0,
            newest,
        }
    }

    pub(crate) fn replay(scenario: Scenario, moves: &[Move]) -> Self {
        let mut world = Self::start(scenario);
        for next in moves {
            world.make(*next);
        }
        world
    }

    /// Moves that may be made now.
    pub(crate) fn options(&self) -> Vec<Move> {
        if !self.changed {
            return vec![Move::Change];
        }
        let mut ranks: BTreeMap<(NodeId, NodeId), usize> = BTreeMap::new();
        let mut options = Vec::new();
        for message in &self.group.pool {
            let rank = ranks.entry((message.from, message.to)).or_default();
            options.push(Move::Deliver(message.from, message.to, *rank));
            *rank += 1;
        }
        if let Some(leader) = self.group.leader() {
            if self.group.raw(leader).membership().is_joint() {
                options.push(Move::Leave);
            }
            options.extend((self.proposed < 2).then_some(Move::Propose));
            options.extend((self.beats < 4).then_some(Move::Beat(leader)));
            options.push(Move::Compact);
        }
        if self.waits < 4 {
            let waiting = NODES
                .into_iter()
                .filter(|id| self.group.raw(*id).membership().is_voter(*id));
            options.extend(
                waiting
                    .filter(|id| self.group.role(*id) != RoleKind::Leader)
                    .map(Move::Wait),
            );
        }
        options
    }

    /// Makes a move; one that is not possible (any more) does nothing and counts for nothing.
    pub(crate) fn make(&mut self, next: Move) {
        if self.try_make(next) {
            self.moves.push(next);
            let now = newest(&self.group);
            if now.0 > self.newest.0 {
                self.newest = now;
            }
        }
    }

    fn try_make(&mut self, next: Move) -> bool {
        let group = &mut self.group;
        let leader = group.leader();
        match (next, leader) {
            (Move::Change, Some(leader)) if !self.changed => {
                self.changed = group.node(leader).propose_conf_change(self.scenario.change()).is_ok();
                group.drain(leader);
                self.changed
            }
            (Move::Leave, Some(leader)) => {
                let leave = quorate::ConfChangeV2::leave_joint();
                let taken = group.node(leader).propose_conf_change(leave).is_ok();
                group.drain(leader);
                taken
            }
            (Move::Propose, Some(leader)) => {
                self.proposed += 1;
                let taken = group.node(leader).propose("x").is_ok();
                group.drain(leader);
                taken
            }
            (Move::Beat(id), _) if group.role(id) == RoleKind::Leader => {
                self.beats += 1;
                group.tick(id, 1);
                true
            }
            (Move::Compact, Some(leader)) => {
                let first = quorate::Storage::first_index(group.raw(leader).storage()).expect("a sound store");
                let fits = group.raw(leader).status().applied >= first;
                if fits {
                    group.compact(leader);
                }
                fits
            }
            (Move::Wait(id), _) if group.role(id) != RoleKind::Leader => {
                self.waits += 1;
                let before = group.pool.len();
                (0..60).any(|_| {
                    group.tick(id, 1);
                    group.pool.len() > before
                })
            }
            (Move::Deliver(from, to, rank), _) => {
                let mut places = (0..).zip(&group.pool);
                let mut of_link = places
                    .by_ref()
                    .filter(|(_, message)| (message.from, message.to) == (from, to));
                let Some((place, _)) = of_link.nth(rank) else {
                    return false;
                };
                let message = group.pool.remove(place).expect("it is there");
                group.step(message);
                group.drain(to);
                true
            }
            _ => false,
        }
    }

    /// Where the nodes are, without what is on its way and without clocks.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (id, node) in &self.group.nodes {
            let status = node.raw.status();
            id.hash(&mut hasher);
            status.hard_state.hash(&mut hasher);
            status.soft_state.role.hash(&mut hasher);
            status.last_index.hash(&mut hasher);
            let storage = node.raw.storage();
            quorate::Storage::first_index(storage).ok().hash(&mut hasher);
            quorate::Storage::term(storage, status.last_index)
                .ok()
                .hash(&mut hasher);
            node.raw.membership().conf_state().hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The same with what is on its way: two worlds alike in this have the same futures, but for clocks.
    pub(crate) fn fingerprint_with_messages(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.fingerprint().hash(&mut hasher);
        self.group.pool.hash(&mut hasher);
        (self.proposed, self.beats, self.waits).hash(&mut hasher);
        hasher.finish()
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.scenario)?;
        for next in &self.moves {
            match next {
                Move::Deliver(from, to, rank) => write!(f, " {from}>{to}.{rank}")?,
                Move::Beat(id) => write!(f, " beat{id}")?,
                Move::Wait(id) => write!(f, " wait{id}")?,
                Move::Change => write!(f, " change")?,
                Move::Leave => write!(f, " leave")?,
                Move::Propose => write!(f, " propose")?,
                Move::Compact => write!(f, " compact")?,
            }
        }
        Ok(())
    }
}

/// The commit index and the configuration of the node that knows of most.
fn newest(group: &Cluster) -> (u64, Membership) {
    let nodes = group
        .nodes
        .values()
        .map(|node| (node.raw.status().applied, node.raw.membership().clone()));
    nodes.max_by_key(|(applied, _)| *applied).expect("three nodes")
}
