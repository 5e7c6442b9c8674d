//! Handing leadership over (thesis 3.10): bring the transferee up to date, then order it to campaign.

use core::cmp::Reverse;
use core::num::NonZero;

use super::{Leader, send};
use crate::error::Fault;
use crate::event::{Event, TransferAbort};
use crate::message::Payload;
use crate::progress::Progress;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::NodeId;

impl Leader {
    /// Begins to hand over to `to`, a voter; silently nothing if that is this node, or under way.
    pub(crate) fn begin_transfer<S: Storage>(&mut self, server: &mut Server<S>, to: NodeId) -> Result<(), Fault> {
        if self.transferee() == Some(to) {
            return Ok(());
        }
        self.abort_transfer(server, TransferAbort::Replaced);
        if to == server.id() {
            return Ok(());
        }
        server.timer.restart(); // the transfer has one election timeout
        self.transfer = NonZero::new(to);
        server.event(Event::TransferStarted { to });
        if !self.continue_transfer(server, to)
            && let Some(peer) = self.peer_mut(to)
        {
            send::append(server, to, peer, true)?;
        }
        Ok(())
    }

    /// Orders the transferee to campaign, if `from` is the transferee and has the whole log.
    pub(super) fn continue_transfer<S: Storage>(&mut self, server: &mut Server<S>, from: NodeId) -> bool {
        let last = server.log.last_index();
        let ready = self.transferee() == Some(from) && self.peer(from).is_some_and(|peer| peer.matched() == last);
        if ready {
            // From here on a vote may pass by everybody's promises.
            self.lease_given_up = true;
            server.send(from, Payload::TimeoutNow);
            server.event(Event::TransferOrdered { to: from });
        }
        ready
    }

    pub(crate) fn abort_transfer<S: Storage>(&mut self, server: &mut Server<S>, reason: TransferAbort) {
        if let Some(to) = self.transfer.take() {
            server.event(Event::TransferAborted { to: to.get(), reason });
        }
    }

    /// Leadership ends with the transfer under way: as it should, if the order to campaign went out.
    pub(crate) fn end_transfer<S: Storage>(&mut self, server: &mut Server<S>) {
        let last = server.log.last_index();
        let ordered = |to: NodeId| self.peer(to).is_some_and(|peer| peer.matched() == last);
        if !self.transferee().is_some_and(ordered) {
            self.abort_transfer(server, TransferAbort::SteppedDown);
        }
    }

    /// The other voter with the longest log, the lowest id among equals.
    pub(crate) fn most_up_to_date<S: Storage>(&self, server: &Server<S>) -> Option<NodeId> {
        let voters = self
            .peers
            .iter()
            .filter(|(id, _)| *id != server.id() && server.membership.is_voter(*id));
        // Who waits for a snapshot does not campaign.
        let rank = |(id, peer): &&(NodeId, Progress)| {
            let stands = peer.is_recent_active() && peer.asks_for().is_none();
            (stands, peer.is_recent_active(), peer.matched(), Reverse(*id))
        };
        voters.max_by_key(rank).map(|(id, _)| *id)
    }
}
