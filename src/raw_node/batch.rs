//! Puts together what a node wants done.

use alloc::vec::Vec;

use super::{Outstanding, RawNode};
use crate::ready::{AckKind, AppendTask, ApplyTask, Ready, TaskResponse};
use crate::server::Promise;
use crate::storage::Storage;
use crate::types::{Entry, HardState, Index};

impl<S: Storage> RawNode<S> {
    pub(super) fn build_ready(&mut self, (committed, bytes): (Vec<Entry>, u64)) -> Ready {
        let origin = self.origin();
        self.readies = self.readies.wrapping_add(1);
        let number = self.readies;
        let soft_state = Some(self.raft.soft_state()).filter(|soft| *soft != self.told_soft);
        self.told_soft = self.raft.soft_state();
        let append = self.append_task(number);
        let apply = committed.last().map(|entry| entry.index).map(|index| ApplyTask {
            ack: self.acks.issue(origin, AckKind::Applied { index, bytes }),
            entries: committed,
        });
        let server = &mut self.raft.server;
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
    pub(super) fn new_hard_state(&self) -> Option<HardState> {
        let hard = self.raft.server.hard_state();
        (hard != self.told_hard && hard != HardState::default()).then_some(hard)
    }

    /// What is to be persisted, if anything, and what is owed then.
    fn append_task(&mut self, number: u64) -> Option<AppendTask> {
        let (origin, hard_state) = (self.origin(), self.new_hard_state());
        let server = &mut self.raft.server;
        let (snapshot, entries) = server.log.take_next_unstable();
        let promises = core::mem::take(&mut server.outbox.promises);
        if snapshot.is_none() && entries.is_empty() && hard_state.is_none() && promises.is_empty() {
            return None;
        }
        let ballot = |hard: HardState| (hard.term, hard.vote);
        let must_sync = snapshot.is_some()
            || !entries.is_empty()
            || hard_state.is_some_and(|hard| ballot(hard) != ballot(self.told_hard));
        self.told_hard = hard_state.unwrap_or(self.told_hard);
        let stored = self.stored(snapshot.as_ref().map(|snapshot| snapshot.metadata.index));
        let owed = promises.into_iter().map(|promise| match promise {
            Promise::Message(message) => TaskResponse::Message(message),
            Promise::OwnVote { term, pre_vote } => {
                TaskResponse::Ack(self.acks.issue(origin, AckKind::Vote { term, pre_vote }))
            }
            Promise::OwnAppend { term, index } => {
                TaskResponse::Ack(self.acks.issue(origin, AckKind::Append { term, index }))
            }
        });
        let mut responses: Vec<TaskResponse> = owed.collect();
        responses.extend(stored.map(|kind| TaskResponse::Ack(self.acks.issue(origin, kind))));
        Some(AppendTask {
            number,
            snapshot,
            entries,
            hard_state,
            must_sync,
            responses,
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
