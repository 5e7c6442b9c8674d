//! Learners on their way to being voters: how fast they catch up (thesis 4.2.1).

use super::Leader;
use crate::error::ChangeRefusal;
use crate::membership::CatchUp;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::NodeId;

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

    /// Whether this is a learner that may be a voter now, as far as its log goes.
    pub(crate) fn judge_promotion<S: Storage>(&self, server: &mut Server<S>, id: NodeId) -> Result<(), ChangeRefusal> {
        let refusal = match self.catch_up(server, id) {
            None => ChangeRefusal::NotLearner { id },
            Some(catch_up) if !catch_up.caught_up => ChangeRefusal::NotCaughtUp(catch_up),
            Some(_) => return Ok(()),
        };
        server.counters.proposals_refused = server.counters.proposals_refused.wrapping_add(1);
        Err(refusal)
    }
}
