//! Clients whose commands say in which history they were given, and a state machine that remembers all of them.

use bytes::Bytes;

use crate::dice::Dice;
use crate::judge::{Verdict, Violation};
use crate::machine::{Malformed, StateMachine, numbers, pack};
use crate::shadow::digest_of;
use crate::workload::{Request, Workload};

/// How many commands there were, and a digest of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chronicle {
    count: u64,
    digest: u64,
}

impl StateMachine for Chronicle {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        self.count += 1;
        self.digest = digest_of(self.digest, command);
        self.snapshot()
    }

    fn query(&self, _query: &Bytes) -> Bytes {
        self.snapshot()
    }

    fn snapshot(&self) -> Bytes {
        pack([self.count, self.digest]).into()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        let [count, digest] = numbers(snapshot).ok_or(Malformed)?;
        (self.count, self.digest) = (count, digest);
        Ok(())
    }
}

/// Clients of one history.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    history: u64,
    foreign: Option<u64>,
}

impl Clients {
    pub(crate) fn of(history: u64) -> Self {
        Self { history, foreign: None }
    }
}

impl Workload for Clients {
    type Machine = Chronicle;

    fn ask(&mut self, operation: u64, _client: u64, dice: &mut Dice) -> Request {
        if dice.chance_per_million(300_000) {
            return Request::Read(Bytes::new());
        }
        Request::Write(pack([self.history, operation]).into())
    }

    fn committed(&mut self, command: &Bytes) {
        let history = numbers(command).map_or(u64::MAX, |[history, _]: [u64; 2]| history);
        if history != self.history {
            self.foreign = self.foreign.or(Some(history));
        }
    }

    fn verdict(&mut self) -> Verdict {
        let Some(foreign) = self.foreign else { return Ok(()) };
        let detail = format!("a command of history {foreign} was committed in {}", self.history);
        Err(Violation::new("histories do not mix", detail))
    }
}
