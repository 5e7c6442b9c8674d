//! Whether this node has the store that the others take it to have.

use alloc::boxed::Box;

use super::Server;
use crate::error::ChangeRefusal;
use crate::event::Event;
use crate::membership::{ChangeError, ConfChangeV2};
use crate::rules::identity::Disowned;
use crate::storage::Storage;
use crate::types::{Identity, Index, NodeId};

/// What is known of this node's store; nothing, in one word, unless it has an identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OwnStore(Option<Box<Known>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Known {
    identity: Identity,
    /// A leader counts on what the log holds up to here.
    counted_on: Index,
    /// Of a leader: what comes after this was appended when the names were what they are.
    named_at: Index,
}

impl OwnStore {
    pub(super) fn new(identity: Identity) -> Self {
        let known = Known {
            identity,
            counted_on: 0,
            named_at: 0,
        };
        Self((identity != 0).then(|| Box::new(known)))
    }

    #[inline]
    pub(crate) fn identity(&self) -> Identity {
        self.0.as_ref().map_or(0, |known| known.identity)
    }

    /// The names that a leader goes by are what they are from here on.
    pub(crate) fn set_named_at(&mut self, index: Index) {
        if let Some(known) = &mut self.0 {
            known.named_at = index;
        }
    }

    pub(crate) fn named_at(&self) -> Index {
        self.0.as_ref().map_or(0, |known| known.named_at)
    }
}

impl<S: Storage> Server<S> {
    /// Whether the configuration names another store for this node, or none though this one has an identity: then it
    /// takes part in nothing that a quorum is counted for.
    #[inline]
    pub(crate) fn is_disowned(&self) -> bool {
        self.disowned().is_some()
    }

    /// Which of the two it is.
    #[inline]
    pub(crate) fn disowned(&self) -> Option<Disowned> {
        if let Some(named) = self.membership.identity(self.id()) {
            return (named != self.store.identity()).then_some(Disowned::OtherStore);
        }
        let unnamed = self.is_unnamed_member() && !self.config.settings().accept_unnamed_store;
        unnamed.then_some(Disowned::Unnamed)
    }

    /// Whether the store has an identity, and the configuration has this node as a member and does not name it.
    pub(crate) fn is_unnamed_member(&self) -> bool {
        let id = self.id();
        self.store.identity() != 0 && self.membership.contains(id) && self.membership.identity(id).is_none()
    }

    /// Up to where a leader counts on this log, if it does not reach there.
    pub(crate) fn lost_entries(&self) -> Option<Index> {
        let counted_on = self.store.0.as_ref()?.counted_on;
        (counted_on > self.log.last_index()).then_some(counted_on)
    }

    /// A leader counts on entries that are not here: this is an earlier state of our store, or a copy of one. Unless
    /// this is not the store that it counts on.
    pub(crate) fn mark_lost_entries(&mut self, index: Index, leader: NodeId) {
        let is_named = self.membership.identity(self.id()) == Some(self.store.identity());
        if let Some(known) = self.store.0.as_mut().filter(|_| is_named)
            && index > known.counted_on
        {
            known.counted_on = index;
            self.event(Event::EntriesLost { index, leader });
        }
    }

    /// The configuration is another one: tells if it does not name this store.
    pub(crate) fn note_name(&mut self) {
        let (index, identity) = (self.configured_at, self.store.identity());
        match self.membership.identity(self.id()) {
            Some(named) if named != identity => self.event(Event::Disowned { index, named }),
            None if self.is_unnamed_member() => self.event(Event::Unnamed { index }),
            Some(_) | None => {}
        }
    }

    /// Whether the change gives this node's store no other name than it has.
    pub(crate) fn check_own_name(&self, change: &ConfChangeV2) -> Result<(), ChangeRefusal> {
        let (id, known) = (self.id(), self.store.identity());
        let ours = change.changes.iter().filter(|single| single.node_id == id);
        let mut names = ours.map(|single| single.identity);
        match names.find(|&named| named != 0 && named != known) {
            Some(named) => Err(ChangeError::OtherIdentity { id, known, named }.into()),
            None => Ok(()),
        }
    }
}
