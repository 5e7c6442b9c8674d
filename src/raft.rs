//! The state machine of one node: what all servers have, and what its role adds.
//!
//! Everything that happens to a node comes through one door, [`Raft::enter`]: messages, ticks,
//! proposals, reads, acknowledgements. Behind it: the term, the role, the rules, a transition, and
//! on the way out the invariants.

mod acknowledge;
mod campaign;
mod change;
mod divergence;
mod election;
mod gate;
mod invariants;
mod message;
mod output;
mod propose;
mod read;
mod report;
mod restoration;
mod tick;
mod transfer;
mod transition;

use alloc::boxed::Box;
use core::num::NonZero;

use self::invariants::Before;
pub use self::propose::Proposed;
use crate::config::Config;
use crate::error::{ConfigError, Fault, NodeError};
use crate::event::Event;
use crate::role::{Follower, Role};
use crate::server::Server;
use crate::soft_state::SoftState;
use crate::stop::Stop;
use crate::storage::{Storage, StorageError};
use crate::types::NodeId;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Raft<S> {
    pub(crate) server: Server<S>,
    role: Role,
    poisoned: Option<Box<Fault>>,
    /// Who led when a call last left: a change is an event.
    noted_leader: Option<NonZero<NodeId>>,
}

impl<S: Storage> Raft<S> {
    pub(crate) fn new(config: Config, storage: S) -> Result<Self, ConfigError> {
        Ok(Self {
            server: Server::new(config, storage)?,
            role: Role::Follower(Follower::default()),
            poisoned: None,
            noted_leader: None,
        })
    }

    pub(crate) fn role(&self) -> &Role {
        &self.role
    }

    pub(crate) fn soft_state(&self) -> SoftState {
        SoftState {
            leader: self.role.leader(self.server.id()),
            role: self.role.kind(),
        }
    }

    pub(crate) fn poisoned(&self) -> Option<&Fault> {
        self.poisoned.as_deref()
    }

    /// Every call to a poisoned node fails alike.
    #[inline]
    pub(crate) fn check_sound(&self) -> Result<(), NodeError> {
        self.poisoned()
            .cloned()
            .map_or(Ok(()), |fault| Err(NodeError::Poisoned(fault)))
    }

    /// The only door. A fault inside poisons the node (see [`fail`](Self::fail)); a refusal is the caller's to read.
    pub(crate) fn enter<T, E: From<NodeError>>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, Stop<E>>,
    ) -> Result<T, E> {
        self.check_sound()?;
        self.touch();
        let before = Before::of(self);
        let outcome = act(self);
        self.end_corrupt_candidacy();
        self.note_leader();
        self.note_idleness();
        let broken = self.broken_invariant(before);
        debug_assert_eq!(broken, None, "an invariant of the core does not hold");
        let fault = match (outcome, broken) {
            (_, Some(name)) => Fault::Invariant(name),
            (Ok(value), None) => return Ok(value),
            (Err(Stop::Refused(reason)), None) => return Err(reason),
            (Err(Stop::Fault(fault)), None) => fault,
        };
        Err(self.fail(fault).into())
    }

    /// Poisons the node. A corrupt entry only ends its promises.
    fn fail(&mut self, fault: Fault) -> NodeError {
        if let Fault::Storage(StorageError::Corrupt(index)) = fault {
            self.server.mark_corrupt(index);
            self.end_corrupt_candidacy();
            return NodeError::Corrupt { index };
        }
        self.poisoned = Some(Box::new(fault.clone()));
        self.server.unsend(self.server.outbox.queued());
        self.server.timer.set_alone(false);
        NodeError::Poisoned(fault)
    }

    /// Who cannot read its log must not win an election by it.
    fn end_corrupt_candidacy(&mut self) {
        if self.server.corrupt.is_some() && matches!(self.role, Role::PreCandidate(_) | Role::Candidate(_)) {
            self.give_up();
        }
    }

    #[inline]
    fn note_leader(&mut self) {
        let leader = self.role.leader_of(self.server.id());
        if leader != self.noted_leader {
            self.noted_leader = leader;
            let leader = leader.map(NonZero::get);
            let term = self.server.term();
            self.server.event(Event::LeaderChanged { leader, term });
        }
    }
}
