//! Time passes, and nothing is to be done.

use std::hint::black_box;

use crate::cluster::Cluster;
use crate::comparison::{Better, Metric, Workload};
use crate::engine::{Engine, Settings};
use crate::workloads::{figure, timed};

const NANOSECONDS: Metric = Metric {
    unit: "ns",
    better: Better::Less,
    digits: 1,
    exact: false,
};

/// One follower that hears of its leader no more, and waits for very long.
#[derive(Clone)]
pub(crate) struct Tick {
    /// Ask it each time whether there is something to do.
    pub(crate) and_has_ready: bool,
}

impl Workload for Tick {
    fn name(&self) -> String {
        if self.and_has_ready { "tick-has-ready" } else { "tick" }.to_owned()
    }

    fn about(&self) -> String {
        let asked = if self.and_has_ready { " + has_ready" } else { "" };
        format!("idle follower: tick{asked}")
    }

    fn metrics(&self) -> &'static [Metric] {
        &[NANOSECONDS]
    }

    fn length(&self) -> u64 {
        10_000_000
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let mut node = follower::<E>();
        let mut busy = 0_u64;
        let ((), seconds) = timed(|| {
            for _ in 0..length {
                black_box(&mut node).tick();
                if self.and_has_ready {
                    busy += u64::from(black_box(&node).has_ready());
                }
            }
        });
        assert_eq!(busy, 0);
        vec![seconds * 1e9 / figure(length)]
    }
}

/// Many of them, each of a group of its own, so that they are not at hand in the cache.
#[derive(Clone)]
pub(crate) struct Crowd {
    /// Ask each of them whether there is something to do.
    pub(crate) and_has_ready: bool,
}

const CROWD: u64 = 10_000;

impl Workload for Crowd {
    fn name(&self) -> String {
        if self.and_has_ready { "crowd-has-ready" } else { "crowd" }.to_owned()
    }

    fn about(&self) -> String {
        let asked = if self.and_has_ready { " and asked has_ready" } else { "" };
        format!("10,000 idle followers ticked{asked} in turn, each")
    }

    fn metrics(&self) -> &'static [Metric] {
        &[NANOSECONDS]
    }

    fn length(&self) -> u64 {
        300
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let mut nodes: Vec<E> = (0..CROWD).map(|_| follower()).collect();
        let mut busy = 0_u64;
        let ((), seconds) = timed(|| {
            for _ in 0..length {
                for node in black_box(&mut nodes) {
                    node.tick();
                    if self.and_has_ready {
                        busy += u64::from(node.has_ready());
                    }
                }
            }
        });
        assert_eq!(busy, 0);
        vec![seconds * 1e9 / figure(length * CROWD)]
    }
}

/// A follower of a group of 3.
fn follower<E: Engine>() -> E {
    Cluster::elected(&Settings::quiet(3)).nodes.swap_remove(1)
}
