//! Walks: `IDENTITIES_SEED` is where they begin, `IDENTITIES_WALKS` how many there are.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::judge::{Outcome, judge};
use crate::world::{Founding, World};

#[derive(Debug, Default)]
struct Found {
    walks: u64,
    losses: u64,
    applied: u64,
    in_force: u64,
    idle: u64,
    progress: u64,
    slowest: (u64, u64),
    /// Their seeds.
    unsafe_: Vec<u64>,
    dead: Vec<u64>,
}

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn walk(founding: Founding, seed: u64, found: &mut Found) {
    let mut world = World::new(founding, seed);
    world.rounds(40);
    let steps = 100 + world.dice.roll(500);
    for _ in 0..steps {
        world.happen();
    }
    found.losses += world.losses;
    found.applied += world.history.last();
    found.in_force += u64::from(world.in_force);
    match judge(&mut world) {
        Outcome::Progress(ticks) => {
            found.progress += 1;
            found.slowest = found.slowest.max((ticks, seed));
        }
        Outcome::Dead if world.profile.is_live() => found.dead.push(seed),
        Outcome::Idle | Outcome::Dead => found.idle += 1,
    }
}

fn explore(founding: Founding, walks: u64) -> Found {
    let (begin, walks) = (number("IDENTITIES_SEED", 1), number("IDENTITIES_WALKS", walks));
    let mut found = Found::default();
    for seed in begin..begin + walks {
        found.walks += 1;
        if catch_unwind(AssertUnwindSafe(|| walk(founding, seed, &mut found))).is_err() {
            println!("{founding:?}: not safe with IDENTITIES_SEED={seed} IDENTITIES_WALKS=1");
            found.unsafe_.push(seed);
        }
    }
    println!("{founding:?}: {found:#?}");
    found
}

/// Nothing that was committed is ever lost, and a majority that is well gets a leader.
#[test]
fn a_group_that_is_founded_with_names() {
    let found = explore(Founding::Named, 30);
    assert!(found.unsafe_.is_empty() && found.dead.is_empty(), "{found:?}");
}

#[test]
fn a_group_that_is_named_later() {
    let found = explore(Founding::NamedLater, 30);
    assert!(found.unsafe_.is_empty() && found.dead.is_empty(), "{found:?}");
}
