//! The cost of a process that hosts many groups of which few have work to do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Curve;
use crate::cluster::{Cluster, Network};
use crate::engine::{Engine, Settings};
use crate::workloads::{figure, timed};

pub(super) struct Groups;

/// One in so many groups is active.
const IDLE_FOR_ONE: u64 = 100;

/// As many active groups as are served at each point, in as many rounds as that takes.
const SERVED: u64 = 20_000;

impl Curve for Groups {
    const NAME: &'static str = "groups";
    const TITLE: &'static str =
        "groups of 3 in one process, heartbeats switched off; in a round a tick passes for all, and 1 % of them commit 256 B";
    const X: &'static str = "groups";
    const Y: &'static str = "ns a round for each active group";
    const POINTS: &'static [u64] = &[10, 100, 1_000, 10_000, 100_000];
    const SAMPLES: usize = 3;
    const LOGARITHMIC: bool = true;

    fn at<E: Engine>(groups: u64) -> Vec<f64> {
        let mut host = Host::<E>::new(groups);
        let active = groups.div_ceil(IDLE_FOR_ONE);
        let rounds = SERVED.div_ceil(active);
        (0..rounds.div_ceil(10)).for_each(|_| host.round());
        let ((), seconds) = timed(|| (0..rounds).for_each(|_| host.round()));
        host.check();
        vec![seconds * 1e9 / figure(rounds * active)]
    }
}

/// Drives all groups. Where a library says when a node next acts by itself, it is told the time only
/// then, or when there is something else for it; where it does not, all are ticked.
struct Host<E: Engine> {
    groups: Vec<Hosted<E>>,
    network: Network<E>,
    now: u64,
    due: BinaryHeap<Reverse<(u64, usize)>>,
    rounds: u64,
}

struct Hosted<E: Engine> {
    cluster: Cluster<E>,
    /// The time that it knows.
    told: u64,
    /// When it next acts by itself.
    due: u64,
}

impl<E: Engine> Host<E> {
    fn new(groups: u64) -> Self {
        let hosted = |_| Hosted {
            cluster: Cluster::elected(&Settings::quiet(3)),
            told: 0,
            due: u64::MAX,
        };
        let mut host = Self {
            groups: (0..groups).map(hosted).collect(),
            network: Network::new(),
            now: 0,
            due: BinaryHeap::new(),
            rounds: 0,
        };
        (0..host.groups.len()).for_each(|which| host.settle(which));
        host
    }

    fn round(&mut self) {
        self.rounds += 1;
        self.now += 1;
        if E::TELLS_DEADLINE {
            self.wake();
        } else {
            self.tick();
        }
        for which in (0..self.groups.len()).step_by(usize::try_from(IDLE_FOR_ONE).expect("small")) {
            self.tell(which);
            self.groups[which].cluster.leader().propose(vec![1; 256]);
            self.settle(which);
            if self.rounds.is_multiple_of(100) {
                self.groups[which].cluster.compact(0);
            }
        }
    }

    fn tick(&mut self) {
        for which in 0..self.groups.len() {
            let mut busy = false;
            for node in &mut self.groups[which].cluster.nodes {
                busy |= node.tick_and_ask();
            }
            if busy {
                self.settle(which);
            }
        }
    }

    fn wake(&mut self) {
        while let Some(&Reverse((due, which))) = self.due.peek().filter(|next| next.0.0 <= self.now) {
            self.due.pop();
            if self.groups[which].due == due {
                self.tell(which);
                self.settle(which);
            }
        }
    }

    /// The group learns what time it is.
    fn tell(&mut self, which: usize) {
        let group = &mut self.groups[which];
        let owed = self.now - group.told;
        group.told = self.now;
        if E::TELLS_DEADLINE && owed > 0 {
            group.cluster.nodes.iter_mut().for_each(|node| node.pass(owed));
        }
    }

    fn settle(&mut self, which: usize) {
        let group = &mut self.groups[which];
        std::mem::swap(&mut group.cluster.network, &mut self.network);
        group.cluster.settle();
        std::mem::swap(&mut group.cluster.network, &mut self.network);
        if E::TELLS_DEADLINE {
            let quiet = group.cluster.nodes.iter().map(E::quiet_ticks).min();
            let due = self.now.saturating_add(quiet.unwrap_or(u64::MAX));
            if group.due != due {
                group.due = due;
                self.due.push(Reverse((due, which)));
            }
        }
    }

    fn check(&self) {
        for (which, group) in self.groups.iter().enumerate() {
            let active = (which as u64).is_multiple_of(IDLE_FOR_ONE);
            let expected = if active { self.rounds } else { 0 };
            assert_eq!(group.cluster.agreed().0, expected);
        }
    }
}
