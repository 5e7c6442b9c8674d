//! Elections: votes that are asked for here, and votes that come in (section 5.2, thesis 9.6).

use super::Raft;
use crate::error::Fault;
use crate::event::{Event, StepDownReason};
use crate::message::{Payload, RequestVote};
use crate::quorum::VoteResult;
use crate::role::{Campaign, Next, Role};
use crate::rules::commit;
use crate::rules::election::{self, Tally};
use crate::rules::vote::{self, Voter};
use crate::storage::Storage;
use crate::types::{EntryId, NodeId, Term};

impl<S: Storage> Raft<S> {
    pub(super) fn on_request_vote(&mut self, from: NodeId, term: Term, request: RequestVote) -> Result<(), Fault> {
        let server = &mut self.server;
        let voter = Voter {
            term: server.ballot.term(),
            vote: server.ballot.vote(),
            leader: self.role.leader(server.id()),
            last: server.log.last()?,
        };
        let RequestVote { pre_vote, .. } = request;
        match vote::judge(voter, from, term, request) {
            Ok(grant) => {
                if !pre_vote {
                    server.timer.restart();
                    server.ballot.cast(&grant);
                }
                self.answer_vote(from, term, pre_vote, true)?;
            }
            Err(reason) => {
                server.event(Event::VoteRefused {
                    candidate: from,
                    term,
                    pre_vote,
                    reason,
                });
                let ours = server.term();
                self.answer_vote(from, ours, pre_vote, false)?;
            }
        }
        Ok(())
    }

    pub(super) fn answer_vote(&mut self, to: NodeId, term: Term, pre_vote: bool, granted: bool) -> Result<(), Fault> {
        // There is no way to say no in term 0; silence does.
        if term > 0 {
            let committed = if granted {
                EntryId::default()
            } else {
                self.known_commit()?
            };
            let payload = Payload::VoteResponse {
                pre_vote,
                granted,
                committed,
            };
            self.server.promise(to, term, payload);
        }
        Ok(())
    }

    /// The last entry known to be committed, if it can be named now.
    fn known_commit(&self) -> Result<EntryId, Fault> {
        if !self.server.config.refusals_tell_commit {
            return Ok(EntryId::default());
        }
        let index = self.server.log.committed();
        let term = self.server.log.known_term(index)?;
        Ok(term.map(|term| EntryId { term, index }).unwrap_or_default())
    }

    /// What a refusal says is committed. (A candidate may have missed that its configuration changed, so
    /// that those whom it asks neither follow it nor lead.) A leader counts for itself.
    pub(super) fn on_told_commit(&mut self, committed: EntryId) -> Result<(), Fault> {
        if self.role.as_leader().is_some() {
            return Ok(());
        }
        let log = &mut self.server.log;
        let news = committed.index > log.committed() && committed.index <= log.last_index();
        let held = news && log.matches(committed)? == Some(true);
        match commit::by_hearsay(committed, held) {
            Some(proof) => log.commit(&proof),
            None => Ok(()),
        }
    }

    /// An answer to our request, or our own vote, which is durable now. A rehearsal proves nothing
    /// but that the election may begin.
    pub(super) fn on_vote(&mut self, from: NodeId, pre_vote: bool, granted: bool) -> Result<(), Fault> {
        let voters = self.server.membership.voters();
        let lost = Next::Follow {
            term: self.server.term(),
            leader: None,
            reason: StepDownReason::HigherTerm,
        };
        let next = match &mut self.role {
            Role::PreCandidate(candidacy) if pre_vote => {
                candidacy.note(from, granted);
                match voters.vote_result(|id| candidacy.vote(id)) {
                    VoteResult::Won => Next::Campaign(Campaign::Real),
                    VoteResult::Lost => lost,
                    VoteResult::Pending => Next::Stay,
                }
            }
            Role::Candidate(candidacy) if !pre_vote => {
                candidacy.note(from, granted);
                match election::count(voters, |id| candidacy.vote(id)) {
                    Tally::Won(proof) => Next::Lead(proof),
                    Tally::Lost => lost,
                    Tally::Pending => Next::Stay,
                }
            }
            // An answer to what an earlier role asked.
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => Next::Stay,
        };
        self.transition(next)
    }

    /// This node's own vote is durable.
    pub(super) fn on_own_vote(&mut self, term: Term, pre_vote: bool) -> Result<(), Fault> {
        let ours = self.server.term();
        let counts = if pre_vote { term >= ours } else { term == ours };
        if counts {
            self.on_vote(self.server.id(), pre_vote, true)?;
        }
        Ok(())
    }
}
