//! A snapshot that this node asks for, because its state machine is damaged.

use super::Raft;
use crate::error::SnapshotRequestError;
use crate::event::Event;
use crate::role::Role;
use crate::stop::Stop;
use crate::storage::Storage;

impl<S: Storage> Raft<S> {
    pub(crate) fn request_snapshot(&mut self) -> Result<(), Stop<SnapshotRequestError>> {
        match self.snapshot_request_refusal() {
            None => {
                let server = &mut self.server;
                let at_least = server.log.request_snapshot(server.configured_at);
                server.event(Event::SnapshotRequested { at_least });
                Ok(())
            }
            Some(refusal) => Err(Stop::Refused(refusal)),
        }
    }

    fn snapshot_request_refusal(&self) -> Option<SnapshotRequestError> {
        let server = &self.server;
        if server.diverged {
            return Some(SnapshotRequestError::Diverged);
        }
        let follows = match &self.role {
            Role::Leader(_) => return Some(SnapshotRequestError::Leading),
            Role::Follower(follower) => follower.leader().is_some(),
            Role::PreCandidate(_) | Role::Candidate(_) => false,
        };
        if !server.membership.contains(server.id()) {
            Some(SnapshotRequestError::NotMember)
        } else if server.log.has_pending_snapshot() || server.log.snapshot_request().is_some() {
            Some(SnapshotRequestError::Pending)
        } else if !follows {
            Some(SnapshotRequestError::NoLeader)
        } else {
            None
        }
    }

    /// Whether there was something to withdraw: what has arrived is handed out.
    pub(crate) fn withdraw_snapshot_request(&mut self) -> bool {
        let asks = self.server.log.awaited_snapshot().is_some();
        if asks {
            self.server.log.forget_request();
        }
        asks
    }
}
