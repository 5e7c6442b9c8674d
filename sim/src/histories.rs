//! One group, several histories: a quorum is lost, some survivors are recovered, each for itself, and perhaps those
//! that were thought to be lost come back.
//!
//! Each history has a [judge](crate::judge) of its own that judges every step, and all go on side by side in one time.
//! Their nodes have the same ids, and messages of each reach the nodes of the others. What is judged beside:
//!
//! | property | |
//! |---|---|
//! | a recovery keeps what the survivor has | every entry of its log, applied in order |
//! | survivors agree | of those that can be read, one is the best |
//! | leader completeness | the best of survivors that meet every quorum has all that was committed |
//! | strangers leave no trace | a message between two histories is refused as such, and the node shows no change |
//! | histories do not mix | no command of one is ever committed in another |
//! | leases do not overlap | while an old leader, left by itself, holds a lease, nobody leads a recovered group |
//! | liveness | at the end a majority of each recovered group is well, has a leader, commits all |

mod clients;

use quorate::NodeId;
use quorate::recover::{Inspection, best_of};

use crate::dice::Dice;
use crate::disk::MemoryDisk;
use crate::driver::Driver;
use crate::judge::{Verdict, Violation};
use crate::parameters::Parameters;
use clients::Clients;

/// What came of some histories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Histories {
    /// What broke, if something did.
    pub violation: Option<Violation>,
    /// Groups that were recovered, and survivors that were the best of several.
    pub recovered: u64,
    /// See `recovered`.
    pub chosen: u64,
    /// Groups that went on beside what was made of some of their nodes.
    pub returned: u64,
    /// Leaders that held a lease when the last of the others was gone.
    pub leases: u64,
    /// Entries that were known to be committed and were kept; entries that may not have been, and are now.
    pub kept: u64,
    /// See `kept`.
    pub uncertain: u64,
    /// Messages between histories that were refused.
    pub strays: u64,
    /// Entries that recovered groups committed, and members that they had at the end.
    pub committed: u64,
    /// See `committed`.
    pub members: u64,
    /// A digest of all that happened: the same for the same seed.
    pub fingerprint: u64,
}

impl Histories {
    /// Adds what came of others; the first violation stays.
    pub fn add(&mut self, other: &Self) {
        self.violation = self.violation.take().or_else(|| other.violation.clone());
        for (sum, count) in [
            (&mut self.recovered, other.recovered),
            (&mut self.chosen, other.chosen),
            (&mut self.returned, other.returned),
            (&mut self.leases, other.leases),
            (&mut self.kept, other.kept),
            (&mut self.uncertain, other.uncertain),
            (&mut self.strays, other.strays),
            (&mut self.committed, other.committed),
            (&mut self.members, other.members),
        ] {
            *sum += count;
        }
        self.fingerprint = self.fingerprint.rotate_left(1) ^ other.fingerprint;
    }
}

/// Runs the group that is drawn for so many steps, has it lose its quorum, and runs what comes of it for as many steps
/// each.
///
/// ```
/// use quorate_sim::{Parameters, Profile, histories};
/// let seen = histories::run(&Parameters::draw(1, Profile::Swarm), 1_000);
/// assert_eq!(seen.violation, None);
/// ```
pub fn run(parameters: &Parameters, steps: u64) -> Histories {
    let mut world = World {
        parameters: parameters.clone(),
        dice: Dice::new(parameters.seed ^ 0x0068_6973_746f_7279),
        all: Vec::new(),
        seen: Histories::default(),
    };
    let outcome = world.happen(steps);
    world.end(outcome)
}

type History = Driver<Clients, MemoryDisk>;

struct World {
    parameters: Parameters,
    dice: Dice,
    /// The first is that of the group, the others those of its survivors.
    all: Vec<History>,
    seen: Histories,
}

impl World {
    fn happen(&mut self, steps: u64) -> Verdict {
        let mut old = Driver::new(&self.parameters, Clients::of(0), MemoryDisk::default)?;
        old.take(steps)?;
        self.all.push(old);
        let spared = self.await_lease()?;
        let halted = self.halt_some(spared)?;
        let chosen = self.choose(&halted)?;
        let returns = self.dice.chance_per_million(400_000);
        self.seen.returned = u64::from(returns);
        self.lose_the_others(&halted, &chosen, returns)?;
        for id in chosen {
            self.recover(id)?;
        }
        if self.all.len() == 1 {
            return Ok(()); // nothing was left that was ever a member
        }
        for step in 0..steps * self.all.len() as u64 {
            self.step(step, returns)?;
        }
        Ok(())
    }

    /// In half of the runs the quorum is lost just when a leader holds a lease, if one does soon.
    fn await_lease(&mut self) -> Result<Option<NodeId>, Violation> {
        if self.dice.chance_per_million(500_000) {
            return Ok(None);
        }
        let old = &mut self.all[0];
        for _ in 0..500 {
            if let Some(leader) = old.leads().filter(|id| old.holds_lease(*id)) {
                return Ok(Some(leader));
            }
            old.take(1)?;
        }
        Ok(None)
    }

    /// Some nodes are stopped, at least one that has a disk, but not the one that is spared if there are others.
    fn halt_some(&mut self, spared: Option<NodeId>) -> Result<Vec<NodeId>, Violation> {
        let old = &mut self.all[0];
        let mut ids = old.ids();
        ids.retain(|id| old.has_disk(*id));
        if ids.len() > 1 {
            ids.retain(|id| Some(*id) != spared);
        }
        let lucky = self.dice.position(ids.len());
        let mut halted = Vec::new();
        for (at, id) in ids.into_iter().enumerate() {
            if at == lucky || self.dice.chance_per_million(500_000) {
                old.halt(id)?;
                halted.push(id);
            }
        }
        Ok(halted)
    }

    /// Whom to recover: the best, nearly always, and perhaps another one, by somebody who does not know that.
    fn choose(&mut self, halted: &[NodeId]) -> Result<Vec<NodeId>, Violation> {
        let old = &self.all[0];
        let mut inspected: Vec<(NodeId, Inspection)> = Vec::new();
        for id in halted {
            inspected.extend(old.inspect(*id)?.map(|inspection| (*id, inspection)));
        }
        let Some(best) = best_of(inspected.iter().map(|(_, inspection)| inspection)) else {
            if inspected.is_empty() {
                return Ok(Vec::new());
            }
            return Err(Violation::new("survivors agree", format!("{inspected:?}")));
        };
        let best = inspected
            .iter()
            .find(|(_, inspection)| inspection == best)
            .map_or(0, |(id, _)| *id);
        if old.cluster().meet_every_quorum(halted) {
            old.cluster().holds_all(best)?;
            self.seen.chosen += 1;
        }
        let mut chosen = Vec::new();
        if self.dice.chance_per_million(900_000) {
            chosen.push(best);
        }
        let others: Vec<NodeId> = inspected.iter().map(|(id, _)| *id).filter(|id| *id != best).collect();
        if chosen.is_empty() || self.dice.chance_per_million(500_000) {
            chosen.extend(self.dice.pick(&others));
        }
        Ok(chosen)
    }

    /// Those that were stopped and not chosen go on, and all others too; or one is left who may have led them, and no
    /// quorum.
    fn lose_the_others(&mut self, halted: &[NodeId], chosen: &[NodeId], returns: bool) -> Verdict {
        let old = &mut self.all[0];
        let rest = halted.iter().filter(|id| !chosen.contains(id));
        if returns {
            rest.for_each(|id| old.go_on(*id));
            return Ok(());
        }
        let remnant = old.leads().filter(|id| !old.is_enough(*id));
        for id in old.ids() {
            if Some(id) != remnant && !chosen.contains(&id) {
                old.halt(id)?;
                old.bury(id);
            }
        }
        self.seen.leases += u64::from(remnant.is_some_and(|id| old.holds_lease(id)));
        Ok(())
    }

    fn recover(&mut self, id: NodeId) -> Verdict {
        let number = self.all.len() as u64;
        let random = self.dice.number();
        let old = &mut self.all[0];
        let Some(mut recovered) = old.survive(id, random)? else {
            return Ok(());
        };
        // Others may have promised more than this node did.
        let longest = self
            .parameters
            .election_bounds()
            .1
            .max(recovered.hard_state.promised_ticks);
        recovered.hard_state = recovered.hard_state.with_promised_ticks(longest);
        let last = recovered.snapshot.metadata.index;
        let known = old.cluster().committed_up_to(last);
        (self.seen.kept, self.seen.uncertain) = (self.seen.kept + known, self.seen.uncertain + last - known);
        let parameters = Parameters {
            seed: self.parameters.seed ^ (number << 40),
            voters: old.ids().len() as u64,
            ..self.parameters.clone()
        };
        let now = old.now();
        let clients = Clients::of(number);
        let new = Driver::of_recovered(&parameters, clients, MemoryDisk::default, &recovered, now)?;
        self.all.push(new);
        self.seen.recovered += 1;
        Ok(())
    }

    /// The history that is behind in time goes on.
    fn step(&mut self, step: u64, returns: bool) -> Verdict {
        let next = (0..self.all.len()).min_by_key(|at| self.all[*at].now()).unwrap_or(0);
        self.all[next].take(1)?;
        if !returns {
            self.judge_leases()?;
        }
        if step.is_multiple_of(4) {
            self.cross(next)?;
        }
        if next > 0 && step.is_multiple_of(16) {
            self.all[next].enlist()?;
        }
        Ok(())
    }

    /// A message of one history reaches the nodes of all others.
    fn cross(&mut self, from: usize) -> Verdict {
        let Some(message) = self.all[from].overheard() else {
            return Ok(());
        };
        for at in (0..self.all.len()).filter(|at| *at != from) {
            let refused = self.all[at].hear_stranger(message.clone())?;
            self.seen.strays += u64::from(refused);
        }
        Ok(())
    }

    fn judge_leases(&self) -> Verdict {
        let Some((old, new)) = self.all.split_first() else {
            return Ok(());
        };
        let holder = old.ids().into_iter().find(|id| old.holds_lease(*id));
        let leader = new.iter().find_map(Driver::leads);
        match (holder, leader) {
            (Some(holder), Some(leader)) => Err(Violation::new(
                "leases do not overlap",
                format!("{holder} holds a lease, and {leader} leads a recovered group"),
            )),
            _ => Ok(()),
        }
    }

    fn end(mut self, outcome: Verdict) -> Histories {
        self.seen.violation = outcome.err();
        let returned = self.seen.returned > 0;
        for (at, history) in self.all.into_iter().enumerate() {
            let sound = self.seen.violation.is_none();
            let base = history.cluster().began_at();
            // Of what is left of the old group nothing is asked.
            let (report, committed, members) = history.end(sound && (at > 0 || returned));
            if at > 0 {
                self.seen.committed += committed - base;
                self.seen.members += members;
            }
            self.seen.violation = self.seen.violation.or(report.violation);
            self.seen.fingerprint = self.seen.fingerprint.rotate_left(1) ^ report.fingerprint;
        }
        self.seen
    }
}
