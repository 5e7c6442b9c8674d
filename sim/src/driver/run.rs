//! A run from its beginning to its end, and what is reported of it.

use super::{Driver, Report};
use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::member::Member;
use crate::panics::caught;
use crate::parameters::Parameters;
use crate::workload::Workload;

/// Of a million turns: the rates change too.
const RATES: u64 = 400_000;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// Takes so many steps, then heals a majority and waits for it to agree, and judges.
    ///
    /// Clients that panic break a property, as all other code that panics.
    pub fn run(mut self, steps: u64) -> Report {
        match self.take(steps) {
            Ok(()) => self.finish(),
            Err(violation) => self.report(Some(violation), 0),
        }
    }

    /// The same, but that in half of the seeds a copy of the run ends before that, too: so a group is found that cannot
    /// recover at some moment, and can later. This is what the command line does.
    pub fn run_with_early_end(mut self, steps: u64) -> Report
    where
        W: Clone,
        D: Clone,
    {
        let dice = &mut Dice::new(self.parameters.seed ^ 0x65_6172_6c79);
        if dice.chance_per_million(500_000) {
            let early = dice.below(steps.max(1));
            if let Err(violation) = self.take(early) {
                return self.report(Some(violation), 0);
            }
            let copied = caught(|| "clone()".to_owned(), || Ok(self.clone()));
            let report = match copied {
                Ok(copy) => copy.finish(),
                Err(violation) => return self.report(Some(violation), 0),
            };
            if report.violation.is_some() {
                return report;
            }
            return self.run(steps - early);
        }
        self.run(steps)
    }

    /// Takes so many steps more.
    pub(crate) fn take(&mut self, steps: u64) -> Verdict {
        caught(
            || "a client".to_owned(),
            || (0..steps).try_for_each(|_| self.take_one()),
        )
    }

    /// Heals a majority and waits for it to agree, and judges.
    pub(crate) fn finish(mut self) -> Report {
        let recovery = caught(|| "a client".to_owned(), || self.recover());
        let mut judged = || caught(|| "verdict()".to_owned(), || self.workload.verdict());
        let verdict = recovery.clone().and_then(|_| judged());
        self.report(verdict.err(), recovery.unwrap_or(0))
    }

    /// From here on other dice, and perhaps other rates of what goes wrong.
    pub(crate) fn turn(&mut self, seed: u64) {
        self.dice = Dice::new(seed);
        if self.dice.chance_per_million(RATES) {
            let other = Parameters::draw(self.dice.number(), self.parameters.profile);
            self.parameters.take_rates(&other);
        }
    }

    /// What was seen so far.
    pub(crate) fn seen(&self) -> Coverage {
        let mut coverage = *self.cluster.coverage();
        coverage.simulated_us = self.clock.now;
        let nodes = self.cluster.members.iter().filter_map(Member::node);
        coverage.reads_by_lease += nodes.map(|node| node.counters().reads_by_lease).sum::<u64>();
        coverage.steps = self.steps;
        coverage
    }

    pub(crate) fn report(mut self, violation: Option<Violation>, recovery_us: u64) -> Report {
        let coverage = self.seen();
        if let Some(trace) = &mut self.cluster.trace {
            trace.end(self.clock.now, violation.as_ref());
        }
        Report {
            fingerprint: self.cluster.fingerprint(),
            coverage,
            violation,
            steps: self.recording.unwrap_or_default(),
            trace: self.cluster.trace,
            recovery_us,
        }
    }
}
