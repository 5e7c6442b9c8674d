//! `RequestVote` and its response (Figure 2), and pre-votes (thesis 9.6).

use crate::types::{EntryId, Index};

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
    /// A pre-vote, which changes nobody's term (thesis 9.6).
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

/// The response to [`RequestVote`].
///
/// ```
/// use quorate::message::VoteResponse;
/// assert!(VoteResponse::new(true).granted && !VoteResponse::new(true).pre_vote);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct VoteResponse {
    /// Whether this responds to a pre-vote.
    pub pre_vote: bool,
    /// Whether the vote was granted.
    pub granted: bool,
    /// The last entry that the sender knows to be committed; index 0 tells nothing.
    pub committed: EntryId,
}

impl VoteResponse {
    /// A vote that was granted, or not, which tells nothing of what is committed.
    pub fn new(granted: bool) -> Self {
        Self {
            pre_vote: false,
            granted,
            committed: EntryId::default(),
        }
    }

    /// The same in response to a pre-vote, or not.
    #[must_use]
    pub fn with_pre_vote(self, pre_vote: bool) -> Self {
        Self { pre_vote, ..self }
    }

    /// The same with what the sender knows to be committed.
    #[must_use]
    pub fn with_committed(self, committed: EntryId) -> Self {
        Self { committed, ..self }
    }
}
