//! Who gets this server's vote: sections 5.2 and 5.4.1, Figure 2 (`RequestVote` RPC), thesis 9.6.

use crate::event::VoteRefusal;
use crate::message::RequestVote;
use crate::types::{EntryId, NodeId, Term};

/// Proof that a vote may be cast. Made here only.
#[derive(Debug)]
pub(crate) struct Grant {
    candidate: NodeId,
}

impl Grant {
    pub(crate) fn candidate(&self) -> NodeId {
        self.candidate
    }
}

/// What a voter goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voter {
    pub(crate) term: Term,
    /// Whom it voted for in `term`.
    pub(crate) vote: Option<NodeId>,
    /// Who leads in `term`.
    pub(crate) leader: Option<NodeId>,
    /// The last entry of its log.
    pub(crate) last: EntryId,
}

/// Judges a request for `term`, which is not below the voter's (and is adopted already, unless this
/// is a pre-vote).
pub(crate) fn judge(voter: Voter, candidate: NodeId, term: Term, request: RequestVote) -> Result<Grant, VoteRefusal> {
    let pre_vote_for_a_later_term = request.pre_vote && term > voter.term;
    match (voter.vote, voter.leader) {
        _ if pre_vote_for_a_later_term => {}
        (Some(voted), _) if voted == candidate => {} // the same answer to the same question
        (Some(voted), _) => return Err(VoteRefusal::AlreadyVoted(voted)),
        (None, Some(leader)) => return Err(VoteRefusal::HasLeader(leader)),
        (None, None) => {}
    }
    // More up-to-date is the log with the later last term, then the longer one (section 5.4.1).
    if request.last < voter.last {
        return Err(VoteRefusal::LogBehind);
    }
    Ok(Grant { candidate })
}
