//! Configurations: the same everywhere at the same index, and each overlaps the next.

use std::collections::BTreeMap;

use quorate::membership::Membership;
use quorate::quorum::VoteResult;
use quorate::{ConfState, Index, NodeId};

use super::{Verdict, check};

const SAME: &str = "same configuration";

/// Remembers the configuration that each index switched to.
#[derive(Clone, Debug, Default)]
pub struct Configurations {
    seen: BTreeMap<Index, ConfState>,
}

impl Configurations {
    /// A node applied the change at `index` and has this configuration now.
    pub fn applies(&mut self, node: NodeId, index: Index, state: &ConfState) -> Verdict {
        if let Some(first) = self.seen.get(&index) {
            return check(first == state, SAME, || {
                format!("{node} has {state:?} at {index}, others have {first:?}")
            });
        }
        if let Some((before, first)) = self.latest() {
            // Changes are applied in their order: who is first to apply one has applied all before it.
            check(before < index, SAME, || {
                format!("{node} applies a change at {index}, others came to {before} without it")
            })?;
            check(overlap(first, state), "quorums overlap", || {
                format!("{first:?} of {before} and {state:?} of {index} have quorums without a common node")
            })?;
        }
        self.seen.insert(index, state.clone());
        Ok(())
    }

    /// A node has this configuration when everything up to `index` is applied: by a snapshot, say.
    pub fn is_at(&self, node: NodeId, index: Index, state: &ConfState) -> Verdict {
        let here = self.at(index);
        check(here == Some(state), SAME, || {
            format!("{node} has {state:?} as of {index}, others have {here:?}")
        })
    }

    /// The newest.
    pub fn latest(&self) -> Option<(Index, &ConfState)> {
        self.seen.iter().next_back().map(|(index, state)| (*index, state))
    }

    /// In force at `index`.
    pub fn at(&self, index: Index) -> Option<&ConfState> {
        self.seen.range(..=index).next_back().map(|(_, state)| state)
    }
}

/// Whether every quorum of one has a node in common with every quorum of the other: whether no split
/// of all nodes gives each its own. Groups are small, so all splits are tried.
fn overlap(one: &ConfState, other: &ConfState) -> bool {
    let (Ok(one), Ok(other)) = (Membership::restore(one), Membership::restore(other)) else {
        return false;
    };
    let mut ids = [one.voters().ids(), other.voters().ids()].concat();
    ids.sort_unstable();
    ids.dedup();
    let won = |membership: &Membership, yes: &dyn Fn(usize) -> bool| {
        let vote = |id| ids.binary_search(&id).ok().map(yes);
        membership.voters().vote_result(vote) == VoteResult::Won
    };
    (0..1_u64 << ids.len()).all(|split| {
        let inside = |position: usize| split & (1 << position) != 0;
        !(won(&one, &inside) && won(&other, &|position| !inside(position)))
    })
}
