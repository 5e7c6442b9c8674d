//! What is looked at after each step: the node that it was done to.

use quorate::event::TransferAbort;
use quorate::status::RoleKind;
use quorate::types::SnapshotMetadata;
use quorate::{EntryId, Event, Index, NodeId, RawNode, Snapshot, Status, Term};

use super::{Cluster, Seen, unexpected};
use crate::disk::Disk;
use crate::judge::{Judge, Mark, Verdict};
use crate::machine::StateMachine;
use crate::member;
use crate::trace::What;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    pub(super) fn observe(&mut self, id: NodeId) -> Verdict {
        let verdict = self.look_at(id);
        self.rule(verdict)
    }

    fn look_at(&mut self, id: NodeId) -> Verdict {
        let Some(node) = self.members[Self::position(id)].node_mut() else {
            return Ok(());
        };
        if let Some(fault) = node.poisoned() {
            return Err(unexpected(id, "poisoned", fault));
        }
        let status = node.status();
        let events = node.take_events();
        for event in events {
            self.on_event(id, &event, &status)?;
        }
        self.observe_names(id, &status)?;
        let before = self.members[Self::position(id)].seen;
        let (term, commit) = (status.hard_state.term, status.hard_state.commit);
        Judge::monotone(id, "term", before.term, term)?;
        Judge::monotone(id, "commit index", before.commit, commit)?;
        let silent = Judge::silence_ends(id, before.silent, status.silent_ticks);
        self.rule(silent)?;
        let waiting = self.judge_uncommitted(id, &status);
        self.rule(waiting)?;
        let now = member::Seen {
            role: status.soft_state.role,
            term,
            commit,
            leader: status.soft_state.leader,
            promised: status.promised_ticks,
            silent: status.silent_ticks,
            ..if term == before.term {
                before
            } else {
                member::Seen::default()
            }
        };
        self.members[Self::position(id)].seen = now;
        let turned = (before.role, before.term, before.leader) != (now.role, now.term, now.leader);
        if turned {
            self.note_role(id);
        }
        if now.role == RoleKind::Leader {
            self.observe_leader(id, before, &status)?;
            let verdict = self.judge_progress(id, &status);
            self.rule(verdict)?;
        } else {
            let seen = &mut self.members[Self::position(id)].seen;
            (seen.lease, seen.counts_on_promises) = (false, false);
        }
        let kept = self.judge_promises(id, &status);
        self.rule(kept)?;
        let waiting = self.judge_reads(id, &status);
        self.rule(waiting)?;
        if commit > before.commit {
            self.note(id, || What::Committed { index: commit });
        }
        Ok(())
    }

    /// For a trace: what the node is now.
    pub(crate) fn note_role(&mut self, id: NodeId) {
        let Some(member::Seen { role, term, leader, .. }) = self.member(id).map(|member| member.seen) else {
            return;
        };
        self.note(id, || What::Role { role, term, leader });
    }

    fn observe_leader(&mut self, id: NodeId, before: member::Seen, status: &Status) -> Verdict {
        let (term, commit) = (status.hard_state.term, status.hard_state.commit);
        let begins = before.role != RoleKind::Leader || before.term != term;
        if begins {
            let member = &mut self.members[Self::position(id)];
            self.judge.leads(id, term, member.durable.hard_state)?;
            Judge::elected(id, member.node().map_or(0, unapplied_changes))?;
            if let Some(node) = member.node() {
                self.judge.has_votes(id, term, &node.membership().conf_state())?;
            }
            member.seen.begins = true;
            self.coverage.elections += 1;
        }
        let member = &self.members[Self::position(id)];
        if commit > before.commit {
            let first = self.judge.commits(id, term, commit, &member.log)?;
            if first {
                self.judge_later_leaders(term)?;
            }
            // With the vote that it won by it may have heard of what an earlier leader committed, by an earlier
            // configuration; by its own it has counted nothing yet.
            if first || !begins {
                self.judge_durable(id, commit)?;
            }
        }
        let member = &mut self.members[Self::position(id)];
        let lease = status.lease_ticks > 0 && member.log.term(commit) == Some(term);
        let gained = lease && !member.seen.lease;
        member.seen.lease = lease;
        self.coverage.leases += u64::from(gained);
        if self.judge_leases {
            self.judge_leases(id, term, lease)?;
        }
        Ok(())
    }

    /// While a leader holds a lease nobody leads a later term. (An earlier leader may still believe that it
    /// leads: without a lease that does no harm.)
    fn judge_leases(&self, id: NodeId, term: Term, lease: bool) -> Verdict {
        let others = self.members.iter().filter(|other| other.id != id && other.is_leader());
        for other in others {
            let (holder, held, later) = if other.seen.term < term {
                (other.id, other.seen.lease, id)
            } else {
                (id, lease, other.id)
            };
            Judge::leases(holder, held, later)?;
        }
        Ok(())
    }

    /// The node's process stands still.
    pub(crate) fn suspend_lease(&mut self, id: NodeId) {
        if let Some(member) = self.member_mut(id) {
            member.seen.lease = false;
            member.causes.stands = true;
        }
    }

    /// A leader of term `by` has committed something: who leads a later term must have it already.
    fn judge_later_leaders(&self, by: Term) -> Verdict {
        let later = self.members.iter().filter(|member| member.is_leader());
        later
            .filter(|member| member.seen.term > by && !member.seen.begins)
            .try_for_each(|member| self.judge.leader_holds(member.id, member.seen.term, &member.log))
    }

    fn judge_durable(&self, id: NodeId, commit: Index) -> Verdict {
        let member = &self.members[Self::position(id)];
        let (Some(node), Some(term)) = (member.node(), member.log.term(commit)) else {
            return Ok(());
        };
        let last = EntryId { term, index: commit };
        let members = node.membership();
        // What a store held that is lost since, it held when it said so.
        let holds = |voter| {
            let named = members.identity(voter);
            self.member(voter).is_some_and(|voter| voter.held_on(named, last))
        };
        Judge::durable(id, last, &members.conf_state(), holds)?;
        // What a candidate is told with a vote was committed by another leader, by other settings perhaps.
        if member.seen.alone || term < member.seen.term {
            return Ok(());
        }
        let groups = &member.config.settings().commit_groups;
        Judge::in_groups(id, last, &members.conf_state(), groups, holds)
    }

    /// Writes are durable now.
    pub(super) fn settle(&mut self, id: NodeId, written: Vec<Mark>) -> Verdict {
        for mark in written {
            if let Mark::HardState(state) = mark
                && let Some(candidate) = state.vote
            {
                let verdict = self.judge.votes(id, state.term, candidate);
                self.rule(verdict)?;
            }
            self.members[Self::position(id)].durable.apply(mark);
        }
        Ok(())
    }

    /// A snapshot holds what everybody has at its index.
    pub(super) fn judge_snapshot(&mut self, id: NodeId, snapshot: &Snapshot) -> Verdict {
        let SnapshotMetadata { conf_state, index, .. } = &snapshot.metadata;
        self.judge_state(id, *index, &snapshot.data)?;
        self.judge.configurations.is_at(id, *index, conf_state)
    }

    fn on_event(&mut self, id: NodeId, event: &Event, status: &Status) -> Verdict {
        self.saw(|| Seen::Event(id, event.clone()));
        if let Event::BecameCandidate { pre_vote, .. } = event
            && (*pre_vote || self.members[Self::position(id)].seen.role != RoleKind::PreCandidate)
        {
            let verdict = self.judge_campaign(id, status);
            self.rule(verdict)?;
        }
        let coverage = &mut self.coverage;
        match event {
            Event::SteppedDown { .. } => coverage.steps_down += 1,
            Event::BecameCandidate { pre_vote: true, .. } => coverage.pre_campaigns += 1,
            Event::BecameCandidate { .. } => coverage.campaigns += 1,
            Event::CampaignRefused { .. } => coverage.campaigns_refused += 1,
            Event::VoteRefused { .. } => coverage.votes_refused += 1,
            Event::StorageCorrupt { .. } => coverage.corruptions_met += 1,
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
            Event::Diverged { .. } | Event::PeerDiverged { .. } | Event::SecondLeader { .. } => {
                Judge::agrees(id, event, self.disks_forgot)?;
            }
            Event::EntriesLost { .. } | Event::PeerLostEntries { .. } => self.on_loss(id, event)?,
            Event::CommitGroupsSuspended { .. } => {
                coverage.commit_groups_suspended += 1;
                self.members[Self::position(id)].seen.alone = true;
            }
            Event::CommitGroupsRestored { .. } => self.members[Self::position(id)].seen.alone = false,
            Event::Disowned { .. } | Event::Unnamed { .. } => coverage.nodes_disowned += 1,
            _ => {}
        }
        self.note(id, || What::Note {
            kind: "event",
            text: format!("{event:?}"),
        });
        Ok(())
    }
}

/// Changes of the configuration in a log that are not applied.
fn unapplied_changes<D: Disk>(node: &RawNode<D>) -> usize {
    let (from, last) = (node.status().applied + 1, node.storage().last_index());
    let entries = last.and_then(|last| node.storage().entries(from, last + 1, u64::MAX));
    entries.map_or(0, |entries| {
        entries.iter().filter(|entry| entry.is_conf_change()).count()
    })
}
