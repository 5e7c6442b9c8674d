//! What a message's term means before anything else is looked at: section 5.1, "Rules for Servers".

use crate::message::Payload;
use crate::types::{NodeId, Term};

/// What to do with a message, going by its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is of our term, or of none, or its kind changes nobody's term.
    Proceed,
    /// It is of a later term: adopt that first, as a follower of this leader if one is told.
    Adopt(Option<NodeId>),
    /// It is of an earlier term: forget it.
    Ignore,
    /// A leader of an earlier term must learn that there is a later one (Figure 2, `AppendEntries`, receiver 1):
    /// with pre-vote, check-quorum or promises, in which vote requests are dropped, and where we cannot campaign,
    /// nobody else will tell it, and we could neither win nor rejoin.
    TellLeader,
    /// A pre-vote for an earlier term must be refused, or a node that starts to use pre-vote with
    /// a shorter log and a higher term than the rest would never be heard.
    RefusePreVote,
    /// A candidate of an earlier term must be refused (Figure 2): if its log is the only one that can win,
    /// and terms keep rising, it would be behind for ever and never know.
    RefuseVote,
}

/// Judges the message's `term` by `ours`.
/// `tells`: whether leaders of earlier terms are told.
pub(crate) fn judge(ours: Term, term: Term, from: NodeId, payload: &Payload, tells: impl Fn() -> bool) -> Verdict {
    use Payload::{Append, Heartbeat, InstallSnapshot, RequestVote, VoteResponse};
    if !payload.carries_term() || term == ours {
        return Verdict::Proceed;
    }
    match payload {
        RequestVote(request) if request.pre_vote && term > ours => Verdict::Proceed,
        // The response to our own pre-vote, which was for a later term.
        VoteResponse(response) if response.pre_vote && response.granted && term > ours => Verdict::Proceed,
        Append(_) | Heartbeat(_) | InstallSnapshot(_) if term > ours => Verdict::Adopt(Some(from)),
        _ if term > ours => Verdict::Adopt(None),
        Append(_) | Heartbeat(_) if tells() => Verdict::TellLeader,
        RequestVote(request) if request.pre_vote => Verdict::RefusePreVote,
        RequestVote(_) => Verdict::RefuseVote,
        _ => Verdict::Ignore,
    }
}
