//! A group that has recovered serves: each of its nodes is asked once more, so that nothing that leaked can hide behind
//! what was in the logs already.

use std::collections::BTreeSet;

use quorate::NodeId;

use super::Driver;
use crate::cluster::Outcome;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::member::Member;
use crate::step::Step;
use crate::workload::{Request, Workload};

/// Clients that never read, or never write, are asked so often.
const ASKED: u32 = 16;

/// Something that was asked for after the recovery.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    operation: u64,
    outcome: Option<Outcome>,
}

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// Every voter here answers a read, and the leader a command, within this time.
    pub(super) fn serve(&mut self, core: &mut BTreeSet<NodeId>, patience: u64) -> Verdict {
        // A leader may refuse all commands as too large, by its settings.
        let takes_commands = !self.parameters.corners.small_bounds;
        for node in core.clone() {
            let (mut until, mut asked) = (self.clock.now.saturating_add(patience), 0);
            let (mut read, mut written) = (false, !takes_commands);
            while asked < ASKED && self.votes(node) {
                let leads = self.member(node).is_some_and(Member::is_leader);
                if read && (written || !leads) {
                    break;
                }
                self.nudge(core)?;
                let (writes, outcome) = self.ask(node, until)?;
                let answered = matches!(outcome, Some(Outcome::Answered(_)));
                asked += u32::from(answered || (writes && !leads)); // who only writes is not asked for ever
                read |= answered && !writes;
                written |= answered && writes;
                // A change that was under way may ask for more than this majority.
                let size = core.len();
                if !self.grow(core) {
                    return Ok(());
                }
                if core.len() > size {
                    until = self.clock.now.saturating_add(patience);
                    self.heal(core)?;
                }
                if self.clock.now + patience / 2 >= until {
                    self.repair(core)?;
                }
                if self.clock.now >= until {
                    let what = if writes { "command" } else { "read" };
                    let detail =
                        format!("{node} is well and one of a quorum, and its last {what} ended as {outcome:?}");
                    return Err(Violation::new("who is well serves", detail));
                }
            }
        }
        Ok(())
    }

    /// Asks for whatever clients want next, and waits for what becomes of it: whether it was a command, and its outcome.
    fn ask(&mut self, node: NodeId, until: u64) -> Result<(bool, Option<Outcome>), Violation> {
        self.operations += 1;
        let operation = self.operations;
        // Nobody else waits any more: each is a client of its own.
        let client = self.passer_by(operation);
        let request = self.workload.ask(operation, client, &mut self.dice);
        let writes = matches!(request, Request::Write(_));
        let step = match request {
            Request::Write(command) => Step::Propose {
                node,
                operation,
                command,
            },
            Request::Read(query) => Step::Read {
                node,
                operation,
                query,
                mode: None,
            },
        };
        self.probe = Some(Probe {
            operation,
            outcome: None,
        });
        self.perform_at(node, step)?;
        // A command that is passed on may get lost on the way: nobody waits for it.
        let waits = !writes || self.member(node).is_some_and(Member::is_leader);
        let (_, longest) = self.parameters.election_bounds();
        let patience = if waits {
            4 * longest * self.parameters.tick_us
        } else {
            0
        };
        let given_up = until.min(self.clock.now + patience);
        let ended = |probe: &Option<Probe>| probe.as_ref().is_some_and(|probe| probe.outcome.is_some());
        while !ended(&self.probe) && self.clock.now < given_up {
            self.take_one()?;
        }
        let outcome = self.probe.take().and_then(|probe| probe.outcome);
        match outcome {
            None => self.cluster.give_up(node, operation),
            Some(Outcome::Refused) => self.wait_a_tick()?, // there may be another leader just now
            Some(_) => {}
        }
        Ok((writes, outcome))
    }

    /// Whether it is a voter, with the store that is meant.
    fn votes(&self, node: NodeId) -> bool {
        let membership = self.cluster.membership();
        membership.is_voter(node) && self.member(node).is_some_and(|member| member.counts_in(&membership))
    }

    fn wait_a_tick(&mut self) -> Verdict {
        let until = self.clock.now + self.parameters.tick_us;
        while self.clock.now < until {
            self.take_one()?;
        }
        Ok(())
    }

    /// An operation has ended.
    pub(super) fn tell_probe(&mut self, operation: u64, outcome: &Outcome) {
        if let Some(probe) = self.probe.as_mut().filter(|probe| probe.operation == operation) {
            probe.outcome = Some(outcome.clone());
            self.workload.ended(operation, outcome);
        }
    }
}
