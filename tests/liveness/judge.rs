//! The end of a world, and whether those who live get anywhere: the network is perfect from then on.

use std::collections::BTreeSet;

use quorate::membership::Membership;
use quorate::quorum::VoteResult;
use quorate::{NodeId, RoleKind};

use crate::support::Cluster;
use crate::world::{End, World};

/// Ticks that the living have: 60 election timeouts.
const PATIENCE: u64 = 600;

/// Who knows of the newest committed configuration, among those who live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Known {
    /// One of its voters.
    ToAVoter,
    /// Not to a voter, but to another node: a learner, or one that was removed.
    ToAnother,
    ToNobody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No majority of the newest configuration lives: nothing is asked.
    NoMajority,
    /// A leader committed something, after so many ticks.
    Progress(Known, u64),
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
        Known::ToAVoter
    } else if knowing.is_empty() {
        Known::ToNobody
    } else {
        Known::ToAnother
    };
    for ticks in 1..=PATIENCE {
        group.tick_all(1);
        make_snapshots(&mut group);
        if makes_progress(&mut group) {
            return Outcome::Progress(known, ticks);
        }
    }
    // What the living committed meanwhile may ask for the dead.
    let newer = group.nodes.values().max_by_key(|node| node.raw.status().applied);
    let newer = newer.map(|node| node.raw.membership().clone());
    if newer.is_some_and(|newer| !has_majority(&group, &newer)) {
        return Outcome::NoMajority;
    }
    Outcome::Dead(known)
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
