//! Reads (thesis 6.4): a leader answers them, a follower passes them on to its leader ("routing requests to the
//! leader", 6.2).

use bytes::Bytes;

use super::Raft;
use crate::config::ReadMode;
use crate::error::ReadError;
use crate::event::{Event, IgnoredReason};
use crate::message::Payload;
use crate::role::Role;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::NodeId;

impl<S: Storage> Raft<S> {
    /// In this mode, or in that of the leader's settings.
    pub(crate) fn read(&mut self, context: Bytes, mode: Option<ReadMode>) -> Result<(), Stop<ReadError>> {
        if self.server.diverged {
            return Err(Stop::Refused(ReadError::Diverged));
        }
        let server = &mut self.server;
        let id = server.id();
        match &mut self.role {
            Role::Leader(leader) => leader.on_read(server, id, context, mode),
            Role::Follower(follower) => follower.read(server, context, mode),
            Role::PreCandidate(_) | Role::Candidate(_) => Err(ReadError::NoLeader),
        }
        .map_err(Stop::Refused)
    }

    pub(super) fn on_forwarded_read(&mut self, from: NodeId, context: Bytes, mode: Option<ReadMode>) {
        let server = &mut self.server;
        let taken = match &mut self.role {
            // It was refused when this node began to campaign.
            Role::Leader(_) if from == server.id() => {
                server.ignore(from, "ReadIndex", 0, IgnoredReason::NotAsked);
                true
            }
            Role::Leader(leader) => leader.on_read(server, from, context, mode).is_ok(),
            Role::Follower(follower) => follower.forward(server, from, Payload::ReadIndex { context, mode }),
            Role::PreCandidate(_) | Role::Candidate(_) => false,
        };
        if !taken {
            server.event(Event::ReadDropped { from });
        }
    }
}
