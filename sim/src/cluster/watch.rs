//! For who looks on and goes on after a violation: scripts, say.

use quorate::error::{AcknowledgeError, ProposeError, ReadError, SnapshotRequestError, StepError};
use quorate::{Entry, Event, NodeId, Ready, Snapshot};

use super::Cluster;
use crate::judge::{Verdict, Violation};

/// Something that happened inside a step, at a node.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Seen {
    /// A batch was handed out; this is a copy, from before anything was taken out of it.
    Ready(NodeId, Box<Ready>),
    /// The node tells of something.
    Event(NodeId, Event),
    /// An entry was applied.
    Applied(NodeId, Entry),
    /// A snapshot took the place of the state machine.
    Restored(NodeId, Snapshot),
    /// What was asked of the node is refused.
    Refused(NodeId, Refusal),
}

/// Why a node does not do what it is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// A command or a change of the configuration is not taken.
    Propose(ProposeError),
    /// A read is not.
    Read(ReadError),
    /// No snapshot is asked for.
    Snapshot(SnapshotRequestError),
    /// A message is not.
    Message(StepError),
    /// An acknowledgement is not.
    Acknowledge(AcknowledgeError),
}

/// What was seen since somebody last asked, and what broke since the beginning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    seen: Vec<Seen>,
    violations: Vec<Violation>,
}

impl<M, D> Cluster<M, D> {
    /// From here on what happens is kept for [`take_seen`](Self::take_seen), and a violation ends no step: it is kept
    /// among the [`violations`](Self::violations), each once.
    pub fn watch(&mut self) {
        self.watch.get_or_insert_default();
    }

    /// What was seen since this was last asked.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        let watch = self.watch.as_mut();
        watch.map(|watch| std::mem::take(&mut watch.seen)).unwrap_or_default()
    }

    /// What broke since the cluster is watched.
    pub fn violations(&self) -> &[Violation] {
        self.watch.as_ref().map_or(&[], |watch| &watch.violations)
    }

    pub(super) fn saw(&mut self, seen: impl FnOnce() -> Seen) {
        if let Some(watch) = &mut self.watch {
            watch.seen.push(seen());
        }
    }

    /// What a judge says ends the step, unless somebody watches.
    pub(super) fn rule(&mut self, verdict: Verdict) -> Verdict {
        rule(&mut self.watch, verdict)
    }
}

/// The same, where the rest of the cluster is in use.
pub(super) fn rule(watch: &mut Option<Box<Watch>>, verdict: Verdict) -> Verdict {
    let (Some(watch), Err(violation)) = (watch, &verdict) else {
        return verdict;
    };
    if !watch.violations.contains(violation) {
        watch.violations.push(violation.clone());
    }
    Ok(())
}
