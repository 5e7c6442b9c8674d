//! Changes of the configuration: when they are stored, and who stands for election beside them.

use quorate::membership::{AnyConfChange, ConfChange, ConfChangeV2};
use quorate::message::Payload;
use quorate::types::EntryKind;
use quorate::{Entry, Index, Message, NodeId, Status};

use super::super::{Cluster, unexpected};
use crate::disk::Disk;
use crate::judge::{Judge, Verdict};
use crate::machine::StateMachine;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// A node has started: which changes its log holds beyond what is applied.
    pub(in super::super) fn find_changes(&mut self, id: NodeId) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        let Some(node) = member.node() else { return Ok(()) };
        let (from, storage) = (member.applied + 1, node.storage());
        let last = storage.last_index();
        let entries = last.and_then(|last| storage.entries(from, last + 1, u64::MAX));
        let entries = entries.map_err(|error| unexpected(id, "its log", &error))?;
        let changes = entries.iter().filter(|entry| entry.is_conf_change());
        member.causes.changes = changes.map(|entry| entry.index).collect();
        Ok(())
    }

    /// A node hands out entries, which end its log.
    pub(in super::super) fn note_changes(&mut self, id: NodeId, entries: &[Entry]) {
        let Some(first) = entries.first() else { return };
        let member = &mut self.members[Self::position(id)];
        let (applied, changes) = (member.applied, &mut member.causes.changes);
        changes.retain(|index| *index < first.index && *index > applied);
        let news = entries.iter().filter(|entry| entry.is_conf_change());
        changes.extend(news.map(|entry| entry.index));
    }

    /// A leader has stored a change at `index`, of which it had applied so much: all before it are applied.
    pub(in super::super) fn stores_change(&mut self, id: NodeId, index: Index, applied: Index) -> Verdict {
        let changes = &mut self.members[Self::position(id)].causes.changes;
        let earlier = changes.iter().copied().filter(|change| *change < index).max();
        Judge::stores_change(id, index, earlier, applied)?;
        if earlier.is_none_or(|earlier| earlier < index) && changes.last() != Some(&index) {
            changes.push(index);
        }
        Ok(())
    }

    /// A forwarded proposal reached a node, whose log ended with `last` before: whether it stored changes.
    pub(in super::super) fn judge_forwarded(&mut self, id: NodeId, proposed: &[bool], before: &Status) -> Verdict {
        let Some(last) = self
            .member(id)
            .and_then(|member| Some(member.node()?.status().last_index))
        else {
            return Ok(());
        };
        if last != before.last_index + proposed.len() as u64 {
            return Ok(());
        }
        for (index, _) in (before.last_index + 1..).zip(proposed).filter(|(_, change)| **change) {
            self.stores_change(id, index, before.applied)?;
        }
        Ok(())
    }

    /// A node begins a campaign: no change in its log is committed and not applied, and one at most is not committed.
    pub(in super::super) fn judge_campaign(&self, id: NodeId, status: &Status) -> Verdict {
        let changes = &self.members[Self::position(id)].causes.changes;
        let (applied, commit) = (status.applied, status.hard_state.commit);
        let change = changes.iter().find(|change| **change > applied && **change <= commit);
        Judge::campaigns(id, change.copied(), applied)?;
        Judge::campaigns_one_behind(id, changes.iter().filter(|change| **change > commit).count())
    }
}

/// Which entries of a proposal change the configuration, if any does.
pub(in super::super) fn proposed_changes(message: &Message) -> Option<Vec<bool>> {
    match &message.payload {
        Payload::Propose { entries, .. } if entries.iter().any(Entry::is_conf_change) => {
            Some(entries.iter().map(Entry::is_conf_change).collect())
        }
        _ => None,
    }
}

/// The change that an entry is.
pub(in super::super) fn change_of(entry: &Entry) -> Option<ConfChangeV2> {
    match entry.kind {
        EntryKind::ConfChange => {
            let change = ConfChange::decode(&*entry.data).ok()?;
            Some(AnyConfChange::from(change).into_v2())
        }
        _ => ConfChangeV2::decode(&*entry.data).ok(),
    }
}
