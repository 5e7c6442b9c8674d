//! Reads that wait at the leader for a round of heartbeats, and for its first commit in its term.

use alloc::collections::VecDeque;

use bytes::Bytes;

use crate::rules::read::{ReadPermit, by_round};
use crate::types::{Index, NodeId};

/// A read that waits at the leader.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct WaitingRead {
    /// Who asked: the leader itself, or a node that forwarded it.
    pub(crate) from: NodeId,
    pub(crate) context: Bytes,
    /// The commit index when it arrived; none before the leader has committed in its term.
    pub(crate) index: Option<Index>,
    /// The first round of heartbeats that was sent after it arrived.
    pub(crate) round: u64,
}

/// In the order of arrival.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct WaitingReads {
    queue: VecDeque<WaitingRead>,
}

impl WaitingReads {
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(crate) fn push(&mut self, read: WaitingRead) {
        self.queue.push_back(read);
    }

    /// The round that the newest read waits for.
    pub(crate) fn newest_round(&self) -> Option<u64> {
        self.queue.back().map(|read| read.round)
    }

    /// The leader has committed in its term: reads that came before are as of now.
    pub(crate) fn set_index(&mut self, index: Index) {
        for read in &mut self.queue {
            read.index.get_or_insert(index);
        }
    }

    /// The next read that may be answered.
    pub(crate) fn release(&mut self, confirmed: u64) -> Option<(WaitingRead, ReadPermit)> {
        let read = self.queue.front()?;
        let permit = by_round(read.index, read.round, confirmed)?;
        let read = self.queue.pop_front()?;
        if self.queue.is_empty() {
            self.queue = VecDeque::new(); // an idle leader holds no buffer
        }
        Some((read, permit))
    }

    /// All of them, because leadership is lost.
    pub(crate) fn drain(self) -> impl Iterator<Item = WaitingRead> {
        self.queue.into_iter()
    }
}
