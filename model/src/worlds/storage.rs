//! Snapshots, compaction, and storage that takes its time.

use quorate::membership::ConfChangeKind;

use super::{Named, row};
use crate::budget::Kind;
use crate::event::Event;
use crate::rules::Storing;
use crate::world::{Change, World};

pub(super) const WORLDS: &[Named] = &[
    row(
        "snapshot",
        "a follower that missed what the leader compacted; a crash; another leader",
        snapshot,
    ),
    row(
        "requested",
        "a follower whose state machine asks for a snapshot, beside its log",
        requested,
    ),
    row(
        "slow-disks",
        "anything may happen between a batch and its storage",
        slow_disks,
    ),
    row(
        "async",
        "asynchronous writes: tasks written, synced, acknowledged and applied in their own time",
        asynchronous,
    ),
    row(
        "async-terms",
        "the same while leaders follow one another, the A-B-A race included",
        async_terms,
    ),
    row(
        "async-changes",
        "an only voter adds two learners while its storage and its state machine take their time",
        async_changes,
    )
    .small(),
    row(
        "snapshot-late",
        "a copy of a snapshot arrives when the log that it stands for is there and goes on",
        late,
    ),
];

fn snapshot() -> World {
    World::new(3)
        .first(1, Event::Campaign)
        .allow(Kind::Campaign, 1)
        .allow(Kind::Propose, 1)
        .allow(Kind::Compact, 1)
        .allow(Kind::Crash, 1)
        .allow(Kind::Report, 1)
        .max_term(2)
        .max_in_flight(2)
}

fn requested() -> World {
    World::new(2)
        .led_by(1)
        .allow(Kind::Propose, 1)
        .allow(Kind::Compact, 1)
        .allow(Kind::Request, 1)
        .allow(Kind::Tick, 1)
        .allow(Kind::Crash, 1)
        .max_term(1)
        .max_in_flight(2)
}

fn slow_disks() -> World {
    World::new(3)
        .symmetric()
        .storing(Storing::Later)
        .allow(Kind::Campaign, 2)
        .allow(Kind::Propose, 1)
        .allow(Kind::Crash, 1)
        .max_term(2)
        .max_in_flight(2)
}

fn asynchronous() -> World {
    World::new(2)
        .storing(Storing::Asynchronous)
        .allow(Kind::Campaign, 1)
        .allow(Kind::Propose, 1)
        .allow(Kind::Crash, 1)
        .max_term(1)
        .max_in_flight(2)
}

fn async_terms() -> World {
    World::new(2)
        .storing(Storing::Asynchronous)
        .allow(Kind::Campaign, 2)
        .allow(Kind::Propose, 1)
        .max_term(2)
        .max_in_flight(2)
}

fn async_changes() -> World {
    World::new(1)
        .joiner(2)
        .joiner(3)
        .storing(Storing::Asynchronous)
        .changes([2, 3].map(|id| Change::simple(ConfChangeKind::AddLearnerNode, id)))
        .allow_at(Kind::Campaign, 1, [1])
        .allow(Kind::Change, 2)
        .crowded()
        .max_term(1)
        .max_in_flight(0)
}

fn late() -> World {
    World::new(3)
        .led_by(1)
        .first(1, Event::Propose("early".into()))
        .first_silence()
        .allow_at(Kind::Propose, 1, [1])
        .allow_at(Kind::Compact, 1, [1])
        .allow_at(Kind::Tick, 2, [1])
        .allow(Kind::Duplicate, 1)
        .allow(Kind::Lose, 1)
        .max_term(1)
        .max_in_flight(3)
}
