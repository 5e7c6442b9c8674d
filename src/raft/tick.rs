//! Time: one tick at a time, or many at once where nothing is due.

use super::Raft;
use crate::error::Fault;
use crate::role::{Campaign, Next, Role};
use crate::storage::Storage;

impl<S: Storage> Raft<S> {
    /// Ticks until this node does something by itself, if it ever does.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let server = &self.server;
        let election = server.is_promotable().then(|| server.timer.until_timeout());
        let due = match &self.role {
            Role::Follower(follower) => follower.deadline().into_iter().chain(election).min(),
            Role::PreCandidate(_) | Role::Candidate(_) => election,
            Role::Leader(leader) => leader.deadline(server),
        };
        let retry = self.may_retry().then_some(1);
        due.into_iter().chain(retry).min().map(|ticks| ticks.max(1))
    }

    /// Notes whether a tick can do no more than run the election timer down.
    #[inline]
    pub(crate) fn note_idleness(&mut self) {
        let alone = !*self.server.warm
            && matches!(&self.role, Role::Follower(follower) if follower.pending_reads() == 0)
            && !self.server.log.is_waiting()
            && !*self.server.told_ignored
            && self.poisoned.is_none();
        self.server.timer.set_alone(alone);
    }

    /// One tick passes.
    pub(crate) fn pass_tick(&mut self) -> Result<(), Fault> {
        let server = &self.server;
        match &self.role {
            // Something is due nearly always, and it costs more to find out when.
            Role::Leader(leader) if !leader.is_alone(server) => self.tick().map(|_| ()),
            _ => self.advance_ticks(1).map(|_| ()),
        }
    }

    /// Lets up to `ticks` pass, and stops after the first that brings something about; how many
    /// passed.
    pub(crate) fn advance_ticks(&mut self, ticks: u64) -> Result<u64, Fault> {
        let mut left = ticks;
        while left > 0 {
            let quiet = self.next_deadline().map_or(left, |due| left.min(due.saturating_sub(1)));
            if quiet > 0 {
                self.skip(quiet);
                left = left.saturating_sub(quiet);
            }
            if left > 0 {
                left = left.saturating_sub(1);
                if self.tick()? {
                    break;
                }
            }
        }
        Ok(ticks.saturating_sub(left))
    }

    /// Whether entries to apply, which were temporarily unavailable, are to be asked for again. What
    /// is corrupt does not mend by itself.
    fn may_retry(&self) -> bool {
        self.server.log.is_waiting() && self.server.corrupt.is_none()
    }

    /// Ticks in which nothing is due.
    fn skip(&mut self, ticks: u64) {
        let server = &mut self.server;
        *server.told_ignored = false;
        match &mut self.role {
            Role::Leader(leader) => leader.skip(server, ticks),
            Role::Follower(follower) => {
                server.timer.advance(ticks, &server.config);
                follower.advance(server, ticks);
            }
            Role::PreCandidate(_) | Role::Candidate(_) => server.timer.advance(ticks, &server.config),
        }
    }

    /// A tick on which something is due; `false` if it turns out to bring nothing about.
    fn tick(&mut self) -> Result<bool, Fault> {
        let retried = self.may_retry();
        if retried {
            self.server.log.retry();
        }
        if let Role::Leader(leader) = &mut self.role {
            *self.server.told_ignored = false;
            let (before, _) = self.server.outbox.count();
            let next = leader.tick(&mut self.server)?;
            let stays = matches!(next, Next::Stay);
            self.transition(next)?;
            return Ok(retried || !stays || self.server.outbox.count().0 > before);
        }
        let (_, before) = self.server.outbox.count();
        self.skip(1);
        let refused = self.server.outbox.count().1 > before;
        let campaigns = self.server.is_promotable() && self.server.timer.is_timed_out();
        if campaigns {
            self.server.timer.restart_leaderless(&self.server.config);
            self.campaign(Campaign::PreVote)?;
            // One that may not stand has heard no leader for as long as one that does: else it, too, would refuse to
            // vote, for its timer begins anew each time.
            if let Role::Follower(follower) = &mut self.role
                && self.server.timer.promised() == 0
            {
                follower.forget_leader(&mut self.server);
            }
        }
        Ok(retried || refused || campaigns)
    }
}
