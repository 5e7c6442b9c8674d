//! A node stands for election, or says why not (section 5.2, thesis 9.6).

use super::Raft;
use crate::error::{CampaignError, CampaignRefusal, Fault};
use crate::event::Event;
use crate::message::{Payload, RequestVote};
use crate::role::Campaign;
use crate::rules::campaign::{self, Candidate, Standing};
use crate::rules::history;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{NUMBER_MAX, Term};

impl<S: Storage> Raft<S> {
    /// The caller wants it.
    pub(crate) fn campaign_now(&mut self) -> Result<(), Stop<CampaignError>> {
        self.may_stand(false).map_err(|stop| stop.map(CampaignError::Refused))?;
        Ok(self.stand(Campaign::PreVote)?)
    }

    /// Stands for election, if it may; else says why not.
    pub(super) fn campaign(&mut self, campaign: Campaign) -> Result<(), Fault> {
        if self.server.log.is_unread() {
            self.server.log.learn_from_changes(&self.server.config)?;
        }
        let allowed = match campaign {
            // Who won a pre-vote was allowed to begin it, and has been nothing else since.
            Campaign::Election => Ok(()),
            Campaign::PreVote | Campaign::Again | Campaign::Transfer => self.may_stand(campaign == Campaign::Transfer),
        };
        match allowed {
            Ok(()) => self.stand(campaign),
            Err(Stop::Refused(_)) if campaign == Campaign::Again => Ok(()), // only the candidate itself wanted that
            Err(Stop::Refused(reason)) => {
                self.server.event(Event::CampaignRefused { reason });
                Ok(())
            }
            Err(Stop::Fault(fault)) => Err(fault),
        }
    }

    /// Whether this node may stand for election now.
    pub(crate) fn may_stand(&self, forced: bool) -> Result<(), Stop<CampaignRefusal>> {
        let (server, log) = (&self.server, &self.server.log);
        let candidate = Candidate {
            leads: self.role.as_leader().is_some(),
            standing: self.standing(),
            silent: server.timer.silent(),
            promised: server.timer.promised(),
            forced,
        };
        let unapplied = || Ok(log.is_unread() || server.has_change_after(log.applied(), log.committed())?);
        campaign::may_stand(candidate, || self.is_alone(), unapplied)
    }

    /// Whether it may sooner or later, if nobody helps it.
    pub(crate) fn may_ever_stand(&self) -> Result<(), CampaignRefusal> {
        campaign::may_ever_stand(self.standing())
    }

    fn standing(&self) -> Standing {
        let (server, log) = (&self.server, &self.server.log);
        Standing {
            votes: server.membership.is_voter(server.id()),
            snapshot_pending: log.has_pending_snapshot(),
            snapshot_requested: log.snapshot_request().is_some(),
            corrupt: server.corrupt.map(Into::into),
            disowned: server.disowned(),
            lost: server.lost_entries(),
            exhausted: server.term() >= NUMBER_MAX || log.last_index() >= NUMBER_MAX,
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

    /// Asks every voter, in the order of their ids. Only a pre-vote may be asked before term and
    /// vote are durable: a request promises that there will be no other for this term.
    pub(super) fn request_votes(&mut self, term: Term, pre_vote: bool, forced: bool) -> Result<(), Fault> {
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
}
