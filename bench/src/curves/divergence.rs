//! A follower's log has many entries that the leader's has not: how often the leader is refused until
//! it knows where the two part.

use super::Curve;
use crate::cluster::Cluster;
use crate::engine::{Engine, Log, Settings};

/// Entries of the follower that the leader does not have, unless they are varied.
const ENTRIES: u64 = 300_000;

/// Against the number of terms.
pub(super) struct Terms;

impl Curve for Terms {
    const NAME: &'static str = "divergence-terms";
    const TITLE: &'static str = "300,000 divergent entries of so many terms each on the leader and on a follower";
    const X: &'static str = "divergent terms";
    const Y: &'static str = "refused appends";
    const POINTS: &'static [u64] = &[1, 3, 10, 30, 100, 300, 1_000];
    const SAMPLES: usize = 1;
    const LOGARITHMIC: bool = true;

    fn at<E: Engine>(terms: u64) -> Vec<f64> {
        vec![refusals::<E>(ENTRIES, terms)]
    }
}

/// Against the number of entries.
pub(super) struct Entries;

impl Curve for Entries {
    const NAME: &'static str = "divergence-entries";
    const TITLE: &'static str = "so many divergent entries of 10 terms each on the leader and on a follower";
    const X: &'static str = "divergent entries";
    const Y: &'static str = "refused appends";
    const POINTS: &'static [u64] = &[1_000, 3_000, 10_000, 30_000, 100_000, 300_000];
    const SAMPLES: usize = 1;
    const LOGARITHMIC: bool = true;

    fn at<E: Engine>(entries: u64) -> Vec<f64> {
        vec![refusals::<E>(entries, 10)]
    }
}

/// The two logs have ten entries in common, and then change terms at the same places, one the even
/// ones, one the odd ones.
fn refusals<E: Engine>(entries: u64, terms: u64) -> f64 {
    const COMMON: u64 = 10;
    let diverged = |first: u64| {
        let mut runs = vec![(1, COMMON)];
        runs.extend((0..terms).map(|number| (first + 2 * number, entries / terms)));
        Log {
            runs,
            payload: 16,
            committed: COMMON,
        }
    };
    let (stale, led) = (diverged(2), diverged(3));
    let settings = Settings::new(3);
    let open = |id: u64| {
        let log = if id < 3 { &led } else { &stale };
        E::open(id, &settings, E::storage(&settings, log), COMMON)
    };
    let mut cluster = Cluster::<E>::of((1..=3).map(open).collect());
    cluster.elect();
    while cluster.applied(2) <= COMMON + terms * (entries / terms) {
        cluster.tick();
    }
    cluster.agreed();
    f64::from(cluster.rejections)
}
