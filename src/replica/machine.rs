//! What the log is replicated for.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::types::{ConfState, Entry, Index};

/// Why a state machine could not make a snapshot, or be restored from one. Any error converts into it by `?`.
pub type MachineError = Box<dyn core::error::Error + Send + Sync>;

/// What the log is replicated for: it applies the same commands in the same order on every node, and must come to the
/// same state, so it has no clock, no randomness and no hash order. For an example see the
/// [module](crate::replica).
pub trait StateMachine {
    /// What the client of a command is told.
    type Response;

    /// Applies a committed command: never an empty one, and no configuration change. After a restart, those after the
    /// last snapshot come again.
    fn apply(&mut self, entry: &Entry) -> Self::Response;

    /// The members have changed; the entry's context is whatever was proposed with the change, an address, say.
    fn configured(&mut self, entry: &Entry, members: &ConfState) {
        let _ = (entry, members);
    }

    /// All of the state, as bytes from which [`restore`](Self::restore) makes it again on another node.
    ///
    /// # Errors
    ///
    /// The [turn](super::Replica::turn) fails with [`ReplicaError::Machine`](super::ReplicaError::Machine), and the
    /// next one tries again.
    fn snapshot(&mut self) -> Result<Bytes, MachineError>;

    /// Becomes what another's [`snapshot`](Self::snapshot) says. Empty bytes stand for the state in which the group was
    /// founded, unless [`bootstrap`](crate::bootstrap)'s snapshot was given others.
    ///
    /// # Errors
    ///
    /// The replica does not start; or, if it runs, it stops.
    fn restore(&mut self, state: &Bytes) -> Result<(), MachineError>;

    /// Of a state machine that is durable by itself: the last index whose effect it has kept. It is asked at the start;
    /// 0 is for one that is in memory, and begins anew with the latest snapshot.
    fn applied(&self) -> Index {
        0
    }
}
