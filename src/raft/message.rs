//! Messages: checked, judged by their term, and handed to the role. One table, every kind named.

use core::num::NonZero;

use super::Raft;
use super::gate::{self, Admitted};
use crate::error::{CampaignRefusal, Fault, StepError};
use crate::event::{Event, IgnoredReason, VoteRefusal};
use crate::message::{AppendResponse, Heartbeat, Message, Payload, VoteResponse};
use crate::progress::Stranger;
use crate::role::{Campaign, Next, Role, follower};
use crate::rules::identity::{self, CandidateStore, VoterStore};
use crate::rules::lease::{self, VoterState};
use crate::rules::term::{self, Verdict};
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{NodeId, Term};

impl<S: Storage> Raft<S> {
    pub(crate) fn step(&mut self, message: Message) -> Result<(), Stop<StepError>> {
        let admitted = match gate::check(&self.server, &self.role, &message) {
            Ok(admitted) => admitted,
            Err(refusal) => return self.refuse(&message, refusal),
        };
        self.check_history(&message)?;
        if message.payload.is_about_elections() && !self.hear_of_election(&message)? {
            return Ok(());
        }
        let (ours, from) = (self.server.term(), message.from);
        let config = &self.server.config;
        let tells = || self.tells_stale_leaders();
        match term::judge(ours, message.term, from, &message.payload, tells) {
            Verdict::Proceed => self.dispatch(message, admitted),
            Verdict::Adopt(leader) => {
                let outrun = self.is_outrun_by(message.term, &message.payload);
                self.follow(message.term, leader);
                self.hear_commit(&message)?;
                if outrun {
                    return Ok(self.campaign(Campaign::Again)?);
                }
                self.dispatch(message, admitted)
            }
            Verdict::Ignore => {
                self.ignore(&message, IgnoredReason::EarlierTerm);
                Ok(())
            }
            Verdict::TellLeader => {
                let response = AppendResponse::Accepted {
                    index: 0,
                    joined_at: Some(0),
                };
                self.server.promise(from, ours, Payload::AppendResponse(response));
                Ok(())
            }
            // Who hears a leader leaves it to that one to be heard.
            Verdict::RefuseVote
                if self.role.leader(self.server.id()).is_some() || !config.settings().refuse_stale_candidates =>
            {
                self.ignore(&message, IgnoredReason::EarlierTerm);
                Ok(())
            }
            Verdict::RefuseVote => {
                self.note_refusal(&message, VoteRefusal::TermBehind);
                Ok(self.answer_vote(from, ours, false, false)?)
            }
            Verdict::RefusePreVote => {
                self.note_refusal(&message, VoteRefusal::TermBehind);
                Ok(self.answer_vote(from, ours, true, false)?)
            }
        }
    }

    /// Whether what comes in this term, above ours, only says that the term that we asked for is past. If the candidate
    /// waited for its timeout, a voter with a shorter one would be ahead again, and again.
    fn is_outrun_by(&self, term: Term, payload: &Payload) -> bool {
        let refused = matches!(payload, Payload::VoteResponse(response) if !response.granted);
        let ours = self.server.term();
        let asked = match &self.role {
            Role::PreCandidate(candidacy) if !candidacy.again => ours.saturating_add(1),
            Role::Candidate(candidacy) if !candidacy.again => ours,
            Role::PreCandidate(_) | Role::Candidate(_) | Role::Follower(_) | Role::Leader(_) => return false,
        };
        refused && term > asked && self.server.config.settings().refuse_stale_candidates
    }

    /// Whether a leader of an earlier term hears of ours from us: nobody else may tell it.
    fn tells_stale_leaders(&self) -> bool {
        let settings = self.server.config.settings();
        let dropped = settings.check_quorum || settings.pre_vote || settings.lease_promises;
        dropped || (settings.refuse_stale_candidates && self.may_ever_stand().is_err())
    }

    /// What a message about an election tells of what is committed counts, whatever comes of the message;
    /// `false`: it is not looked at any further.
    fn hear_of_election(&mut self, message: &Message) -> Result<bool, Fault> {
        self.hear_commit(message)?;
        if let Err(reason) = self.may_raise_term(message)? {
            self.note_refusal(message, reason);
            return Ok(false);
        }
        self.catch_up_with_news(message)?;
        Ok(true)
    }

    fn ignore(&mut self, message: &Message, reason: IgnoredReason) {
        let kind = message.payload.name();
        self.server.ignore(message.from, kind, message.term, reason);
    }

    /// A leader remembers, for people, that another store, or another group, speaks in a member's name.
    #[cold]
    fn refuse(&mut self, message: &Message, refusal: Stop<StepError>) -> Result<(), Stop<StepError>> {
        let stranger = match &refusal {
            Stop::Refused(StepError::OtherIdentity { .. }) => Stranger::OtherStore,
            Stop::Refused(StepError::ForeignCluster { theirs, .. }) if message.to == self.server.id() => {
                Stranger::OtherGroup {
                    without_id: *theirs == 0,
                }
            }
            Stop::Refused(_) | Stop::Fault(_) => return Err(refusal),
        };
        if let Role::Leader(leader) = &mut self.role {
            leader.note_stranger(message.from, stranger);
        }
        Err(refusal)
    }

    /// Whether a call for an election is looked at, before anything else.
    fn may_raise_term(&self, message: &Message) -> Result<Result<(), VoteRefusal>, Fault> {
        Ok(match &message.payload {
            // One for an earlier term cannot win anything here.
            Payload::RequestVote(_) if message.term < self.server.term() => Ok(()),
            Payload::RequestVote(request) => {
                let candidate = CandidateStore {
                    id: message.from,
                    identity: message.identity,
                    configured_at: request.configured_at,
                };
                self.hears_candidate(candidate, message.term, request.forced)?
            }
            Payload::TimeoutNow => lease::may_vote(self.voter_state(message.term), true),
            _ => Ok(()),
        })
    }

    /// Whether the request of this candidate is looked at.
    pub(crate) fn hears_candidate(
        &self,
        candidate: CandidateStore,
        term: Term,
        forced: bool,
    ) -> Result<Result<(), VoteRefusal>, Fault> {
        let promised = lease::may_vote(self.voter_state(term), forced);
        let store = self.voter_store(candidate.id)?;
        Ok(promised.and_then(|()| identity::may_vote(store, &self.server.membership, candidate)))
    }

    fn voter_store(&self, candidate: NodeId) -> Result<VoterStore, Fault> {
        let (server, log) = (&self.server, &self.server.log);
        let asks = server.store.identity() != 0 && server.membership.identity(candidate).is_none();
        Ok(VoterStore {
            disowned: server.disowned(),
            lost: server.lost_entries(),
            configured_at: server.configured_at,
            may_be_named: asks && server.has_change_after(log.applied(), log.committed())?,
        })
    }

    fn voter_state(&self, term: Term) -> VoterState {
        let (server, timer) = (&self.server, &self.server.timer);
        VoterState {
            silent: timer.silent(),
            promised: timer.promised(),
            hears_leader: server.config.settings().check_quorum
                && term > server.term()
                && self.role.leader(server.id()).is_some()
                && timer.elapsed() < server.config.settings().election_timeout_ticks,
            corrupt: server.corrupt.is_some(),
        }
    }

    fn note_refusal(&mut self, message: &Message, reason: VoteRefusal) {
        let event = match (&message.payload, reason) {
            (Payload::TimeoutNow, VoteRefusal::Silent(ticks)) => Event::CampaignRefused {
                reason: CampaignRefusal::Silent(ticks),
            },
            (Payload::TimeoutNow, _) => Event::CampaignRefused {
                reason: CampaignRefusal::Corrupt(self.server.corrupt.map_or(0, NonZero::get)),
            },
            (payload, reason) => Event::VoteRefused {
                candidate: message.from,
                term: message.term,
                pre_vote: matches!(payload, Payload::RequestVote(request) if request.pre_vote),
                reason,
            },
        };
        self.server.event(event);
    }

    /// The table: what each role does with each kind of message of its own term.
    fn dispatch(&mut self, message: Message, admitted: Admitted) -> Result<(), Stop<StepError>> {
        let Message {
            from,
            term,
            identity,
            payload,
            ..
        } = message;
        if payload.is_leaders() {
            self.foresee_reads(&payload);
            self.heed(from);
        }
        if payload.is_leaders() && self.role.as_leader().is_some() {
            self.server.event(Event::SecondLeader { leader: from, term });
        }
        let server = &mut self.server;
        let next = match (&mut self.role, payload) {
            (Role::Follower(follower), Payload::Append(append)) => {
                return Ok(follower::on_append(follower, server, from, append)?);
            }
            (Role::Follower(follower), Payload::Heartbeat(Heartbeat { commit, context })) => {
                return Ok(follower::on_heartbeat(follower, server, from, commit, context)?);
            }
            (Role::Follower(follower), Payload::InstallSnapshot(snapshot)) => {
                let membership = admitted.ok_or(Fault::Invariant("a snapshot's configuration is checked first"))?;
                return Ok(follower::on_snapshot(follower, server, from, snapshot, *membership)?);
            }

            (Role::Leader(leader), Payload::AppendResponse(response)) => {
                leader.on_append_response(server, from, identity, response)?
            }
            (Role::Leader(leader), Payload::HeartbeatResponse(response)) => {
                leader.on_heartbeat_response(server, from, identity, &response)?
            }

            (_, Payload::RequestVote(request)) => return Ok(self.on_request_vote(from, term, request)?),
            (
                Role::PreCandidate(_),
                Payload::VoteResponse(VoteResponse {
                    pre_vote: true,
                    granted,
                    ..
                }),
            ) => {
                return Ok(self.on_vote(from, true, granted)?);
            }
            (
                Role::Candidate(_),
                Payload::VoteResponse(VoteResponse {
                    pre_vote: false,
                    granted,
                    ..
                }),
            ) => {
                return Ok(self.on_vote(from, false, granted)?);
            }

            (Role::Follower(_), Payload::TimeoutNow) => Next::Campaign(Campaign::Transfer),
            (Role::Follower(follower), Payload::ReadIndexResponse { index, context }) => {
                follower.on_read_response(server, from, index, &context);
                Next::Stay
            }
            (_, Payload::Propose { entries }) => return self.on_forwarded_proposal(from, entries),
            (_, Payload::ReadIndex { context, mode }) => {
                self.on_forwarded_read(from, context, mode);
                Next::Stay
            }
            (_, Payload::TransferLeader { asker }) => return Ok(self.on_forwarded_transfer(from, asker)?),
            (
                Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_),
                Payload::TransferRefused { to, reason },
            ) => {
                server.event(Event::TransferRefused { to, reason });
                Next::Stay
            }

            // Answers to what an earlier role asked, and what only a follower is told.
            (
                _,
                payload @ (Payload::Append(_)
                | Payload::Heartbeat(_)
                | Payload::InstallSnapshot(_)
                | Payload::AppendResponse(_)
                | Payload::VoteResponse(_)
                | Payload::HeartbeatResponse(_)
                | Payload::ReadIndexResponse { .. }
                | Payload::TransferRefused { .. }
                | Payload::TimeoutNow),
            ) => {
                server.ignore(from, payload.name(), term, IgnoredReason::WrongRole);
                Next::Stay
            }
        };
        Ok(self.transition(next)?)
    }

    /// A round of heartbeats right after the leader was heard is one that reads wait for, and more may follow. (One a
    /// tick may be for a lease alone.)
    fn foresee_reads(&mut self, payload: &Payload) {
        let of_a_round = matches!(payload, Payload::Heartbeat(Heartbeat { context, .. }) if !context.is_empty());
        if of_a_round && self.server.timer.elapsed() == 0 {
            self.server.warm_up();
        }
    }

    /// What a leader says makes everyone else its follower.
    fn heed(&mut self, leader: NodeId) {
        if matches!(self.role, Role::PreCandidate(_) | Role::Candidate(_)) {
            self.follow(self.server.term(), Some(leader));
        }
        if let Role::Follower(follower) = &mut self.role {
            follower.hear(&mut self.server, leader);
        }
    }
}
