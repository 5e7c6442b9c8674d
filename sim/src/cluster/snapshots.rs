//! Snapshots: of a leader, in the place of a state machine; and of the own state machine.

use quorate::types::SnapshotMetadata;
use quorate::{EntryId, NodeId, Snapshot};

use super::{Cluster, Outcome, Seen};
use crate::disk::{Disk, Write};
use crate::judge::{Judge, Verdict};
use crate::machine::StateMachine;
use crate::trace::What;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// A leader's snapshot replaces the state machine.
    pub(super) fn install(&mut self, id: NodeId, snapshot: &Snapshot) -> Verdict {
        self.replace_machine(id, snapshot)?;
        self.coverage.snapshots_installed += 1;
        self.note(id, || What::Note {
            kind: "snapshot",
            text: format!("installs {}", snapshot.id()),
        });
        Ok(())
    }

    /// The state machine becomes what a snapshot says.
    pub(super) fn replace_machine(&mut self, id: NodeId, snapshot: &Snapshot) -> Verdict {
        let verdict = self.judge_snapshot(id, snapshot);
        self.rule(verdict)?;
        let applied = self.members[Self::position(id)].applied;
        let verdict = Judge::monotone(id, "what is applied", applied, snapshot.metadata.index);
        self.rule(verdict)?;
        self.saw(|| Seen::Restored(id, snapshot.clone()));
        self.restore(id, snapshot)?;
        let member = &mut self.members[Self::position(id)];
        member.applied = snapshot.metadata.index;
        member.conf_state.clone_from(&snapshot.metadata.conf_state);
        // What was proposed here and is inside the snapshot: nobody can tell what became of it.
        let later = member.calls.placed.split_off(&(snapshot.metadata.index + 1));
        let inside = std::mem::replace(&mut member.calls.placed, later);
        let lost: Vec<u64> = inside
            .into_values()
            .filter_map(|(_, command)| member.calls.proposals.remove(&command))
            .collect();
        for operation in lost {
            self.end(id, operation, Outcome::Unknown);
        }
        let member = &mut self.members[Self::position(id)];
        (member.damaged, member.spare) = (None, None);
        self.answer_reads(id)
    }

    /// A snapshot of what is applied, and all but the last `keep` applied entries dropped.
    pub(super) fn compact(&mut self, id: NodeId, keep: u64) -> Verdict {
        let Some(member) = self.member(id) else { return Ok(()) };
        let Some(node) = member.node() else { return Ok(()) };
        let Some(term) = member.log.term(member.applied) else {
            return Ok(());
        };
        let stored = node
            .storage()
            .latest_snapshot()
            .map_or(0, |snapshot| snapshot.metadata.index);
        let first = node.storage().first_index().unwrap_or(1);
        // Acknowledged is what counts as applied; a snapshot on its way to the disk comes first.
        let status = node.status();
        if member.damaged.is_some()
            || node.configured_at() > member.applied // a snapshot that is on its way brought a later configuration
            || member.applied <= stored
            || member.applied != status.applied
            || member.applied < first
        {
            return Ok(());
        }
        if node.storage().last_index().is_ok_and(|last| last < member.applied) {
            return Ok(()); // applied before it was written
        }
        let metadata = SnapshotMetadata::new(
            EntryId {
                term,
                index: member.applied,
            },
            member.conf_state.clone(),
        );
        let peers = node.progress();
        let travels = peers
            .map(|peer| peer.state)
            .any(|state| state.pending_snapshot().is_some());
        let data = self.state(id)?;
        let to = member.applied.saturating_sub(keep);
        let snapshot = Snapshot::new(metadata, data);
        let verdict = self.judge_snapshot(id, &snapshot);
        self.rule(verdict)?;
        self.write_one(id, Write::Snapshot(snapshot))?;
        if to >= first {
            self.write_one(id, Write::Compact(to))?;
        }
        self.coverage.compactions += 1;
        self.coverage.compactions_beside_snapshots += u64::from(travels);
        self.note(id, || What::Note {
            kind: "compaction",
            text: format!("up to {to}"),
        });
        Ok(())
    }
}
