//! All workloads that compare the two libraries.

mod allocations;
mod heartbeat;
mod hosted;
mod idle;
mod long_log;
mod memory;
mod proposals;
mod reads;
mod restart;

use std::time::Instant;

use self::allocations::Allocations;
use self::heartbeat::Heartbeat;
use self::hosted::Hosted;
use self::idle::{Crowd, Tick};
use self::memory::Memory;
use self::reads::Reads;
use self::restart::Restart;
use crate::comparison::Comparison;

pub(crate) use self::long_log::LongLog;
pub(crate) use self::proposals::{Proposals, Rounds};

/// All of them, in the order of the table. To add one: a file with a `Workload`, and a line here.
pub(crate) fn all() -> Vec<Comparison> {
    let mut all = Vec::new();
    for payload in [16, 256, 4096] {
        all.extend([1, 16, 256].map(|batch| Comparison::with_floor(&Proposals::new(3, payload, batch))));
    }
    all.push(Comparison::of(&Proposals::new(5, 256, 16)));
    all.extend([16, 256].map(|batch| Comparison::of(&Proposals::new(3, 256, batch).with_batch_append())));
    all.extend([1, 16, 256].map(|batch| Comparison::of(&Proposals::new(3, 256, batch).with_late_notice())));
    all.extend([1, 16, 256].map(|batch| Comparison::with_floor(&Allocations::new(batch))));
    all.push(Comparison::of(&Memory));
    all.extend([false, true].map(|and_has_ready| Comparison::of(&Tick { and_has_ready })));
    all.extend([false, true].map(|and_has_ready| Comparison::of(&Crowd { and_has_ready })));
    all.push(Comparison::of(&Heartbeat));
    for lease in [false, true] {
        all.extend([false, true].map(|afterwards| Comparison::of(&Hosted { lease, afterwards })));
    }
    all.extend([1, 64].map(|batch| Comparison::of(&Reads { batch })));
    all.extend([1 << 20, 1 << 40].map(|page_bytes| Comparison::of(&Restart { page_bytes })));
    all
}

/// What is drawn as a curve, point by point: for `--once`, which is for counting instructions.
pub(crate) fn points() -> Vec<Comparison> {
    let lengths = [1_000, 100_000, 10_000_000];
    lengths
        .map(|entries| Comparison::with_floor(&LongLog { entries }))
        .into()
}

/// What it gives, and the seconds it takes.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begin = Instant::now();
    let done = work();
    (done, begin.elapsed().as_secs_f64())
}

/// A number for a table.
#[expect(clippy::cast_precision_loss, reason = "a figure for the reader")]
pub(crate) fn figure(number: u64) -> f64 {
    number as f64
}
