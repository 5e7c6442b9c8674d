//! What nodes say to each other, typed: a message has exactly the fields of its kind.
//!
//! Local affairs (ticks, proposals, disk acknowledgements) are calls, not messages. How messages
//! look as bytes is `wire.rs`'s business.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::entries::Entries;
use crate::error::TransferRefusal;
use crate::types::{ClusterId, Entry, EntryId, Identity, Index, NodeId, Snapshot, Term};

/// A message from one node of a group to another.
///
/// [`Message::encode`] and [`Message::decode`] turn it into bytes and back.
///
/// ```
/// use quorate::Message;
/// use quorate::message::Payload;
/// let order = Message::new(1, 2, 3, Payload::TimeoutNow).with_cluster_id(77);
/// assert_eq!(order.to_string(), "1->2 TimeoutNow term=3");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Message {
    /// Who sent it; a forwarded call keeps its first sender.
    pub from: NodeId,
    /// Who it is for.
    pub to: NodeId,
    /// The sender's term (in a pre-vote, and in the answer that grants it, the term that the candidate
    /// would have); zero for [`Payload::Propose`] and [`Payload::ReadIndex`], which carry none.
    pub term: Term,
    /// The sender's group: [`Config::cluster_id`](crate::Config::cluster_id); zero if it has none, as nodes of
    /// etcd-io/raft.
    pub cluster_id: ClusterId,
    /// The sender's store, in vote requests and in responses: its
    /// [identity](crate::storage::InitialState::identity); zero if it has none, and in every other kind.
    pub identity: Identity,
    /// What it says.
    pub payload: Payload,
}

impl Message {
    /// A message that names no group.
    pub fn new(from: NodeId, to: NodeId, term: Term, payload: Payload) -> Self {
        Self {
            from,
            to,
            term,
            cluster_id: 0,
            identity: 0,
            payload,
        }
    }

    /// The same from a node of this group.
    #[must_use]
    pub fn with_cluster_id(self, cluster_id: ClusterId) -> Self {
        Self { cluster_id, ..self }
    }

    /// The same from a node with this store.
    #[must_use]
    pub fn with_identity(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }
}

/// What a message says. The paper's RPCs and, in brackets, the names on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Payload {
    /// A proposal forwarded to the leader (`MsgProp`).
    Propose {
        /// What is proposed; term and index are not set yet.
        entries: Vec<Entry>,
    },
    /// `AppendEntries` with or without entries, Figure 2 (`MsgApp`).
    Append(Append),
    /// The answer to an append or a snapshot (`MsgAppResp`).
    AppendResponse(AppendResponse),
    /// `RequestVote`, Figure 2 (`MsgVote`), or its rehearsal, thesis 9.6 (`MsgPreVote`).
    RequestVote(RequestVote),
    /// The answer to it (`MsgVoteResp`, `MsgPreVoteResp`).
    VoteResponse {
        /// Whether this answers a rehearsal.
        pre_vote: bool,
        /// Whether the vote was granted.
        granted: bool,
        /// The last entry that the sender knows to be committed; index 0 tells nothing.
        committed: EntryId,
    },
    /// `InstallSnapshot`, section 7 (`MsgSnap`).
    InstallSnapshot(Box<Snapshot>),
    /// The leader lives; with a context it also asks "am I still?" (`MsgHeartbeat`).
    Heartbeat {
        /// Commit index, as far as the recipient is known to hold the log.
        commit: Index,
        /// Echoed in the answer.
        context: Bytes,
    },
    /// The answer (`MsgHeartbeatResp`).
    HeartbeatResponse {
        /// The context of the heartbeat.
        context: Bytes,
        /// Ticks for which the sender promises to elect nobody else; `None` promises nothing.
        promised_ticks: Option<u64>,
    },
    /// Please hand leadership to `from` (`MsgTransferLeader`).
    TransferLeader {
        /// Who was asked for it and passed it on, and hears of a refusal; `None`: the transferee itself, or
        /// a node of etcd-io/raft.
        asker: Option<NodeId>,
    },
    /// The leader's answer, to the asker, if it does not hand over (an extension, `MsgTransferRefused`).
    TransferRefused {
        /// Who was to lead.
        to: NodeId,
        /// Why not.
        reason: TransferRefusal,
    },
    /// Campaign at once, thesis 3.10 (`MsgTimeoutNow`).
    TimeoutNow,
    /// A read that a follower forwards to its leader, thesis 6.4 (`MsgReadIndex`).
    ReadIndex {
        /// The caller's name for the read.
        context: Bytes,
    },
    /// The leader's answer (`MsgReadIndexResp`).
    ReadIndexResponse {
        /// The read may be served once this index is applied.
        index: Index,
        /// The caller's name for the read.
        context: Bytes,
    },
}

/// `AppendEntries` (Figure 2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Append {
    /// The entry immediately preceding `entries` (prevLogTerm, prevLogIndex).
    pub prev: EntryId,
    /// The leader's commit index.
    pub commit: Index,
    /// Entries to store; none in a probe or a mere commit notice.
    pub entries: Entries,
    /// Index of the configuration change by which the recipient joined while the sender led; 0 if it
    /// was a member before. It tells the answer from one that a node gave before it was removed and
    /// added again.
    pub joined: Index,
    /// Without entries: the recipient has acknowledged `prev` already, so that only `commit` is news. An
    /// acceptance would tell nothing, and is not sent.
    pub notice: bool,
}

/// The answer to `AppendEntries` or `InstallSnapshot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AppendResponse {
    /// The log matches the leader's up to here, durably.
    Accepted {
        /// Last index that is known to match.
        index: Index,
        /// [`Append::joined`] of the append that this answers, 0 in the answer to a snapshot; `None`
        /// from a node of etcd-io/raft.
        joined: Option<Index>,
    },
    /// What was sent contradicts what is committed here: one of the two stores lost something. Nothing was
    /// appended.
    Diverged {
        /// The committed entry here; the terms are the same if only the data differs.
        committed: EntryId,
    },
    /// The preceding entry was not there.
    Rejected {
        /// The index of the preceding entry that was asked for.
        index: Index,
        /// Where the logs may agree: the last entry whose term is not above the leader's at the
        /// asked index; term 0 when unknown.
        hint: EntryId,
    },
}

/// `RequestVote` (Figure 2).
///
/// ```
/// use quorate::EntryId;
/// use quorate::message::RequestVote;
/// let request = RequestVote::new(EntryId { term: 2, index: 7 }).with_pre_vote(true);
/// assert!(request.pre_vote && !request.forced);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RequestVote {
    /// A rehearsal that changes nobody's term (thesis 9.6).
    pub pre_vote: bool,
    /// The candidate's last entry.
    pub last: EntryId,
    /// The leader itself ordered this election (thesis 4.2.3), so that its lease does not forbid it.
    pub forced: bool,
    /// The last entry that the candidate knows to be committed; index 0 tells nothing.
    pub committed: EntryId,
    /// The candidate's configuration is as of this index; 0 from a node of etcd-io/raft.
    pub configured_at: Index,
}

impl RequestVote {
    /// A request of a candidate whose log ends with `last`, which tells nothing of what is committed.
    pub fn new(last: EntryId) -> Self {
        Self {
            pre_vote: false,
            last,
            forced: false,
            committed: EntryId::default(),
            configured_at: 0,
        }
    }

    /// The same as a pre-vote, or not.
    #[must_use]
    pub fn with_pre_vote(self, pre_vote: bool) -> Self {
        Self { pre_vote, ..self }
    }

    /// The same ordered by the leader, or not.
    #[must_use]
    pub fn with_forced(self, forced: bool) -> Self {
        Self { forced, ..self }
    }

    /// The same with what the candidate knows to be committed.
    #[must_use]
    pub fn with_committed(self, committed: EntryId) -> Self {
        Self { committed, ..self }
    }

    /// The same with the index that the candidate's configuration is as of.
    #[must_use]
    pub fn with_configured_at(self, configured_at: Index) -> Self {
        Self { configured_at, ..self }
    }
}

impl Payload {
    /// Whether this answers something we must have said, so that strangers have no business sending it.
    pub fn is_response(&self) -> bool {
        match self {
            Self::AppendResponse(_)
            | Self::VoteResponse { .. }
            | Self::HeartbeatResponse { .. }
            | Self::ReadIndexResponse { .. }
            | Self::TransferRefused { .. } => true,
            Self::Propose { .. }
            | Self::Append(_)
            | Self::RequestVote(_)
            | Self::InstallSnapshot(_)
            | Self::Heartbeat { .. }
            | Self::TransferLeader { .. }
            | Self::TimeoutNow
            | Self::ReadIndex { .. } => false,
        }
    }

    /// Whether messages of this kind name their sender's store: what counts for a quorum, or asks for what does.
    pub fn carries_identity(&self) -> bool {
        self.is_response() || matches!(self, Self::RequestVote(_))
    }

    /// Whether this asks for a vote, answers that, or orders a campaign.
    #[inline]
    pub(crate) fn is_about_elections(&self) -> bool {
        matches!(
            self,
            Self::RequestVote(_) | Self::VoteResponse { .. } | Self::TimeoutNow
        )
    }

    /// Whether only the leader of its term says this.
    pub(crate) fn is_leaders(&self) -> bool {
        matches!(
            self,
            Self::Append(_) | Self::Heartbeat { .. } | Self::InstallSnapshot(_)
        )
    }

    /// Whether this is about a round of heartbeats that reads wait for.
    pub(crate) fn is_for_reads(&self) -> bool {
        match self {
            Self::Heartbeat { context, .. } | Self::HeartbeatResponse { context, .. } => !context.is_empty(),
            _ => false,
        }
    }

    /// Whether a follower passes this on to its leader under the first sender's name.
    pub fn is_forwarded(&self) -> bool {
        matches!(
            self,
            Self::Propose { .. } | Self::ReadIndex { .. } | Self::TransferLeader { .. }
        )
    }

    /// Whether messages of this kind carry their sender's term.
    pub fn carries_term(&self) -> bool {
        !matches!(self, Self::Propose { .. } | Self::ReadIndex { .. })
    }

    /// A short name for logs and events.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Propose { .. } => "Propose",
            Self::Append(_) => "Append",
            Self::AppendResponse(_) => "AppendResponse",
            Self::RequestVote(request) if request.pre_vote => "PreVote",
            Self::RequestVote(_) => "RequestVote",
            Self::VoteResponse { pre_vote: true, .. } => "PreVoteResponse",
            Self::VoteResponse { .. } => "VoteResponse",
            Self::InstallSnapshot(_) => "InstallSnapshot",
            Self::Heartbeat { .. } => "Heartbeat",
            Self::HeartbeatResponse { .. } => "HeartbeatResponse",
            Self::TransferLeader { .. } => "TransferLeader",
            Self::TransferRefused { .. } => "TransferRefused",
            Self::TimeoutNow => "TimeoutNow",
            Self::ReadIndex { .. } => "ReadIndex",
            Self::ReadIndexResponse { .. } => "ReadIndexResponse",
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            from,
            to,
            term,
            payload,
            ..
        } = self;
        write!(f, "{from}->{to} {} term={term}", payload.name())?;
        match payload {
            Payload::Propose { entries } => write_entries(f, entries),
            Payload::Append(append) => {
                write!(f, " prev={} commit={}", append.prev, append.commit)?;
                if append.joined > 0 {
                    write!(f, " joined={}", append.joined)?;
                }
                f.write_str(if append.notice { " notice" } else { "" })?;
                write_entries(f, &append.entries)
            }
            Payload::AppendResponse(AppendResponse::Accepted { index, .. }) => write!(f, " accepted={index}"),
            Payload::AppendResponse(AppendResponse::Diverged { committed }) => write!(f, " diverged={committed}"),
            Payload::AppendResponse(AppendResponse::Rejected { index, hint }) => {
                write!(f, " rejected={index} hint={hint}")
            }
            Payload::RequestVote(request) => {
                write!(
                    f,
                    " last={}{}",
                    request.last,
                    if request.forced { " forced" } else { "" }
                )
            }
            Payload::VoteResponse { granted, .. } => {
                write!(f, "{}", if *granted { " granted" } else { " refused" })
            }
            Payload::InstallSnapshot(snapshot) => {
                write!(f, " snapshot={} bytes={}", snapshot.id(), snapshot.data.len())
            }
            Payload::Heartbeat { commit, .. } => write!(f, " commit={commit}"),
            Payload::HeartbeatResponse { promised_ticks, .. } => match promised_ticks {
                Some(ticks) => write!(f, " promised={ticks}"),
                None => Ok(()),
            },
            Payload::ReadIndexResponse { index, .. } => write!(f, " index={index}"),
            Payload::TransferLeader { asker: Some(asker) } => write!(f, " asker={asker}"),
            Payload::TransferRefused { to, reason } => write!(f, " to={to}: {reason}"),
            Payload::TransferLeader { asker: None } | Payload::TimeoutNow | Payload::ReadIndex { .. } => Ok(()),
        }
    }
}

fn write_entries(f: &mut fmt::Formatter<'_>, entries: &[Entry]) -> fmt::Result {
    for (position, entry) in entries.iter().enumerate() {
        f.write_str(if position == 0 { " entries=[" } else { ", " })?;
        write!(f, "{entry}")?;
    }
    f.write_str(if entries.is_empty() { "" } else { "]" })
}
