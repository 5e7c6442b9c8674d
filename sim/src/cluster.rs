//! A cluster in one thread: nodes, their disks, and the messages between them. Nothing happens by
//! itself: each [`Step`] does one thing, and is judged.

mod apply;
mod availability;
mod by_hand;
mod call;
mod causes;
mod corruption;
mod damage;
mod identity;
mod lifecycle;
mod machine;
mod network;
mod observe;
mod persist;
mod recovered;
mod recovery;
mod rejoin;
mod snapshots;
mod storage;
mod stranger;
mod watch;

pub use apply::VETO;
pub use by_hand::Seeds;
pub(crate) use causes::Causes;
pub(crate) use recovery::{PATIENCE, timeout_of};
pub(crate) use rejoin::Forgot;
pub use watch::{Refusal, Seen};

use quorate::{Config, EntryId, Index, Message, NodeId, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use bytes::Bytes;
use quorate::membership::Membership;
use quorate::types::{ClusterId, SnapshotMetadata};

use crate::coverage::Coverage;
use crate::disk::Disk;
use crate::history::Prefix;
use crate::judge::{Judge, Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::panics::caught;
use crate::parameters::{Names, Parameters};
use crate::replay::group_of;
use crate::step::{MessageRef, Step};
use crate::trace::{Record, Trace, What};
use lifecycle::Begin;

/// Where the logs of a new cluster begin: its first snapshot stands for this index.
pub(crate) const FIRST: Index = 1;

/// What became of what a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and this is the answer.
    Answered(Bytes),
    /// It was not done and never will be.
    Refused,
    /// Nobody can tell.
    Unknown,
}

/// Nodes with state machine `M` on disks `D`. A clone shares nothing with it, so that one past can have many futures.
#[derive(Clone)]
pub struct Cluster<M, D> {
    pub(crate) members: Vec<Member<M, D>>,
    make_disk: Rc<dyn Fn() -> D>,
    settings: Rc<dyn Fn(NodeId) -> Config>,
    pub(crate) pool: BTreeMap<u64, Message>,
    messages: u64,
    pub(crate) judge: Judge,
    seed: u64,
    /// The group, which stores name that can.
    group: ClusterId,
    /// Simulated time, in microseconds: for the trace only.
    pub(crate) now: u64,
    pub(crate) trace: Option<Trace>,
    pub(crate) coverage: Coverage,
    /// For whoever drives: messages that were sent, and operations that ended, since it last looked.
    pub(crate) sent: Vec<u64>,
    pub(crate) ended: Vec<(u64, Outcome)>,
    /// Commands, in the order in which they were committed, since it last looked.
    pub(crate) committed: Vec<Bytes>,
    /// Where changes of the configuration are that the application vetoed.
    vetoed: BTreeSet<Index>,
    /// How members are named.
    names: Names,
    /// A leader said that identities are in force: from then on they are.
    pub(crate) names_in_force: bool,
    /// A node came back with an empty disk, under its old id, and stores have no names: committed entries may be contradicted.
    disks_forgot: bool,
    /// What was seen, if somebody watches.
    watch: Option<Box<watch::Watch>>,
    /// Whether a lease that overlaps another, or a stale read, is a violation.
    pub(crate) judge_leases: bool,
    /// By how many ticks two clocks may differ over an election timeout, if that is known.
    drift_ticks: Option<u64>,
}

impl<M, D> fmt::Debug for Cluster<M, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (nodes, messages) = (self.members.len(), self.pool.len());
        write!(
            f,
            "Cluster {{ seed: {}, nodes: {nodes}, messages in flight: {messages} }}",
            self.seed
        )
    }
}

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// `voters` with the ids from 1 on, all begun from one snapshot. `settings` gives each node's
    /// settings; the seed is filled in here.
    pub fn new(
        seed: u64,
        voters: u64,
        make_disk: impl Fn() -> D + 'static,
        settings: impl Fn(NodeId) -> Config + 'static,
    ) -> Result<Self, Violation> {
        Self::founded(seed, voters, Names::Ids, make_disk, settings)
    }

    /// The same, with members that are named like this, where their stores can be.
    pub fn founded(
        seed: u64,
        voters: u64,
        names: Names,
        make_disk: impl Fn() -> D + 'static,
        settings: impl Fn(NodeId) -> Config + 'static,
    ) -> Result<Self, Violation> {
        Self::in_group(group_of(seed), seed, voters, names, make_disk, settings)
    }

    /// The same, in a group of this name.
    pub(crate) fn in_group(
        group: ClusterId,
        seed: u64,
        voters: u64,
        names: Names,
        make_disk: impl Fn() -> D + 'static,
        settings: impl Fn(NodeId) -> Config + 'static,
    ) -> Result<Self, Violation> {
        let mut cluster = Self::empty(seed, names, make_disk, settings);
        cluster.group = group;
        let mut stores = Vec::new();
        for id in 1..=voters {
            stores.push((id, cluster.new_store(id, 1)?));
        }
        if stores.iter().all(|(_, store)| store.identity == 0) {
            (cluster.names, cluster.names_in_force) = (Names::Ids, true); // these disks take none
        }
        let metadata = SnapshotMetadata::new(EntryId { term: 1, index: FIRST }, cluster.first_conf_state(&stores)?);
        let data = M::default().snapshot();
        let first = Snapshot::new(metadata, data);
        cluster
            .judge
            .configurations
            .applies(0, FIRST, &first.metadata.conf_state)?;
        for (id, store) in stores {
            cluster.add(id, store, &Begin::Founder(&first))?;
        }
        Ok(cluster)
    }

    /// Without any nodes.
    fn empty(
        seed: u64,
        names: Names,
        make_disk: impl Fn() -> D + 'static,
        settings: impl Fn(NodeId) -> Config + 'static,
    ) -> Self {
        Self {
            members: Vec::new(),
            make_disk: Rc::new(make_disk),
            settings: Rc::new(settings),
            pool: BTreeMap::new(),
            messages: 0,
            judge: Judge::new(FIRST),
            seed,
            group: group_of(seed),
            now: 0,
            trace: None,
            coverage: Coverage::default(),
            sent: Vec::new(),
            ended: Vec::new(),
            committed: Vec::new(),
            vetoed: BTreeSet::new(),
            names,
            names_in_force: names != Names::Later,
            disks_forgot: false,
            watch: None,
            judge_leases: true,
            drift_ticks: None,
        }
    }

    /// The cluster that a seed draws, with nothing done to it.
    pub fn drawn(parameters: &Parameters, make_disk: impl Fn() -> D + 'static) -> Result<Self, Violation> {
        let settings = {
            let parameters = parameters.clone();
            move |id| parameters.config(id)
        };
        let (seed, voters, names) = (parameters.seed, parameters.voters, parameters.names);
        let mut cluster = caught(
            || "the beginning".to_owned(),
            || Self::founded(seed, voters, names, make_disk, settings),
        )?;
        cluster.drift_ticks = Some(parameters.drift_ticks());
        Ok(cluster)
    }

    /// Does one thing, and judges what came of it.
    ///
    /// Code that panics (the state machine, the disk, the core) breaks a property too.
    pub fn step(&mut self, step: Step) -> Verdict {
        let (words, node) = (step.clone(), self.node_of(&step));
        let verdict = caught(|| format!("`{words}`"), || self.perform(step));
        if let Err(broken) = &verdict {
            self.note(node, || What::Note {
                kind: "violation",
                text: broken.to_string(),
            });
        }
        self.rule(verdict)
    }

    /// Where a step happens.
    fn node_of(&self, step: &Step) -> NodeId {
        let recipient = match step {
            Step::Deliver {
                message: MessageRef::Id(id),
                ..
            } => self.pool.get(id).map(|message| message.to),
            _ => None,
        };
        let first = self.members.first().map(|member| member.id);
        step.node().or(recipient).or(first).unwrap_or(1)
    }

    fn perform(&mut self, step: Step) -> Verdict {
        let joins = matches!(step, Step::Join { .. });
        if !joins && step.node().is_some_and(|node| self.member(node).is_none()) {
            return Ok(()); // it was recorded in a larger group
        }
        match step {
            Step::Tick { node, ticks } => self.tick(node, ticks)?,
            Step::Ready { node } => self.take_ready(node)?,
            Step::Write { node } => self.write(node)?,
            Step::Sync { node } => self.sync(node)?,
            Step::Persist { node } => self.persist(node)?,
            Step::Acknowledge { node } => self.acknowledge(node)?,
            Step::Apply { node } => self.apply_task(node)?,
            Step::Deliver { message, keep } => return self.deliver(message, keep),
            Step::Stray { message, named } => self.stray(message, named)?,
            Step::Lose { message } => self.lose(message, "lost"),
            Step::Crash { node, kept } => self.crash(node, kept)?,
            Step::Restart { node } => self.restart(node)?,
            Step::RestartDurable { node } => self.restart_durable(node)?,
            Step::Join { node } => self.join(node)?,
            Step::Pause { node } => self.suspend_lease(node),
            Step::Configure { node, promises } => self.configure(node, promises)?,
            Step::Wipe { node } => self.wipe(node),
            Step::Propose {
                node,
                operation,
                command,
            } => self.propose(node, operation, command)?,
            Step::ProposeBatch {
                node,
                operation,
                commands,
            } => self.propose_batch(node, operation, commands)?,
            Step::Read {
                node,
                operation,
                query,
                mode,
            } => self.read(node, operation, query, mode)?,
            Step::Change { node, change, expected } => self.change(node, change, expected)?,
            Step::Promote { node, learner } => self.promote(node, learner)?,
            Step::Storage { node, available } => self.storage_is(node, available)?,
            Step::Corrupt { node, index } => self.corrupt(node, index)?,
            Step::Transfer { node, to } => self.transfer(node, to)?,
            Step::Campaign { node } => self.campaign(node)?,
            Step::ForgetLeader { node } => self.forget_leader(node)?,
            Step::RequestSnapshot { node } => self.request_snapshot(node)?,
            Step::WithdrawRequest { node } => self.withdraw_request(node)?,
            Step::ReportUnreachable { node, peer } => self.report_unreachable(node, peer)?,
            Step::ReportSnapshot {
                node,
                peer,
                snapshot,
                finished,
            } => self.report_snapshot(node, peer, snapshot, finished)?,
            Step::Compact { node, keep } => self.compact(node, keep)?,
            Step::Recover { core } => self.recover(&core)?,
        }
        Ok(())
    }

    /// A digest of where everything stands, and of how much happened.
    pub fn fingerprint(&self) -> u64 {
        let mut digest = Prefix::EMPTY;
        for member in &self.members {
            let last = member.log.last();
            let numbers = [
                member.starts,
                member.applied,
                member.seen.term,
                member.seen.commit,
                last.index,
                last.term,
            ];
            digest = numbers.into_iter().fold(digest, Prefix::then);
        }
        let counts = self.coverage.rows().into_iter().map(|(_, count)| count);
        counts
            .chain([self.messages, self.now])
            .fold(digest, Prefix::then)
            .digest
    }

    /// What was seen so far.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    pub(crate) fn position(id: NodeId) -> usize {
        let position = id.checked_sub(1).and_then(|position| usize::try_from(position).ok());
        position.unwrap_or(usize::MAX)
    }

    pub(crate) fn member(&self, id: NodeId) -> Option<&Member<M, D>> {
        self.members.get(Self::position(id))
    }

    pub(crate) fn member_mut(&mut self, id: NodeId) -> Option<&mut Member<M, D>> {
        self.members.get_mut(Self::position(id))
    }

    /// The newest configuration that anybody applied.
    pub(crate) fn membership(&self) -> Membership {
        let latest = self.judge.configurations.latest();
        latest
            .and_then(|(_, state)| Membership::restore(state).ok())
            .unwrap_or_default()
    }

    /// From here on what happens is kept.
    pub(crate) fn begin_trace(&mut self, about: Trace) {
        let nodes: Vec<NodeId> = self.members.iter().map(|member| member.id).collect();
        self.trace = Some(Trace {
            nodes: nodes.clone(),
            ..about
        });
        for id in nodes {
            self.note_role(id);
        }
    }

    pub(crate) fn note(&mut self, node: NodeId, what: impl FnOnce() -> What) {
        if let Some(trace) = &mut self.trace {
            let (at, what) = (self.now, what());
            trace.records.push(Record { at, node, what });
        }
    }
}

/// A core's error where there should be none.
fn unexpected(node: NodeId, what: &str, error: &dyn std::error::Error) -> Violation {
    Violation::new("no unexpected errors", format!("{node}: {what}: {error}"))
}
