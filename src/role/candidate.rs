//! A node that stands for election, or rehearses one (section 5.2, thesis 9.6).

use alloc::vec::Vec;

use crate::rules::election::{self, Tally};
use crate::server::Server;
use crate::types::NodeId;

/// The votes so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Candidacy {
    /// Sorted by voter.
    votes: Vec<(NodeId, bool)>,
}

impl Candidacy {
    /// Notes an answer (the first of each voter counts) and counts.
    pub(crate) fn on_vote<S>(&mut self, server: &Server<S>, from: NodeId, granted: bool) -> Tally {
        if let Err(position) = self.votes.binary_search_by_key(&from, |(id, _)| *id) {
            self.votes.insert(position, (from, granted));
        }
        self.count(server)
    }

    fn count<S>(&self, server: &Server<S>) -> Tally {
        election::count(server.membership.voters(), |id| {
            let position = self.votes.binary_search_by_key(&id, |(voter, _)| *voter).ok()?;
            self.votes.get(position).map(|(_, granted)| *granted)
        })
    }
}
