//! A proposal's cost against the size of the group.

use super::Curve;
use crate::engine::{Engine, Settings};
use crate::workloads::{Rounds, figure, timed};

pub(super) struct Members;

impl Curve for Members {
    const NAME: &'static str = "members";
    const TITLE: &'static str = "256 B, batches of 16";
    const X: &'static str = "members";
    const Y: &'static str = "ns a committed proposal";
    const POINTS: &'static [u64] = &[1, 3, 5, 7, 9];
    const SAMPLES: usize = 5;
    const LOGARITHMIC: bool = false;

    fn at<E: Engine>(members: u64) -> Vec<f64> {
        let mut rounds = Rounds::<E>::new(&Settings::new(members), 256, 16);
        let (proposed, seconds) = timed(|| rounds.run(50_000));
        rounds.check();
        vec![seconds * 1e9 / figure(proposed)]
    }
}
