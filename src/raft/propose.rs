//! Proposals: a leader takes them into its log, a follower passes them on to its leader under the first sender's
//! name.

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZero;

use bytes::Bytes;

use super::Raft;
use crate::error::{ProposeError, StepError};
use crate::membership::{AnyConfChange, ConfChangeKind, ConfChangeV2};
use crate::message::Payload;
use crate::role::{Proposal, Role};
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{Entry, EntryId, Index, NodeId, Term};
use crate::wire;

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
    pub(crate) fn propose_data(&mut self, data: Bytes) -> Result<Proposed, Stop<ProposeError>> {
        self.propose(self.server.id(), [Entry::of(data)], None)
    }

    pub(crate) fn propose_batch(&mut self, batch: Vec<Bytes>) -> Result<Proposed, Stop<ProposeError>> {
        let entries: Vec<Entry> = batch.into_iter().map(Entry::of).collect();
        self.propose(self.server.id(), entries, None)
    }

    pub(crate) fn propose_change(
        &mut self,
        change: &AnyConfChange,
        expected: Option<Index>,
    ) -> Result<Proposed, Stop<ProposeError>> {
        let (kind, data) = wire::encode_change(change);
        let entry = Entry {
            kind,
            data,
            ..Entry::default()
        };
        self.propose(self.server.id(), [entry], expected)
    }

    /// Makes a learner a voter, if this leader finds that it has caught up.
    pub(crate) fn propose_promotion(&mut self, peer: NodeId) -> Result<Proposed, Stop<ProposeError>> {
        let server = &mut self.server;
        let refusal = match (&self.role, self.role.leader(server.id())) {
            (Role::Leader(leader), _) => leader.judge_promotion(server, peer).err().map(ProposeError::Change),
            (_, Some(leader)) => Some(ProposeError::NotLeader { leader }),
            (_, None) => Some(ProposeError::NoLeader),
        };
        match refusal {
            None => self.propose_change(&ConfChangeV2::new([(ConfChangeKind::AddNode, peer)]).into(), None),
            Some(reason) => Err(Stop::Refused(reason)),
        }
    }

    fn propose(
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
}

fn check_sizes(entries: &[Entry], max: u64) -> Result<(), ProposeError> {
    let mut sizes = entries.iter().map(Entry::payload_len);
    sizes
        .find(|&bytes| bytes > max)
        .map_or(Ok(()), |bytes| Err(ProposeError::TooLarge { bytes, max }))
}
