//! A map that says it has written what it has not: now and then, on all nodes alike.

use bytes::Bytes;
use quorate_sim::dice::Dice;
use quorate_sim::workload::Standard;
use quorate_sim::{Malformed, Outcome, Request, StandardMachine, StateMachine, Verdict, Workload};

#[derive(Clone, Default)]
pub(crate) struct Forgetful(StandardMachine);

/// The command of a session: two numbers, whose it is, key, value.
const PUT: usize = 16 + 1 + 16;

impl StateMachine for Forgetful {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        let is_put = command.len() == PUT && command[16] == 0;
        if is_put && command[PUT - 1].is_multiple_of(5) {
            return self.0.query(&command.slice(16..25)); // what was there
        }
        self.0.apply(command)
    }

    fn query(&self, query: &Bytes) -> Bytes {
        self.0.query(query)
    }

    fn snapshot(&self) -> Bytes {
        self.0.snapshot()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        self.0.restore(snapshot)
    }
}

/// Its clients; those of `mute` do not know again what they asked.
#[derive(Clone, Default)]
pub(crate) struct Clients {
    pub(crate) standard: Standard,
    pub(crate) mute: bool,
}

impl Workload for Clients {
    type Machine = Forgetful;

    fn ask(&mut self, operation: u64, client: u64, dice: &mut Dice) -> Request {
        self.standard.ask(operation, client, dice)
    }

    fn asks_again(&mut self, operation: u64, request: &Request) -> bool {
        !self.mute && self.standard.asks_again(operation, request)
    }

    fn ended(&mut self, operation: u64, outcome: &Outcome) {
        self.standard.ended(operation, outcome);
    }

    fn committed(&mut self, command: &Bytes) {
        self.standard.committed(command);
    }

    fn verdict(&mut self) -> Verdict {
        self.standard.verdict()
    }
}
