//! A register that values are appended to, and that remembers them as a length and a digest: whoever
//! reads it knows all that was appended before, in order, in sixteen bytes.

use bytes::Bytes;

use super::{Malformed, StateMachine, numbers, pack};

/// What a [`Register`] holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegisterState {
    /// How many values were appended.
    pub length: u64,
    /// Of all of them, in order.
    pub digest: u64,
}

impl RegisterState {
    /// With one more value.
    #[must_use]
    pub fn append(self, value: u64) -> Self {
        let mixed = (self.digest ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            length: self.length.wrapping_add(1),
            digest: mixed ^ (mixed >> 29),
        }
    }

    /// From the answer to a command or a query.
    pub fn read_answer(answer: &[u8]) -> Option<Self> {
        numbers(answer).map(|[length, digest]| Self { length, digest })
    }

    fn encode(self) -> Bytes {
        pack([self.length, self.digest]).into()
    }
}

/// The state machine: a command is a number to append; command and query are answered with the
/// [`RegisterState`] after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Register {
    state: RegisterState,
}

impl Register {
    /// The command that appends `value`.
    pub fn encode(value: u64) -> Bytes {
        pack([value]).into()
    }
}

impl StateMachine for Register {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        if let Some([value]) = numbers(command) {
            self.state = self.state.append(value);
        }
        self.state.encode()
    }

    fn query(&self, _: &Bytes) -> Bytes {
        self.state.encode()
    }

    fn snapshot(&self) -> Bytes {
        self.state.encode()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        self.state = RegisterState::read_answer(snapshot).ok_or(Malformed)?;
        Ok(())
    }
}
