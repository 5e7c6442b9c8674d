//! A node is opened over a long log, none of which is applied.

use crate::allocations;
use crate::comparison::{Metric, Workload};
use crate::engine::{Engine, Log, Settings};
use crate::machine::Machine;
use crate::workloads::{figure, timed};

/// Until all `length` committed entries are handed out, in pages of 1 MiB.
#[derive(Clone)]
pub(crate) struct Restart;

impl Workload for Restart {
    fn name(&self) -> String {
        "restart".to_owned()
    }

    fn about(&self) -> String {
        "restart over 1,000,000 committed entries of 64 B".to_owned()
    }

    fn metrics(&self) -> &'static [Metric] {
        &const {
            [
                Metric::less("ms until all are handed out", 1, false),
                Metric::less("MiB more at the peak", 1, false),
            ]
        }
    }

    fn length(&self) -> u64 {
        1_000_000
    }

    fn sample<E: Engine>(&self, length: u64) -> Vec<f64> {
        let settings = Settings {
            page_bytes: Some(1 << 20),
            ..Settings::new(3)
        };
        let storage = E::storage(&settings, &Log::committed(length, 64));
        let mut machine = Machine::default();
        let mut outbox = Vec::new();
        let before = allocations::live();
        allocations::forget_peak();
        let (_node, seconds) = timed(|| {
            let mut node = E::open(1, &settings, storage, 0);
            while node.handle_ready(&mut outbox, &mut machine) {}
            node
        });
        assert_eq!(machine.entries, length);
        let more = allocations::peak() - before;
        vec![seconds * 1e3, figure(more) / f64::from(1 << 20)]
    }
}
