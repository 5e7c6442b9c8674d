//! What is looked at after each call: the node that it was made to.

use quorate::quorum::{Joint, Majority};
use quorate::status::RoleKind;
use quorate::{EntryId, Event, Index, NodeId, RawNode, Status, Storage};
use quorate_sim::Verdict;
use quorate_sim::judge::Judge;

use super::{Counted, Elected, Turn, unexpected};
use crate::disk::WorldDisk;
use crate::member::{Led, Peer, Seen};
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
        Judge::silence_ends(id, before.silent, status.silent_ticks)?;
        self.effect.member.seen = Seen {
            role: status.soft_state.role,
            term,
            commit,
            leader: status.soft_state.leader,
            promised: status.promised_ticks,
            silent: status.silent_ticks,
            ..if term == before.term { before } else { Seen::default() }
        };
        if status.soft_state.role == RoleKind::Leader {
            self.observe_leader(before, &status)?;
        } else {
            self.effect.member.seen.lease = false;
            self.effect.member.seen.begins = false;
            self.effect.member.led = Led::default();
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
            Judge::elected(id, member.node().map_or(0, |node| unapplied_changes(node).len()))?;
            member.seen.begins = true;
            let members = member.node().map(|node| node.membership().conf_state());
            self.effect.elected = members.map(|members| Elected { term, members });
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
        self.observe_led(begins, status)
    }

    /// What it counts on: of its peers, and for its lease.
    fn observe_led(&mut self, begins: bool, status: &Status) -> Verdict {
        let id = self.id();
        let member = &mut self.effect.member;
        let before = if begins {
            Led::default()
        } else {
            std::mem::take(&mut member.led)
        };
        let Some(node) = member.node() else { return Ok(()) };
        let peers = node.progress().map(|progress| Peer {
            id: progress.id,
            matched: progress.matched,
            promised: progress.promised_ticks,
        });
        let led = Led {
            peers: peers.collect(),
            lease: status.lease_ticks,
            gave_up: before.gave_up,
        };
        for peer in &led.peers {
            let known = before.peers.iter().find(|known| known.id == peer.id);
            Judge::matched_grows(id, peer.id, known.map_or(0, |known| known.matched), peer.matched)?;
        }
        if node.config().settings().commit_groups.is_empty() {
            let matched = |id| led.peers.iter().find(|peer| peer.id == id).map(|peer| peer.matched);
            let (held, commit) = (held(node.membership().voters(), matched), status.hard_state.commit);
            Judge::held_is_committed(id, status.hard_state.term, held, member.log.term(held), commit)?;
        }
        if led.lease > 0 {
            let voter = node.membership().is_voter(id);
            Judge::lease_may_be_held(id, voter, unapplied_changes(node).first().copied(), led.gave_up)?;
        }
        member.led = led;
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
pub(super) fn unapplied_changes(node: &RawNode<WorldDisk>) -> Vec<Index> {
    let (from, last) = (node.status().applied + 1, node.storage().last_index());
    let entries = last.and_then(|last| node.storage().entries(from, last + 1, u64::MAX));
    let changes = entries.into_iter().flatten().filter(quorate::Entry::is_conf_change);
    changes.map(|entry| entry.index).collect()
}

/// Up to where a quorum of each half is known to match.
fn held(voters: &Joint, matched: impl Fn(NodeId) -> Option<Index>) -> Index {
    let half = |half: &Majority| {
        let mut held: Vec<Index> = half.ids().iter().map(|id| matched(*id).unwrap_or(0)).collect();
        held.sort_unstable();
        held.get(held.len().saturating_sub(1) / 2).copied()
    };
    let incoming = half(voters.incoming()).unwrap_or(0);
    half(voters.outgoing()).map_or(incoming, |outgoing| outgoing.min(incoming))
}
