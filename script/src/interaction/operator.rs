//! What operators ask for: another configuration, another leader.

use quorate::error::TransferError;

use super::Interaction;
use super::commands::{only_id, proposed};
use super::request::conf_change;
use crate::output::Failure;
use quorate_sim::command::{Command, number};

impl Interaction {
    pub(super) fn propose_conf_change(&mut self, command: &Command, input: &[String]) -> Result<(), Failure> {
        command.only(&["v1", "transition", "veto", "expected"])?;
        let [id] = command.exactly("ID [v1=B] [transition=T] [veto=B] [expected=I]")?;
        let change = conf_change(command, input)?;
        let node = self.cluster.node(number(id)?)?;
        proposed(match command.value("expected")? {
            Some(expected) => node.propose_conf_change_if_unchanged(change, expected),
            None => node.propose_conf_change(change),
        })
    }

    pub(super) fn cancel_conf_change(&mut self, command: &Command) -> Result<(), Failure> {
        self.cluster.member(only_id(command)?)?.veto_next_change();
        Ok(())
    }

    pub(super) fn transfer_leadership(&mut self, command: &Command) -> Result<(), Failure> {
        command.only(&["from", "to"])?;
        let Some(from) = command.value("from")? else {
            return Err(Failure::new("expected: transfer-leadership from=A [to=B]"));
        };
        let node = self.cluster.node(from)?;
        let outcome = match command.value("to")? {
            Some(to) => node.transfer_leader(to),
            None => node.transfer_leader_to_most_up_to_date().map(drop),
        };
        match outcome {
            Err(TransferError::Node(error)) => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
