//! A leader's heartbeat and its response.

use bytes::Bytes;

use crate::types::Index;

/// The leader lives; with a context it also asks "am I still the leader?" (section 8).
///
/// ```
/// use quorate::message::Heartbeat;
/// assert_eq!(Heartbeat::new(7).with_context("r1").context, "r1");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Heartbeat {
    /// Commit index, as far as the recipient is known to hold the log.
    pub commit: Index,
    /// Echoed in the response; empty where no read waits.
    pub context: Bytes,
}

impl Heartbeat {
    /// A heartbeat that no read waits for.
    pub fn new(commit: Index) -> Self {
        Self {
            commit,
            context: Bytes::new(),
        }
    }

    /// The same with a context to be echoed.
    #[must_use]
    pub fn with_context(self, context: impl Into<Bytes>) -> Self {
        let context = context.into();
        Self { context, ..self }
    }
}

/// The response to [`Heartbeat`].
///
/// ```
/// use quorate::message::HeartbeatResponse;
/// assert_eq!(HeartbeatResponse::new("r1").with_promised_ticks(Some(10)).promised_ticks, Some(10));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct HeartbeatResponse {
    /// The context of the heartbeat.
    pub context: Bytes,
    /// Ticks for which the sender promises to elect nobody else; `None` promises nothing.
    pub promised_ticks: Option<u64>,
    /// The sender's [`election_rank`](crate::Settings::election_rank); 0 from a node of etcd-io/raft.
    pub rank: u8,
    /// The sender [asks for a snapshot](crate::RawNode::request_snapshot) that covers at least this index; 0: for none.
    pub snapshot_request: Index,
}

impl HeartbeatResponse {
    /// The response to a heartbeat with this context, which promises nothing.
    pub fn new(context: impl Into<Bytes>) -> Self {
        Self {
            context: context.into(),
            promised_ticks: None,
            rank: 0,
            snapshot_request: 0,
        }
    }

    /// The same from a node of this rank.
    #[must_use]
    pub fn with_rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// The same from a node that asks for a snapshot that covers at least this index.
    #[must_use]
    pub fn with_snapshot_request(self, snapshot_request: Index) -> Self {
        Self {
            snapshot_request,
            ..self
        }
    }

    /// The same with a promise of so many ticks.
    #[must_use]
    pub fn with_promised_ticks(self, promised_ticks: Option<u64>) -> Self {
        Self { promised_ticks, ..self }
    }
}
