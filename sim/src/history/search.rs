//! The search for an order that explains the answers of a cell.
//!
//! It is our own because the one library there is (`todc-utils` 0.1, unchanged since 2023) neither knows
//! operations without an answer nor stops at a budget, and the testers of model checkers have no memory
//! of what they tried.
//!
//! The algorithm is Wing and Gong's with Lowe's two improvements ("Testing for linearizability", 2017): it
//! goes through calls and answers in time, keeps every *configuration* that is possible so far (what the
//! cell holds, and which of the running operations took effect), each once, and lets an operation take
//! effect only when an answer needs it. The history is wrong when no configuration is left. So memory is
//! bounded by what runs at one time, not by the length of the history.
//!
//! Four things keep the configurations few, and lose nothing:
//!
//! * what no answer depends on is left out ([`Cell::new`]);
//! * a read takes effect as soon as the cell holds what it saw: it changes nothing, and is done with;
//! * a blind write whose value nobody saw takes effect just before another blind write, which hides it;
//! * with unique values, a value is not written over while someone has yet to see it.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::cell::{Cell, Content, Effect};
use super::{Answer, History, Key, Operation, Outcome, Reason, Request, Violation};

/// Enough for tens of thousands of operations a key, as long as few of those that seem lost take effect
/// much later.
pub const DEFAULT_BUDGET: u64 = 1_000_000;

/// How many of the last written values are tried as answers that would have been right.
const SUGGESTIONS: usize = 24;

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Whether the history is linearizable.
    pub verdict: Verdict,
    /// Configurations looked at and effects tried, over all keys. What it took to shorten a wrong history
    /// is not counted.
    pub steps: u64,
}

/// Whether a history is linearizable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Linearizable,
    /// It is not. Where several keys are wrong, this is the one that went wrong first.
    Violated(Violation),
    /// Within the budget no key was found wrong, and these were not decided.
    Undecided(Vec<Key>),
}

/// Judges every cell of a history, with at most `budget` steps each. Operations on lists are not looked
/// at: see [`append_register`](super::append_register).
pub fn linearizable(history: &History, budget: u64) -> Search {
    let mut cells: BTreeMap<Key, Vec<Operation>> = BTreeMap::new();
    for operation in history.operations().iter().filter(|operation| !operation.is_on_list()) {
        cells.entry(operation.key).or_default().push(*operation);
    }
    let mut steps = 0;
    let mut undecided = Vec::new();
    let mut violations = Vec::new();
    for (key, operations) in cells {
        let (decision, taken) = decide(&operations, budget);
        steps += taken;
        match decision {
            Decision::Linearizable => {}
            Decision::Violated => violations.push(shortest(key, &operations, budget)),
            Decision::Undecided => undecided.push(key),
        }
    }
    let first = violations
        .into_iter()
        .min_by_key(|violation| violation.completed.last().and_then(Operation::answered_at));
    let verdict = match first {
        Some(violation) => Verdict::Violated(violation),
        None if undecided.is_empty() => Verdict::Linearizable,
        None => Verdict::Undecided(undecided),
    };
    Search { verdict, steps }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    Linearizable,
    Violated,
    Undecided,
}

/// Judges the operations on one cell, in the order of their calls, and says how many steps it took.
fn decide(operations: &[Operation], budget: u64) -> (Decision, u64) {
    let cell = Cell::new(operations);
    let mut sweep = Sweep::new(&cell, budget);
    let decision = sweep.run().unwrap_or(Decision::Undecided);
    (decision, sweep.steps)
}

/// One thing that can have happened so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Configuration {
    holds: Content,
    /// The running steps that took effect, in ascending order.
    done: Vec<usize>,
}

impl Configuration {
    fn has(&self, step: usize) -> bool {
        self.done.binary_search(&step).is_ok()
    }

    fn add(&mut self, step: usize) {
        if let Err(at) = self.done.binary_search(&step) {
            self.done.insert(at, step);
        }
    }

    fn remove(&mut self, step: usize) -> bool {
        let found = self.done.binary_search(&step);
        found.is_ok_and(|at| self.done.remove(at) == step)
    }
}

/// The budget is spent.
struct Spent;

/// Goes through a cell's history in time.
struct Sweep<'a> {
    cell: &'a Cell,
    now: u64,
    /// Steps that were called and have no answer yet, in the order of their calls.
    running: Vec<usize>,
    /// What can have happened so far.
    frontier: BTreeSet<Configuration>,
    steps: u64,
    budget: u64,
}

impl<'a> Sweep<'a> {
    fn new(cell: &'a Cell, budget: u64) -> Self {
        Self {
            cell,
            now: 0,
            running: Vec::new(),
            frontier: BTreeSet::from([Configuration::default()]),
            steps: 0,
            budget,
        }
    }

    fn run(&mut self) -> Result<Decision, Spent> {
        let steps = self.cell.steps.iter().enumerate();
        let calls = steps.clone().map(|(at, step)| (step.called, at, false));
        let answers = steps.filter_map(|(at, step)| Some((step.answered?, at, true)));
        let mut events: Vec<_> = calls.chain(answers).collect();
        events.sort_unstable();
        for (now, step, answered) in events {
            self.now = now;
            if answered {
                self.answered(step)?;
                self.forget();
            } else {
                self.called(step);
            }
            if self.frontier.is_empty() {
                return Ok(Decision::Violated);
            }
        }
        Ok(Decision::Linearizable)
    }

    fn called(&mut self, step: usize) {
        self.running.push(step);
        if let Effect::Read(content) = self.cell.steps[step].effect {
            let frontier = mem::take(&mut self.frontier).into_iter();
            self.frontier = (frontier.map(|mut one| {
                if one.holds == content {
                    one.add(step);
                }
                one
            }))
            .collect();
        }
    }

    /// Keeps the configurations in which the step took effect, and those that come of the others if what
    /// runs takes effect in some order, until it did.
    fn answered(&mut self, step: usize) -> Result<(), Spent> {
        let mut todo: Vec<_> = mem::take(&mut self.frontier).into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(mut one) = todo.pop() {
            self.spend()?;
            if one.remove(step) {
                self.frontier.insert(one);
                continue;
            }
            for at in 0..self.running.len() {
                let other = self.running[at];
                if one.has(other) || self.cell.steps[other].effect.writes().is_none() {
                    continue; // a read took effect already if it could
                }
                self.spend()?;
                let next = self.take_effect(&one, other);
                // not a dead end: either that was it, or another write may follow
                let next = next.filter(|next| next.has(step) || self.cell.may_go(next.holds, self.now));
                todo.extend(next.filter(|next| seen.insert(next.clone())));
            }
        }
        self.running.retain(|&other| other != step);
        Ok(())
    }

    fn spend(&mut self) -> Result<(), Spent> {
        self.steps += 1;
        if self.steps > self.budget { Err(Spent) } else { Ok(()) }
    }

    /// The configuration after a write took effect, and every read that sees it; none if it cannot.
    fn take_effect(&self, one: &Configuration, step: usize) -> Option<Configuration> {
        let effect = self.cell.steps[step].effect;
        let fits = effect.sees().is_none_or(|content| content == one.holds);
        let missed = |other: usize| other != step && !one.has(other) && self.cell.must_see(other, one.holds);
        if !fits || !self.cell.may_go(one.holds, self.now) || self.running.iter().any(|&other| missed(other)) {
            return None;
        }
        let mut next = one.clone();
        next.holds = effect.writes();
        next.add(step);
        let blind = matches!(effect, Effect::Write(_));
        for &other in &self.running {
            let reads = self.cell.steps[other].effect == Effect::Read(next.holds);
            if reads || blind && self.cell.steps[other].unseen {
                next.add(other);
            }
        }
        Some(next)
    }

    /// An unknown operation that took effect in every configuration cannot do so again: it is over.
    fn forget(&mut self) {
        let Some(mut over) = self.frontier.first().map(|one| one.done.clone()) else {
            return;
        };
        over.retain(|&step| self.cell.steps[step].answered.is_none());
        over.retain(|&step| self.frontier.iter().all(|one| one.has(step)));
        if over.is_empty() {
            return;
        }
        self.running.retain(|step| !over.contains(step));
        let frontier = mem::take(&mut self.frontier).into_iter();
        self.frontier = (frontier.map(|mut one| {
            one.done.retain(|step| !over.contains(step));
            one
        }))
        .collect();
    }
}

/// What of a wrong history shows that it is wrong. A prefix of a linearizable history is linearizable, so
/// the shortest one that is not can be found by halving.
fn shortest(key: Key, operations: &[Operation], budget: u64) -> Violation {
    let mut answers: Vec<u64> = operations.iter().filter_map(Operation::answered_at).collect();
    answers.sort_unstable();
    let known_at = |time: u64| -> Vec<Operation> {
        operations
            .iter()
            .filter_map(|operation| operation.known_at(time))
            .collect()
    };
    let at = answers.partition_point(|&time| decide(&known_at(time), budget).0 != Decision::Violated);
    let time = answers.get(at).or(answers.last()).copied().unwrap_or(u64::MAX);
    let known = known_at(time);
    let (mut completed, pending): (Vec<_>, Vec<_>) = (known.iter().copied())
        .filter(|operation| Effect::of(operation).is_some())
        .partition(|operation| operation.answered_at().is_some());
    completed.sort_unstable_by_key(Operation::answered_at);
    let reason = match completed.last() {
        Some(last) if Effect::of(last) != Some(Effect::Never) => Reason::NoOrder {
            possible: possible(&known, last, budget),
        },
        _ => Reason::Unfit,
    };
    Violation {
        key,
        reason,
        completed,
        pending,
    }
}

/// What a get in the place of the last operation to be answered could have found.
fn possible(known: &[Operation], last: &Operation, budget: u64) -> Vec<Content> {
    let written = known
        .iter()
        .rev()
        .filter_map(|operation| Effect::of(operation)?.writes());
    let contents: BTreeSet<Content> = written.take(SUGGESTIONS).map(Some).chain([None]).collect();
    let explains = |content: &Content| {
        let mut known = known.to_vec();
        for operation in known.iter_mut().filter(|operation| operation.id == last.id) {
            operation.request = Request::Get;
            if let Outcome::Answered { answer, .. } = &mut operation.outcome {
                *answer = Answer::Value(*content);
            }
        }
        decide(&known, budget).0 == Decision::Linearizable
    };
    contents.into_iter().filter(explains).collect()
}
