//! The simulator's own clients: a map with compare-and-set, and a register that is only appended to.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Request, Workload};
use crate::cluster::Outcome;
use crate::dice::Dice;
use crate::history::{self, Answer, DEFAULT_BUDGET, History, OpId, append_register, linearizable};
use crate::judge::{Verdict, Violation};
use crate::machine::{KvCommand, KvMap, Register, Sessions, numbers};

/// The key of the register in the history; the map's keys are below.
const LIST: u64 = 1000;

/// Clients of a [`KvMap`] and a [`Register`].
#[derive(Clone, Debug, Default)]
pub struct Standard {
    history: History,
    /// The history's name of each operation.
    names: BTreeMap<u64, OpId>,
    keys: u64,
    /// The last value that somebody saw, by key: a compare-and-set that may succeed.
    last: BTreeMap<u64, u64>,
    numbers: BTreeMap<u64, u64>,
    /// What a session asked for last, in a replay.
    open: BTreeMap<u64, u64>,
    /// The appended values in their order, and what was applied last of each session.
    list: Vec<u64>,
    sessions: BTreeMap<u64, u64>,
}

impl Standard {
    /// With so many keys in the map.
    pub fn new(keys: u64) -> Self {
        Self {
            keys: keys.max(1),
            ..Self::default()
        }
    }

    /// What was asked and answered.
    pub fn history(&self) -> &History {
        &self.history
    }

    fn write(&mut self, client: u64, part: u8, command: &[u8]) -> Request {
        let number = self.numbers.entry(client).or_insert(0);
        *number += 1;
        let command = [&[part], command].concat();
        Request::Write(Sessions::<KvMap>::encode(client, *number, &command))
    }
}

/// The session of a write, the key, and what is asked for: as it was encoded.
fn understand(request: &Request) -> Option<(Option<u64>, u64, history::Request)> {
    match request {
        Request::Read(query) => match query.split_first()? {
            (0, key) => Some((None, numbers(key).map(|[key]| key)?, history::Request::Get)),
            (1, _) => Some((None, LIST, history::Request::GetList)),
            _ => None,
        },
        Request::Write(command) => {
            let (session, _) = Sessions::<KvMap>::read(command)?;
            let (part, command) = command.get(16..)?.split_first()?;
            let (key, asked) = match (part, command.len()) {
                (0, 16) => numbers(command).map(|[key, value]| (key, history::Request::Put(value)))?,
                (0, _) => numbers(command).map(|[key, new, expected]| {
                    let expected = (expected != 0).then_some(expected);
                    (key, history::Request::CompareAndSet { expected, new })
                })?,
                _ => (LIST, history::Request::Append(Register::read(command)?)),
            };
            Some((Some(session), key, asked))
        }
    }
}

impl Workload for Standard {
    type Machine = Sessions<(KvMap, Register)>;

    fn ask(&mut self, operation: u64, client: u64, dice: &mut Dice) -> Request {
        let key = dice.below(self.keys);
        let value = operation; // unique, and never 0
        let (key, asked, request) = match dice.below(10) {
            0..=2 => {
                let query = [&[0], &KvMap::encode_query(key)[..]].concat();
                (key, history::Request::Get, Request::Read(query.into()))
            }
            3 | 4 => (LIST, history::Request::GetList, Request::Read(Bytes::from_static(&[1]))),
            5 | 6 => {
                let command = KvCommand::Put { key, value }.encode();
                (key, history::Request::Put(value), self.write(client, 0, &command))
            }
            7 => {
                let expected = self.last.get(&key).copied().unwrap_or(0);
                let command = KvCommand::CompareAndSet { key, expected, value }.encode();
                let asked = history::Request::CompareAndSet {
                    expected: (expected != 0).then_some(expected),
                    new: value,
                };
                (key, asked, self.write(client, 0, &command))
            }
            _ => (
                LIST,
                history::Request::Append(value),
                self.write(client, 1, &Register::encode(value)),
            ),
        };
        self.names.insert(operation, self.history.call(client, key, asked));
        request
    }

    fn asks_again(&mut self, operation: u64, request: &Request) -> bool {
        let Some((session, key, asked)) = understand(request) else {
            return false;
        };
        // Whoever asks in a session again has given up what it asked there before.
        if let Some(session) = session
            && let Some(before) = self.open.insert(session, operation)
        {
            self.names.remove(&before);
        }
        let client = session.unwrap_or(0);
        self.names.insert(operation, self.history.call(client, key, asked));
        true
    }

    fn ended(&mut self, operation: u64, outcome: &Outcome) {
        let Some(name) = self.names.remove(&operation) else {
            return;
        };
        let Some(asked) = usize::try_from(name.0)
            .ok()
            .and_then(|at| self.history.operations().get(at).copied())
        else {
            return;
        };
        match outcome {
            Outcome::Unknown => {}
            Outcome::Refused => {
                self.history.refuse(name);
            }
            Outcome::Answered(bytes) if asked.is_on_list() => {
                if let Some(list) = Register::read_answer(bytes) {
                    self.history.answer(name, Answer::List(list));
                }
            }
            Outcome::Answered(bytes) => {
                let found = KvMap::read_answer(bytes).filter(|value| *value != 0);
                let answer = match asked.request {
                    history::Request::Put(_) => Answer::Done,
                    history::Request::CompareAndSet { expected, .. } if found == expected => Answer::Done,
                    _ => Answer::Value(found),
                };
                let now = match (asked.request, answer) {
                    (
                        history::Request::Put(value) | history::Request::CompareAndSet { new: value, .. },
                        Answer::Done,
                    ) => Some(value),
                    _ => found,
                };
                if let Some(now) = now {
                    self.last.insert(asked.key, now);
                }
                self.history.answer(name, answer);
            }
        }
    }

    fn committed(&mut self, command: &Bytes) {
        let Some((client, number)) = Sessions::<KvMap>::read(command) else {
            return;
        };
        let last = self.sessions.entry(client).or_insert(0);
        if number <= *last {
            return;
        }
        *last = number;
        if command.get(16) == Some(&1)
            && let Some(value) = command.get(17..).and_then(Register::read)
        {
            self.list.push(value);
        }
    }

    fn verdict(&mut self) -> Verdict {
        let broken = |violation: history::Violation| Violation::new("linearizability", violation.to_string());
        append_register(&self.history, LIST, &self.list).map_err(broken)?;
        match linearizable(&self.history, DEFAULT_BUDGET).verdict {
            history::Verdict::Violated(violation) => Err(broken(violation)),
            history::Verdict::Linearizable | history::Verdict::Undecided(_) => Ok(()),
        }
    }
}
