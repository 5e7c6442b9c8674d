//! What a node wants done, and what was done: Readies out, acknowledgements in.

use super::{Outstanding, RawNode};
use crate::config::Config;
use crate::entries::Entries;
use crate::error::{AcknowledgeError, Poisoned, ReadyError};
use crate::ready::{Ack, AckKind, AppendTask, ApplyTask, Origin, Persisted, Ready};
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
        let server = &self.raft.server;
        let unsent_round = self.raft.role().as_leader().is_some_and(Leader::has_unsent_round);
        self.raft.poisoned().is_none()
            && (self.has_output() || unsent_round || server.log.has_next_committed(&server.config))
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
        if !self.has_ready() {
            return Ok(None);
        }
        let committed = self.raft.enter(|raft| {
            raft.flush()?;
            Ok::<_, Stop<Poisoned>>(raft.take_committed()?)
        })?;
        // Committed entries may turn out not to be readable now.
        let nothing = committed.is_empty() && !self.has_output();
        Ok((!nothing).then(|| self.build_ready(committed)))
    }

    /// The Ready is persisted, its messages are sent and its entries applied.
    pub fn advance(&mut self, persisted: Persisted) -> Result<(), AcknowledgeError> {
        self.check_sound()?;
        if self.config().async_storage_writes {
            return Err(AcknowledgeError::WrongMode);
        }
        let Persisted {
            number,
            origin,
            owed,
            applied,
            spare,
            ..
        } = persisted;
        if origin != self.origin() {
            return Err(AcknowledgeError::Foreign);
        }
        let Some(outstanding) = self.outstanding.filter(|out| out.number == number) else {
            return Err(AcknowledgeError::NotOutstanding { number });
        };
        let acks = || owed.acks.iter().map(|(_, ack)| ack).chain(&applied);
        if !acks().all(|ack| self.raft.is_possible(&ack.kind)) {
            return Err(AcknowledgeError::Foreign);
        }
        self.outstanding = None;
        self.raft.enter::<_, Poisoned>(|raft| {
            raft.on_durable_term(outstanding.term);
            for ack in acks() {
                raft.on_acknowledged(&ack.kind)?;
            }
            Ok(())
        })?;
        self.raft.server.outbox.reuse(spare, owed);
        Ok(())
    }

    /// One of this node's own acknowledgements arrives, with asynchronous storage writes.
    ///
    /// # Errors
    ///
    /// [`AcknowledgeError::Repeated`] and [`OutOfOrder`](AcknowledgeError::OutOfOrder) guard the
    /// order of tasks; [`Removed`](AcknowledgeError::Removed) says that it counts for nothing.
    pub fn acknowledge(&mut self, ack: Ack) -> Result<(), AcknowledgeError> {
        self.check_sound()?;
        if !self.config().async_storage_writes {
            return Err(AcknowledgeError::WrongMode);
        }
        let id = self.config().id;
        let own = matches!(ack.kind, AckKind::Vote { .. } | AckKind::Append { .. });
        if ack.origin != self.origin() || !self.raft.is_possible(&ack.kind) {
            return Err(AcknowledgeError::Foreign);
        }
        if own && !self.membership().contains(id) {
            return Err(AcknowledgeError::Removed { id });
        }
        let Ack { number, kind, .. } = ack;
        self.acks.acknowledge(number, &kind)?;
        self.raft.enter(|raft| Ok(raft.on_acknowledged(&kind)?))
    }

    fn build_ready(&mut self, committed: Entries) -> Ready {
        let origin = self.origin();
        self.readies = self.readies.wrapping_add(1);
        let number = self.readies;
        let soft_state = Some(self.raft.soft_state()).filter(|soft| *soft != self.told_soft);
        self.told_soft = self.raft.soft_state();
        let append = self.append_task(number);
        let bytes = committed.encoded_len();
        let apply = committed.last().map(|entry| entry.index).map(|index| ApplyTask {
            ack: self.acks.issue(origin, AckKind::Applied { index, bytes }),
            entries: committed,
        });
        let server = &mut self.raft.server;
        *server.warm = true;
        if !server.config.async_storage_writes {
            let term = server.term();
            self.outstanding = Some(Outstanding { number, term });
        }
        Ready {
            origin,
            number,
            soft_state,
            read_states: core::mem::take(&mut server.outbox.reads),
            messages: core::mem::take(&mut server.outbox.messages),
            append,
            apply,
            events: core::mem::take(&mut server.outbox.events),
        }
    }

    /// The hard state, if the last Ready told another.
    fn new_hard_state(&self) -> Option<HardState> {
        let hard = self.raft.server.hard_state();
        (hard != self.told_hard && hard != HardState::default()).then_some(hard)
    }

    /// What is to be persisted, if anything, and what is owed then.
    fn append_task(&mut self, number: u64) -> Option<AppendTask> {
        let (origin, hard_state) = (self.origin(), self.new_hard_state());
        let server = &mut self.raft.server;
        let (snapshot, entries) = server.log.take_next_unstable();
        let mut owed = core::mem::take(&mut server.outbox.promises);
        if snapshot.is_none() && entries.is_empty() && hard_state.is_none() && owed.is_empty() {
            return None;
        }
        let ballot = |hard: HardState| (hard.term, hard.vote);
        let must_sync = snapshot.is_some()
            || !entries.is_empty()
            || hard_state.is_some_and(|hard| ballot(hard) != ballot(self.told_hard));
        self.told_hard = hard_state.unwrap_or(self.told_hard);
        let stored = self.stored(snapshot.as_ref().map(|snapshot| snapshot.metadata.index));
        if let Some(stored) = stored {
            owed.push_ack(stored);
        }
        for (_, ack) in &mut owed.acks {
            *ack = self.acks.issue(origin, ack.kind.clone());
        }
        Some(AppendTask {
            number,
            snapshot,
            entries,
            hard_state,
            must_sync,
            owed,
        })
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
