//! Linearizable reads, each in the way that it wants.

use bytes::Bytes;

use super::RawNode;
use crate::config::ReadMode;
use crate::error::ReadError;
use crate::storage::Storage;

impl<S: Storage> RawNode<S> {
    /// [`read_index`](Self::read_index) in this mode, whatever [`Settings::read_mode`](crate::Settings::read_mode) is:
    /// by a round of heartbeats where the caller does not want to rely on clocks, or by a lease where it does.
    ///
    /// A lease is relied on only where the leader's settings allow one (`check_quorum`, and a `lease_margin_ticks` of 2
    /// or more and less than the election timeout), and where one is held; else the read takes a round of heartbeats,
    /// as it does in [`ReadMode::Lease`] anyway: the counters
    /// [`reads_by_lease` and `reads_by_round`](crate::status::Counters) tell. In a group that reads by rounds, a leader
    /// measures its lease from the first such read on, until it stops leading: that one takes a round, and the next
    /// ones none. As always, a lease needs clocks that drift no more than the margin allows.
    ///
    /// A follower passes the wish on with the read (an extension field). A leader that does not know the field, of
    /// etcd-io/raft, reads as its own settings say, and so do all leaders for [`read_index`](Self::read_index) at a
    /// follower.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// # node.campaign()?;
    /// # while let Some(ready) = node.ready()? {
    /// #     let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
    /// #     done.take_committed_entries();
    /// #     node.advance(done)?;
    /// # }
    /// node.read_index_with(ReadMode::Lease, "r1")?; // the only voter has a lease of its own
    /// node.read_index_with(ReadMode::ReadIndex, "r2")?;
    /// let counters = node.counters();
    /// assert_eq!((counters.reads_by_lease, counters.reads_by_round), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_index_with(&mut self, mode: ReadMode, context: impl Into<Bytes>) -> Result<(), ReadError> {
        self.raft.enter(|raft| raft.read(context.into(), Some(mode)))
    }
}
