//! Random walks: deep where a search is wide.

use quorate_sim::Violation;
use quorate_sim::dice::Dice;

use crate::search::Found;
use crate::system::{Next, System};

/// What a walk came to.
#[derive(Clone, Debug)]
pub struct Walk<M> {
    /// What happened.
    pub trace: Vec<M>,
    /// What is wrong at its end.
    pub violation: Option<Violation>,
}

impl<M> Walk<M> {
    /// What is wrong, and the way there.
    pub fn found(self) -> Option<Found<M>> {
        let trace = self.trace;
        self.violation.map(|violation| Found { violation, trace })
    }
}

/// Any of the moves that are possible, one after the other: at most so many, always the same for a seed.
pub fn walk<S: System>(system: &S, worker: &mut S::Worker, seed: u64, moves: usize) -> Walk<S::Move> {
    let mut dice = Dice::new(seed);
    let mut trace = Vec::new();
    let mut state = match system.initial(worker) {
        Ok(state) => state,
        Err(violation) => {
            let violation = Some(violation);
            return Walk { trace, violation };
        }
    };
    for _ in 0..moves {
        if let Err(violation) = system.check(worker, &state) {
            let violation = Some(violation);
            return Walk { trace, violation };
        }
        let (mut number, mut next) = (0, Vec::new());
        system.successors(worker, &state, &mut |follows| {
            match follows {
                Next::State(state) => next.push((number, Ok(state.to_vec()))),
                Next::Wrong(violation) => next.push((number, Err(violation))),
                Next::Beyond => {}
            }
            number += 1;
        });
        if next.is_empty() {
            break;
        }
        let drawn = dice.below(next.len() as u64);
        let (number, follows) = next.swap_remove(usize::try_from(drawn).unwrap_or(0));
        trace.extend(system.describe(worker, &state, number));
        match follows {
            Ok(next) => state = next,
            Err(violation) => {
                let violation = Some(violation);
                return Walk { trace, violation };
            }
        }
    }
    let violation = system.check(worker, &state).err();
    Walk { trace, violation }
}
