//! Moving a cluster: Readies, deliveries, storage tasks, and all of them until nothing moves.

use quorate::RawNode;
use quorate::error::{AcknowledgeError, ProposeError, StepError};
use quorate::types::NodeId;

use super::cluster::Cluster;
use super::pool::{Cargo, Filter, Parcel};
use crate::output::{Failure, Output};

/// More rounds than any script needs: the nodes would talk for ever.
const ROUNDS_MAX: usize = 10_000;

/// What happens to a message in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Deliver,
    /// Deliver it and keep it in flight.
    Duplicate,
    Drop,
}

/// A storage thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thread {
    Append,
    Apply,
}

impl Thread {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Append => "append",
            Self::Apply => "apply",
        }
    }
}

impl Cluster {
    pub(crate) fn process_ready(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        let parcels = self.member(id)?.handle_ready(out);
        self.outcome(id, parcels)
    }

    /// Judges the node and puts in flight what it sends.
    fn outcome(&mut self, id: NodeId, parcels: Result<Vec<Parcel>, Failure>) -> Result<(), Failure> {
        self.observe(id);
        self.send(id, parcels?);
        Ok(())
    }

    /// The first half of [`process_ready`](Self::process_ready): nothing is synced.
    pub(crate) fn take_ready(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        let parcels = self.member(id)?.take_ready(out);
        self.outcome(id, parcels)
    }

    /// The second half; prints what it sends.
    pub(crate) fn persist(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        let parcels = self.member(id)?.persist();
        for parcel in parcels.iter().flatten() {
            out.line(&parcel.text);
        }
        self.outcome(id, parcels)
    }

    /// Performs the oldest task of a thread.
    pub(crate) fn process_thread(&mut self, thread: Thread, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        let member = self.member(id)?;
        let parcels = match thread {
            Thread::Append => member.perform_append(out),
            Thread::Apply => member.perform_apply(out),
        };
        self.outcome(id, parcels)
    }

    /// Delivers or drops what is in flight and meant; gives how much that was.
    pub(crate) fn deliver(&mut self, fate: Fate, filter: Filter<'_>, out: &mut Output<'_>) -> Result<usize, Failure> {
        if !self.pool.has(filter) {
            return Ok(0);
        }
        if fate != Fate::Drop {
            self.node(filter.to)?;
        }
        let parcels = match fate {
            Fate::Deliver | Fate::Drop => self.pool.take(filter),
            Fate::Duplicate => self.pool.take_copies(filter),
        };
        let count = parcels.len();
        for parcel in parcels {
            if fate == Fate::Drop {
                out.line(format!("dropped: {}", parcel.text));
                continue;
            }
            self.deliver_one(parcel, out)?;
        }
        Ok(count)
    }

    /// Delivers a parcel and prints it.
    pub(crate) fn deliver_one(&mut self, parcel: Parcel, out: &mut Output<'_>) -> Result<(), Failure> {
        let to = parcel.to;
        out.line(&parcel.text);
        if let Some(words) = self.hand_over(parcel)? {
            out.line(words);
        }
        self.observe(to);
        Ok(())
    }

    /// Gives a parcel to its node; `Some` is the error that it prints.
    fn hand_over(&mut self, parcel: Parcel) -> Result<Option<String>, Failure> {
        let node = self.node(parcel.to)?;
        Ok(match parcel.cargo {
            Cargo::Message(message) => node.step(message).err().and_then(|error| step_words(&error)),
            Cargo::Ack(ack) => node.acknowledge(ack).err().map(|error| ack_words(&error)),
        })
    }

    /// Readies, deliveries and storage tasks of these nodes, until nothing moves.
    pub(crate) fn stabilize(&mut self, ids: &[NodeId], out: &mut Output<'_>) -> Result<(), Failure> {
        for _ in 0..ROUNDS_MAX {
            let mut moved = false;
            for &id in ids {
                if self.member(id)?.holds_ready() {
                    out.line(format!("> {id} persisting"));
                    self.persist(id, &mut out.nested())?;
                    moved = true;
                }
                if self.member(id)?.running().is_some_and(RawNode::has_ready) {
                    out.line(format!("> {id} handling Ready"));
                    self.process_ready(id, &mut out.nested())?;
                    moved = true;
                }
            }
            for &id in ids {
                let filter = Filter::all_to(id);
                if self.member(id)?.running().is_some() && self.pool.has(filter) {
                    out.line(format!("> {id} receiving messages"));
                    self.deliver(Fate::Deliver, filter, &mut out.nested())?;
                    moved = true;
                }
            }
            for thread in [Thread::Append, Thread::Apply] {
                for &id in ids {
                    if self.has_work(thread, id)? {
                        out.line(format!("> {id} processing {} thread", thread.name()));
                        moved = true;
                    }
                    while self.has_work(thread, id)? {
                        self.process_thread(thread, id, &mut out.nested())?;
                    }
                }
            }
            if !moved {
                return Ok(());
            }
        }
        Err(Failure::new(format!("still moving after {ROUNDS_MAX} rounds")))
    }

    fn has_work(&mut self, thread: Thread, id: NodeId) -> Result<bool, Failure> {
        let member = self.member(id)?;
        Ok(match thread {
            Thread::Append => member.has_append_work(),
            Thread::Apply => member.has_apply_work(),
        })
    }
}

/// The recordings' words for a message that was refused. Where etcd-io/raft ignores the message, or
/// would have panicked, nothing is printed.
fn step_words(error: &StepError) -> Option<String> {
    match error {
        StepError::Proposal(error) => propose_words(error),
        StepError::UnknownPeer { .. } => Some("raft: cannot step as peer not found".to_owned()),
        StepError::Node(error) => Some(error.to_string()),
        _ => None,
    }
}

fn ack_words(error: &AcknowledgeError) -> String {
    match error {
        AcknowledgeError::Removed { .. } => "raft: cannot step as peer not found".to_owned(),
        error => error.to_string(),
    }
}

/// The recordings' words for a proposal that was refused. There, a refused configuration change
/// becomes an empty entry without a word.
pub(crate) fn propose_words(error: &ProposeError) -> Option<String> {
    match error {
        ProposeError::Change(_) => None,
        ProposeError::Node(error) => Some(error.to_string()),
        _ => Some("raft proposal dropped".to_owned()),
    }
}
