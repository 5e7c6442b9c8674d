//! State machines that are damaged, and wait for a snapshot that their nodes asked for.

use quorate::error::SnapshotRequestError;
use quorate::{Entry, NodeId, Snapshot};

use super::{Cluster, Outcome, Refusal, Seen, unexpected};
use crate::disk::{Disk, Write};
use crate::judge::{Judge, Verdict};
use crate::machine::StateMachine;
use crate::member::Member;
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
                (member.damaged, member.machine) = (at_least, M::default());
                self.coverage.snapshots_requested += 1;
                self.note(id, || What::Note {
                    kind: "fault",
                    text: "its state machine is damaged".to_owned(),
                });
            }
            Err(SnapshotRequestError::Node(error)) => return Err(unexpected(id, "a request for a snapshot", &error)),
            Err(error) => self.saw(|| Seen::Refused(id, Refusal::Snapshot(error))),
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
        self.write_one(id, Write::Snapshot(snapshot.clone()))?;
        self.coverage.snapshots_served += 1;
        self.note(id, || What::Note {
            kind: "snapshot",
            text: format!("begins anew with {}", snapshot.id()),
        });
        Ok(())
    }

    /// An entry for a state machine that is damaged: it was handed out before, and is lost on it.
    pub(super) fn waste(&mut self, id: NodeId, entry: &Entry) {
        let calls = &mut self.members[Self::position(id)].calls;
        if let Some(operation) = calls.proposals.remove(&entry.data) {
            self.end(id, operation, Outcome::Unknown);
        }
    }
}
