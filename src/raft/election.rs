//! Elections: votes that are asked for here, and votes that come in (section 5.2, thesis 9.6).

use super::Raft;
use crate::error::Fault;
use crate::event::Event;
use crate::message::{Message, Payload, RequestVote, VoteResponse};
use crate::quorum::VoteResult;
use crate::role::{Campaign, Next, Role};
use crate::rules::commit::{self, Committed};
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
                    // The network repeats the request of the candidate that leads by now: no leader was lost.
                    if voter.leader == Some(from) {
                        server.timer.restart();
                    } else {
                        server.timer.restart_leaderless(&server.config);
                    }
                    server.ballot.cast(&grant);
                }
                server.event(Event::VoteGranted {
                    candidate: from,
                    term,
                    pre_vote,
                });
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

    /// Answers a candidate. A pre-vote that is granted names the term that was asked for, not the voter's own: it
    /// tells nothing of what is committed if the latter may be above the candidate's.
    pub(super) fn answer_vote(&mut self, to: NodeId, term: Term, pre_vote: bool, granted: bool) -> Result<(), Fault> {
        // There is no way to say no in term 0; silence does.
        if term > 0 {
            let committed = if pre_vote && granted && self.server.term() >= term {
                EntryId::default()
            } else {
                self.known_commit()?
            };
            let payload = Payload::VoteResponse(VoteResponse {
                pre_vote,
                granted,
                committed,
            });
            self.server.promise(to, term, payload);
        }
        Ok(())
    }

    /// The last entry known to be committed, if it can be named now.
    pub(super) fn known_commit(&self) -> Result<EntryId, Fault> {
        if !self.server.config.settings().votes_tell_commit {
            return Ok(EntryId::default());
        }
        let index = self.server.log.committed();
        let term = self.server.log.known_term(index)?;
        Ok(term.map(|term| EntryId { term, index }).unwrap_or_default())
    }

    /// What a vote, or the request for one, says is committed, if its sender's term is not above ours. (A
    /// candidate may have missed that its configuration changed, so that those whom it asks neither follow
    /// it nor lead; or whoever could lead may have, and is asked by one that knows.) A leader counts for
    /// itself.
    pub(super) fn hear_commit(&mut self, message: &Message) -> Result<(), Fault> {
        match self.news(message)? {
            Some((proof, term)) if term <= self.server.term() => self.server.log.commit(&proof, &self.server.config),
            Some(_) | None => Ok(()),
        }
    }

    /// A pre-vote request raises no term, but what its sender knows to be committed counts only in the
    /// sender's own: a leader of an earlier one may not have that entry.
    pub(super) fn catch_up_with_news(&mut self, message: &Message) -> Result<(), Fault> {
        let is_pre_vote = matches!(&message.payload, Payload::RequestVote(request) if request.pre_vote);
        match self.news(message)? {
            Some((proof, term)) if is_pre_vote && term > self.server.term() => {
                self.follow(term, None);
                self.server.log.commit(&proof, &self.server.config)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What a message tells to be committed that is news here, and the term of who tells it.
    fn news(&self, message: &Message) -> Result<Option<(Committed, Term)>, Fault> {
        let (committed, ahead) = match &message.payload {
            Payload::RequestVote(request) => (request.committed, request.pre_vote),
            Payload::VoteResponse(VoteResponse {
                pre_vote,
                granted,
                committed,
            }) => (*committed, *pre_vote && *granted),
            _ => return Ok(None),
        };
        let log = &self.server.log;
        let news = committed.index > log.committed() && committed.index <= log.last_index();
        if !news || self.role.as_leader().is_some() {
            return Ok(None);
        }
        let held = log.matches(committed)? == Some(true);
        let term = message.term.saturating_sub(u64::from(ahead));
        Ok(commit::by_word(committed, held).map(|proof| (proof, term)))
    }

    /// An answer to our request, or our own vote, which is durable now. A pre-vote proves nothing
    /// but that the election may begin.
    pub(super) fn on_vote(&mut self, from: NodeId, pre_vote: bool, granted: bool) -> Result<(), Fault> {
        let voters = self.server.membership.voters();
        let next = match &mut self.role {
            Role::PreCandidate(candidacy) if pre_vote => {
                candidacy.note(from, granted);
                match voters.vote_result(|id| candidacy.vote(id)) {
                    VoteResult::Won => Next::Campaign(Campaign::Election),
                    // Some of these refused the pre-vote before it, which is told by nothing: the timer ends it.
                    VoteResult::Lost if candidacy.again => Next::Stay,
                    VoteResult::Lost => Next::GiveUp,
                    VoteResult::Pending => Next::Stay,
                }
            }
            Role::Candidate(candidacy) if !pre_vote => {
                candidacy.note(from, granted);
                match election::count(voters, |id| candidacy.vote(id)) {
                    Tally::Won(proof) => Next::Lead(proof),
                    Tally::Lost => Next::GiveUp,
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
