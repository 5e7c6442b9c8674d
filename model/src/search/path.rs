//! The way to a state: states are kept with their parents, and moves are found again.

use quorate_sim::Violation;

use super::Found;
use super::known::{Known, StateId};
use crate::system::{Next, System};

/// The moves that lead from the first state to `parent`, and from there to what is wrong.
pub(super) fn trace<S: System>(
    system: &S,
    worker: &mut S::Worker,
    known: &Known,
    (parent, state, violation): (StateId, Option<StateId>, Violation),
) -> Found<S::Move> {
    let mut way = vec![parent];
    let mut at = parent;
    while known.parent(at) != StateId::NONE {
        at = known.parent(at);
        way.push(at);
    }
    way.reverse();
    let mut trace = Vec::new();
    let Ok(mut here) = system.initial(worker) else {
        return Found { violation, trace };
    };
    // States that stand for others are followed by what happens in the one that was really reached.
    for next in way.iter().skip(1).chain(&state) {
        let wanted = known.get(*next);
        let Some((by, there)) = step(system, worker, &here, wanted) else {
            break;
        };
        trace.push(by);
        here = there;
    }
    if state.is_some() {
        let violation = system.check(worker, &here).err().unwrap_or(violation);
        return Found { violation, trace };
    }
    let (mut number, mut last) = (0, None);
    system.successors(worker, &here, &mut |next| {
        if let (Next::Wrong(wrong), None) = (next, &last) {
            last = Some((number, wrong));
        }
        number += 1;
    });
    let Some((number, violation)) = last else {
        return Found { violation, trace };
    };
    trace.extend(system.describe(worker, &here, number));
    Found { violation, trace }
}

/// The move from here to a state that `wanted` stands for.
fn step<S: System>(system: &S, worker: &mut S::Worker, here: &[u32], wanted: &[u32]) -> Option<(S::Move, Vec<u32>)> {
    let (mut number, mut candidates) = (0, Vec::new());
    system.successors(worker, here, &mut |next| {
        if let Next::State(state) = next {
            candidates.push((number, state.to_vec()));
        }
        number += 1;
    });
    let (number, state) = candidates.into_iter().find(|(_, state)| {
        let mut representative = state.clone();
        system.representative(worker, &mut representative);
        representative == wanted
    })?;
    Some((system.describe(worker, here, number)?, state))
}
