//! Drives a cluster from one seed: lets time pass, lets things go wrong, and has clients ask for things.

mod client;
mod errands;
mod fault;
mod link;
mod links;
mod liveness;
mod lost_quorum;
mod operator;
mod rejoin;
mod replacement;
mod run;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use quorate::{Index, NodeId};

use crate::clock::{Clock, Due, Kind};
use crate::cluster::Cluster;
use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::judge::{Verdict, Violation};
use crate::member::{Life, Member};
use crate::parameters::Parameters;
use crate::step::Step;
use crate::trace::{Trace, What};
use crate::workload::Workload;

use client::Client;

/// A run under way. A clone of one goes on by itself.
#[derive(Clone)]
pub struct Driver<W: Workload, D> {
    parameters: Parameters,
    dice: Dice,
    clock: Clock,
    cluster: Cluster<W::Machine, D>,
    workload: W,
    nodes: Vec<Local>,
    /// Who cannot be heard by whom, and the last arrival on each link.
    cuts: BTreeMap<(NodeId, NodeId), u64>,
    arrivals: BTreeMap<(NodeId, NodeId), u64>,
    /// Links that are slow, or hold what is sent.
    upset_links: BTreeMap<(NodeId, NodeId), links::Upset>,
    partitions: u64,
    clients: Vec<Client>,
    operations: u64,
    /// Which client waits for which operation.
    waiting: BTreeMap<u64, usize>,
    /// Who is removed, wiped and added again, and where that is.
    rejoins: Option<(NodeId, rejoin::Rejoins)>,
    /// Operations of clients who come once.
    passers_by: BTreeSet<u64>,
    /// What was asked for after a recovery.
    probe: Option<service::Probe>,
    recording: Option<Vec<Step>>,
    /// Nothing goes wrong any more.
    calm: bool,
    steps: u64,
}

/// What the driver knows of a node beside what the cluster does.
#[derive(Clone, Debug, Default)]
struct Local {
    /// Errands that are due already.
    due: BTreeSet<Kind>,
    /// The start that they belong to.
    start: u64,
    tick_us: u64,
    /// Ticks that passed while the process stood still; `None`: it runs.
    paused: Option<u64>,
    /// Ticks for which the clock stands still.
    stopped: u64,
    /// It stands still for good.
    dead: bool,
    /// Its clock has stopped with it.
    timeless: bool,
    /// And its disk is lost.
    lost: bool,
    /// Its disk was lost, and it is to be a voter again with another one.
    replacing: bool,
    /// How far its log and its commit index had got when it was last looked at.
    grown: (Index, Index),
    /// Whether it was the only voter then.
    last: bool,
}

/// How a run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What was seen.
    pub coverage: Coverage,
    /// What broke, if something did.
    pub violation: Option<Violation>,
    /// A digest of all that happened: the same for the same seed.
    pub fingerprint: u64,
    /// What was done, if that was recorded.
    pub steps: Vec<Step>,
    /// What happened, if that was traced.
    pub trace: Option<Trace>,
    /// Microseconds that it took to make progress once a majority was well again.
    pub recovery_us: u64,
}

impl Report {
    pub(crate) fn broken(violation: Violation) -> Self {
        Self {
            coverage: Coverage::default(),
            violation: Some(violation),
            fingerprint: 0,
            steps: Vec::new(),
            trace: None,
            recovery_us: 0,
        }
    }
}

impl<W: Workload, D> fmt::Debug for Driver<W, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Driver {{ {:?}, steps: {} }}", self.parameters, self.steps)
    }
}

impl<W: Workload, D: Disk + 'static> Driver<W, D> {
    /// A run with these parameters.
    pub fn new(parameters: &Parameters, workload: W, make_disk: impl Fn() -> D + 'static) -> Result<Self, Violation> {
        Self::steered(parameters, workload, make_disk, Dice::new(parameters.seed))
    }

    /// The same, with other dice than those of the parameters' seed: with [ones from bytes](Dice::from_bytes) a fuzzer
    /// steers. They decide until the run's end, when it has to recover.
    pub fn steered(
        parameters: &Parameters,
        workload: W,
        make_disk: impl Fn() -> D + 'static,
        dice: Dice,
    ) -> Result<Self, Violation> {
        let cluster = Cluster::drawn(parameters, make_disk)?;
        Ok(Self::over(parameters, workload, cluster, dice))
    }

    /// The same over nodes that are there.
    fn over(parameters: &Parameters, workload: W, cluster: Cluster<W::Machine, D>, dice: Dice) -> Self {
        let mut driver = Self {
            dice,
            clock: Clock::default(),
            cluster,
            workload,
            nodes: Vec::new(),
            cuts: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            upset_links: BTreeMap::new(),
            partitions: 0,
            clients: (0..parameters.clients).map(|_| Client::default()).collect(),
            operations: 0,
            waiting: BTreeMap::new(),
            rejoins: None,
            passers_by: BTreeSet::new(),
            probe: None,
            recording: None,
            calm: false,
            steps: 0,
            parameters: parameters.clone(),
        };
        (1..=parameters.voters).for_each(|id| driver.begin(id));
        for client in 0..parameters.clients {
            let wait = driver.dice.wait(parameters.think_us);
            driver.clock.after(wait, Due::Client(client));
        }
        driver
    }

    /// Records what is done, so that it can be replayed and cut down.
    #[must_use]
    pub fn recorded(mut self) -> Self {
        self.recording = Some(Vec::new());
        self
    }

    /// Keeps what happens, for a timeline.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.cluster.begin_trace(Trace::about(&self.parameters));
        self
    }

    /// What is due next; that a client gives up is no step where it waits no more.
    fn next_due(&mut self) -> Option<Due> {
        loop {
            match self.clock.next()? {
                Due::GiveUp { client, operation } if !self.waits_for(client, operation) => {}
                due => return Some(due),
            }
        }
    }

    /// What is due next happens.
    fn take_one(&mut self) -> Verdict {
        self.steps += 1;
        let Some(due) = self.next_due() else { return Ok(()) };
        self.cluster.now = self.clock.now;
        match due {
            Due::Tick(node) => self.on_tick(node)?,
            Due::Work { node, start, kind } => self.on_work(node, start, kind)?,
            Due::Arrive(message) => self.on_arrival(message)?,
            Due::Client(client) => self.on_client(client)?,
            Due::GiveUp { client, operation } => self.on_patience_lost(client, operation),
            Due::Resume(node) => self.on_resume(node)?,
            Due::Restart(node) => self.on_restart(node)?,
            Due::Mend(partition) => self.mend(partition),
        }
        Ok(())
    }

    /// Does one thing, and arranges what follows from it.
    fn perform(&mut self, step: Step) -> Verdict {
        if let Some(recording) = &mut self.recording {
            let mut step = step.clone();
            if let Step::Deliver { message, .. } | Step::Stray { message, .. } | Step::Lose { message } = &mut step
                && let Some(described) = self.cluster.describe(*message)
            {
                *message = described;
            }
            recording.push(step);
        }
        let verdict = self.cluster.step(step);
        self.arrange_deliveries();
        self.tell_clients();
        for command in std::mem::take(&mut self.cluster.committed) {
            self.workload.committed(&command);
        }
        verdict
    }

    /// Does one thing at a node, and arranges its errands.
    fn perform_at(&mut self, node: NodeId, step: Step) -> Verdict {
        let verdict = self.perform(step);
        self.arrange_work(node);
        verdict?;
        self.react(node)
    }

    /// A node that has just been added.
    fn begin(&mut self, node: NodeId) {
        let drift = self.parameters.drift;
        let slow = self.dice.below(2 * drift + 1);
        let tick_us = self.parameters.tick_us * (1_000_000 - drift + slow) / 1_000_000;
        self.nodes.push(Local {
            tick_us,
            ..Local::default()
        });
        let wait = self.dice.below(tick_us);
        self.clock.after(wait, Due::Tick(node));
        self.arrange_work(node);
    }

    fn local(&mut self, node: NodeId) -> &mut Local {
        &mut self.nodes[Cluster::<W::Machine, D>::position(node)]
    }

    fn member(&self, node: NodeId) -> Option<&Member<W::Machine, D>> {
        self.cluster.member(node)
    }

    fn is_up(&self, node: NodeId) -> bool {
        self.member(node).is_some_and(Member::is_up)
    }

    /// Whether it is up, and its process does not stand still: then it may be talked to.
    fn runs(&self, node: NodeId) -> bool {
        let local = self.nodes.get(Cluster::<W::Machine, D>::position(node));
        self.is_up(node) && local.is_some_and(|local| local.paused.is_none())
    }

    fn running(&self) -> Vec<NodeId> {
        (1..=self.nodes.len() as u64).filter(|id| self.runs(*id)).collect()
    }

    fn leader(&self) -> Option<NodeId> {
        let leaders = self
            .cluster
            .members
            .iter()
            .filter(|member| member.is_leader() && self.runs(member.id));
        leaders.max_by_key(|member| member.seen.term).map(|member| member.id)
    }

    fn on_tick(&mut self, node: NodeId) -> Verdict {
        let local = self.local(node);
        if local.dead {
            local.timeless = true;
            return Ok(());
        }
        let wait = local.tick_us;
        let runs = match &mut local.paused {
            Some(owed) => {
                *owed += 1;
                false
            }
            None if local.stopped > 0 => {
                local.stopped -= 1;
                false
            }
            None => true,
        };
        self.clock.after(wait, Due::Tick(node));
        if runs && self.is_up(node) {
            self.perform_at(node, Step::Tick { node, ticks: 1 })?;
        }
        if !self.calm {
            self.inject_faults(node)?;
            self.operate(node)?;
        }
        Ok(())
    }

    fn on_restart(&mut self, node: NodeId) -> Verdict {
        if self.local(node).dead {
            return Ok(());
        }
        self.local(node).paused = None;
        let gone = self
            .member(node)
            .is_some_and(|member| matches!(member.life, Life::Gone));
        if gone {
            return self.perform_at(node, Step::Join { node });
        }
        self.restart(node)
    }

    fn note(&mut self, node: NodeId, kind: &'static str, text: impl FnOnce() -> String) {
        self.cluster.note(node, || What::Note { kind, text: text() });
    }
}
