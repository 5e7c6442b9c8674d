//! Why an index is not committed.

use alloc::vec::Vec;
use core::fmt;

use super::{Half, PeerExplanation, peer};
use crate::error::Fault;
use crate::progress::Progress;
use crate::raft::Raft;
use crate::rules::commit;
use crate::storage::Storage;
use crate::types::{Index, NodeId};

/// Whether an index is committed, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexExplanation {
    /// The index.
    pub index: Index,
    /// What is with it.
    pub finding: IndexFinding,
}

/// What is with an index of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexFinding {
    /// It is committed.
    Committed,
    /// The log does not reach there.
    BeyondLog {
        /// It ends here.
        last: Index,
    },
    /// This node is poisoned: nothing is committed any more.
    Poisoned(Fault),
    /// Only the leader counts who has it.
    NotLeader {
        /// Whom to ask, if a leader is known.
        leader: Option<NodeId>,
    },
    /// Not every majority holds what it has to, or no two [commit groups](crate::Settings::commit_groups) do.
    Waiting {
        /// Up to here the voters have to hold the log: the index, or where the leader's own term begins, if that is
        /// after it. An entry of an earlier term is committed with one of the leader's own (section 5.4.2).
        to_be_held: Index,
        /// Up to where voters of two commit groups hold the log, if that is asked for and is not enough (D37).
        in_groups: Option<Index>,
        /// Who acknowledged that.
        halves: Vec<Half>,
        /// The voters that did not, and what they wait for.
        lacking: Vec<PeerExplanation>,
    },
}

impl IndexExplanation {
    /// Where the rule is: a section of the paper or the thesis, or an entry of `docs/etcd-differences.md`.
    pub fn rule(&self) -> &'static str {
        match self.finding {
            IndexFinding::Waiting {
                in_groups: Some(_),
                ref halves,
                ..
            } if halves.iter().all(|half| half.needed == 0) => "D37",
            IndexFinding::Waiting { to_be_held, .. } if to_be_held > self.index => "section 5.4.2",
            IndexFinding::Poisoned(_) => "D4",
            IndexFinding::Committed
            | IndexFinding::BeyondLog { .. }
            | IndexFinding::NotLeader { .. }
            | IndexFinding::Waiting { .. } => "section 5.3",
        }
    }

    /// The voters that have not acknowledged enough.
    pub(super) fn lacking(&self) -> &[PeerExplanation] {
        match &self.finding {
            IndexFinding::Waiting { lacking, .. } => lacking,
            _ => &[],
        }
    }
}

pub(super) fn find<S: Storage>(raft: &Raft<S>, index: Index) -> IndexExplanation {
    let server = &raft.server;
    let last = server.log.last_index();
    let finding = if index <= server.log.committed() {
        IndexFinding::Committed
    } else if index > last {
        IndexFinding::BeyondLog { last }
    } else if let Some(fault) = raft.poisoned() {
        IndexFinding::Poisoned(fault.clone())
    } else if let Some(leader) = raft.role().as_leader() {
        let voters = server.membership.voters();
        let to_be_held = commit::to_be_held(index, leader.term_start());
        let matched = |id| leader.peer(id).map_or(0, Progress::matched);
        let holds = |id| (matched(id) >= to_be_held).then_some(true);
        let lacking = voters.ids().into_iter().filter(|id| holds(*id).is_none());
        IndexFinding::Waiting {
            to_be_held,
            in_groups: leader.in_groups(server).filter(|held| *held < to_be_held),
            halves: Half::all(voters, holds),
            lacking: lacking.map(|id| peer::find(raft, id)).collect(),
        }
    } else {
        let leader = raft.soft_state().leader;
        IndexFinding::NotLeader { leader }
    };
    IndexExplanation { index, finding }
}

impl fmt::Display for IndexExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index, finding } = self;
        match finding {
            IndexFinding::Committed => write!(f, "index {index} is committed")?,
            IndexFinding::BeyondLog { last } => {
                write!(f, "index {index} is not committed: the log ends at index {last}")?;
            }
            IndexFinding::Poisoned(fault) => write!(f, "index {index} is not committed: poisoned, {fault}")?,
            IndexFinding::NotLeader { leader: None } => {
                write!(
                    f,
                    "index {index} is not known to be committed here, and no leader is known"
                )?;
            }
            IndexFinding::NotLeader { leader: Some(leader) } => write!(
                f,
                "index {index} is not known to be committed here: ask node {leader}, which leads"
            )?,
            IndexFinding::Waiting {
                to_be_held,
                in_groups,
                halves,
                ..
            } => {
                let told = Half::told(halves, ["acknowledged by", "refused by", "lacking"]);
                write!(f, "index {index} is not committed: {told}")?;
                if let Some(held) = in_groups {
                    write!(f, "; two commit groups hold the log up to index {held}")?;
                }
                if to_be_held > index {
                    write!(f, "; it is of an earlier term, and committed with index {to_be_held}")?;
                }
            }
        }
        write!(f, " [{}]", self.rule())?;
        if let IndexFinding::Waiting { lacking, .. } = finding {
            for peer in lacking {
                write!(f, "\n  {peer}")?;
            }
        }
        Ok(())
    }
}
