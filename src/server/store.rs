//! Whether this node has the store that the others take it to have.

use super::Server;
use crate::error::{ChangeRefusal, ConfigError};
use crate::event::Event;
use crate::membership::{ChangeError, ConfChangeV2};
use crate::storage::Storage;
use crate::types::{Identity, Index, NodeId};

impl<S: Storage> Server<S> {
    /// Whether the configuration names another store for this node, or none though this one has an identity: then it
    /// takes part in nothing that a quorum is counted for.
    #[inline]
    pub(crate) fn is_disowned(&self) -> bool {
        match self.membership.identity(self.id()) {
            Some(named) => named != self.identity,
            None => self.identity != 0 && self.is_unnamed_member() && !self.config.accept_unnamed_store,
        }
    }

    fn is_unnamed_member(&self) -> bool {
        self.membership.contains(self.id()) && self.membership.identity(self.id()).is_none()
    }

    /// Up to where a leader counts on this log, if it does not reach there.
    pub(crate) fn lost_entries(&self) -> Option<Index> {
        (self.counted_on > self.log.last_index()).then_some(self.counted_on)
    }

    /// A leader counts on entries that are not here: this is an earlier state of our store, or a copy of one.
    pub(crate) fn mark_lost_entries(&mut self, index: Index, leader: NodeId) {
        if index > self.counted_on {
            self.counted_on = index;
            self.event(Event::EntriesLost { index, leader });
        }
    }

    /// The configuration is another one: tells if it does not name this store.
    pub(crate) fn note_name(&mut self) {
        let (index, id) = (self.configured_at, self.id());
        match self.membership.identity(id) {
            Some(named) if named != self.identity => self.event(Event::Disowned { index, named }),
            None if self.identity != 0 && self.is_unnamed_member() => self.event(Event::Unnamed { index }),
            Some(_) | None => {}
        }
    }

    /// A store that has an identity was named by it, or is about to be; a configuration that does not say so lost
    /// the name.
    pub(super) fn check_name(&self) -> Result<(), ConfigError> {
        let (id, identity) = (self.id(), self.identity);
        if self.is_unnamed_member() && self.is_disowned() {
            return Err(ConfigError::Unnamed { id, identity });
        }
        Ok(())
    }

    /// Whether the change gives this node's store no other name than it has.
    pub(crate) fn check_own_name(&self, change: &ConfChangeV2) -> Result<(), ChangeRefusal> {
        let (id, known): (NodeId, Identity) = (self.id(), self.identity);
        let names_us = |named: &Identity| *named != 0 && *named != known;
        let ours = change.changes.iter().filter(|single| single.node_id == id);
        match ours.map(|single| single.identity).find(names_us) {
            Some(named) => Err(ChangeError::OtherIdentity { id, known, named }.into()),
            None => Ok(()),
        }
    }
}
