//! Histories that are right by construction: each operation takes effect at one moment between its call
//! and its answer. And how to spoil one.

use std::collections::BTreeMap;

use quorate_sim::history::{Answer, History, Key, OpId, Operation, Outcome, Request, Value};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use super::brute::Registers;

/// How a history is to look.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) operations: usize,
    pub(crate) keys: u64,
    pub(crate) clients: usize,
    /// Of a hundred operations.
    pub(crate) unknown: u32,
    /// Of a hundred operations.
    pub(crate) refused: u32,
    /// Of a hundred operations.
    pub(crate) on_lists: u32,
}

enum Client {
    Idle,
    Called(OpId, Key, Request),
    Done(OpId, Answer),
}

pub(crate) struct World {
    pub(crate) registers: BTreeMap<Key, Registers>,
    pub(crate) history: History,
    random: Xoshiro256PlusPlus,
    shape: Shape,
    /// Unknown operations that may yet take effect.
    limbo: Vec<(Key, Request)>,
    last_value: Value,
}

impl World {
    pub(crate) fn new(seed: u64, shape: Shape) -> Self {
        Self {
            registers: (0..shape.keys).map(|key| (key, Registers::default())).collect(),
            history: History::default(),
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            shape,
            limbo: Vec::new(),
            last_value: 0,
        }
    }

    /// Runs until every operation was called and no client waits.
    pub(crate) fn run(mut self) -> Self {
        let mut clients: Vec<_> = (0..self.shape.clients).map(|_| Client::Idle).collect();
        loop {
            let over = self.history.operations().len() >= self.shape.operations;
            let waits = |client: &Client| !matches!(client, Client::Idle);
            if over && !clients.iter().any(waits) {
                return self;
            }
            let at = self.random.random_range(0..clients.len());
            clients[at] = match clients[at] {
                Client::Idle if over => Client::Idle,
                Client::Idle => self.call(at as u64),
                Client::Called(id, key, request) => self.take_effect(id, key, request),
                Client::Done(id, answer) => self.answer(id, answer),
            };
            if self.chance_per_million(10) && !self.limbo.is_empty() {
                let at = self.random.random_range(0..self.limbo.len());
                let (key, request) = self.limbo.swap_remove(at);
                if self.chance_per_million(60) {
                    self.carry_out(key, request);
                }
            }
        }
    }

    pub(crate) fn chance_per_million(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    fn carry_out(&mut self, key: Key, request: Request) -> Answer {
        self.registers.entry(key).or_default().carry_out(request)
    }

    fn call(&mut self, client: u64) -> Client {
        let key = self.random.random_range(0..self.shape.keys);
        self.last_value += 1;
        let new = self.last_value;
        let request = if self.chance_per_million(self.shape.on_lists) {
            if self.chance_per_million(50) {
                Request::GetList
            } else {
                Request::Append(new)
            }
        } else {
            match self.random.random_range(0..10) {
                0..4 => Request::Get,
                4..8 => Request::Put(new),
                8 => Request::CompareAndSet { expected: None, new },
                _ => Request::CompareAndSet {
                    expected: self.registers[&key].cell,
                    new,
                },
            }
        };
        Client::Called(self.history.call(client, key, request), key, request)
    }

    fn take_effect(&mut self, id: OpId, key: Key, request: Request) -> Client {
        if self.chance_per_million(self.shape.unknown) {
            self.limbo.push((key, request));
            Client::Idle
        } else if self.chance_per_million(self.shape.refused) {
            self.history.refuse(id);
            Client::Idle
        } else if self.chance_per_million(50) {
            Client::Done(id, self.carry_out(key, request))
        } else {
            Client::Called(id, key, request)
        }
    }

    fn answer(&mut self, id: OpId, answer: Answer) -> Client {
        if self.chance_per_million(50) {
            return Client::Done(id, answer);
        }
        self.history.answer(id, answer);
        Client::Idle
    }

    /// Changes one outcome, or what a list holds; the result may still be right.
    pub(crate) fn spoil(&mut self) {
        let values = self.random.random_range(0..=self.last_value);
        let length = self.random.random_range(0..=self.registers[&0].list.len());
        let some = Registers {
            cell: (values > 0).then_some(values),
            list: self.registers[&0].list[..length].to_vec(),
        };
        let what = self.random.random_range(0..4);
        let which = OpId(self.random.random_range(0..self.history.operations().len() as u64));
        self.history = altered(&self.history, |operation| {
            match (operation.outcome, operation.request) {
                (outcome, _) if operation.id != which => outcome,
                (Outcome::Unknown, _) => Outcome::Refused,
                (Outcome::Answered { .. }, _) if what == 0 => Outcome::Refused,
                (Outcome::Answered { at, .. }, Request::Get | Request::CompareAndSet { .. }) => Outcome::Answered {
                    at,
                    answer: Answer::Value(some.cell),
                },
                (Outcome::Answered { at, .. }, Request::GetList | Request::Append(_)) => Outcome::Answered {
                    at,
                    answer: Answer::List(some.prefix()),
                },
                (outcome, _) => outcome,
            }
        });
        let list = &mut self.registers.entry(0).or_default().list;
        match what {
            1 => list.truncate(list.len().saturating_sub(1)),
            2 => list.reverse(),
            _ => {}
        }
    }
}

/// The same calls at the same times with other outcomes; an answer has to keep its time.
pub(crate) fn altered(history: &History, outcome: impl Fn(&Operation) -> Outcome) -> History {
    let operations = history.operations();
    let calls = operations.iter().map(|operation| (operation.called, operation, false));
    let answers = operations
        .iter()
        .filter_map(|operation| Some((operation.answered_at()?, operation, true)));
    let mut events: Vec<_> = calls.chain(answers).collect();
    events.sort_unstable_by_key(|&(time, ..)| time);
    let mut copy = History::default();
    for (_, operation, answered) in events {
        match outcome(operation) {
            _ if !answered => {
                copy.call(operation.client, operation.key, operation.request);
            }
            Outcome::Answered { answer, .. } => {
                copy.answer(operation.id, answer);
            }
            Outcome::Unknown | Outcome::Refused => {}
        }
    }
    for operation in operations {
        if outcome(operation) == Outcome::Refused {
            copy.refuse(operation.id);
        }
    }
    copy
}

/// A late read is answered with a value that was written over, for all to see, before it was called.
pub(crate) fn with_a_stale_read(history: &History) -> History {
    let operations = history.operations();
    let (read, stale) = (operations.iter().rev())
        .filter(|operation| operation.request == Request::Get && operation.answered_at().is_some())
        .find_map(|read| {
            let put_before = |time: u64| {
                (operations.iter().rev()).find(|put| {
                    let Request::Put(_) = put.request else { return false };
                    put.key == read.key && put.answered_at().is_some_and(|at| at < time)
                })
            };
            match put_before(put_before(read.called)?.called)?.request {
                Request::Put(value) => Some((read.id, value)),
                _ => None,
            }
        })
        .expect("two puts and a read");
    altered(history, |operation| match operation.outcome {
        Outcome::Answered { at, .. } if operation.id == read => Outcome::Answered {
            at,
            answer: Answer::Value(Some(stale)),
        },
        outcome => outcome,
    })
}
