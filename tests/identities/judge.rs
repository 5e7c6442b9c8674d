//! The end of a walk: the network is perfect from then on, and all nodes run.

use quorate::Storage;
use quorate::membership::Membership;
use quorate::quorum::VoteResult;

use crate::member::Member;
use crate::world::World;

/// Ticks within which there must be a leader that commits: 60 election timeouts.
const PATIENCE: u64 = 600;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No majority of the newest committed configuration has its stores, or none of it knows that configuration.
    Idle,
    /// A leader committed something after so many ticks, and every member has it.
    Progress(u64),
    Dead,
}

fn newest(world: &World) -> Membership {
    Membership::restore(world.history.newest_configuration()).expect("a configuration")
}

/// Whether the node is the member, with its store.
fn is_member(membership: &Membership, member: &Member) -> bool {
    membership.contains(member.who.id)
        && membership
            .identity(member.who.id)
            .is_none_or(|it| it == member.who.identity)
}

fn has_majority(world: &World) -> bool {
    let newest = newest(world);
    let well = |id| Some(world.ids().contains(&id) && is_member(&newest, &world.members[&id]));
    newest.voters().vote_result(well) == VoteResult::Won
}

/// Whether a voter with its store knows the configuration.
fn is_known(world: &World) -> bool {
    let newest = newest(world);
    let voters = world.running().filter(|member| newest.is_voter(member.who.id));
    voters
        .into_iter()
        .any(|member| is_member(&newest, member) && *member.raw.membership() == newest)
}

pub(crate) fn judge(world: &mut World) -> Outcome {
    world.heal();
    lose_few(world);
    settle(world);
    if !has_majority(world) || !is_known(world) {
        return Outcome::Idle;
    }
    let mut proposed = None;
    for ticks in 1..=PATIENCE {
        world.tick_all();
        settle(world);
        make_snapshots(world);
        proposed = proposed.or_else(|| propose(world));
        if proposed.is_some_and(|index| everybody_has(world, index)) {
            return Outcome::Progress(ticks);
        }
        if ticks.is_multiple_of(50) {
            proposed = None;
        }
    }
    // What was committed meanwhile may ask for stores that are lost.
    if !has_majority(world) {
        return Outcome::Idle;
    }
    describe(world);
    Outcome::Dead
}

/// For who looks into it.
fn describe(world: &World) {
    println!("{:?} {:?}", world.profile, newest(world));
    for member in world.members.values() {
        let (status, stopped) = (member.raw.status(), world.stopped.contains(&member.who.id));
        let (configured, applied) = (member.raw.configured_at(), member.applied);
        println!(
            "{:?} stopped: {stopped} applied: {applied} configured: {configured} {:?}",
            member.who,
            member.raw.membership()
        );
        println!("    {status:?}");
    }
}

/// Some nodes are gone for good, so few that a majority can still go on; of the others some start again.
fn lose_few(world: &mut World) {
    if world.dice.once_in(4) {
        return;
    }
    for id in world.ids() {
        if world.dice.once_in(2) {
            world.restart(id);
            world.drain(id, false);
        }
    }
    for id in world.ids() {
        world.stopped.insert(id);
        if !has_majority(world) || !is_known(world) {
            world.stopped.remove(&id);
        }
    }
}

fn settle(world: &mut World) {
    for _ in 0..200 {
        world.flow(false);
        if world.pool.is_empty() {
            return;
        }
    }
}

/// Applications make snapshots when they are asked for one.
fn make_snapshots(world: &mut World) {
    for member in world.members.values_mut().filter(|member| member.leads()) {
        let first = member.raw.storage().first_index().expect("a store that works");
        if member.applied >= first {
            member.compact(true);
        }
    }
}

/// The index of a proposal that a leader took.
fn propose(world: &mut World) -> Option<u64> {
    let leaders = world.running().filter(|member| member.leads());
    let leader = leaders.max_by_key(|member| member.raw.status().hard_state.term)?.who.id;
    let _ = world.call(leader, |raw| raw.propose("the end")).ok()?;
    Some(world.members[&leader].raw.status().last_index)
}

fn everybody_has(world: &World, index: u64) -> bool {
    let newest = newest(world);
    let mut members = world.running().filter(|member| is_member(&newest, member));
    world.history.last() >= index && members.all(|member| member.applied >= index)
}
