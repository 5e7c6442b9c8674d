//! The project's worlds: those that must fail do, and what is found is found elsewhere too.

use quorate::NodeId;
use quorate_model::worlds::{all, named};
use quorate_model::{Event, Group, Invariant, Kind, Limits, Move, Outcome, System, World, WorldDisk, WorldError};
use quorate_model::{search, trace, walk};
use quorate_sim::Violation;
use quorate_sim::machine::Register;

fn group(world: World) -> Group {
    Group::new(world).expect("a world that makes sense")
}

fn explored(world: World, threads: usize) -> Outcome<Move> {
    let limits = Limits {
        threads,
        states: 2_000_000,
    };
    search(&group(world), limits)
}

fn world(name: &str) -> World {
    (named(name).expect("a world of this name").world)()
}

/// What a world breaks, and by how many moves; and what the simulator says when it does the same.
fn broken(name: &str) -> (&'static str, usize, Option<&'static str>) {
    let group = group(world(name));
    let found = search(&group, Limits::default()).found.expect("something wrong");
    let recording = trace::recording(&group, &found.trace, &found.violation);
    let forgets = group.world().disks_forget_promises();
    let again = recording.replay::<Register, WorldDisk>(move || WorldDisk::new(forgets));
    let text = recording.to_string();
    assert_eq!(text.parse().as_ref(), Ok(&recording), "{text}");
    (
        found.violation.property,
        found.trace.len(),
        again.map(|broken| broken.violation.property),
    )
}

#[test]
fn worlds_that_must_fail_do() {
    let table = [
        ("lease-skew", "promises are kept", Some("promises are kept")),
        // On a store that keeps no promises the simulator lets no node start without its silence.
        ("lease-silence-0", "promises are kept", None),
        // Other settings from a restart on, but for promises, are no step of the simulator.
        ("torn-change-unproved", "elected one change behind at most", None),
        // There a disk that is lost counts for what it held when that was acknowledged.
        ("wipe", "committed is durable on a quorum", None),
    ];
    for (name, property, in_the_simulator) in table {
        let (found, moves, again) = broken(name);
        assert_eq!((found, again), (property, in_the_simulator), "{name}, {moves} moves");
    }
    let breaks: Vec<&str> = all()
        .iter()
        .filter(|world| world.breaks)
        .map(|world| world.name)
        .collect();
    assert_eq!(breaks.len(), table.len(), "{breaks:?}");
}

#[test]
fn a_search_is_the_same_whatever_the_threads() {
    let numbers = |threads| {
        let outcome = explored(world("transfer"), threads);
        (
            outcome.states,
            outcome.moves,
            outcome.beyond,
            outcome.depth,
            outcome.complete,
        )
    };
    assert_eq!(numbers(1), numbers(2));
}

/// Two candidates of one term, and nobody may win against the other.
fn rivals(name: &'static str, holds: impl Fn(&[NodeId]) -> bool + Send + Sync + 'static) -> World {
    let invariant = Invariant::new(name, move |state| {
        let leaders: Vec<NodeId> = state.leaders().map(|leader| leader.id).collect();
        if holds(&leaders) {
            Ok(())
        } else {
            Err(format!("{leaders:?}"))
        }
    });
    World::new(3)
        .allow(Kind::Campaign, 2)
        .allow(Kind::Crash, 1)
        .max_term(2)
        .max_in_flight(3)
        .invariant(invariant)
}

#[test]
fn folded_voters_find_the_same() {
    let apart = explored(rivals("anything", |_| true), 1);
    let folded = explored(rivals("anything", |_| true).symmetric(), 1);
    assert!(apart.complete && folded.complete);
    assert_eq!(apart.depth, folded.depth);
    // Six names for nearly every state.
    assert!(apart.states > 5 * folded.states && apart.states <= 6 * folded.states);

    // Only one of six names breaks this, in the middle of a trace whose names were folded.
    let quiet = |leaders: &[NodeId]| leaders.len() < 2;
    let apart = explored(rivals("one leader", quiet), 1).found.expect("two leaders");
    let folded = explored(rivals("one leader", quiet).symmetric(), 1)
        .found
        .expect("two leaders");
    assert_eq!(apart.trace.len(), folded.trace.len());
    assert_eq!(apart.violation.property, folded.violation.property);
}

#[test]
fn voters_that_are_told_apart_are_not_folded() {
    let refused = [
        World::new(3).settings_at(2, |settings| settings.max_inflight_messages = 1),
        World::new(3).allow_at(Kind::Crash, 1, [2]),
        World::new(3).named(),
        World::new(3).joiner(4),
    ];
    for world in refused {
        assert!(matches!(
            Group::new(world.symmetric()),
            Err(WorldError::NotSymmetric(_))
        ));
    }
}

#[test]
fn worlds_that_make_no_sense_are_refused() {
    let worlds = [
        (World::new(0), WorldError::Nodes(0)),
        (World::new(9), WorldError::Nodes(9)),
        (World::new(u64::MAX), WorldError::Nodes(1000)),
        (World::new(1).joiner(1), WorldError::NotNext(1)),
        (World::new(1).joiner(7), WorldError::NotNext(7)),
        (World::new(1).joiner(2).joiner(2), WorldError::NotNext(2)),
        (
            World::new(3).allow_at(Kind::Campaign, 1, [9]),
            WorldError::UnknownNode(9),
        ),
        (World::new(3).led_by(9), WorldError::UnknownNode(9)),
        (World::new(3).settings_at(9, |_| ()), WorldError::UnknownNode(9)),
        (World::new(3).restarts_with(9, |_| ()), WorldError::UnknownNode(9)),
        (
            World::new(1).settings(|settings| settings.async_storage_writes = true),
            WorldError::Storing(1),
        ),
        (World::new(1).ticks([1, u64::MAX]), WorldError::Ticks(u64::MAX)),
        (
            World::new(1).first(1, Event::Tick(u64::MAX)),
            WorldError::Ticks(u64::MAX),
        ),
    ];
    for (world, expected) in worlds {
        assert_eq!(Group::new(world).err(), Some(expected));
    }
    let twice = World::new(1).restarts_with(1, |_| ());
    let twice = twice.restarts_with(1, |settings| settings.election_timeout_ticks = 0);
    assert!(matches!(Group::new(twice), Err(WorldError::Settings(1, _))));
    let wrong = World::new(1).settings(|settings| settings.heartbeat_interval_ticks = 0);
    assert!(matches!(Group::new(wrong), Err(WorldError::Settings(1, _))));
}

/// What the model does by walks, the simulator does too, and finds nothing wrong with it either.
#[test]
fn walks_are_runs_of_the_simulator() {
    for name in [
        "pair",
        "torn",
        "lossy",
        "snapshot",
        "async",
        "slow-disks",
        "joint",
        "wipe-named",
        "lease",
        "lease-settings",
        "lease-last-voter",
    ] {
        let group = group(world(name));
        let mut memory = group.worker();
        for seed in 0..40 {
            let walked = walk(&group, &mut memory, seed, 60);
            assert_eq!(walked.violation, None, "{name}, seed {seed}");
            let recording = trace::recording(&group, &walked.trace, &Violation::new("nothing", ""));
            let again = recording.replay::<Register, WorldDisk>(WorldDisk::default);
            let again = again.map(|broken| broken.violation);
            assert_eq!(again, None, "{name}, seed {seed}\n{recording}");
        }
    }
}

#[test]
fn a_fault_in_a_users_own_invariant_is_shown_by_the_shortest_way() {
    let learns = Invariant::new("nobody hears of the second entry", |state| {
        let applied = state.members.iter().map(|member| member.applied).max();
        if applied < Some(3) {
            Ok(())
        } else {
            Err(format!("{applied:?} is applied"))
        }
    });
    let world = World::new(2)
        .allow(Kind::Campaign, 1)
        .allow(Kind::Propose, 1)
        .invariant(learns);
    let found = explored(world, 1).found.expect("it is committed");
    // Stand, a request, a vote; propose; an empty entry and its response, for a leader probes first; and the command's.
    assert_eq!(found.trace.len(), 8);
    let first = &found.trace[0];
    assert!(matches!(first, Move::At { happening, .. } if happening.event == Event::Campaign));
}

/// What the figure shows is within the bounds: an entry of term 1 is on a quorum by the leader of term 3, and one that
/// lacks it leads term 4.
#[test]
fn figure_8_is_reached() {
    let figure = Invariant::new("the figure", |state| {
        let members = [1, 2, 3].map(|id| state.member(id).expect("it is there"));
        let [first, second, third] = members;
        let matched = first.led.peers.iter().any(|peer| peer.id == 2 && peer.matched == 3);
        let copied = first.is_leader() && first.seen.term == 3 && matched && second.log.last().term == 1;
        let overtaken = third.is_leader() && third.seen.term == 4 && third.log.term(3) == Some(2);
        if copied && overtaken {
            Err("as in (d)".to_owned())
        } else {
            Ok(())
        }
    });
    let found = explored(world("figure-8").invariant(figure), 1).found;
    assert_eq!(found.expect("(d)").violation.property, "the figure");
}
