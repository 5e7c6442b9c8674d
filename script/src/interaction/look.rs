//! Commands that only look.

use quorate::Storage;
use quorate::types::NodeId;
use quorate_sim::command::Command;

use super::Interaction;
use super::commands::only_id;
use super::print;
use crate::output::{Failure, Output};

impl Interaction {
    pub(super) fn show_log(&mut self, id: NodeId, out: &mut Output<'_>) -> Result<(), Failure> {
        let memory = self.stage.disk(id)?.stored();
        if memory.log().is_empty() {
            let (first, last) = (memory.first_index()?, memory.last_index()?);
            out.line(format!("log is empty: first index={first}, last index={last}"));
        }
        for entry in &memory.log() {
            out.line(print::entry(entry));
        }
        Ok(())
    }

    pub(super) fn raft_state(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let [] = command.exactly("")?;
        for id in self.stage.ids() {
            let Some(node) = self.stage.cluster.node(id) else {
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

    pub(super) fn status(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        for peer in self.stage.node(only_id(command)?)?.progress() {
            out.line(print::progress(&peer));
        }
        Ok(())
    }

    pub(super) fn counters(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        let counters = self.stage.node(only_id(command)?)?.counters();
        // One `name: value,` a line between the type's name and a bracket.
        for line in format!("{counters:#?}").lines() {
            match line.trim().trim_end_matches(',').split_once(": ") {
                None | Some((_, "0")) => {}
                Some((name, value)) => out.line(format!("{name}={value}")),
            }
        }
        Ok(())
    }

    pub(super) fn events(&mut self, command: &Command, out: &mut Output<'_>) -> Result<(), Failure> {
        for event in std::mem::take(&mut self.stage.side(only_id(command)?)?.events) {
            out.line(format!("{event:?}"));
        }
        Ok(())
    }
}
