//! The append register: a list that only grows, of values that are appended once each.
//!
//! With such values the list itself says in which order everything happened, so that nothing has to be
//! searched for: the committed order of the appends gives each operation its place, and what is left is
//! to compare places with answers and with time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Answer, History, Key, Operation, Outcome, Reason, Request, Value, Violation};

/// A list, short: how long it is, and a digest of what is in it. A state machine keeps one and answers
/// with a copy of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// Values in the list.
    pub length: u64,
    /// Stands for the values and their order. Two lists of one length share it by accident with a
    /// probability of about 2^-64.
    pub digest: u64,
}

impl Prefix {
    /// The empty list.
    pub const EMPTY: Self = Self { length: 0, digest: 0 };

    /// The list with one more value.
    #[must_use]
    pub fn then(self, value: Value) -> Self {
        Self {
            length: self.length.saturating_add(1),
            digest: mix(self.digest ^ mix(value)),
        }
    }
}

/// Spreads every bit of the word over the result; no two words have the same one.
fn mix(word: u64) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15; // 2^64 divided by the golden ratio; odd, hence invertible
    let mut word = word.wrapping_add(GOLDEN);
    for _ in 0..3 {
        word = (word ^ (word >> 32)).wrapping_mul(GOLDEN);
    }
    word ^ (word >> 32)
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values, digest {:016x}", self.length, self.digest)
    }
}

/// Where an operation stands in the one order that the list allows: after how many values, and for a read
/// behind the append that made it so. Two reads of one list share a place, and any order of them will do.
type Place = (u64, bool);

/// Judges the list of a key against what it finally held, as the replicas committed it; O(n log n).
///
/// `Ok` proves that the operations on this list, each answered one and each unknown one that is in
/// `list`, have an order such that
///
/// * each took effect between its call and its answer (an unknown one at some time after its call),
/// * carried out one after the other in this order on an empty list, they give the answers that the
///   clients got, and end with exactly `list`,
/// * nothing that was refused took effect, and nothing took effect twice,
///
/// except where two different lists share a digest. `Err` proves that there is no such order, given that
/// `list` is what was committed. It proves nothing about replicas that hold something else than `list`.
/// No value may be appended by two operations.
pub fn append_register(history: &History, key: Key, list: &[Value]) -> Result<(), Violation> {
    let committed = Committed::new(key, list)?;
    let operations = history.operations().iter();
    let mut placed = Vec::new();
    let mut appended = BTreeSet::new();
    for operation in operations.filter(|operation| operation.key == key && operation.is_on_list()) {
        if let Request::Append(value) = operation.request
            && !appended.insert(value)
        {
            return Err(violation(Reason::Reused(value), &[*operation]));
        }
        match committed.place(operation) {
            Ok(place) => placed.extend(place.map(|place| (*operation, place))),
            Err(reason) => return Err(violation(reason, &[*operation])),
        }
    }
    match list.iter().find(|value| !appended.contains(value)) {
        Some(&value) => Err(of_list(key, Reason::Unasked(value))),
        None => in_time(&placed),
    }
}

/// The list, indexed both ways.
struct Committed {
    /// The prefix that ends with a value.
    ends_with: BTreeMap<Value, Prefix>,
    /// The prefix of each length.
    prefixes: Vec<Prefix>,
}

impl Committed {
    fn new(key: Key, list: &[Value]) -> Result<Self, Violation> {
        let mut committed = Self {
            ends_with: BTreeMap::new(),
            prefixes: vec![Prefix::EMPTY],
        };
        let mut prefix = Prefix::EMPTY;
        for &value in list {
            prefix = prefix.then(value);
            committed.prefixes.push(prefix);
            if committed.ends_with.insert(value, prefix).is_some() {
                return Err(of_list(key, Reason::Twice(value)));
            }
        }
        Ok(committed)
    }

    /// The prefix that is as long as this one.
    fn as_long_as(&self, prefix: Prefix) -> Option<Prefix> {
        let length = usize::try_from(prefix.length).ok()?;
        self.prefixes.get(length).copied()
    }

    /// The operation's place, none if it need not have one.
    fn place(&self, operation: &Operation) -> Result<Option<Place>, Reason> {
        let end = match operation.request {
            Request::Append(value) => self.ends_with.get(&value).copied(),
            _ => None,
        };
        let is_append = matches!(operation.request, Request::Append(_));
        match operation.outcome {
            Outcome::Refused if end.is_some() => Err(Reason::TookEffect),
            Outcome::Refused | Outcome::Unknown => Ok(end.map(|end| (end.length, false))),
            Outcome::Answered {
                answer: Answer::List(told),
                ..
            } => {
                let holds = self.as_long_as(told);
                match end {
                    None if is_append => Err(Reason::Lost),
                    _ if holds != Some(told) => Err(Reason::Forked { holds }),
                    Some(end) if end != told => Err(Reason::Misplaced { holds: end }),
                    _ => Ok(Some((told.length, !is_append))),
                }
            }
            Outcome::Answered { .. } => Err(Reason::Unfit),
        }
    }
}

/// What ended before something else was called does not stand behind it. The operations come in the
/// order of their calls.
fn in_time(placed: &[(Operation, Place)]) -> Result<(), Violation> {
    let mut ended: Vec<_> = (placed.iter())
        .filter_map(|(operation, place)| Some((operation.answered_at()?, operation, place)))
        .collect();
    ended.sort_unstable_by_key(|&(at, ..)| at);
    let mut ended = ended.into_iter().peekable();
    let mut last: Option<(&Operation, &Place)> = None;
    for (operation, place) in placed {
        while let Some((_, other, its)) = ended.next_if(|&(at, ..)| at < operation.called) {
            if last.is_none_or(|(_, furthest)| its > furthest) {
                last = Some((other, its));
            }
        }
        if let Some((other, furthest)) = last
            && furthest > place
        {
            return Err(violation(Reason::Backwards, &[*other, *operation]));
        }
    }
    Ok(())
}

fn of_list(key: Key, reason: Reason) -> Violation {
    Violation {
        key,
        reason,
        completed: Vec::new(),
        pending: Vec::new(),
    }
}

fn violation(reason: Reason, operations: &[Operation]) -> Violation {
    let mut violation = of_list(operations.first().map_or(0, |operation| operation.key), reason);
    for operation in operations {
        match operation.outcome {
            Outcome::Unknown => violation.pending.push(*operation),
            Outcome::Refused | Outcome::Answered { .. } => violation.completed.push(*operation),
        }
    }
    violation
}
