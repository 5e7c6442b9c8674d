//! The commands: what each takes, and what it does.

use quorate::Config;
use quorate::types::NodeId;
use quorate_sim::command::{Command, number};
use quorate_sim::replay::world_of;
use quorate_sim::step::Step;

use super::Interaction;
use super::drive::Thread;
use super::flight::Fate;
use super::line::KINDS;
use super::request::{known, template};
use crate::output::{Failure, Output};

const LOG_LEVELS: [&str; 6] = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"];

/// Nodes of one `add-nodes` command.
const NODES_MAX: u64 = 1_000;

impl Interaction {
    pub(super) fn dispatch(
        &mut self,
        command: &Command,
        input: &[String],
        out: &mut Output<'_>,
    ) -> Result<(), Failure> {
        match command.name.as_str() {
            "world" => self.world(command),
            "add-nodes" => self.add_nodes(command),
            "steps" => self.steps(command, input, out),
            "propose-conf-change" => self.propose_conf_change(command, input),
            "process-ready" => self.each(command, "handling Ready", out, |run, id, out| {
                run.stage.process_ready(id, out)
            }),
            "process-append-thread" => self.process_thread(Thread::Append, command, out),
            "process-apply-thread" => self.process_thread(Thread::Apply, command, out),
            "deliver-msgs" => self.deliver(command, out),
            "stabilize" => self.stabilize(command, out),
            "tick-election" => self.tick(command, |config| config.settings().election_timeout_ticks),
            "tick-heartbeat" => self.tick(command, |config| config.settings().heartbeat_interval_ticks),
            "set-randomized-election-timeout" => self.set_election_timeout(command),
            "report-snapshot" => self.report_snapshot(command),
            "read-index" => self.read_index(command),
            "send-snapshot" => self.send_snapshot(command, out),
            "compact" => self.compact(command, out),
            "raft-log" => self.show_log(only_id(command)?, out),
            "raft-state" => self.raft_state(command, out),
            "status" => self.status(command, out),
            "counters" => self.counters(command, out),
            "events" => self.events(command, out),
            "log-level" => self.log_level(command),
            "restart" => self.restart(command),
            "join" => self.join(command),
            "reorder-msgs" => self.reorder(command),
            "take-ready" => self.stage.take_ready(only_id(command)?, out),
            "persist" => self.stage.persist(only_id(command)?, out),
            "write-append" => self.stage.write_append(only_id(command)?, out),
            "acknowledge" => self.acknowledge(command, out),
            "wipe" => self.wipe(command),
            "deliver" => self.deliver_one(command, out),
            "lose" => self.lose(command, out),
            "compact-to-applied" => self.compact_to_applied(command, out),
            "check" => self.check(command),
            "recover" => self.recover(command),
            "cancel-conf-change" => self.cancel_conf_change(command),
            _ => self.single(command),
        }
    }

    // ----- the world

    fn world(&mut self, command: &Command) -> Result<(), Failure> {
        if self.stage.next_id() > 1 {
            return Err(Failure::new("the world comes before its nodes"));
        }
        let world = world_of(command)?;
        self.stage.cluster.set_world(&world);
        self.stage.world = Some(world);
        Ok(())
    }

    fn add_nodes(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&known())?;
        let [count] = command.exactly("COUNT")?;
        let count = number(count)?;
        if count > NODES_MAX {
            return Err(Failure::new(format!("at most {NODES_MAX} nodes at once")));
        }
        self.stage.add(count, &template(command)?)
    }

    /// A node with an empty disk: a new one, or one whose disk is lost.
    pub(super) fn join(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&known())?;
        let [id] = command.exactly("ID")?;
        let node = number(id)?;
        if node == self.stage.next_id() {
            return self.stage.add(1, &template(command)?);
        }
        self.stage.side(node)?;
        self.stage.step(Step::Join { node }).map(drop)
    }

    // ----- time

    fn tick(&mut self, command: &Command, ticks: fn(&Config) -> u64) -> Result<(), Failure> {
        let node = only_id(command)?;
        self.stage.node(node)?;
        let ticks = self.stage.cluster.config(node).map_or(0, ticks);
        self.stage.step(Step::Tick { node, ticks }).map(drop)
    }

    fn set_election_timeout(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&["timeout"])?;
        let [id] = command.exactly("ID timeout=N")?;
        let id = number(id)?;
        self.stage.node(id)?;
        match command.value("timeout")? {
            None | Some(0) => Err(Failure::new("timeout must be 1 or more")),
            Some(ticks) => {
                self.stage
                    .cluster
                    .call(id, |node| node.set_election_timeout_draw(ticks));
                Ok(())
            }
        }
    }

    // ----- Readies, messages, storage

    fn process_thread(&mut self, thread: Thread, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let header = format!("processing {} thread", thread.name());
        self.each(command, &header, out, |run, id, out| {
            run.stage.process_thread(thread, id, out)
        })
    }

    fn deliver(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["drop", "type", "duplicate"])?;
        let (recipients, dropped) = (command.ids()?, command.list::<NodeId>("drop")?);
        if let Some(both) = recipients.iter().find(|id| dropped.contains(id)) {
            return Err(Failure::new(format!("can't both deliver and drop msgs to {both}")));
        }
        let kind = command.value::<String>("type")?;
        kind.as_deref().map_or(Ok(()), known_kind)?;
        let fate = if command.switch("duplicate")? {
            Fate::Duplicate
        } else {
            Fate::Deliver
        };
        let delivered = recipients.into_iter().map(|id| (id, fate));
        let dropped = dropped.into_iter().map(|id| (id, Fate::Drop));
        let mut count = 0;
        for (to, fate) in delivered.chain(dropped) {
            let mut parcels = self.stage.parcels(to);
            parcels.retain(|parcel| kind.as_deref().is_none_or(|kind| kind == parcel.kind));
            parcels.retain(|parcel| fate != Fate::Drop || !parcel.is_local());
            if fate != Fate::Drop && !parcels.is_empty() {
                self.stage.node(to)?;
            }
            count += parcels.len();
            self.stage.deliver(fate, parcels, out)?;
        }
        if count == 0 {
            out.line("no messages");
        }
        Ok(())
    }

    fn reorder(&mut self, command: &Command) -> Result<(), Failure> {
        self.stage.reverse(only_id(command)?);
        Ok(())
    }

    fn stabilize(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["log-level"])?;
        let mut ids = command.ids()?;
        if ids.is_empty() {
            ids = self.stage.ids();
        }
        match command.value::<String>("log-level")? {
            None => self.stage.stabilize(&ids, out),
            Some(level) => self.stage.stabilize(&ids, &mut out.muted(is_mute(&level)?)),
        }
    }

    fn log_level(&mut self, command: &Command) -> Result<(), Failure> {
        let [level] = command.exactly("LEVEL")?;
        self.silent = level.eq_ignore_ascii_case("SILENT");
        self.muted = self.silent || is_mute(level)?;
        Ok(())
    }

    /// Does something for each id; several of them stand below headers.
    fn each(
        &mut self,
        command: &Command,
        header: &str,
        out: &mut Output<'_>,
        mut act: impl FnMut(&mut Self, NodeId, &mut Output<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        command.only(&[])?;
        let ids = command.ids()?;
        if let [id] = ids[..] {
            return act(self, id, out);
        }
        for id in ids {
            out.line(format!("> {id} {header}"));
            act(self, id, &mut out.nested())?;
        }
        Ok(())
    }

    // ----- steps

    /// A list of steps, done as the simulator does them; nothing is printed. What is no step is done as a command.
    fn steps(&mut self, command: &Command, input: &[String], out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&[])?;
        let [] = command.exactly("")?;
        for line in input.iter().filter(|line| !line.trim_start().starts_with('#')) {
            let command: Command = line.parse()?;
            let step = Step::of_command(&command).ok().flatten();
            match step.filter(|step| !matches!(step, Step::Join { .. })) {
                Some(step) => drop(self.stage.step(step)?),
                None => self.dispatch(&command, &[], &mut out.muted(true))?,
            }
        }
        Ok(())
    }

    /// A command that is one step at one node, which must run.
    fn single(&mut self, command: &Command) -> Result<(), Failure> {
        let step = Step::of_command(command)?.ok_or_else(|| Failure::new("unknown command"))?;
        self.stage.node(step.node().unwrap_or(0))?;
        let refusals = self.stage.step(step)?;
        super::moves::told(refusals)
    }
}

pub(super) fn only_id(command: &Command) -> Result<NodeId, Failure> {
    command.only(&[])?;
    let [id] = command.exactly("ID")?;
    Ok(number(id)?)
}

pub(super) fn known_kind(kind: &str) -> Result<(), Failure> {
    if KINDS.contains(&kind) {
        return Ok(());
    }
    Err(Failure::new(format!("unknown message type {kind}")))
}

fn is_mute(level: &str) -> Result<bool, Failure> {
    if !LOG_LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
        return Err(Failure::new(format!(
            "log levels must be either of [{}]",
            LOG_LEVELS.join(" ")
        )));
    }
    Ok(level.eq_ignore_ascii_case("NONE"))
}
