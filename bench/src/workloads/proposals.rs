//! Proposals, committed and applied by every replica: the group's daily work.

use crate::cluster::Cluster;
use crate::comparison::{Better, Metric, Workload};
use crate::engine::{Engine, Settings};
use crate::workloads::{figure, timed};

/// The log is cut after so many.
const BETWEEN_CUTS: u64 = 1000;

/// How many are proposed before anything is measured: the log has its length then.
const WARM_UP: u64 = 4 * BETWEEN_CUTS;

/// Rounds of `batch` proposals each.
#[derive(Clone)]
pub(crate) struct Proposals {
    settings: Settings,
    payload: usize,
    batch: u64,
}

impl Proposals {
    pub(crate) fn new(nodes: u64, payload: usize, batch: u64) -> Self {
        Self {
            settings: Settings::new(nodes),
            payload,
            batch,
        }
    }

    pub(crate) fn with_batch_append(mut self) -> Self {
        self.settings.batch_append = true;
        self
    }

    pub(crate) fn with_late_notice(mut self) -> Self {
        self.settings.late_notice = true;
        self
    }
}

impl Workload for Proposals {
    fn name(&self) -> String {
        let Self {
            settings,
            payload,
            batch,
        } = self;
        let kind = match (settings.batch_append, settings.late_notice) {
            (true, _) => "batching",
            (_, true) => "late-notice",
            (false, false) => "proposals",
        };
        format!("{kind}-n{}-{payload}B-{batch}", settings.nodes)
    }

    fn about(&self) -> String {
        let Self {
            settings,
            payload,
            batch,
        } = self;
        let how = match (settings.batch_append, settings.late_notice) {
            (true, _) => ", raft-rs's append batching on",
            (_, true) => ", commits told with the next append",
            (false, false) => "",
        };
        format!("N={}, {payload} B, batches of {batch}{how}", settings.nodes)
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric {
            unit: "thousand committed proposals a second",
            better: Better::More,
            digits: 0,
            exact: false,
        }]
    }

    fn length(&self) -> u64 {
        if self.payload > 1000 { 30_000 } else { 100_000 }
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let mut rounds = Rounds::<E>::new(&self.settings, self.payload, self.batch);
        let (proposed, seconds) = timed(|| rounds.run(length));
        rounds.check();
        vec![figure(proposed) / seconds / 1e3]
    }
}

/// A group, and who proposes to it.
pub(crate) struct Rounds<E: Engine> {
    cluster: Cluster<E>,
    payload: Vec<u8>,
    batch: u64,
    proposed: u64,
    cut: bool,
}

impl<E: Engine> Rounds<E> {
    pub(crate) fn new(settings: &Settings, payload: usize, batch: u64) -> Self {
        Self::over(Cluster::elected(settings), payload, batch).warm()
    }

    /// With a cluster that has a leader.
    pub(crate) fn over(cluster: Cluster<E>, payload: usize, batch: u64) -> Self {
        Self {
            cluster,
            payload: vec![1; payload],
            batch,
            proposed: 0,
            cut: true,
        }
    }

    /// Past its beginning.
    pub(crate) fn warm(mut self) -> Self {
        self.run(WARM_UP);
        self
    }

    /// The log keeps all that it has.
    pub(crate) fn uncut(mut self) -> Self {
        self.cut = false;
        self
    }

    /// Whole rounds until at least so many are proposed; how many they were.
    pub(crate) fn run(&mut self, proposals: u64) -> u64 {
        let before = self.proposed;
        while self.proposed - before < proposals {
            self.round();
        }
        self.proposed - before
    }

    fn round(&mut self) {
        for _ in 0..self.batch {
            self.proposed += 1;
            let mut payload = self.payload.clone();
            payload[..8].copy_from_slice(&self.proposed.to_le_bytes());
            self.cluster.leader().propose(payload);
        }
        self.cluster.settle();
        if self.cut && self.proposed % BETWEEN_CUTS < self.batch {
            self.cluster.cut();
        }
    }

    /// Everything that was proposed is applied everywhere, after the heartbeats of a tick.
    pub(crate) fn check(&mut self) {
        self.cluster.tick();
        assert_eq!(self.cluster.agreed().0, self.proposed);
    }
}
