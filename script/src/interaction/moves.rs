//! Single moves that print something, or take more than their step does: one message, a start, a compaction, a change.

use bytes::Bytes;
use quorate::message::Payload;
use quorate::types::{EntryId, NodeId};
use quorate::{Config, Message, RawNode, Snapshot, Storage, StorageError};
use quorate_sim::cluster::Refusal;
use quorate_sim::command::{Command, bytes_of, number};
use quorate_sim::disk::Write;
use quorate_sim::step::Step;

use super::Interaction;
use super::commands::{known_kind, only_id};
use super::flight::Parcel;
use super::line::{Line, Party};
use super::recorded::propose_words;
use super::request::conf_change;
use crate::output::{Failure, Output};

impl Interaction {
    // ----- one message

    pub(super) fn deliver_one(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["nth", "keep"])?;
        let (from, to, kind) = route(command, "FROM->TO TYPE [nth=K] [keep=B]")?;
        let nth = command.value("nth")?.unwrap_or(0);
        let keep = command.switch("keep")?;
        self.stage.node(to)?;
        let Some(parcel) = self.stage.pick(from, to, kind, nth) else {
            out.line("nothing in flight");
            return Ok(());
        };
        self.stage.deliver_one(&parcel, keep, out)
    }

    /// The oldest of a node's own acknowledgements.
    pub(super) fn acknowledge(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let id = only_id(command)?;
        self.stage.node(id)?;
        let Some(parcel) = self.stage.parcels(id).into_iter().find(|parcel| parcel.is_ack) else {
            out.line("nothing to acknowledge");
            return Ok(());
        };
        self.stage.deliver_one(&parcel, false, out)
    }

    pub(super) fn lose(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["nth"])?;
        let (from, to, kind) = route(command, "FROM->TO TYPE [nth=K]")?;
        let nth = command.value("nth")?.unwrap_or(0);
        match self.stage.pick(from, to, kind, nth) {
            Some(Parcel { is_ack: true, .. }) => Err(Failure::new("what a node tells itself is never lost")),
            Some(parcel) => {
                out.line(format!("dropped: {}", parcel.text));
                self.stage.lose(&parcel)
            }
            None => {
                out.line("nothing in flight");
                Ok(())
            }
        }
    }

    pub(super) fn send_snapshot(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let [from, to] = command.exactly("FROM TO")?;
        let (from, to) = (number(from)?, number(to)?);
        let term = self.stage.node(from)?.status().hard_state.term;
        let payload = Payload::InstallSnapshot(Box::new(self.stage.handout(from, to)?));
        let message = Message::new(from, to, term, payload);
        out.line(Line::of_message(&message).to_string());
        self.stage
            .cluster
            .put(from, message)
            .map_err(|broken| Failure::new(broken.detail))
    }

    // ----- starting, compacting

    /// From what is stored, with a state machine that remembers what it was.
    pub(super) fn restart(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&["applied", "seed"])?;
        let [id] = command.exactly("ID [applied=I]")?;
        let node = number(id)?;
        let (applied, seed) = (command.value("applied")?, command.value("seed")?);
        let remembered = self.stage.side(node)?.memory.at(applied).cloned();
        if let Some(seed) = seed {
            self.stage.cluster.set_next_seed(node, seed);
        }
        if self.stage.cluster.disk(node).is_none() {
            return self.stage.step(Step::Join { node }).map(drop);
        }
        let stored = self.stage.disk(node)?.stored().snapshot(0, 0).ok();
        let stored = stored.filter(|stored| applied == Some(stored.metadata.index));
        let Some(state) = remembered.or(stored) else {
            return Err(Failure::new("the state machine does not remember that index"));
        };
        self.can_start(node, &state)?;
        if self.stage.cluster.node(node).is_some() {
            let kept = self.stage.cluster.unsynced(node);
            self.stage.step(Step::Crash { node, kept })?;
        }
        if let Some(disk) = self.stage.cluster.disk_mut(node) {
            disk.begin_at(state);
        }
        self.stage.step(Step::Restart { node }).map(drop)
    }

    /// A start that is refused changes nothing.
    fn can_start(&mut self, id: NodeId, state: &Snapshot) -> Result<(), Failure> {
        let mut disk = self.stage.disk(id)?.clone();
        disk.begin_at(state.clone());
        let mut config = self
            .stage
            .cluster
            .config(id)
            .cloned()
            .unwrap_or_else(|| Config::new(id, 1));
        config.applied = state.metadata.index;
        RawNode::new(config, disk)?;
        Ok(())
    }

    pub(super) fn wipe(&mut self, command: &Command) -> Result<(), Failure> {
        let node = only_id(command)?;
        self.stage.side(node)?;
        if self.stage.cluster.node(node).is_some() {
            return Err(Failure::new(format!("node {node} runs")));
        }
        self.stage.step(Step::Wipe { node }).map(drop)
    }

    pub(super) fn compact(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let [id, to] = command.exactly("ID FIRST")?;
        let (id, to) = (number(id)?, number(to)?);
        self.can_compact(id, to)?;
        self.stage.at(id, |cluster| cluster.write_to(id, Write::Compact(to)))?;
        self.show_log(id, out)
    }

    pub(super) fn compact_to_applied(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["keep"])?;
        let [id] = command.exactly("ID [keep=K]")?;
        let node = number(id)?;
        let keep = command.value("keep")?.unwrap_or(0);
        self.stage.node(node)?;
        let (_, applied) = self
            .stage
            .cluster
            .machine(node)
            .map_or((None, 0), |(machine, at)| (Some(machine), at));
        if keep == 0 {
            self.can_compact(node, applied)?;
        }
        self.stage.step(Step::Compact { node, keep })?;
        let side = self.stage.side(node)?;
        side.handout = side.memory.at(None).cloned().unwrap_or_default();
        self.stage.offer(node);
        self.show_log(node, out)
    }

    fn can_compact(&mut self, id: NodeId, to: u64) -> Result<(), Failure> {
        let mut copy = self.stage.disk(id)?.stored().clone();
        copy.compact(to).map_err(|error| match error {
            StorageError::Compacted => Failure::new("requested index is unavailable due to compaction"),
            error => error.into(),
        })
    }

    // ----- calls

    pub(super) fn propose_conf_change(&mut self, command: &Command, input: &[String]) -> Result<(), Failure> {
        let expected = command.value("expected")?;
        let change = if command.has("change") || command.has("context") {
            match Step::of_command(command)? {
                Some(Step::Change { change, .. }) => change.into(),
                _ => return Err(Failure::new("no change of the configuration")),
            }
        } else {
            command.only(&["v1", "transition", "veto", "expected"])?;
            conf_change(command, input)?
        };
        let [id] = command.exactly("ID [v1=B] [transition=T] [veto=B] [expected=I]")?;
        let id = number(id)?;
        self.stage.node(id)?;
        told(
            self.stage
                .at(id, |cluster| cluster.propose_change(id, change, expected))?,
        )
    }

    pub(super) fn cancel_conf_change(&mut self, command: &Command) -> Result<(), Failure> {
        let id = only_id(command)?;
        self.stage.side(id)?;
        self.stage.cluster.veto_next_change(id);
        Ok(())
    }

    /// A read that prints by its context.
    pub(super) fn read_index(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&["operation"])?;
        let [id, context] = command.exactly("ID CONTEXT")?;
        let id = number(id)?;
        self.stage.node(id)?;
        if let Some(step) = Step::of_command(command)?.filter(|_| command.has("operation")) {
            return told(self.stage.step(step)?);
        }
        let context: Bytes = bytes_of(context).unwrap_or_default();
        self.stage.operations += 1;
        let operation = self.stage.operations;
        told(
            self.stage
                .at(id, |cluster| cluster.read_as(id, operation, context.clone(), context))?,
        )
    }

    pub(super) fn report_snapshot(&mut self, command: &Command) -> Result<(), Failure> {
        let step = Step::of_command(command)?;
        let Some(Step::ReportSnapshot {
            node,
            peer,
            mut snapshot,
            finished,
        }) = step
        else {
            return Err(Failure::new("no report"));
        };
        let mut peers = self.stage.node(node)?.progress();
        if !command.has("snapshot") {
            let awaited = peers.find(|known| known.id == peer);
            let awaited = awaited.and_then(|peer| peer.state.pending_snapshot());
            snapshot = awaited.unwrap_or(EntryId::default());
        }
        drop(peers);
        told(self.stage.step(Step::ReportSnapshot {
            node,
            peer,
            snapshot,
            finished,
        })?)
    }

    // ----- judging

    /// Fails if anything is wrong: a failure is heard whatever the log level.
    pub(super) fn check(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&[])?;
        let [] = command.exactly("")?;
        let lines: Vec<String> = self
            .stage
            .broken()
            .iter()
            .map(|broken| format!("VIOLATION {broken}"))
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        Err(Failure::new(lines.join("\n")))
    }

    /// Fails if these nodes do not get anywhere: a failure is heard whatever the log level.
    pub(super) fn recover(&mut self, command: &Command) -> Result<(), Failure> {
        for id in command.ids()? {
            self.stage.side(id)?;
        }
        let known = self.stage.broken().len();
        if let Some(step) = Step::of_command(command)? {
            self.stage.step(step)?;
        }
        let broken = self.stage.broken();
        let stuck = broken.iter().skip(known).find(|broken| broken.property == "liveness");
        stuck.map_or(Ok(()), |stuck| Err(Failure::new(format!("VIOLATION {stuck}"))))
    }
}

/// Why something is refused, in the recordings' words where they have some.
pub(super) fn told(refusals: Vec<Refusal>) -> Result<(), Failure> {
    for refusal in refusals {
        let words = match refusal {
            Refusal::Propose(error) => propose_words(&error),
            Refusal::Read(error) => Some(error.to_string()),
            Refusal::Snapshot(error) => Some(error.to_string()),
            _ => None,
        };
        if let Some(words) = words {
            return Err(Failure::new(words));
        }
    }
    Ok(())
}

fn route<'a>(command: &'a Command, usage: &str) -> Result<(Party, NodeId, &'a str), Failure> {
    let [route, kind] = command.exactly(usage)?;
    known_kind(kind)?;
    let parties = route.split_once("->").and_then(|(from, to)| {
        let from: Party = from.parse().ok()?;
        Some((from, to.parse().ok()?))
    });
    let Some((from, to)) = parties else {
        return Err(Failure::new(format!("{route:?} does not say from whom and to whom")));
    };
    Ok((from, to, kind))
}
