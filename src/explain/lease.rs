//! Why a leader has no lease.

use alloc::vec::Vec;
use core::fmt;

use super::Half;
use crate::error::Fault;
use crate::raft::Raft;
use crate::role::Leader;
use crate::rules::lease::{self, LeaseRefusal};
use crate::storage::Storage;
use crate::text::ticks;
use crate::types::{Index, NodeId};

/// Why reads are not answered by a lease here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoLease {
    /// This node is poisoned.
    Poisoned(Fault),
    /// Only a leader has a lease.
    NotLeader {
        /// Whom to ask, if a leader is known.
        leader: Option<NodeId>,
    },
    /// Leases are not measured: [`ReadMode::Lease`](crate::ReadMode::Lease) is not set, and no read has asked for one.
    NotMeasured,
    /// It was given up when another node was told to campaign, for the rest of the term.
    GivenUp,
    /// This leader is no voter of the configuration.
    NotVoter,
    /// The log may hold a change of the configuration that is not applied.
    UnappliedChange {
        /// Up to here.
        index: Index,
        /// It is applied up to here.
        applied: Index,
    },
    /// Nothing is committed in this leader's term yet.
    NothingCommitted {
        /// The first entry of the term.
        term_start: Index,
    },
    /// Not every majority promises anything beyond the margin.
    NotPromised {
        /// So much a promise has to exceed: [`lease_margin_ticks`](crate::Settings::lease_margin_ticks).
        margin_ticks: u64,
        /// What is left of each voter's promise.
        promises: Vec<Promise>,
        /// Whose promise counts now.
        halves: Vec<Half>,
    },
}

/// A voter's promise to elect nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Promise {
    /// The voter.
    pub id: NodeId,
    /// Ticks left of it, counted from when the heartbeat that was answered was sent; 0: it ran out or never came.
    pub ticks: u64,
    /// Whether the voter has answered such a heartbeat in this term: if not, nothing came.
    pub answered: bool,
}

impl NoLease {
    /// Where the rule is: a section of the paper or the thesis, or an entry of `docs/etcd-differences.md`.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Poisoned(_) => "D4",
            Self::NothingCommitted { .. } => "thesis 6.4",
            Self::NotLeader { .. } | Self::NotMeasured => "thesis 6.4.1",
            Self::GivenUp | Self::NotVoter | Self::UnappliedChange { .. } | Self::NotPromised { .. } => "D1",
        }
    }
}

/// Ticks that are left of the lease, or why there is none.
pub(super) fn find<S: Storage>(raft: &Raft<S>) -> Result<u64, NoLease> {
    let server = &raft.server;
    if let Some(fault) = raft.poisoned() {
        return Err(NoLease::Poisoned(fault.clone()));
    }
    let Some(leader) = raft.role().as_leader() else {
        let leader = raft.soft_state().leader;
        return Err(NoLease::NotLeader { leader });
    };
    match leader.lease_permit(server) {
        Ok(_) => Ok(leader.lease_ticks(server)),
        Err(LeaseRefusal::NotMeasured) => Err(NoLease::NotMeasured),
        Err(LeaseRefusal::GivenUp) => Err(NoLease::GivenUp),
        Err(LeaseRefusal::NotVoter) => Err(NoLease::NotVoter),
        Err(LeaseRefusal::UnappliedChange(index)) => Err(NoLease::UnappliedChange {
            index,
            applied: server.log.applied(),
        }),
        Err(LeaseRefusal::NothingCommitted) => Err(NoLease::NothingCommitted {
            term_start: leader.term_start(),
        }),
        Err(LeaseRefusal::NotPromised) => Err(not_promised(raft, leader)),
    }
}

fn not_promised<S: Storage>(raft: &Raft<S>, leader: &Leader) -> NoLease {
    let server = &raft.server;
    let (voters, margin_ticks) = (server.membership.voters(), server.config.settings().lease_margin_ticks);
    let left = |id| leader.promised_by(server, id).unwrap_or(0);
    let promise = |id| Promise {
        id,
        ticks: left(id),
        answered: id == server.id() || leader.peer(id).is_some_and(|peer| peer.confirmed_round() > 0),
    };
    NoLease::NotPromised {
        margin_ticks,
        promises: voters.ids().into_iter().map(promise).collect(),
        halves: Half::all(voters, |id| lease::counts(left(id), margin_ticks).then_some(true)),
    }
}

impl fmt::Display for NoLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisoned(fault) => write!(f, "no lease: this node is poisoned: {fault}")?,
            Self::NotLeader { leader: None } => f.write_str("no lease: this node does not lead")?,
            Self::NotLeader { leader: Some(leader) } => {
                write!(f, "no lease: this node does not lead, ask node {leader}")?;
            }
            Self::NotMeasured => f.write_str("no lease: the read mode is another one")?,
            Self::GivenUp => f.write_str("no lease: it was given up for a transfer, until the term ends")?,
            Self::NotVoter => f.write_str("no lease: this leader is no voter")?,
            Self::UnappliedChange { index, applied } => write!(
                f,
                "no lease: the log up to index {index} may hold a change, and is applied up to {applied} only"
            )?,
            Self::NothingCommitted { term_start } => {
                write!(
                    f,
                    "no lease: index {term_start}, the first of this term, is not committed"
                )?;
            }
            Self::NotPromised {
                margin_ticks,
                promises,
                halves,
            } => {
                let told = Half::told(halves, ["promised by", "refused by", "not by"]);
                write!(f, "no lease beyond the margin of {}: {told}", ticks(*margin_ticks))?;
                for (position, promise) in promises.iter().enumerate() {
                    let before = if position == 0 { "; left" } else { "," };
                    write!(f, "{before} {}:{}", promise.id, promise.ticks)?;
                    f.write_str(if promise.answered { "" } else { " (never came)" })?;
                }
            }
        }
        write!(f, " [{}]", self.rule())
    }
}
