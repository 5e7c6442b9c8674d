//! When a read may be answered: thesis 6.4.

use crate::quorum::Joint;
use crate::types::{Index, NodeId};

/// Proof that a read is linearizable at an index. Made here and in the lease rule only.
#[derive(Debug)]
pub(crate) struct ReadPermit {
    index: Index,
}

impl ReadPermit {
    pub(super) fn new(index: Index) -> Self {
        Self { index }
    }

    pub(crate) fn index(&self) -> Index {
        self.index
    }
}

/// The round of heartbeats up to which a quorum said, after it was sent, that we still lead.
pub(crate) fn confirmed_round(voters: &Joint, confirmed: impl Fn(NodeId) -> Option<u64>) -> u64 {
    voters.committed_index(confirmed)
}

/// A read that arrived before `round` was sent, at a leader that had committed in its term up to
/// `index` (step 1: without that it may not know what is committed).
pub(crate) fn by_round(index: Option<Index>, round: u64, confirmed: u64) -> Option<ReadPermit> {
    (round <= confirmed).then_some(ReadPermit::new(index?))
}
