//! Preferred leaders: who is to lead in this leader's place, if anybody. It begins an ordinary transfer (thesis 3.10),
//! which it is free to do at any time.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::Leader;
use crate::progress::Progress;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{Index, NodeId};

/// What a leader remembers that hands over to voters of lower ranks. Not across terms, so that whoever wins an election
/// waits again as long: a voter that is preferred and comes and goes costs no more than an election in so much time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Preferred {
    voters: Vec<Voter>,
    /// The commit index when the quorum was last checked; 0 in a leader's first period, in which an answer is enough.
    commit: Index,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Voter {
    id: NodeId,
    /// Below the leader's own.
    rank: u8,
    /// For so many periods it has answered, and had all that was committed when they began.
    periods: u64,
    /// So often it was chosen, and leadership came back or never left.
    tries: u64,
}

impl Preferred {
    /// A peer says what its rank is.
    pub(super) fn note(&mut self, id: NodeId, rank: u8, own: u8) {
        let known = self.voters.iter().position(|voter| voter.id == id);
        match (known.and_then(|position| self.voters.get_mut(position)), rank < own) {
            (Some(voter), true) => voter.rank = rank,
            (Some(_), false) => self.voters.retain(|voter| voter.id != id),
            (None, true) => self.voters.push(Voter::new(id, rank)),
            (None, false) => {}
        }
    }

    /// A period has passed: who of a rank below `own` keeps up for `enough` of them; who was tried least, the lowest
    /// rank first. Whoever is chosen, all begin anew: proposals are refused during an attempt, and there must be time
    /// between one that fails and the next, to whomever that is.
    fn choose(
        &mut self,
        own: u8,
        enough: u64,
        commit: Index,
        matched: impl Fn(NodeId) -> Option<Index>,
    ) -> Option<NodeId> {
        let had = core::mem::replace(&mut self.commit, commit);
        self.voters.retain(|voter| voter.rank < own);
        for voter in &mut self.voters {
            let keeps_up = matched(voter.id).is_some_and(|matched| matched >= had);
            voter.periods = if keeps_up { voter.periods.saturating_add(1) } else { 0 };
        }
        let steady = self.voters.iter_mut().filter(|voter| voter.periods >= enough);
        let best = steady.min_by_key(|voter| (voter.tries, voter.rank, Reverse(matched(voter.id)), voter.id))?;
        best.tries = best.tries.saturating_add(1);
        let chosen = best.id;
        for voter in &mut self.voters {
            voter.periods = 0;
        }
        Some(chosen)
    }
}

impl Voter {
    fn new(id: NodeId, rank: u8) -> Self {
        Self {
            id,
            rank,
            periods: 0,
            tries: 0,
        }
    }
}

impl Leader {
    /// So many checks of the quorum must a voter of a lower rank keep up; `None`: it need not, for nothing comes of it.
    fn periods_until_handover<S: Storage>(server: &Server<S>) -> Option<u64> {
        let settings = server.config.settings();
        let ticks = settings
            .transfer_to_preferred_ticks
            .filter(|_| settings.election_rank > 0)?;
        Some(ticks.div_ceil(settings.election_timeout_ticks.max(1)))
    }

    /// A peer says what its rank is.
    pub(super) fn note_rank<S: Storage>(&mut self, server: &Server<S>, from: NodeId, rank: u8) {
        if Self::periods_until_handover(server).is_some() {
            let own = server.config.settings().election_rank;
            self.rare.edit(|rare| rare.preferred.note(from, rank, own));
        }
    }

    /// The quorum is about to be checked: who is to lead instead, by who answered since it was last. Nobody while the
    /// configuration changes: who is about to be removed must not be chosen.
    pub(super) fn judge_ranks<S: Storage>(&mut self, server: &Server<S>) -> Option<NodeId> {
        let Some(enough) = Self::periods_until_handover(server) else {
            if self.rare.get().is_some() {
                self.rare.edit(|rare| rare.preferred = Preferred::default());
            }
            return None;
        };
        let commit = server.log.committed();
        let at_rest = !server.membership.is_joint() && self.pending_change <= server.log.applied();
        let mut preferred = self.rare.edit(|rare| core::mem::take(&mut rare.preferred));
        let own = server.config.settings().election_rank;
        let enough = if at_rest { enough } else { u64::MAX };
        let chosen = preferred.choose(own, enough, commit, |id| {
            let stands = |peer: &&Progress| peer.is_recent_active() && peer.asks_for().is_none();
            let peer = self.peer(id).filter(stands);
            let voter = peer.filter(|_| server.membership.is_voter(id));
            voter.map(Progress::matched)
        });
        self.rare.edit(|rare| rare.preferred = preferred);
        chosen
    }
}
