//! Single moves, for scripts that are written down from simulations: one message, half a Ready, a crash
//! that tears; and the judge.

use super::Interaction;
use super::commands::{compaction_failure, known_kind, only_id};
use super::line::Party;
use super::pool::Pick;
use crate::output::{Failure, Output};
use quorate_sim::command::{Command, number};

impl Interaction {
    // ----- one message

    pub(super) fn deliver_one(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["nth", "keep"])?;
        let pick = pick(command, "FROM->TO TYPE [nth=K] [keep=B]")?;
        let keep = command.switch("keep")?;
        self.cluster.node(pick.to)?;
        let Some(parcel) = self.cluster.pool.pick(pick, keep) else {
            out.line("nothing in flight");
            return Ok(());
        };
        self.cluster.deliver_one(parcel, out)
    }

    /// The oldest of a node's own acknowledgements.
    pub(super) fn acknowledge(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let id = only_id(command)?;
        self.cluster.node(id)?;
        let Some(parcel) = self.cluster.pool.take_ack(id) else {
            out.line("nothing to acknowledge");
            return Ok(());
        };
        self.cluster.deliver_one(parcel, out)
    }

    pub(super) fn lose(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["nth"])?;
        let pick = pick(command, "FROM->TO TYPE [nth=K]")?;
        if self.cluster.pool.has_ack(pick) {
            return Err(Failure::new("what a node tells itself is never lost"));
        }
        out.line(match self.cluster.pool.pick(pick, false) {
            Some(parcel) => format!("dropped: {}", parcel.text),
            None => "nothing in flight".to_owned(),
        });
        Ok(())
    }

    // ----- half a Ready, half a task

    pub(super) fn take_ready(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        self.cluster.take_ready(only_id(command)?, out)
    }

    pub(super) fn persist(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        self.cluster.persist(only_id(command)?, out)
    }

    pub(super) fn write_append(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        self.cluster.member(only_id(command)?)?.write_append(out)
    }

    // ----- stopping, starting, compacting

    pub(super) fn crash(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&["keep"])?;
        let [id] = command.exactly("ID [keep=K]")?;
        let id = number(id)?;
        let keep = command.value("keep")?.unwrap_or(0);
        self.cluster.member(id)?.crash(keep)?;
        self.cluster.stopped(id);
        Ok(())
    }

    pub(super) fn restart(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&["applied", "seed"])?;
        let [id] = command.exactly("ID [applied=I]")?;
        let id = number(id)?;
        let (applied, seed) = (command.value("applied")?, command.value("seed")?);
        self.cluster.member(id)?.restart(applied, seed)?;
        self.cluster.stopped(id);
        Ok(())
    }

    pub(super) fn wipe(&mut self, command: &Command) -> Result<(), Failure> {
        self.cluster.member(only_id(command)?)?.wipe()
    }

    pub(super) fn pause(&mut self, command: &Command) -> Result<(), Failure> {
        let id = only_id(command)?;
        self.cluster.node(id)?;
        self.cluster.judge.paused(id);
        Ok(())
    }

    pub(super) fn compact_to_applied(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        command.only(&["keep"])?;
        let [id] = command.exactly("ID [keep=K]")?;
        let id = number(id)?;
        let keep = command.value("keep")?.unwrap_or(0);
        let outcome = self.cluster.member(id)?.compact_to_applied(keep);
        outcome.map_err(|error| compaction_failure(&error))?;
        self.show_log(id, out)
    }

    // ----- judging

    /// Fails if anything is wrong: a failure is heard whatever the log level.
    pub(super) fn check(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&[])?;
        let [] = command.exactly("")?;
        let violations = self.cluster.judge.verdict(&self.cluster.members);
        if violations.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = violations.iter().map(|words| format!("VIOLATION {words}")).collect();
        Err(Failure::new(lines.join("\n")))
    }
}

fn pick<'a>(command: &'a Command, usage: &str) -> Result<Pick<'a>, Failure> {
    let [route, kind] = command.exactly(usage)?;
    known_kind(kind)?;
    let parties = route.split_once("->").and_then(|(from, to)| {
        let from: Party = from.parse().ok()?;
        Some((from, to.parse().ok()?))
    });
    let Some((from, to)) = parties else {
        return Err(Failure::new(format!("{route:?} does not say from whom and to whom")));
    };
    let nth = command.value("nth")?.unwrap_or(0);
    Ok(Pick { from, to, kind, nth })
}
