//! How Readies, entries, snapshots and peers print in the recordings.

use std::fmt::{self, Write};

use quorate::ready::ReadState;
use quorate::status::{ProgressStatus, ReplicationState, RoleKind, SoftState};
use quorate::types::{EntryKind, NodeId, SnapshotMetadata};
use quorate::{ConfState, Entry, HardState, Snapshot};

use quorate_sim::command::quote;

/// What a Ready holds, collected while it is taken apart.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) must_sync: bool,
    pub(crate) soft_state: Option<SoftState>,
    pub(crate) hard_state: Option<HardState>,
    pub(crate) read_states: Vec<ReadState>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) snapshot: Option<Snapshot>,
    pub(crate) committed: Vec<Entry>,
    /// As they print.
    pub(crate) messages: Vec<String>,
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body();
        if body.is_empty() {
            return f.write_str("<empty Ready>");
        }
        write!(f, "Ready MustSync={}:\n{body}", self.must_sync)
    }
}

impl Batch {
    fn body(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        if let Some(SoftState { leader, role, .. }) = self.soft_state {
            lines.push(format!("Lead:{} State:{}", leader.unwrap_or(0), state(role)));
        }
        if let Some(HardState { term, vote, commit, .. }) = self.hard_state {
            let vote = vote.map_or_else(String::new, |vote| format!(" Vote:{vote}"));
            lines.push(format!("HardState Term:{term}{vote} Commit:{commit}"));
        }
        if !self.read_states.is_empty() {
            let reads = self.read_states.iter().map(read).collect::<Vec<_>>();
            lines.push(format!("ReadStates {}", reads.join(" ")));
        }
        if !self.entries.is_empty() {
            lines.push("Entries:".to_owned());
            lines.extend(self.entries.iter().map(entry));
        }
        if let Some(some) = &self.snapshot {
            lines.push(format!("Snapshot {}", snapshot(some)));
        }
        if !self.committed.is_empty() {
            lines.push("CommittedEntries:".to_owned());
            lines.extend(self.committed.iter().map(entry));
        }
        if !self.messages.is_empty() {
            lines.push("Messages:".to_owned());
            lines.extend(self.messages.iter().cloned());
        }
        lines.join("\n")
    }
}

fn read(read: &ReadState) -> String {
    let name = quote(&read.context);
    match read.outcome {
        Ok(index) => format!("{name}:{index}"),
        Err(refusal) => format!("{name}:{refusal:?}"),
    }
}

/// `TERM/INDEX EntryNormal "data"`.
pub(crate) fn entry(entry: &Entry) -> String {
    let kind = match entry.kind {
        EntryKind::Normal => "EntryNormal",
        EntryKind::ConfChange => "EntryConfChange",
        EntryKind::ConfChangeV2 => "EntryConfChangeV2",
    };
    let content = content(entry);
    let blank = if content.is_empty() { "" } else { " " };
    format!("{} {kind}{blank}{content}", entry.id())
}

fn content(entry: &Entry) -> String {
    match entry.conf_change() {
        None => quote(&entry.data),
        Some(Ok(change)) => change.to_string(),
        Some(Err(error)) => error.to_string(),
    }
}

/// What a snapshot stands for.
pub(crate) fn snapshot(snapshot: &Snapshot) -> String {
    let SnapshotMetadata {
        index,
        term,
        conf_state: members,
        ..
    } = &snapshot.metadata;
    format!("Index:{index} Term:{term} ConfState:{}", conf_state(members))
}

/// Who is in the group.
pub(crate) fn conf_state(conf_state: &ConfState) -> String {
    format!(
        "Voters:{} VotersOutgoing:{} Learners:{} LearnersNext:{} AutoLeave:{}",
        list(&conf_state.voters),
        list(&conf_state.voters_outgoing),
        list(&conf_state.learners),
        list(&conf_state.learners_next),
        conf_state.auto_leave,
    )
}

fn list(ids: &[NodeId]) -> String {
    let ids: Vec<String> = ids.iter().map(NodeId::to_string).collect();
    format!("[{}]", ids.join(" "))
}

/// The name of a role.
pub(crate) fn state(role: RoleKind) -> &'static str {
    match role {
        RoleKind::Follower => "StateFollower",
        RoleKind::PreCandidate => "StatePreCandidate",
        RoleKind::Candidate => "StateCandidate",
        RoleKind::Leader => "StateLeader",
    }
}

/// A peer as the leader sees it.
pub(crate) fn progress(peer: &ProgressStatus) -> String {
    let (state, pending) = match peer.state {
        ReplicationState::Probe => ("StateProbe", 0),
        ReplicationState::Replicate => ("StateReplicate", 0),
        ReplicationState::Snapshot { pending } => ("StateSnapshot", pending.index),
    };
    let mut text = format!("{}: {state} match={} next={}", peer.id, peer.matched, peer.next);
    let flag = |is: bool, word: &str| {
        if is { format!(" {word}") } else { String::new() }
    };
    text += &flag(peer.learner, "learner");
    text += &flag(peer.paused, "paused");
    text += &flag(pending > 0, &format!("pendingSnap={pending}"));
    text += &flag(!peer.recent_active, "inactive");
    if peer.inflight > 0 {
        let full = if peer.inflight_full { "[full]" } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, " inflight={}{full}", peer.inflight);
    }
    text
}

#[cfg(test)]
mod tests {
    use quorate::ready::ReadState;
    use quorate::status::{RoleKind, SoftState};
    use quorate::{Entry, HardState};

    use super::Batch;

    fn entry(index: u64, data: &'static str) -> Entry {
        Entry::new(3, index, data)
    }

    #[test]
    fn readies() {
        assert_eq!(Batch::default().to_string(), "<empty Ready>");
        let batch = Batch {
            must_sync: true,
            soft_state: Some(SoftState::new(None, RoleKind::Candidate)),
            hard_state: Some(HardState::new(1, Some(1), 2)),
            read_states: vec![ReadState::new("r", Ok(2))],
            entries: vec![entry(3, "y")],
            committed: vec![entry(2, "x")],
            ..Batch::default()
        };
        let shown = [
            "Ready MustSync=true:",
            "Lead:0 State:StateCandidate",
            "HardState Term:1 Vote:1 Commit:2",
            "ReadStates \"r\":2",
            "Entries:",
            "3/3 EntryNormal \"y\"",
            "CommittedEntries:",
            "3/2 EntryNormal \"x\"",
        ];
        assert_eq!(batch.to_string(), shown.join("\n"));
    }
}
