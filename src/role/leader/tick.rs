//! A leader's time: heartbeats, the check that a quorum still answers (thesis 6.2), and what has
//! waited too long.

use super::Leader;
use crate::error::Fault;
use crate::event::{Event, StepDownReason, TransferAbort};
use crate::quorum::VoteResult;
use crate::role::Next;
use crate::server::Server;
use crate::storage::Storage;

impl Leader {
    /// Ticks until something is due. A leader alone has nothing to do: its checks always pass.
    pub(crate) fn deadline<S: Storage>(&self, server: &Server<S>) -> Option<u64> {
        let config = &server.config;
        let alone = self.is_alone(server);
        let heartbeat = config
            .settings()
            .heartbeat_interval_ticks
            .saturating_sub(self.heartbeat_elapsed)
            .max(1);
        let check = config
            .settings()
            .election_timeout_ticks
            .saturating_sub(server.timer.elapsed())
            .max(1);
        let snapshots = self.peers.iter().filter_map(|(_, peer)| peer.snapshot_wait());
        let periodic = (!alone).then_some(heartbeat.min(check));
        snapshots
            .chain(periodic)
            .chain(self.disk_deadline(server))
            .chain(self.notice_deadline())
            .min()
    }

    /// Whether there is nobody to lead.
    pub(crate) fn is_alone<S: Storage>(&self, server: &Server<S>) -> bool {
        self.peers.iter().all(|(id, _)| *id == server.id())
    }

    /// Ticks in which nothing becomes due.
    pub(crate) fn skip<S: Storage>(&mut self, server: &mut Server<S>, ticks: u64) {
        let (interval, period) = (
            server.config.settings().heartbeat_interval_ticks,
            server.config.settings().election_timeout_ticks,
        );
        self.pass(server, ticks);
        self.wait_for_notice(ticks);
        // Only a leader alone skips whole periods; where in them it is must not depend on how.
        self.heartbeat_elapsed = wrap(self.heartbeat_elapsed, ticks, interval);
        let elapsed = wrap(server.timer.elapsed(), ticks, period);
        server.timer.advance_period(ticks, elapsed);
    }

    /// One tick.
    pub(crate) fn tick<S: Storage>(&mut self, server: &mut Server<S>) -> Result<Next, Fault> {
        self.pass(server, 1);
        let mut successor = self.judge_disk(server); // by who was heard of before the check forgets it
        let config = &server.config;
        let (check_quorum, interval) = (
            config.settings().check_quorum,
            config.settings().heartbeat_interval_ticks,
        );
        let timeout = config.settings().election_timeout_ticks;
        self.heartbeat_elapsed = self.heartbeat_elapsed.saturating_add(1);
        let elapsed = server.timer.elapsed().saturating_add(1);
        server.timer.advance_period(1, elapsed);
        if elapsed >= timeout {
            server.timer.restart();
            successor = successor.or(self.judge_ranks(server)); // the same
            let quorum = self.hears_quorum(server);
            self.judge_silence(server, quorum)?;
            if check_quorum {
                self.listen_anew(server);
                if !quorum {
                    return Ok(Next::StepDown(StepDownReason::QuorumSilent));
                }
            }
            self.abort_transfer(server, TransferAbort::Timeout);
        }
        if let Some(to) = successor.filter(|_| self.transfer.is_none()) {
            self.begin_transfer(server, to)?;
        }
        self.give_up_snapshots(server);
        if self.heartbeat_elapsed >= interval {
            self.heartbeat_elapsed = 0;
            self.broadcast_heartbeats(server);
        }
        self.give_notice(server)?; // after heartbeats, which may have told it
        Ok(Next::Stay)
    }

    fn pass<S: Storage>(&mut self, server: &Server<S>, ticks: u64) {
        self.rounds
            .advance(ticks, server.config.settings().election_timeout_ticks);
        self.wait_for_disk(server, ticks);
        for (_, peer) in &mut self.peers {
            peer.pass(ticks);
            peer.wait_for_snapshot(ticks);
            peer.wait_for_asked(ticks);
            peer.pass_round(ticks, server.log.last_index());
        }
    }

    /// Whether a quorum answered within the last election timeout.
    fn hears_quorum<S: Storage>(&self, server: &Server<S>) -> bool {
        let id = server.id();
        let active = |voter| {
            Some(
                self.peer(voter)
                    .is_some_and(|peer| voter == id || peer.is_recent_active()),
            )
        };
        server.membership.voters().vote_result(active) == VoteResult::Won
    }

    /// From now on counts who answers within the next one.
    fn listen_anew<S: Storage>(&mut self, server: &mut Server<S>) {
        let id = server.id();
        for (peer, progress) in self.peers.iter_mut().filter(|(peer, _)| *peer != id) {
            if progress.forget_activity() {
                server.event(Event::PeerUnreachable { peer: *peer });
            }
        }
    }

    fn give_up_snapshots<S: Storage>(&mut self, server: &mut Server<S>) {
        for (id, peer) in &mut self.peers {
            if let Some(snapshot) = peer.wait_for_snapshot(0) {
                peer.snapshot_finished();
                server.event(Event::SnapshotStalled { peer: *id, snapshot });
            }
        }
    }
}

/// Where a counter of this period is after so many ticks.
fn wrap(elapsed: u64, ticks: u64, period: u64) -> u64 {
    let elapsed = u128::from(elapsed).saturating_add(u128::from(ticks));
    let left = elapsed.checked_rem(u128::from(period)).unwrap_or(0);
    u64::try_from(left).unwrap_or(0)
}
