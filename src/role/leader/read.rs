//! Reads at the leader (thesis 6.4): by a round of heartbeats, or by the lease.

use bytes::Bytes;

use super::Leader;
use crate::config::{ReadMode, Settings};
use crate::error::ReadError;
use crate::message::Payload;
use crate::progress::Progress;
use crate::read::{self, WaitingRead};
use crate::ready::{ReadRefusal, ReadState};
use crate::rules::lease::{self, LeaderState, LeaseRefusal};
use crate::rules::read::{ReadPermit, confirmed_round};
use crate::server::Server;
use crate::storage::Storage;
use crate::types::NodeId;

impl Leader {
    /// A read, of this node's own or forwarded, in this mode or in that of the settings.
    pub(crate) fn on_read<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        context: Bytes,
        mode: Option<ReadMode>,
    ) -> Result<(), ReadError> {
        self.lease_wanted |= mode == Some(ReadMode::Lease);
        let by_lease = mode.unwrap_or(server.config.settings().read_mode) == ReadMode::Lease;
        if let Some(permit) = by_lease.then(|| self.lease_permit(server).ok()).flatten() {
            server.counters.reads_by_lease = server.counters.reads_by_lease.wrapping_add(1);
            self.answer(server, from, context, &permit);
            return Ok(());
        }
        if self.reads.len() >= server.config.settings().max_pending_reads {
            let pending = self.reads.len();
            return Err(ReadError::Full { pending });
        }
        self.reads.push(WaitingRead {
            from,
            context,
            index: self.read_index(server),
            round: self.rounds.last().saturating_add(1),
        });
        if self.unsent.round {
            return Ok(()); // it shares the round that is about to be sent
        }
        self.release_reads(server);
        self.unsent.round = self.wants_round(server);
        if self.unsent.round && server.config.settings().eager_appends {
            self.broadcast_heartbeats(server);
        }
        Ok(())
    }

    /// Whether a read waits for a round that was not sent yet.
    fn wants_round<S: Storage>(&self, server: &Server<S>) -> bool {
        let unsent = self
            .reads
            .newest_round()
            .is_some_and(|round| round > self.rounds.last());
        let is_other_voter = |id: NodeId| id != server.id() && server.membership.is_voter(id);
        unsent && self.peers.iter().any(|(id, _)| is_other_voter(*id))
    }

    /// Begins a round if anybody needs one; the context that names it.
    pub(super) fn begin_round<S: Storage>(&mut self, server: &Server<S>) -> Bytes {
        let measures_leases = self.measures_leases(server.config.settings());
        if self.reads.newest_round().is_none() && !measures_leases {
            return Bytes::new();
        }
        let round = self.rounds.begin(measures_leases);
        read::context(server.config.seed, round)
    }

    /// A peer answered a heartbeat of this round: after it was sent, we still led.
    pub(super) fn on_round_confirmed<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        round: u64,
        promised_ticks: Option<u64>,
    ) {
        if round > self.rounds.last() {
            return; // nobody was asked that
        }
        let age = self.rounds.age(round);
        if let Some(peer) = self.peer_mut(from) {
            let promised = promised_ticks
                .zip(age)
                .map_or(0, |(ticks, age)| ticks.saturating_sub(age));
            peer.confirm(round, promised);
        }
        self.release_reads(server);
    }

    /// Answers what may be answered, oldest first. This node's own word counts only as a voter's.
    pub(super) fn release_reads<S: Storage>(&mut self, server: &mut Server<S>) {
        if self.reads.len() == 0 {
            return;
        }
        let id = server.id();
        let confirmed = confirmed_round(server.membership.voters(), |voter| {
            if voter == id {
                return Some(u64::MAX);
            }
            self.peer(voter).map(Progress::confirmed_round)
        });
        while let Some((read, permit)) = self.reads.release(confirmed) {
            server.counters.reads_by_round = server.counters.reads_by_round.wrapping_add(1);
            self.answer(server, read.from, read.context, &permit);
        }
        self.unsent.round &= self.wants_round(server);
    }

    fn answer<S: Storage>(&mut self, server: &mut Server<S>, from: NodeId, context: Bytes, permit: &ReadPermit) {
        let index = permit.index();
        if from == server.id() {
            let outcome = Ok(index);
            server.outbox.answer(ReadState { context, outcome });
        } else {
            server.send(from, Payload::ReadIndexResponse { index, context });
            self.hasten_notice(server);
        }
    }

    /// The commit index moved, in this term.
    pub(super) fn on_commit<S: Storage>(&mut self, server: &mut Server<S>) {
        self.reads.set_index(server.log.committed());
        self.release_reads(server);
    }

    /// Whether heartbeats ask for promises: all the time, or since a read wanted to rely on them.
    fn measures_leases(&self, settings: &Settings) -> bool {
        (settings.read_mode == ReadMode::Lease || self.lease_wanted) && settings.allow_leases()
    }

    /// Ticks for which reads may be answered without asking anybody, once something is committed in this term.
    pub(crate) fn lease_ticks<S: Storage>(&self, server: &Server<S>) -> u64 {
        self.lease(server).unwrap_or(0)
    }

    /// The same, or why there is no lease.
    fn lease<S: Storage>(&self, server: &Server<S>) -> Result<u64, LeaseRefusal> {
        let (settings, voters) = (server.config.settings(), server.membership.voters());
        lease::may_be_held(LeaderState {
            measured: self.measures_leases(settings),
            given_up: self.lease_given_up,
            votes: voters.contains(server.id()),
            last_change: self.pending_change,
            applied: server.log.applied(),
        })?;
        lease::ticks_left(
            voters,
            |voter| self.promised_by(server, voter),
            settings.lease_margin_ticks,
        )
    }

    /// Ticks for which a voter still promises to elect nobody else; this node as long as it leads.
    pub(crate) fn promised_by<S: Storage>(&self, server: &Server<S>, voter: NodeId) -> Option<u64> {
        if voter == server.id() {
            return Some(server.config.settings().election_timeout_ticks);
        }
        self.peer(voter).map(Progress::promised)
    }

    /// Leave to read by the lease, or why there is none.
    pub(crate) fn lease_permit<S: Storage>(&self, server: &Server<S>) -> Result<ReadPermit, LeaseRefusal> {
        lease::by_lease(self.read_index(server), self.lease(server))
    }

    /// Leadership is lost: this node's own reads come back refused. Those of others come back at
    /// their own nodes.
    pub(crate) fn refuse_reads<S: Storage>(self, server: &mut Server<S>) {
        let id = server.id();
        for read in self.reads.drain().filter(|read| read.from == id) {
            let outcome = Err(ReadRefusal::LeaderChanged);
            let context = read.context;
            server.outbox.answer(ReadState { context, outcome });
        }
    }
}
