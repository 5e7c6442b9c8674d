//! Many groups in one process that have nothing to do but heartbeats.

use crate::cluster::{Cluster, Network};
use crate::comparison::{Better, Metric, Workload};
use crate::engine::{Engine, Settings};
use crate::workloads::{figure, timed};

const GROUPS: usize = 10_000;

/// Heartbeats every tick, in groups of 3.
#[derive(Clone)]
pub(crate) struct Hosted {
    /// Leaders hold leases.
    pub(crate) lease: bool,
    /// All are ticked first, and then all Readies are handled; or one group is done before the next.
    pub(crate) afterwards: bool,
}

impl Workload for Hosted {
    fn name(&self) -> String {
        let mode = if self.lease { "lease" } else { "plain" };
        let order = if self.afterwards { "afterwards" } else { "at-once" };
        format!("hosted-{mode}-{order}")
    }

    fn about(&self) -> String {
        let mode = if self.lease { ", lease reads" } else { "" };
        let order = if self.afterwards {
            "all ticked, then handled"
        } else {
            "one after the other"
        };
        format!("10,000 idle groups of 3, heartbeats every tick{mode}, {order}")
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric {
            unit: "µs a group a tick",
            better: Better::Less,
            digits: 2,
            exact: false,
        }]
    }

    /// Ticks of a group.
    fn length(&self) -> u64 {
        200_000
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let settings = Settings {
            lease: self.lease,
            ..Settings::new(3)
        };
        let mut network = Network::new();
        let mut groups: Vec<Cluster<E>> = (0..GROUPS).map(|_| Cluster::elected(&settings)).collect();
        for group in &mut groups {
            group.network = Network::new(); // one for all of them is enough
        }
        let mut pass = |ticks: u64| (0..ticks).for_each(|_| self.tick(&mut groups, &mut network));
        pass(20);
        let rounds = (length / figure_of(GROUPS)).max(1);
        let ((), seconds) = timed(|| pass(rounds));
        vec![seconds * 1e6 / figure(rounds * figure_of(GROUPS))]
    }
}

impl Hosted {
    fn tick<E: Engine>(&self, groups: &mut [Cluster<E>], network: &mut Network<E>) {
        let mut settle = |group: &mut Cluster<E>| {
            std::mem::swap(&mut group.network, network);
            group.settle();
            std::mem::swap(&mut group.network, network);
        };
        for group in groups.iter_mut() {
            group.nodes.iter_mut().for_each(E::tick);
            if !self.afterwards {
                settle(group);
            }
        }
        if self.afterwards {
            groups.iter_mut().for_each(settle);
        }
    }
}

fn figure_of(number: usize) -> u64 {
    u64::try_from(number).expect("small")
}
