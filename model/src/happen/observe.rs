//! What is looked at after each call: the node that it was made to.

use quorate::status::RoleKind;
use quorate::{EntryId, Event, Index, RawNode, Status, Storage};
use quorate_sim::Verdict;
use quorate_sim::judge::Judge;

use super::{Counted, Turn, unexpected};
use crate::disk::WorldDisk;
use crate::member::Seen;
use crate::note::Note;

impl Turn<'_> {
    pub(super) fn observe(&mut self) -> Verdict {
        let id = self.id();
        let Some(node) = self.effect.member.node_mut() else {
            return Ok(());
        };
        if let Some(fault) = node.poisoned() {
            return Err(unexpected(id, "poisoned", fault));
        }
        let events = node.take_events();
        let status = node.status();
        for event in &events {
            self.on_event(event)?;
        }
        let follows = status.soft_state.role == RoleKind::Follower;
        Judge::disowned(id, status.disowned && !follows, status.soft_state.role)?;
        let before = self.effect.member.seen;
        let (term, commit) = (status.hard_state.term, status.hard_state.commit);
        Judge::monotone(id, "term", before.term, term)?;
        Judge::monotone(id, "commit index", before.commit, commit)?;
        self.effect.member.seen = Seen {
            role: status.soft_state.role,
            term,
            commit,
            leader: status.soft_state.leader,
            ..if term == before.term { before } else { Seen::default() }
        };
        if status.soft_state.role == RoleKind::Leader {
            self.observe_leader(before, &status)?;
        } else {
            self.effect.member.seen.lease = false;
            self.effect.member.seen.begins = false;
        }
        Ok(())
    }

    fn observe_leader(&mut self, before: Seen, status: &Status) -> Verdict {
        let id = self.id();
        let (term, commit) = (status.hard_state.term, status.hard_state.commit);
        let begins = before.role != RoleKind::Leader || before.term != term;
        if begins {
            let member = &mut self.effect.member;
            let durable = member.durable.hard_state;
            Judge::elected(id, member.node().map_or(0, unapplied_changes))?;
            member.seen.begins = true;
            self.note(Note::Leads(id, term, durable));
        }
        let member = &mut self.effect.member;
        member.seen.lease = status.lease_ticks > 0 && member.log.term(commit) == Some(term);
        if commit > before.commit {
            let log = member.log.clone();
            self.note(Note::Commits(id, term, commit, log));
            if !begins {
                self.count(commit);
            }
        }
        Ok(())
    }

    /// A leader counts this as committed, by the configuration that it has.
    fn count(&mut self, commit: Index) {
        let member = &self.effect.member;
        let (Some(node), Some(term)) = (member.node(), member.log.term(commit)) else {
            return;
        };
        self.effect.commits.push(Counted {
            entry: EntryId { term, index: commit },
            members: node.membership().conf_state(),
            groups: node.config().settings().commit_groups.clone(),
        });
    }

    fn on_event(&mut self, event: &Event) -> Verdict {
        let (id, excused) = (self.id(), self.rules.disks_forget);
        match event {
            Event::Diverged { .. } | Event::PeerDiverged { .. } | Event::SecondLeader { .. } => {
                Judge::agrees(id, event, excused)
            }
            Event::EntriesLost { .. } => Judge::keeps_entries(id, event, excused),
            _ => Ok(()),
        }
    }
}

/// Changes of the configuration in a log that are not applied.
fn unapplied_changes(node: &RawNode<WorldDisk>) -> usize {
    let (from, last) = (node.status().applied + 1, node.storage().last_index());
    let entries = last.and_then(|last| node.storage().entries(from, last + 1, u64::MAX));
    entries.map_or(0, |entries| {
        entries.iter().filter(|entry| entry.is_conf_change()).count()
    })
}
