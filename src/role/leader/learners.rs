//! Learners on their way to being voters: how fast they catch up (thesis 4.2.1), and whether they could be of use.

use super::Leader;
use crate::error::ChangeRefusal;
use crate::event::Event;
use crate::membership::CatchUp;
use crate::progress::Progress;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{Identity, NodeId};

/// The peer answers from a store of this identity: the configuration names it, or the store counts for nothing (D28).
pub(super) fn note_store<S: Storage>(server: &mut Server<S>, id: NodeId, peer: &mut Progress, identity: Identity) {
    let unnamed = if server.membership.identity(id).is_some() {
        0
    } else {
        identity
    };
    if peer.note_unnamed(unnamed) && !server.config.settings().accept_unnamed_store {
        server.event(Event::PeerUnnamed { peer: id, identity });
    }
}

impl Leader {
    /// Who learns is measured from now on, if it was not before, and nobody else is.
    pub(super) fn measure_learners<S: Storage>(&mut self, server: &Server<S>) {
        let last = server.log.last_index();
        for (id, peer) in &mut self.peers {
            peer.measure(server.membership.is_learner(*id), last);
        }
    }

    /// How far a learner is; `None`: this is none.
    pub(crate) fn catch_up<S: Storage>(&self, server: &Server<S>, id: NodeId) -> Option<CatchUp> {
        let timeout = server.config.settings().election_timeout_ticks;
        self.peer(id)?.catch_up(id, server.log.last_index(), timeout)
    }

    /// The identity of the peer's store, if it has one and the configuration does not name it.
    pub(crate) fn unnamed_store<S: Storage>(&self, server: &Server<S>, id: NodeId) -> Option<Identity> {
        let identity = self.peer(id)?.unnamed();
        (identity != 0 && server.membership.identity(id).is_none()).then_some(identity)
    }

    /// Whether this is a learner that may be a voter now, as far as its log and its store go.
    pub(crate) fn judge_promotion<S: Storage>(&self, server: &mut Server<S>, id: NodeId) -> Result<(), ChangeRefusal> {
        let accepts = server.config.settings().accept_unnamed_store;
        let unnamed = self.unnamed_store(server, id).filter(|_| !accepts);
        let refusal = match (self.catch_up(server, id), unnamed) {
            (None, _) => ChangeRefusal::NotLearner { id },
            (Some(_), Some(identity)) => ChangeRefusal::Unnamed { id, identity },
            (Some(catch_up), None) if !catch_up.caught_up => ChangeRefusal::NotCaughtUp(catch_up),
            (Some(_), None) => return Ok(()),
        };
        server.counters.proposals_refused = server.counters.proposals_refused.wrapping_add(1);
        Err(refusal)
    }
}
