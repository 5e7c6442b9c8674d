//! The end of a run: a majority is well again while every other failure becomes permanent, and then
//! everything that was asked for must be answered.

use std::collections::BTreeSet;

use quorate::quorum::VoteResult;
use quorate::{ConfState, NodeId};

use super::Driver;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::member::Member;
use crate::step::Step;
use crate::workload::Workload;

/// Within so many election timeouts a well majority must have a leader, and have answered everything.
pub(super) const PATIENCE: u64 = 60;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// How long it took, in microseconds.
    pub(super) fn recover(&mut self) -> Result<u64, Violation> {
        let Some(core) = self.choose_core() else { return Ok(0) };
        let before = self.clock.now;
        self.heal(&core)?;
        let patience = PATIENCE * self.parameters.election_ticks * self.parameters.tick_us;
        let mut probed = 0;
        while self.clock.now < before + patience {
            self.take_one()?;
            if self.clock.now >= probed {
                probed = self.clock.now + self.parameters.tick_us;
                if self.has_recovered(&core) {
                    return Ok(self.clock.now - before);
                }
                self.nudge(&core)?;
            }
        }
        Err(Violation::new("liveness", self.what_is_missing(&core)))
    }

    /// A random quorum that can be made well, and stays one whatever of the changes in the logs commits.
    fn choose_core(&mut self) -> Option<BTreeSet<NodeId>> {
        let (_, latest) = self.cluster.judge.configurations.latest()?;
        let latest = latest.clone();
        let pending = self.changes_in_logs();
        let living = |id: &NodeId| !self.nodes[usize::try_from(id - 1).unwrap_or(0)].dead;
        let members = self.cluster.membership().members();
        let mut candidates: Vec<NodeId> = members.into_iter().filter(living).collect();
        let mut core: BTreeSet<NodeId> = pending.iter().map(|(_, id)| *id).filter(living).collect();
        let mut spare = pending.len();
        loop {
            if is_quorum(&latest, &core) {
                if spare == 0 || candidates.is_empty() {
                    return Some(core);
                }
                spare -= 1; // each change that may commit can take one away
            }
            if candidates.is_empty() {
                return None;
            }
            let position = usize::try_from(self.dice.below(candidates.len() as u64)).unwrap_or(0);
            core.insert(candidates.swap_remove(position));
        }
    }

    fn changes_in_logs(&self) -> Vec<(quorate::Index, NodeId)> {
        let applied = self.cluster.judge.configurations.latest().map_or(0, |(index, _)| index);
        let mut found = Vec::new();
        for member in &self.cluster.members {
            let Some(node) = member.node() else { continue };
            if let Ok(known) = node.configuration()
                && let Some(pending) = known.pending.filter(|pending| pending.index > applied)
                && let Some(change) = pending.change
            {
                found.extend(change.changes.iter().map(|single| (pending.index, single.node_id)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn heal(&mut self, core: &BTreeSet<NodeId>) -> Verdict {
        self.calm = true;
        let all: Vec<NodeId> = (1..=self.nodes.len() as u64).collect();
        // Without both, a node that can be heard and does not hear disturbs the others for ever.
        let quiet = !self.parameters.check_quorum || core.iter().any(|id| !self.parameters.config(*id).pre_vote);
        self.cuts
            .retain(|(from, to), _| !(core.contains(from) && core.contains(to)));
        for outside in all.iter().filter(|id| !core.contains(id)) {
            let cut_off = quiet || self.dice.chance(500_000);
            for inside in core {
                if cut_off || self.dice.chance(500_000) {
                    self.cuts.insert((*inside, *outside), u64::MAX);
                }
                if cut_off {
                    self.cuts.insert((*outside, *inside), u64::MAX);
                }
            }
            self.local(*outside).dead = self.dice.chance(500_000);
        }
        for node in core {
            self.local(*node).stopped = 0;
            self.on_resume(*node)?;
            if !self.is_up(*node) {
                self.perform_at(*node, Step::Restart { node: *node })?;
            }
            self.note(*node, "fault", || "well again".to_owned());
        }
        Ok(())
    }

    fn core_members<'a>(&'a self, core: &'a BTreeSet<NodeId>) -> impl Iterator<Item = &'a Member<W::Machine, D>> {
        core.iter().filter_map(|id| self.member(*id))
    }

    /// Makes the snapshots that are asked for, so that whoever needs one gets it.
    fn nudge(&mut self, core: &BTreeSet<NodeId>) -> Verdict {
        for node in core {
            self.perform_at(*node, Step::Compact { node: *node, keep: 1 })?;
        }
        Ok(())
    }

    fn has_recovered(&self, core: &BTreeSet<NodeId>) -> bool {
        self.missing(core).is_none()
    }

    /// What a well majority still lacks.
    fn missing(&self, core: &BTreeSet<NodeId>) -> Option<String> {
        let Some(leader) = self.core_members(core).find(|member| member.is_leader()) else {
            return Some("no leader".to_owned());
        };
        let led = leader.node().map(|node| (node.membership().members(), node.status()));
        let (members, status) = led?;
        if leader.log.term(status.hard_state.commit) != Some(leader.seen.term) {
            return Some(format!("{} has not committed in its term", leader.id));
        }
        if status.hard_state.commit != status.last_index {
            return Some(format!("{} has entries that are not committed", leader.id));
        }
        for member in self.core_members(core).filter(|member| members.contains(&member.id)) {
            if member.applied != leader.applied || member.applied != status.last_index {
                return Some(format!(
                    "{} applied {} of {}",
                    member.id, member.applied, status.last_index
                ));
            }
            if !member.calls.reads.is_empty() {
                return Some(format!("{} has reads that nobody answers", member.id));
            }
        }
        None
    }

    fn what_is_missing(&self, core: &BTreeSet<NodeId>) -> String {
        let missing = self.missing(core).unwrap_or_default();
        let nodes: Vec<String> = self
            .core_members(core)
            .map(|member| format!("{:?}", member.node().map(quorate::RawNode::status)))
            .collect();
        format!(
            "{core:?} is well for {PATIENCE} election timeouts, and {missing}: {}",
            nodes.join("; ")
        )
    }
}

fn is_quorum(state: &ConfState, core: &BTreeSet<NodeId>) -> bool {
    let Ok(membership) = quorate::membership::Membership::restore(state) else {
        return false;
    };
    membership.voters().vote_result(|id| Some(core.contains(&id))) == VoteResult::Won
}
