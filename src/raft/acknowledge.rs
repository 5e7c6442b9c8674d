//! What the disk and the state machine have done.

use super::Raft;
use crate::error::Fault;
use crate::ready::AckKind;
use crate::role::Role;
use crate::storage::Storage;
use crate::types::{EntryId, Index, Term};

impl<S: Storage> Raft<S> {
    pub(crate) fn on_acknowledged(&mut self, kind: &AckKind) -> Result<(), Fault> {
        match *kind {
            AckKind::Vote { term, pre_vote } => {
                if !pre_vote {
                    self.on_durable_term(term);
                }
                self.on_own_vote(term, pre_vote)
            }
            AckKind::Append { term, index } => {
                self.on_durable_term(term);
                self.on_own_append(term, index)
            }
            AckKind::HardState { term, promised_ticks } => {
                self.on_durable(term, promised_ticks);
                Ok(())
            }
            AckKind::Stored {
                term,
                promised_ticks,
                last,
                snapshot,
            } => {
                self.on_durable(term, promised_ticks);
                self.on_stored(term, last, snapshot)
            }
            AckKind::Applied { index, bytes } => {
                self.server.log.forget_changes(index);
                self.on_applied(index, bytes)
            }
        }
    }

    /// Whether this can have been acknowledged here: it may come from a clone that went another way.
    pub(crate) fn is_possible(&self, kind: &AckKind) -> bool {
        let log = &self.server.log;
        match *kind {
            AckKind::Vote { term, pre_vote } => pre_vote || term <= self.server.term(),
            AckKind::Append { term, index } => {
                term < self.server.term() || (term == self.server.term() && index <= log.last_index())
            }
            AckKind::HardState { term, promised_ticks } => self.may_be_durable(term, promised_ticks),
            AckKind::Stored {
                term,
                promised_ticks,
                snapshot,
                ..
            } => self.may_be_durable(term, promised_ticks) && snapshot.unwrap_or(0) <= log.committed(),
            AckKind::Applied { index, .. } => index <= log.applying(),
        }
    }

    /// Neither falls while a task that says it is out.
    fn may_be_durable(&self, term: Term, promised_ticks: u64) -> bool {
        term <= self.server.term() && promised_ticks <= self.server.kept.ticks().into()
    }

    /// The disk holds this term and this promise.
    pub(crate) fn on_durable(&mut self, term: Term, promised_ticks: u64) {
        self.on_durable_term(term);
        self.server.kept.on_durable(promised_ticks);
    }

    /// The disk holds this term (and the vote in it, if any).
    fn on_durable_term(&mut self, term: Term) {
        self.server.durable_term = self.server.durable_term.max(term);
    }

    /// A leader counts itself only for what its own disk holds (thesis 10.2.1).
    fn on_own_append(&mut self, term: Term, index: Index) -> Result<(), Fault> {
        let server = &mut self.server;
        let id = server.id();
        match &mut self.role {
            Role::Leader(leader) if term == server.term() && server.corrupt.is_none() => {
                leader.on_accepted(server, id, index)
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => Ok(()),
        }
    }

    /// The entries may have been overwritten since, by another leader and even by the same bytes
    /// again: then the disk has more to do, and only the same term rules that out.
    fn on_stored(&mut self, term: Term, last: Option<EntryId>, snapshot: Option<Index>) -> Result<(), Fault> {
        if let Some(last) = last.filter(|_| term == self.server.term()) {
            self.server.log.stable_to(last, &self.server.config);
        }
        if let Some(index) = snapshot {
            self.server.log.stable_snapshot_to(index);
            self.on_applied(index, 0)?;
        }
        Ok(())
    }

    fn on_applied(&mut self, index: Index, bytes: u64) -> Result<(), Fault> {
        let server = &mut self.server;
        server.log.applied_to(index, bytes, &server.config);
        match &mut self.role {
            Role::Leader(leader) => leader.leave_joint_if_due(server),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => Ok(()),
        }
    }
}
