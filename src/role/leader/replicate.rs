//! Replication: what is sent to whom, and what the answers mean (section 5.3).

use super::{Leader, learners, send};
use crate::error::Fault;
use crate::event::{Event, IgnoredReason};
use crate::message::{AppendResponse, Heartbeat, HeartbeatResponse, Payload};
use crate::progress::{Progress, ReplicationState};
use crate::read;
use crate::role::Next;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{EntryId, Identity, Index, NodeId};

impl Leader {
    // ----- sending

    /// Something new is in the log, or committed: now, or with the next Ready.
    pub(super) fn broadcast<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        if server.config.settings().eager_appends {
            return self.broadcast_appends(server);
        }
        self.unsent.appends = true;
        Ok(())
    }

    /// An append to everyone who may get one, be it without entries.
    pub(super) fn broadcast_appends<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        server.log.share();
        self.each_peer(server, |server, to, peer| {
            send::append(server, to, peer, true)?;
            Ok(())
        })
    }

    /// Calls `act` for every member but this node.
    pub(super) fn each_peer<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        mut act: impl FnMut(&mut Server<S>, NodeId, &mut Progress) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let id = server.id();
        let others = self.peers.iter_mut().filter(|(peer, _)| *peer != id);
        others.into_iter().try_for_each(|(to, peer)| act(server, *to, peer))
    }

    /// Whether something may come with the next Ready that is not there yet: a round of heartbeats, a commit.
    pub(crate) fn has_more(&self) -> bool {
        self.unsent.round || self.unsent.commit
    }

    /// Builds the messages that waited for a Ready.
    pub(crate) fn flush<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        if core::mem::take(&mut self.unsent.commit) && self.advance_commit(server)? && self.tells_at_once(server) {
            self.unsent.appends = true;
        }
        if core::mem::take(&mut self.unsent.own) {
            server.promise_own_append(server.term(), server.log.last_index());
        }
        if core::mem::take(&mut self.unsent.appends) {
            self.each_peer(server, |server, to, peer| {
                let notice = peer.can_use_commit(server.log.committed());
                send::append(server, to, peer, notice)?;
                send::all(server, to, peer)
            })?;
        }
        if self.unsent.round {
            self.broadcast_heartbeats(server);
        }
        Ok(())
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
            server.send(*to, Payload::Heartbeat(Heartbeat { commit, context }));
        }
    }

    // ----- answers

    pub(crate) fn on_append_response<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        identity: Identity,
        response: AppendResponse,
    ) -> Result<Next, Fault> {
        self.note_activity(server, from, identity);
        match response {
            AppendResponse::Accepted { index, joined_at } => match self.peer_mut(from) {
                Some(peer) if joined_at.is_some_and(|joined_at| joined_at != peer.joined_at()) => {
                    self.on_unfounded(server, from, index)?;
                }
                Some(_) | None => self.on_accepted(server, from, index)?,
            },
            AppendResponse::Diverged { committed } => {
                server.event(Event::PeerDiverged { peer: from, committed });
            }
            AppendResponse::Rejected { index, hint } => self.on_rejected(server, from, index, hint)?,
        }
        Ok(Next::Stay)
    }

    fn note_activity<S: Storage>(&mut self, server: &mut Server<S>, from: NodeId, identity: Identity) {
        if let Some(peer) = self.peer_mut(from) {
            if let Some(silent_ticks) = peer.heard() {
                server.event(Event::PeerReachable {
                    peer: from,
                    silent_ticks,
                });
            }
            if identity != peer.unnamed() {
                learners::note_store(server, from, peer, identity);
            }
        }
        self.end_silence(server, from);
    }

    /// The peer's log (this node's own, when its disk acknowledges) matches up to `index`.
    pub(crate) fn on_accepted<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        index: Index,
    ) -> Result<(), Fault> {
        let last = server.log.last_index();
        let Some(peer) = self.peer_mut(from) else {
            return Ok(());
        };
        let news = peer.matched_to(index, last);
        let probed = peer.matched() == index && peer.is_probing();
        if !news && !probed {
            return Ok(());
        }
        match peer.state() {
            ReplicationState::Probe => peer.become_replicate(),
            ReplicationState::Replicate => peer.free_inflights(),
            // It has what the snapshot covers, or is within reach of the log again without it. Where the log
            // was compacted beyond the snapshot meanwhile, another one follows.
            ReplicationState::Snapshot { pending }
                if peer.matched() >= pending.index
                    || peer.matched().saturating_add(1) >= server.log.first_index()? =>
            {
                peer.become_replicate();
            }
            ReplicationState::Snapshot { .. } => {}
        }
        // The commit index was moved as far as it goes whenever the quorum changed: only news moves it on.
        let committed = index > server.log.committed() && self.advance_commit(server)?;
        if committed {
            self.tell_commit(server)?;
        }
        if from == server.id() {
            return Ok(());
        }
        let index = server.log.committed();
        let lacks = !committed && self.peer(from).is_some_and(|peer| peer.can_use_commit(index));
        let notice = lacks && self.tells_at_once(server);
        if let Some(peer) = self.peer_mut(from) {
            if notice {
                send::append(server, from, peer, true)?;
            }
            send::all(server, from, peer)?;
        }
        self.continue_transfer(server, from);
        Ok(())
    }

    /// An answer that says nothing of what the peer has now: to a snapshot, or from before it was
    /// removed and added again. If a snapshot is on its way there, see whether it arrived.
    fn on_unfounded<S: Storage>(&mut self, server: &mut Server<S>, from: NodeId, index: Index) -> Result<(), Fault> {
        if let Some(peer) = self.peer_mut(from)
            && peer.snapshot_answered(index)
        {
            send::append(server, from, peer, true)?;
        } else {
            server.ignore(from, "AppendResponse", server.term(), IgnoredReason::Rejoined);
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
        let Some(peer) = self.peer_mut(from) else {
            return Ok(());
        };
        if peer.has_lost(index) {
            server.event(Event::PeerLostEntries {
                peer: from,
                matched: peer.matched(),
                agreed,
            });
        }
        if peer.rejected(index, agreed) {
            send::append(server, from, peer, true)?;
        }
        Ok(())
    }

    pub(crate) fn on_heartbeat_response<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        from: NodeId,
        identity: Identity,
        response: &HeartbeatResponse,
    ) -> Result<Next, Fault> {
        self.note_activity(server, from, identity);
        self.note_rank(server, from, response.rank);
        let last = server.log.last_index();
        let Some(peer) = self.peer_mut(from) else {
            return Ok(Next::Stay);
        };
        peer.resume();
        if peer.matched() < last || peer.is_probing() {
            send::append(server, from, peer, true)?;
        }
        peer.note_request(response.snapshot_request);
        send::asked_snapshot(server, from, peer)?;
        if let Some(round) = read::number(&response.context, server.config.seed) {
            self.on_round_confirmed(server, from, round, response.promised_ticks);
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

    /// The caller knows what became of a snapshot: news only of the one that is awaited.
    pub(crate) fn on_snapshot_report(&mut self, peer: NodeId, snapshot: EntryId, finished: bool) {
        let Some(progress) = self.peer_mut(peer) else { return };
        match (progress.awaits(snapshot), finished) {
            (true, true) => progress.snapshot_finished(),
            (true, false) => progress.snapshot_failed(),
            (false, true) => {}
            (false, false) => progress.asked_failed(snapshot),
        }
    }

    /// The storage has what it did not have before: try everybody again.
    pub(crate) fn on_storage_ready<S: Storage>(&mut self, server: &mut Server<S>) -> Result<(), Fault> {
        self.each_peer(server, |server, to, peer| {
            send::asked_snapshot(server, to, peer)?;
            send::all(server, to, peer)
        })
    }
}
