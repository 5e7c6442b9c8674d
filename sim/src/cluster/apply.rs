//! What is committed: commands for the state machine, and changes of the configuration.

use quorate::membership::ConfChangeV2;
use quorate::types::EntryKind;
use quorate::{Entry, NodeId};

use super::causes::change_of;
use super::{Cluster, Outcome, Seen};
use crate::disk::Disk;
use crate::judge::{COMPARED_EVERY, Judge, Verdict};
use crate::machine::StateMachine;
use crate::trace::What;

/// A configuration change that carries this is vetoed by every node that applies it.
pub const VETO: &[u8] = b"veto";

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// What is committed is applied, in order.
    pub(super) fn apply(&mut self, id: NodeId, entries: &[Entry]) -> Verdict {
        for entry in entries {
            let applied = self.members[Self::position(id)].applied;
            if entry.index <= applied && entry.index <= self.members[Self::position(id)].log.base().index {
                continue; // a snapshot was faster
            }
            self.rule(Judge::applies_next(id, entry.id(), applied))?;
            let damaged = self.members[Self::position(id)].damaged;
            self.rule(Judge::applies_to_damaged(id, entry.id(), damaged))?;
            let first = self.judge.applies(id, entry);
            if first == Ok(true) && entry.kind == EntryKind::Normal && !entry.data.is_empty() {
                self.committed.push(entry.data.clone());
            }
            self.rule(first.map(drop))?;
            self.saw(|| Seen::Applied(id, entry.clone()));
            self.apply_one(id, entry)?;
            let damaged = self.members[Self::position(id)].damaged.is_some();
            if entry.index.is_multiple_of(COMPARED_EVERY) && !damaged {
                let state = self.state(id)?;
                let verdict = self.judge_state(id, entry.index, &state);
                self.rule(verdict)?;
            }
        }
        if let Some(last) = entries.last() {
            self.answer_reads(id)?;
            self.note(id, || What::Applied { index: last.index });
        }
        Ok(())
    }

    fn apply_one(&mut self, id: NodeId, entry: &Entry) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        member.applied = entry.index;
        if let Some((term, command)) = member.calls.placed.remove(&entry.index) {
            let (superseded, same) = (term != entry.term, command == entry.data);
            let operation = superseded.then(|| member.calls.proposals.remove(&command)).flatten();
            self.rule(Judge::is_placed(id, entry.id(), superseded || same))?;
            if let Some(operation) = operation {
                self.coverage.proposals_superseded += 1;
                self.end(id, operation, Outcome::Refused);
            }
        }
        if entry.kind != EntryKind::Normal {
            return self.apply_change(id, entry);
        }
        if self.members[Self::position(id)].damaged.is_some() {
            return self.waste(id, entry);
        }
        if entry.data.is_empty() {
            return Ok(());
        }
        let answer = self.command(id, entry)?;
        let member = &mut self.members[Self::position(id)];
        if let Some(operation) = member.calls.proposals.remove(&entry.data) {
            self.coverage.proposals_committed += 1;
            self.end(id, operation, Outcome::Answered(answer));
        }
        Ok(())
    }

    fn apply_change(&mut self, id: NodeId, entry: &Entry) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        let here = std::mem::take(&mut member.vetoes);
        let by_all = entry.kind == EntryKind::ConfChangeV2
            && ConfChangeV2::decode(&*entry.data).is_ok_and(|change| &*change.context == VETO);
        let vetoed = here || by_all;
        if vetoed {
            self.vetoed.insert(entry.index);
        }
        let member = &mut self.members[Self::position(id)];
        let Some(node) = member.node_mut() else { return Ok(()) };
        let state = if vetoed {
            self.coverage.changes_vetoed += 1;
            node.cancel_conf_change(entry).map(|()| node.membership().conf_state())
        } else {
            node.apply_conf_change(entry)
        };
        let made = node.membership().conf_state();
        let state = self
            .unless_corrupt(id, "a configuration change", state)?
            .unwrap_or(made);
        let member = &mut self.members[Self::position(id)];
        let Some(node) = member.node() else { return Ok(()) };
        // A snapshot that was received meanwhile covers the entry: its configuration is a later one.
        if node.configured_at() > entry.index {
            self.coverage.changes_overtaken += 1;
            return Ok(());
        }
        let joint = !state.voters_outgoing.is_empty();
        member.conf_state.clone_from(&state);
        self.coverage.changes_applied += 1;
        self.coverage.joint_states += u64::from(joint);
        let change = change_of(entry);
        let made = change.as_ref().filter(|_| !vetoed);
        let verdict = self.judge.configurations.follows(id, entry.index, made, &state);
        self.rule(verdict)?;
        let verdict = self.judge.configurations.applies(id, entry.index, &state);
        self.rule(verdict)?;
        self.forget_progress(id, change.iter().flat_map(|change| &change.changes));
        self.note(id, || What::Configured {
            text: format!("{state:?}"),
        });
        Ok(())
    }
}
