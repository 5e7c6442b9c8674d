//! State machines that are damaged, and wait for a snapshot that their nodes asked for.

use quorate::error::SnapshotRequestError;
use quorate::{Entry, NodeId, Snapshot};

use super::{Cluster, Outcome, Refusal, Seen, unexpected};
use crate::disk::{Disk, Write};
use crate::judge::{Judge, Verdict};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::panics::caught;
use crate::trace::What;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// If the node may ask for a snapshot, its state machine is damaged from here on: what is in it is gone.
    pub(super) fn request_snapshot(&mut self, id: NodeId) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let open = node.status().snapshot_request;
        match node.request_snapshot() {
            Ok(()) => {
                let at_least = node.status().snapshot_request;
                let verdict = Judge::one_request(id, open, at_least);
                self.rule(verdict)?;
                let member = &mut self.members[Self::position(id)];
                member.damaged = at_least;
                member.spare = Some(std::mem::take(&mut member.machine));
                self.coverage.snapshots_requested += 1;
                self.note(id, || What::Note {
                    kind: "fault",
                    text: "its state machine is damaged".to_owned(),
                });
            }
            Err(error @ SnapshotRequestError::Node(_)) => {
                self.unless_corrupt(id, "a request for a snapshot", Err::<(), _>(error))?;
            }
            Err(error) => self.saw(|| Seen::Refused(id, Refusal::Snapshot(error))),
        }
        self.observe(id)
    }

    /// The state machine was not damaged after all: if no snapshot has come, it is what it would be by now.
    pub(super) fn withdraw_request(&mut self, id: NodeId) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let withdrawn = node.withdraw_snapshot_request();
        if self.unless_corrupt(id, "a request that is withdrawn", withdrawn)? == Some(true) {
            let verdict = Judge::withdraws(id, self.members[Self::position(id)].damaged);
            self.rule(verdict)?;
            let member = &mut self.members[Self::position(id)];
            member.damaged = None;
            if let Some(spare) = member.spare.take() {
                member.machine = spare;
            }
            self.coverage.requests_withdrawn += 1;
            self.note(id, || What::Note {
                kind: "fault",
                text: "its state machine is well, after all".to_owned(),
            });
            self.answer_reads(id)?;
        }
        self.observe(id)
    }

    /// The state machine becomes what the snapshot says that its node asked for, and keeps it as one of its own; the log
    /// stays.
    pub(super) fn begin_anew(&mut self, id: NodeId, snapshot: &Snapshot) -> Verdict {
        let member = &self.members[Self::position(id)];
        let verdict = Judge::restores(id, snapshot.id(), member.damaged, &member.durable);
        self.rule(verdict)?;
        self.replace_machine(id, snapshot)?;
        let stored = self.member(id).and_then(Member::node);
        let stored = stored.map_or(Ok(0), |node| {
            node.storage().latest_snapshot().map(|stored| stored.metadata.index)
        });
        // One that is being installed, with asynchronous writes, may be on the disk already.
        if stored.map_err(|error| unexpected(id, "its snapshot", &error))? < snapshot.metadata.index {
            self.write_one(id, Write::Snapshot(snapshot.clone()))?;
        }
        self.coverage.snapshots_served += 1;
        self.note(id, || What::Note {
            kind: "snapshot",
            text: format!("begins anew with {}", snapshot.id()),
        });
        Ok(())
    }

    /// An entry for a state machine that is damaged: it was handed out before, and is lost on it.
    pub(super) fn waste(&mut self, id: NodeId, entry: &Entry) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        if let Some(spare) = member.spare.as_mut().filter(|_| !entry.data.is_empty()) {
            caught(
                || format!("node {id}, apply() at {},", entry.index),
                || Ok(spare.apply(&entry.data)),
            )?;
        }
        if let Some(operation) = member.calls.proposals.remove(&entry.data) {
            self.end(id, operation, Outcome::Unknown);
        }
        Ok(())
    }
}
