//! Configuration changes that are committed (thesis 4.1): they are made as the application applies them.

use super::Raft;
use crate::error::{ApplyError, ChangeRefusal, Fault};
use crate::event::Event;
use crate::membership::Changed;
use crate::role::Role;
use crate::rules::change;
use crate::stop::Stop;
use crate::storage::Storage;
use crate::types::{ConfState, Entry, Index};

impl<S: Storage> Raft<S> {
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
            Role::PreCandidate(_) | Role::Candidate(_) => self.give_up(),
            Role::Leader(leader) => {
                let next = leader.on_membership(&mut self.server, &changed.fresh, index)?;
                self.transition(next)?;
            }
        }
        Ok(())
    }
}
