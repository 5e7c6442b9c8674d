//! Replication: what is sent to whom, and what the answers mean (section 5.3).

use alloc::boxed::Box;

use bytes::Bytes;

use super::Leader;
use crate::entries::Entries;
use crate::error::Fault;
use crate::event::Event;
use crate::message::{Append, AppendResponse, Payload};
use crate::progress::{Progress, ReplicationState};
use crate::read;
use crate::role::Next;
use crate::rules::commit;
use crate::server::Server;
use crate::storage::{Storage, StorageError};
use crate::types::{EntryId, Index, NodeId};

impl Leader {
    // ----- sending

    /// Something new is in the log, or committed: now, or with the next Ready.
    pub(super) fn broadcast<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        if server.config.eager_appends {
            return self.broadcast_appends(server);
        }
        self.unsent.appends = true;
        Ok(())
    }

    /// An append to everyone who may get one, be it without entries.
    pub(super) fn broadcast_appends<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        server.log.share();
        self.each_peer(server, |leader, server, to| {
            leader.send_append(server, to, true)?;
            Ok(())
        })
    }

    /// Calls `act` for every member but this node.
    pub(super) fn each_peer<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        mut act: impl FnMut(&mut Self, &mut Server<S>, NodeId) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for position in 0..self.peers.len() {
            let Some(peer) = self.id_at(position).filter(|id| *id != server.id()) else {
                continue;
            };
            act(self, server, peer)?;
        }
        Ok(())
    }

    /// Whether a round of heartbeats waits for the next Ready.
    pub(crate) fn has_unsent_round(&self) -> bool {
        self.unsent.round
    }

    /// Builds the messages that waited for a Ready.
    pub(crate) fn flush<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        if core::mem::take(&mut self.unsent.appends) {
            self.each_peer(server, |leader, server, to| {
                let commit = server.log.committed();
                let notice = leader.peer(to).is_some_and(|peer| peer.can_use_commit(commit));
                leader.send_append(server, to, notice)?;
                leader.send_all(server, to)
            })?;
        }
        if self.unsent.round {
            self.broadcast_heartbeats(server);
        }
        Ok(())
    }

    /// Appends with entries, as long as there are entries and room in the window.
    fn send_all<S: Storage>(&mut self, server: &mut Server<S>, to: NodeId) -> Result<(), Fault> {
        while self.send_append(server, to, false)? {}
        Ok(())
    }

    /// One append with what the peer needs next; or a snapshot, if the log does not reach back.
    /// `true` if something was sent.
    pub(super) fn send_append<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        to: NodeId,
        even_if_empty: bool,
    ) -> Result<bool, Fault> {
        let Some(peer) = self.peer(to).filter(|peer| !peer.is_paused()) else {
            return Ok(false);
        };
        let next = peer.next();
        let nothing_new = next > server.log.last_index();
        if nothing_new && !even_if_empty {
            return Ok(false);
        }
        let index = next.saturating_sub(1);
        let prev = match server.log.term(index) {
            Ok(term) => EntryId { term, index },
            Err(StorageError::TemporarilyUnavailable) => return Ok(false),
            Err(StorageError::Compacted | StorageError::Unavailable) => {
                return match peer.unanswered_snapshot() {
                    // A snapshot went there and nobody knows whether it arrived: ask for it.
                    Some(id) if even_if_empty => Ok(self.send_entries(server, to, id, Entries::new())),
                    Some(_) => Ok(false),
                    None => self.send_snapshot(server, to),
                };
            }
            Err(error) => return cannot_read(server, error),
        };
        let window_full = peer.inflights().is_some_and(|window| window.is_full(&server.config));
        let entries = if window_full || nothing_new {
            Ok(Entries::new())
        } else {
            let end = server.log.last_index().saturating_add(1);
            server.log.slice(next, end, server.config.max_message_bytes)
        };
        match entries {
            Ok(entries) if entries.is_empty() && !even_if_empty => Ok(false),
            Ok(entries) => Ok(self.send_entries(server, to, prev, entries)),
            Err(StorageError::Compacted | StorageError::Unavailable) => {
                let unanswered = peer.unanswered_snapshot().is_some();
                match (even_if_empty, unanswered) {
                    (false, _) => Ok(false),
                    (true, true) => Ok(self.send_entries(server, to, prev, Entries::new())),
                    (true, false) => self.send_snapshot(server, to),
                }
            }
            Err(StorageError::TemporarilyUnavailable) => Ok(false),
            Err(error) => cannot_read(server, error),
        }
    }

    fn send_entries<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        to: NodeId,
        prev: EntryId,
        entries: Entries,
    ) -> bool {
        let commit = server.log.committed();
        let joined = self.peer(to).map_or(0, Progress::joined);
        let acknowledged = self.peer(to).is_some_and(Progress::is_acknowledged);
        let notice = entries.is_empty() && acknowledged && !server.config.eager_appends;
        let count = entries.len().try_into().unwrap_or(u64::MAX);
        let bytes = entries
            .iter()
            .fold(0, |sum: u64, entry| sum.saturating_add(entry.payload_len()));
        if let Some(peer) = self.peer_mut(to) {
            peer.sent(count, bytes, &server.config);
            peer.sent_commit(commit);
        }
        let append = Append {
            prev,
            commit,
            entries,
            joined,
            notice,
        };
        server.send(to, Payload::Append(append));
        true
    }

    /// A snapshot, to a peer that lives; `true` if one was sent.
    fn send_snapshot<S: Storage>(&mut self, server: &mut Server<S>, to: NodeId) -> Result<bool, Fault> {
        let Some(position) = self.position(to).ok() else {
            return Ok(false);
        };
        let Some((_, peer)) = self.peers.get_mut(position).filter(|(_, peer)| peer.is_recent_active()) else {
            return Ok(false);
        };
        let at_least = server.log.first_index()?.saturating_sub(1);
        let snapshot = match server.log.snapshot(to, at_least) {
            // One that does not name the peer would be ignored there.
            Ok(snapshot) if !snapshot.is_empty() && snapshot.metadata.conf_state.contains(to) => snapshot,
            Ok(snapshot) => {
                let at_least = at_least.max(snapshot.metadata.index.saturating_add(1));
                server.event(Event::SnapshotNeeded { peer: to, at_least });
                return Ok(false);
            }
            Err(StorageError::TemporarilyUnavailable | StorageError::Compacted | StorageError::Unavailable) => {
                server.event(Event::SnapshotNeeded { peer: to, at_least });
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        peer.become_snapshot(snapshot.id(), &server.config);
        server.counters.snapshots_sent = server.counters.snapshots_sent.wrapping_add(1);
        server.event(Event::SnapshotSent {
            peer: to,
            index: snapshot.metadata.index,
        });
        server.send(to, Payload::InstallSnapshot(Box::new(snapshot)));
        Ok(true)
    }

    /// A heartbeat to everyone. It tells no commit index beyond what the peer is known to hold.
    pub(super) fn broadcast_heartbeats<S: Storage>(&mut self, server: &mut Server<S>) {
        self.unsent.round = false;
        let context = self.begin_round(server);
        let (id, committed) = (server.id(), server.log.committed());
        for (to, peer) in self.peers.iter_mut().filter(|(to, _)| *to != id) {
            let commit = peer.matched().min(committed);
            peer.sent_commit(commit);
            let context = context.clone();
            server.send(*to, Payload::Heartbeat { commit, context });
        }
    }

    // ----- answers

    pub(crate) fn on_append_response<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        response: AppendResponse,
    ) -> Result<Next, Fault> {
        self.note_activity(server, from);
        match response {
            AppendResponse::Accepted { index, joined } => match self.peer_mut(from) {
                Some(peer) if joined.is_some_and(|joined| joined != peer.joined()) => {
                    self.on_unfounded(server, from, index)?;
                }
                Some(_) | None => self.on_accepted(server, from, index)?,
            },
            AppendResponse::Rejected { index, hint } => self.on_rejected(server, from, index, hint)?,
        }
        Ok(Next::Stay)
    }

    fn note_activity<S: Storage>(&mut self, server: &mut Server<S>, from: NodeId) {
        if self.peer_mut(from).is_some_and(Progress::heard) {
            server.event(Event::PeerReachable { peer: from });
        }
    }

    /// The peer's log (this node's own, when its disk acknowledges) matches up to `index`.
    pub(crate) fn on_accepted<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        index: Index,
    ) -> Result<(), Fault> {
        let first = server.log.first_index()?;
        let Some(peer) = self.peer_mut(from) else {
            return Ok(());
        };
        let news = peer.matched_to(index);
        let probed = peer.matched() == index && peer.is_probing();
        if !news && !probed {
            return Ok(());
        }
        match peer.state() {
            ReplicationState::Probe => peer.become_replicate(),
            // It is within reach of the log again, whatever became of the snapshot.
            ReplicationState::Snapshot { .. } if peer.matched().saturating_add(1) >= first => peer.become_replicate(),
            ReplicationState::Snapshot { .. } => {}
            ReplicationState::Replicate => peer.free_inflights(),
        }
        let own = from == server.id();
        if index > server.log.committed() && self.advance_commit(server)? {
            self.broadcast(server)?;
        } else if !own {
            let commit = server.log.committed();
            if self.peer(from).is_some_and(|peer| peer.can_use_commit(commit)) {
                self.send_append(server, from, true)?;
            }
        }
        if !own {
            self.send_all(server, from)?;
        }
        self.continue_transfer(server, from);
        Ok(())
    }

    /// An answer that says nothing of what the peer has now: to a snapshot, or from before it was
    /// removed and added again. If a snapshot is on its way there, see whether it arrived.
    fn on_unfounded<S: Storage>(&mut self, server: &mut Server<S>, from: NodeId, index: Index) -> Result<(), Fault> {
        if self.peer_mut(from).is_some_and(|peer| peer.snapshot_answered(index)) {
            self.send_append(server, from, true)?;
        }
        Ok(())
    }

    fn on_rejected<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        index: Index,
        hint: EntryId,
    ) -> Result<(), Fault> {
        let agreed = match hint.term {
            0 => hint.index,
            term => server.log.agreement(hint.index, term)?.index,
        };
        if self.peer_mut(from).is_some_and(|peer| peer.rejected(index, agreed)) {
            self.send_append(server, from, true)?;
        }
        Ok(())
    }

    /// Moves the commit index as far as a quorum has the log; `true` if it moved.
    pub(super) fn advance_commit<S: Storage>(&mut self, server: &mut Server<S>) -> Result<bool, Fault> {
        let proof = commit::by_counting(
            server.membership.voters(),
            |id| self.peer(id).map(Progress::matched),
            self.term_start,
            server.log.last_index(),
            server.log.committed(),
        );
        let Some(proof) = proof else {
            return Ok(false);
        };
        server.log.commit(&proof)?;
        self.on_commit(server);
        Ok(true)
    }

    pub(crate) fn on_heartbeat_response<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        context: &Bytes,
        promised_ticks: Option<u64>,
    ) -> Result<Next, Fault> {
        self.note_activity(server, from);
        let last = server.log.last_index();
        let Some(peer) = self.peer_mut(from) else {
            return Ok(Next::Stay);
        };
        peer.resume();
        if peer.matched() < last || peer.is_probing() {
            self.send_append(server, from, true)?;
        }
        if let Some(round) = read::number(context, server.config.seed) {
            self.on_round_confirmed(server, from, round, promised_ticks);
        }
        Ok(Next::Stay)
    }

    /// The caller could not reach the peer: what was streamed to it is probably lost.
    pub(crate) fn on_unreachable<S: Storage>(&mut self, server: &mut Server<S>, peer: NodeId) {
        if let Some(progress) = self.peer_mut(peer) {
            if progress.state() == ReplicationState::Replicate {
                progress.become_probe();
            }
            if progress.miss() {
                server.event(Event::PeerUnreachable { peer });
            }
        }
    }

    /// The caller knows what became of a snapshot.
    pub(crate) fn on_snapshot_report(&mut self, peer: NodeId, finished: bool) {
        if let Some(progress) = self.peer_mut(peer) {
            if finished {
                progress.snapshot_finished();
            } else {
                progress.snapshot_failed();
            }
        }
    }

    /// The storage has what it did not have before: try everybody again.
    pub(crate) fn on_storage_ready<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        self.each_peer(server, Self::send_all)
    }
}

/// One entry that cannot be read is no reason to let the other peers wait.
fn cannot_read<S: Storage>(server: &mut Server<S>, error: StorageError) -> Result<bool, Fault> {
    match error {
        StorageError::Corrupt(index) => {
            server.mark_corrupt(index);
            Ok(false)
        }
        error => Err(error.into()),
    }
}
