//! What the caller knows and the node cannot: whom it does not reach, what became of a snapshot, that the storage has
//! more.

use super::Raft;
use crate::config::ReadMode;
use crate::error::{Fault, NodeError};
use crate::role::Role;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{EntryId, NodeId};

impl<S: Storage> Raft<S> {
    /// The settings are other ones.
    pub(crate) fn on_settings(&mut self) {
        if let Role::Leader(leader) = &mut self.role {
            leader.on_settings(&self.server);
        }
    }

    /// Not in lease mode: whoever forgets its leader could help to elect another.
    pub(crate) fn forget_leader(&mut self) {
        match &mut self.role {
            Role::Follower(follower) if self.server.config.settings().read_mode != ReadMode::Lease => {
                follower.forget_leader(&mut self.server);
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => {}
        }
    }

    pub(crate) fn report_unreachable(&mut self, peer: NodeId) {
        if let Role::Leader(leader) = &mut self.role {
            leader.on_unreachable(&mut self.server, peer);
        }
    }

    pub(crate) fn report_snapshot(&mut self, peer: NodeId, snapshot: EntryId, finished: bool) {
        if let Role::Leader(leader) = &mut self.role {
            leader.on_snapshot_report(peer, snapshot, finished);
        }
    }

    pub(crate) fn storage_ready(&mut self) -> Result<(), Stop<NodeError>> {
        if !self.server.diverged {
            self.server.log.retry();
        }
        if self.server.log.is_unread() {
            let server = &mut self.server;
            server.log.learn_from_changes(&server.config).map_err(Fault::from)?;
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.on_storage_ready(&mut self.server)?;
        }
        Ok(())
    }
}
