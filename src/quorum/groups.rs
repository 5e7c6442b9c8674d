//! Commit groups: voters that may be lost together, such as those of one data centre. What one of them holds, and no
//! other, is lost with it.

use super::{Joint, Majority};
use crate::types::{Index, NodeId};

/// A commit group, and the best index that one of its voters has acknowledged.
type Best = (u64, Index);

/// The two groups that hold most, the best one first.
#[derive(Clone, Copy, Default)]
struct Top(Option<Best>, Option<Best>);

impl Top {
    fn note(&mut self, group: u64, index: Index) {
        match self {
            Self(Some((first, best)), _) if *first == group => *best = index.max(*best),
            Self(first, second) if first.is_none_or(|(_, best)| index > best) => {
                *second = *first;
                *first = Some((group, index));
            }
            Self(_, Some((second, best))) if *second == group => *best = index.max(*best),
            Self(_, second) if second.is_none_or(|(_, best)| index > best) => *second = Some((group, index)),
            Self(..) => {}
        }
    }
}

impl Majority {
    /// As of [`Joint::index_in_two_groups`].
    fn index_in_two_groups(
        &self,
        matched: impl Fn(NodeId) -> Option<Index>,
        group: impl Fn(NodeId) -> Option<u64>,
        silent: impl Fn(NodeId) -> bool,
    ) -> Option<Index> {
        let (mut all, mut heard) = (Top::default(), Top::default());
        for &id in self.ids() {
            if let Some(group) = group(id) {
                all.note(group, matched(id).unwrap_or(0));
                if !silent(id) {
                    heard.note(group, 0);
                }
            }
        }
        heard.1?;
        all.1.map(|(_, index)| index)
    }
}

impl Joint {
    /// The largest index that voters of two different commit groups have acknowledged; in a joint configuration, of
    /// two in each half. (What the incoming voters alone will hold must not be in one group only.)
    ///
    /// A half asks for two groups if it has voters of two that are not `silent`; what a silent one holds counts all the
    /// same. `None`: no half asks. Voters without a group count for none.
    ///
    /// ```
    /// use quorate::quorum::{Joint, Majority};
    /// let voters = Joint::new(Majority::new([1, 2, 3]), Majority::default());
    /// let zone = |id| Some(if id < 3 { 7 } else { 8 }); // 1 and 2 are in zone 7, 3 is in zone 8
    /// let matched = |id| Some([9, 9, 4][usize::try_from(id).unwrap() - 1]);
    /// assert_eq!(voters.committed_index(matched), 9);
    /// assert_eq!(voters.index_in_two_groups(matched, zone, |_| false), Some(4));
    /// assert_eq!(voters.index_in_two_groups(matched, zone, |id| id == 3), None);
    /// ```
    pub fn index_in_two_groups(
        &self,
        matched: impl Fn(NodeId) -> Option<Index>,
        group: impl Fn(NodeId) -> Option<u64>,
        silent: impl Fn(NodeId) -> bool,
    ) -> Option<Index> {
        let half = |half: &Majority| half.index_in_two_groups(&matched, &group, &silent);
        [half(self.incoming()), half(self.outgoing())]
            .into_iter()
            .flatten()
            .min()
    }

    /// How many halves ask for two groups.
    pub(crate) fn halves_in_two_groups(
        &self,
        group: impl Fn(NodeId) -> Option<u64>,
        silent: impl Fn(NodeId) -> bool,
    ) -> usize {
        let asks = |half: &&Majority| half.index_in_two_groups(|_| None, &group, &silent).is_some();
        [self.incoming(), self.outgoing()]
            .iter()
            .filter(|half| asks(half))
            .count()
    }
}
