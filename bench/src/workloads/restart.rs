//! A node is opened over a long log, none of which is applied.

use crate::allocations;
use crate::comparison::{Metric, Workload};
use crate::engine::{Engine, Log, Settings};
use crate::machine::Machine;
use crate::workloads::{figure, timed};

/// Until all `length` committed entries are handed out, in pages of so many bytes.
#[derive(Clone)]
pub(crate) struct Restart {
    pub(crate) page_bytes: u64,
}

impl Restart {
    fn page(&self) -> &'static str {
        if self.page_bytes > 1 << 30 { "one-page" } else { "pages" }
    }
}

impl Workload for Restart {
    fn name(&self) -> String {
        format!("restart-{}", self.page())
    }

    fn about(&self) -> String {
        format!("restart over 1,000,000 committed entries of 64 B, in {}", self.page().replace('-', " "))
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
            page_bytes: Some(self.page_bytes),
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
