//! What is in flight in the runner, where a copy that stays keeps its place.

use quorate::{Message, NodeId};

use crate::step::KINDS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Copy {
    /// The cluster's number for it.
    name: u64,
    route: Route,
}

/// From whom, to whom, and of which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Route {
    from: NodeId,
    to: NodeId,
    kind: &'static str,
}

impl Route {
    fn of(message: &Message) -> Self {
        let known = KINDS.iter().find(|(name, _)| *name == message.payload.name());
        Self {
            from: message.from,
            to: message.to,
            kind: known.map_or("MsgUnknown", |(_, kind)| kind),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Flight {
    copies: Vec<Copy>,
}

impl Flight {
    pub(super) fn add(&mut self, name: u64, message: &Message) {
        let route = Route::of(message);
        self.copies.push(Copy { name, route });
    }

    /// How a command refers to it, and for whom it is.
    pub(super) fn words(&self, name: u64) -> Option<(String, NodeId)> {
        let route = self.copies.iter().find(|copy| copy.name == name)?.route;
        let alike = self.copies.iter().filter(|copy| copy.route == route);
        let nth = alike.take_while(|copy| copy.name != name).count();
        let Route { from, to, kind } = route;
        let which = if nth > 0 { format!(" nth={nth}") } else { String::new() };
        Some((format!("{from}->{to} {kind}{which}"), to))
    }

    pub(super) fn remove(&mut self, name: u64) {
        self.copies.retain(|copy| copy.name != name);
    }

    /// The copy that stays has another number, and the same place.
    pub(super) fn rename(&mut self, name: u64, now: u64) {
        if let Some(copy) = self.copies.iter_mut().find(|copy| copy.name == name) {
            copy.name = now;
        }
    }
}
