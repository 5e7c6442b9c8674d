//! Why a node knows no leader.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::Half;
use crate::error::{CampaignRefusal, Fault};
use crate::event::VoteRefusal;
use crate::raft::Raft;
use crate::role::{Candidacy, Role};
use crate::rules::identity::CandidateStore;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::text::{Ids, ticks};
use crate::types::{Index, NodeId, Term};

/// A reason why a node knows no leader, as far as this node can tell: each node knows its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoLeader {
    /// It is poisoned, and does nothing any more.
    Poisoned(Fault),
    /// It waits to hear a leader, and campaigns if it hears none.
    Waiting {
        /// In so many ticks.
        ticks: u64,
    },
    /// It waits to hear a leader, and may not campaign as things are.
    MayNotCampaign {
        /// Why not. There may be more reasons behind it.
        reason: CampaignRefusal,
        /// Whether it learns, if it is no voter.
        learner: bool,
        /// Where the change is that waits to be applied, if that is the reason and it can be read.
        change: Option<Index>,
        /// Ticks until it looks again; `None`: not by itself.
        retry_ticks: Option<u64>,
    },
    /// The storage does not tell whether it may campaign.
    Unreadable(Fault),
    /// It campaigns, and has not won.
    Campaigning {
        /// Only pre-votes (thesis 9.6).
        pre_vote: bool,
        /// For this term.
        term: Term,
        /// Who granted and who refused; of whom neither is known has not answered, or not of this term.
        halves: Vec<Half>,
        /// Its own vote is not durable yet.
        own_vote_pending: bool,
        /// Ticks until it tries again.
        retry_ticks: u64,
    },
    /// It would not look at what these voters ask.
    WouldNotVote {
        /// The voters that it would not vote for.
        candidates: Vec<NodeId>,
        /// Why not.
        reason: VoteRefusal,
    },
}

impl NoLeader {
    /// Where the rule is: a section of the paper or the thesis, or an entry of `docs/etcd-differences.md`.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Poisoned(_) | Self::Unreadable(_) => "D4",
            Self::Waiting { .. } | Self::Campaigning { pre_vote: false, .. } => "section 5.2",
            Self::Campaigning { .. } => "thesis 9.6",
            Self::MayNotCampaign { reason, .. } => campaign_rule(*reason),
            Self::WouldNotVote { reason, .. } => vote_rule(*reason),
        }
    }
}

fn campaign_rule(reason: CampaignRefusal) -> &'static str {
    match reason {
        CampaignRefusal::Leading => "section 5.2",
        CampaignRefusal::NotVoter => "thesis 4.2.1",
        CampaignRefusal::SnapshotPending => "section 7",
        CampaignRefusal::SnapshotRequested => "D38",
        CampaignRefusal::UnappliedChange => "thesis 4.1",
        CampaignRefusal::Promised(_) => "D1",
        CampaignRefusal::Silent(_) => "D29",
        CampaignRefusal::Corrupt(_) => "D4",
        CampaignRefusal::Disowned | CampaignRefusal::Unnamed | CampaignRefusal::EntriesLost(_) => "D28",
        CampaignRefusal::Exhausted => "section 5.1",
    }
}

fn vote_rule(reason: VoteRefusal) -> &'static str {
    match reason {
        VoteRefusal::LeaderAlive => "thesis 4.2.3",
        VoteRefusal::Promised(_) => "D1",
        VoteRefusal::Silent(_) => "D29",
        VoteRefusal::Corrupt => "D4",
        VoteRefusal::Disowned
        | VoteRefusal::Unnamed
        | VoteRefusal::EntriesLost(_)
        | VoteRefusal::OtherIdentity(_)
        | VoteRefusal::UnappliedChange => "D28",
        VoteRefusal::AlreadyVoted(_) | VoteRefusal::HasLeader(_) => "section 5.2",
        VoteRefusal::LogBehind => "section 5.4.1",
        VoteRefusal::TermBehind => "section 5.1",
    }
}

/// None if a leader is known.
pub(super) fn find<S: Storage>(raft: &Raft<S>) -> Vec<NoLeader> {
    if raft.soft_state().leader.is_some() {
        return Vec::new();
    }
    if let Some(fault) = raft.poisoned() {
        return vec![NoLeader::Poisoned(fault.clone())];
    }
    let first = match raft.role() {
        Role::PreCandidate(candidacy) => campaigning(raft, candidacy, true),
        Role::Candidate(candidacy) => campaigning(raft, candidacy, false),
        Role::Follower(_) | Role::Leader(_) => waiting(raft),
    };
    let mut findings = vec![first];
    would_not_vote(raft, &mut findings);
    findings
}

/// Ticks until it stands for election if nothing happens; `None` if it leads, or never does.
pub(super) fn election_ticks<S: Storage>(raft: &Raft<S>) -> Option<u64> {
    let server = &raft.server;
    let stands = server.is_promotable() && raft.role().as_leader().is_none() && raft.poisoned().is_none();
    stands.then(|| server.timer.until_timeout())
}

fn waiting<S: Storage>(raft: &Raft<S>) -> NoLeader {
    let server = &raft.server;
    let timeout = server.timer.until_timeout();
    let reason = match raft.may_stand(false) {
        Ok(()) => return NoLeader::Waiting { ticks: timeout },
        Err(Stop::Refused(reason)) => reason,
        Err(Stop::Fault(fault)) => return NoLeader::Unreadable(fault),
    };
    let change = || {
        let page = server.config.settings().max_applying_bytes();
        let found = server
            .log
            .find_change(server.log.applied(), server.log.committed(), page);
        found.ok().flatten().map(|entry| entry.index)
    };
    NoLeader::MayNotCampaign {
        reason,
        learner: server.membership.is_learner(server.id()),
        change: (reason == CampaignRefusal::UnappliedChange).then(change).flatten(),
        retry_ticks: election_ticks(raft),
    }
}

fn campaigning<S: Storage>(raft: &Raft<S>, candidacy: &Candidacy, pre_vote: bool) -> NoLeader {
    let server = &raft.server;
    let voters = server.membership.voters();
    NoLeader::Campaigning {
        pre_vote,
        term: server.term().saturating_add(u64::from(pre_vote)),
        halves: Half::all(voters, |id| candidacy.vote(id)),
        own_vote_pending: voters.contains(server.id()) && candidacy.vote(server.id()).is_none(),
        retry_ticks: server.timer.until_timeout(),
    }
}

/// What the other voters would be told if they stood in the next term, going by this node's configuration.
fn would_not_vote<S: Storage>(raft: &Raft<S>, findings: &mut Vec<NoLeader>) {
    let server = &raft.server;
    for id in server.membership.voters().ids() {
        let candidate = CandidateStore {
            id,
            identity: server.membership.identity(id).unwrap_or(0),
            configured_at: server.configured_at,
        };
        let term = server.term().saturating_add(1);
        let refusal = raft.hears_candidate(candidate, term, false);
        let Ok(Err(refusal)) = refusal else { continue };
        if id == server.id() {
            continue;
        }
        let same = findings.iter_mut().find_map(|finding| match finding {
            NoLeader::WouldNotVote { candidates, reason } if *reason == refusal => Some(candidates),
            _ => None,
        });
        match same {
            Some(candidates) => candidates.push(id),
            None => findings.push(NoLeader::WouldNotVote {
                candidates: vec![id],
                reason: refusal,
            }),
        }
    }
}

impl fmt::Display for NoLeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisoned(fault) => write!(f, "it is poisoned, and does nothing any more: {fault}")?,
            Self::Waiting { ticks: left } => {
                write!(
                    f,
                    "it hears no leader, and campaigns in {} if that goes on",
                    ticks(*left)
                )?;
            }
            Self::MayNotCampaign {
                reason,
                learner,
                change,
                retry_ticks,
            } => {
                write!(f, "it hears no leader, and may not campaign: {reason}")?;
                if *learner {
                    f.write_str(", but a learner")?;
                }
                if let Some(index) = change {
                    write!(f, ", at index {index}")?;
                }
                if let Some(left) = retry_ticks {
                    write!(f, "; it looks again in {}", ticks(*left))?;
                }
            }
            Self::Unreadable(fault) => write!(f, "it cannot tell whether it may campaign: {fault}")?,
            Self::Campaigning {
                pre_vote,
                term,
                halves,
                own_vote_pending,
                retry_ticks,
            } => {
                let what = if *pre_vote { "asks for pre-votes" } else { "campaigns" };
                let told = Half::told(halves, ["granted by", "refused by", "not answered by"]);
                write!(f, "it {what} for term {term}: {told}")?;
                if *own_vote_pending {
                    f.write_str("; its own vote is not durable yet")?;
                }
                if halves.iter().any(|half| !half.refuse.is_empty()) {
                    // What else is refused is of another term, and ends the campaign, or is not answered at all.
                    f.write_str(if *pre_vote {
                        "; who refused had a more up-to-date log"
                    } else {
                        "; who refused had voted for another, knew a leader, or had a more up-to-date log"
                    })?;
                }
                write!(f, "; it tries again in {}", ticks(*retry_ticks))?;
            }
            Self::WouldNotVote { candidates, reason } => {
                write!(f, "it would not vote for any of {}: {reason}", Ids(candidates))?;
            }
        }
        write!(f, " [{}]", self.rule())
    }
}
