//! A key-value map with compare-and-set.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Malformed, StateMachine, numbers, pack};

/// A map from numbers to numbers. An absent key reads as 0, which is no value to write.
///
/// ```
/// use quorate_sim::machine::{KvCommand, KvMap, StateMachine};
/// let mut map = KvMap::default();
/// map.apply(&KvCommand::Put { key: 1, value: 7 }.encode());
/// let swapped = map.apply(&KvCommand::CompareAndSet { key: 1, expected: 7, value: 8 }.encode());
/// assert_eq!(KvMap::read_answer(&swapped), Some(7)); // what was there
/// assert_eq!(KvMap::read_answer(&map.query(&KvMap::encode_query(1))), Some(8));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KvMap {
    values: BTreeMap<u64, u64>,
}

/// What changes the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KvCommand {
    /// Sets a key; the answer is what was there.
    Put {
        /// The key.
        key: u64,
        /// Its new value.
        value: u64,
    },
    /// Sets a key if it has the expected value; the answer is what was there.
    CompareAndSet {
        /// The key.
        key: u64,
        /// What it must be.
        expected: u64,
        /// Its new value.
        value: u64,
    },
}

impl KvCommand {
    /// As bytes.
    pub fn encode(self) -> Bytes {
        match self {
            Self::Put { key, value } => pack([key, value]).into(),
            Self::CompareAndSet { key, expected, value } => pack([key, value, expected]).into(),
        }
    }
}

impl KvMap {
    /// A query for one key.
    pub fn encode_query(key: u64) -> Bytes {
        pack([key]).into()
    }

    /// The number in an answer.
    pub fn read_answer(answer: &[u8]) -> Option<u64> {
        numbers(answer).map(|[number]| number)
    }
}

impl StateMachine for KvMap {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        let (Some([key, value]), expected) = (numbers(command), numbers(command).map(|[_, _, expected]| expected))
        else {
            return Bytes::new();
        };
        let now = self.values.get(&key).copied().unwrap_or(0);
        if expected.is_none_or(|expected: u64| expected == now) {
            self.values.insert(key, value);
        }
        pack([now]).into()
    }

    fn query(&self, query: &Bytes) -> Bytes {
        let value = numbers(query).and_then(|[key]| self.values.get(&key).copied());
        pack([value.unwrap_or(0)]).into()
    }

    fn snapshot(&self) -> Bytes {
        pack(self.values.iter().flat_map(|(key, value)| [*key, *value])).into()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        let pairs = snapshot
            .chunks(16)
            .map(|pair| numbers(pair).map(|[key, value]| (key, value)));
        self.values = pairs.collect::<Option<_>>().ok_or(Malformed)?;
        Ok(())
    }

    fn command_in_words(command: &[u8]) -> String {
        match (numbers(command), numbers(command)) {
            (_, Some([key, value, expected])) => format!("set key {key} to {value} if it is {expected}"),
            (Some([key, value]), None) => format!("put key {key} = {value}"),
            (None, None) => "no command of a map".to_owned(),
        }
    }

    fn query_in_words(query: &[u8]) -> String {
        numbers(query).map_or_else(|| "no query of a map".to_owned(), |[key]| format!("get key {key}"))
    }
}
