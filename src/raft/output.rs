//! What a node has to say, and whether there may be any of it.

use super::Raft;
use crate::error::Fault;
use crate::log::ToApply;
use crate::role::Role;
use crate::storage::{Storage, StorageError};

impl<S: Storage> Raft<S> {
    /// Whether anything came in since [`settle`](Self::settle).
    #[inline]
    pub(crate) fn touched(&self) -> bool {
        !*self.server.settled
    }

    /// Something came in.
    #[inline]
    pub(crate) fn touch(&mut self) {
        *self.server.settled = false;
    }

    /// There is nothing to do.
    pub(crate) fn settle(&mut self) {
        *self.server.settled = true;
    }

    /// Builds the messages that waited for a Ready.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        self.server.log.share();
        match &mut self.role {
            Role::Leader(leader) => leader.flush(&mut self.server),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => Ok(()),
        }
    }

    /// What to apply next.
    pub(crate) fn take_committed(&mut self) -> Result<ToApply, Fault> {
        let server = &mut self.server;
        if !server.may_apply() {
            return Ok(ToApply::default());
        }
        match server.log.take_next_committed(&server.config) {
            // It cannot be applied, but the rest of the Ready is sound.
            Err(Fault::Storage(StorageError::Corrupt(index))) => {
                server.mark_corrupt(index);
                server.log.wait();
                Ok(ToApply::default())
            }
            outcome => outcome,
        }
    }
}
