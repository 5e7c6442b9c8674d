//! Counting of votes and acknowledgements, without nodes.

use std::collections::BTreeMap;
use std::fmt::Write;

use quorate::quorum::{Joint, Majority, VoteResult};
use quorate::types::{Index, NodeId};

use crate::output::Failure;
use crate::parse::Block;
use quorate_sim::command::{Command, number};

/// Runs one command and gives what it printed.
pub(crate) fn run(block: &Block) -> String {
    let command = &block.command;
    let outcome = match command.name.as_str() {
        "committed" => committed(command),
        "vote" => vote(command),
        _ => Err(Failure::new("unknown command")),
    };
    outcome.unwrap_or_else(|failure| format!("{}\n", failure.words()))
}

/// The voters that a command names.
struct Voters {
    /// Each once, in the order in which they were named.
    named: Vec<NodeId>,
    incoming: Majority,
    /// Present, if perhaps empty, where the command asks for a joint quorum.
    outgoing: Option<Majority>,
}

impl Voters {
    fn of(command: &Command) -> Result<Self, Failure> {
        let [] = command.exactly("")?;
        let incoming: Vec<NodeId> = command.list("cfg")?;
        let outgoing = match command.list::<String>("cfgj")?.as_slice() {
            [] if command.has("cfgj") => Some(Vec::new()),
            [] => None,
            [zero] if zero == "zero" => Some(Vec::new()),
            ids => Some(ids.iter().map(|id| number(id)).collect::<Result<_, _>>()?),
        };
        let mut named: Vec<NodeId> = Vec::new();
        for id in incoming.iter().chain(outgoing.iter().flatten()) {
            if !named.contains(id) {
                named.push(*id);
            }
        }
        Ok(Self {
            named,
            incoming: Majority::new(incoming),
            outgoing: outgoing.map(Majority::new),
        })
    }

    /// As two halves; the outgoing one agrees to everything if there is none.
    fn joint(&self) -> Joint {
        Joint::new(self.incoming.clone(), self.outgoing.clone().unwrap_or_default())
    }

    /// What should decide alike: the halves exchanged, and a lone half joined with itself.
    fn equivalent(&self) -> Vec<(&'static str, Joint)> {
        match &self.outgoing {
            Some(outgoing) => vec![("symmetry", Joint::new(outgoing.clone(), self.incoming.clone()))],
            None => vec![
                ("zero-joint quorum", self.joint()),
                (
                    "self-joint quorum",
                    Joint::new(self.incoming.clone(), self.incoming.clone()),
                ),
            ],
        }
    }

    /// What is known from each voter, the values being given in the order of `named`.
    fn known<T: Copy>(
        &self,
        values: &[Option<T>],
        show: fn(Option<T>) -> String,
    ) -> Result<BTreeMap<NodeId, T>, Failure> {
        if values.len() != self.named.len() {
            let mut voters = self.named.clone();
            voters.sort_unstable();
            let voters: Vec<String> = voters.iter().map(|id| format!("{id}:{{}}")).collect();
            let values: Vec<String> = values.iter().map(|value| show(*value)).collect();
            let (voters, values) = (voters.join(" "), values.join(" "));
            return Err(Failure::new(format!(
                "error: mismatched input (explicit or _) for voters map[{voters}]: [{values}]"
            )));
        }
        let pairs = self.named.iter().zip(values);
        Ok(pairs
            .filter_map(|(id, value)| value.map(|value| (*id, value)))
            .collect())
    }
}

fn committed(command: &Command) -> Result<String, Failure> {
    command.only(&["cfg", "cfgj", "idx"])?;
    let voters = Voters::of(command)?;
    let indexes = command.list::<String>("idx")?;
    let indexes = indexes.iter().map(|word| index(word)).collect::<Result<Vec<_>, _>>()?;
    let known = voters.known(&indexes, |index| index.unwrap_or(0).to_string())?;
    let matched = |id| known.get(&id).copied();

    let mut text = picture(&voters.joint().ids(), &known);
    let result = match &voters.outgoing {
        None => voters.incoming.committed_index(matched),
        Some(_) => voters.joint().committed_index(matched),
    };
    for (way, other) in voters.equivalent() {
        let other = other.committed_index(matched);
        if other != result {
            line(&mut text, &format!("{} <-- via {way}", show(other)));
        }
    }
    line(&mut text, &show(result));
    Ok(text)
}

fn vote(command: &Command) -> Result<String, Failure> {
    command.only(&["cfg", "cfgj", "votes"])?;
    let voters = Voters::of(command)?;
    let votes = command.list::<String>("votes")?;
    let votes = votes.iter().map(|word| ballot(word)).collect::<Result<Vec<_>, _>>()?;
    let known = voters.known(&votes, |vote| vote.map_or(0, |vote| 1 + u8::from(vote)).to_string())?;
    let said = |id| known.get(&id).copied();

    let mut text = String::new();
    let result = match &voters.outgoing {
        None => voters.incoming.vote_result(said),
        Some(_) => voters.joint().vote_result(said),
    };
    for (way, other) in voters.equivalent() {
        let other = other.vote_result(said);
        if other != result {
            line(&mut text, &format!("{} <-- via {way}", name(other)));
        }
    }
    line(&mut text, name(result));
    Ok(text)
}

fn index(word: &str) -> Result<Option<Index>, Failure> {
    match word {
        "_" => Ok(None),
        "0" => Err(Failure::new("cannot use 0 as idx")),
        word => Ok(Some(number(word)?)),
    }
}

fn ballot(word: &str) -> Result<Option<bool>, Failure> {
    match word {
        "_" => Ok(None),
        "y" => Ok(Some(true)),
        "n" => Ok(Some(false)),
        word => Err(Failure::new(format!("unknown vote: {word}"))),
    }
}

fn name(result: VoteResult) -> &'static str {
    match result {
        VoteResult::Won => "VoteWon",
        VoteResult::Lost => "VoteLost",
        VoteResult::Pending => "VotePending",
    }
}

fn show(index: Index) -> String {
    if index == Index::MAX {
        "∞".to_owned()
    } else {
        index.to_string()
    }
}

fn line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// A line for each voter, with a bar as long as there are voters behind it.
fn picture(ids: &[NodeId], known: &BTreeMap<NodeId, Index>) -> String {
    if ids.is_empty() {
        return "<empty majority quorum>".to_owned();
    }
    let width = ids.len();
    let value = |id: &NodeId| known.get(id).copied().unwrap_or(0);
    let mut text = format!("{:width$}    idx\n", "");
    for id in ids {
        let bar = if known.contains_key(id) {
            let behind = ids.iter().filter(|other| value(other) < value(id)).count();
            format!("{}>", "x".repeat(behind))
        } else {
            "?".to_owned()
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{bar:<pad$} {:>5}    (id={id:x})", value(id), pad = width + 1);
    }
    text
}
