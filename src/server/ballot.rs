//! The term and the one vote in it (Figure 2: currentTerm, votedFor).

use crate::rules::vote::Grant;
use crate::types::{NodeId, Term};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ballot {
    term: Term,
    vote: Option<NodeId>,
}

impl Ballot {
    pub(crate) fn new(term: Term, vote: Option<NodeId>) -> Self {
        Self { term, vote }
    }

    pub(crate) fn term(self) -> Term {
        self.term
    }

    pub(crate) fn vote(self) -> Option<NodeId> {
        self.vote
    }

    /// Moves to a higher term, in which nobody was voted for; a term never falls.
    pub(crate) fn adopt(&mut self, term: Term) {
        if term > self.term {
            *self = Self { term, vote: None };
        }
    }

    /// Votes.
    pub(crate) fn cast(&mut self, grant: &Grant) {
        self.vote = Some(grant.candidate());
    }
}
