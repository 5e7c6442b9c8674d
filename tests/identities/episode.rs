//! How a store is replaced, and what goes wrong then.

use quorate::NodeId;
use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2};

use crate::world::World;

impl World {
    fn beat(&mut self, count: usize) {
        for _ in 0..count {
            self.tick_all();
            self.flow(true);
        }
    }

    /// A store is lost and replaced; before the new one has all, another may be lost, and whoever leads goes away.
    pub(crate) fn replace(&mut self) {
        let (id, other) = (self.any(), self.any());
        let Some(leader) = self.any_leader().filter(|leader| self.in_force && *leader != id) else {
            return;
        };
        self.lose(id);
        let identity = self.members[&id].who.identity;
        for (kind, name) in [(ConfChangeKind::RemoveNode, 0), (ConfChangeKind::AddNode, identity)] {
            let change = ConfChangeV2::new([ConfChangeSingle::new(kind, id).with_identity(name)]);
            if kind == ConfChangeKind::RemoveNode || identity != 0 {
                let _ = self.call(leader, |raw| raw.propose_conf_change(change));
            }
            let beats = 1 + self.dice.roll(5);
            self.beat(beats);
        }
        if self.dice.once_in(2) && other != leader {
            self.lose(other);
        }
        if self.dice.once_in(2) {
            self.isolate(leader);
        }
        let beats = self.dice.roll(40);
        self.beat(beats);
    }

    pub(crate) fn isolate(&mut self, id: NodeId) {
        let others = self.members.keys().copied();
        self.cut.extend(others.flat_map(|other| [(id, other), (other, id)]));
    }

    /// What the node was told before comes once more, in order, and perhaps not all of it.
    pub(crate) fn tell_again(&mut self, id: NodeId) {
        let told: Vec<_> = self.sent.iter().filter(|message| message.to == id).cloned().collect();
        let count = self.dice.roll(told.len() + 1);
        for message in told.into_iter().take(count) {
            self.deliver(message);
            if self.dice.once_in(3) {
                self.drain(id, false);
            }
        }
    }
}
