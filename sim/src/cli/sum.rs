//! What all seeds together came to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::output::say;
use crate::Report;
use crate::coverage::Coverage;

#[derive(Default)]
pub(super) struct Sum {
    pub(super) coverage: Coverage,
    seeds: u64,
    /// By seed.
    pub(super) failures: BTreeMap<u64, Report>,
    slowest_recovery: (u64, u64),
}

impl Sum {
    pub(super) fn add(&mut self, seed: u64, report: Report) {
        self.seeds += 1;
        self.coverage.add(&report.coverage);
        self.slowest_recovery = self.slowest_recovery.max((report.recovery_us, seed));
        if report.violation.is_some() {
            self.failures.insert(seed, report);
        }
    }

    /// What was never seen.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let rows = self.coverage.rows().into_iter();
        rows.filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
    }

    /// `what`: so many of what there were.
    pub(super) fn print_seen(&self, what: &str, took: Duration) {
        say(format_args!("{}", self.coverage));
        let hours = Duration::from_micros(self.coverage.simulated_us).as_secs_f64() / 3600.0;
        say(format_args!(
            "{what}, {hours:.1} simulated hours, {} steps in {:.1} s",
            self.coverage.steps,
            took.as_secs_f64()
        ));
    }

    pub(super) fn print(&self, took: Duration) {
        self.print_seen(&format!("{} seeds", self.seeds), took);
        let (worst, seed) = self.slowest_recovery;
        say(format_args!(
            "slowest recovery: {:.1} simulated seconds (seed {seed})",
            Duration::from_micros(worst).as_secs_f64()
        ));
        let missing = self.missing();
        if !missing.is_empty() {
            say(format_args!("never seen: {}", missing.join(", ")));
        }
    }

    /// For the progress bar.
    pub(super) fn in_words(&self) -> String {
        let seen = &self.coverage;
        format!(
            "{} h simulated; crashes {}, partitions {}, disks {}, lost messages {}; violations {}",
            seen.simulated_us / 3_600_000_000,
            seen.crashes,
            seen.partitions + seen.one_way_partitions + seen.partial_partitions,
            seen.failed_syncs + seen.full_disks + seen.disks_lost,
            seen.dropped,
            self.failures.len()
        )
    }
}
