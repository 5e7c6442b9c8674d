//! Messages in flight, and a node's own acknowledgements, which travel the same way.

use quorate::Message;
use quorate::ready::Ack;
use quorate::types::NodeId;

use super::line::{Line, Party};

/// Something on its way to a node.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) from: Party,
    pub(crate) to: NodeId,
    /// The name of its kind in the recordings.
    pub(crate) kind: &'static str,
    /// From the node to itself, or from its storage: never lost.
    pub(crate) is_local: bool,
    /// As it prints.
    pub(crate) text: String,
    pub(crate) cargo: Cargo,
}

/// What is delivered.
#[derive(Clone, Debug)]
pub(crate) enum Cargo {
    Message(Message),
    Ack(Ack),
}

impl Parcel {
    pub(crate) fn message(message: Message) -> Self {
        let line = Line::of_message(&message);
        Self {
            from: line.from,
            to: message.to,
            kind: line.kind,
            is_local: message.from == message.to,
            text: line.to_string(),
            cargo: Cargo::Message(message),
        }
    }

    fn is_ack(&self) -> bool {
        matches!(self.cargo, Cargo::Ack(_))
    }

    pub(crate) fn ack(to: NodeId, ack: Ack, line: &Line<'_>) -> Self {
        debug_assert_eq!(line.to, Party::Node(to));
        Self {
            from: line.from,
            to,
            kind: line.kind,
            is_local: true,
            text: line.to_string(),
            cargo: Cargo::Ack(ack),
        }
    }
}

/// One parcel out of several: from whom, for whom, and which of that kind, oldest first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pick<'a> {
    pub(crate) from: Party,
    pub(crate) to: NodeId,
    pub(crate) kind: &'a str,
    /// From 0; the last one where there are fewer.
    pub(crate) nth: usize,
}

impl Pick<'_> {
    fn admits(&self, parcel: &Parcel) -> bool {
        (parcel.from, parcel.to, parcel.kind) == (self.from, self.to, self.kind)
    }
}

/// Which parcels are meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter<'a> {
    pub(crate) to: NodeId,
    pub(crate) kind: Option<&'a str>,
    /// Leave alone what cannot be lost.
    pub(crate) spare_local: bool,
}

impl Filter<'_> {
    pub(crate) fn all_to(to: NodeId) -> Self {
        Self {
            to,
            kind: None,
            spare_local: false,
        }
    }

    fn admits(&self, parcel: &Parcel) -> bool {
        parcel.to == self.to
            && self.kind.is_none_or(|kind| kind == parcel.kind)
            && !(self.spare_local && parcel.is_local)
    }
}

/// All that is in flight, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    parcels: Vec<Parcel>,
}

impl Pool {
    pub(crate) fn add(&mut self, parcels: impl IntoIterator<Item = Parcel>) {
        self.parcels.extend(parcels);
    }

    pub(crate) fn has(&self, filter: Filter<'_>) -> bool {
        self.parcels.iter().any(|parcel| filter.admits(parcel))
    }

    /// Takes the parcels out.
    pub(crate) fn take(&mut self, filter: Filter<'_>) -> Vec<Parcel> {
        self.parcels.extract_if(.., |parcel| filter.admits(parcel)).collect()
    }

    /// Takes the local ones out and copies of the others.
    pub(crate) fn take_copies(&mut self, filter: Filter<'_>) -> Vec<Parcel> {
        let admitted = self.parcels.iter().filter(|parcel| filter.admits(parcel));
        let copies = admitted.cloned().collect();
        self.parcels
            .retain(|parcel| !(filter.admits(parcel) && parcel.is_local));
        copies
    }

    /// Takes one parcel out, or a copy of it where it may be doubled and is to be kept.
    pub(crate) fn pick(&mut self, pick: Pick<'_>, keep: bool) -> Option<Parcel> {
        let meant = |(at, parcel)| pick.admits(parcel).then_some(at);
        let at = self
            .parcels
            .iter()
            .enumerate()
            .filter_map(meant)
            .take(pick.nth.saturating_add(1))
            .last()?;
        match self.parcels.get(at) {
            Some(parcel) if keep && !parcel.is_ack() => Some(parcel.clone()),
            _ => Some(self.parcels.remove(at)),
        }
    }

    /// Takes the oldest of a node's own acknowledgements out.
    pub(crate) fn take_ack(&mut self, of: NodeId) -> Option<Parcel> {
        let is_meant = |parcel: &Parcel| parcel.to == of && parcel.is_ack();
        let at = self.parcels.iter().position(is_meant)?;
        Some(self.parcels.remove(at))
    }

    /// Whether what would be picked cannot be lost.
    pub(crate) fn has_ack(&self, pick: Pick<'_>) -> bool {
        self.parcels.iter().any(|parcel| pick.admits(parcel) && parcel.is_ack())
    }

    /// Reverses the order of what is on its way to a node; local parcels keep their places.
    pub(crate) fn reverse(&mut self, to: NodeId) {
        let filter = Filter {
            spare_local: true,
            ..Filter::all_to(to)
        };
        let mut reversed = self.parcels.clone();
        reversed.retain(|parcel| filter.admits(parcel));
        for slot in self.parcels.iter_mut().filter(|parcel| filter.admits(parcel)) {
            if let Some(parcel) = reversed.pop() {
                *slot = parcel;
            }
        }
    }

    /// Loses what is not from one of these to another.
    pub(crate) fn keep_between(&mut self, ids: &[NodeId]) {
        let is_one = |party: Party| ids.iter().any(|id| party == Party::Node(*id));
        self.parcels
            .retain(|parcel| parcel.is_local || (ids.contains(&parcel.to) && is_one(parcel.from)));
    }

    /// Loses a node's own acknowledgements.
    pub(crate) fn forget_acks(&mut self, of: NodeId) {
        self.parcels.retain(|parcel| parcel.to != of || !parcel.is_ack());
    }
}

#[cfg(test)]
mod tests {
    use quorate::Message;
    use quorate::message::Payload;

    use super::{Filter, Parcel, Party, Pick, Pool};

    /// Parcels from these senders with these terms; 2 is the recipient.
    fn pool(parcels: &[(u64, u64)]) -> Pool {
        let mut pool = Pool::default();
        pool.add(parcels.iter().map(|&(from, term)| {
            let payload = Payload::TimeoutNow;
            Parcel::message(Message::new(from, 2, term, payload))
        }));
        pool
    }

    fn terms(pool: &mut Pool) -> Vec<String> {
        let parcels = pool.take(Filter::all_to(2));
        parcels
            .iter()
            .map(|parcel| parcel.text.replace(" MsgTimeoutNow Term:", ":"))
            .collect()
    }

    #[test]
    fn reversal_leaves_local_parcels_in_place() {
        let mut pool = pool(&[(1, 1), (2, 2), (1, 3), (3, 4)]);
        pool.reverse(2);
        assert_eq!(
            terms(&mut pool),
            ["3->2:4 Log:0/0", "2->2:2 Log:0/0", "1->2:3 Log:0/0", "1->2:1 Log:0/0"]
        );
    }

    #[test]
    fn local_parcels_are_not_doubled() {
        let mut pool = pool(&[(1, 1), (2, 2)]);
        assert_eq!(pool.take_copies(Filter::all_to(2)).len(), 2);
        assert_eq!(terms(&mut pool), ["1->2:1 Log:0/0"]);
    }

    #[test]
    fn the_nth_or_the_last_is_picked() {
        let mut pool = pool(&[(1, 1), (3, 2), (1, 3), (1, 4)]);
        let pick = |nth| Pick {
            from: Party::Node(1),
            to: 2,
            kind: "MsgTimeoutNow",
            nth,
        };
        let text = |parcel: Option<Parcel>| parcel.map(|parcel| parcel.text);
        assert_eq!(
            text(pool.pick(pick(1), true)).as_deref(),
            Some("1->2 MsgTimeoutNow Term:3 Log:0/0")
        );
        assert_eq!(
            text(pool.pick(pick(9), false)).as_deref(),
            Some("1->2 MsgTimeoutNow Term:4 Log:0/0")
        );
        assert_eq!(
            text(pool.pick(pick(9), false)).as_deref(),
            Some("1->2 MsgTimeoutNow Term:3 Log:0/0")
        );
        assert_eq!(terms(&mut pool), ["1->2:1 Log:0/0", "3->2:2 Log:0/0"]);
        assert_eq!(text(pool.pick(pick(0), false)), None);
    }

    #[test]
    fn filters() {
        let filter = Filter::all_to(2);
        let spared = Filter {
            spare_local: true,
            ..filter
        };
        let other = Filter {
            kind: Some("MsgApp"),
            ..filter
        };
        let pool = pool(&[(2, 1)]);
        assert!(pool.has(filter) && !pool.has(spared) && !pool.has(other) && !pool.has(Filter::all_to(1)));
    }
}
