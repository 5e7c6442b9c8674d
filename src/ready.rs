//! What a node wants done: the [`Ready`] batch and its storage tasks.
//!
//! The order of calls is in the types. What may leave at once is on the `Ready`; what promises
//! something durable exists only on what the `Ready` (or the task) turns into once it is persisted.

use alloc::boxed::Box;
use alloc::vec::{Drain, Vec};
use core::fmt;

use bytes::Bytes;

use crate::entries::Entries;
use crate::event::Event;
use crate::message::Message;
use crate::types::{Entry, EntryId, HardState, Index, NodeId, Snapshot, Term};

/// The volatile state that is worth knowing; need not be persisted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SoftState {
    /// Who leads, as far as this node knows.
    pub leader: Option<NodeId>,
    /// What this node is.
    pub role: RoleKind,
}

/// What a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RoleKind {
    /// It answers leaders and candidates (section 5.1).
    #[default]
    Follower,
    /// It asks whether it could win an election (thesis 9.6).
    PreCandidate,
    /// It stands for election (section 5.2).
    Candidate,
    /// It replicates its log to the others (section 5.3).
    Leader,
}

/// What became of a read that was asked for with [`RawNode::read_index`](crate::RawNode::read_index).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReadState {
    /// The caller's name for the read.
    pub context: Bytes,
    /// Serve it once this index is applied; or why it cannot be served.
    pub outcome: Result<Index, ReadRefusal>,
}

/// Why a read came back without an index. Ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadRefusal {
    /// The leader it was with, or forwarded to, is not the leader any more.
    LeaderChanged,
    /// No answer came within an election timeout.
    Timeout,
}

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

/// Committed entries to apply, in order.
#[must_use = "what is handed out is not handed out again: apply it, then call `done`"]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApplyTask {
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

    /// The acknowledgement that nothing follows.
    pub(crate) fn last_ack(&mut self) -> Option<&mut AckKind> {
        let messages = self.messages.len();
        let last = self.acks.last_mut().filter(|(before, _)| *before == messages);
        last.map(|(_, ack)| &mut ack.kind)
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
    Vote {
        /// The term it stands in; in a rehearsal the term it would stand in.
        term: Term,
        /// Only a rehearsal.
        pre_vote: bool,
    },
    /// What the leader appended is in its own log, durably.
    Append {
        /// The leader's term.
        term: Term,
        /// Up to here.
        index: Index,
    },
    /// The storage holds the log up to here.
    Stored {
        /// The term of the node when the task was handed out. If it moved on since, the entries
        /// may have been overwritten and only the snapshot counts.
        term: Term,
        /// Last entry of the log when the task was handed out; `None` if nothing was unstable.
        last: Option<EntryId>,
        /// The snapshot that was stored.
        snapshot: Option<Index>,
    },
    /// The state machine has applied up to here.
    Applied {
        /// Up to here.
        index: Index,
        /// Encoded bytes of the entries.
        bytes: u64,
    },
}

/// A batch of things to do, to be taken apart in the order of its methods:
/// send [`messages`](Ready::take_messages), persist, then [`persisted`](Ready::persisted).
///
/// With asynchronous storage writes: send the messages, hand the tasks to their threads.
#[must_use = "a Ready that is dropped blocks the node until it is rebuilt from storage"]
#[derive(Debug)]
pub struct Ready {
    pub(crate) origin: Origin,
    pub(crate) number: u64,
    pub(crate) soft_state: Option<SoftState>,
    pub(crate) read_states: Vec<ReadState>,
    pub(crate) messages: Vec<Message>,
    pub(crate) append: Option<AppendTask>,
    pub(crate) apply: Option<ApplyTask>,
    pub(crate) events: Vec<Event>,
}

/// A [`Ready`] whose parts are durable: send what had to wait, apply what is committed, advance.
#[must_use = "the node waits for `advance`"]
#[derive(Debug)]
pub struct Persisted {
    pub(crate) origin: Origin,
    pub(crate) number: u64,
    pub(crate) owed: Owed,
    pub(crate) committed: Entries,
    pub(crate) applied: Option<Ack>,
    /// For the messages of the next Ready.
    pub(crate) spare: Vec<Message>,
}

impl Ready {
    /// The new leader or role, if it changed.
    pub fn soft_state(&self) -> Option<SoftState> {
        self.soft_state
    }

    /// Reads that can be served, or were refused.
    pub fn read_states(&self) -> &[ReadState] {
        &self.read_states
    }

    /// What happened since the last Ready.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Messages that may leave at once, in parallel to this node's own disk (thesis 10.2.1).
    pub fn take_messages(&mut self) -> Vec<Message> {
        core::mem::take(&mut self.messages)
    }

    /// The same, one by one; their buffer serves the next Ready.
    pub fn drain_messages(&mut self) -> Drain<'_, Message> {
        self.messages.drain(..)
    }

    /// Messages that may leave at once.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// What is to be persisted, if anything. (Storage that is written asynchronously takes it
    /// with [`take_append_task`](Self::take_append_task).)
    pub fn append_task(&self) -> Option<&AppendTask> {
        self.append.as_ref()
    }

    /// The snapshot to install: it replaces the log and the state machine.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.append.as_ref()?.snapshot()
    }

    /// The entries to store: they replace the log from the first one's index on.
    pub fn entries(&self) -> &[Entry] {
        self.append.as_ref().map_or(&[], |task| task.entries())
    }

    /// The hard state to store, if it changed.
    pub fn hard_state(&self) -> Option<HardState> {
        self.append.as_ref()?.hard_state
    }

    /// Whether what is persisted must be synced before [`persisted`](Self::persisted): entries,
    /// term, vote or a snapshot changed. Without, a write in order is enough.
    pub fn must_sync(&self) -> bool {
        self.append.as_ref().is_some_and(AppendTask::must_sync)
    }

    /// With asynchronous storage writes: the task for the thread that writes.
    pub fn take_append_task(&mut self) -> Option<AppendTask> {
        self.append.take()
    }

    /// With asynchronous storage writes: the task for the thread that applies.
    pub fn take_apply_task(&mut self) -> Option<ApplyTask> {
        self.apply.take()
    }

    /// Call this when snapshot, entries and hard state are stored (and synced, if
    /// [`must_sync`](Self::must_sync)).
    pub fn persisted(self) -> Persisted {
        let (committed, applied) = match self.apply {
            Some(task) => (task.entries, Some(task.ack)),
            None => (Entries::new(), None),
        };
        Persisted {
            origin: self.origin,
            number: self.number,
            owed: self.append.map(|task| task.owed).unwrap_or_default(),
            committed,
            applied,
            spare: self.messages,
        }
    }
}

impl Persisted {
    /// Messages that promise something durable.
    pub fn take_messages(&mut self) -> Vec<Message> {
        core::mem::take(&mut self.owed.messages)
    }

    /// The same, one by one; their buffer serves the next Ready.
    pub fn drain_messages(&mut self) -> Drain<'_, Message> {
        self.owed.messages.drain(..)
    }

    /// Committed entries to apply, in order. Hand each that
    /// [changes the configuration](Entry::is_conf_change) to
    /// [`apply_conf_change`](crate::RawNode::apply_conf_change).
    pub fn take_committed_entries(&mut self) -> Entries {
        core::mem::take(&mut self.committed)
    }
}

impl AppendTask {
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

    /// The entries to apply, in order. Hand each that
    /// [changes the configuration](Entry::is_conf_change) to
    /// [`apply_conf_change`](crate::RawNode::apply_conf_change) before the acknowledgement.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Call this when the entries are applied.
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

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ready {}", self.number)?;
        if let Some(SoftState { leader, role }) = self.soft_state {
            match leader {
                Some(leader) => write!(f, "\n  {role:?}, leader {leader}")?,
                None => write!(f, "\n  {role:?}, no leader")?,
            }
        }
        for read in &self.read_states {
            write!(f, "\n  read {} {:?}", read.context.escape_ascii(), read.outcome)?;
        }
        for message in &self.messages {
            write!(f, "\n  send {message}")?;
        }
        if let Some(task) = &self.append {
            write!(f, "\n{task}")?;
        }
        for entry in self.apply.iter().flat_map(ApplyTask::entries) {
            write!(f, "\n  apply {entry}")?;
        }
        Ok(())
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
