//! What a new configuration means to the leader (thesis 4.2): whom it replicates to, and whether it
//! still leads.

use super::{Leader, send};
use crate::error::Fault;
use crate::event::{StepDownReason, TransferAbort};
use crate::progress::Progress;
use crate::role::Next;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{Index, NodeId};

impl Leader {
    /// The configuration was switched by the change at `index`; the progress of `fresh` members begins anew.
    pub(crate) fn on_membership<S: Storage>(
        &mut self,
        server: &mut Server<S>,
        fresh: &[NodeId],
        index: Index,
    ) -> Result<Next, Fault> {
        self.replace_peers(server, fresh, index);
        server.store.set_named_at(server.log.last_index());
        let id = server.id();
        let removed = !server.membership.is_voter(id) && server.config.settings().step_down_on_removal;
        if removed || server.is_disowned() {
            if server.config.settings().commit_notice_on_removal {
                // Else the others learn only from a successor that this entry is committed.
                self.broadcast_appends(server)?;
            }
            return Ok(Next::StepDown(StepDownReason::Removed));
        }
        self.note_suspension(server);
        if self.advance_commit(server)? {
            self.broadcast(server)?;
        } else {
            // A new member gets its first append at once.
            self.each_peer(server, |server, to, peer| {
                send::append(server, to, peer, false)?;
                Ok(())
            })?;
        }
        // A smaller quorum may have confirmed already what waits.
        self.release_reads(server);
        if self.transferee().is_some_and(|to| !server.membership.is_voter(to)) {
            self.abort_transfer(server, TransferAbort::NotVoter);
        }
        Ok(Next::Stay)
    }

    fn replace_peers<S: Storage>(&mut self, server: &Server<S>, fresh: &[NodeId], index: Index) {
        let next = server.log.last_index();
        let joined = if server.config.settings().fence_rejoined {
            index
        } else {
            0
        };
        let begin = |member: NodeId| {
            if member == server.id() && server.corrupt.is_none() {
                Progress::of_leader(server.log.stored()) // however it left and joined, its log is the same one
            } else {
                Progress::of_joiner(next, joined)
            }
        };
        let mut old = core::mem::take(&mut self.peers);
        let progress = |member: NodeId| {
            let kept = old
                .binary_search_by_key(&member, |(id, _)| *id)
                .ok()
                .filter(|_| !fresh.contains(&member))
                .and_then(|position| old.get_mut(position))
                .map(|(_, progress)| core::mem::replace(progress, Progress::new(1, false)));
            (member, kept.unwrap_or_else(|| begin(member)))
        };
        self.peers = server.membership.members().into_iter().map(progress).collect();
        self.measure_learners(server);
    }
}
