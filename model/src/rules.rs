//! What is the same in all states of a world, as far as one node has to do with it.

use std::collections::BTreeMap;

use quorate::{Config, NodeId};

/// When what a node hands out is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Storing {
    /// At once: each event is followed by all Readies that come of it. A crash may interrupt any of them.
    #[default]
    AtOnce,
    /// A batch is handed out in one move and stored in another; anything may happen in between.
    Later,
    /// With asynchronous writes: tasks are written, synced, acknowledged and applied in moves of their own.
    Asynchronous,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) storing: Storing,
    /// The settings of a node's first start, and of later ones.
    pub(crate) configs: BTreeMap<NodeId, (Config, Config)>,
    /// Starts are told apart: reads carry the number of theirs.
    pub(crate) counts_starts: bool,
    /// Disks are lost that have no name: committed entries may be contradicted.
    pub(crate) disks_forget: bool,
    /// Disks know nothing of promises.
    pub(crate) disks_forget_promises: bool,
}

impl Rules {
    pub(crate) fn stores_at_once(&self) -> bool {
        self.storing == Storing::AtOnce
    }

    pub(crate) fn config(&self, id: NodeId, again: bool) -> Config {
        let configs = self.configs.get(&id);
        configs.map_or_else(
            || Config::new(id, 0),
            |(first, later)| if again { later.clone() } else { first.clone() },
        )
    }
}
