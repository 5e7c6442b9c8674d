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
    /// # use quorate::message::{Heartbeat, Payload};
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let mut hear = |node: &mut RawNode<MemoryStorage>| -> Result<(), Box<dyn std::error::Error>> {
    ///     node.step(Message::new(2, 1, 1, Payload::Heartbeat(Heartbeat::new(1))))?;
    ///     while let Some(ready) = node.ready()? {
    ///         let done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
    ///         node.advance(done)?;
    ///     }
    ///     node.take_events();
    ///     node.renumber(None);
    ///     Ok(())
    /// };
    /// hear(&mut node)?;
    /// let before = node.clone();
    /// hear(&mut node)?;
    /// assert_eq!(node, before, "the same leader again: nothing is new");
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
