//! What a node wants done: the [`Ready`] batch and its storage tasks.
//!
//! The order of calls is in the types. What may leave at once is on the `Ready`; what promises
//! something durable exists only on what the `Ready` (or the task) turns into once it is persisted.

mod copies;
mod renumber;
mod task;
mod text;

use alloc::boxed::Box;
use alloc::vec::{Drain, Vec};
use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use crate::entries::Entries;
use crate::error::AcknowledgeError;
use crate::event::Event;
use crate::message::Message;
use crate::soft_state::SoftState;
use crate::types::{Entry, HardState, Index, Snapshot};

pub(crate) use self::renumber::ByKind;
pub use self::renumber::Renumbering;
pub(crate) use self::task::Origin;
pub use self::task::{Ack, AckKind, AppendTask, ApplyTask, TaskResponse};

/// What became of a read that was asked for with [`RawNode::read_index`](crate::RawNode::read_index).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ReadState {
    /// The caller's name for the read.
    pub context: Bytes,
    /// Serve it once this index is applied; or why it cannot be served.
    pub outcome: Result<Index, ReadRefusal>,
}

impl ReadState {
    /// What became of the read of this name.
    pub fn new(context: impl Into<Bytes>, outcome: Result<Index, ReadRefusal>) -> Self {
        let context = context.into();
        Self { context, outcome }
    }
}

/// Why a read came back without an index. Ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadRefusal {
    /// The leader it was with, or forwarded to, is not the leader any more.
    LeaderChanged,
    /// No response came within an election timeout.
    Timeout,
    /// A leader contradicts what is committed here, and so perhaps what was applied.
    Diverged,
}

/// A batch of things to do, to be taken apart in the order of its methods:
/// send [`messages`](Ready::take_messages), persist, then [`persisted`](Ready::persisted).
///
/// With asynchronous storage writes: send the messages, hand the tasks to their threads.
#[must_use = "a Ready that is dropped blocks the node until it is rebuilt from storage"]
#[derive(Debug)]
pub struct Ready {
    batch: Box<Batch>,
    /// Whether the caller has looked at what is to be persisted, ...
    seen: AtomicBool,
    /// ... and asked for the snapshot, from which the state machine begins anew.
    snapshot_seen: AtomicBool,
}

/// A [`Ready`] whose parts are durable: send what had to wait, apply what is committed, advance.
#[must_use = "the node waits for `advance`"]
#[derive(Debug)]
pub struct Persisted {
    pub(crate) batch: Box<Batch>,
    /// Whether the caller looked at what was to be persisted, ...
    seen: bool,
    /// ... and asked for the snapshot.
    snapshot_seen: AtomicBool,
}

/// A [`Ready`] that could not be persisted, from [`Ready::persisted_by`].
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct NotPersisted<E> {
    /// What happened.
    pub error: E,
    /// To be tried again. If it is dropped, the node must be rebuilt from storage.
    pub ready: Ready,
}

/// Why [`RawNode::advance`](crate::RawNode::advance) refused, and the batch that it refused. The node is as it
/// was before.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
#[non_exhaustive]
pub struct NotAdvanced {
    /// What is wrong, or still to be done.
    pub reason: AcknowledgeError,
    /// To be advanced when that is done. `None` if the node met a fault while it took it up.
    pub batch: Option<Persisted>,
}

impl From<NotAdvanced> for AcknowledgeError {
    fn from(refused: NotAdvanced) -> Self {
        refused.reason
    }
}

/// What is in them. It goes back to the node with `advance`, where its buffers serve the next one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Batch {
    pub(crate) origin: Origin,
    pub(crate) number: u64,
    /// More of the kind may follow soon: buffers are kept.
    pub(crate) busy: bool,
    /// Its tasks may be taken: storage is written asynchronously.
    pub(crate) has_tasks: bool,
    pub(crate) soft_state: Option<SoftState>,
    pub(crate) read_states: Vec<ReadState>,
    pub(crate) messages: Vec<Message>,
    /// Whether there is something to persist, which is ...
    pub(crate) appends: bool,
    /// ... this.
    pub(crate) append: AppendTask,
    pub(crate) apply: Option<ApplyTask>,
    pub(crate) events: Vec<Event>,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            origin: Origin::default(),
            number: 0,
            busy: false,
            has_tasks: false,
            soft_state: None,
            read_states: Vec::new(),
            messages: Vec::new(),
            appends: false,
            append: AppendTask::empty(),
            apply: None,
            events: Vec::new(),
        }
    }
}

impl Batch {
    fn append(&self) -> Option<&AppendTask> {
        self.appends.then_some(&self.append)
    }

    /// Whether this is about entries, or reads that are answered.
    pub(crate) fn is_about_work(&self) -> bool {
        self.apply.is_some() || !self.append.entries.is_empty() || !self.read_states.is_empty()
    }

    /// Empty, but for its buffers.
    pub(crate) fn clear(&mut self) {
        self.read_states.clear();
        self.messages.clear();
        self.events.clear();
        self.append.clear();
        (self.appends, self.apply, self.soft_state) = (false, None, None);
    }
}

impl Ready {
    pub(crate) fn new(batch: Box<Batch>) -> Self {
        Self {
            batch,
            seen: AtomicBool::new(false),
            snapshot_seen: AtomicBool::new(false),
        }
    }

    /// The new leader or role, if it changed.
    pub fn soft_state(&self) -> Option<SoftState> {
        self.batch.soft_state
    }

    /// Reads that can be served, or were refused.
    pub fn read_states(&self) -> &[ReadState] {
        &self.batch.read_states
    }

    /// What happened since the last Ready.
    pub fn events(&self) -> &[Event] {
        &self.batch.events
    }

    /// Messages that may leave at once, in parallel to this node's own disk (thesis 10.2.1).
    pub fn take_messages(&mut self) -> Vec<Message> {
        core::mem::take(&mut self.batch.messages)
    }

    /// The same, one by one; their buffer serves the next Ready.
    pub fn drain_messages(&mut self) -> Drain<'_, Message> {
        self.batch.messages.drain(..)
    }

    /// Messages that may leave at once.
    pub fn messages(&self) -> &[Message] {
        &self.batch.messages
    }

    /// What is to be persisted, if anything. (Storage that is written asynchronously takes it
    /// with [`take_append_task`](Self::take_append_task).)
    pub fn append_task(&self) -> Option<&AppendTask> {
        self.seen.store(true, Ordering::Relaxed);
        self.batch.append()
    }

    /// The snapshot to install: it replaces the log, and [the state machine](Persisted::snapshot). (One that was
    /// [asked for](crate::RawNode::request_snapshot) and leaves the log as it is comes there only.)
    pub fn snapshot(&self) -> Option<&Snapshot> {
        let snapshot = self.append_task()?.snapshot()?;
        self.snapshot_seen.store(true, Ordering::Relaxed);
        Some(snapshot)
    }

    /// The entries to store: they replace the log from the first one's index on.
    pub fn entries(&self) -> &[Entry] {
        self.append_task().map_or(&[], |task| task.entries())
    }

    /// The hard state to store, if it changed.
    pub fn hard_state(&self) -> Option<HardState> {
        self.append_task()?.hard_state
    }

    /// Whether what is persisted must be synced before [`persisted`](Self::persisted): entries,
    /// term, vote or a snapshot changed. Without, a write in order is enough.
    pub fn must_sync(&self) -> bool {
        self.batch.append().is_some_and(AppendTask::must_sync)
    }

    /// With asynchronous storage writes: the task for the thread that writes.
    pub fn take_append_task(&mut self) -> Option<AppendTask> {
        let task = self.batch.has_tasks && core::mem::take(&mut self.batch.appends);
        task.then(|| core::mem::replace(&mut self.batch.append, AppendTask::empty()))
    }

    /// With asynchronous storage writes: the task for the thread that applies. (`None` without.)
    pub fn take_apply_task(&mut self) -> Option<ApplyTask> {
        self.batch.apply.take_if(|_| self.batch.has_tasks)
    }

    /// Has `persist` store (and sync, if [it must](AppendTask::must_sync)) what there is to store; it is not
    /// called if there is nothing.
    ///
    /// # Errors
    ///
    /// What `persist` answered, with the Ready, so that it can be tried again.
    pub fn persisted_by<E>(
        self,
        persist: impl FnOnce(&AppendTask) -> Result<(), E>,
    ) -> Result<Persisted, NotPersisted<E>> {
        match self.append_task().map_or(Ok(()), persist) {
            Ok(()) => Ok(self.persisted()),
            Err(error) => Err(NotPersisted { error, ready: self }),
        }
    }

    /// For who stores the parts by hand, or syncs many groups at once: call this when snapshot, entries and hard
    /// state are stored (and synced, if [`must_sync`](Self::must_sync)). Who has not even looked at them is
    /// told so by [`advance`](crate::RawNode::advance).
    pub fn persisted(self) -> Persisted {
        Persisted {
            seen: self.seen.into_inner(),
            snapshot_seen: self.snapshot_seen,
            batch: self.batch,
        }
    }
}

impl Persisted {
    /// The Ready again, to be persisted after all.
    pub fn into_ready(self) -> Ready {
        Ready::new(self.batch)
    }

    /// Whether what had to be done was done, as far as it can be seen here.
    pub(crate) fn check_done(&self) -> Result<(), AcknowledgeError> {
        if self.batch.appends && !self.seen {
            return Err(AcknowledgeError::NotPersisted);
        }
        if let Some(snapshot) = self.restored().filter(|_| !self.snapshot_seen.load(Ordering::Relaxed)) {
            let index = snapshot.metadata.index;
            return Err(AcknowledgeError::NotRestored { index });
        }
        let untaken = self.batch.apply.as_ref().and_then(|task| task.entries.first());
        match untaken {
            Some(&Entry { index, .. }) => Err(AcknowledgeError::NotTaken { index }),
            None => Ok(()),
        }
    }

    /// What the state machine begins anew with: what was installed, or asked for.
    fn restored(&self) -> Option<&Snapshot> {
        let installed = self.batch.append().and_then(AppendTask::snapshot);
        installed.or_else(|| self.batch.apply.as_ref()?.snapshot())
    }

    /// Messages that promise something durable.
    pub fn take_messages(&mut self) -> Vec<Message> {
        core::mem::take(&mut self.batch.append.owed.messages)
    }

    /// The same, one by one; their buffer serves the next Ready.
    pub fn drain_messages(&mut self) -> Drain<'_, Message> {
        self.batch.append.owed.messages.drain(..)
    }

    /// The snapshot that was stored, or that was [asked for](crate::RawNode::request_snapshot), if there is one: the
    /// state machine begins anew with it, before it applies anything. Who never looks, here or (for the former) on the
    /// [`Ready`](Ready::snapshot), is told so by [`advance`](crate::RawNode::advance) when there is one.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot_seen.store(true, Ordering::Relaxed);
        self.restored()
    }

    /// Committed entries to apply, in order. Hand each that
    /// [changes the configuration](Entry::is_conf_change) to
    /// [`apply_conf_change`](crate::RawNode::apply_conf_change).
    pub fn take_committed_entries(&mut self) -> Entries {
        let task = self.batch.apply.as_mut();
        task.map(|task| core::mem::take(&mut task.entries)).unwrap_or_default()
    }
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ready {}", self.batch.number)?;
        if let Some(SoftState { leader, role }) = self.batch.soft_state {
            match leader {
                Some(leader) => write!(f, "\n  {role:?}, leader {leader}")?,
                None => write!(f, "\n  {role:?}, no leader")?,
            }
        }
        for read in &self.batch.read_states {
            write!(f, "\n  read {} {:?}", read.context.escape_ascii(), read.outcome)?;
        }
        for message in &self.batch.messages {
            write!(f, "\n  send {message}")?;
        }
        if let Some(task) = self.batch.append() {
            write!(f, "\n{task}")?;
        }
        for snapshot in self.batch.apply.iter().filter_map(ApplyTask::snapshot) {
            write!(f, "\n  begin anew with snapshot {}", snapshot.id())?;
        }
        for entry in self.batch.apply.iter().flat_map(ApplyTask::entries) {
            write!(f, "\n  apply {entry}")?;
        }
        Ok(())
    }
}
