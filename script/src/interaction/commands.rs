//! The commands: what each takes, what it calls, what it prints.

use quorate::error::{CampaignError, ProposeError};
use quorate::message::Payload;
use quorate::status::{ProgressStatus, SnapshotStatus};
use quorate::types::NodeId;
use quorate::{Config, EntryId, Message, Proposed, RawNode, Storage, StorageError};

use super::Interaction;
use super::disk::{Disk, Write};
use super::drive::{Fate, Thread, propose_words};
use super::line::KINDS;
use super::member::Member;
use super::pool::{Filter, Parcel};
use super::print;
use super::request::{known, template};
use crate::output::{Failure, Output};
use crate::parse::Block;
use quorate_sim::command::{Command, number};

const LOG_LEVELS: [&str; 6] = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"];

/// Ticks of one `ticks` command.
const TICKS_MAX: u64 = 1_000_000;

impl Interaction {
    pub(super) fn dispatch(&mut self, block: &Block, out: &mut Output<'_>) -> Result<(), Failure> {
        let command = &block.command;
        match command.name.as_str() {
            "add-nodes" => self.add_nodes(command),
            "campaign" => self.campaign(command),
            "propose" => self.propose(command),
            "propose-conf-change" => self.propose_conf_change(command, &block.input),
            "process-ready" => self.process_ready(command, out),
            "process-append-thread" => self.process_thread(Thread::Append, command, out),
            "process-apply-thread" => self.process_thread(Thread::Apply, command, out),
            "deliver-msgs" => self.deliver(command, out),
            "stabilize" => self.stabilize(command, out),
            "tick-election" => self.tick(command, |config| config.settings().election_timeout_ticks),
            "tick-heartbeat" => self.tick(command, |config| config.settings().heartbeat_interval_ticks),
            "ticks" => self.ticks(command),
            "set-randomized-election-timeout" => self.set_election_timeout(command),
            "transfer-leadership" => self.transfer_leadership(command),
            "forget-leader" => Ok(self.node_of(command)?.forget_leader()?),
            "request-snapshot" => Ok(self.node_of(command)?.request_snapshot()?),
            "report-unreachable" => self.report_unreachable(command),
            "report-snapshot" => self.report_snapshot(command),
            "read-index" => self.read_index(command),
            "send-snapshot" => self.send_snapshot(command, out),
            "compact" => self.compact(command, out),
            "raft-log" => self.raft_log(command, out),
            "raft-state" => self.raft_state(command, out),
            "status" => self.status(command, out),
            "counters" => self.counters(command, out),
            "events" => self.events(command, out),
            "log-level" => self.log_level(command),
            "crash" => self.crash(command),
            "restart" => self.restart(command),
            "reorder-msgs" => self.reorder(command),
            "take-ready" => self.take_ready(command, out),
            "persist" => self.persist(command, out),
            "acknowledge" => self.acknowledge(command, out),
            "wipe" => self.wipe(command),
            "pause" => self.pause(command),
            "write-append" => self.write_append(command, out),
            "deliver" => self.deliver_one(command, out),
            "lose" => self.lose(command, out),
            "compact-to-applied" => self.compact_to_applied(command, out),
            "check" => self.check(command),
            "recover" => self.recover(command, out),
            "cancel-conf-change" => self.cancel_conf_change(command),
            _ => Err(Failure::new("unknown command")),
        }
    }

    // ----- nodes

    fn add_nodes(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&known())?;
        let [count] = command.exactly("COUNT")?;
        self.cluster.add(number(count)?, &template(command)?)
    }

    // ----- calls

    fn campaign(&mut self, command: &Command) -> Result<(), Failure> {
        match self.node_of(command)?.campaign() {
            Err(CampaignError::Node(error)) => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn propose(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&[])?;
        let [id, data] = command.exactly("ID DATA")?;
        let data = data.as_bytes().to_vec();
        proposed(self.cluster.node(number(id)?)?.propose(data))
    }

    /// The node that a command names, and nothing else.
    fn node_of(&mut self, command: &Command) -> Result<&mut RawNode<Disk>, Failure> {
        self.cluster.node(only_id(command)?)
    }

    fn report_unreachable(&mut self, command: &Command) -> Result<(), Failure> {
        let [on, peer] = command.exactly("ID PEER")?;
        let peer = number(peer)?;
        Ok(self.cluster.node(number(on)?)?.report_unreachable(peer)?)
    }

    fn report_snapshot(&mut self, command: &Command) -> Result<(), Failure> {
        let [from, to, status] = command.exactly("FROM TO finished|failed")?;
        let status = match status {
            "finished" => SnapshotStatus::Finished,
            "failed" => SnapshotStatus::Failed,
            _ => return Err(Failure::new("a snapshot is finished or failed")),
        };
        command.only(&["snapshot"])?;
        let to = number(to)?;
        let node = self.cluster.node(number(from)?)?;
        let named = command.value::<String>("snapshot")?;
        let snapshot = match named {
            Some(id) => entry_id(&id)?,
            None => awaited(node.progress(), to),
        };
        Ok(node.report_snapshot(to, snapshot, status)?)
    }

    fn read_index(&mut self, command: &Command) -> Result<(), Failure> {
        let [id, context] = command.exactly("ID CONTEXT")?;
        let (id, context) = (number(id)?, context.as_bytes().to_vec());
        self.cluster.node(id)?.read_index(context.clone())?;
        self.cluster.judge.asked(id, context);
        Ok(())
    }

    // ----- time

    fn tick(&mut self, command: &Command, ticks: fn(&Config) -> u64) -> Result<(), Failure> {
        let member = self.cluster.member(only_id(command)?)?;
        for _ in 0..ticks(member.config()) {
            member.node()?.tick()?;
        }
        Ok(())
    }

    fn ticks(&mut self, command: &Command) -> Result<(), Failure> {
        let [id, ticks] = command.exactly("ID N")?;
        let id = number(id)?;
        self.cluster.judge.resumed(id);
        let node = self.cluster.node(id)?;
        let ticks = number(ticks)?;
        if ticks > TICKS_MAX {
            return Err(Failure::new(format!("at most {TICKS_MAX} ticks")));
        }
        for _ in 0..ticks {
            node.tick()?;
        }
        Ok(())
    }

    fn set_election_timeout(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&["timeout"])?;
        let [id] = command.exactly("ID timeout=N")?;
        let node = self.cluster.node(number(id)?)?;
        match command.value("timeout")? {
            None | Some(0) => Err(Failure::new("timeout must be 1 or more")),
            Some(ticks) => {
                node.set_election_timeout_draw(ticks);
                Ok(())
            }
        }
    }

    // ----- Readies, messages, storage

    fn process_ready(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        each(command, "handling Ready", out, |id, out| {
            self.cluster.process_ready(id, out)
        })
    }

    fn process_thread(&mut self, thread: Thread, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let header = format!("processing {} thread", thread.name());
        each(command, &header, out, |id, out| {
            self.cluster.process_thread(thread, id, out)
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
            let filter = Filter {
                to,
                kind: kind.as_deref(),
                spare_local: fate == Fate::Drop,
            };
            count += self.cluster.deliver(fate, filter, out)?;
        }
        if count == 0 {
            out.line("no messages");
        }
        Ok(())
    }

    fn reorder(&mut self, command: &Command) -> Result<(), Failure> {
        self.cluster.pool.reverse(only_id(command)?);
        Ok(())
    }

    fn stabilize(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["log-level"])?;
        let mut ids = command.ids()?;
        if ids.is_empty() {
            ids = self.cluster.members.iter().map(Member::id).collect();
        }
        match command.value::<String>("log-level")? {
            None => self.cluster.stabilize(&ids, out),
            Some(level) => self.cluster.stabilize(&ids, &mut out.muted(is_mute(&level)?)),
        }
    }

    fn send_snapshot(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let [from, to] = command.exactly("FROM TO")?;
        let (from, to) = (number(from)?, number(to)?);
        let term = self.cluster.node(from)?.status().hard_state.term;
        let snapshot = self.cluster.member(from)?.handout(to)?;
        let payload = Payload::InstallSnapshot(Box::new(snapshot));
        let parcel = Parcel::message(Message::new(from, to, term, payload));
        out.line(&parcel.text);
        self.cluster.pool.add([parcel]);
        Ok(())
    }

    fn compact(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let [id, to] = command.exactly("ID FIRST")?;
        let (id, to) = (number(id)?, number(to)?);
        let outcome = self.cluster.member(id)?.disk_mut().write(Write::Compact(to));
        outcome.map_err(|error| compaction_failure(&error))?;
        self.show_log(id, out)
    }

    // ----- looking

    fn raft_log(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        self.show_log(only_id(command)?, out)
    }

    pub(super) fn show_log(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        let memory = self.cluster.member(id)?.disk().memory();
        if memory.log().is_empty() {
            let (first, last) = (memory.first_index()?, memory.last_index()?);
            out.line(format!("log is empty: first index={first}, last index={last}"));
        }
        for entry in &memory.log() {
            out.line(print::entry(entry));
        }
        Ok(())
    }

    fn raft_state(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let [] = command.exactly("")?;
        for member in &self.cluster.members {
            let id = member.id();
            let Some(node) = member.running() else {
                out.line(format!("{id}: down"));
                continue;
            };
            let status = node.status();
            let voter = if node.membership().is_voter(id) {
                "Voter"
            } else {
                "Non-Voter"
            };
            let state = print::state(status.soft_state.role);
            let lead = status.soft_state.leader.unwrap_or(0);
            let term = status.hard_state.term;
            out.line(format!("{id}: {state} ({voter}) Term:{term} Lead:{lead}"));
        }
        Ok(())
    }

    fn status(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        for peer in self.node_of(command)?.progress() {
            out.line(print::progress(&peer));
        }
        Ok(())
    }

    fn counters(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let counters = self.node_of(command)?.counters();
        // One `name: value,` a line between the type's name and a bracket.
        for line in format!("{counters:#?}").lines() {
            match line.trim().trim_end_matches(',').split_once(": ") {
                None | Some((_, "0")) => {}
                Some((name, value)) => out.line(format!("{name}={value}")),
            }
        }
        Ok(())
    }

    fn events(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        for event in self.cluster.member(only_id(command)?)?.take_events() {
            out.line(format!("{event:?}"));
        }
        Ok(())
    }

    fn log_level(&mut self, command: &Command) -> Result<(), Failure> {
        let [level] = command.exactly("LEVEL")?;
        self.silent = level.eq_ignore_ascii_case("SILENT");
        self.muted = self.silent || is_mute(level)?;
        Ok(())
    }
}

/// `TERM/INDEX`.
fn entry_id(words: &str) -> Result<EntryId, Failure> {
    let Some((term, index)) = words.split_once('/') else {
        return Err(Failure::new("a snapshot is named TERM/INDEX"));
    };
    let (term, index) = (number(term)?, number(index)?);
    Ok(EntryId { term, index })
}

/// The snapshot that a leader waits for, if it waits for one.
fn awaited(mut peers: impl Iterator<Item = ProgressStatus>, to: NodeId) -> EntryId {
    let peer = peers.find(|peer| peer.id == to);
    peer.and_then(|peer| peer.state.pending_snapshot()).unwrap_or_default()
}

pub(super) fn compaction_failure(error: &StorageError) -> Failure {
    match error {
        StorageError::Compacted => Failure::new("requested index is unavailable due to compaction"),
        error => Failure::new(error.to_string()),
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

/// Does something for each id; several of them stand below headers.
fn each(
    command: &Command,
    header: &str,
    out: &mut Output<'_>,
    mut act: impl FnMut(NodeId, &mut Output<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    command.only(&[])?;
    let ids = command.ids()?;
    if let [id] = ids[..] {
        return act(id, out);
    }
    for id in ids {
        out.line(format!("> {id} {header}"));
        act(id, &mut out.nested())?;
    }
    Ok(())
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

pub(super) fn proposed(outcome: Result<Proposed, ProposeError>) -> Result<(), Failure> {
    match outcome.map_err(|error| propose_words(&error)) {
        Err(Some(words)) => Err(Failure::new(words)),
        Ok(_) | Err(None) => Ok(()),
    }
}
