//! The checker itself, on systems whose states can be counted by hand.

use quorate_model::{Limits, Next, System, search, walk};
use quorate_sim::{Verdict, Violation};

/// A walker on a grid, who goes right or up, one step at a time; one place may be forbidden, and one step.
struct Grid {
    size: u32,
    forbidden: Option<[u32; 2]>,
    /// From here, by a step up.
    trap: Option<[u32; 2]>,
    /// Whether a place and its mirror image are the same.
    mirrored: bool,
}

const OPEN: Grid = Grid {
    size: 40,
    forbidden: None,
    trap: None,
    mirrored: false,
};

impl System for Grid {
    type Worker = ();
    type Move = &'static str;

    fn worker(&self) {}

    fn initial(&self, (): &mut ()) -> Result<Vec<u32>, Violation> {
        Ok(vec![0, 0])
    }

    fn fingerprint(&self, (): &mut (), state: &[u32]) -> u64 {
        let [x, y] = [state[0], state[1]].map(u64::from);
        (x << 32 | y).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    fn check(&self, (): &mut (), state: &[u32]) -> Verdict {
        let mirrored = [state[1], state[0]];
        let forbidden = |place: [u32; 2]| *state == place || self.mirrored && mirrored == place;
        match self.forbidden.filter(|place| forbidden(*place)) {
            Some(place) => Err(Violation::new("stays away", format!("{place:?}"))),
            None => Ok(()),
        }
    }

    fn successors(&self, (): &mut (), state: &[u32], each: &mut dyn FnMut(Next<'_>)) {
        for axis in [0, 1] {
            if self.trap == Some([state[0], state[1]]) && axis == 1 {
                each(Next::Wrong(Violation::new("steps well", "into the trap")));
                continue;
            }
            let mut next = state.to_vec();
            next[axis] += 1;
            each(if next[axis] > self.size {
                Next::Beyond
            } else {
                Next::State(&next)
            });
        }
    }

    fn describe(&self, (): &mut (), _: &[u32], successor: usize) -> Option<&'static str> {
        ["right", "up"].get(successor).copied()
    }

    fn representative(&self, (): &mut (), state: &mut Vec<u32>) {
        if self.mirrored {
            state.sort_unstable();
        }
    }
}

fn limits(threads: usize) -> Limits {
    Limits {
        threads,
        ..Limits::default()
    }
}

#[test]
fn all_states_are_counted_whatever_the_threads() {
    for threads in [1, 2, 3] {
        let outcome = search(&OPEN, limits(threads));
        assert_eq!((outcome.states, outcome.depth), (41 * 41, 80));
        // Each place is left in two directions, but for those at the edge.
        assert_eq!((outcome.moves, outcome.beyond), (2 * 41 * 40, 2 * 41));
        assert!(outcome.complete && outcome.found.is_none());
    }
}

#[test]
fn a_search_ends_at_its_limit() {
    let outcome = search(
        &OPEN,
        Limits {
            states: 100,
            ..limits(1)
        },
    );
    assert!(!outcome.complete && outcome.states >= 100 && outcome.states < 41 * 41);
}

#[test]
fn a_trace_is_a_shortest_one() {
    for threads in [1, 2] {
        let place = search(
            &Grid {
                forbidden: Some([3, 2]),
                ..OPEN
            },
            limits(threads),
        )
        .found;
        let place = place.expect("a forbidden place");
        assert_eq!(place.violation, Violation::new("stays away", "[3, 2]"));
        assert_eq!(place.trace.len(), 5);
        assert_eq!(place.trace.iter().filter(|step| **step == "up").count(), 2);

        let trap = search(
            &Grid {
                trap: Some([3, 2]),
                ..OPEN
            },
            limits(threads),
        )
        .found
        .expect("a trap");
        assert_eq!((trap.violation.property, trap.trace.len()), ("steps well", 6));
        assert_eq!(trap.trace.last(), Some(&"up"));
    }
}

#[test]
fn who_stands_for_others_is_looked_at_for_all() {
    let mirrored = Grid { mirrored: true, ..OPEN };
    let outcome = search(&mirrored, limits(2));
    assert_eq!((outcome.states, outcome.depth), (41 * 42 / 2, 80));
    // The trace is a way in the system as it is, though only mirror images were kept.
    let found = search(
        &Grid {
            forbidden: Some([3, 2]),
            ..mirrored
        },
        limits(1),
    )
    .found
    .expect("one of two places");
    assert_eq!(found.trace.len(), 5);
}

#[test]
fn walks_are_the_same_for_a_seed() {
    let walked = |seed| walk(&OPEN, &mut (), seed, 50);
    assert_eq!(walked(1).trace, walked(1).trace);
    assert_ne!(walked(1).trace, walked(2).trace);
    let forbidden = Grid {
        forbidden: Some([20, 20]),
        ..OPEN
    };
    let found = (0..200).find_map(|seed| walk(&forbidden, &mut (), seed, 80).found());
    assert_eq!(found.expect("some walk crosses the middle").trace.len(), 40);
}
