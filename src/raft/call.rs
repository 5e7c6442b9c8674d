//! What the application asks of its own node.

use alloc::vec::Vec;

use bytes::Bytes;

use super::{Proposed, Raft};
use crate::config::ReadMode;
use crate::error::{
    ApplyError, CampaignError, ChangeRefusal, Fault, NodeError, ProposeError, ReadError, TransferError, TransferRefusal,
};
use crate::event::{Event, StepDownReason};
use crate::log::ToApply;
use crate::membership::{AnyConfChange, Changed, ConfChangeKind, ConfChangeV2};
use crate::role::{Campaign, Role};
use crate::rules::change;
use crate::stop::Stop;
use crate::storage::{Storage, StorageError};
use crate::types::{ConfState, Entry, EntryId, Index, NodeId};
use crate::wire;

impl<S: Storage> Raft<S> {
    pub(crate) fn propose_data(&mut self, data: Bytes) -> Result<Proposed, Stop<ProposeError>> {
        self.propose(self.server.id(), [Entry::of(data)], None)
    }

    pub(crate) fn propose_batch(&mut self, batch: Vec<Bytes>) -> Result<Proposed, Stop<ProposeError>> {
        let entries: Vec<Entry> = batch.into_iter().map(Entry::of).collect();
        self.propose(self.server.id(), entries, None)
    }

    pub(crate) fn propose_change(
        &mut self,
        change: &AnyConfChange,
        expected: Option<Index>,
    ) -> Result<Proposed, Stop<ProposeError>> {
        let (kind, data) = wire::encode_change(change);
        let entry = Entry {
            kind,
            data,
            ..Entry::default()
        };
        self.propose(self.server.id(), [entry], expected)
    }

    /// Makes a learner a voter, if this leader finds that it has caught up.
    pub(crate) fn propose_promotion(&mut self, peer: NodeId) -> Result<Proposed, Stop<ProposeError>> {
        let server = &mut self.server;
        let refusal = match (&self.role, self.role.leader(server.id())) {
            (Role::Leader(leader), _) => leader.judge_promotion(server, peer).err().map(ProposeError::Change),
            (_, Some(leader)) => Some(ProposeError::NotLeader { leader }),
            (_, None) => Some(ProposeError::NoLeader),
        };
        match refusal {
            None => self.propose_change(&ConfChangeV2::new([(ConfChangeKind::AddNode, peer)]).into(), None),
            Some(reason) => Err(Stop::Refused(reason)),
        }
    }

    /// In this mode, or in that of the leader's settings.
    pub(crate) fn read(&mut self, context: Bytes, mode: Option<ReadMode>) -> Result<(), Stop<ReadError>> {
        if self.server.diverged {
            return Err(Stop::Refused(ReadError::Diverged));
        }
        let server = &mut self.server;
        let id = server.id();
        match &mut self.role {
            Role::Leader(leader) => leader.on_read(server, id, context, mode),
            Role::Follower(follower) => follower.read(server, context, mode),
            Role::PreCandidate(_) | Role::Candidate(_) => Err(ReadError::NoLeader),
        }
        .map_err(Stop::Refused)
    }

    pub(crate) fn campaign_now(&mut self) -> Result<(), Stop<CampaignError>> {
        match self.campaign_refusal(false)? {
            None => Ok(self.stand(Campaign::PreVote)?),
            Some(reason) => Err(Stop::Refused(CampaignError::Refused(reason))),
        }
    }

    pub(crate) fn transfer_to(&mut self, to: NodeId) -> Result<(), Stop<TransferError>> {
        let (id, answers) = (self.server.id(), self.server.config.settings().transfer_refusals);
        let Some(leader) = self.role.leader(id) else {
            return Err(Stop::Refused(TransferError::NoLeader));
        };
        // The leader may know better than we do who is a voter by now.
        let refusal = self.transfer_refusal(to).filter(|_| leader == id || answers);
        match refusal {
            None => Ok(self.transfer(to, answers.then_some(id))?),
            Some(TransferRefusal::Learner) => Err(Stop::Refused(TransferError::Learner { to })),
            Some(TransferRefusal::Unknown) => Err(Stop::Refused(TransferError::Unknown { to })),
        }
    }

    pub(crate) fn transfer_to_best(&mut self) -> Result<NodeId, Stop<TransferError>> {
        let Some(leader) = self.role.as_leader() else {
            let leader = self.role.leader(self.server.id());
            let refusal = leader.map_or(TransferError::NoLeader, |leader| TransferError::NotLeader { leader });
            return Err(Stop::Refused(refusal));
        };
        let best = leader.most_up_to_date(&self.server);
        let to = best.ok_or(Stop::Refused(TransferError::Nobody))?;
        self.transfer(to, None)?;
        Ok(to)
    }

    /// Not in lease mode: whoever forgets its leader could help to elect another.
    pub(crate) fn forget_leader(&mut self) {
        match &mut self.role {
            Role::Follower(follower) if self.server.config.settings().read_mode != ReadMode::Lease => {
                follower.forget_leader(&mut self.server);
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => {}
        }
    }

    /// The settings are other ones.
    pub(crate) fn on_settings(&mut self) {
        if let Role::Leader(leader) = &mut self.role {
            leader.on_settings(&self.server);
        }
    }

    pub(crate) fn report_unreachable(&mut self, peer: NodeId) {
        if let Role::Leader(leader) = &mut self.role {
            leader.on_unreachable(&mut self.server, peer);
        }
    }

    pub(crate) fn report_snapshot(&mut self, peer: NodeId, snapshot: EntryId, finished: bool) {
        if let Role::Leader(leader) = &mut self.role {
            leader.on_snapshot_report(peer, snapshot, finished);
        }
    }

    pub(crate) fn storage_ready(&mut self) -> Result<(), Stop<NodeError>> {
        if !self.server.diverged {
            self.server.log.retry();
        }
        if self.server.log.is_unread() {
            let server = &mut self.server;
            server.log.learn_from_changes(&server.config).map_err(Fault::from)?;
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.on_storage_ready(&mut self.server)?;
        }
        Ok(())
    }

    /// Builds the messages that waited for a Ready.
    pub(crate) fn flush(&mut self) -> Result<(), Fault> {
        self.server.log.share();
        match &mut self.role {
            Role::Leader(leader) => leader.flush(&mut self.server),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => Ok(()),
        }
    }

    /// What to apply next.
    pub(crate) fn take_committed(&mut self) -> Result<ToApply, Fault> {
        let server = &mut self.server;
        if !server.may_apply() {
            return Ok(ToApply::default());
        }
        match server.log.take_next_committed(&server.config) {
            // It cannot be applied, but the rest of the Ready is sound.
            Err(Fault::Storage(StorageError::Corrupt(index))) => {
                server.mark_corrupt(index);
                server.log.wait();
                Ok(ToApply::default())
            }
            outcome => outcome,
        }
    }

    // ----- configuration changes that are committed

    pub(crate) fn apply_change(&mut self, entry: &Entry) -> Result<ConfState, Stop<ApplyError>> {
        self.server.handle_change(entry).map_err(Stop::Refused)?;
        if entry.index <= self.server.configured_at {
            // A snapshot that arrived meanwhile covers it, or the stored configuration was as of later.
            return Ok(self.server.membership.conf_state());
        }
        match change::apply(entry, &self.server.membership) {
            Ok(changed) => self.switch(changed, entry.index)?,
            Err(refusal) => self.ignore_change(entry.index, Some(refusal)),
        }
        Ok(self.server.membership.conf_state())
    }

    pub(crate) fn cancel_change(&mut self, entry: &Entry) -> Result<(), Stop<ApplyError>> {
        self.server.handle_change(entry).map_err(Stop::Refused)?;
        if entry.index > self.server.configured_at {
            self.ignore_change(entry.index, None);
        }
        Ok(())
    }

    fn ignore_change(&mut self, index: Index, reason: Option<ChangeRefusal>) {
        self.server.configured_at = self.server.configured_at.max(index);
        self.server.event(Event::ChangeIgnored { index, reason });
    }

    fn switch(&mut self, changed: Changed, index: Index) -> Result<(), Fault> {
        let id = self.server.id();
        let was_member = self.server.membership.contains(id);
        self.server.membership = changed.membership;
        self.server.configured_at = index;
        let joint = self.server.membership.is_joint();
        self.server.event(Event::MembershipChanged { index, joint });
        if was_member && !self.server.membership.contains(id) {
            self.server.event(Event::Removed { index });
        }
        self.server.note_name();
        let votes = self.server.membership.is_voter(id) && !self.server.is_disowned();
        match &mut self.role {
            Role::Follower(_) => {}
            // It may have heard that this is committed from those who refused it.
            Role::PreCandidate(_) | Role::Candidate(_) if votes => {}
            Role::PreCandidate(_) | Role::Candidate(_) => {
                self.follow(self.server.term(), None, StepDownReason::Removed);
            }
            Role::Leader(leader) => {
                let next = leader.on_membership(&mut self.server, &changed.fresh, index)?;
                self.transition(next)?;
            }
        }
        Ok(())
    }
}
