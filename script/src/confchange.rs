//! Configuration changes on a bare configuration, with the progress that a leader would keep.

use std::collections::BTreeMap;
use std::fmt;

use quorate::membership::{Changed, Membership};
use quorate::quorum::{Joint, Majority};
use quorate::types::{Index, NodeId};

use crate::output::Failure;
use crate::parse::Block;
use quorate_sim::command::changes;

/// The configuration so far.
#[derive(Debug, Default)]
pub(crate) struct Group {
    membership: Membership,
    /// The index at which each member would be probed.
    next: BTreeMap<NodeId, Index>,
    /// Grows by one a command.
    last_index: Index,
}

impl Group {
    /// Runs one command and gives what it printed.
    pub(crate) fn run(&mut self, block: &Block) -> String {
        let outcome = self.changed(block);
        let text = match outcome {
            Ok(changed) => {
                self.adopt(changed);
                self.to_string()
            }
            Err(failure) => format!("{}\n", failure.words()),
        };
        self.last_index += 1;
        text
    }

    fn changed(&self, block: &Block) -> Result<Changed, Failure> {
        let command = &block.command;
        let [] = command.exactly("")?;
        let changes = changes::parse(&block.input.join(" "))?;
        let known: &[&str] = if command.name == "enter-joint" {
            &["autoleave"]
        } else {
            &[]
        };
        command.only(known)?;
        match command.name.as_str() {
            "simple" => Ok(self.membership.simple(&changes)?),
            "enter-joint" => Ok(self.membership.enter_joint(command.switch("autoleave")?, &changes)?),
            "leave-joint" if changes.is_empty() => Ok(self.membership.leave_joint()?),
            "leave-joint" => Err(Failure::new("this command takes no input")),
            _ => Err(Failure::new("unknown command")),
        }
    }

    fn adopt(&mut self, changed: Changed) {
        let members = changed.membership.members();
        self.next
            .retain(|id, _| members.contains(id) && !changed.fresh.contains(id));
        for id in members {
            self.next.entry(id).or_insert(self.last_index.max(1));
        }
        self.membership = changed.membership;
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let membership = &self.membership;
        write!(f, "voters={}", joint(membership.voters()))?;
        for (name, part) in [
            ("learners", membership.learners()),
            ("learners_next", membership.learners_next()),
        ] {
            if !part.is_empty() {
                write!(f, " {name}={}", ids(part))?;
            }
        }
        f.write_str(if membership.auto_leave() { " autoleave\n" } else { "\n" })?;
        for (id, next) in &self.next {
            let learner = if membership.is_learner(*id) { " learner" } else { "" };
            writeln!(f, "{id}: StateProbe match=0 next={next}{learner}")?;
        }
        Ok(())
    }
}

/// The recordings print the ids of a configuration in hexadecimal.
fn joint(voters: &Joint) -> String {
    let half = |majority: &Majority| ids(majority.ids());
    match voters.outgoing() {
        outgoing if outgoing.is_empty() => half(voters.incoming()),
        outgoing => format!("{}&&{}", half(voters.incoming()), half(outgoing)),
    }
}

fn ids(ids: &[NodeId]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| format!("{id:x}")).collect();
    format!("({})", ids.join(" "))
}
