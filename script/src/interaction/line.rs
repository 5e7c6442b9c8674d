//! How messages print in the recordings: all kinds in one shape.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use quorate::message::{AppendResponse, Heartbeat, Payload, VoteResponse};
use quorate::ready::{AckKind, AppendTask, ApplyTask};
use quorate::types::{EntryId, Index, NodeId, Term};
use quorate::{Entry, HardState, Message, Snapshot};

use super::print::{entry, snapshot};

/// The names of all kinds that print.
pub(crate) const KINDS: [&str; 19] = [
    "MsgProp",
    "MsgApp",
    "MsgAppResp",
    "MsgVote",
    "MsgVoteResp",
    "MsgPreVote",
    "MsgPreVoteResp",
    "MsgSnap",
    "MsgHeartbeat",
    "MsgHeartbeatResp",
    "MsgTransferLeader",
    "MsgTransferRefused",
    "MsgTimeoutNow",
    "MsgReadIndex",
    "MsgReadIndexResp",
    "MsgStorageAppend",
    "MsgStorageAppendResp",
    "MsgStorageApply",
    "MsgStorageApplyResp",
];

/// Who speaks or is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Node(NodeId),
    AppendThread,
    ApplyThread,
}

impl FromStr for Party {
    type Err = ();

    /// A node by its number, as in all commands.
    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "AppendThread" => Ok(Self::AppendThread),
            "ApplyThread" => Ok(Self::ApplyThread),
            id => id.parse().map(Self::Node).map_err(|_| ()),
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => write!(f, "{id:x}"),
            Self::AppendThread => f.write_str("AppendThread"),
            Self::ApplyThread => f.write_str("ApplyThread"),
        }
    }
}

/// A message as the recordings know it: one shape for all kinds.
#[derive(Clone, Debug)]
pub(crate) struct Line<'a> {
    pub(crate) from: Party,
    pub(crate) to: Party,
    pub(crate) kind: &'static str,
    term: Term,
    log: EntryId,
    rejected: Option<Index>,
    commit: Index,
    vote: Option<NodeId>,
    entries: Cow<'a, [Entry]>,
    snapshot: Option<&'a Snapshot>,
    responses: Vec<String>,
}

impl<'a> Line<'a> {
    fn new(from: Party, to: Party, kind: &'static str, term: Term) -> Self {
        Self {
            from,
            to,
            kind,
            term,
            log: EntryId::default(),
            rejected: None,
            commit: 0,
            vote: None,
            entries: Cow::default(),
            snapshot: None,
            responses: Vec::new(),
        }
    }

    pub(crate) fn of_message(message: &'a Message) -> Self {
        let (from, to) = (Party::Node(message.from), Party::Node(message.to));
        let line = |kind| Self::new(from, to, kind, message.term);
        let at = |index| EntryId { term: 0, index };
        let context = |context: &bytes::Bytes| {
            let data = context.clone();
            Cow::from(vec![Entry::new(0, 0, data)])
        };
        match &message.payload {
            Payload::Propose { entries, .. } => Self {
                entries: entries.into(),
                ..line("MsgProp")
            },
            Payload::Append(append) => Self {
                log: append.prev,
                commit: append.commit,
                entries: append.entries.as_slice().into(),
                ..line("MsgApp")
            },
            Payload::AppendResponse(AppendResponse::Accepted { index, .. }) => Self {
                log: at(*index),
                ..line("MsgAppResp")
            },
            Payload::AppendResponse(AppendResponse::Diverged { committed, .. }) => Self {
                log: *committed,
                rejected: Some(committed.index),
                ..line("MsgAppResp")
            },
            Payload::AppendResponse(AppendResponse::Rejected { index, hint, .. }) => Self {
                log: EntryId {
                    term: hint.term,
                    index: *index,
                },
                rejected: Some(hint.index),
                ..line("MsgAppResp")
            },
            Payload::RequestVote(request) => Self {
                log: request.last,
                ..line(if request.pre_vote { "MsgPreVote" } else { "MsgVote" })
            },
            Payload::VoteResponse(VoteResponse { pre_vote, granted, .. }) => Self {
                rejected: (!granted).then_some(0),
                ..line(vote_response(*pre_vote))
            },
            Payload::InstallSnapshot(snapshot) => Self {
                snapshot: Some(&**snapshot),
                ..line("MsgSnap")
            },
            Payload::Heartbeat(Heartbeat { commit, .. }) => Self {
                commit: *commit,
                ..line("MsgHeartbeat")
            },
            Payload::HeartbeatResponse(_) => line("MsgHeartbeatResp"),
            Payload::TransferLeader { .. } => line("MsgTransferLeader"),
            Payload::TransferRefused { to, .. } => Self {
                log: at(*to),
                ..line("MsgTransferRefused")
            },
            Payload::TimeoutNow => line("MsgTimeoutNow"),
            Payload::ReadIndex { context: name, .. } => Self {
                entries: context(name),
                ..line("MsgReadIndex")
            },
            Payload::ReadIndexResponse {
                index, context: name, ..
            } => Self {
                log: at(*index),
                entries: context(name),
                ..line("MsgReadIndexResp")
            },
            other => line(other.name()),
        }
    }

    /// A node's own acknowledgement, given what the task that it belongs to held.
    pub(crate) fn of_ack(id: NodeId, ack: &AckKind, entries: &'a [Entry], snapshot: Option<&'a Snapshot>) -> Self {
        let node = Party::Node(id);
        match *ack {
            AckKind::Vote { term, pre_vote, .. } => Self::new(node, node, vote_response(pre_vote), term),
            AckKind::Append { term, index, .. } => Self {
                log: EntryId { term: 0, index },
                ..Self::new(node, node, "MsgAppResp", term)
            },
            AckKind::Stored { term, last, .. } => Self {
                log: last.unwrap_or_default(),
                snapshot,
                ..Self::new(Party::AppendThread, node, "MsgStorageAppendResp", term)
            },
            AckKind::Applied { .. } => Self {
                entries: entries.into(),
                ..Self::new(Party::ApplyThread, node, "MsgStorageApplyResp", 0)
            },
            // A kind that is newer than this runner.
            _ => Self::new(node, node, "MsgUnknownResp", 0),
        }
    }

    pub(crate) fn of_append_task(id: NodeId, task: &'a AppendTask, responses: Vec<String>) -> Self {
        let HardState { term, vote, commit, .. } = task.hard_state().unwrap_or_default();
        Self {
            commit,
            vote,
            entries: task.entries().as_slice().into(),
            snapshot: task.snapshot(),
            responses,
            ..Self::new(Party::Node(id), Party::AppendThread, "MsgStorageAppend", term)
        }
    }

    pub(crate) fn of_apply_task(id: NodeId, task: &'a ApplyTask, responses: Vec<String>) -> Self {
        Self {
            entries: task.entries().as_slice().into(),
            responses,
            ..Self::new(Party::Node(id), Party::ApplyThread, "MsgStorageApply", 0)
        }
    }
}

fn vote_response(pre_vote: bool) -> &'static str {
    if pre_vote { "MsgPreVoteResp" } else { "MsgVoteResp" }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from,
            to,
            kind,
            term,
            log,
            ..
        } = self;
        write!(f, "{from}->{to} {kind} Term:{term} Log:{log}")?;
        if let Some(hint) = self.rejected {
            write!(f, " Rejected (Hint: {hint})")?;
        }
        if self.commit != 0 {
            write!(f, " Commit:{}", self.commit)?;
        }
        if let Some(vote) = self.vote {
            write!(f, " Vote:{vote}")?;
        }
        match &self.entries[..] {
            [] => {}
            [one] => write!(f, " Entries:[{}]", entry(one))?,
            several => {
                f.write_str(" Entries:[")?;
                several.iter().try_for_each(|one| write!(f, "\n  {}", entry(one)))?;
                f.write_str("\n]")?;
            }
        }
        if let Some(some) = self.snapshot.filter(|snapshot| !snapshot.is_empty()) {
            write!(f, "\n  Snapshot: {}", snapshot(some))?;
        }
        if !self.responses.is_empty() {
            f.write_str(" Responses:[")?;
            let lines = self.responses.iter().flat_map(|response| response.lines());
            lines.into_iter().try_for_each(|line| write!(f, "\n  {line}"))?;
            f.write_str("\n]")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use quorate::message::{Append, AppendResponse, Payload, RequestVote, VoteResponse};
    use quorate::types::EntryId;
    use quorate::types::SnapshotMetadata;
    use quorate::{ConfState, Entry, Message, Snapshot};

    use super::Line;

    fn text(payload: Payload) -> String {
        let message = Message::new(10, 2, 3, payload);
        Line::of_message(&message).to_string()
    }

    fn entry(index: u64, data: &'static str) -> Entry {
        Entry::new(3, index, data)
    }

    #[test]
    fn messages() {
        let append = |entries| {
            Payload::Append(Append::new(
                EntryId { term: 1, index: 4 },
                2,
                quorate::Entries::from(entries),
            ))
        };
        assert_eq!(text(append(vec![])), "a->2 MsgApp Term:3 Log:1/4 Commit:2");
        let one = "a->2 MsgApp Term:3 Log:1/4 Commit:2 Entries:[3/5 EntryNormal \"x\"]";
        assert_eq!(text(append(vec![entry(5, "x")])), one);
        let two = "a->2 MsgApp Term:3 Log:1/4 Commit:2 Entries:[\n  3/5 EntryNormal \"x\"\n  3/6 EntryNormal \"\"\n]";
        assert_eq!(text(append(vec![entry(5, "x"), entry(6, "")])), two);
        let hint = EntryId { term: 1, index: 4 };
        let rejected = AppendResponse::rejected(9, hint);
        assert_eq!(
            text(Payload::AppendResponse(rejected)),
            "a->2 MsgAppResp Term:3 Log:1/9 Rejected (Hint: 4)"
        );
        let vote = RequestVote::new(hint).with_pre_vote(true).with_forced(true);
        assert_eq!(text(Payload::RequestVote(vote)), "a->2 MsgPreVote Term:3 Log:1/4");
        let refused = Payload::VoteResponse(VoteResponse::new(false));
        assert_eq!(text(refused), "a->2 MsgVoteResp Term:3 Log:0/0 Rejected (Hint: 0)");
    }

    #[test]
    fn snapshots() {
        let metadata = SnapshotMetadata::new(EntryId { term: 1, index: 5 }, ConfState::of_voters([3, 1]));
        let snapshot = Payload::install_snapshot(Snapshot::new(metadata, "x"));
        let rest = "Voters:[3 1] VotersOutgoing:[] Learners:[] LearnersNext:[] AutoLeave:false";
        let shown = format!("a->2 MsgSnap Term:3 Log:0/0\n  Snapshot: Index:5 Term:1 ConfState:{rest}");
        assert_eq!(text(snapshot), shown);
        let nothing = Payload::InstallSnapshot(Box::default());
        assert_eq!(text(nothing), "a->2 MsgSnap Term:3 Log:0/0");
    }
}
