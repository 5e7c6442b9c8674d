//! Tasks for the storage and the state machine, and the acknowledgements of what they did.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::entries::Entries;
use crate::message::Message;
use crate::types::{EntryId, HardState, Index, NodeId, Snapshot, Term};

/// Entries, hard state and snapshot to persist, and what is owed once they are.
///
/// All of it or nothing; in this order: the snapshot replaces the log, the entries replace the
/// log from the first one's index on, the hard state replaces the stored one.
#[must_use = "what is not persisted must not be promised: persist it, then call `done`"]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppendTask {
    pub(crate) number: u64,
    pub(crate) snapshot: Option<Box<Snapshot>>,
    pub(crate) entries: Entries,
    pub(crate) hard_state: Option<HardState>,
    pub(crate) must_sync: bool,
    pub(crate) owed: Owed,
}

/// Committed entries to apply, in order, or a [snapshot that was asked for](Self::snapshot).
#[must_use = "what is handed out is not handed out again: apply it, then call `done`"]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApplyTask {
    pub(crate) snapshot: Option<Box<Snapshot>>,
    pub(crate) entries: Entries,
    pub(crate) ack: Ack,
}

/// What a finished task owes: deliver them in order, one by one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TaskResponse {
    /// For another node.
    Message(Message),
    /// For this node's [`acknowledge`](crate::RawNode::acknowledge).
    Ack(Ack),
}

/// Messages that wait for something durable, and this node's own acknowledgements of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Owed {
    pub(crate) messages: Vec<Message>,
    /// Each with the number of messages that go before it.
    pub(crate) acks: Vec<(usize, Ack)>,
}

impl Owed {
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.acks.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.messages.clear();
        self.acks.clear();
    }

    /// An acknowledgement that is numbered when it is handed out.
    pub(crate) fn push_ack(&mut self, kind: AckKind) {
        let ack = Ack {
            origin: Origin::default(),
            number: 0,
            kind,
        };
        self.acks.push((self.messages.len(), ack));
    }

    /// All of it in order.
    fn responses(self) -> impl Iterator<Item = TaskResponse> {
        let mut acks = self.acks.into_iter().peekable();
        let mut messages = self.messages.into_iter().enumerate().peekable();
        core::iter::from_fn(move || {
            let position = messages.peek().map_or(usize::MAX, |(position, _)| *position);
            match acks.next_if(|(before, _)| *before <= position) {
                Some((_, ack)) => Some(TaskResponse::Ack(ack)),
                None => messages.next().map(|(_, message)| TaskResponse::Message(message)),
            }
        })
    }
}

/// Which start of which node something belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) id: NodeId,
    pub(crate) seed: u64,
}

/// A node's own acknowledgement of something durable or applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ack {
    pub(crate) origin: Origin,
    pub(crate) number: u64,
    pub(crate) kind: AckKind,
}

/// What is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AckKind {
    /// The node's vote for itself is durable.
    #[non_exhaustive]
    Vote {
        /// The term it stands in; in a pre-vote the term it would stand in.
        term: Term,
        /// Only a pre-vote.
        pre_vote: bool,
    },
    /// What the leader appended is in its own log, durably.
    #[non_exhaustive]
    Append {
        /// The leader's term.
        term: Term,
        /// Up to here.
        index: Index,
    },
    /// The storage holds this hard state: of a task that has neither entries nor a snapshot.
    #[non_exhaustive]
    HardState {
        /// Its term.
        term: Term,
        /// The longest promise to a leader that it tells of.
        promised_ticks: u64,
    },
    /// The storage holds the log up to here.
    #[non_exhaustive]
    Stored {
        /// The term of the node when the task was handed out. If it moved on since, the entries
        /// may have been overwritten and only the snapshot counts.
        term: Term,
        /// The longest promise to a leader that the hard state tells of.
        promised_ticks: u64,
        /// Last entry of the log when the task was handed out; `None` if nothing was unstable.
        last: Option<EntryId>,
        /// The snapshot that was stored.
        snapshot: Option<Index>,
    },
    /// The state machine has applied up to here.
    #[non_exhaustive]
    Applied {
        /// Up to here.
        index: Index,
        /// Encoded bytes of the entries.
        bytes: u64,
    },
}

impl AppendTask {
    /// Nothing to persist.
    pub(super) fn empty() -> Self {
        Self {
            number: 0,
            snapshot: None,
            entries: Entries::new(),
            hard_state: None,
            must_sync: false,
            owed: Owed::default(),
        }
    }

    /// Empty, but for its buffers.
    pub(super) fn clear(&mut self) {
        self.snapshot = None;
        self.entries = Entries::new();
        (self.number, self.hard_state, self.must_sync) = (0, None, false);
        self.owed.clear();
    }

    /// The task's number; tasks are done in this order.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The snapshot to install first: it replaces the log and the state machine.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// The entries to store: they replace the log from the first one's index on.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// The hard state to store, if it changed.
    pub fn hard_state(&self) -> Option<HardState> {
        self.hard_state
    }

    /// Whether a sync is needed before [`done`](Self::done).
    pub fn must_sync(&self) -> bool {
        self.must_sync
    }

    /// What will be owed, for looking at: sending it before the task is done breaks Raft.
    pub fn responses(&self) -> Vec<TaskResponse> {
        self.owed.clone().responses().collect()
    }

    /// Call this when the task is durable. The acknowledgement of the storage itself comes last.
    pub fn done(self) -> Vec<TaskResponse> {
        self.owed.responses().collect()
    }
}

impl ApplyTask {
    /// The task's number; tasks are done in this order.
    pub fn number(&self) -> u64 {
        self.ack.number
    }

    /// The snapshot that was [asked for](crate::RawNode::request_snapshot): the state machine begins anew with it,
    /// before it applies anything more. The log stays as it is, and there is nothing to persist for the node.
    ///
    /// A snapshot that was installed since ([`AppendTask::snapshot`]) may have overtaken this task, as it may have
    /// overtaken one with entries: what the state machine has applied already is skipped, and the task is done.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_deref()
    }

    /// The entries to apply, in order. Hand each that
    /// [changes the configuration](crate::Entry::is_conf_change) to
    /// [`apply_conf_change`](crate::RawNode::apply_conf_change) before the acknowledgement.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Call this when the entries are applied, or the state machine has become the snapshot.
    pub fn done(self) -> Ack {
        self.ack
    }
}

impl Ack {
    /// Its place among the acknowledgements of its kind.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What is acknowledged.
    pub fn kind(&self) -> &AckKind {
        &self.kind
    }
}

impl fmt::Display for AppendTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  persist #{}{}",
            self.number,
            if self.must_sync { " and sync" } else { "" }
        )?;
        if let Some(snapshot) = &self.snapshot {
            write!(f, "\n    snapshot {}", snapshot.id())?;
        }
        for entry in &self.entries {
            write!(f, "\n    entry {entry}")?;
        }
        if let Some(hard_state) = self.hard_state {
            write!(f, "\n    hard state {hard_state}")?;
        }
        for response in self.responses() {
            match response {
                TaskResponse::Message(message) => write!(f, "\n    then send {message}")?,
                TaskResponse::Ack(ack) => write!(f, "\n    then acknowledge {:?}", ack.kind)?,
            }
        }
        Ok(())
    }
}
