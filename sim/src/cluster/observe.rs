//! What is looked at after each step: the node that it was done to.

use quorate::{Event, NodeId, RoleKind, Status, TransferAbort};

use super::{Cluster, unexpected};
use crate::disk::Disk;
use crate::judge::{Judge, Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::Seen;
use crate::trace::What;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    pub(super) fn observe(&mut self, id: NodeId) -> Verdict {
        let Some(node) = self.members[Self::position(id)].node_mut() else {
            return Ok(());
        };
        if let Some(fault) = node.poisoned() {
            return Err(unexpected(id, "poisoned", fault));
        }
        let status = node.status();
        let events = node.take_events();
        for event in events {
            self.on_event(id, &event);
        }
        let before = self.members[Self::position(id)].seen;
        let (term, commit) = (status.hard_state.term, status.hard_state.commit);
        Judge::monotone(id, "term", before.term, term)?;
        Judge::monotone(id, "commit index", before.commit, commit)?;
        let now = Seen {
            role: status.soft_state.role,
            term,
            commit,
            leader: status.soft_state.leader,
            ..if term == before.term { before } else { Seen::default() }
        };
        self.members[Self::position(id)].seen = now;
        let turned = (before.role, before.term, before.leader) != (now.role, now.term, now.leader);
        if turned {
            self.note(id, || What::Role {
                role: now.role,
                term,
                leader: now.leader,
            });
        }
        if now.role == RoleKind::Leader {
            self.observe_leader(id, before, &status)?;
        } else {
            self.members[Self::position(id)].seen.lease = false;
        }
        if commit > before.commit {
            self.note(id, || What::Committed { index: commit });
        }
        Ok(())
    }

    fn observe_leader(&mut self, id: NodeId, before: Seen, status: &Status) -> Verdict {
        let (term, commit) = (status.hard_state.term, status.hard_state.commit);
        if before.role != RoleKind::Leader || before.term != term {
            self.judge.leads(id, term)?;
            self.coverage.elections += 1;
            let member = &mut self.members[Self::position(id)];
            member.seen.begins = true;
            let ballot = member.durable.hard_state;
            if ballot.term != term || ballot.vote != Some(id) {
                let detail = format!("{id} leads term {term} without its own durable vote: {ballot:?}");
                return Err(Violation::new("persist before send", detail));
            }
        }
        let member = &self.members[Self::position(id)];
        if commit > before.commit {
            self.judge.commits(id, term, commit, &member.log)?;
            if before.role == RoleKind::Leader {
                self.judge_durable(id, commit)?;
            }
        }
        let member = &mut self.members[Self::position(id)];
        let lease = status.lease_ticks > 0 && member.log.term(commit) == Some(term);
        let gained = lease && !member.seen.lease;
        member.seen.lease = lease;
        self.coverage.leases += u64::from(gained);
        if lease && self.judge_leases {
            let other = self
                .members
                .iter()
                .find(|other| other.id != id && other.is_up() && other.seen.lease);
            Judge::leases(id, other.map(|other| other.id))?;
        }
        Ok(())
    }

    /// The node's process stands still.
    pub(crate) fn suspend_lease(&mut self, id: NodeId) {
        if let Some(member) = self.member_mut(id) {
            member.seen.lease = false;
        }
    }

    /// What a leader counts as committed is on the disks of a quorum, now.
    fn judge_durable(&self, id: NodeId, commit: quorate::Index) -> Verdict {
        let member = &self.members[Self::position(id)];
        let (Some(node), Some(term)) = (member.node(), member.log.term(commit)) else {
            return Ok(());
        };
        let last = quorate::EntryId { term, index: commit };
        let voters = node.membership().voters();
        let held = voters.committed_index(|voter| {
            let holds = self.member(voter).is_some_and(|voter| voter.durable.holds(last));
            Some(if holds { commit } else { 0 })
        });
        if held >= commit {
            return Ok(());
        }
        Err(Violation::new(
            "committed is durable on a quorum",
            format!(
                "{id} commits {last}, which is not on the disks of a quorum of {:?}",
                voters.ids()
            ),
        ))
    }

    fn on_event(&mut self, id: NodeId, event: &Event) {
        let coverage = &mut self.coverage;
        match event {
            Event::SteppedDown { .. } => coverage.steps_down += 1,
            Event::BecameCandidate { pre_vote: true, .. } => coverage.pre_campaigns += 1,
            Event::BecameCandidate { .. } => coverage.campaigns += 1,
            Event::CampaignRefused { .. } => coverage.campaigns_refused += 1,
            Event::VoteRefused { .. } => coverage.votes_refused += 1,
            Event::SnapshotStalled { .. } => coverage.snapshots_stalled += 1,
            Event::SnapshotNeeded { .. } => coverage.snapshots_needed += 1,
            Event::TransferOrdered { .. } => coverage.transfers_ordered += 1,
            Event::TransferAborted { reason, .. } => {
                coverage.transfers_aborted += u64::from(*reason != TransferAbort::Replaced);
            }
            Event::Removed { .. } => coverage.nodes_removed += 1,
            Event::PeerUnreachable { .. } => coverage.peers_unreachable += 1,
            Event::ReadDropped { .. } => coverage.reads_dropped += 1,
            Event::ChangeIgnored { .. } => coverage.changes_ignored += 1,
            _ => {}
        }
        self.note(id, || What::Note {
            kind: "event",
            text: event.to_string(),
        });
    }
}
