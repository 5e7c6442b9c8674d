//! The operations on one cell, as the search wants them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Operation, Outcome, Request, Value};

/// What a cell holds.
pub(super) type Content = Option<Value>;

/// What an operation does to a cell, and what the cell has to hold for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It holds this, still.
    Read(Content),
    /// It held anything, and holds this.
    Write(Value),
    /// It held the one, and holds the other.
    Swap(Content, Value),
    /// No cell answers like that.
    Never,
}

impl Effect {
    /// None if the operation need not be explained: it did nothing, or nothing that anybody saw.
    pub(super) fn of(operation: &Operation) -> Option<Self> {
        match (operation.request, operation.outcome) {
            (Request::GetList | Request::Append(_), _) | (_, Outcome::Refused) | (Request::Get, Outcome::Unknown) => {
                None
            }
            (
                Request::Get,
                Outcome::Answered {
                    answer: Answer::Value(value),
                    ..
                },
            ) => Some(Self::Read(value)),
            (
                Request::Put(value),
                Outcome::Unknown
                | Outcome::Answered {
                    answer: Answer::Done, ..
                },
            ) => Some(Self::Write(value)),
            (
                Request::CompareAndSet { expected, new },
                Outcome::Unknown
                | Outcome::Answered {
                    answer: Answer::Done, ..
                },
            ) => Some(Self::Swap(expected, new)),
            (
                Request::CompareAndSet { expected, .. },
                Outcome::Answered {
                    answer: Answer::Value(found),
                    ..
                },
            ) if found != expected => Some(Self::Read(found)),
            (_, Outcome::Answered { .. }) => Some(Self::Never),
        }
    }

    /// What the cell has to hold, if that matters.
    pub(super) fn sees(self) -> Option<Content> {
        match self {
            Self::Read(content) | Self::Swap(content, _) => Some(content),
            Self::Write(_) | Self::Never => None,
        }
    }

    /// What the cell holds afterwards, if it was written.
    pub(super) fn writes(self) -> Option<Value> {
        match self {
            Self::Write(value) | Self::Swap(_, value) => Some(value),
            Self::Read(_) | Self::Never => None,
        }
    }
}

/// An operation that has to be explained, or may help to explain others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) effect: Effect,
    pub(super) called: u64,
    /// None if it is unknown whether it took effect.
    pub(super) answered: Option<u64>,
    /// A blind write that no other step saw.
    pub(super) unseen: bool,
}

/// A cell's history.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    /// In the order of the calls.
    pub(super) steps: Vec<Step>,
    /// No two steps write the same value. Then one that is gone never comes back.
    unique: bool,
    /// When the last of those that see it was called.
    last_seen: BTreeMap<Content, u64>,
}

impl Cell {
    /// Leaves out what no answer depends on.
    ///
    /// That includes a write whose outcome is unknown and whose value no answer depends on: if such a write
    /// takes effect in some order that explains all answers, nothing that was answered comes between it
    /// and the next write, or it would have seen the value; nor is the next write a compare-and-set, or
    /// that would have. So the order without it explains them as well. (This needs compare-and-sets that
    /// say what they found instead: one that says no more than no depends on every value.)
    pub(super) fn new(operations: &[Operation]) -> Self {
        let all: Vec<Step> = operations.iter().filter_map(step).collect();
        let kept = depended_on(&all);
        let mut steps: Vec<Step> = (all.into_iter())
            .filter(|step| {
                step.answered.is_some() || step.effect.writes().is_some_and(|value| kept.contains(&Some(value)))
            })
            .collect();
        let mut last_seen = BTreeMap::new();
        for step in &steps {
            if let Some(content) = step.effect.sees() {
                last_seen.insert(content, step.called); // calls come in order
            }
        }
        let mut written = BTreeSet::new();
        let unique = steps
            .iter()
            .filter_map(|step| step.effect.writes())
            .all(|value| written.insert(value));
        for step in &mut steps {
            step.unseen = matches!(step.effect, Effect::Write(value) if !last_seen.contains_key(&Some(value)));
        }
        Self {
            steps,
            unique,
            last_seen,
        }
    }

    /// Whether this content may be written over at a time, as far as steps that are not called yet are
    /// concerned. With unique values, what is still to be seen must stay.
    pub(super) fn may_go(&self, content: Content, now: u64) -> bool {
        !self.unique || self.last_seen.get(&content).is_none_or(|&called| called <= now)
    }

    /// Whether this step has to see its content before that goes. With unique values an unknown one has to,
    /// too: what it writes is seen, and nothing else writes that.
    pub(super) fn must_see(&self, step: usize, content: Content) -> bool {
        self.unique
            && self
                .steps
                .get(step)
                .is_some_and(|step| step.effect.sees() == Some(content))
    }
}

fn step(operation: &Operation) -> Option<Step> {
    Some(Step {
        effect: Effect::of(operation)?,
        called: operation.called,
        answered: operation.answered_at(),
        unseen: false,
    })
}

/// The contents that an answer depends on: those it is about, and those that an unknown compare-and-set
/// needs to write one of them.
fn depended_on(steps: &[Step]) -> BTreeSet<Content> {
    let mut needs: BTreeMap<Content, Vec<Content>> = BTreeMap::new();
    let mut next = Vec::new();
    for step in steps {
        match (step.answered, step.effect) {
            (Some(_), effect) => next.extend(effect.sees()),
            (None, Effect::Swap(content, value)) => needs.entry(Some(value)).or_default().push(content),
            (None, _) => {}
        }
    }
    let mut found = BTreeSet::new();
    while let Some(content) = next.pop() {
        if found.insert(content) {
            next.extend(needs.remove(&content).unwrap_or_default());
        }
    }
    found
}
