//! Simulated time: what is due, in order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use quorate::NodeId;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    /// A node's clock ticks.
    Tick(NodeId),
    /// A node has something to do; `start` tells an earlier start's affairs from this one's.
    Work {
        node: NodeId,
        start: u64,
        kind: Kind,
    },
    Arrive(u64),
    Client(u64),
    GiveUp {
        client: u64,
        operation: u64,
    },
    Resume(NodeId),
    Restart(NodeId),
    /// A partition ends.
    Mend(u64),
}

/// A node's errands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Ready,
    Write,
    Sync,
    Acknowledge,
    Apply,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::Ready, Self::Write, Self::Sync, Self::Acknowledge, Self::Apply];
}

/// A queue by time; what is due at the same time comes in the order in which it was put there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    pub(crate) now: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Due)>>,
    count: u64,
}

impl Clock {
    pub(crate) fn after(&mut self, wait: u64, due: Due) {
        self.count += 1;
        self.queue
            .push(Reverse((self.now.saturating_add(wait), self.count, due)));
    }

    /// What is due next; time moves there.
    pub(crate) fn next(&mut self) -> Option<Due> {
        let Reverse((at, _, due)) = self.queue.pop()?;
        self.now = at;
        Some(due)
    }

    /// How much of a kind is due at some time.
    #[cfg(test)]
    pub(crate) fn count_of(&self, kind: impl Fn(&Due) -> bool) -> usize {
        self.queue.iter().filter(|Reverse((_, _, due))| kind(due)).count()
    }
}
