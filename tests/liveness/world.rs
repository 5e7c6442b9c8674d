//! A world: real nodes, and the moves that brought them where they are.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use quorate::NodeId;
use quorate::membership::Membership;
use quorate::message::{Payload, VoteResponse};
use quorate::status::RoleKind;

use crate::profile::Profile;
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
    /// The others wait too, and a node gets their pre-votes, so that it stands in the next term; all at once.
    Stand(NodeId),
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
            let waiting = waiting.filter(|id| self.group.role(*id) != RoleKind::Leader);
            options.extend(waiting.flat_map(|id| [Move::Wait(id), Move::Stand(id)]));
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
                let leave = quorate::membership::ConfChangeV2::leave_joint();
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
                wait(group, id)
            }
            (Move::Stand(id), _) if group.role(id) != RoleKind::Leader => {
                self.waits += 1;
                stand(group, id)
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
        write!(f, "{} :", self.scenario)?;
        for next in &self.moves {
            match next {
                Move::Deliver(from, to, rank) => write!(f, " {from}>{to}.{rank}")?,
                Move::Beat(id) => write!(f, " beat{id}")?,
                Move::Stand(id) => write!(f, " stand{id}")?,
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

/// Whether the node asks for real votes then; what else is on its way stays there.
fn stand(group: &mut Cluster, id: NodeId) -> bool {
    let others: Vec<NodeId> = NODES.into_iter().filter(|other| *other != id).collect();
    for node in others.iter().copied().chain([id]) {
        if group.role(node) != RoleKind::Leader {
            wait(group, node);
        }
    }
    if group.role(id) == RoleKind::PreCandidate {
        let pre_vote = |payload: &Payload| match payload {
            Payload::RequestVote(request) => request.pre_vote,
            Payload::VoteResponse(VoteResponse { pre_vote, .. }) => *pre_vote,
            _ => false,
        };
        let followers: Vec<NodeId> = others
            .into_iter()
            .filter(|other| group.role(*other) != RoleKind::Leader)
            .collect();
        for (from_candidate, peers) in [(true, followers.clone()), (false, followers)] {
            for peer in peers {
                let link = if from_candidate { (id, peer) } else { (peer, id) };
                for message in group.take(|message| (message.from, message.to) == link && pre_vote(&message.payload)) {
                    group.step(message);
                }
                group.drain(link.1);
            }
        }
    }
    group.role(id) == RoleKind::Candidate
}

/// Lets a node wait until it sends something.
fn wait(group: &mut Cluster, id: NodeId) -> bool {
    let before = group.pool.len();
    (0..60).any(|_| {
        group.tick(id, 1);
        group.pool.len() > before
    })
}

impl Move {
    /// As [`World`] writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let id = |rest: &str| rest.parse().ok();
        let deliver = || {
            let (from, rest) = text.split_once('>')?;
            let (to, rank) = rest.split_once('.')?;
            Some(Self::Deliver(id(from)?, id(to)?, rank.parse().ok()?))
        };
        match text {
            "change" => Some(Self::Change),
            "leave" => Some(Self::Leave),
            "propose" => Some(Self::Propose),
            "compact" => Some(Self::Compact),
            _ => (text.strip_prefix("beat").and_then(id).map(Self::Beat))
                .or_else(|| text.strip_prefix("wait").and_then(id).map(Self::Wait))
                .or_else(|| text.strip_prefix("stand").and_then(id).map(Self::Stand))
                .or_else(deliver),
        }
    }
}

impl End {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::all().into_iter().find(|end| format!("{end:?}") == text)
    }
}

/// A world and its end, from a line of text as the search reports it.
pub(crate) fn parse(text: &str) -> Option<(World, End)> {
    let (scenario, rest) = text.split_once(" : ")?;
    let (moves, end) = rest.split_once(" end ")?;
    let profile = Profile::ALL
        .into_iter()
        .find(|profile| scenario.starts_with(&format!("{profile:?} ")))?;
    let scenario = Scenario::all(profile)
        .into_iter()
        .find(|one| one.to_string() == scenario)?;
    let moves: Option<Vec<Move>> = moves.split_whitespace().map(Move::parse).collect();
    Some((World::replay(scenario, &moves?), End::parse(end)?))
}
