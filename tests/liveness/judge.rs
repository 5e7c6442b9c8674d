//! The end of a world, and whether those who live get anywhere: the network is perfect from then on.

use std::collections::BTreeSet;

use quorate::NodeId;
use quorate::membership::Membership;
use quorate::quorum::VoteResult;
use quorate::status::RoleKind;

use crate::support::Cluster;
use crate::world::{End, World};

/// Ticks that the living have: 60 election timeouts.
const PATIENCE: u64 = 600;

/// Who knows of the newest committed configuration, among those who live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Known {
    /// One of its voters.
    Voter,
    /// Not to one of them, but to a node that a living voter, going by the configuration that it has, asks for votes.
    OldVoter,
    /// To others only, whom nobody asks: learners.
    Learner,
    Nobody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No majority of the newest configuration lives: nothing is asked.
    NoMajority,
    /// A leader committed something, after so many ticks; and the first leader came after so many.
    Progress(Known, u64, u64),
    Dead(Known),
}

pub(crate) fn judge(world: &World, end: End) -> Outcome {
    let mut group = world.group.clone();
    group.pool.clear();
    match end {
        End::AllWell => {}
        End::Dies(id) => {
            group.nodes.remove(&id);
        }
        End::Restarts(id) => {
            group.restart(id);
            group.drain(id);
        }
    }
    let newest = &world.newest.1;
    if !has_majority(&group, newest) {
        return Outcome::NoMajority;
    }
    let knows = |id: &NodeId| group.raw(*id).membership().conf_state() == newest.conf_state();
    let knowing: Vec<NodeId> = group.nodes.keys().copied().filter(knows).collect();
    let known = if knowing.iter().any(|id| newest.is_voter(*id)) {
        Known::Voter
    } else if knowing.is_empty() {
        Known::Nobody
    } else if knowing.iter().any(|id| is_asked(&group, newest, *id)) {
        Known::OldVoter
    } else {
        Known::Learner
    };
    let mut led = None;
    for ticks in 1..=PATIENCE {
        group.tick_all(1);
        if group.leader().is_some() {
            led = led.or(Some(ticks));
        }
        make_snapshots(&mut group);
        if makes_progress(&mut group) {
            return Outcome::Progress(known, ticks, led.unwrap_or(ticks));
        }
    }
    // What the living committed meanwhile may ask for the dead.
    let newer = group
        .nodes
        .values()
        .filter(|node| node.raw.status().applied > world.newest.0);
    let newer = newer.max_by_key(|node| node.raw.status().applied);
    if newer.is_some_and(|node| !has_majority(&group, node.raw.membership())) {
        return Outcome::NoMajority;
    }
    Outcome::Dead(known)
}

/// Whether one of these voters that lives counts the node among its own voters.
fn is_asked(group: &Cluster, newest: &Membership, id: NodeId) -> bool {
    let mut asking = group.nodes.iter().filter(|(voter, _)| newest.is_voter(**voter));
    asking.any(|(_, node)| node.raw.membership().is_voter(id))
}

/// Applications make snapshots when they are asked for one, so that whoever needs one gets it.
fn make_snapshots(group: &mut Cluster) {
    if let Some(leader) = group.leader() {
        let status = group.raw(leader).status();
        let first = quorate::Storage::first_index(group.raw(leader).storage()).expect("a sound store");
        if status.applied >= first {
            group.compact(leader);
        }
    }
}

fn has_majority(group: &Cluster, membership: &Membership) -> bool {
    let living: BTreeSet<NodeId> = group.nodes.keys().copied().collect();
    membership.voters().vote_result(|id| Some(living.contains(&id))) == VoteResult::Won
}

/// Whether there is a leader whose proposal is committed.
fn makes_progress(group: &mut Cluster) -> bool {
    let Some(leader) = group.leader() else {
        return false;
    };
    let Ok(proposed) = group.node(leader).propose("y") else {
        return false;
    };
    let _ = proposed;
    let index = group.raw(leader).status().last_index;
    group.settle();
    group.role(leader) == RoleKind::Leader && group.committed(leader) >= index
}
