//! Reads that a follower passed on to its leader: each comes back, answered or refused.

use alloc::vec::Vec;

use bytes::Bytes;

use super::queue::Queue;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ForwardedReads {
    /// In the order in which they were sent. Where the election timeout was shortened since, a later one has less time.
    reads: Queue<ForwardedRead>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ForwardedRead {
    number: u64,
    context: Bytes,
    ticks_left: u64,
}

impl ForwardedReads {
    pub(crate) fn len(&self) -> usize {
        self.reads.len()
    }

    pub(crate) fn push(&mut self, number: u64, context: Bytes, ticks_left: u64) {
        self.reads.push(ForwardedRead {
            number,
            context,
            ticks_left,
        });
    }

    /// The answer to one of them came; its caller's context.
    pub(crate) fn take(&mut self, number: u64) -> Option<Bytes> {
        let read = self.reads.remove_first(|read| read.number == number)?;
        Some(read.context)
    }

    /// `ticks` pass; the contexts of those whose time ran out.
    pub(crate) fn advance(&mut self, ticks: u64) -> Vec<Bytes> {
        for read in self.reads.iter_mut() {
            read.ticks_left = read.ticks_left.saturating_sub(ticks);
        }
        let mut late = Vec::new();
        while let Some(read) = self.reads.remove_first(|read| read.ticks_left == 0) {
            late.push(read.context);
        }
        late
    }

    /// Ticks until the first one's time runs out.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.reads.iter().map(|read| read.ticks_left).min()
    }

    /// All of them, because there is no such leader any more.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Bytes> {
        core::mem::take(&mut self.reads).drain().map(|read| read.context)
    }
}
