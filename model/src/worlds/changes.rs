//! Changes of the configuration.

use quorate::Settings;
use quorate::membership::ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
use quorate::membership::{ConfChangeV2, Transition};

use super::{Named, row};
use crate::budget::Kind;
use crate::event::Event;
use crate::world::{Change, World};

pub(super) const WORLDS: &[Named] = &[
    row("add", "a fourth voter is added while another is elected", add).small(),
    row(
        "remove",
        "two of three voters are removed, one after the other, and something is proposed",
        remove,
    )
    .small(),
    row(
        "remove-leader",
        "the leader is removed, and the others elect another",
        remove_leader,
    )
    .small(),
    row(
        "joint",
        "two voters are replaced at once, and the joint configuration is left",
        joint,
    )
    .small(),
    row(
        "joint-elections",
        "the same with one message more in flight, so that leaders are elected in the joint configuration",
        joint_elections,
    ),
    row("promote", "a learner is promoted", promote).small(),
    row(
        "torn-change",
        "changes in a log whose hard state a crash tore off",
        torn_change,
    ),
    row(
        "torn-change-unproved",
        "torn-change, where a later change does not prove the one before: a node stands two changes behind",
        unproved,
    )
    .small()
    .breaks(),
    row(
        "rejoin",
        "a node is removed, wiped and added again while late answers are under way",
        rejoin,
    )
    .small(),
    row(
        "wipe-named",
        "a disk is lost and replaced, where members are named by their stores",
        wipe_named,
    ),
    row("wipe", "wipe-named without names: what was committed is gone", wipe)
        .small()
        .breaks(),
];

fn add() -> World {
    World::new(3)
        .joiner(4)
        .led_by(1)
        .changes([Change::simple(AddNode, 4)])
        .allow(Kind::Change, 1)
        .allow_at(Kind::Campaign, 1, [2, 3])
        .allow(Kind::Propose, 1)
        .max_term(2)
        .max_in_flight(3)
}

fn remove() -> World {
    World::new(3)
        .led_by(1)
        .changes([Change::simple(RemoveNode, 3), Change::simple(RemoveNode, 2)])
        .allow(Kind::Change, 2)
        .allow(Kind::Propose, 1)
        .allow_at(Kind::Campaign, 1, [2, 3])
        .max_term(2)
        .max_in_flight(3)
}

fn remove_leader() -> World {
    World::new(3)
        .led_by(1)
        .changes([Change::simple(RemoveNode, 1)])
        .allow(Kind::Change, 1)
        .allow(Kind::Campaign, 2)
        .allow(Kind::Propose, 1)
        .max_term(3)
        .max_in_flight(3)
}

fn joint() -> World {
    let swap = [(AddNode, 4), (RemoveNode, 2), (RemoveNode, 3)];
    World::new(3)
        .joiner(4)
        .led_by(1)
        .changes([Change::joint(Transition::JointExplicit, swap), Change::leave()])
        .allow(Kind::Change, 2)
        .allow_at(Kind::Campaign, 1, [2, 3])
        .allow_at(Kind::Propose, 1, [2, 3])
        .max_term(2)
        .max_in_flight(3)
}

/// A candidate asks three others at once, beside what is under way.
fn joint_elections() -> World {
    joint().max_in_flight(4)
}

fn promote() -> World {
    World::new(2)
        .joiner(3)
        .led_by(1)
        .first(1, Event::Change(ConfChangeV2::new([(AddLearnerNode, 3)])))
        .first_settle()
        .changes([Change::simple(AddNode, 3), Change::simple(AddLearnerNode, 2)])
        .allow(Kind::Change, 2)
        .allow(Kind::Campaign, 1)
        .max_term(2)
        .max_in_flight(3)
}

fn torn() -> World {
    World::new(3)
        .led_by(1)
        .changes([Change::simple(RemoveNode, 3), Change::simple(RemoveNode, 2)])
        .allow(Kind::Change, 2)
        .allow_at(Kind::Campaign, 1, [2])
        .allow_at(Kind::Crash, 1, [2])
        .max_term(2)
        .max_in_flight(3)
}

fn torn_change() -> World {
    torn()
}

fn unproved() -> World {
    torn().restarts_with(2, |settings: &mut Settings| {
        settings.mark_checked_changes = false;
        settings.disable_conf_change_validation = true;
    })
}

fn rejoin() -> World {
    World::new(3)
        .led_by(1)
        .changes([Change::simple(RemoveNode, 3), Change::simple(AddNode, 3)])
        .allow(Kind::Change, 2)
        .allow_at(Kind::Propose, 1, [1])
        .allow_at(Kind::Crash, 1, [3])
        .allow_at(Kind::Wipe, 1, [3])
        .max_term(1)
        .max_in_flight(3)
}

fn wiped() -> World {
    World::new(3)
        .led_by(1)
        .first(1, Event::Propose("x".into()))
        .allow_at(Kind::Campaign, 1, [3])
        .allow_at(Kind::Propose, 1, [3])
        .allow_at(Kind::Crash, 1, [2])
        .allow_at(Kind::Wipe, 1, [2])
        .wipes_members()
        .max_term(2)
        .max_in_flight(2)
}

fn wipe() -> World {
    wiped()
}

fn wipe_named() -> World {
    wiped()
        .named()
        .changes([Change::simple(RemoveNode, 2), Change::simple(AddNode, 2)])
        .allow(Kind::Change, 2)
}
