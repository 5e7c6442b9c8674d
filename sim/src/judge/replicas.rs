//! State machines: the same answers and the same state at the same index, on every node and start.

use std::collections::BTreeMap;
use std::fmt;

use quorate::{Index, NodeId};

use super::{Verdict, Violation, check};
use crate::shadow::digest_of;
use crate::values::{are_reordered, both};

/// The state after every index divisible by this is compared, beside that of each snapshot.
pub(crate) const COMPARED_EVERY: u64 = 32;

/// Of longer answers and states only the beginning is remembered, and a digest.
const REMEMBERED: usize = 1 << 16;

/// What to do where snapshots are not canonical.
const HINT: &str = "snapshot() has to give the same bytes for the same state, however it came about: go through maps in \
                    the order of their keys (a HashMap has none), and leave out capacities, addresses and times";

/// A state machine: at which node, and how it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    /// Its node.
    pub node: NodeId,
    /// The node's start, from 1; 0 if nobody counts.
    pub start: u64,
    /// The snapshot that it was last restored from; 0 if from none.
    pub restored: Index,
}

impl From<NodeId> for Replica {
    fn from(node: NodeId) -> Self {
        Self {
            node,
            start: 0,
            restored: 0,
        }
    }
}

impl fmt::Display for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { node, start, restored } = self;
        write!(f, "node {node}")?;
        match (start, restored) {
            (0, _) => Ok(()),
            (_, 0) => write!(f, " (start {start}, everything applied)"),
            _ => write!(f, " (start {start}, restored from the snapshot at {restored})"),
        }
    }
}

/// Remembers, by index, what a state machine answered and what it was, whoever was first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replicas {
    answers: BTreeMap<Index, First>,
    states: BTreeMap<Index, First>,
}

/// What was seen first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct First {
    of: Replica,
    digest: u64,
    length: usize,
    /// At most the beginning.
    bytes: Box<[u8]>,
}

impl Replicas {
    /// The answer to the command at `index`.
    pub fn answers(&mut self, replica: impl Into<Replica>, index: Index, answer: &[u8]) -> Verdict {
        let replica = replica.into();
        let Some(first) = differs(&mut self.answers, replica, index, answer) else {
            return Ok(());
        };
        let (ours, theirs) = both(answer, &first.bytes);
        let detail = format!(
            "{replica} answers the command at {index} with {ours}, and {} with {theirs}",
            first.of
        );
        Err(Violation::new("same answers", detail))
    }

    /// The state when everything up to `index` is applied.
    pub fn is_at(&mut self, replica: impl Into<Replica>, index: Index, state: &[u8]) -> Verdict {
        let replica = replica.into();
        let Some(first) = differs(&mut self.states, replica, index, state) else {
            return Ok(());
        };
        if are_reordered(state, &first.bytes) {
            return Err(not_canonical(replica, first.of, index, state, &first.bytes));
        }
        let (ours, theirs) = both(state, &first.bytes);
        let detail = format!(
            "at {index} the snapshot() of {replica} is {ours}, and that of {} {theirs}. All answers so far were the \
             same: if the states are, too, then {HINT}",
            first.of
        );
        Err(Violation::new("same state", detail))
    }

    /// Who was seen at this index first, and the snapshot that it gave, if that is remembered whole.
    pub fn first_at(&self, index: Index) -> Option<(Replica, &[u8])> {
        let first = self.states.get(&index)?;
        (first.bytes.len() == first.length).then_some((first.of, &first.bytes))
    }

    /// A state machine that was restored from a snapshot at `index` gives that snapshot.
    pub fn restored(replica: impl Into<Replica>, index: Index, snapshot: &[u8], again: &[u8]) -> Verdict {
        let replica = replica.into();
        let (ours, theirs) = both(again, snapshot);
        let what = format!("{replica} was restored from {theirs} at {index}, and its snapshot() is {ours} then");
        if are_reordered(snapshot, again) && snapshot != again {
            let detail = format!("{what}: the same bytes in another order. {HINT}");
            return Err(Violation::new("snapshots are canonical", detail));
        }
        check(snapshot == again, "restore gives the state back", || {
            format!("{what}: restore() loses something; or else {HINT}")
        })
    }
}

/// Two state machines are the same, and their snapshots are not.
pub(crate) fn not_canonical(one: Replica, other: Replica, index: Index, ours: &[u8], theirs: &[u8]) -> Violation {
    let (ours, theirs) = both(ours, theirs);
    let detail = format!(
        "at {index} {one} and {other} are in the same state, as far as can be seen, but the snapshot() of one is \
         {ours}, and that of the other {theirs}. {HINT}"
    );
    Violation::new("snapshots are canonical", detail)
}

/// What was seen there first, if it is another.
fn differs<'a>(seen: &'a mut BTreeMap<Index, First>, of: Replica, index: Index, bytes: &[u8]) -> Option<&'a First> {
    let (digest, length) = (digest_of(index, bytes), bytes.len());
    let first = seen.entry(index).or_insert_with(|| First {
        of,
        digest,
        length,
        bytes: bytes.get(..REMEMBERED).unwrap_or(bytes).into(),
    });
    ((first.digest, first.length) != (digest, length)).then_some(first)
}
