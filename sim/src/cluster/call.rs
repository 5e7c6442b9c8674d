//! What clients and operators ask for.

use bytes::Bytes;
use quorate::error::{ProposeError, ReadError};
use quorate::membership::ConfChangeV2;
use quorate::status::{RoleKind, SnapshotStatus};
use quorate::{EntryId, Index, NodeId, Proposed, RawNode, ReadMode};

use super::{Cluster, Outcome, Refusal, Seen};
use crate::disk::Disk;
use crate::judge::{Judge, Verdict};
use crate::machine::{StateMachine, numbers, pack};
use crate::member::{self, Member, PendingRead};
use crate::trace::What;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// An operation has ended; whoever drives is told.
    pub(super) fn end(&mut self, node: NodeId, operation: u64, outcome: Outcome) {
        self.note(node, || What::Answered {
            operation,
            text: in_words(&outcome),
        });
        self.ended.push((operation, outcome));
    }

    /// The client does not wait any longer.
    pub(crate) fn give_up(&mut self, node: NodeId, operation: u64) {
        let Some(member) = self.member_mut(node) else { return };
        member.calls.proposals.retain(|_, waiting| *waiting != operation);
        member.calls.reads.remove(&operation);
    }

    pub(super) fn tick(&mut self, id: NodeId, ticks: u64) -> Verdict {
        let before = self.member(id).map_or_else(member::Seen::default, |member| member.seen);
        self.wait_for_reads(id, ticks);
        let mut left = ticks;
        while left > 0 {
            let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
                return Ok(());
            };
            let follows = node.status().soft_state.role == RoleKind::Follower;
            if left == 1 && follows && !node.has_ready() && node.next_deadline().is_none_or(|due| due > 1) {
                let ticked = node.tick();
                if left < ticks {
                    self.observe(id)?; // the ticks before this one may have told something
                }
                self.unless_corrupt(id, "tick", ticked)?;
                self.pass_quietly(id)?;
                break;
            }
            let before = node.status().transferee;
            let used = node.advance_ticks(left);
            let begun = node.status().transferee.is_some_and(|to| before != Some(to));
            let Some(used) = self.unless_corrupt(id, "tick", used)? else {
                return self.observe(id); // nobody knows how much passed
            };
            self.coverage.transfers_of_its_own += u64::from(begun);
            left = left.saturating_sub(used.max(1));
        }
        if left == 0 {
            self.observe(id)?;
        }
        let now = self.members[Self::position(id)].seen;
        let verdict = Judge::runs_down(id, "promise", before.promised, ticks, now.promised)
            .and_then(|()| Judge::runs_down(id, "silence", before.silent, ticks, now.silent));
        self.rule(verdict)
    }

    /// A tick on which nothing was due: the node has nothing to do, and says so when it is asked.
    fn pass_quietly(&mut self, id: NodeId) -> Verdict {
        let Some(member) = self.member_mut(id) else {
            return Ok(());
        };
        let free = member.work.batch.is_none();
        let Some(node) = member.node_mut() else { return Ok(()) };
        let status = node.status();
        if free && !node.has_ready() {
            // As loops do: what is kept for the next batch is put away.
            let ready = node.ready();
            let ready = self.unless_corrupt(id, "ready", ready)?;
            Judge::idle(id, ready.flatten().is_some())?;
        }
        let seen = &mut self.members[Self::position(id)].seen;
        (seen.promised, seen.silent) = (status.promised_ticks, status.silent_ticks);
        let verdict = self.judge_promises(id, &status);
        self.rule(verdict)
    }

    pub(super) fn propose(&mut self, id: NodeId, operation: u64, command: Bytes) -> Verdict {
        let proposed = command.clone();
        self.propose_by(id, operation, vec![command], |node| node.propose(proposed))
    }

    pub(super) fn propose_batch(&mut self, id: NodeId, first: u64, commands: Vec<Bytes>) -> Verdict {
        self.coverage.batches_proposed += u64::from(commands.len() > 1);
        let proposed = commands.clone();
        self.propose_by(id, first, commands, |node| node.propose_batch(proposed))
    }

    /// Commands, the operations of which count on from the first one; they follow each other in the log.
    fn propose_by(
        &mut self,
        id: NodeId,
        first: u64,
        commands: Vec<Bytes>,
        propose: impl FnOnce(&mut RawNode<D>) -> Result<Proposed, ProposeError>,
    ) -> Verdict {
        for (operation, command) in (first..).zip(&commands) {
            self.note(id, || What::Called {
                operation,
                text: format!("propose: {}", M::command_in_words(command)),
            });
        }
        let size = commands.len() as u64;
        let operations = (first..).zip(commands);
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            operations.for_each(|(operation, _)| self.end(id, operation, Outcome::Refused));
            return Ok(());
        };
        let proposed = propose(node);
        let calls = &mut self.members[Self::position(id)].calls;
        match proposed {
            Ok(Proposed::At { term, index }) => {
                for (at, (operation, command)) in (index + 1 - size..).zip(operations) {
                    calls.placed.insert(at, (term, command.clone()));
                    calls.proposals.insert(command, operation);
                }
            }
            Ok(_) => {
                self.coverage.proposals_forwarded += 1;
                calls
                    .proposals
                    .extend(operations.map(|(operation, command)| (command, operation)));
            }
            Err(error @ ProposeError::Node(_)) => {
                self.unless_corrupt(id, "propose", Err::<(), _>(error))?;
                operations.for_each(|(operation, _)| self.end(id, operation, Outcome::Unknown));
            }
            Err(error) => {
                self.coverage.proposals_refused += 1;
                operations.for_each(|(operation, _)| self.end(id, operation, Outcome::Refused));
                self.saw(|| Seen::Refused(id, Refusal::Propose(error)));
            }
        }
        self.observe(id)
    }

    pub(super) fn read(&mut self, id: NodeId, operation: u64, query: Bytes, mode: Option<ReadMode>) -> Verdict {
        self.note(id, || What::Called {
            operation,
            text: format!("read: {}", M::query_in_words(&query)),
        });
        self.read_with(id, operation, query, pack([operation]).into(), mode)
    }

    /// A client reads, and the node is told this name of it, and how it is to be confirmed.
    pub(super) fn read_with(
        &mut self,
        id: NodeId,
        operation: u64,
        query: Bytes,
        context: Bytes,
        mode: Option<ReadMode>,
    ) -> Verdict {
        let (committed_before, asked_at) = (self.judge.committed(), self.messages);
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            self.end(id, operation, Outcome::Refused);
            return Ok(());
        };
        let by_lease = node.counters().reads_by_lease;
        let read = PendingRead {
            query,
            context: context.clone(),
            committed_before,
            at: None,
            waited: 0,
            patience: node.config().settings().election_timeout_ticks,
            asked_at,
            term: node.status().hard_state.term,
            configured_at: node.configured_at(),
            by_lease: false,
        };
        let asked = match mode {
            Some(mode) => node.read_index_with(mode, context),
            None => node.read_index(context),
        };
        match asked {
            Ok(()) => {
                let by_lease = node.counters().reads_by_lease > by_lease;
                self.coverage.reads_with_a_mode += u64::from(mode.is_some());
                self.rule(Judge::reads_as_asked(id, by_lease, mode))?;
                let read = PendingRead { by_lease, ..read };
                self.members[Self::position(id)].calls.reads.insert(operation, read);
            }
            Err(error @ ReadError::Node(_)) => {
                self.unless_corrupt(id, "read", Err::<(), _>(error))?;
                self.end(id, operation, Outcome::Refused);
            }
            Err(error) => {
                self.coverage.reads_refused += 1;
                self.end(id, operation, Outcome::Refused);
                self.saw(|| Seen::Refused(id, Refusal::Read(error)));
            }
        }
        self.observe(id)
    }

    pub(super) fn change(&mut self, id: NodeId, change: ConfChangeV2, expected: Option<Index>) -> Verdict {
        if self.comes_too_early(&change) {
            return Ok(());
        }
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let applied = node.status().applied;
        let proposed = match expected {
            Some(expected) => node.propose_conf_change_if_unchanged(change, expected),
            None => node.propose_conf_change(change),
        };
        if let Ok(Proposed::At { index, .. }) = proposed {
            let verdict = self.stores_change(id, index, applied);
            self.rule(verdict)?;
        }
        match proposed {
            Ok(_) => self.coverage.changes_proposed += 1,
            Err(error) => {
                self.coverage.changes_refused += 1;
                self.saw(|| Seen::Refused(id, Refusal::Propose(error)));
            }
        }
        self.observe(id)
    }

    pub(super) fn promote(&mut self, id: NodeId, learner: NodeId) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        match node.propose_promotion(learner) {
            Ok(_) => self.coverage.promotions += 1,
            Err(error) => {
                self.coverage.promotions_refused += 1;
                self.saw(|| Seen::Refused(id, Refusal::Propose(error)));
            }
        }
        self.observe(id)
    }

    pub(super) fn transfer(&mut self, id: NodeId, to: Option<NodeId>) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let done = match to {
            Some(to) => node.transfer_leader(to).is_ok(),
            None => node.transfer_leader_to_most_up_to_date().is_ok(),
        };
        self.coverage.transfers_asked += u64::from(done);
        self.observe(id)
    }

    pub(super) fn campaign(&mut self, id: NodeId) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let _ = node.campaign(); // a refusal is an answer
        self.observe(id)
    }

    pub(super) fn forget_leader(&mut self, id: NodeId) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let forgotten = node.forget_leader();
        self.unless_corrupt(id, "forget the leader", forgotten)?;
        self.coverage.leaders_forgotten += 1;
        self.observe(id)
    }

    pub(super) fn report_unreachable(&mut self, id: NodeId, peer: NodeId) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let told = node.report_unreachable(peer);
        self.unless_corrupt(id, "a report", told)?;
        self.observe(id)
    }

    pub(super) fn report_snapshot(&mut self, id: NodeId, peer: NodeId, snapshot: EntryId, finished: bool) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let status = if finished {
            SnapshotStatus::Finished
        } else {
            SnapshotStatus::Failed
        };
        let told = node.report_snapshot(peer, snapshot, status);
        self.unless_corrupt(id, "a report", told)?;
        self.observe(id)
    }
}

/// What became of an operation, for a reader; answers are numbers more often than not.
fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refused => "refused".to_owned(),
        Outcome::Unknown => "unknown".to_owned(),
        Outcome::Answered(bytes) => match (bytes.len(), numbers(bytes), numbers(bytes)) {
            (8, Some([number]), _) => format!("answered {number}"),
            (16, _, Some([length, digest])) => format!("answered {length} values, digest {digest:016x}"),
            _ => format!("answered {bytes:?}"),
        },
    }
}
