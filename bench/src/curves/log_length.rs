//! A proposal's cost against the length of the log.

use super::Curve;
use crate::comparison::Workload;
use crate::engine::Engine;
use crate::workloads::LongLog;

pub(super) struct LogLength;

impl Curve for LogLength {
    const NAME: &'static str = "log-length";
    const TITLE: &'static str = "N=3, 256 B, batches of 16, on a log of so many entries that is not cut";
    const X: &'static str = "entries in the log";
    const Y: &'static str = "ns a committed proposal";
    const POINTS: &'static [u64] = &[1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    const SAMPLES: usize = 3;
    const LOGARITHMIC: bool = true;

    fn at<E: Engine>(length: u64) -> Vec<f64> {
        let work = LongLog { entries: length };
        work.sample::<E>(work.length())
    }
}
