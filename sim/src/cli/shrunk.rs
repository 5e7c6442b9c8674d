//! What is done about the first seed that fails: it is cut down, and kept.

use super::Job;
use super::output::say;
use super::shown::beside;
use super::sum::Sum;
use crate::Report;
use crate::disk::Disk;
use crate::parameters::Parameters;
use crate::replay::{Recording, replay_traced};
use crate::shrink::{Failing, Shrunk, shrink_clients};
use crate::timeline::write_page;
use crate::workload::Workload;

/// Seeds whose replay breaks something else, or nothing, before that is given up.
const TRIES: usize = 3;

impl<W, D, C, F> Job<C, F>
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
    C: Fn(u64) -> W + Sync,
    F: Fn() -> D + Clone + Sync + 'static,
{
    /// Cuts down the first seed whose violation a replay finds, and writes down what is left.
    pub(super) fn cut_down_first(&self, sum: &Sum) {
        // What is judged at the end of a run takes longer, and may not be found again.
        let late = |property: &str| ["liveness", "linearizability"].contains(&property);
        let mut seeds: Vec<(bool, u64)> = Vec::new();
        for (seed, report) in &sum.failures {
            match &report.violation {
                Some(violation) if violation.property != "determinism" => seeds.push((late(violation.property), *seed)),
                _ => {}
            }
        }
        seeds.sort_unstable();
        for (_, seed) in seeds.into_iter().take(TRIES) {
            let parameters = self.arguments.parameters(seed);
            let report = self.again(seed, &parameters);
            if self.cut_down(&format!("seed {seed}"), &parameters, report) {
                return;
            }
        }
    }

    /// Whether that run was cut down.
    pub(super) fn cut_down(&self, name: &str, parameters: &Parameters, report: Report) -> bool {
        let Some(failing) = Failing::of(parameters, report) else {
            say(format_args!(
                "\n{name}: not cut down: there is no step that breaks it when the run is recorded"
            ));
            return false;
        };
        let shrunk = shrink_clients(&failing, || (self.clients)(parameters.seed), self.make_disk.clone());
        match &shrunk {
            Some(shrunk) => self.present(name, &failing, shrunk),
            None => say(format_args!(
                "\n{name}: not cut down: its replay does not break the same"
            )),
        }
        shrunk.is_some()
    }

    /// The run once more, recorded; one of many is shown only now.
    fn again(&self, seed: u64, parameters: &Parameters) -> Report {
        let shown = self.arguments.timeline.is_some() && !self.arguments.is_single();
        let mut report = match self.driver(parameters) {
            Ok(driver) if shown => driver.recorded().traced().run_with_early_end(self.arguments.steps),
            Ok(driver) => driver.recorded().run_with_early_end(self.arguments.steps),
            Err(violation) => Report::broken(violation),
        };
        if let Some(trace) = &mut report.trace {
            self.show(&self.flags_of(seed), trace);
        }
        report
    }

    fn present(&self, name: &str, failing: &Failing, shrunk: &Shrunk) {
        say(format_args!(
            "\n{name}: cut down from {} steps and {} voters to {} and {}, with {} replays: {}",
            failing.steps.len(),
            failing.parameters.voters,
            shrunk.steps.len(),
            shrunk.parameters.voters,
            shrunk.replays,
            shrunk.violation
        ));
        self.keep(shrunk);
        self.show_shrunk(shrunk);
    }

    fn keep(&self, shrunk: &Shrunk) {
        let script = Recording::of(shrunk).to_string();
        match &self.arguments.keep {
            None => say(format_args!(
                "as a script, for --replay and for tests/scripts/interaction/:\n\n{script}"
            )),
            Some(path) if self.tell(path, &std::fs::write(path, &script)) => {
                say(format_args!("replay: {} --replay {}", self.program, path.display()));
            }
            Some(_) => {}
        }
    }

    /// A page of what is left, beside that of the whole run.
    fn show_shrunk(&self, shrunk: &Shrunk) {
        let Some(path) = self.arguments.timeline.as_deref().map(beside) else {
            return;
        };
        let Shrunk { parameters, steps, .. } = shrunk;
        let clients = (self.clients)(parameters.seed);
        let (trace, _) = replay_traced(parameters, steps, clients, self.make_disk.clone());
        if self.tell(&path, &write_page(&trace, &path)) {
            say(format_args!("timeline of what is left: {}", path.display()));
        }
    }
}
