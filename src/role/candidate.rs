//! A node that stands for election, or asks whether it could (section 5.2, thesis 9.6).

use alloc::vec::Vec;

use crate::types::NodeId;

/// The votes so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Candidacy {
    /// Sorted by voter.
    votes: Vec<(NodeId, bool)>,
    /// It follows one that was refused for its term, and is not followed by another such at once.
    pub(crate) again: bool,
}

impl Candidacy {
    pub(crate) fn new(again: bool) -> Self {
        Self {
            again,
            ..Self::default()
        }
    }

    /// Notes an answer; the first of each voter counts. (A refusal may be one of the candidacy before this one: then a
    /// vote counts after it, too.)
    pub(crate) fn note(&mut self, from: NodeId, granted: bool) {
        match self.position(from) {
            Err(position) => self.votes.insert(position, (from, granted)),
            Ok(position) => {
                if let Some((_, vote)) = self.votes.get_mut(position).filter(|_| self.again) {
                    *vote |= granted;
                }
            }
        }
    }

    /// What a voter answered.
    pub(crate) fn vote(&self, voter: NodeId) -> Option<bool> {
        let position = self.position(voter).ok()?;
        self.votes.get(position).map(|(_, granted)| *granted)
    }

    /// All answers.
    pub(crate) fn votes(&self) -> &[(NodeId, bool)] {
        &self.votes
    }

    fn position(&self, voter: NodeId) -> Result<usize, usize> {
        self.votes.binary_search_by_key(&voter, |(id, _)| *id)
    }
}
