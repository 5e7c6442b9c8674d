//! A proposal's cost against the length of the log.

use super::Curve;
use crate::cluster::Cluster;
use crate::engine::{Engine, Log, Settings};
use crate::workloads::{Rounds, figure, timed};

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
        let settings = Settings::new(3);
        let log = Log::committed(length, 0);
        let open = |id| E::open(id, &settings, E::storage(&settings, &log), length);
        let mut cluster = Cluster::<E>::of((1..=settings.nodes).map(open).collect());
        cluster.elect();
        let mut rounds = Rounds::over(cluster, 256, 16).uncut().warm();
        let (proposed, seconds) = timed(|| rounds.run(30_000));
        rounds.check();
        vec![seconds * 1e9 / figure(proposed)]
    }
}
