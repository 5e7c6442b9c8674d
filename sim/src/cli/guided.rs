//! Guided exploration on the command line: sittings side by side, each with its own pool.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Job;
use super::output::say;
use super::seeds::next_of;
use super::sum::Sum;
use crate::Report;
use crate::disk::Disk;
use crate::driver::Driver;
use crate::guided::{Explorer, Find, Path};
use crate::judge::Violation;
use crate::parameters::Parameters;
use crate::workload::Workload;

/// Steps of a sitting. What an explorer knows of, it has to find out: shorter ones see less.
const SITTING: u64 = 5_000_000;
/// The time is looked at after so many.
const PART: u64 = 50_000;

/// What all sittings together came to.
#[derive(Default)]
struct Found {
    sum: Sum,
    finds: Vec<Find>,
    sittings: u64,
}

impl<W, D, C, F> Job<C, F>
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
    C: Fn(u64) -> W + Sync,
    F: Fn() -> D + Clone + Sync + 'static,
{
    /// Whether anything broke.
    pub(super) fn explore(&self) -> bool {
        let began = Instant::now();
        let seeds = Mutex::new(self.arguments.seeds());
        let limit = self.arguments.seconds.map(Duration::from_secs);
        let stop = AtomicBool::new(false);
        let found = Mutex::new(Found::default());
        let is_over = || stop.load(Ordering::Relaxed) || limit.is_some_and(|limit| began.elapsed() > limit);
        let work = || {
            while !is_over() {
                let Some(seed) = next_of(&seeds) else { return };
                let mut explorer = Explorer::new(seed, &self.arguments.profiles(), |drawn: &Parameters| {
                    self.driver(drawn)
                });
                let mut find = None;
                while find.is_none() && explorer.coverage().steps < SITTING && !is_over() {
                    find = explorer.explore(PART);
                }
                stop.fetch_or(self.arguments.fail_fast && find.is_some(), Ordering::Relaxed);
                let Ok(mut found) = found.lock() else { return };
                found.sittings += 1;
                found.sum.coverage.add(explorer.coverage());
                found.finds.extend(find);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.arguments.threads.max(1) {
                scope.spawn(work);
            }
        });
        self.tell_found(&found.into_inner().unwrap_or_default(), began.elapsed())
    }

    fn tell_found(&self, found: &Found, took: Duration) -> bool {
        let what = format!("{} sittings of guided exploration", found.sittings);
        found.sum.print_seen(&what, took);
        for Find { path, violation } in &found.finds {
            say(format_args!("\npath {path}: VIOLATION {violation}"));
            say(format_args!("replay: {} --path {path}", self.program));
        }
        if let Some(find) = found.finds.first().filter(|_| !self.arguments.no_shrink) {
            let report = find.path.go(|parameters| self.recorded(parameters));
            self.cut_down("the first", &find.path.parameters(), report);
        }
        let incomplete = self.arguments.full_coverage && !found.sum.missing().is_empty();
        incomplete || !found.finds.is_empty()
    }

    /// Goes a path again, and does with it what is done with a seed; whether anything broke.
    pub(super) fn go(&self, path: &Path) -> bool {
        let shown = self.arguments.timeline.is_some() || self.arguments.log.is_some();
        let mut report = path.go(|parameters| match self.recorded(parameters) {
            Ok(driver) if shown => Ok(driver.traced()),
            other => other,
        });
        if let Some(trace) = &mut report.trace {
            self.show(&format!("--path {path}"), trace);
        }
        let Report {
            violation: Some(violation),
            ..
        } = &report
        else {
            say(format_args!("path {path}: no violation"));
            return false;
        };
        say(format_args!("path {path}: VIOLATION {violation}"));
        if !self.arguments.no_shrink {
            self.cut_down("it", &path.parameters(), report);
        }
        true
    }

    fn recorded(&self, parameters: &Parameters) -> Result<Driver<W, D>, Violation> {
        self.driver(parameters).map(Driver::recorded)
    }
}
