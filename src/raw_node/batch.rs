//! What a node wants done, and what was done: Readies out, acknowledgements in.

use alloc::boxed::Box;
use core::borrow::Borrow;

use super::RawNode;
use super::acks::AckNumbers;
use super::told::Told;
use crate::config::Config;
use crate::error::{AcknowledgeError, ApplyError, NodeError, ReadyError};
use crate::log::ToApply;
use crate::ready::{Ack, AckKind, ApplyTask, Batch, NotAdvanced, Origin, Persisted, Ready};
use crate::role::Leader;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{ConfState, Entry, Index};

impl<S: Storage> RawNode<S> {
    /// What tells this start of this node from all others.
    fn origin(&self) -> Origin {
        let Config { id, seed, .. } = *self.config();
        Origin { id, seed }
    }

    /// Whether there is something to do.
    pub fn has_ready(&self) -> bool {
        self.raft.touched() && self.raft.poisoned().is_none() && (self.has_output() || self.has_more())
    }

    /// Whether something may come out that is not there yet.
    #[inline]
    fn has_more(&self) -> bool {
        let server = &self.raft.server;
        (server.may_apply() && server.log.has_next_committed(&server.config))
            || self.raft.role().as_leader().is_some_and(Leader::has_more)
    }

    /// Whether anything but committed entries is there.
    #[inline]
    fn has_output(&self) -> bool {
        let server = &self.raft.server;
        Told::now(&self.raft) != self.told || !server.outbox.is_empty() || server.log.has_next_unstable()
    }

    /// What there is to do; `None` if nothing.
    ///
    /// # Errors
    ///
    /// [`ReadyError::Outstanding`] until the last one is advanced.
    #[inline]
    pub fn ready(&mut self) -> Result<Option<Ready>, ReadyError> {
        if !self.raft.touched() {
            return Ok(None);
        }
        self.ready_after_touch()
    }

    fn ready_after_touch(&mut self) -> Result<Option<Ready>, ReadyError> {
        self.raft.check_sound()?;
        if self.outstanding {
            return Err(ReadyError::Outstanding);
        }
        let (output, more) = (self.has_output(), self.has_more());
        if !output && !more {
            self.raft.settle();
            return Ok(None);
        }
        self.take_ready(output, more)
    }

    #[inline(never)]
    fn take_ready(&mut self, output: bool, more: bool) -> Result<Option<Ready>, ReadyError> {
        let committed = if more || self.raft.role().as_leader().is_some() {
            self.raft.enter(|raft| {
                raft.flush()?;
                Ok::<_, Stop<NodeError>>(raft.take_committed()?)
            })?
        } else {
            ToApply::default()
        };
        // Committed entries may turn out not to be readable now.
        let nothing = !output && committed.is_empty() && !self.has_output();
        Ok((!nothing).then(|| self.build_ready(committed)))
    }

    /// The Ready is persisted, its messages are sent and its entries applied.
    ///
    /// A state machine that applies later than that (in another thread, say) needs
    /// [asynchronous storage writes](crate::Settings::async_storage_writes), where applying has an
    /// acknowledgement of its own; the storage may be written at once all the same. See
    /// `examples/apply_later.rs`.
    ///
    /// # Errors
    ///
    /// [`NotAdvanced`] gives the batch back, so that what is missing can be done: something to persist that nobody
    /// looked at, a [snapshot](Persisted::snapshot) that nobody asked for, committed entries that were not taken, a
    /// configuration change that was neither [applied](Self::apply_conf_change) nor
    /// [cancelled](Self::cancel_conf_change).
    pub fn advance(&mut self, persisted: Persisted) -> Result<(), NotAdvanced> {
        if let Err(reason) = self.check_advance(&persisted) {
            let batch = Some(persisted);
            return Err(NotAdvanced { reason, batch });
        }
        self.take_up(persisted.batch)
            .map_err(|reason| NotAdvanced { reason, batch: None })
    }

    /// Whether this batch is due and done.
    fn check_advance(&self, persisted: &Persisted) -> Result<(), AcknowledgeError> {
        self.raft.check_sound()?;
        if self.config().settings().async_storage_writes {
            return Err(AcknowledgeError::WrongMode);
        }
        let batch = &persisted.batch;
        if batch.origin != self.origin() {
            return Err(AcknowledgeError::Foreign);
        }
        let number = batch.number;
        if !self.outstanding || number != self.readies {
            return Err(AcknowledgeError::NotOutstanding { number });
        }
        let applied = batch.apply.as_ref().map(|task| &task.ack.kind);
        let mut acks = batch.append.owed.acks.iter().map(|(_, ack)| &ack.kind).chain(applied);
        if !acks.all(|kind| self.raft.is_possible(kind)) {
            return Err(AcknowledgeError::Foreign);
        }
        persisted.check_done()?;
        applied.map_or(Ok(()), |kind| self.check_applied(kind))
    }

    /// Whether what is acknowledged as applied includes the configuration changes.
    fn check_applied(&self, kind: &AckKind) -> Result<(), AcknowledgeError> {
        match *kind {
            AckKind::Applied { index, .. } => self.raft.server.check_changes(index),
            AckKind::Vote { .. } | AckKind::Append { .. } | AckKind::HardState { .. } | AckKind::Stored { .. } => {
                Ok(())
            }
        }
    }

    fn take_up(&mut self, mut batch: Box<Batch>) -> Result<(), AcknowledgeError> {
        let applied = batch.apply.as_ref().map(|task| task.ack.kind.clone());
        let busy = batch.busy;
        let owed = core::mem::take(&mut batch.append.owed.acks);
        let acks = || owed.iter().map(|(_, ack)| &ack.kind).chain(&applied);
        self.outstanding = false;
        if busy {
            self.raft.server.outbox.give_back(batch);
            self.raft.server.warm_up();
        }
        let (term, promised_ticks) = self.told.durable();
        let outcome = self.raft.enter(|raft| {
            raft.on_durable(term, promised_ticks);
            // What one of them finds corrupt must not keep the others from counting.
            let each = acks().map(|kind| raft.on_acknowledged(kind));
            Ok(each.fold(Ok(()), Result::and)?)
        });
        self.raft.server.outbox.give_back_acks(owed);
        outcome
    }

    /// A committed entry that [changes the configuration](Entry::is_conf_change) is being applied.
    /// Returns the configuration from now on. It may be stored with the entry's index
    /// ([`conf_state_index`](crate::storage::InitialState::conf_state_index)), or be left to be made again at the
    /// next start.
    ///
    /// Where something covers the entry, it changes nothing, what is returned is as of later, and
    /// [`configured_at`](Self::configured_at) is above the entry's index: then there is nothing to store. That is so
    /// where a snapshot was received since the entry was handed out (store none of one's own before that one is
    /// installed), and where the stored configuration was ahead of the state machine at start.
    ///
    /// A change that cannot be made is ignored, on every node alike, with an event.
    ///
    /// # Errors
    ///
    /// Each change that is handed out is applied or cancelled once, in the order of the log: see [`ApplyError`].
    pub fn apply_conf_change(&mut self, entry: &Entry) -> Result<ConfState, ApplyError> {
        self.raft.enter(|raft| raft.apply_change(entry))
    }

    /// A committed configuration change is not made, because the application says so. It must say
    /// so on every node, and remember it: a start makes the changes again that the log holds between
    /// [`conf_state_index`](crate::storage::InitialState::conf_state_index) and [`Config::applied`], and knows
    /// nothing of this.
    /// So [the configuration](crate::membership::Membership::conf_state) is to be stored anew, with the entry's index,
    /// no later than the state machine's own state.
    ///
    /// # Errors
    ///
    /// As of [`apply_conf_change`](Self::apply_conf_change).
    pub fn cancel_conf_change(&mut self, entry: &Entry) -> Result<(), ApplyError> {
        self.raft.enter(|raft| raft.cancel_change(entry))
    }

    /// One of this node's own acknowledgements arrives, with asynchronous storage writes.
    ///
    /// # Errors
    ///
    /// [`AcknowledgeError::Repeated`] and [`OutOfOrder`](AcknowledgeError::OutOfOrder) guard the
    /// order of tasks; [`Removed`](AcknowledgeError::Removed) says that it counts for nothing. After
    /// [`UnhandledChange`](AcknowledgeError::UnhandledChange) apply or cancel that change and give the
    /// acknowledgement again: pass it by reference to keep it.
    pub fn acknowledge(&mut self, ack: impl Borrow<Ack>) -> Result<(), AcknowledgeError> {
        self.raft.check_sound()?;
        let Some(mut acks) = self.acks.take() else {
            return Err(AcknowledgeError::WrongMode);
        };
        let outcome = self.acknowledge_in_order(ack.borrow(), &mut acks);
        self.acks = Some(acks);
        outcome
    }

    fn acknowledge_in_order(&mut self, ack: &Ack, acks: &mut AckNumbers) -> Result<(), AcknowledgeError> {
        let id = self.config().id;
        let own = matches!(ack.kind, AckKind::Vote { .. } | AckKind::Append { .. });
        if ack.origin != self.origin() || !self.raft.is_possible(&ack.kind) {
            return Err(AcknowledgeError::Foreign);
        }
        if own && !self.membership().contains(id) {
            return Err(AcknowledgeError::Removed { id });
        }
        let Ack { number, kind, .. } = ack;
        acks.check(*number, kind)?;
        self.check_applied(kind)?;
        acks.acknowledge(*number, kind);
        self.raft.server.warm_up();
        self.raft.enter(|raft| Ok(raft.on_acknowledged(kind)?))
    }

    fn build_ready(&mut self, committed: ToApply) -> Ready {
        self.readies = self.readies.wrapping_add(1);
        let before = self.told;
        let now = self.what_to_tell(before);
        self.told = now;
        let mut batch = self.raft.server.outbox.take();
        (batch.origin, batch.number) = (self.origin(), self.readies);
        batch.has_tasks = self.config().settings().async_storage_writes;
        batch.soft_state = now.soft_state(before);
        self.fill_append(&mut batch, now, before);
        self.fill_apply(&mut batch, committed);
        let works = batch.is_about_work() || self.raft.role().pending_reads() > 0;
        let server = &mut self.raft.server;
        batch.busy = works || *server.warm;
        if batch.busy {
            server.warm_up();
        }
        if !server.config.settings().async_storage_writes {
            self.outstanding = true;
        }
        Ready::new(batch)
    }

    /// What is told now. A promise that is over is left out when a hard state is written anyway.
    fn what_to_tell(&mut self, before: Told) -> Told {
        let now = Told::now(&self.raft);
        let all_written = self.acks.as_ref().is_none_or(|acks| acks.has_all_hard_states());
        if !all_written || now.hard_state(before).is_none() {
            return now;
        }
        self.raft.server.lower_kept();
        Told::now(&self.raft)
    }

    /// What is to be persisted, if anything, and what is owed then.
    fn fill_append(&mut self, batch: &mut Batch, now: Told, before: Told) {
        let (task, log) = (&mut batch.append, &mut self.raft.server.log);
        let (contents, hard_state) = (log.has_next_unstable(), now.hard_state(before));
        if !contents && hard_state.is_none() && task.owed.is_empty() {
            return;
        }
        batch.appends = true;
        if contents {
            (task.snapshot, task.entries) = log.take_next_unstable();
        }
        task.must_sync = contents || now.binds_more(before);
        (task.number, task.hard_state) = (batch.number, hard_state);
        let (term, promised_ticks) = now.durable();
        if let Some(stored) = self.stored(now, task.snapshot().map(|snapshot| snapshot.metadata.index)) {
            task.owed.push_ack(stored);
        } else if task.must_sync && self.acks.is_some() {
            task.owed.push_ack(AckKind::HardState { term, promised_ticks });
        }
        for (_, ack) in &mut task.owed.acks {
            (ack.origin, ack.number) = (batch.origin, number_of(&mut self.acks, batch.number, &ack.kind));
        }
    }

    /// What is to be applied, if anything.
    fn fill_apply(&mut self, batch: &mut Batch, committed: ToApply) {
        let Some(index) = committed.last() else {
            return;
        };
        let ToApply { snapshot, entries } = committed;
        let bytes = entries.encoded_len();
        let kind = AckKind::Applied { index, bytes };
        let number = number_of(&mut self.acks, batch.number, &kind);
        let origin = batch.origin;
        let ack = Ack { origin, number, kind };
        batch.apply = Some(ApplyTask { snapshot, entries, ack });
    }

    /// What the storage acknowledges. As long as anything is unstable, each task acknowledges the
    /// whole log: one that is lost to a change of term is made good by the next.
    fn stored(&self, now: Told, snapshot: Option<Index>) -> Option<AckKind> {
        let server = &self.raft.server;
        let last = if server.log.has_unstable_entries() {
            server.log.last().ok()
        } else {
            None
        };
        let (term, promised_ticks) = now.durable();
        (last.is_some() || snapshot.is_some()).then_some(AckKind::Stored {
            term,
            promised_ticks,
            last,
            snapshot,
        })
    }
}

/// The number of an acknowledgement: its Ready's, unless acknowledgements are given one by one.
fn number_of(acks: &mut Option<Box<AckNumbers>>, ready: u64, kind: &AckKind) -> u64 {
    acks.as_mut().map_or(ready, |acks| acks.issue(kind))
}
