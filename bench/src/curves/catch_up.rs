//! A follower that has nothing of a long log catches up.

use super::Curve;
use crate::allocations;
use crate::cluster::Cluster;
use crate::engine::{Engine, Log, Settings};
use crate::workloads::{figure, timed};

pub(super) struct CatchUp;

impl Curve for CatchUp {
    const NAME: &'static str = "catch-up";
    const TITLE: &'static str = "N=3, one follower so many entries of 64 B behind, until it has applied them";
    const X: &'static str = "entries behind";
    const Y: &'static str = "ms";
    const MORE: &'static [&'static str] = &["MiB at the peak, beyond what stays"];
    const POINTS: &'static [u64] = &[1_000, 10_000, 100_000, 300_000, 1_000_000];
    const SAMPLES: usize = 3;
    const LOGARITHMIC: bool = true;

    fn at<E: Engine>(behind: u64) -> Vec<f64> {
        let (ms, mib) = caught_up::<E>(behind, &Settings::new(3));
        vec![ms, mib]
    }
}

/// The same with fewer messages in flight: it is them that take memory.
pub(super) struct Window;

impl Curve for Window {
    const NAME: &'static str = "catch-up-window";
    const TITLE: &'static str = "N=3, one follower so many entries of 64 B behind, with 16 messages in flight, not 256";
    const X: &'static str = "entries behind";
    const Y: &'static str = "MiB at the peak, beyond what stays";
    const MORE: &'static [&'static str] = &["ms"];
    const POINTS: &'static [u64] = CatchUp::POINTS;
    const SAMPLES: usize = 3;
    const LOGARITHMIC: bool = true;

    fn at<E: Engine>(behind: u64) -> Vec<f64> {
        let mut settings = Settings::new(3);
        settings.inflight = 16;
        let (ms, mib) = caught_up::<E>(behind, &settings);
        vec![mib, ms]
    }
}

/// Milliseconds until the follower has applied all of it; MiB at the peak, beyond what stays.
fn caught_up<E: Engine>(behind: u64, settings: &Settings) -> (f64, f64) {
    let whole = Log::committed(behind, 64);
    // The same configuration, and nothing else.
    let nothing = Log::committed(1, 64);
    let open = |id: u64| {
        let (log, applied) = if id < 3 { (&whole, behind) } else { (&nothing, 1) };
        E::open(id, settings, E::storage(settings, log), applied)
    };
    let mut cluster = Cluster::<E>::of((1..=settings.nodes).map(open).collect());
    let before = allocations::live();
    allocations::forget_peak();
    let ((), seconds) = timed(|| {
        cluster.elect();
        // What did not fit into the window goes on when heartbeats are answered.
        while cluster.applied(2) <= behind {
            cluster.tick();
        }
    });
    let more = allocations::peak() - allocations::live().max(before);
    (seconds * 1e3, figure(more) / f64::from(1 << 20))
}
