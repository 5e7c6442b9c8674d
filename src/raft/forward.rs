//! Calls that are made here or at another node: a leader answers them, a follower passes them on to
//! its leader under the first sender's name (thesis 6.2, "routing requests to the leader").

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZero;

use bytes::Bytes;

use super::Raft;
use crate::config::ReadMode;
use crate::error::{Fault, ProposeError, StepError, TransferRefusal};
use crate::event::{Event, IgnoredReason};
use crate::message::Payload;
use crate::role::{Proposal, Role};
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{Entry, EntryId, Index, NodeId, Term};

/// Where a proposal went. What becomes of it, [`pending::Proposals`](crate::pending::Proposals) tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a proposal is known by its term and index when it commits"]
#[non_exhaustive]
pub enum Proposed {
    /// It is in this leader's log. If the entry committed at `index` has another term, it is lost.
    At {
        /// The leader's term.
        term: Term,
        /// Where it is.
        index: Index,
    },
    /// It is on its way to the leader; nobody will tell whether it arrived.
    Forwarded {
        /// Who leads.
        leader: NodeId,
    },
}

impl fmt::Display for Proposed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At { term, index } => write!(
                f,
                "at {}",
                EntryId {
                    term: *term,
                    index: *index
                }
            ),
            Self::Forwarded { leader } => write!(f, "passed on to node {leader}"),
        }
    }
}

impl<S: Storage> Raft<S> {
    pub(super) fn propose(
        &mut self,
        from: NodeId,
        entries: impl Proposal,
        expected: Option<Index>,
    ) -> Result<Proposed, Stop<ProposeError>> {
        let server = &mut self.server;
        check_sizes(entries.as_ref(), server.config.settings().entry_cap()).map_err(Stop::Refused)?;
        match &mut self.role {
            Role::Leader(leader) => {
                let id = leader.propose(server, entries, expected)?;
                Ok(Proposed::At {
                    term: id.term,
                    index: id.index,
                })
            }
            Role::Follower(follower) => {
                let leader = follower
                    .leader()
                    .map(NonZero::get)
                    .ok_or(Stop::Refused(ProposeError::NoLeader))?;
                if server.config.settings().disable_proposal_forwarding || expected.is_some() {
                    return Err(Stop::Refused(ProposeError::NotLeader { leader }));
                }
                let entries = entries.into_iter().collect();
                follower.forward(server, from, Payload::Propose { entries });
                Ok(Proposed::Forwarded { leader })
            }
            Role::PreCandidate(_) | Role::Candidate(_) => Err(Stop::Refused(ProposeError::NoLeader)),
        }
    }

    pub(super) fn on_forwarded_proposal(&mut self, from: NodeId, entries: Vec<Entry>) -> Result<(), Stop<StepError>> {
        let outcome = self.propose(from, entries, None);
        outcome.map(|_| ()).map_err(|stop| stop.map(StepError::Proposal))
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

    /// Hands leadership to `to`, or asks the leader to. `asker` hears if that refuses.
    pub(super) fn transfer(&mut self, to: NodeId, asker: Option<NodeId>) -> Result<(), Fault> {
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
    pub(super) fn transfer_refusal(&self, to: NodeId) -> Option<TransferRefusal> {
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

fn check_sizes(entries: &[Entry], max: u64) -> Result<(), ProposeError> {
    let mut sizes = entries.iter().map(Entry::payload_len);
    sizes
        .find(|&bytes| bytes > max)
        .map_or(Ok(()), |bytes| Err(ProposeError::TooLarge { bytes, max }))
}
