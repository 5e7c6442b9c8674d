//! Handing leadership over (thesis 3.10): a leader does, a follower asks its leader to.

use super::Raft;
use crate::error::{Fault, TransferError, TransferRefusal};
use crate::event::{Event, IgnoredReason};
use crate::message::Payload;
use crate::role::Role;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::NodeId;

impl<S: Storage> Raft<S> {
    pub(crate) fn transfer_to(&mut self, to: NodeId) -> Result<(), Stop<TransferError>> {
        let (id, answers) = (self.server.id(), self.server.config.settings().transfer_refusals);
        let Some(leader) = self.role.leader(id) else {
            return Err(Stop::Refused(TransferError::NoLeader));
        };
        // The leader may know better than we do who is a voter by now.
        let refusal = self.transfer_refusal(to).filter(|_| leader == id || answers);
        match refusal {
            None => Ok(self.transfer(to, answers.then_some(id))?),
            Some(TransferRefusal::Learner) => Err(Stop::Refused(TransferError::Learner { to })),
            Some(TransferRefusal::Unknown) => Err(Stop::Refused(TransferError::Unknown { to })),
        }
    }

    pub(crate) fn transfer_to_best(&mut self) -> Result<NodeId, Stop<TransferError>> {
        let Some(leader) = self.role.as_leader() else {
            let leader = self.role.leader(self.server.id());
            let refusal = leader.map_or(TransferError::NoLeader, |leader| TransferError::NotLeader { leader });
            return Err(Stop::Refused(refusal));
        };
        let best = leader.most_up_to_date(&self.server);
        let to = best.ok_or(Stop::Refused(TransferError::Nobody))?;
        self.transfer(to, None)?;
        Ok(to)
    }

    /// Hands leadership to `to`, or asks the leader to. `asker` hears if that refuses.
    fn transfer(&mut self, to: NodeId, asker: Option<NodeId>) -> Result<(), Fault> {
        let server = &mut self.server;
        match &mut self.role {
            Role::Leader(leader) => leader.begin_transfer(server, to)?,
            Role::Follower(follower) if follower.forward(server, to, Payload::TransferLeader { asker }) => {}
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                server.ignore(to, "TransferLeader", server.term(), IgnoredReason::NoLeader);
            }
        }
        Ok(())
    }

    /// A wish that a follower passes on in the name of `to`, or `to` itself has.
    pub(super) fn on_forwarded_transfer(&mut self, to: NodeId, asker: Option<NodeId>) -> Result<(), Fault> {
        match self.transfer_refusal(to) {
            Some(reason) if self.role.as_leader().is_some() => {
                let server = &mut self.server;
                server.event(Event::TransferRefused { to, reason });
                let tell = |asker: &NodeId| *asker != server.id() && server.membership.contains(*asker);
                if let Some(asker) = asker.filter(tell) {
                    server.send(asker, Payload::TransferRefused { to, reason });
                }
                Ok(())
            }
            _ => self.transfer(to, asker),
        }
    }

    /// Why `to` cannot be handed leadership, as far as this node knows the configuration.
    fn transfer_refusal(&self, to: NodeId) -> Option<TransferRefusal> {
        let membership = &self.server.membership;
        if membership.is_learner(to) {
            Some(TransferRefusal::Learner)
        } else if membership.is_voter(to) {
            None
        } else {
            Some(TransferRefusal::Unknown)
        }
    }
}
