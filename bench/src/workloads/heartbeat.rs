//! A tick with heartbeats in a group that has nothing else to do.

use crate::cluster::Cluster;
use crate::comparison::{Better, Metric, Workload};
use crate::engine::{Engine, Settings};
use crate::workloads::{figure, timed};

/// All replicas of a group of 3.
#[derive(Clone)]
pub(crate) struct Heartbeat;

impl Workload for Heartbeat {
    fn name(&self) -> String {
        "heartbeat".to_owned()
    }

    fn about(&self) -> String {
        "heartbeat round of a group of 3, all replicas".to_owned()
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric {
            unit: "ns",
            better: Better::Less,
            digits: 0,
            exact: false,
        }]
    }

    fn length(&self) -> u64 {
        100_000
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let mut cluster = Cluster::<E>::elected(&Settings::new(3));
        (0..1000).for_each(|_| cluster.tick());
        let ((), seconds) = timed(|| (0..length).for_each(|_| cluster.tick()));
        vec![seconds * 1e9 / figure(length)]
    }
}
