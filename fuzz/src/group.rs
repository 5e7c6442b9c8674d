//! Whole groups under the simulator's judges: steered choice by choice, and by lists of steps.

use arbitrary::{Arbitrary, Unstructured};
use quorate_sim::step::Step;
use quorate_sim::{MemoryDisk, StandardMachine, fuzz, standard_clients};

/// Steps of a run; then it recovers.
const STEPS: u64 = 600;

/// Steps of a list that are done at most.
const LISTED: usize = 400;

/// The target `cluster`: the bytes are the dice of a run with clients, faults and all.
pub fn steered(bytes: &[u8]) {
    let run = fuzz::cluster(bytes, STEPS, standard_clients, MemoryDisk::default);
    run.unwrap_or_else(|found| panic!("{found}"));
}

/// The target `calls`: the bytes are calls of the nodes' API, four a call, and nothing else happens.
pub fn listed(bytes: &[u8]) {
    let mut bytes = Unstructured::new(bytes);
    let seed = u64::arbitrary(&mut bytes).unwrap_or(0);
    let mut steps = Vec::new();
    while !bytes.is_empty() && steps.len() < LISTED {
        steps.extend(Step::arbitrary(&mut bytes));
    }
    let run = fuzz::steps::<StandardMachine, _>(seed, &steps, MemoryDisk::default);
    run.unwrap_or_else(|found| panic!("{found}"));
}
