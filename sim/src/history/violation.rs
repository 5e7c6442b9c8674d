//! What to show when a history is wrong.

use std::fmt;

use super::{Answer, Key, Operation, Outcome, Prefix, Request, Shown, Value};

/// Of the operations that ended, and of those that did not, the last ones that are shown in any case.
const SHOWN: usize = 12;

/// A register behaved as no register can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub key: Key,
    /// What is wrong.
    pub reason: Reason,
    /// Operations with a known outcome that show it, in the order of their answers; the last one is the
    /// one that nothing explains. For a cell this is the shortest prefix of its history that is wrong.
    pub completed: Vec<Operation>,
    /// Operations that were called by then and may have taken effect.
    pub pending: Vec<Operation>,
}

/// What can be wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The answer is not one to this request.
    Unfit,
    /// A cell: no order of the operations explains the last answer.
    NoOrder {
        /// What a get in its place could have found: of nothing, and of the values written last.
        possible: Vec<Option<Value>>,
    },
    /// A list: the append was answered, and is not in the list.
    Lost,
    /// A list: the append was refused, and is in the list.
    TookEffect,
    /// A list: the value is in it twice.
    Twice(Value),
    /// A list: nobody appended the value.
    Unasked(Value),
    /// A list: two operations append the same value, so that nobody can tell them apart.
    Reused(Value),
    /// A list: the answer is no prefix of it.
    Forked {
        /// The prefix of that length, if the list is that long.
        holds: Option<Prefix>,
    },
    /// A list: the append was answered with a prefix that ends with another value.
    Misplaced {
        /// The prefix that ends with its value.
        holds: Prefix,
    },
    /// A list: the first operation ended before the second was called, and comes after it in the list.
    Backwards,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unfit => f.write_str("the answer does not fit the request"),
            Self::NoOrder { possible } if possible.is_empty() => f.write_str("no order explains the last answer"),
            Self::NoOrder { possible } => {
                f.write_str("no order explains the last answer; a get in its place could have found ")?;
                for (at, value) in possible.iter().enumerate() {
                    write!(f, "{}{}", if at == 0 { "" } else { " or " }, Shown(*value))?;
                }
                Ok(())
            }
            Self::Lost => f.write_str("an append was answered and is not in the list"),
            Self::TookEffect => f.write_str("an append was refused and is in the list"),
            Self::Twice(value) => write!(f, "{value} is in the list twice"),
            Self::Unasked(value) => write!(f, "{value} is in the list and nobody appended it"),
            Self::Reused(value) => write!(f, "{value} is appended by two operations, which cannot be told apart"),
            Self::Forked { holds: Some(prefix) } => write!(f, "the list began otherwise: {prefix}"),
            Self::Forked { holds: None } => f.write_str("the list never got that long"),
            Self::Misplaced { holds } => write!(f, "an append was answered with another's place; its own is {holds}"),
            Self::Backwards => f.write_str("the first was over before the second was called, and comes after it"),
        }
    }
}

impl Violation {
    /// The values that the reason and the last answer are about; who wrote them is worth a line.
    fn values(&self) -> Vec<Value> {
        let possible = match &self.reason {
            Reason::NoOrder { possible } => possible.as_slice(),
            _ => &[],
        };
        let answer = self.completed.last().map(|last| last.outcome);
        let answer = match answer {
            Some(Outcome::Answered {
                answer: Answer::Value(value),
                ..
            }) => value,
            _ => None,
        };
        possible.iter().copied().chain([answer]).flatten().collect()
    }

    /// The last ones, and before them those that wrote what it is about.
    fn lines(&self, f: &mut fmt::Formatter<'_>, operations: &[Operation]) -> fmt::Result {
        let values = self.values();
        let telling = |operation: &Operation| match operation.request {
            Request::Put(value) | Request::CompareAndSet { new: value, .. } => values.contains(&value),
            _ => false,
        };
        let early = operations.len().saturating_sub(SHOWN);
        let shown = |&(at, operation): &(usize, &Operation)| at >= early || telling(operation);
        let shown: Vec<_> = operations.iter().enumerate().filter(shown).collect();
        if shown.len() < operations.len() {
            writeln!(f, "  ... {} more", operations.len() - shown.len())?;
        }
        shown
            .into_iter()
            .try_for_each(|(_, operation)| writeln!(f, "  {operation}"))
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "key {}: {}", self.key, self.reason)?;
        self.lines(f, &self.completed)?;
        self.lines(f, &self.pending)
    }
}

impl std::error::Error for Violation {}
