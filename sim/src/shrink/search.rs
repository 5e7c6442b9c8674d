//! The best candidate so far, and whether another is better.

use super::{Failing, Shrunk, clocks};
use crate::judge::Violation;
use crate::panics;
use crate::parameters::{Parameters, Profile};
use crate::replay::Broken;
use crate::step::Step;

/// What a replay costs beside its steps.
const SETUP: u64 = 20;

/// What it costs to wait in vain for nodes to recover, in steps.
const RECOVERY: u64 = 5_000;

fn cost(steps: &[Step]) -> u64 {
    let waits = matches!(steps.last(), Some(Step::Recover { .. }));
    steps.len() as u64 + SETUP + if waits { RECOVERY } else { 0 }
}

/// Where candidates are tried.
pub(super) trait Bench {
    fn replay(&mut self, parameters: &Parameters, steps: &[Step]) -> Option<Broken>;

    /// The same steps without those that lose messages, and with the others delivered all the same.
    fn without_losses(&mut self, parameters: &Parameters, steps: &[Step]) -> Vec<Step>;
}

pub(super) struct Search<'a> {
    bench: &'a mut dyn Bench,
    best: Shrunk,
    /// Steps that may still be replayed.
    budget: u64,
    /// The property rests on clocks: time passes everywhere or nowhere.
    pub(super) timed: bool,
}

impl<'a> Search<'a> {
    /// `None` if a replay of the whole does not break the property.
    pub(super) fn begin(bench: &'a mut dyn Bench, failing: &Failing, budget: u64) -> Option<Self> {
        let Failing {
            parameters,
            steps,
            violation,
        } = failing;
        let best = Shrunk {
            parameters: parameters.clone(),
            steps: steps.clone(),
            violation: violation.clone(),
            replays: 0,
        };
        let mut search = Self {
            bench,
            best,
            budget: budget.max(cost(steps)),
            timed: rests_on_clocks(parameters, violation),
        };
        search.offer(parameters.clone(), steps.clone()).then_some(search)
    }

    pub(super) fn end(self) -> Shrunk {
        self.best
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.best.steps
    }

    pub(super) fn parameters(&self) -> &Parameters {
        &self.best.parameters
    }

    /// Whether there is nothing left to spend.
    pub(super) fn is_over(&self) -> bool {
        self.budget < cost(&self.best.steps)
    }

    /// Takes the candidate if it breaks the same property.
    pub(super) fn offer(&mut self, parameters: Parameters, mut steps: Vec<Step>) -> bool {
        let cost = cost(&steps);
        if cost > self.budget {
            return false;
        }
        self.budget -= cost;
        self.best.replays += 1;
        match self.bench.replay(&parameters, &steps) {
            Some(broken) if is_alike(&broken.violation, &self.best.violation) => {
                steps.truncate(broken.steps);
                self.best.parameters = parameters;
                self.best.steps = steps;
                self.best.violation = broken.violation;
                true
            }
            _ => false,
        }
    }

    /// The same parameters with other steps.
    pub(super) fn offer_steps(&mut self, steps: Vec<Step>) -> bool {
        steps != self.best.steps && self.offer(self.best.parameters.clone(), steps)
    }

    /// Leaves out the steps for which this says so.
    pub(super) fn offer_without(&mut self, mut out: impl FnMut(usize, &Step) -> bool) -> bool {
        let timed = self.timed;
        let steps = &self.best.steps;
        let leave = |(at, step): &(usize, &Step)| !((!timed || clocks::is_free(step)) && out(*at, step));
        let kept: Vec<Step> = steps
            .iter()
            .enumerate()
            .filter(leave)
            .map(|(_, step)| step.clone())
            .collect();
        self.offer_steps(kept)
    }

    /// Leaves out so many steps from `start` on; where time counts, of ticks only as many as pass at all nodes.
    pub(super) fn offer_cut(&mut self, start: usize, end: usize) -> bool {
        if !self.timed {
            return self.offer_without(|at, _| (start..end).contains(&at));
        }
        let kept = clocks::cut(&self.best.steps, start, end, self.best.parameters.voters);
        self.offer_steps(kept)
    }

    pub(super) fn offer_without_losses(&mut self) -> bool {
        let steps = self.bench.without_losses(&self.best.parameters, &self.best.steps);
        self.offer_steps(steps)
    }
}

/// Leases hold while clocks drift no further than a margin; a step list has no other clocks than its ticks.
fn rests_on_clocks(parameters: &Parameters, violation: &Violation) -> bool {
    let of_leases = match violation.property {
        "leases do not overlap" | "promises are kept" | "a lease rests on a quorum" => true,
        "stale read" => parameters.has_leases(),
        _ => false,
    };
    of_leases && parameters.profile != Profile::LeaseBeyondDrift
}

/// Whether the same is broken, be it elsewhere.
fn is_alike(one: &Violation, other: &Violation) -> bool {
    let same = match one.property {
        // This one stands for many errors, which their words tell apart.
        "no unexpected errors" => words(&one.detail) == words(&other.detail),
        panics::PROPERTY => panics::place(&one.detail) == panics::place(&other.detail),
        _ => true,
    };
    one.property == other.property && same
}

fn words(detail: &str) -> String {
    detail.chars().filter(|char| !char.is_ascii_digit()).collect()
}
