//! State machines: what the log is replicated for.
//!
//! Bring your own by implementing [`StateMachine`]; [`KvMap`] and [`Register`] are what the simulator's
//! own clients use, behind [`Sessions`], which applies each command at most once.

mod kv;
mod register;
mod sessions;

use bytes::Bytes;

pub use kv::{KvCommand, KvMap};
pub use register::Register;
pub use sessions::Sessions;

/// A deterministic state machine: the same commands in the same order give the same answers.
pub trait StateMachine: Clone + Default {
    /// Applies a committed command and answers it. (The leader's empty entries are not commands.)
    fn apply(&mut self, command: &Bytes) -> Bytes;

    /// Answers a query without changing anything.
    fn query(&self, query: &Bytes) -> Bytes;

    /// All of its state, the same bytes for the same state however it came about: nodes compare them, and
    /// what was restored from it has to give it again. (So go through maps in the order of their keys; a
    /// `HashMap` has none.)
    fn snapshot(&self) -> Bytes;

    /// Replaces its state by what [`snapshot`](Self::snapshot) gave.
    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed>;

    /// A command in words, for timelines.
    fn command_in_words(command: &[u8]) -> String {
        format!("{:?}", Bytes::copy_from_slice(command))
    }

    /// A query in words, for timelines.
    fn query_in_words(query: &[u8]) -> String {
        format!("{:?}", Bytes::copy_from_slice(query))
    }
}

/// Bytes that are no snapshot of this state machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a snapshot of this state machine")
    }
}

impl std::error::Error for Malformed {}

/// Two state machines side by side: the first byte of a command or query says whose it is (0 or 1).
impl<A: StateMachine, B: StateMachine> StateMachine for (A, B) {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        match command.first() {
            Some(0) => self.0.apply(&command.slice(1..)),
            Some(1) => self.1.apply(&command.slice(1..)),
            _ => Bytes::new(),
        }
    }

    fn query(&self, query: &Bytes) -> Bytes {
        match query.first() {
            Some(0) => self.0.query(&query.slice(1..)),
            Some(1) => self.1.query(&query.slice(1..)),
            _ => Bytes::new(),
        }
    }

    fn snapshot(&self) -> Bytes {
        let (first, second) = (self.0.snapshot(), self.1.snapshot());
        let length = u64::try_from(first.len()).unwrap_or(u64::MAX).to_be_bytes();
        [&length[..], &first, &second].concat().into()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        let (length, rest) = snapshot.split_first_chunk::<8>().ok_or(Malformed)?;
        let length = usize::try_from(u64::from_be_bytes(*length)).map_err(|_| Malformed)?;
        if length > rest.len() {
            return Err(Malformed);
        }
        self.0.restore(&snapshot.slice(8..8 + length))?;
        self.1.restore(&snapshot.slice(8 + length..))
    }

    fn command_in_words(command: &[u8]) -> String {
        match command.split_first() {
            Some((0, command)) => A::command_in_words(command),
            Some((1, command)) => B::command_in_words(command),
            _ => "nothing".to_owned(),
        }
    }

    fn query_in_words(query: &[u8]) -> String {
        match query.split_first() {
            Some((0, query)) => A::query_in_words(query),
            Some((1, query)) => B::query_in_words(query),
            _ => "nothing".to_owned(),
        }
    }
}

/// Takes numbers apart that were written one after the other.
pub(crate) fn numbers<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    let mut rest = bytes;
    for number in &mut numbers {
        let (head, tail) = rest.split_first_chunk::<8>()?;
        (*number, rest) = (u64::from_be_bytes(*head), tail);
    }
    Some(numbers)
}

/// Writes numbers one after the other.
pub(crate) fn pack(numbers: impl IntoIterator<Item = u64>) -> Vec<u8> {
    numbers.into_iter().flat_map(u64::to_be_bytes).collect()
}
