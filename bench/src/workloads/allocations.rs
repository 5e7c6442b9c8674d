//! What a committed proposal allocates, in the whole group, the caller's own buffer included.

use crate::allocations;
use crate::comparison::{Metric, Workload};
use crate::engine::{Engine, Settings};
use crate::workloads::{Rounds, figure};

/// Rounds of `batch` proposals each.
#[derive(Clone)]
pub(crate) struct Allocations {
    batch: u64,
}

impl Allocations {
    pub(crate) fn new(batch: u64) -> Self {
        Self { batch }
    }
}

impl Workload for Allocations {
    fn name(&self) -> String {
        format!("allocations-{}", self.batch)
    }

    fn about(&self) -> String {
        format!("N=3, 256 B, batches of {}", self.batch)
    }

    fn metrics(&self) -> &'static [Metric] {
        &const {
            [
                Metric::less("allocations a committed proposal", 2, true),
                Metric::less("bytes allocated a committed proposal", 0, true),
            ]
        }
    }

    fn length(&self) -> u64 {
        256_000
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let mut rounds = Rounds::<E>::new(&Settings::new(3), 256, self.batch);
        let (count, bytes) = (allocations::so_far(), allocations::bytes_so_far());
        let proposed = figure(rounds.run(length));
        let (count, bytes) = (allocations::so_far() - count, allocations::bytes_so_far() - bytes);
        rounds.check();
        vec![figure(count) / proposed, figure(bytes) / proposed]
    }
}
