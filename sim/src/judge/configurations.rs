//! Configurations: the same everywhere at the same index, and each overlaps the next.

use std::collections::{BTreeMap, BTreeSet};

use quorate::membership::ConfChangeV2;
use quorate::{ConfState, Index, NodeId};

use super::model::after;
use super::{Verdict, check};

const SAME: &str = "same configuration";

/// Remembers the configuration that each index switched to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Configurations {
    seen: BTreeMap<Index, ConfState>,
}

impl Configurations {
    /// A node applied the change at `index` and has this configuration now.
    pub fn applies(&mut self, node: NodeId, index: Index, state: &ConfState) -> Verdict {
        if let Some(first) = self.seen.get(&index) {
            return check(same(first, state), SAME, || {
                format!("{node} has {state:?} after the change at {index}, others have {first:?}")
            });
        }
        if let Some((before, first)) = self.latest() {
            // Changes are applied in their order: who is first to apply one has applied all before it.
            check(before < index, SAME, || {
                format!("{node} applies a change at {index}, others came to {before} without it")
            })?;
            check(keep_names(first, state), SAME, || {
                format!("a member of {first:?} of {before} has another store in {state:?} of {index}")
            })?;
            check(overlap(first, state), "quorums overlap", || {
                format!("{first:?} of {before} and {state:?} of {index} have quorums without a common node")
            })?;
        }
        self.seen.insert(index, state.clone());
        Ok(())
    }

    /// What a node makes of the change at `index` is what the change says; `None`: the change is vetoed, or unreadable.
    pub fn follows(&self, node: NodeId, index: Index, change: Option<&ConfChangeV2>, state: &ConfState) -> Verdict {
        let Some((before, first)) = self.latest().filter(|(before, _)| *before < index) else {
            return Ok(()); // others applied it before
        };
        let expected = change.and_then(|change| after(first, change));
        let expected = expected.as_ref().unwrap_or(first);
        check(expected == state, "changes are what they say", || {
            format!("{node} makes {state:?} of {first:?} of {before} and {change:?}, and not {expected:?}")
        })
    }

    /// A node begins with this configuration.
    pub fn begins(&mut self, index: Index, state: &ConfState) {
        self.seen.entry(index).or_insert_with(|| state.clone());
    }

    /// A node has this configuration when everything up to `index` is applied: by a snapshot, say.
    pub fn is_at(&self, node: NodeId, index: Index, state: &ConfState) -> Verdict {
        let here = self.at(index);
        check(here.is_some_and(|here| same(here, state)), SAME, || {
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

/// Whoever founds a group may name its members in any order.
fn same(one: &ConfState, other: &ConfState) -> bool {
    one == other || sorted(one) == sorted(other)
}

fn sorted(state: &ConfState) -> ConfState {
    let mut state = state.clone();
    state.voters.sort_unstable();
    state.learners.sort_unstable();
    state
}

/// Whether every member of both keeps its store, if that has a name.
fn keep_names(one: &ConfState, other: &ConfState) -> bool {
    let named = one.identities.iter();
    named
        .filter(|(id, _)| is_member(other, *id))
        .all(|(id, identity)| other.identity(*id) == Some(*identity))
}

fn is_member(state: &ConfState, id: NodeId) -> bool {
    let lists = [
        &state.voters,
        &state.voters_outgoing,
        &state.learners,
        &state.learners_next,
    ];
    lists.iter().any(|list| list.contains(&id))
}

/// Whether every quorum of one has a node in common with every quorum of the other: whether no split
/// of all nodes gives each its own. Groups are small, so all splits are tried.
fn overlap(one: &ConfState, other: &ConfState) -> bool {
    let mut ids = [
        &one.voters[..],
        &one.voters_outgoing,
        &other.voters,
        &other.voters_outgoing,
    ]
    .concat();
    ids.sort_unstable();
    ids.dedup();
    (0..1_u64 << ids.len()).all(|split| {
        let inside = |id: NodeId| {
            ids.binary_search(&id)
                .is_ok_and(|position| split & (1 << position) != 0)
        };
        !(is_quorum(one, inside) && is_quorum(other, |id| !inside(id)))
    })
}

/// Whether those that `has` names are in two groups, in each half of the voters that has two.
pub(crate) fn are_in_two_groups(
    state: &ConfState,
    group: impl Fn(NodeId) -> Option<u64>,
    has: impl Fn(NodeId) -> bool,
) -> bool {
    let count = |voters: &[NodeId], counts: &dyn Fn(NodeId) -> bool| {
        let counted = voters.iter().filter(|id| counts(**id));
        counted.filter_map(|id| group(*id)).collect::<BTreeSet<u64>>().len()
    };
    let half = |voters: &[NodeId]| count(voters, &|_| true) < 2 || count(voters, &has) >= 2;
    half(&state.voters) && half(&state.voters_outgoing)
}

/// Whether those that `has` names are a majority of the voters, and of the outgoing ones if there are any.
/// Counted here and not by the core, whose counting is judged.
pub(crate) fn is_quorum(state: &ConfState, has: impl Fn(NodeId) -> bool) -> bool {
    let majority = |voters: &[NodeId]| 2 * voters.iter().filter(|id| has(**id)).count() > voters.len();
    majority(&state.voters) && (state.voters_outgoing.is_empty() || majority(&state.voters_outgoing))
}
