//! Proposals on a log that is long already, and not cut.

use crate::allocations;
use crate::cluster::Cluster;
use crate::comparison::{Metric, Workload};
use crate::engine::{Engine, Log, Settings};
use crate::workloads::{Rounds, figure, timed};

/// So many entries before the first proposal.
#[derive(Clone)]
pub(crate) struct LongLog {
    pub(crate) entries: u64,
}

impl Workload for LongLog {
    fn name(&self) -> String {
        format!("log-length-{}", self.entries)
    }

    fn about(&self) -> String {
        format!("N=3, 256 B, batches of 16, on a log of {} entries", self.entries)
    }

    fn metrics(&self) -> &'static [Metric] {
        &const { [Metric::less("ns a committed proposal", 0, false)] }
    }

    fn length(&self) -> u64 {
        30_000
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let settings = Settings::new(3);
        let log = Log::committed(self.entries, 0);
        let open = |id| E::open(id, &settings, E::storage(&settings, &log), self.entries);
        let mut cluster = Cluster::<E>::of((1..=settings.nodes).map(open).collect());
        cluster.elect();
        let mut rounds = Rounds::over(cluster, 256, 16).uncut().warm();
        // A log that is not cut grows: into memory that a run on a short log has from the run before it,
        // and a run on a long one, whose memory went back to the system, has not.
        allocations::touch();
        let (proposed, seconds) = timed(|| rounds.run(length));
        rounds.check();
        vec![seconds * 1e9 / figure(proposed)]
    }
}
