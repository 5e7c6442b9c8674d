//! Lost disks: which may be, what comes in their place, and what an operator does about it.

use quorate::NodeId;
use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2, Membership};
use quorate::quorum::VoteResult;

use super::Driver;
use crate::disk::Disk;
use crate::judge::Verdict;
use crate::parameters::Names;
use crate::step::Step;
use crate::workload::Workload;

/// How often a leader's tick finds an operator who names a store, in a million.
const NAMES: u64 = 200_000;
/// The same for what a replaced store waits for.
const REPLACES: u64 = 400_000;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// A lost disk is beyond what Raft bears, unless its store never counts again and the others still are a quorum; so
    /// much the operator sees to. (Where stores have names, that is so by itself, and only progress is lost with too
    /// many.)
    pub(super) fn may_lose(&mut self, node: NodeId) -> bool {
        if self.parameters.profile.keeps_old_id() {
            return true;
        }
        if !self.cluster.names_in_force {
            return false; // nobody could tell the next store from it
        }
        let named = self.cluster.is_named(node);
        let reckless = named && self.dice.chance_per_million(self.parameters.reckless);
        if !reckless && (self.changes_pending() || !self.bears_loss(node)) {
            return false;
        }
        self.cluster.coverage.reckless_losses += u64::from(reckless);
        self.local(node).replacing =
            named && (self.nodes.len() >= 9 || self.dice.chance_per_million(self.parameters.old_id));
        self.local(node).replacing || self.nodes.len() < 9
    }

    /// Whether the node whose disk is lost comes back under its old id.
    pub(super) fn keeps_old_id(&mut self, node: NodeId) -> bool {
        self.local(node).replacing || self.parameters.profile.keeps_old_id()
    }

    /// Whether the others are a quorum without it.
    pub(super) fn bears_loss(&mut self, node: NodeId) -> bool {
        let membership = self.cluster.membership();
        let vote = |id: NodeId| {
            let counts = self.member(id).is_some_and(|member| member.counts_in(&membership));
            let lost = self.nodes[usize::try_from(id - 1).unwrap_or(0)].lost;
            Some(id != node && counts && !lost)
        };
        membership.voters().vote_result(vote) == VoteResult::Won
    }

    /// Whether there is nothing to be had from this node as the member that it is.
    pub(super) fn is_spent(&mut self, id: NodeId, membership: &Membership) -> bool {
        let another = self.member(id).is_some_and(|member| {
            member.awaits_another_store() || !member.counts_in(membership) && membership.contains(id)
        });
        another || self.local(id).dead
    }

    /// The change with the identities of the stores that it adds. (A member that has none yet is named by a change that
    /// does nothing else.)
    pub(super) fn named(&self, change: ConfChangeV2) -> ConfChangeV2 {
        let membership = self.cluster.membership();
        let mut change = change;
        for single in &mut change.changes {
            let adds = [ConfChangeKind::AddNode, ConfChangeKind::AddLearnerNode].contains(&single.kind);
            let id = single.node_id;
            if adds && (!membership.contains(id) || membership.identity(id).is_some()) {
                single.identity = self.member(id).map_or(0, |member| member.identity);
            }
        }
        change
    }

    /// At each tick of the leader: a member whose store has no name yet is named; one with another store than is named
    /// is removed, and added again with that one, as a learner or at once as a voter. Until it is done.
    pub(super) fn replace_stores(&mut self, node: NodeId) -> Verdict {
        if self.parameters.names == Names::Ids || self.leader() != Some(node) {
            return Ok(());
        }
        let membership = self.cluster.membership();
        let ids: Vec<NodeId> = (1..=self.nodes.len() as u64).collect();
        let wanted: Vec<ConfChangeV2> = ids.iter().filter_map(|id| self.wanted(*id, &membership)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let naming = !self.cluster.names_in_force;
        if !self.dice.chance_per_million(if naming { NAMES } else { REPLACES }) {
            return Ok(());
        }
        let Some(change) = self.dice.pick(&wanted).cloned() else {
            return Ok(());
        };
        self.cluster.coverage.stores_named += u64::from(naming);
        let expected = None;
        self.perform_at(node, Step::Change { node, change, expected })
    }

    /// What is next for this node's store.
    fn wanted(&mut self, id: NodeId, membership: &Membership) -> Option<ConfChangeV2> {
        let identity = self.member(id).map_or(0, |member| member.identity);
        let change = |kind| {
            Some(ConfChangeV2::new([
                ConfChangeSingle::new(kind, id).with_identity(identity)
            ]))
        };
        if !membership.contains(id) {
            let comes = self.local(id).replacing && identity != 0;
            let kinds = [ConfChangeKind::AddLearnerNode, ConfChangeKind::AddNode];
            return if comes {
                change(kinds[self.dice.position(2)])
            } else {
                None
            };
        }
        match membership.identity(id) {
            None if identity != 0 => change(ConfChangeKind::UpdateNode),
            Some(named) if named != identity => Some(ConfChangeV2::new([(ConfChangeKind::RemoveNode, id)])),
            Some(_) if self.local(id).replacing && membership.is_voter(id) => {
                self.local(id).replacing = false;
                self.cluster.coverage.replacements_done += 1;
                None
            }
            Some(_) if self.local(id).replacing => change(ConfChangeKind::AddNode),
            None | Some(_) => None,
        }
    }
}
