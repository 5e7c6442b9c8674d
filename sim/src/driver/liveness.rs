//! The end of a run: a majority is well again while every other failure becomes permanent, and then
//! everything that was asked for must be answered.

use std::collections::BTreeSet;

use quorate::NodeId;

use super::Driver;
use crate::clock::Due;
use crate::cluster::{Cluster, PATIENCE, timeout_of};
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::parameters::Spread;
use crate::step::{Step, Well};
use crate::workload::Workload;

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// How long it took, in microseconds.
    pub(super) fn recover(&mut self) -> Result<u64, Violation> {
        self.dice.forget_bytes(); // nobody steers a group so that it never comes to rest
        let Some(mut core) = self.choose_core() else {
            return Ok(0);
        };
        let mut before = self.clock.now;
        self.heal(&core)?;
        let timeouts = core.iter().map(|node| {
            let mut config = self.parameters.config(*node);
            config.settings_mut().election_timeout_ticks = self.parameters.election_bounds().1;
            timeout_of(config.settings())
        });
        let patience = PATIENCE * timeouts.max().unwrap_or(0) * self.parameters.tick_us;
        let (mut probed, mut patient) = (0, true);
        while self.clock.now < before + patience {
            self.take_one()?;
            if self.clock.now >= probed {
                probed = self.clock.now + self.parameters.tick_us;
                if self.cluster.missing(&core).is_none() {
                    let took = self.clock.now - before;
                    if self.parameters.corners.like_etcd == Spread::Off {
                        self.serve(&mut core, patience)?;
                    }
                    return Ok(took);
                }
                self.nudge(&core)?;
                if patient && self.clock.now >= before + patience / 2 {
                    patient = false;
                    self.repair(&core)?;
                }
                // A change that was under way may ask for more than this majority.
                let size = core.len();
                if !self.grow(&mut core) {
                    return Ok(0);
                }
                if core.len() > size {
                    (before, patient) = (self.clock.now, true);
                    self.heal(&core)?;
                }
            }
        }
        if self.parameters.corners.like_etcd != Spread::Off {
            return Ok(0); // some corners have no way out in etcd-io/raft's ways
        }
        // Whether they recover if all goes well is what is left to see of it in a replay.
        let core_now = core.iter().map(|node| Well {
            node: *node,
            tick_us: self.nodes[Cluster::<W::Machine, D>::position(*node)].tick_us,
        });
        if let Some(recording) = &mut self.recording {
            recording.push(Step::Recover {
                core: core_now.collect(),
            });
        }
        Err(Violation::new("liveness", self.cluster.what_is_missing(&core)))
    }

    /// A random quorum of nodes whose disks are not lost, and are those that are meant; `None` if there is none.
    fn choose_core(&mut self) -> Option<BTreeSet<NodeId>> {
        let mut core = BTreeSet::new();
        self.grow(&mut core).then_some(core)
    }

    /// Adds random members until the core is a quorum of the newest configuration, and of those that its
    /// own nodes have: a node that was not told of a change needs those that it knows of.
    pub(super) fn grow(&mut self, core: &mut BTreeSet<NodeId>) -> bool {
        while let Some(lacking) = self.cluster.lacks_quorum(core) {
            let mut candidates = lacking.members();
            candidates.retain(|id| {
                let counts = self.member(*id).is_some_and(|member| member.counts_in(&lacking));
                counts && !core.contains(id) && !self.local(*id).lost
            });
            let Some(chosen) = self.dice.pick(&candidates) else {
                return false;
            };
            core.insert(*chosen);
        }
        true
    }

    pub(super) fn heal(&mut self, core: &BTreeSet<NodeId>) -> Verdict {
        self.calm = true;
        let all: Vec<NodeId> = (1..=self.nodes.len() as u64).collect();
        // Without both, a node that can be heard and does not hear disturbs the others for ever.
        let quiet =
            !self.parameters.check_quorum || all.iter().any(|id| !self.parameters.config(*id).settings().pre_vote);
        self.cuts
            .retain(|(from, to), _| !(core.contains(from) && core.contains(to)));
        for outside in all.iter().filter(|id| !core.contains(id)) {
            // Whoever hears none of the majority cannot lead; it may be heard by it, if that does no harm.
            let cut_off = quiet || self.dice.chance_per_million(500_000);
            for inside in core {
                self.cuts.insert((*inside, *outside), u64::MAX);
                if cut_off {
                    self.cuts.insert((*outside, *inside), u64::MAX);
                }
            }
            if !self.local(*outside).dead && self.dice.chance_per_million(500_000) {
                self.perform_at(
                    *outside,
                    Step::Crash {
                        node: *outside,
                        kept: 0,
                    },
                )?;
                self.local(*outside).dead = true;
            }
        }
        for node in core {
            let local = self.local(*node);
            local.dead = false;
            if std::mem::take(&mut local.timeless) {
                self.clock.after(1, Due::Tick(*node));
            }
            self.local(*node).stopped = 0;
            self.on_resume(*node)?;
            if self.member(*node).is_some_and(|member| member.corrupt) {
                self.perform_at(*node, Step::Crash { node: *node, kept: 0 })?;
            }
            if !self.is_up(*node) {
                self.perform_at(*node, Step::Restart { node: *node })?;
            }
            if self.member(*node).is_some_and(|member| member.unavailable) {
                self.perform_at(
                    *node,
                    Step::Storage {
                        node: *node,
                        available: true,
                    },
                )?;
            }
            self.note(*node, "fault", || "well again".to_owned());
        }
        Ok(())
    }

    /// Who waits for a snapshot may be the only one that could lead: it begins anew from what it has on its disk.
    pub(super) fn repair(&mut self, core: &BTreeSet<NodeId>) -> Verdict {
        let damaged = |node: &&NodeId| self.member(**node).is_some_and(|member| member.damaged.is_some());
        for node in core.iter().filter(damaged).copied().collect::<Vec<_>>() {
            self.cluster.coverage.requests_given_up += 1;
            self.perform_at(node, Step::Crash { node, kept: 0 })?;
            self.perform_at(node, Step::Restart { node })?;
        }
        Ok(())
    }

    /// Makes the snapshots that are asked for, so that whoever needs one gets it.
    pub(super) fn nudge(&mut self, core: &BTreeSet<NodeId>) -> Verdict {
        for node in core {
            self.perform_at(*node, Step::Compact { node: *node, keep: 1 })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MemoryDisk;
    use crate::parameters::{Names, Parameters, Profile};
    use crate::workload::Standard;

    /// Else it would run at twice its speed.
    #[test]
    fn a_node_that_is_well_again_has_one_clock() {
        let parameters = Parameters::draw(7, Profile::Network);
        let mut driver = Driver::new(&parameters, Standard::new(2), MemoryDisk::default).expect("a group");
        let core: BTreeSet<NodeId> = (1..=parameters.voters).collect();
        let mut due_after = |died: u64| {
            driver.local(1).dead = true;
            let until = driver.clock.now + died;
            while driver.clock.now < until {
                driver.take_one().expect("sound");
            }
            driver.heal(&core).expect("sound");
            driver.clock.count_of(|due| *due == Due::Tick(1))
        };
        let (at_once, later) = (due_after(0), due_after(5 * parameters.tick_us));
        assert_eq!((at_once, later), (1, 1));
    }

    /// Nor before it has another: by then it is too late to choose somebody else.
    #[test]
    fn who_lost_a_named_store_is_well_for_no_configuration() {
        let drawn = (0..).map(|seed| Parameters::draw(seed, Profile::ReplacedDisks));
        let mut named = drawn.filter(|drawn| drawn.names == Names::Later && drawn.voters == 3);
        let parameters = named.next().expect("one of them");
        let mut driver = Driver::new(&parameters, Standard::new(2), MemoryDisk::default).expect("a group");
        let unnamed = driver.cluster.membership();
        let core = BTreeSet::from([1, 2]);
        assert!(driver.cluster.lacks_quorum(&core).is_none());
        driver.cluster.names_in_force = true;
        for step in [Step::Crash { node: 2, kept: 0 }, Step::Wipe { node: 2 }] {
            driver.perform(step).expect("sound");
        }
        assert_eq!(unnamed.identity(2), None);
        assert!(driver.cluster.lacks_quorum(&core).is_some());
    }
}
