//! From role to role (Figure 4): the only place where the role is assigned. What a role owes when it
//! is left is paid here.

use alloc::boxed::Box;

use super::Raft;
use crate::error::{CampaignRefusal, Fault};
use crate::event::{Event, StepDownReason};
use crate::message::{Payload, RequestVote};
use crate::ready::ReadRefusal;
use crate::role::{Campaign, Candidacy, Follower, Leader, Next, Role};
use crate::rules::election::ElectionWon;
use crate::rules::identity::Disowned;
use crate::rules::{history, vote};
use crate::storage::Storage;
use crate::types::{NUMBER_MAX, NodeId, Term};

impl<S: Storage> Raft<S> {
    /// Does what a handler wants.
    pub(super) fn transition(&mut self, next: Next) -> Result<(), Fault> {
        match next {
            Next::Stay => Ok(()),
            Next::Follow { term, leader, reason } => {
                self.follow(term, leader, reason);
                Ok(())
            }
            Next::Campaign(campaign) => self.campaign(campaign),
            Next::Lead(proof) => self.lead(proof),
        }
    }

    /// Leaves the role; what it owes is paid.
    fn leave(&mut self, reason: StepDownReason) {
        let term = self.server.term();
        match core::mem::replace(&mut self.role, Role::Follower(Follower::default())) {
            Role::Follower(mut follower) => follower.refuse_reads(&mut self.server, ReadRefusal::LeaderChanged),
            Role::PreCandidate(_) | Role::Candidate(_) => {}
            Role::Leader(mut leader) => {
                leader.end_transfer(&mut self.server);
                leader.refuse_reads(&mut self.server);
                self.server.event(Event::SteppedDown { reason, term });
            }
        }
    }

    pub(super) fn follow(&mut self, term: Term, leader: Option<NodeId>, reason: StepDownReason) {
        // Somebody's higher term alone is no reason to wait longer: whoever has it may never win.
        let led = self.role.as_leader().is_some();
        let goes_on = term > self.server.term() && leader.is_none() && !led;
        self.leave(reason);
        self.server.ballot.adopt(term);
        if !goes_on || self.server.config.settings().higher_term_resets_timer {
            self.server.timer.reset(&self.server.config);
            if leader.is_none() && !led {
                self.server.timer.restart_leaderless(&self.server.config);
            }
        }
        self.role = Role::Follower(Follower::of(leader));
    }

    /// Why this node may not stand for election now, if it may not.
    pub(crate) fn campaign_refusal(&self, forced: bool) -> Result<Option<CampaignRefusal>, Fault> {
        let server = &self.server;
        let (applied, committed) = (server.log.applied(), server.log.committed());
        let refusal = if self.role.as_leader().is_some() {
            CampaignRefusal::Leading
        } else if let Some(refusal) = self.standing_refusal() {
            refusal
        } else if server.timer.silent() > 0 && !self.is_alone()? {
            CampaignRefusal::Silent(server.timer.silent())
        } else if server.timer.promised() > 0 && !forced {
            CampaignRefusal::Promised(server.timer.promised())
        } else if server.log.is_unread() || server.has_change_after(applied, committed)? {
            CampaignRefusal::UnappliedChange
        } else {
            return Ok(None);
        };
        Ok(Some(refusal))
    }

    /// What keeps this node from campaigning however long it waits: others, or its storage, have to help it.
    pub(crate) fn standing_refusal(&self) -> Option<CampaignRefusal> {
        let server = &self.server;
        if !server.membership.is_voter(server.id()) {
            Some(CampaignRefusal::NotVoter)
        } else if server.log.has_pending_snapshot() {
            Some(CampaignRefusal::SnapshotPending)
        } else if server.log.snapshot_request().is_some() {
            Some(CampaignRefusal::SnapshotRequested)
        } else if let Some(index) = server.corrupt {
            Some(CampaignRefusal::Corrupt(index.get()))
        } else if let Some(disowned) = server.disowned() {
            Some(match disowned {
                Disowned::OtherStore => CampaignRefusal::Disowned,
                Disowned::Unnamed => CampaignRefusal::Unnamed,
            })
        } else if let Some(index) = server.lost_entries() {
            Some(CampaignRefusal::EntriesLost(index))
        } else if server.term() >= NUMBER_MAX || server.log.last_index() >= NUMBER_MAX {
            Some(CampaignRefusal::Exhausted)
        } else {
            None
        }
    }

    /// Whether nobody else can have been promised anything: this node is the only voter, not by a recovery, and will
    /// be when its whole log is applied.
    fn is_alone(&self) -> Result<bool, Fault> {
        let server = &self.server;
        let changes = server.has_change_after(server.log.applied(), server.log.last_index())?;
        let alone = history::may_break_silence(server.config.cluster_id) && !changes;
        Ok(alone && server.membership.is_sole_voter(server.id()))
    }

    /// Stands for election, if it may; else says why not.
    pub(super) fn campaign(&mut self, campaign: Campaign) -> Result<(), Fault> {
        if self.server.log.is_unread() {
            self.server.log.learn_from_changes(&self.server.config)?;
        }
        let refusal = match campaign {
            // Who won a pre-vote was allowed to begin it, and has been nothing else since.
            Campaign::Election => None,
            Campaign::PreVote | Campaign::Again | Campaign::Transfer => {
                self.campaign_refusal(campaign == Campaign::Transfer)?
            }
        };
        match refusal {
            None => self.stand(campaign),
            Some(_) if campaign == Campaign::Again => Ok(()), // nobody wanted that but the candidate itself
            Some(reason) => {
                self.server.event(Event::CampaignRefused { reason });
                Ok(())
            }
        }
    }

    /// Stands for election.
    pub(super) fn stand(&mut self, campaign: Campaign) -> Result<(), Fault> {
        let asks_first = matches!(campaign, Campaign::PreVote | Campaign::Again);
        let pre_vote = self.server.config.settings().pre_vote && asks_first;
        let candidacy = Box::new(Candidacy::new(match campaign {
            Campaign::Again => true,
            Campaign::Election => matches!(&self.role, Role::PreCandidate(pre) if pre.again),
            Campaign::PreVote | Campaign::Transfer => false,
        }));
        self.leave(StepDownReason::HigherTerm);
        let term = self.server.term().saturating_add(1);
        if pre_vote {
            if campaign == Campaign::Again {
                self.server.timer.restart_leaderless(&self.server.config); // as a timeout does
            }
            // A pre-vote that a higher term ends draws no other timeout then (D19), and must draw one some time.
            if !self.server.config.settings().higher_term_resets_timer {
                self.server.timer.redraw(&self.server.config);
            }
            self.role = Role::PreCandidate(candidacy);
        } else {
            self.server.ballot.adopt(term);
            self.server.ballot.cast(&vote::for_oneself(self.server.id()));
            self.server.timer.reset(&self.server.config);
            self.server.timer.restart_leaderless(&self.server.config);
            self.server.counters.campaigns = self.server.counters.campaigns.wrapping_add(1);
            self.role = Role::Candidate(candidacy);
        }
        self.server.event(Event::BecameCandidate { term, pre_vote });
        self.request_votes(term, pre_vote, campaign == Campaign::Transfer)
    }

    /// Asks every voter, in the order of their ids. Only a pre-vote may be asked before term and
    /// vote are durable: a request promises that there will be no other for this term.
    fn request_votes(&mut self, term: Term, pre_vote: bool, forced: bool) -> Result<(), Fault> {
        let last = self.server.log.last()?;
        let request = RequestVote::new(last)
            .with_pre_vote(pre_vote)
            .with_forced(forced)
            .with_committed(self.known_commit()?)
            .with_configured_at(self.server.configured_at);
        for voter in self.server.membership.voters().ids() {
            let payload = Payload::RequestVote(request);
            if voter == self.server.id() {
                self.server.promise_own_vote(term, pre_vote);
            } else if pre_vote {
                let message = self.server.message(voter, term, payload);
                self.server.forward(message);
            } else {
                self.server.promise(voter, term, payload);
            }
        }
        Ok(())
    }

    fn lead(&mut self, proof: ElectionWon) -> Result<(), Fault> {
        self.leave(StepDownReason::HigherTerm);
        self.server.timer.reset(&self.server.config);
        self.server.counters.elections_won = self.server.counters.elections_won.wrapping_add(1);
        let term = self.server.term();
        self.server.event(Event::BecameLeader { term });
        let leader = Leader::new(&mut self.server, proof)?;
        self.role = Role::Leader(Box::new(leader));
        Ok(())
    }
}
