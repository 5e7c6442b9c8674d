//! Any sequence of calls, on any group, keeps what Raft promises (Figure 3 of the paper), answers
//! reads linearizably, and leaves the group able to go on.

#[path = "properties/action.rs"]
mod action;
#[path = "properties/episode.rs"]
mod episode;
#[path = "properties/explained.rs"]
mod explained;
#[path = "properties/history.rs"]
mod history;
#[path = "properties/member.rs"]
mod member;
#[path = "properties/tables.rs"]
mod tables;
#[path = "properties/world.rs"]
mod world;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use quorate::{NodeId, Proposed, Storage};

use self::action::{Action, NODES, Setup, actions, contested, setup};
use self::episode::reigns;
use self::explained::Tried;
use self::world::World;

/// Ticks within which a healed group must have elected a leader and committed something.
const PATIENCE: u64 = 400;

proptest! {
    #[test]
    fn any_sequence_of_calls_is_safe_and_what_follows_is_live(setup in setup(), actions in actions()) {
        run(&setup, actions);
    }
}

proptest! {
    // Long stories: fewer are enough.
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases / 2))]

    /// The same where leaders replace each other before they have committed what they took: what became of it?
    #[test]
    fn every_proposal_has_one_fate_which_is_true(setup in contested(), actions in reigns()) {
        run(&setup, actions);
    }
}

fn run(setup: &Setup, actions: Vec<Action>) {
    let mut world = World::new(setup);
    for action in actions {
        world.act(action);
    }
    heal(&mut world);
    if someone_can_win(&world) {
        let leader = commit_something(&mut world);
        answer_reads(&mut world, leader);
        let members = world.members[&leader].raw.membership().members();
        let waits = |id: &NodeId| !world.members[id].tables.is_empty();
        assert!(!members.iter().any(waits), "nothing waits any more");
    }
    world.history.check_fates();
}

/// Does all this, and puts every explanation of every node to the test on a copy of that node.
fn explain_all(setup: &Setup, actions: Vec<Action>, tried: &mut Tried) {
    let mut world = World::new(setup);
    for action in actions {
        world.act(action);
        for member in world.members.values() {
            explained::check(&member.raw, tried);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_a_node_says_of_itself_is_so(setup in setup(), actions in actions()) {
        explain_all(&setup, actions, &mut Tried::default());
    }
}

/// The same few groups each time: there every kind of explanation is put to the test.
#[test]
fn every_kind_of_explanation_is_put_to_the_test() {
    let (mut runner, mut tried) = (TestRunner::deterministic(), Tried::default());
    for _ in 0..32 {
        let (setup, actions) = (setup(), actions())
            .new_tree(&mut runner)
            .expect("nothing is filtered")
            .current();
        explain_all(&setup, actions, &mut tried);
    }
    assert!(tried.all(), "{tried:?}");
    println!("{tried:?}");
}

/// The network works again, and everybody restarts.
fn heal(world: &mut World) {
    world.act(Action::Heal);
    for id in 1..=NODES {
        world.restart(id, id % 2 == 0, |config| {
            config.settings_mut().step_down_on_removal = true;
        });
    }
    world.settle();
}

/// Whether some voter's log is good enough for a quorum of the configuration it knows. A
/// configuration counts when it is applied, so that a node which was removed and does not vote for
/// itself any more can have the longest log, and the rest may need its vote.
fn someone_can_win(world: &World) -> bool {
    let last = |id: NodeId| {
        let storage = world.members.get(&id)?.raw.storage();
        let index = storage.last_index().ok()?;
        Some((storage.term(index).ok()?, index))
    };
    world.members.iter().any(|(id, member)| {
        let voters = member.raw.membership().voters();
        let granted = |voter| Some(last(voter) <= last(*id));
        voters.contains(*id) && voters.vote_result(granted) == quorate::quorum::VoteResult::Won
    })
}

/// A leader emerges, and what it is given reaches every member.
fn commit_something(world: &mut World) -> NodeId {
    let mut proposed = None;
    for _ in 0..PATIENCE {
        world.act(Action::TickAll);
        world.settle();
        let Some(leader) = world.leader() else { continue };
        if let Some((index, term)) = proposed {
            let has = |id: &NodeId| world.members[id].seen.get(index).is_none_or(|id| id.term == term);
            let applied = |id: &NodeId| world.members[id].state.index >= index && has(id);
            let members = world.members[&leader].raw.membership().members();
            if members.iter().all(applied) {
                return leader;
            }
        }
        if let Ok(Proposed::At { term, index }) = world.propose(leader, 9) {
            proposed = Some((index, term));
            world.settle();
        }
    }
    panic!("nothing commits within {PATIENCE} ticks");
}

/// Every read comes back, be it refused.
fn answer_reads(world: &mut World, leader: NodeId) {
    (1..=NODES).for_each(|id| world.read(id, None));
    for _ in 0..20 {
        world.act(Action::TickAll);
        world.settle();
    }
    for (id, member) in &world.members {
        assert!(
            member.reads.is_empty(),
            "node {id} waits for {:?}, node {leader} leads",
            member.reads
        );
    }
}
