//! Linearizable reads by `ReadIndex`, asked for at the leader.

use crate::cluster::Cluster;
use crate::comparison::{Better, Metric, Workload};
use crate::engine::{Engine, Settings};
use crate::workloads::{figure, timed};

/// So many reads before anything is delivered.
#[derive(Clone)]
pub(crate) struct Reads {
    pub(crate) batch: usize,
}

impl Workload for Reads {
    fn name(&self) -> String {
        format!("reads-{}", self.batch)
    }

    fn about(&self) -> String {
        format!("N=3, ReadIndex, {} a round", self.batch)
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric {
            unit: "thousand reads a second",
            better: Better::More,
            digits: 0,
            exact: false,
        }]
    }

    fn length(&self) -> u64 {
        200_000
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let mut cluster = Cluster::<E>::elected(&Settings::new(3));
        let mut asked = 0;
        let mut round = || {
            for _ in 0..self.batch {
                asked += 1;
                cluster.leader().read_index(u64::to_le_bytes(asked).to_vec());
            }
            cluster.settle();
            assert_eq!(cluster.reads() as u64, asked);
        };
        (0..100).for_each(|_| round());
        let rounds = length / self.batch as u64;
        let ((), seconds) = timed(|| (0..rounds).for_each(|_| round()));
        vec![figure(rounds * self.batch as u64) / seconds / 1e3]
    }
}
