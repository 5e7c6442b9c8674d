//! A counter, its clients, and the whole command line.
use bytes::Bytes;
use quorate_sim::dice::Dice;
use quorate_sim::{Malformed, MemoryDisk, Request, StateMachine, Workload};

#[derive(Clone, Default)]
struct Counter(u64);

impl StateMachine for Counter {
    fn apply(&mut self, _command: &Bytes) -> Bytes {
        self.0 += 1;
        self.snapshot()
    }

    fn query(&self, _query: &Bytes) -> Bytes {
        self.snapshot()
    }

    fn snapshot(&self) -> Bytes {
        self.0.to_be_bytes().to_vec().into()
    }

    fn restore(&mut self, bytes: &Bytes) -> Result<(), Malformed> {
        self.0 = u64::from_be_bytes(bytes[..].try_into().map_err(|_| Malformed)?);
        Ok(())
    }
}

#[derive(Clone, Default)]
struct Clients;

impl Workload for Clients {
    type Machine = Counter;

    fn ask(&mut self, operation: u64, _client: u64, _dice: &mut Dice) -> Request {
        Request::Write(operation.to_be_bytes().to_vec().into())
    }
}

quorate_sim::main!(Clients, MemoryDisk);
