//! The term and the one vote in it (Figure 2: currentTerm, votedFor).

use core::num::NonZero;

use crate::rules::vote::Grant;
use crate::types::{NodeId, Term};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ballot {
    term: Term,
    /// No node has the id 0.
    vote: Option<NonZero<NodeId>>,
}

impl Ballot {
    pub(crate) fn new(term: Term, vote: Option<NodeId>) -> Self {
        let vote = vote.and_then(NonZero::new);
        Self { term, vote }
    }

    pub(crate) fn term(self) -> Term {
        self.term
    }

    pub(crate) fn vote(self) -> Option<NodeId> {
        self.vote.map(NonZero::get)
    }

    /// Moves to a higher term, in which nobody was voted for; a term never falls.
    pub(crate) fn adopt(&mut self, term: Term) {
        if term > self.term {
            *self = Self { term, vote: None };
        }
    }

    /// A candidate begins the next term, and votes for itself in it (section 5.2).
    pub(crate) fn stand(&mut self, id: NodeId) {
        self.adopt(self.term.saturating_add(1));
        self.vote = self.vote.or(NonZero::new(id));
    }

    /// Whether this may come after `before` (one vote a term).
    pub(crate) fn follows(self, before: Self) -> bool {
        self.term != before.term || before.vote.is_none() || self.vote == before.vote
    }

    /// Votes.
    pub(crate) fn cast(&mut self, grant: &Grant) {
        self.vote = NonZero::new(grant.candidate());
    }
}
