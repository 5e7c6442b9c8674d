//! What is in flight: messages, and a node's own acknowledgements, which travel the same way.

use quorate::Message;
use quorate::error::AcknowledgeError;
use quorate::types::NodeId;
use quorate_sim::cluster::Refusal;
use quorate_sim::step::{MessageRef, Step};

use super::line::{Line, Party};
use super::recorded::{UNKNOWN_PEER, step_words};
use super::stage::Stage;
use crate::output::{Failure, Output};

/// An acknowledgement, as it prints.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) from: Party,
    pub(super) to: NodeId,
    pub(super) kind: &'static str,
    pub(super) text: String,
    /// Nobody says that in the recordings.
    pub(super) silent: bool,
}

/// Something on its way to a node.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    /// What is older has a smaller one.
    pub(super) number: u64,
    pub(super) from: Party,
    pub(super) to: NodeId,
    /// The name of its kind in the recordings.
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) is_ack: bool,
}

impl Parcel {
    pub(super) fn message(number: u64, message: &Message) -> Self {
        let line = Line::of_message(message);
        Self {
            number,
            from: line.from,
            to: message.to,
            kind: line.kind,
            text: line.to_string(),
            is_ack: false,
        }
    }

    /// From the node to itself, or from its storage: never lost.
    pub(super) fn is_local(&self) -> bool {
        self.is_ack || self.from == Party::Node(self.to)
    }
}

/// What happens to a message in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Deliver,
    /// Deliver it and keep it in flight.
    Duplicate,
    Drop,
}

impl Stage {
    /// What is on its way to a node, oldest first.
    pub(super) fn parcels(&self, to: NodeId) -> Vec<Parcel> {
        let messages = self.cluster.in_flight().iter().filter(|(_, message)| message.to == to);
        let messages = messages.map(|(number, message)| Parcel::message(*number, message));
        let acks = self.cluster.acknowledgements(to).filter_map(|(number, _)| {
            let Local {
                from, to, kind, text, ..
            } = self.acks.get(&number)?.clone();
            Some(Parcel {
                number,
                from,
                to,
                kind,
                text,
                is_ack: true,
            })
        });
        let mut all: Vec<Parcel> = messages.chain(acks).collect();
        all.sort_by_key(|parcel| parcel.number);
        all
    }

    /// Whether anything is on its way to a node.
    pub(super) fn has_parcels(&self, to: NodeId) -> bool {
        let messages = self.cluster.in_flight().values();
        messages.into_iter().any(|message| message.to == to) || self.cluster.acknowledgements(to).next().is_some()
    }

    /// Of those from one party and of one kind the so manieth, or the last.
    pub(super) fn pick(&self, from: Party, to: NodeId, kind: &str, nth: usize) -> Option<Parcel> {
        let alike = self.parcels(to).into_iter();
        let alike = alike.filter(|parcel| (parcel.from, parcel.kind) == (from, kind));
        alike.take(nth.saturating_add(1)).last()
    }

    /// Delivers or drops these.
    pub(super) fn deliver(&mut self, fate: Fate, parcels: Vec<Parcel>, out: &mut Output<'_>) -> Result<(), Failure> {
        for parcel in parcels {
            if fate == Fate::Drop {
                out.line(format!("dropped: {}", parcel.text));
                self.lose(&parcel)?;
            } else {
                self.deliver_one(&parcel, fate == Fate::Duplicate, out)?;
            }
        }
        Ok(())
    }

    pub(super) fn lose(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let message = MessageRef::Id(parcel.number);
        self.step(Step::Lose { message }).map(drop)
    }

    /// Delivers a parcel and prints it, and why it is refused.
    pub(super) fn deliver_one(&mut self, parcel: &Parcel, keep: bool, out: &mut Output<'_>) -> Result<(), Failure> {
        out.line(&parcel.text);
        let to = parcel.to;
        self.node(to)?;
        let done = if parcel.is_ack {
            self.at(to, |cluster| cluster.acknowledge_number(to, parcel.number))
        } else {
            let message = MessageRef::Id(parcel.number);
            let keep = keep && !parcel.is_local();
            self.at(to, |cluster| cluster.step(Step::Deliver { message, keep }))
        };
        // What a node makes of one message is no reason to keep the others back.
        let refusals = done.unwrap_or_else(|failure| {
            out.line(failure.words());
            Vec::new()
        });
        for refusal in refusals {
            let words = match refusal {
                Refusal::Message(error) => step_words(&error),
                Refusal::Acknowledge(AcknowledgeError::Removed { .. }) => Some(UNKNOWN_PEER.to_owned()),
                Refusal::Acknowledge(error) => Some(error.to_string()),
                _ => None,
            };
            if let Some(words) = words {
                out.line(words);
            }
        }
        Ok(())
    }

    /// Reverses the order of what is on its way to a node; local parcels keep their places.
    pub(super) fn reverse(&mut self, to: NodeId) {
        let all = self.parcels(to);
        let numbers = all
            .iter()
            .filter(|parcel| !parcel.is_local())
            .map(|parcel| parcel.number);
        let numbers: Vec<u64> = numbers.rev().collect();
        self.cluster.reorder(&numbers);
    }
}
