//! Promises and leases: time passes, on clocks that differ by a bounded number of ticks.

use quorate::{ReadMode, Settings};

use super::{Named, row};
use crate::budget::Kind;
use crate::world::World;

pub(super) const WORLDS: &[Named] = &[
    row(
        "lease",
        "a lease on clocks that drift as far as the margin allows",
        lease,
    )
    .small(),
    row("lease-long", "the same, for two election timeouts", long),
    row(
        "lease-restart",
        "the same while voters restart with no silence by their settings, but what is stored",
        restart,
    ),
    row("lease-transfer", "the same while leadership is handed over", transfer),
    row("lease-change", "the same while a voter is removed", change),
    row("lease-skew", "clocks drift beyond the margin: two leases", skew)
        .small()
        .breaks(),
    row(
        "lease-silence-0",
        "a store that keeps no promises, and a voter that restarts without silence",
        silence_0,
    )
    .breaks(),
    row(
        "check-quorum",
        "pre-votes and checks of the quorum, time passing in whole election timeouts",
        check_quorum,
    ),
    row(
        "lease-settings",
        "a lease while a voter's election timeout is made shorter as it runs",
        settings,
    ),
    row(
        "lease-last-voter",
        "the leader of two is removed while it holds a lease, and the last voter restarts and stands at once",
        last_voter,
    ),
];

fn timed(settings: &mut Settings) {
    *settings = Settings::default();
    settings.pre_vote = false;
    settings.election_timeout_ticks = 3;
    // Whoever is free to vote need not stand itself at once.
    settings.min_election_timeout_ticks = Some(4);
    settings.read_mode = ReadMode::Lease;
}

/// One leads, and has had no time to ask for promises. What one of the others can do, the other one can.
fn led(skew: u8, ticks: u8) -> World {
    World::new(3)
        .settings(timed)
        .symmetric()
        .led_by(1)
        .clocks(ticks, skew)
        .crowded()
        .allow(Kind::Campaign, 1)
        .max_term(2)
        .max_in_flight(2)
}

fn lease() -> World {
    led(1, 5)
}

fn long() -> World {
    led(1, 6)
}

fn restart() -> World {
    let hasty = |settings: &mut Settings| {
        settings.lease_margin_ticks = 2;
        settings.restart_silence_ticks = Some(0);
    };
    led(1, 4).restart_with(hasty).allow(Kind::Crash, 1)
}

fn transfer() -> World {
    led(1, 4).allow(Kind::Transfer, 1)
}

fn change() -> World {
    use quorate::membership::ConfChangeKind::RemoveNode;
    led(1, 4)
        .changes([crate::world::Change::simple(RemoveNode, 3)])
        .told_apart()
        .allow(Kind::Change, 1)
}

fn skew() -> World {
    led(2, 4)
}

fn silence_0() -> World {
    let without = |settings: &mut Settings| settings.restart_silence_ticks = Some(0);
    led(1, 4)
        .settings(|settings| settings.restart_silence_ticks = Some(3))
        .forgets_promises()
        .restart_with(without)
        .allow(Kind::Crash, 1)
}

fn check_quorum() -> World {
    World::new(3)
        .settings(|settings| {
            *settings = Settings::default();
            settings.election_timeout_ticks = 3;
        })
        .led_by(1)
        .ticks([1, 3])
        .allow(Kind::Tick, 4)
        .allow(Kind::Propose, 1)
        .max_term(2)
        .max_in_flight(3)
}

/// The difference is more than what clocks may be off by: a promise that became shorter shows at once.
fn settings() -> World {
    let longer = |settings: &mut Settings| {
        settings.election_timeout_ticks = 7;
        settings.min_election_timeout_ticks = Some(8);
    };
    led(1, 4)
        .settings(longer)
        .restart_with(|settings| settings.election_timeout_ticks = 3)
        .allow(Kind::Configure, 1)
}

fn last_voter() -> World {
    use quorate::membership::ConfChangeKind::RemoveNode;
    World::new(2)
        .settings(timed)
        .led_by(1)
        .clocks(4, 1)
        .crowded()
        .changes([crate::world::Change::simple(RemoveNode, 1)])
        .allow_at(Kind::Change, 1, [1])
        .allow_at(Kind::Crash, 1, [2])
        .allow_at(Kind::Campaign, 1, [2])
        .max_term(2)
        .max_in_flight(2)
}
