//! What leaves the node, sorted by when it may: at once, or when the disk has caught up.

use alloc::vec::Vec;

use crate::event::Event;
use crate::message::Message;
use crate::ready::{AckKind, Owed, ReadState};
use crate::types::{Index, Term};

/// Events that are kept for a caller who does not fetch them.
const EVENTS_MAX: usize = 256;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Outbox {
    /// May leave at once.
    pub(crate) messages: Vec<Message>,
    /// Promise something durable: wait for the disk.
    pub(crate) promises: Owed,
    pub(crate) reads: Vec<ReadState>,
    pub(crate) events: Vec<Event>,
}

impl Outbox {
    /// Keeps the event; `false` if there are too many already.
    pub(crate) fn event(&mut self, event: Event) -> bool {
        let room = self.events.len() < EVENTS_MAX;
        if room {
            self.events.push(event);
        }
        room
    }

    /// This node's log will reach to `index`. Between two Readies the last such promise stands for all,
    /// unless `each` is to be told.
    pub(crate) fn promise_append(&mut self, term: Term, index: Index, each: bool) {
        match self.promises.last_ack() {
            Some(AckKind::Append { term: of, index: last }) if *of == term && !each => *last = index,
            _ => self.promises.push_ack(AckKind::Append { term, index }),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.promises.is_empty() && self.reads.is_empty()
    }

    /// Gives back the buffers that are empty: an idle node holds none.
    pub(crate) fn put_away(&mut self) {
        put_away(&mut self.messages);
        put_away(&mut self.promises.messages);
        put_away(&mut self.promises.acks);
    }
}

fn put_away<T>(buffer: &mut Vec<T>) {
    if buffer.is_empty() {
        *buffer = Vec::new();
    }
}
