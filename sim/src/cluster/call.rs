//! What clients and operators ask for.

use bytes::Bytes;
use quorate::error::ProposeError;
use quorate::membership::ConfChangeV2;
use quorate::status::{RoleKind, SnapshotStatus};
use quorate::{EntryId, Index, NodeId, Proposed};

use super::{Cluster, Outcome, Refusal, Seen, unexpected};
use crate::disk::Disk;
use crate::judge::{Judge, Verdict};
use crate::machine::{StateMachine, numbers, pack};
use crate::member::{self, Member};
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
                node.tick().map_err(|error| unexpected(id, "tick", &error))?;
                self.pass_quietly(id)?;
                break;
            }
            let before = node.status().transferee;
            let used = node
                .advance_ticks(left)
                .map_err(|error| unexpected(id, "tick", &error))?;
            let begun = node.status().transferee.is_some_and(|to| before != Some(to));
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
            let ready = node.ready().map_err(|error| unexpected(id, "ready", &error))?;
            Judge::idle(id, ready.is_some())?;
        }
        let seen = &mut self.members[Self::position(id)].seen;
        (seen.promised, seen.silent) = (status.promised_ticks, status.silent_ticks);
        let verdict = self.judge_promises(id, &status);
        self.rule(verdict)
    }

    pub(super) fn propose(&mut self, id: NodeId, operation: u64, command: Bytes) -> Verdict {
        self.note(id, || What::Called {
            operation,
            text: format!("propose: {}", M::command_in_words(&command)),
        });
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            self.end(id, operation, Outcome::Refused);
            return Ok(());
        };
        let proposed = node.propose(command.clone());
        let calls = &mut self.members[Self::position(id)].calls;
        match proposed {
            Ok(Proposed::At { term, index }) => {
                calls.placed.insert(index, (term, command.clone()));
                calls.proposals.insert(command, operation);
            }
            Ok(_) => {
                self.coverage.proposals_forwarded += 1;
                calls.proposals.insert(command, operation);
            }
            Err(ProposeError::Node(error)) => return Err(unexpected(id, "propose", &error)),
            Err(error) => {
                self.coverage.proposals_refused += 1;
                self.end(id, operation, Outcome::Refused);
                self.saw(|| Seen::Refused(id, Refusal::Propose(error)));
            }
        }
        self.observe(id)
    }

    pub(super) fn read(&mut self, id: NodeId, operation: u64, query: Bytes) -> Verdict {
        self.note(id, || What::Called {
            operation,
            text: format!("read: {}", M::query_in_words(&query)),
        });
        self.read_as(id, operation, query, pack([operation]).into())
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
        node.forget_leader()
            .map_err(|error| unexpected(id, "forget the leader", &error))?;
        self.coverage.leaders_forgotten += 1;
        self.observe(id)
    }

    pub(super) fn report_unreachable(&mut self, id: NodeId, peer: NodeId) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        node.report_unreachable(peer)
            .map_err(|error| unexpected(id, "a report", &error))?;
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
        node.report_snapshot(peer, snapshot, status)
            .map_err(|error| unexpected(id, "a report", &error))?;
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
