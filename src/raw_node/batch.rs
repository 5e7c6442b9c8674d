//! What a node wants done, and what was done: Readies out, acknowledgements in.

use alloc::boxed::Box;

use super::RawNode;
use super::acks::AckNumbers;
use crate::config::Config;
use crate::entries::Entries;
use crate::error::{AcknowledgeError, Poisoned, ReadyError};
use crate::ready::{Ack, AckKind, ApplyTask, Batch, Origin, Persisted, Ready};
use crate::role::Leader;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{HardState, Index};

impl<S: Storage> RawNode<S> {
    fn check_sound(&self) -> Result<(), Poisoned> {
        self.raft.poisoned().cloned().map_or(Ok(()), Err)
    }

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
    fn has_more(&self) -> bool {
        let server = &self.raft.server;
        server.log.has_next_committed(&server.config)
            || self.raft.role().as_leader().is_some_and(Leader::has_unsent_round)
    }

    /// Whether anything but committed entries is there.
    fn has_output(&self) -> bool {
        let server = &self.raft.server;
        self.raft.soft_state() != self.told_soft
            || self.new_hard_state().is_some()
            || !server.outbox.is_empty()
            || server.log.has_next_unstable()
    }

    /// What there is to do; `None` if nothing.
    ///
    /// # Errors
    ///
    /// [`ReadyError::Outstanding`] until the last one is advanced.
    pub fn ready(&mut self) -> Result<Option<Ready>, ReadyError> {
        self.check_sound()?;
        if self.outstanding.is_some() {
            return Err(ReadyError::Outstanding);
        }
        if !self.raft.touched() {
            return Ok(None);
        }
        let output = self.has_output();
        if !output && !self.has_more() {
            self.raft.settle();
            return Ok(None);
        }
        let committed = if self.has_more() || self.raft.role().as_leader().is_some() {
            self.raft.enter(|raft| {
                raft.flush()?;
                Ok::<_, Stop<Poisoned>>(raft.take_committed()?)
            })?
        } else {
            Entries::new()
        };
        // Committed entries may turn out not to be readable now.
        let nothing = !output && committed.is_empty() && !self.has_output();
        Ok((!nothing).then(|| self.build_ready(committed)))
    }

    /// The Ready is persisted, its messages are sent and its entries applied.
    pub fn advance(&mut self, persisted: Persisted) -> Result<(), AcknowledgeError> {
        self.check_sound()?;
        if self.config().async_storage_writes {
            return Err(AcknowledgeError::WrongMode);
        }
        let Persisted(mut batch) = persisted;
        if batch.origin != self.origin() {
            return Err(AcknowledgeError::Foreign);
        }
        let number = batch.number;
        let Some(term) = self.outstanding.filter(|_| number == self.readies) else {
            return Err(AcknowledgeError::NotOutstanding { number });
        };
        let applied = batch.apply.as_ref().map(|task| task.ack.kind.clone());
        let busy = applied.is_some() || !batch.append.entries.is_empty() || !batch.read_states.is_empty();
        let owed = core::mem::take(&mut batch.append.owed.acks);
        let acks = || owed.iter().map(|(_, ack)| &ack.kind).chain(&applied);
        if !acks().all(|kind| self.raft.is_possible(kind)) {
            return Err(AcknowledgeError::Foreign);
        }
        self.outstanding = None;
        self.raft.server.outbox.give_back(batch, busy);
        self.raft.server.warm_up();
        let outcome = self.raft.enter(|raft| {
            raft.on_durable_term(term);
            for kind in acks() {
                raft.on_acknowledged(kind)?;
            }
            Ok(())
        });
        self.raft.server.outbox.give_back_acks(owed);
        outcome
    }

    /// One of this node's own acknowledgements arrives, with asynchronous storage writes.
    ///
    /// # Errors
    ///
    /// [`AcknowledgeError::Repeated`] and [`OutOfOrder`](AcknowledgeError::OutOfOrder) guard the
    /// order of tasks; [`Removed`](AcknowledgeError::Removed) says that it counts for nothing.
    pub fn acknowledge(&mut self, ack: Ack) -> Result<(), AcknowledgeError> {
        self.check_sound()?;
        let Some(mut acks) = self.acks.take() else {
            return Err(AcknowledgeError::WrongMode);
        };
        let outcome = self.acknowledge_in_order(ack, &mut acks);
        self.acks = Some(acks);
        outcome
    }

    fn acknowledge_in_order(&mut self, ack: Ack, acks: &mut AckNumbers) -> Result<(), AcknowledgeError> {
        let id = self.config().id;
        let own = matches!(ack.kind, AckKind::Vote { .. } | AckKind::Append { .. });
        if ack.origin != self.origin() || !self.raft.is_possible(&ack.kind) {
            return Err(AcknowledgeError::Foreign);
        }
        if own && !self.membership().contains(id) {
            return Err(AcknowledgeError::Removed { id });
        }
        self.raft.server.warm_up();
        let Ack { number, kind, .. } = ack;
        acks.acknowledge(number, &kind)?;
        self.raft.enter(|raft| Ok(raft.on_acknowledged(&kind)?))
    }

    fn build_ready(&mut self, committed: Entries) -> Ready {
        self.readies = self.readies.wrapping_add(1);
        let mut batch = self.raft.server.outbox.take();
        (batch.origin, batch.number) = (self.origin(), self.readies);
        let soft = self.raft.soft_state();
        batch.soft_state = (soft != self.told_soft).then_some(soft);
        self.told_soft = soft;
        self.fill_append(&mut batch);
        if let Some(last) = committed.last() {
            let (index, bytes) = (last.index, committed.encoded_len());
            let kind = AckKind::Applied { index, bytes };
            let ack = Ack {
                origin: batch.origin,
                number: number_of(&mut self.acks, batch.number, &kind),
                kind,
            };
            batch.apply = Some(ApplyTask {
                ack,
                entries: committed,
            });
        }
        let server = &mut self.raft.server;
        server.warm_up();
        if !server.config.async_storage_writes {
            self.outstanding = Some(server.term());
        }
        Ready(batch)
    }

    /// The hard state, if the last Ready told another.
    fn new_hard_state(&self) -> Option<HardState> {
        let hard = self.raft.server.hard_state();
        (hard != self.told_hard && hard != HardState::default()).then_some(hard)
    }

    /// What is to be persisted, if anything, and what is owed then.
    fn fill_append(&mut self, batch: &mut Batch) {
        let hard_state = self.new_hard_state();
        let task = &mut batch.append;
        let server = &mut self.raft.server;
        (task.snapshot, task.entries) = server.log.take_next_unstable();
        let contents = task.snapshot.is_some() || !task.entries.is_empty();
        batch.appends = contents || hard_state.is_some() || !task.owed.is_empty();
        if !batch.appends {
            return;
        }
        let ballot = |hard: HardState| (hard.term, hard.vote);
        let other_ballot = hard_state.is_some_and(|hard| ballot(hard) != ballot(self.told_hard));
        task.must_sync = contents || other_ballot;
        (task.number, task.hard_state) = (batch.number, hard_state);
        self.told_hard = hard_state.unwrap_or(self.told_hard);
        if let Some(stored) = self.stored(task.snapshot().map(|snapshot| snapshot.metadata.index)) {
            task.owed.push_ack(stored);
        }
        for (_, ack) in &mut task.owed.acks {
            (ack.origin, ack.number) = (batch.origin, number_of(&mut self.acks, batch.number, &ack.kind));
        }
    }

    /// What the storage acknowledges. As long as anything is unstable, each task acknowledges the
    /// whole log: one that is lost to a change of term is made good by the next.
    fn stored(&self, snapshot: Option<Index>) -> Option<AckKind> {
        let server = &self.raft.server;
        let last = if server.log.has_unstable_entries() {
            server.log.last().ok()
        } else {
            None
        };
        (last.is_some() || snapshot.is_some()).then_some(AckKind::Stored {
            term: server.term(),
            last,
            snapshot,
        })
    }
}

/// The number of an acknowledgement: its Ready's, unless acknowledgements are given one by one.
fn number_of(acks: &mut Option<Box<AckNumbers>>, ready: u64, kind: &AckKind) -> u64 {
    acks.as_mut().map_or(ready, |acks| acks.issue(kind))
}
