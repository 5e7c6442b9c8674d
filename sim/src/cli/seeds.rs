//! Runs many seeds, shows what they saw, and for one that fails how to replay it.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Job;
use super::output::say;
use super::sum::Sum;
use crate::Report;
use crate::disk::Disk;
use crate::judge::Violation;
use crate::parameters::Parameters;
use crate::workload::Workload;

impl<W, D, C, F> Job<C, F>
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
    C: Fn(u64) -> W + Sync,
    F: Fn() -> D + Clone + Sync + 'static,
{
    /// Whether anything broke.
    pub(super) fn run_seeds(&self) -> bool {
        let began = Instant::now();
        let sum = self.run_all(began);
        sum.print(began.elapsed());
        for (seed, report) in &sum.failures {
            self.explain(*seed, report);
        }
        if !self.arguments.no_shrink {
            self.cut_down_first(&sum);
        }
        let incomplete = self.arguments.full_coverage && !sum.missing().is_empty();
        incomplete || !sum.failures.is_empty()
    }

    /// What broke, and how to see it again.
    fn explain(&self, seed: u64, report: &Report) {
        let Some(violation) = &report.violation else { return };
        say(format_args!("\nseed {seed}: VIOLATION {violation}"));
        say(format_args!("{}", self.arguments.parameters(seed)));
        say(format_args!("replay: {} {}", self.program, self.flags_of(seed)));
    }

    fn run_all(&self, began: Instant) -> Sum {
        let seeds = self.arguments.seeds();
        let bar = progress(seeds.size_hint().0 as u64);
        let seeds = Mutex::new(seeds);
        let sum = Mutex::new(Sum::default());
        let limit = self.arguments.seconds.map(Duration::from_secs);
        let work = || loop {
            let Some(seed) = next_of(&seeds) else { return };
            let failed = self.arguments.fail_fast && sum.lock().is_ok_and(|sum| !sum.failures.is_empty());
            let late = failed || limit.is_some_and(|limit| began.elapsed() > limit);
            if late {
                return;
            }
            let report = self.run_one(seed);
            let Ok(mut sum) = sum.lock() else { return };
            sum.add(seed, report);
            bar.set_message(sum.in_words());
            bar.inc(1);
        };
        std::thread::scope(|scope| {
            for _ in 0..self.arguments.threads.max(1) {
                scope.spawn(work);
            }
        });
        bar.finish_and_clear();
        sum.into_inner().unwrap_or_default()
    }

    fn run_one(&self, seed: u64) -> Report {
        let parameters = self.arguments.parameters(seed);
        let wanted = self.arguments.log.is_some() || self.arguments.timeline.is_some();
        let shown = wanted && self.arguments.is_single();
        let mut report = self.simulate(&parameters, shown);
        if let Some(trace) = &mut report.trace {
            self.show(&self.flags_of(seed), trace);
        }
        if self.arguments.twice && self.simulate(&parameters, false).fingerprint != report.fingerprint {
            report.violation = Some(Violation::new("determinism", "two runs of this seed differ"));
        }
        report
    }

    fn simulate(&self, parameters: &Parameters, traced: bool) -> Report {
        let steps = self.arguments.steps;
        match self.driver(parameters) {
            Ok(driver) if traced => driver.traced().run_with_early_end(steps),
            Ok(driver) => driver.run_with_early_end(steps),
            Err(violation) => Report::broken(violation),
        }
    }
}

/// The next seed that nobody took.
pub(super) fn next_of(seeds: &Mutex<impl Iterator<Item = u64>>) -> Option<u64> {
    seeds.lock().ok()?.next()
}

fn progress(seeds: u64) -> ProgressBar {
    let bar = ProgressBar::new(seeds);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} seeds, {per_sec}, {eta} left  {msg}") {
        bar.set_style(style);
    }
    bar
}
