//! One set of voters that decides by majority (sections 5.2 and 5.3 of the paper).

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::quorum::VoteResult;
use crate::types::{Index, NodeId};

/// Up to this many voters are counted without an allocation. Larger groups are rare: each voter
/// more makes every commit dearer.
const COUNTED_ON_STACK: usize = 7;

/// A set of voters of which more than half decide.
///
/// The empty set agrees to everything, since nobody is there to object. That is what the absent
/// half of a [`Joint`](crate::quorum::Joint) needs; a group without voters must be ruled out
/// elsewhere.
///
/// ```
/// use quorate::quorum::Majority;
/// let group = Majority::new([3, 1, 2, 3]);
/// assert_eq!(group.ids(), [1, 2, 3]);
/// assert_eq!(group.quorum_size(), 2);
/// assert_eq!(group.to_string(), "(1 2 3)");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Majority {
    /// Sorted and without doubles; `None`, which is there at compile time too, where nobody votes.
    ids: Option<Box<[NodeId]>>,
}

/// Nobody, to be borrowed.
pub(super) static NOBODY: Majority = Majority { ids: None };

impl Majority {
    /// The set of these voters, in any order; doubles count once.
    pub fn new(ids: impl IntoIterator<Item = NodeId>) -> Self {
        let mut ids: Vec<NodeId> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        Self::of_sorted(ids)
    }

    fn of_sorted(ids: Vec<NodeId>) -> Self {
        let ids = (!ids.is_empty()).then(|| ids.into_boxed_slice());
        Self { ids }
    }

    /// The voters, sorted.
    pub fn ids(&self) -> &[NodeId] {
        self.ids.as_deref().unwrap_or_default()
    }

    /// Whether there are no voters.
    pub fn is_empty(&self) -> bool {
        self.ids.is_none()
    }

    /// How many voters there are.
    pub fn len(&self) -> usize {
        self.ids().len()
    }

    /// Whether the node is one of the voters.
    pub fn contains(&self, id: NodeId) -> bool {
        self.ids().contains(&id) // so few are found faster one by one
    }

    /// How many voters make a majority: any two sets of this size have a voter in common.
    /// Nobody is needed where nobody votes.
    pub fn quorum_size(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        (self.len() / 2).saturating_add(1)
    }

    /// The largest index that a majority has acknowledged (section 5.3).
    ///
    /// `None` stands for a voter from whom nothing is known, and counts as 0. Without voters
    /// everything is committed: `u64::MAX`.
    ///
    /// This is the value that ranks [`quorum_size`](Self::quorum_size)-th from the top, whatever
    /// the numbers mean: where they are the ticks up to which each voter has promised not to elect
    /// another, the answer is the tick up to which a majority has.
    ///
    /// ```
    /// use quorate::quorum::Majority;
    /// let group = Majority::new([1, 2, 3, 4]);
    /// // Three of the four are needed, and node 4 is silent.
    /// assert_eq!(group.committed_index(|id| (id != 4).then_some(id * 10)), 10);
    /// assert_eq!(Majority::default().committed_index(|_| None), u64::MAX);
    /// ```
    pub fn committed_index(&self, matched: impl Fn(NodeId) -> Option<Index>) -> Index {
        let ids = self.ids();
        if ids.is_empty() {
            return u64::MAX;
        }
        let quorum = self.quorum_size();
        let known = ids.iter().map(|&id| matched(id).unwrap_or(0));
        let mut stack = [0; COUNTED_ON_STACK];
        if let Some(values) = stack.get_mut(..ids.len()) {
            for (slot, value) in values.iter_mut().zip(known) {
                *slot = value;
            }
            nth_largest(values, quorum)
        } else {
            nth_largest(&mut known.collect::<Vec<_>>(), quorum)
        }
    }

    /// How an election stands, given who granted (`Some(true)`) or refused (`Some(false)`) its
    /// vote (section 5.2). Without voters it is won.
    ///
    /// ```
    /// use quorate::quorum::{Majority, VoteResult};
    /// let group = Majority::new([1, 2, 3, 4]);
    /// // Two refusals out of four leave no majority, whatever the others say.
    /// assert_eq!(group.vote_result(|id| (id > 2).then_some(false)), VoteResult::Lost);
    /// ```
    pub fn vote_result(&self, vote: impl Fn(NodeId) -> Option<bool>) -> VoteResult {
        let said = |word| self.ids().iter().filter(|&&id| vote(id) == Some(word)).count();
        let quorum = self.quorum_size();
        if said(true) >= quorum {
            VoteResult::Won
        } else if self.len().saturating_sub(said(false)) < quorum {
            VoteResult::Lost
        } else {
            VoteResult::Pending
        }
    }

    /// Adds a voter; false if it was one already.
    pub(crate) fn insert(&mut self, id: NodeId) -> bool {
        self.edit(|ids| insert_sorted(ids, id))
    }

    /// Removes a voter; false if it was none.
    pub(crate) fn remove(&mut self, id: NodeId) -> bool {
        self.edit(|ids| remove_sorted(ids, id))
    }

    fn edit<T>(&mut self, act: impl FnOnce(&mut Vec<NodeId>) -> T) -> T {
        let mut ids = self.ids.take().unwrap_or_default().into_vec();
        let outcome = act(&mut ids);
        *self = Self::of_sorted(ids);
        outcome
    }
}

impl fmt::Display for Majority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (position, id) in self.ids().iter().enumerate() {
            write!(f, "{}{id}", if position == 0 { "" } else { " " })?;
        }
        f.write_str(")")
    }
}

/// The value that `n` of the values reach, the best one being the first; 0, which promises
/// nothing, if there are fewer than `n`.
fn nth_largest(values: &mut [u64], n: usize) -> u64 {
    values.sort_unstable();
    let nth = values.iter().rev().nth(n.saturating_sub(1));
    nth.copied().unwrap_or(0)
}

/// Adds to a list that is sorted and without doubles; false if the id was there.
pub(crate) fn insert_sorted(ids: &mut Vec<NodeId>, id: NodeId) -> bool {
    let place = ids.binary_search(&id);
    if let Err(gap) = place {
        ids.insert(gap, id);
    }
    place.is_err()
}

/// Removes from a list that is sorted and without doubles; false if the id was not there.
pub(crate) fn remove_sorted(ids: &mut Vec<NodeId>, id: NodeId) -> bool {
    let place = ids.binary_search(&id);
    if let Ok(position) = place {
        ids.remove(position);
    }
    place.is_ok()
}
