//! When an election is won: section 5.2, with two majorities in a joint configuration (thesis 4.3).

use crate::quorum::{Joint, VoteResult};
use crate::types::NodeId;

/// Proof that an election was won. Made here only.
#[derive(Debug)]
pub(crate) struct ElectionWon(());

/// How an election stands.
#[derive(Debug)]
pub(crate) enum Tally {
    Won(ElectionWon),
    Lost,
    Pending,
}

/// Counts the votes.
pub(crate) fn count(voters: &Joint, vote: impl Fn(NodeId) -> Option<bool>) -> Tally {
    match voters.vote_result(vote) {
        VoteResult::Won => Tally::Won(ElectionWon(())),
        VoteResult::Lost => Tally::Lost,
        VoteResult::Pending => Tally::Pending,
    }
}
