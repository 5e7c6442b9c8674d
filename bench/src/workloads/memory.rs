//! What an idle replica occupies: the value itself and all that it owns, its storage included.

use crate::allocations;
use crate::cluster::Cluster;
use crate::comparison::{Metric, Workload};
use crate::engine::{Engine, Settings};
use crate::workloads::figure;

/// A follower and the leader of a group of 3, after `length` commits and a compaction.
#[derive(Clone)]
pub(crate) struct Memory;

impl Workload for Memory {
    fn name(&self) -> String {
        "memory".to_owned()
    }

    fn about(&self) -> String {
        "one of 3 after 5 commits and a compaction, storage included".to_owned()
    }

    fn metrics(&self) -> &'static [Metric] {
        &const {
            [
                Metric::less("bytes of an idle follower", 0, true),
                Metric::less("bytes of an idle leader", 0, true),
            ]
        }
    }

    fn length(&self) -> u64 {
        5
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let mut cluster = Cluster::<E>::elected(&Settings::new(3));
        for _ in 0..length {
            cluster.leader().propose(vec![1; 16]);
            cluster.settle();
        }
        cluster.compact(0);
        cluster.tick();
        let follower = weight(cluster.nodes.pop());
        let leader = weight(Some(cluster.nodes.swap_remove(0)));
        vec![follower, leader]
    }
}

/// What goes away with it.
fn weight<E>(node: Option<E>) -> f64 {
    let before = allocations::live();
    drop(node);
    figure(size_of::<E>() as u64 + before - allocations::live())
}
