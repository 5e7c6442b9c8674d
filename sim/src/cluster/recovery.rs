//! Whether some nodes that are well make progress: asked by a driver at the end of a run, and by the last
//! step of a replay, in which nothing but their clocks differs and messages take no time.

use std::collections::BTreeSet;

use quorate::membership::Membership;
use quorate::{NodeId, RawNode, Settings};

use super::Cluster;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation, is_quorum};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::step::{MessageRef, Step, Well};

/// Within so many election timeouts a well majority must have a leader, and have answered everything.
pub(crate) const PATIENCE: u64 = 60;

/// An election timeout, as far as patience is concerned: half of the longest that is drawn.
pub(crate) fn timeout_of(settings: &Settings) -> u64 {
    settings
        .election_timeout_ticks
        .max(settings.election_timeouts().end / 2)
}

/// Between two ticks nodes talk no longer than this: who does so for ever makes no progress.
const ROUNDS_MAX: usize = 200;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// Some nodes are well from here on, and cut off from all others. (Where they are no quorum, of the
    /// newest configuration or of one that they know, nothing is asked of them.)
    pub(super) fn recover(&mut self, well: &[Well]) -> Verdict {
        let well = self.heal(well)?;
        let core: BTreeSet<NodeId> = well.iter().map(|well| well.node).collect();
        for node in core.iter().copied() {
            self.step(Step::Storage { node, available: true })?;
        }
        let timeouts = self
            .core_members(&core)
            .map(|member| timeout_of(member.config.settings()));
        let slowest = well.iter().map(|well| well.tick_us).max().unwrap_or(0);
        let patience = PATIENCE * timeouts.max().unwrap_or(0) * slowest;
        let mut due: BTreeSet<(u64, NodeId)> = well.iter().map(|well| (well.tick_us.max(1), well.node)).collect();
        while let Some((now, node)) = due.pop_first().filter(|(now, _)| *now <= patience) {
            if now >= patience / 2 && self.member(node).is_some_and(|member| member.damaged.is_some()) {
                // It may be the only one that could lead.
                self.step(Step::Crash { node, kept: 0 })?;
                self.step(Step::Restart { node })?;
            }
            let ticks = well.iter().find(|well| well.node == node);
            due.extend(ticks.map(|well| (now + well.tick_us.max(1), node)));
            self.step(Step::Tick { node, ticks: 1 })?;
            self.exchange(&core)?;
            if self.lacks_quorum(&core).is_some() || self.missing(&core).is_none() {
                return Ok(());
            }
            self.step(Step::Compact { node, keep: 1 })?; // whoever needs a snapshot gets it
        }
        match self.lacks_quorum(&core) {
            None => Err(Violation::new("liveness", self.what_is_missing(&core))),
            Some(_) => Ok(()),
        }
    }

    /// Starts those that are down; gives those that run.
    fn heal(&mut self, well: &[Well]) -> Result<Vec<Well>, Violation> {
        for Well { node, .. } in well.iter().copied() {
            if self.is_corrupt(node) {
                self.step(Step::Crash { node, kept: 0 })?; // it comes back with another disk that has all
            }
            self.step(Step::Restart { node })?;
            if let Some(member) = self.member_mut(node) {
                // Clients do not wait for ever, and a replay does not tell when they give up.
                member.calls.reads.clear();
            }
        }
        let is_up = |well: &Well| self.member(well.node).is_some_and(Member::is_up);
        Ok(well.iter().copied().filter(is_up).collect())
    }

    /// All that these nodes have to do and to say to each other.
    fn exchange(&mut self, core: &BTreeSet<NodeId>) -> Verdict {
        for _ in 0..ROUNDS_MAX {
            let mut moved = false;
            for node in core.iter().copied() {
                while let Some(work) = self.work_of(node) {
                    self.step(work)?;
                    moved = true;
                }
            }
            for name in self.pool.keys().copied().collect::<Vec<_>>() {
                let message = MessageRef::Id(name);
                let inside = |message: &quorate::Message| core.contains(&message.from) && core.contains(&message.to);
                if self.pool.get(&name).is_some_and(inside) {
                    self.step(Step::Deliver { message, keep: false })?;
                    moved = true;
                } else {
                    self.step(Step::Lose { message })?;
                }
            }
            if !moved {
                break;
            }
        }
        Ok(())
    }

    fn work_of(&self, node: NodeId) -> Option<Step> {
        let member = self.member(node).filter(|member| member.is_up())?;
        if member.has_ready() {
            Some(Step::Ready { node })
        } else if member.has_unwritten() {
            Some(Step::Write { node })
        } else if member.has_unsynced() {
            Some(Step::Sync { node })
        } else if !member.work.applies.is_empty() {
            Some(Step::Apply { node })
        } else if !member.work.acks.is_empty() {
            Some(Step::Acknowledge { node })
        } else {
            None
        }
    }

    fn core_members(&self, core: &BTreeSet<NodeId>) -> impl Iterator<Item = &Member<M, D>> {
        core.iter().filter_map(|id| self.member(*id))
    }

    /// A configuration of which these nodes are no quorum: the newest, or one that they have themselves.
    /// A node that was not told of a change needs those that it knows of.
    pub(crate) fn lacks_quorum(&self, core: &BTreeSet<NodeId>) -> Option<Membership> {
        let theirs = self.core_members(core).filter_map(Member::node);
        let known = theirs
            .map(|node| node.membership().clone())
            .filter(|known| !known.members().is_empty());
        let mut known = known.chain([self.membership()]);
        known.find(|known| {
            let counts = |id| self.member(id).is_some_and(|member| member.counts_in(known));
            !is_quorum(&known.conf_state(), |id| core.contains(&id) && counts(id))
        })
    }

    /// What a well majority still lacks.
    pub(crate) fn missing(&self, core: &BTreeSet<NodeId>) -> Option<String> {
        let Some(leader) = self.core_members(core).find(|member| member.is_leader()) else {
            return Some("no leader".to_owned());
        };
        let led = leader.node().map(|node| (node.membership().clone(), node.status()));
        let (members, status) = led?;
        if leader.log.term(status.hard_state.commit) != Some(leader.seen.term) {
            return Some(format!("{} has not committed in its term", leader.id));
        }
        if status.hard_state.commit != status.last_index {
            return Some(format!("{} has entries that are not committed", leader.id));
        }
        let led = |member: &&Member<M, D>| members.contains(member.id) && member.counts_in(&members);
        for member in self.core_members(core).filter(led) {
            if member.applied != leader.applied || member.applied != status.last_index {
                return Some(format!(
                    "{} applied {} of {}",
                    member.id, member.applied, status.last_index
                ));
            }
            if !member.calls.reads.is_empty() {
                return Some(format!("{} has reads that nobody answers", member.id));
            }
            if let Some(left) = Self::leftover(member, |id| {
                core.contains(&id) && self.member(id).is_some_and(|peer| peer.counts_in(&members))
            }) {
                return Some(left);
            }
        }
        None
    }

    /// The same in words, and where everybody stands.
    pub(crate) fn what_is_missing(&self, core: &BTreeSet<NodeId>) -> String {
        let missing = self.missing(core).unwrap_or_default();
        let nodes: Vec<String> = self
            .core_members(core)
            .map(|member| format!("{:?}", member.node().map(RawNode::status)))
            .collect();
        format!(
            "{core:?} is well for {PATIENCE} election timeouts, and {missing}: {}",
            nodes.join("; ")
        )
    }
}
