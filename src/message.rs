//! What nodes say to each other, typed: a message has exactly the fields of its kind.
//!
//! Local affairs (ticks, proposals, disk acknowledgements) are calls, not messages. How messages
//! look as bytes is `wire.rs`'s business.

mod append;
mod display;
mod heartbeat;
mod vote;

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

pub use self::append::{Append, AppendResponse};
pub use self::heartbeat::{Heartbeat, HeartbeatResponse};
pub use self::vote::{RequestVote, VoteResponse};
use crate::config::ReadMode;
use crate::error::TransferRefusal;
use crate::types::{ClusterId, Entry, Identity, Index, NodeId, Snapshot, Term};

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
    /// The sender's term (in a pre-vote, and in the response that grants it, the term that the candidate
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
#[non_exhaustive]
pub enum Payload {
    /// A proposal forwarded to the leader (`MsgProp`).
    #[non_exhaustive]
    Propose {
        /// What is proposed; term and index are not set yet.
        entries: Vec<Entry>,
    },
    /// `AppendEntries` with or without entries, Figure 2 (`MsgApp`).
    Append(Append),
    /// The response to an append or a snapshot (`MsgAppResp`).
    AppendResponse(AppendResponse),
    /// `RequestVote`, Figure 2 (`MsgVote`), or a pre-vote, thesis 9.6 (`MsgPreVote`).
    RequestVote(RequestVote),
    /// The response to it (`MsgVoteResp`, `MsgPreVoteResp`).
    VoteResponse(VoteResponse),
    /// `InstallSnapshot`, section 7 (`MsgSnap`).
    InstallSnapshot(Box<Snapshot>),
    /// The leader lives; with a context it also asks "am I still the leader?" (`MsgHeartbeat`).
    Heartbeat(Heartbeat),
    /// The response (`MsgHeartbeatResp`).
    HeartbeatResponse(HeartbeatResponse),
    /// Please hand leadership to `from` (`MsgTransferLeader`).
    #[non_exhaustive]
    TransferLeader {
        /// Who was asked for it and passed it on, and hears of a refusal; `None`: the transferee itself, or
        /// a node of etcd-io/raft.
        asker: Option<NodeId>,
    },
    /// The leader's response, to the asker, if it does not hand over (an extension, `MsgTransferRefused`).
    #[non_exhaustive]
    TransferRefused {
        /// Who was to lead.
        to: NodeId,
        /// Why not.
        reason: TransferRefusal,
    },
    /// Campaign at once, thesis 3.10 (`MsgTimeoutNow`).
    TimeoutNow,
    /// A read that a follower forwards to its leader, thesis 6.4 (`MsgReadIndex`).
    #[non_exhaustive]
    ReadIndex {
        /// The caller's name for the read.
        context: Bytes,
        /// How it is to be confirmed; `None`: as the leader's settings say.
        mode: Option<ReadMode>,
    },
    /// The leader's response (`MsgReadIndexResp`).
    #[non_exhaustive]
    ReadIndexResponse {
        /// The read may be served once this index is applied.
        index: Index,
        /// The caller's name for the read.
        context: Bytes,
    },
}

impl Payload {
    /// A forwarded proposal of these entries.
    pub fn propose(entries: Vec<Entry>) -> Self {
        Self::Propose { entries }
    }

    /// A snapshot to install.
    pub fn install_snapshot(snapshot: Snapshot) -> Self {
        Self::InstallSnapshot(Box::new(snapshot))
    }

    /// A wish to lead, passed on by `asker` if it is not the transferee's own.
    pub fn transfer_leader(asker: Option<NodeId>) -> Self {
        Self::TransferLeader { asker }
    }

    /// The response to a wish that `to` may lead.
    pub fn transfer_refused(to: NodeId, reason: TransferRefusal) -> Self {
        Self::TransferRefused { to, reason }
    }

    /// A read that is forwarded under this name, to be confirmed as the leader's settings say.
    pub fn read_index(context: impl Into<Bytes>) -> Self {
        let (context, mode) = (context.into(), None);
        Self::ReadIndex { context, mode }
    }

    /// The same, to be confirmed in this mode.
    pub fn read_index_with(mode: ReadMode, context: impl Into<Bytes>) -> Self {
        let (context, mode) = (context.into(), Some(mode));
        Self::ReadIndex { context, mode }
    }

    /// The response to the read of this name.
    pub fn read_index_response(index: Index, context: impl Into<Bytes>) -> Self {
        let context = context.into();
        Self::ReadIndexResponse { index, context }
    }

    /// Whether this is a response. Responses are accepted from members only, but for what a leader says to
    /// whoever asked it.
    pub fn is_response(&self) -> bool {
        match self {
            Self::AppendResponse(_)
            | Self::VoteResponse(_)
            | Self::HeartbeatResponse(_)
            | Self::ReadIndexResponse { .. }
            | Self::TransferRefused { .. } => true,
            Self::Propose { .. }
            | Self::Append(_)
            | Self::RequestVote(_)
            | Self::InstallSnapshot(_)
            | Self::Heartbeat(_)
            | Self::TransferLeader { .. }
            | Self::TimeoutNow
            | Self::ReadIndex { .. } => false,
        }
    }

    /// Whether messages of this kind name their sender's store: what counts for a
    /// quorum, or asks for what does.
    pub fn carries_identity(&self) -> bool {
        self.is_response() || matches!(self, Self::RequestVote(_))
    }

    /// Whether this asks for a vote, responds to that, or orders a campaign.
    #[inline]
    pub(crate) fn is_about_elections(&self) -> bool {
        matches!(self, Self::RequestVote(_) | Self::VoteResponse(_) | Self::TimeoutNow)
    }

    /// Whether only the leader of its term says this.
    pub(crate) fn is_leaders(&self) -> bool {
        matches!(self, Self::Append(_) | Self::Heartbeat(_) | Self::InstallSnapshot(_))
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
            Self::VoteResponse(VoteResponse { pre_vote: true, .. }) => "PreVoteResponse",
            Self::VoteResponse(_) => "VoteResponse",
            Self::InstallSnapshot(_) => "InstallSnapshot",
            Self::Heartbeat(_) => "Heartbeat",
            Self::HeartbeatResponse(_) => "HeartbeatResponse",
            Self::TransferLeader { .. } => "TransferLeader",
            Self::TransferRefused { .. } => "TransferRefused",
            Self::TimeoutNow => "TimeoutNow",
            Self::ReadIndex { .. } => "ReadIndex",
            Self::ReadIndexResponse { .. } => "ReadIndexResponse",
        }
    }
}
