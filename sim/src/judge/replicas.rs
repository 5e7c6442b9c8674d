//! State machines: the same answers and the same state at the same index, on every node and start.

use std::collections::BTreeMap;

use quorate::{Index, NodeId};

use super::{Verdict, check};
use crate::shadow::digest_of;

/// The state after every index divisible by this is compared, beside that of each snapshot.
pub(crate) const COMPARED_EVERY: u64 = 32;

/// Remembers, by index, digests of what a state machine answered and of what it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replicas {
    answers: BTreeMap<Index, u64>,
    states: BTreeMap<Index, u64>,
}

impl Replicas {
    /// The answer to the command at `index`.
    pub fn answers(&mut self, node: NodeId, index: Index, answer: &[u8]) -> Verdict {
        let same = remember(&mut self.answers, index, answer);
        check(same, "same answers", || {
            format!("{node} answers the command at {index} otherwise than others, or than before it restarted")
        })
    }

    /// The state when everything up to `index` is applied.
    pub fn is_at(&mut self, node: NodeId, index: Index, state: &[u8]) -> Verdict {
        let same = remember(&mut self.states, index, state);
        check(same, "same state", || {
            format!("{node} has another state than others at index {index}, or than before it restarted")
        })
    }
}

/// Whether it is what was seen there first.
fn remember(seen: &mut BTreeMap<Index, u64>, index: Index, bytes: &[u8]) -> bool {
    let digest = digest_of(index, bytes);
    *seen.entry(index).or_insert(digest) == digest
}
