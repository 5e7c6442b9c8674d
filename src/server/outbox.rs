//! What leaves the node, sorted by when it may: at once, or when the disk has caught up.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::event::Event;
use crate::message::{Message, Payload};
use crate::ready::{Ack, AckKind, Batch, ReadState};

/// Events that are kept for a caller who does not fetch them.
const EVENTS_MAX: usize = 256;

/// The next Ready as it grows. An idle node has none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    batch: Option<Box<Batch>>,
}

impl Outbox {
    fn batch(&mut self) -> &mut Batch {
        self.batch.get_or_insert_default()
    }

    /// May leave at once.
    pub(crate) fn send(&mut self, message: Message) {
        self.batch().messages.push(message);
    }

    /// Promises something durable: waits for the disk.
    pub(crate) fn promise(&mut self, message: Message) {
        self.batch().append.owed.messages.push(message);
    }

    /// This node's own word about something durable.
    pub(crate) fn promise_ack(&mut self, kind: AckKind) {
        self.batch().append.owed.push_ack(kind);
    }

    /// Messages that wait for the disk.
    pub(crate) fn promised(&self) -> usize {
        self.batch.as_ref().map_or(0, |batch| batch.append.owed.messages.len())
    }

    /// All messages that wait to be handed out.
    pub(crate) fn queued(&self) -> usize {
        self.count().0.saturating_add(self.promised())
    }

    /// What was promised is not: it waits no more, nor does a heartbeat's response say what was promised to a leader.
    pub(crate) fn withdraw_promises(&mut self) {
        let batch = self.batch();
        batch.append.owed.clear();
        for message in &mut batch.messages {
            if let Payload::HeartbeatResponse(response) = &mut message.payload {
                response.promised_ticks = None;
            }
        }
    }

    /// What became of a read.
    pub(crate) fn answer(&mut self, read: ReadState) {
        self.batch().read_states.push(read);
    }

    /// Keeps the event; `false` if there are too many already.
    pub(crate) fn event(&mut self, event: Event) -> bool {
        let events = &mut self.batch().events;
        let room = events.len() < EVENTS_MAX;
        if room {
            events.push(event);
        }
        room
    }

    /// Events that nobody fetched yet, oldest first.
    pub(crate) fn events(&self) -> &[Event] {
        self.batch.as_ref().map_or(&[], |batch| &batch.events)
    }

    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        let batch = self.batch.as_mut();
        batch
            .map(|batch| core::mem::take(&mut batch.events))
            .unwrap_or_default()
    }

    /// Messages that may leave at once, and reads; to see whether there are more than before.
    pub(crate) fn count(&self) -> (usize, usize) {
        let batch = self.batch.as_ref();
        batch.map_or((0, 0), |batch| (batch.messages.len(), batch.read_states.len()))
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.as_ref().is_none_or(|batch| {
            batch.messages.is_empty() && batch.append.owed.is_empty() && batch.read_states.is_empty()
        })
    }

    /// All of it, for a Ready.
    pub(crate) fn take(&mut self) -> Box<Batch> {
        self.batch.take().unwrap_or_default()
    }

    /// A Ready that was busy and was taken apart comes back: its buffers serve the next one. (What else
    /// there is comes with ticks, and an idle node shall be small.)
    pub(crate) fn give_back(&mut self, mut batch: Box<Batch>) {
        if self.batch.is_none() {
            batch.clear();
            self.batch = Some(batch);
        }
    }

    /// The same for a part that was needed longer.
    pub(crate) fn give_back_acks(&mut self, mut acks: Vec<(usize, Ack)>) {
        if let Some(batch) = self.batch.as_mut().filter(|batch| batch.append.owed.acks.is_empty()) {
            acks.clear();
            batch.append.owed.acks = acks;
        }
    }

    /// Gives back the buffers if they are empty.
    pub(crate) fn put_away(&mut self) {
        if self.is_empty() && self.contents().4.is_empty() {
            self.batch = None;
        }
    }

    /// What counts in comparisons.
    fn contents(&self) -> Contents<'_> {
        self.batch.as_ref().map_or((&[], &[], &[], &[], &[]), |batch| {
            let owed = &batch.append.owed;
            let (messages, reads, events) = (&batch.messages, &batch.read_states, &batch.events);
            (messages, &owed.messages, &owed.acks, reads, events)
        })
    }
}

/// Messages, what is promised, this node's own promises, reads, events.
type Contents<'a> = (
    &'a [Message],
    &'a [Message],
    &'a [(usize, Ack)],
    &'a [ReadState],
    &'a [Event],
);

impl PartialEq for Outbox {
    fn eq(&self, other: &Self) -> bool {
        self.contents() == other.contents()
    }
}

impl Eq for Outbox {}

impl Hash for Outbox {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.contents().hash(state);
    }
}
