//! The loop: what a Ready says, in the order in which it has to be done.

use super::{Outcome, Outcomes, Replica, ReplicaError, StateMachine};
use crate::error::NodeError;
use crate::event::Event;
use crate::message::Message;
use crate::ready::{NotPersisted, Ready};
use crate::storage::Store;
use crate::types::Entry;

impl<S: Store, M: StateMachine, T> Replica<S, M, T> {
    /// Does all that there is to do: persists, sends, restores, applies, takes a snapshot when it is due. Call it after
    /// whatever happened: a tick, messages, proposals, reads; once for many of them, if many are there. What became of
    /// proposals and reads comes back.
    ///
    /// A message that is lost does no harm, nor does one that is late: `send` must not block.
    ///
    /// # Errors
    ///
    /// See [`ReplicaError`]. After [`Storage`](ReplicaError::Storage) the next turn goes on where this one broke off.
    /// Outcomes come with it, or from [`take_outcomes`](Self::take_outcomes).
    pub fn turn(&mut self, mut send: impl FnMut(Message)) -> Result<Outcomes<T, M::Response>, ReplicaError> {
        self.events.clear();
        self.wanted = None; // it is said again, as long as it is so
        self.work(&mut send)?;
        Ok(self.take_outcomes())
    }

    fn work(&mut self, send: &mut impl FnMut(Message)) -> Result<(), ReplicaError> {
        if self.stopped {
            return Err(ReplicaError::Stopped);
        }
        loop {
            while let Some(ready) = self.next_ready(send)? {
                self.handle(ready, send)?;
            }
            // There may be events where there is nothing to do.
            let events = self.node.take_events();
            self.note(&events);
            if !self.take_due_snapshot()? {
                return self.setback.take().map_or(Ok(()), Err);
            }
        }
    }

    /// What could not be persisted before, or else what is new: of that, what does not wait for the disk is done here.
    fn next_ready(&mut self, send: &mut impl FnMut(Message)) -> Result<Option<Ready>, ReplicaError> {
        if let Some(unwritten) = self.unwritten.take() {
            return Ok(Some(unwritten));
        }
        let Some(mut ready) = self.node.ready()? else {
            return Ok(None);
        };
        ready.drain_messages().for_each(send);
        self.reads.on_read_states(ready.read_states());
        self.note(ready.events());
        Ok(Some(ready))
    }

    fn note(&mut self, events: &[Event]) {
        for event in events {
            if let Event::SnapshotNeeded { at_least, .. } = *event {
                self.wanted = self.wanted.max(Some(at_least));
            }
        }
        self.events.extend_from_slice(events);
    }

    fn handle(&mut self, ready: Ready, send: &mut impl FnMut(Message)) -> Result<(), ReplicaError> {
        let store = self.node.storage_mut();
        let installs = ready.snapshot().is_some();
        let mut done = match ready.persisted_by(|task| store.persist_task(task)) {
            Ok(done) => done,
            Err(NotPersisted { error, ready, .. }) => {
                self.unwritten = Some(ready);
                return Err(error.into());
            }
        };
        done.drain_messages().for_each(send);
        if let Some(snapshot) = done.snapshot() {
            let restored = self.machine.restore(&snapshot.data);
            self.or_stop(restored.map_err(|error| ReplicaError::machine(&error)))?;
            self.proposals.on_snapshot(snapshot);
            self.applied = snapshot.metadata.index;
            // One that this node asked for is kept as one of its own.
            let kept = if installs {
                Ok(())
            } else {
                self.node.storage_mut().set_snapshot(snapshot.clone())
            };
            match kept {
                Ok(()) => self.snapshot = self.applied,
                Err(error) => self.setback = Some(error.into()),
            }
        }
        for entry in &done.take_committed_entries() {
            self.apply(entry)?;
        }
        let advanced = self.node.advance(done).map_err(|refused| refused.reason.into());
        self.or_stop(advanced)
    }

    fn apply(&mut self, entry: &Entry) -> Result<(), ReplicaError> {
        let outcome = if entry.is_conf_change() {
            let changed = self.node.apply_conf_change(entry).map(drop);
            self.or_stop(changed.map_err(ReplicaError::from))?;
            let members = self.node.membership().conf_state();
            self.machine.configured(entry, &members);
            Outcome::Changed(members)
        } else if entry.is_command() {
            Outcome::Applied(self.machine.apply(entry))
        } else {
            Outcome::Passed
        };
        self.applied = entry.index;
        let token = self.proposals.on_applied(entry);
        self.outcomes.extend(token.map(|token| (token, outcome)));
        Ok(())
    }

    /// What cannot be read makes a node silent, and it goes on; anything else that fails in the middle of a batch stops
    /// the replica, for the state machine may have a part of it.
    fn or_stop(&mut self, outcome: Result<(), ReplicaError>) -> Result<(), ReplicaError> {
        match outcome {
            Err(error @ ReplicaError::Node(NodeError::Corrupt { .. })) => {
                self.setback = Some(error);
                Ok(())
            }
            Err(error) => {
                self.stopped = true;
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    /// What became of proposals that were not applied here, and of reads.
    pub(super) fn settle(&mut self) {
        let fates = self.proposals.drain_settled();
        self.outcomes.extend(fates.map(|(token, fate)| (token, fate.into())));
        if self.node.status().snapshot_request.is_some() {
            return; // what is applied is damaged: reads wait
        }
        let reads = self.reads.drain_settled(self.applied);
        self.outcomes
            .extend(reads.map(|(token, outcome)| (token, outcome.into())));
    }
}
