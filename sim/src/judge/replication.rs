//! What leaders count, and what followers conclude from what they are told.

use quorate::{EntryId, Index, NodeId, Term};

use super::{Judge, Verdict, check};

impl Judge {
    /// What a leader knows to match with a member never becomes less while the two are what they are.
    pub fn matched_grows(leader: NodeId, peer: NodeId, before: Index, now: Index) -> Verdict {
        check(before <= now, "matched never falls", || {
            format!("{leader} takes the log of {peer} to match up to {now}, and up to {before} before")
        })
    }

    /// What a leader knows to match is on the member's disk: `held`.
    pub fn matched_is_held(leader: NodeId, peer: NodeId, last: EntryId, held: bool) -> Verdict {
        check(held, "what matches is on the disk", || {
            format!("{leader} takes the log of {peer} to match up to {last}, which is not on its disk")
        })
    }

    /// What a quorum of each half is known to hold, of the leader's own term, is committed, and at once: `held` is the
    /// last index of that, and `term` its term.
    pub fn held_is_committed(leader: NodeId, own: Term, held: Index, term: Option<Term>, commit: Index) -> Verdict {
        let due = term == Some(own) && held > commit;
        check(!due, "what a quorum holds is committed", || {
            format!("{leader} of term {own} has committed up to {commit}, and a quorum is known to hold {held}")
        })
    }

    /// A follower commits no more than what its leader says is committed, `said`, and no more than what it knows to
    /// match with that leader's log.
    pub fn follows(node: NodeId, before: Index, now: Index, said: Index, matched: Index) -> Verdict {
        check(
            now <= before.max(said.min(matched)),
            "a follower commits what matches",
            || format!("{node} commits {now} after {before}; its leader says {said}, their logs match up to {matched}"),
        )
    }

    /// A leader that was told where the logs may agree at most probes no later: `rejected` is the rejected entry and
    /// that hint.
    pub fn heeds(leader: NodeId, peer: NodeId, prev: Index, matched: Index, rejected: (Index, Index)) -> Verdict {
        let (index, hint) = rejected;
        check(prev >= index || prev <= hint.max(matched), "a hint is heeded", || {
            format!("{leader} probes {peer} at {prev}, which rejected {index} and said that {hint} may match")
        })
    }

    /// A snapshot takes the place only of a log that lacks its last entry: what follows that may be acknowledged.
    pub fn replaces(node: NodeId, snapshot: EntryId, ours: Option<Term>) -> Verdict {
        check(
            ours != Some(snapshot.term),
            "a snapshot replaces only what differs",
            || format!("{node} replaces its log by {snapshot}, which it holds"),
        )
    }

    /// No log has an entry of a later term than its node: it would have been given by a leader of that term.
    pub fn term_covers(node: NodeId, term: Term, last: EntryId) -> Verdict {
        check(last.term <= term, "no entry is of a later term", || {
            format!("{node} starts in term {term} with {last} in its log")
        })
    }

    /// Who cannot read its storage promises nothing: it acknowledges nothing, and neither votes nor campaigns.
    pub fn corrupt_is_quiet(node: NodeId, corrupt: Option<Index>, promises: bool) -> Verdict {
        check(
            corrupt.is_none() || !promises,
            "who cannot read promises nothing",
            || format!("{node} cannot read {corrupt:?} and promises something"),
        )
    }
}
