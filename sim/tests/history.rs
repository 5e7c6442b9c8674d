//! The judges of client histories: tables of right and wrong ones, agreement with the definition of
//! linearizability on small ones, and large ones within a number of steps.

#[path = "history/atomic.rs"]
mod atomic;
#[path = "history/brute.rs"]
mod brute;
#[path = "history/definition.rs"]
mod definition;
#[path = "history/tables.rs"]
mod tables;

use quorate_sim::history::{DEFAULT_BUDGET, History, Request, Verdict, Violation, append_register, linearizable};

use self::atomic::{Shape, World, altered, with_a_stale_read};

fn violation(history: &History) -> Option<Violation> {
    match linearizable(history, DEFAULT_BUDGET).verdict {
        Verdict::Linearizable => None,
        Verdict::Violated(violation) => Some(violation),
        Verdict::Undecided(keys) => panic!("undecided: {keys:?}"),
    }
}

const TINY: Shape = Shape {
    operations: 6,
    keys: 1,
    clients: 3,
    unknown: 15,
    refused: 5,
    on_lists: 0,
};

const LARGE: Shape = Shape {
    operations: 20_000,
    keys: 8,
    clients: 10,
    unknown: 5,
    refused: 2,
    on_lists: 20,
};

/// All on one key, and much of it without an answer.
const CROWDED: Shape = Shape {
    operations: 4000,
    keys: 1,
    clients: 20,
    unknown: 30,
    ..LARGE
};

#[test]
fn large_histories_take_few_steps() {
    for (shape, at_most) in [
        (LARGE, 60_000),
        (Shape { keys: 1, ..LARGE }, 100_000),
        (CROWDED, 200_000),
    ] {
        let world = World::new(1, shape).run();
        let search = linearizable(&world.history, at_most);
        println!(
            "{} keys, {} clients, {} % unknown: {} steps",
            shape.keys, shape.clients, shape.unknown, search.steps
        );
        assert_eq!(search.verdict, Verdict::Linearizable);
        assert!(search.steps <= at_most);
        for (key, registers) in world.registers {
            assert_eq!(append_register(&world.history, key, &registers.list), Ok(()));
        }
    }
}

#[test]
fn large_wrong_histories_take_few_steps() {
    for keys in [8, 1] {
        let world = World::new(
            2,
            Shape {
                operations: 5000,
                keys,
                on_lists: 0,
                ..LARGE
            },
        )
        .run();
        let history = with_a_stale_read(&world.history);
        let search = linearizable(&history, DEFAULT_BUDGET);
        println!("{keys} keys, one stale read: {} steps", search.steps);
        assert!(search.steps <= 20_000, "{} steps", search.steps);
        let Verdict::Violated(found) = search.verdict else {
            panic!("{search:?}")
        };
        println!("{found}");
        assert_eq!(
            found.completed.last().map(|operation| operation.request),
            Some(Request::Get)
        );
    }
}

#[test]
fn a_search_that_is_too_long_says_so() {
    let world = World::new(3, TINY).run();
    assert_eq!(linearizable(&world.history, 1).verdict, Verdict::Undecided(vec![0]));
    let same = altered(&world.history, |operation| operation.outcome);
    assert_eq!(same, world.history);
}
