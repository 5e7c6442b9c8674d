//! From role to role (Figure 4): the only place where the role is assigned. What a role owes when it
//! is left is paid here.

use alloc::boxed::Box;

use super::Raft;
use crate::error::Fault;
use crate::event::{Event, StepDownReason};
use crate::ready::ReadRefusal;
use crate::role::{Campaign, Candidacy, Follower, Leader, Next, Role};
use crate::rules::election::ElectionWon;
use crate::storage::Storage;
use crate::types::{NodeId, Term};

impl<S: Storage> Raft<S> {
    /// Does what a handler wants.
    pub(super) fn transition(&mut self, next: Next) -> Result<(), Fault> {
        match next {
            Next::Stay => Ok(()),
            Next::GiveUp => {
                self.give_up();
                Ok(())
            }
            Next::StepDown(reason) => {
                self.step_down(reason);
                Ok(())
            }
            Next::Campaign(campaign) => self.campaign(campaign),
            Next::Lead(proof) => self.lead(proof),
        }
    }

    /// Leaves the role; what it owes is paid. A leader is left so only for a later term.
    fn leave(&mut self) {
        match core::mem::replace(&mut self.role, Role::Follower(Follower::default())) {
            Role::Follower(mut follower) => follower.refuse_reads(&mut self.server, ReadRefusal::LeaderChanged),
            Role::PreCandidate(_) | Role::Candidate(_) => {}
            Role::Leader(leader) => self.resign(*leader, StepDownReason::HigherTerm),
        }
    }

    /// What a leader owes.
    fn resign(&mut self, mut leader: Leader, reason: StepDownReason) {
        let term = self.server.term();
        leader.end_transfer(&mut self.server);
        leader.refuse_reads(&mut self.server);
        self.server.event(Event::SteppedDown { reason, term });
    }

    /// A leader follows nobody yet, in its own term.
    pub(super) fn step_down(&mut self, reason: StepDownReason) {
        match core::mem::replace(&mut self.role, Role::Follower(Follower::default())) {
            Role::Leader(leader) => {
                self.resign(*leader, reason);
                self.server.timer.reset(&self.server.config);
            }
            other @ (Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_)) => self.role = other,
        }
    }

    /// A candidacy ends in its own term.
    pub(super) fn give_up(&mut self) {
        self.follow(self.server.term(), None);
    }

    /// Follows this leader, or nobody yet, in this term.
    pub(super) fn follow(&mut self, term: Term, leader: Option<NodeId>) {
        // A higher term alone does not reset the election timer: whoever has it may be unable to win.
        let led = self.role.as_leader().is_some();
        let goes_on = term > self.server.term() && leader.is_none() && !led;
        self.leave();
        self.server.ballot.adopt(term);
        if !goes_on || self.server.config.settings().higher_term_resets_timer {
            self.server.timer.reset(&self.server.config);
            if leader.is_none() && !led {
                self.server.timer.restart_leaderless(&self.server.config);
            }
        }
        self.role = Role::Follower(Follower::of(leader));
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
        self.leave();
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
            self.server.ballot.stand(self.server.id());
            self.server.timer.reset(&self.server.config);
            self.server.timer.restart_leaderless(&self.server.config);
            self.server.counters.campaigns = self.server.counters.campaigns.wrapping_add(1);
            self.role = Role::Candidate(candidacy);
        }
        self.server.event(Event::BecameCandidate { term, pre_vote });
        self.request_votes(term, pre_vote, campaign == Campaign::Transfer)
    }

    fn lead(&mut self, proof: ElectionWon) -> Result<(), Fault> {
        self.leave();
        self.server.timer.reset(&self.server.config);
        self.server.counters.elections_won = self.server.counters.elections_won.wrapping_add(1);
        let term = self.server.term();
        self.server.event(Event::BecameLeader { term });
        let leader = Leader::new(&mut self.server, proof)?;
        self.role = Role::Leader(Box::new(leader));
        Ok(())
    }
}
