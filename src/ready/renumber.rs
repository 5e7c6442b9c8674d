//! Numbers of batches and acknowledgements, counted anew: for tools that compare nodes.

use super::task::{Ack, AckKind, AppendTask, ApplyTask};
use super::{Batch, Persisted, Ready};

/// Something for each kind of acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct ByKind<T> {
    pub(crate) pre_votes: T,
    pub(crate) votes: T,
    pub(crate) appends: T,
    pub(crate) hard_states: T,
    pub(crate) stored: T,
    pub(crate) applied: T,
}

impl<T> ByKind<T> {
    pub(crate) fn of_mut(&mut self, kind: &AckKind) -> &mut T {
        match kind {
            AckKind::Vote { pre_vote: true, .. } => &mut self.pre_votes,
            AckKind::Vote { .. } => &mut self.votes,
            AckKind::Append { .. } => &mut self.appends,
            AckKind::HardState { .. } => &mut self.hard_states,
            AckKind::Stored { .. } => &mut self.stored,
            AckKind::Applied { .. } => &mut self.applied,
        }
    }

    pub(crate) fn map<U>(&mut self, each: impl Fn(&mut T) -> U) -> ByKind<U> {
        ByKind {
            pre_votes: each(&mut self.pre_votes),
            votes: each(&mut self.votes),
            appends: each(&mut self.appends),
            hard_states: each(&mut self.hard_states),
            stored: each(&mut self.stored),
            applied: each(&mut self.applied),
        }
    }
}

/// By how much numbers are less since [`RawNode::renumber`](crate::RawNode::renumber): for what the node handed out
/// before, and what is not given back yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Renumbering {
    pub(crate) readies: u64,
    /// With asynchronous storage writes, where acknowledgements have numbers of their own.
    pub(crate) acks: Option<ByKind<u64>>,
}

impl Renumbering {
    fn ack(&self, ack: &mut Ack) {
        let less = self.acks.map_or(self.readies, |mut acks| *acks.of_mut(&ack.kind));
        ack.number = ack.number.saturating_sub(less);
    }

    fn append(&self, task: &mut AppendTask) {
        task.number = task.number.saturating_sub(self.readies);
        task.owed.acks.iter_mut().for_each(|(_, ack)| self.ack(ack));
    }

    fn batch(&self, batch: &mut Batch) {
        batch.number = batch.number.saturating_sub(self.readies);
        self.append(&mut batch.append);
        batch.apply.iter_mut().for_each(|task| self.ack(&mut task.ack));
    }
}

impl Ready {
    /// Follows [`RawNode::renumber`](crate::RawNode::renumber).
    pub fn renumber(&mut self, by: &Renumbering) {
        by.batch(&mut self.batch);
    }
}

impl Persisted {
    /// Follows [`RawNode::renumber`](crate::RawNode::renumber).
    pub fn renumber(&mut self, by: &Renumbering) {
        by.batch(&mut self.batch);
    }
}

impl AppendTask {
    /// Follows [`RawNode::renumber`](crate::RawNode::renumber).
    pub fn renumber(&mut self, by: &Renumbering) {
        by.append(self);
    }
}

impl ApplyTask {
    /// Follows [`RawNode::renumber`](crate::RawNode::renumber).
    pub fn renumber(&mut self, by: &Renumbering) {
        by.ack(&mut self.ack);
    }
}

impl Ack {
    /// Follows [`RawNode::renumber`](crate::RawNode::renumber).
    pub fn renumber(&mut self, by: &Renumbering) {
        by.ack(self);
    }
}
