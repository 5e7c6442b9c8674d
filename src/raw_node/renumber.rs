//! Numbers that only tell batches apart, counted anew.

use super::RawNode;
use crate::ready::{AppendTask, Renumbering};

impl<S> RawNode<S> {
    /// Counts Readies and acknowledgements anew, so that nodes that differ in nothing but how many there were become
    /// equal: for tools that compare nodes and look for states that they know already, model checkers for example.
    ///
    /// `oldest` is the oldest task for the storage that is handed out and not acknowledged, with asynchronous storage
    /// writes. Everything that is handed out and not given back has to follow: [`Ready::renumber`] and so on. What does
    /// not is refused, or taken for another batch of the same number; so keep none.
    ///
    /// [`Ready::renumber`]: crate::Ready::renumber
    ///
    /// ```
    /// # use quorate::*;
    /// let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let before = node.clone();
    /// // Somebody asks, and is told nothing new: a Ready, and nothing else came of it.
    /// node.report_unreachable(2)?;
    /// assert!(node.ready()?.is_none());
    /// node.renumber(None);
    /// assert_eq!(node, before);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn renumber(&mut self, oldest: Option<&AppendTask>) -> Renumbering {
        let earlier = self.readies.saturating_sub(u64::from(self.outstanding));
        let readies = oldest.map_or(earlier, |task| task.number().saturating_sub(1));
        self.readies = self.readies.saturating_sub(readies);
        let acks = self.acks.as_mut().map(|acks| acks.renumber());
        Renumbering { readies, acks }
    }
}
