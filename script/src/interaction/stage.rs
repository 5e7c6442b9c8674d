//! The simulated cluster that a script runs on, and what is known of its nodes beside it.

use std::collections::BTreeMap;

use quorate::error::NodeError;
use quorate::ready::{Ack, AckKind, AppendTask, ApplyTask};
use quorate::types::NodeId;
use quorate::{Event, HardState, RawNode, Ready, Snapshot, Storage};
use quorate_sim::cluster::{Cluster, Refusal, Seeds, Seen};
use quorate_sim::replay::World;
use quorate_sim::step::Step;
use quorate_sim::{Disk, Verdict, Violation};

use super::flight::Local;
use super::line::Line;
use super::machine::{Joined, Memory};
use super::recorded::{self, ScriptDisk};
use super::request::Template;
use crate::output::Failure;

/// The nodes in the order in which they were added: ids 1, 2, 3 …
#[derive(Debug)]
pub(crate) struct Stage {
    pub(super) cluster: Cluster<Joined, ScriptDisk>,
    sides: BTreeMap<NodeId, Side>,
    /// How acknowledgements in flight print.
    pub(super) acks: BTreeMap<u64, Local>,
    /// What all is drawn from, where that is said.
    pub(super) world: Option<World>,
    pub(super) operations: u64,
}

/// What belongs to a node beside what the cluster has.
#[derive(Clone, Debug)]
pub(super) struct Side {
    /// It does as in the recordings.
    pub(super) as_recorded: bool,
    /// The last hard state that the node handed out, or began with.
    pub(super) hard_state: HardState,
    pub(super) memory: Memory,
    /// What its peers are given, where it does as in the recordings.
    pub(super) handout: Snapshot,
    pub(super) events: Vec<Event>,
    /// The last batch that it handed out.
    pub(super) ready: Option<Box<Ready>>,
}

impl Default for Stage {
    fn default() -> Self {
        let mut cluster = Cluster::by_hand(ScriptDisk::default);
        cluster.watch();
        Self {
            cluster,
            sides: BTreeMap::new(),
            acks: BTreeMap::new(),
            world: None,
            operations: 0,
        }
    }
}

/// What is under way at a node, from which its acknowledgements come.
struct Tasks {
    appends: Vec<AppendTask>,
    apply: Option<ApplyTask>,
}

impl Stage {
    // ----- nodes

    pub(super) fn next_id(&self) -> NodeId {
        self.sides.len() as NodeId + 1
    }

    pub(super) fn ids(&self) -> Vec<NodeId> {
        self.sides.keys().copied().collect()
    }

    /// Adds nodes that are all alike.
    pub(super) fn add(&mut self, count: u64, template: &Template) -> Result<(), Failure> {
        for _ in 0..count {
            self.add_one(template)?;
        }
        Ok(())
    }

    fn add_one(&mut self, template: &Template) -> Result<(), Failure> {
        let id = self.next_id();
        let mut config = template.config.clone();
        config.id = id;
        config.validate()?;
        let initial = self.named(&template.initial);
        let begin = Some(&initial).filter(|initial| !initial.is_empty());
        let seeds = if self.world.is_some() {
            Seeds::Drawn
        } else {
            Seeds::Counted
        };
        self.cluster
            .add_node(config, begin, seeds)
            .map_err(|broken| Failure::new(broken.detail))?;
        let side = Side {
            as_recorded: template.as_recorded,
            hard_state: HardState::default(),
            memory: Memory::new(initial.clone()),
            handout: initial,
            events: Vec::new(),
            ready: None,
        };
        self.sides.insert(id, side);
        self.look(
            &Tasks {
                appends: Vec::new(),
                apply: None,
            },
            id,
        );
        self.started(id);
        Ok(())
    }

    /// The snapshot with the identities of all stores that a group is founded with, where they have some.
    fn named(&self, initial: &Snapshot) -> Snapshot {
        let mut initial = initial.clone();
        let founds = self.world.as_ref().is_some_and(World::names_founders);
        if founds && !initial.is_empty() {
            let state = &initial.metadata.conf_state;
            let named = state.voters.iter().map(|id| (*id, self.cluster.first_identity(*id)));
            initial.metadata.conf_state = state.clone().with_identities(named);
        }
        initial
    }

    pub(super) fn side(&mut self, id: NodeId) -> Result<&mut Side, Failure> {
        let side = self.sides.get_mut(&id);
        side.ok_or_else(|| Failure::new(format!("there is no node {id}")))
    }

    pub(super) fn as_recorded(&self, id: NodeId) -> bool {
        self.sides.get(&id).is_some_and(|side| side.as_recorded)
    }

    /// The node, unless it crashed.
    pub(super) fn node(&mut self, id: NodeId) -> Result<&RawNode<ScriptDisk>, Failure> {
        self.side(id)?;
        self.cluster
            .node(id)
            .ok_or_else(|| Failure::new(format!("node {id} is down")))
    }

    pub(super) fn disk(&mut self, id: NodeId) -> Result<&ScriptDisk, Failure> {
        self.side(id)?;
        self.cluster
            .disk(id)
            .ok_or_else(|| Failure::new(format!("the disk of node {id} is lost")))
    }

    // ----- steps

    /// Does one thing at nodes that run; gives what they refuse.
    pub(super) fn step(&mut self, step: Step) -> Result<Vec<Refusal>, Failure> {
        let node = step.node().unwrap_or(0);
        let after = step.clone();
        let refusals = self.at(node, |cluster| cluster.step(step))?;
        match after {
            Step::Restart { node } | Step::RestartDurable { node } => self.started(node),
            Step::Join { node } => {
                self.forget(node);
                self.started(node);
            }
            Step::Wipe { node } => self.forget(node),
            _ => {}
        }
        Ok(refusals)
    }

    /// Something happens at a node: what is to be known of it is noted. Fails if it cannot be done at all.
    pub(super) fn at(
        &mut self,
        node: NodeId,
        act: impl FnOnce(&mut Cluster<Joined, ScriptDisk>) -> Verdict,
    ) -> Result<Vec<Refusal>, Failure> {
        let known = self.cluster.violations().len();
        let (written, tasks) = self.cluster.tasks(node);
        let before = Tasks {
            appends: written.into_iter().chain(tasks).cloned().collect(),
            apply: self.cluster.next_apply(node).cloned(),
        };
        let done = act(&mut self.cluster);
        let refusals = self.look(&before, node);
        done.map_err(|broken| Failure::new(broken.detail))?;
        if let Some(fault) = self.cluster.node(node).and_then(RawNode::poisoned) {
            return Err(NodeError::Poisoned(fault.clone()).into());
        }
        let new = self.cluster.violations().iter().skip(known);
        match new.into_iter().find(|broken| is_impossible(broken)) {
            Some(broken) => Err(Failure::new(broken.detail.clone())),
            None => Ok(refusals),
        }
    }

    /// Takes in what was seen.
    fn look(&mut self, before: &Tasks, node: NodeId) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        for seen in self.cluster.take_seen() {
            match seen {
                Seen::Refused(_, refusal) => refusals.push(refusal),
                seen => self.note(seen),
            }
        }
        let acks: Vec<(u64, Ack)> = self
            .cluster
            .acknowledgements(node)
            .map(|(number, ack)| (number, ack.clone()))
            .collect();
        for (number, ack) in acks {
            self.acks.entry(number).or_insert_with(|| local(node, &ack, before));
        }
        refusals
    }

    fn note(&mut self, seen: Seen) {
        match seen {
            Seen::Ready(id, ready) => {
                if let Some(side) = self.sides.get_mut(&id) {
                    side.ready = Some(ready);
                }
            }
            Seen::Event(id, event) => {
                if let Some(side) = self.sides.get_mut(&id) {
                    side.events.push(event);
                }
            }
            Seen::Restored(id, snapshot) => {
                if let Some(side) = self.sides.get_mut(&id) {
                    side.memory = Memory::new(snapshot);
                }
            }
            Seen::Applied(id, entry) => {
                let state = self.cluster.configuration_at(entry.index).cloned().unwrap_or_default();
                let Some(side) = self.sides.get_mut(&id) else { return };
                side.memory.apply(&entry, &state);
                let Some(state) = side.memory.at(None).filter(|_| side.as_recorded) else {
                    return;
                };
                side.handout = recorded::handout_after(&side.handout, &entry, state);
                self.offer(id);
            }
            _ => {}
        }
    }

    /// The recordings' nodes give this to their peers from now on.
    pub(super) fn offer(&mut self, id: NodeId) {
        if let Some(side) = self.sides.get(&id).filter(|side| side.as_recorded)
            && let Some(disk) = self.cluster.disk_mut(id)
        {
            disk.hand_out(side.handout.clone());
        }
    }

    /// A node has started: its state machine is what it was given.
    fn started(&mut self, id: NodeId) {
        let Some(disk) = self.cluster.disk_mut(id) else { return };
        let state = disk.latest_snapshot().unwrap_or_default();
        disk.begun();
        let status = self.cluster.node(id).map(RawNode::status);
        if let Some(side) = self.sides.get_mut(&id) {
            side.hard_state = status.map(|status| status.hard_state).unwrap_or_default();
            side.memory.rewind(&state);
            side.handout = state;
        }
        self.offer(id);
    }

    /// Nothing is left of a node's state.
    fn forget(&mut self, id: NodeId) {
        if let Some(side) = self.sides.get_mut(&id) {
            side.memory = Memory::new(Snapshot::default());
            side.handout = Snapshot::default();
        }
    }

    /// What a peer would be sent now.
    pub(super) fn handout(&mut self, id: NodeId, peer: NodeId) -> Result<Snapshot, Failure> {
        match self.side(id)? {
            side if side.as_recorded => Ok(side.handout.clone()),
            _ => Ok(self.disk(id)?.snapshot(peer, 0)?),
        }
    }

    /// What broke so far. In the recordings' ways vote requests leave before they should.
    pub(super) fn broken(&self) -> Vec<&Violation> {
        let recorded = self.sides.values().any(|side| side.as_recorded);
        let asked = |broken: &&Violation| !(recorded && broken.property == "persist before send");
        self.cluster.violations().iter().filter(asked).collect()
    }
}

/// Not a property that does not hold, but something that cannot be done.
fn is_impossible(broken: &Violation) -> bool {
    ["no unexpected errors", "nothing panics"].contains(&broken.property)
}

/// How an acknowledgement prints, given what the task held that it is of.
fn local(id: NodeId, ack: &Ack, before: &Tasks) -> Local {
    let entries = before.apply.as_ref().map_or(&[][..], |task| task.entries());
    let task = before.appends.iter().find(|task| acknowledges(task, ack));
    let line = match ack.kind() {
        AckKind::Applied { .. } => Line::of_ack(id, ack.kind(), entries, None),
        kind => Line::of_ack(id, kind, &[], task.and_then(|task| task.snapshot())),
    };
    Local {
        from: line.from,
        to: id,
        kind: line.kind,
        text: line.to_string(),
        silent: matches!(ack.kind(), AckKind::HardState { .. }),
    }
}

fn acknowledges(task: &AppendTask, ack: &Ack) -> bool {
    task.responses()
        .contains(&quorate::ready::TaskResponse::Ack(ack.clone()))
}
