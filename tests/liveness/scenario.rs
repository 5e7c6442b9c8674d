//! Where a world starts, and the one change of its configuration: all of them that three nodes have.

use std::fmt;

use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use quorate::{ConfState, MemoryStorage, NodeId, bootstrap};

use crate::profile::Profile;
use crate::support::Cluster;

pub(crate) const NODES: [NodeId; 3] = [1, 2, 3];

/// What each of the three nodes is: `v`oter, `l`earner, or no member, `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Parts(pub(crate) [char; 3]);

impl Parts {
    pub(crate) fn of(self, id: NodeId) -> char {
        let part = NODES.into_iter().zip(self.0).find(|(node, _)| *node == id);
        part.map_or('-', |(_, part)| part)
    }

    fn who(self, part: char) -> Vec<NodeId> {
        NODES.into_iter().filter(|id| self.of(*id) == part).collect()
    }

    /// All with a voter.
    fn all() -> Vec<Self> {
        let kinds = ['v', 'l', '-'];
        let mut all = Vec::new();
        for a in kinds {
            for b in kinds {
                all.extend(kinds.map(|c| Self([a, b, c])));
            }
        }
        all.retain(|parts| parts.0.contains(&'v'));
        all
    }

    pub(crate) fn text(self) -> String {
        self.0.iter().collect()
    }
}

/// A world before anything goes wrong: `before` is led by `leader`, and is to become `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scenario {
    pub(crate) profile: Profile,
    pub(crate) before: Parts,
    pub(crate) leader: NodeId,
    pub(crate) after: Parts,
    pub(crate) transition: Transition,
}

impl Scenario {
    pub(crate) fn all(profile: Profile) -> Vec<Self> {
        let starts = [['v', 'v', 'v'], ['v', '-', 'v'], ['v', 'v', 'l'], ['v', 'v', '-']].map(Parts);
        let mut all = Vec::new();
        for before in starts {
            for after in Parts::all().into_iter().filter(|after| *after != before) {
                for transition in [Transition::Auto, Transition::JointExplicit, Transition::JointImplicit] {
                    all.extend(before.who('v').into_iter().map(|leader| Self {
                        profile,
                        before,
                        leader,
                        after,
                        transition,
                    }));
                }
            }
        }
        all
    }

    pub(crate) fn change(&self) -> ConfChangeV2 {
        let changed = NODES.into_iter().filter(|id| self.before.of(*id) != self.after.of(*id));
        let changes = changed.map(|node_id| {
            let kind = match self.after.of(node_id) {
                'v' => ConfChangeKind::AddNode,
                'l' => ConfChangeKind::AddLearnerNode,
                _ => ConfChangeKind::RemoveNode,
            };
            ConfChangeSingle::new(kind, node_id)
        });
        ConfChangeV2::new(changes).with_transition(self.transition)
    }

    /// The group, led and at rest; nodes that are no members run with empty stores.
    pub(crate) fn start(&self) -> Cluster {
        let mut group = Cluster::default();
        let conf_state = ConfState::of_voters(self.before.who('v')).with_learners(self.before.who('l'));
        for id in NODES {
            let storage = if self.before.of(id) == '-' {
                MemoryStorage::new()
            } else {
                MemoryStorage::from_snapshot(
                    bootstrap(conf_state.voters[0], &MemoryStorage::new(), &conf_state).expect("an unused store"),
                )
            };
            group.add(self.profile.config(id), storage).expect("a legal store");
        }
        while group.leader().is_none() {
            group.tick_all(1);
        }
        while group.leader() != Some(self.leader) {
            let leader = group.leader().expect("the group is well");
            group.node(leader).transfer_leader(self.leader).expect("it leads");
            group.settle();
        }
        group.tick_all(1);
        group
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            profile,
            before,
            leader,
            after,
            transition,
        } = self;
        let (before, after) = (before.text(), after.text());
        write!(f, "{profile:?} {before} led by {leader} to {after} {transition:?}")
    }
}
