//! A register that values are appended to, and that remembers them as a length and a digest: whoever
//! reads it knows all that was appended before, in order, in sixteen bytes.

use bytes::Bytes;

use super::{Malformed, StateMachine, numbers, pack};
use crate::history::Prefix;

/// The state machine: a command is a number to append; command and query are answered with the
/// [`Prefix`] after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Register {
    state: Prefix,
}

impl Register {
    /// The command that appends `value`.
    pub fn encode(value: u64) -> Bytes {
        pack([value]).into()
    }

    /// The value in a command.
    pub fn read(command: &[u8]) -> Option<u64> {
        numbers(command).map(|[value]| value)
    }

    /// From the answer to a command or a query.
    pub fn read_answer(answer: &[u8]) -> Option<Prefix> {
        numbers(answer).map(|[length, digest]| Prefix { length, digest })
    }

    fn encode_state(self) -> Bytes {
        pack([self.state.length, self.state.digest]).into()
    }
}

impl StateMachine for Register {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        if let Some(value) = Self::read(command) {
            self.state = self.state.then(value);
        }
        self.encode_state()
    }

    fn query(&self, _: &Bytes) -> Bytes {
        self.encode_state()
    }

    fn snapshot(&self) -> Bytes {
        self.encode_state()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        self.state = Self::read_answer(snapshot).ok_or(Malformed)?;
        Ok(())
    }

    fn command_in_words(command: &[u8]) -> String {
        Self::read(command).map_or_else(|| "no value".to_owned(), |value| format!("append {value}"))
    }

    fn query_in_words(_: &[u8]) -> String {
        "get the list".to_owned()
    }
}
