//! What leaves the node, sorted by when it may: at once, or when the disk has caught up.

use alloc::vec::Vec;

use crate::event::Event;
use crate::message::Message;
use crate::ready::ReadState;
use crate::types::{Index, Term};

/// Events that are kept for a caller who does not fetch them.
const EVENTS_MAX: usize = 256;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Outbox {
    /// May leave at once.
    pub(crate) messages: Vec<Message>,
    /// Promise something durable: wait for the disk.
    pub(crate) promises: Vec<Promise>,
    pub(crate) reads: Vec<ReadState>,
    pub(crate) events: Vec<Event>,
}

/// Something that is true only once the disk has caught up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Promise {
    Message(Message),
    OwnVote { term: Term, pre_vote: bool },
    OwnAppend { term: Term, index: Index },
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

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.promises.is_empty() && self.reads.is_empty()
    }
}
