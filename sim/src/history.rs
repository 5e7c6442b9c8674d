//! What clients asked for and were answered, and whether one copy of the data could have answered so.
//!
//! A [`History`] records the calls and answers of a run. Two judges read it afterwards:
//!
//! * [`linearizable`] searches an order of the operations on each cell (get, put, compare-and-set) that
//!   explains every answer;
//! * [`append_register`] compares the answers of a list that only grows with the list that the replicas
//!   ended with, in one pass.
//!
//! A key names two registers that know nothing of one another: a *cell*, empty at first, and a *list*,
//! empty at first. Linearizability is local: a history is linearizable exactly when its part for each
//! register is, so each is judged alone.

mod append;
mod cell;
mod search;
mod violation;

use std::fmt;

pub use self::append::{Prefix, append_register};
pub use self::search::{DEFAULT_BUDGET, Search, Verdict, linearizable};
pub use self::violation::{Reason, Violation};

/// Names a cell, and a list.
pub type Key = u64;

/// What is written. The search is fast where no value is written twice to a key.
pub type Value = u64;

/// Names a client, for readers; the judges do not look at it.
pub type ClientId = u64;

/// Names an operation of a [`History`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpId(pub u64);

/// What a client can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// What the cell holds. Answered by [`Answer::Value`].
    Get,
    /// The cell holds this from now on. Answered by [`Answer::Done`].
    Put(Value),
    /// The cell holds `new` if it held `expected`. Answered by [`Answer::Done`], or where it held
    /// something else by [`Answer::Value`] with that: a refusal without it would prove too little.
    CompareAndSet {
        /// What the cell has to hold.
        expected: Option<Value>,
        /// What it holds then.
        new: Value,
    },
    /// What the list holds. Answered by [`Answer::List`].
    GetList,
    /// The list is longer by this. Answered by [`Answer::List`] with the list after it.
    Append(Value),
}

/// What a client can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// It was done.
    Done,
    /// The cell holds this; a compare-and-set did nothing.
    Value(Option<Value>),
    /// The list is this.
    List(Prefix),
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Nobody knows: it may take effect at any time after its call, or never.
    Unknown,
    /// It never took effect, and never will.
    Refused,
    /// It took effect, once, between its call and its answer.
    Answered {
        /// When, on the history's clock.
        at: u64,
        /// What the client was told.
        answer: Answer,
    },
}

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    /// Its name.
    pub id: OpId,
    /// Whose it is.
    pub client: ClientId,
    /// What it is about.
    pub key: Key,
    /// What was asked for.
    pub request: Request,
    /// When, on the history's clock.
    pub called: u64,
    /// How it ended.
    pub outcome: Outcome,
}

impl Operation {
    /// When it was answered, if it was.
    pub fn answered_at(&self) -> Option<u64> {
        match self.outcome {
            Outcome::Answered { at, .. } => Some(at),
            Outcome::Unknown | Outcome::Refused => None,
        }
    }

    /// Whether it is about the list.
    pub fn is_on_list(&self) -> bool {
        matches!(self.request, Request::GetList | Request::Append(_))
    }

    /// The operation as it was known at a time, if it was called by then.
    fn known_at(mut self, time: u64) -> Option<Self> {
        if self.answered_at().is_some_and(|at| at > time) {
            self.outcome = Outcome::Unknown;
        }
        (self.called <= time).then_some(self)
    }
}

/// Operations, with a clock of its own that counts calls and answers: no two happen at the same time.
///
/// ```
/// use quorate_sim::history::{Answer, DEFAULT_BUDGET, History, Request, Verdict, linearizable};
///
/// let mut history = History::default();
/// let put = history.call(1, 7, Request::Put(42));
/// let get = history.call(2, 7, Request::Get);
/// history.answer(get, Answer::Value(Some(42))); // the put has no answer yet, but it can have taken effect
/// assert_eq!(linearizable(&history, DEFAULT_BUDGET).verdict, Verdict::Linearizable);
///
/// let late = history.call(2, 7, Request::Get);
/// history.answer(late, Answer::Value(None)); // and cannot be undone
/// assert!(matches!(linearizable(&history, DEFAULT_BUDGET).verdict, Verdict::Violated(_)));
/// # let _ = put;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    clock: u64,
    operations: Vec<Operation>,
}

impl History {
    /// A client asks. Until it is answered or refused, the outcome is unknown. An operation that is tried
    /// again under the hood is one operation, called once.
    pub fn call(&mut self, client: ClientId, key: Key, request: Request) -> OpId {
        let id = OpId(self.operations.len() as u64);
        self.clock += 1;
        self.operations.push(Operation {
            id,
            client,
            key,
            request,
            called: self.clock,
            outcome: Outcome::Unknown,
        });
        id
    }

    /// The client is answered. The first outcome stands: false if there was one, or no such call.
    pub fn answer(&mut self, id: OpId, answer: Answer) -> bool {
        let at = self.clock + 1;
        let settled = self.settle(id, Outcome::Answered { at, answer });
        self.clock += u64::from(settled);
        settled
    }

    /// The client is told, and rightly, that nothing was done. The first outcome stands: false if there
    /// was one, or no such call.
    pub fn refuse(&mut self, id: OpId) -> bool {
        self.settle(id, Outcome::Refused)
    }

    fn settle(&mut self, id: OpId, outcome: Outcome) -> bool {
        let operation = usize::try_from(id.0).ok().and_then(|at| self.operations.get_mut(at));
        match operation {
            Some(operation) if operation.outcome == Outcome::Unknown => {
                operation.outcome = outcome;
                true
            }
            _ => false,
        }
    }

    /// Every operation, in the order of the calls.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A cell's content, for a reader.
struct Shown(Option<Value>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => write!(f, "{value}"),
            None => f.write_str("nothing"),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Get => f.write_str("get"),
            Self::Put(value) => write!(f, "put {value}"),
            Self::CompareAndSet { expected, new } => write!(f, "set {new} if {}", Shown(expected)),
            Self::GetList => f.write_str("get list"),
            Self::Append(value) => write!(f, "append {value}"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Done => f.write_str("done"),
            Self::Value(value) => write!(f, "{}", Shown(value)),
            Self::List(prefix) => write!(f, "{prefix}"),
        }
    }
}

/// `#12 client 3 at 40-45: put 7 -> done`
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            client,
            request,
            called,
            ..
        } = self;
        match self.outcome {
            Outcome::Unknown => write!(f, "{id} client {client} at {called}-?: {request}, outcome unknown"),
            Outcome::Refused => write!(f, "{id} client {client} at {called}: {request}, refused"),
            Outcome::Answered { at, answer } => {
                write!(f, "{id} client {client} at {called}-{at}: {request} -> {answer}")
            }
        }
    }
}
