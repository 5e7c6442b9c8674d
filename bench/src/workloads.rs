//! All workloads that compare the two libraries.

mod allocations;
mod proposals;

use std::time::Instant;

use self::proposals::Proposals;
use crate::comparison::Comparison;

/// All of them, in the order of the table. To add one: a file with a `Workload`, and a line here.
pub(crate) fn all() -> Vec<Comparison> {
    let sizes = [16, 256, 4096].map(|payload| [1, 16, 256].map(|batch| Proposals::new(3, payload, batch)));
    let proposals = sizes.into_iter().flatten().chain([Proposals::new(5, 256, 16)]);
    let merged = [16, 256].map(|batch| Proposals::new(3, 256, batch).with_batch_append());
    let allocations = [1, 16, 256].map(allocations::Allocations::new);
    let mut all: Vec<_> = proposals.chain(merged).map(|work| Comparison::of(&work)).collect();
    all.extend(allocations.iter().map(Comparison::of));
    all
}

/// What it gives, and the seconds it takes.
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let done = work();
    (done, begin.elapsed().as_secs_f64())
}

/// A number for a table.
#[expect(clippy::cast_precision_loss, reason = "a figure for the reader")]
pub(crate) fn figure(number: u64) -> f64 {
    number as f64
}
