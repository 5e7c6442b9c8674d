//! Messages: checked, judged by their term, and handed to the role. One table, every kind named.

use super::Raft;
use super::gate::{self, Admitted};
use crate::error::{Fault, StepError};
use crate::event::{Event, StepDownReason, VoteRefusal};
use crate::message::{AppendResponse, Message, Payload, RequestVote};
use crate::role::{Campaign, Next, Role, follower};
use crate::rules::election::Tally;
use crate::rules::lease::{self, VoterState};
use crate::rules::term::{self, Verdict};
use crate::rules::vote::{self, Voter};
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{NodeId, Term};

impl<S: Storage> Raft<S> {
    pub(crate) fn step(&mut self, message: Message) -> Result<(), Stop<StepError>> {
        let admitted = gate::check(&self.server, &self.role, &message)?;
        if let Err(reason) = self.may_raise_term(&message) {
            self.note_refusal(&message, reason);
            return Ok(());
        }
        let (ours, from) = (self.server.term(), message.from);
        let config = &self.server.config;
        let guarded = config.check_quorum || config.pre_vote || config.lease_promises;
        match term::judge(ours, message.term, from, &message.payload, guarded) {
            Verdict::Proceed => self.dispatch(message, admitted),
            Verdict::Adopt(leader) => {
                self.follow(message.term, leader, StepDownReason::HigherTerm);
                self.dispatch(message, admitted)
            }
            Verdict::Ignore => {
                self.ignore(&message, "of an earlier term");
                Ok(())
            }
            Verdict::TellLeader => {
                let response = AppendResponse::Accepted { index: 0 };
                self.server.promise(from, ours, Payload::AppendResponse(response));
                Ok(())
            }
            Verdict::RefusePreVote => {
                self.note_refusal(&message, VoteRefusal::TermBehind);
                self.answer_vote(from, ours, true, false);
                Ok(())
            }
        }
    }

    fn ignore(&self, message: &Message, why: &str) {
        self.server.trace.ignored(self.server.id(), message, why);
    }

    /// Whether a call for an election is looked at, before anything else.
    fn may_raise_term(&self, message: &Message) -> Result<(), VoteRefusal> {
        let (server, timer) = (&self.server, &self.server.timer);
        let state = VoterState {
            silent: timer.silent(),
            promised: timer.promised(),
            hears_leader: server.config.check_quorum
                && message.term > server.term()
                && self.role.leader(server.id()).is_some()
                && timer.elapsed() < server.config.election_timeout_ticks,
            corrupt: server.corrupt.is_some(),
        };
        match &message.payload {
            // One for an earlier term cannot win anything here.
            Payload::RequestVote(_) if message.term < server.term() => Ok(()),
            Payload::RequestVote(request) => lease::may_vote(state, request.forced),
            Payload::TimeoutNow => lease::may_vote(state, true),
            _ => Ok(()),
        }
    }

    fn note_refusal(&mut self, message: &Message, reason: VoteRefusal) {
        let pre_vote = matches!(&message.payload, Payload::RequestVote(request) if request.pre_vote);
        self.server.event(Event::VoteRefused {
            candidate: message.from,
            term: message.term,
            pre_vote,
            reason,
        });
    }

    /// The table: what each role does with each kind of message of its own term.
    fn dispatch(&mut self, message: Message, admitted: Admitted) -> Result<(), Stop<StepError>> {
        let (from, server) = (message.from, &mut self.server);
        let next = match (&mut self.role, message.payload) {
            (_, Payload::RequestVote(request)) => return Ok(self.on_request_vote(from, message.term, request)?),

            (Role::Leader(leader), Payload::AppendResponse(response)) => {
                leader.on_append_response(server, from, response)?
            }
            (
                Role::Leader(leader),
                Payload::HeartbeatResponse {
                    context,
                    promised_ticks,
                },
            ) => leader.on_heartbeat_response(server, from, &context, promised_ticks)?,
            (
                Role::PreCandidate(candidacy),
                Payload::VoteResponse {
                    pre_vote: true,
                    granted,
                },
            ) => match candidacy.on_vote(server, from, granted) {
                Tally::Won(_) => Next::Campaign(Campaign::Real),
                tally => after_vote(tally, server.term()),
            },
            (
                Role::Candidate(candidacy),
                Payload::VoteResponse {
                    pre_vote: false,
                    granted,
                },
            ) => after_vote(candidacy.on_vote(server, from, granted), server.term()),

            // What a leader says makes everyone else its follower.
            (
                Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_),
                payload @ (Payload::Append(_) | Payload::Heartbeat { .. } | Payload::InstallSnapshot(_)),
            ) => return Ok(self.on_leader(from, payload, admitted)?),

            (Role::Follower(_), Payload::TimeoutNow) => Next::Campaign(Campaign::Forced),
            (Role::Follower(follower), Payload::ReadIndexResponse { index, context }) => {
                follower.on_read_response(server, index, &context);
                Next::Stay
            }
            (_, Payload::Propose { entries }) => return self.on_forwarded_proposal(from, entries),
            (_, Payload::ReadIndex { context }) => {
                self.on_forwarded_read(from, context);
                Next::Stay
            }
            (_, Payload::TransferLeader) => return Ok(self.transfer(from)?),

            // Answers to what an earlier role asked, and what only a follower is told.
            (
                _,
                Payload::Append(_)
                | Payload::Heartbeat { .. }
                | Payload::InstallSnapshot(_)
                | Payload::AppendResponse(_)
                | Payload::HeartbeatResponse { .. }
                | Payload::VoteResponse { .. }
                | Payload::ReadIndexResponse { .. }
                | Payload::TimeoutNow,
            ) => Next::Stay,
        };
        Ok(self.transition(next)?)
    }

    fn on_leader(&mut self, from: NodeId, payload: Payload, admitted: Admitted) -> Result<(), Fault> {
        if !matches!(self.role, Role::Follower(_)) {
            self.follow(self.server.term(), Some(from), StepDownReason::HigherTerm);
        }
        let server = &mut self.server;
        if let Role::Follower(follower) = &mut self.role {
            follower.hear(server, from);
        }
        match (payload, admitted) {
            (Payload::Append(append), _) => follower::on_append(server, from, append),
            (Payload::Heartbeat { commit, context }, _) => follower::on_heartbeat(server, from, commit, context),
            (Payload::InstallSnapshot(snapshot), Admitted::Snapshot(membership)) => {
                follower::on_snapshot(server, from, *snapshot, membership)
            }
            _ => Err(Fault::Invariant(
                "a leader's message is an append, a heartbeat or a snapshot",
            )),
        }
    }

    // ----- elections

    fn on_request_vote(&mut self, from: NodeId, term: Term, request: RequestVote) -> Result<(), Fault> {
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
                self.answer_vote(from, term, pre_vote, true);
            }
            Err(reason) => {
                server.event(Event::VoteRefused {
                    candidate: from,
                    term,
                    pre_vote,
                    reason,
                });
                let ours = server.term();
                self.answer_vote(from, ours, pre_vote, false);
            }
        }
        Ok(())
    }

    fn answer_vote(&mut self, to: NodeId, term: Term, pre_vote: bool, granted: bool) {
        // There is no way to say no in term 0; silence does.
        if term > 0 {
            let payload = Payload::VoteResponse { pre_vote, granted };
            self.server.promise(to, term, payload);
        }
    }

    /// This node's own vote is durable.
    pub(super) fn on_own_vote(&mut self, term: Term, pre_vote: bool) -> Result<(), Fault> {
        let id = self.server.id();
        let (server, ours) = (&self.server, self.server.term());
        let next = match &mut self.role {
            Role::PreCandidate(candidacy) if pre_vote && term >= ours => match candidacy.on_vote(server, id, true) {
                Tally::Won(_) => Next::Campaign(Campaign::Real),
                tally => after_vote(tally, ours),
            },
            Role::Candidate(candidacy) if !pre_vote && term == ours => {
                after_vote(candidacy.on_vote(server, id, true), ours)
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => Next::Stay,
        };
        self.transition(next)
    }
}

fn after_vote(tally: Tally, term: Term) -> Next {
    match tally {
        Tally::Won(proof) => Next::Lead(proof),
        Tally::Lost => Next::Follow {
            term,
            leader: None,
            reason: StepDownReason::HigherTerm,
        },
        Tally::Pending => Next::Stay,
    }
}
