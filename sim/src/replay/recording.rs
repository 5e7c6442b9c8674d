//! A run as a script: the commands that set a cluster up, the steps, and `check`.
//!
//! It is read by [`FromStr`], to be done again with the state machine and disks that it was made with, and run by
//! `quorate-script`, which prints what happens.

use std::fmt::{self, Write};
use std::str::FromStr;

use quorate::NodeId;

use super::world::{World, settings_of, world_of};
use super::{Broken, alone, traced, with_clients};
use crate::command::{Command, Misuse};
use crate::disk::Disk;
use crate::machine::StateMachine;
use crate::shrink::Shrunk;
use crate::step::Step;
use crate::trace::Trace;
use crate::workload::Workload;

/// Steps, and the cluster that they are done to.
///
/// ```
/// use quorate_sim::parameters::{Parameters, Profile};
/// use quorate_sim::replay::{Recording, World};
/// use quorate_sim::step::Step;
///
/// let steps = vec![Step::Campaign { node: 1 }];
/// let world = World::of(&Parameters::draw(7, Profile::Disk), &steps);
/// let recording = Recording { about: "how it begins".to_owned(), world, steps };
/// let text = recording.to_string();
/// assert!(text.starts_with("# how it begins\nworld seed=7 ") && text.contains("\nsteps\ncampaign 1\n----\n"));
/// assert_eq!(text.parse(), Ok(recording));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// For a reader: what the steps break, say.
    pub about: String,
    /// The cluster.
    pub world: World,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A line that says nothing of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which, from 1; 0 if something is missing.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Unreadable {}

impl Recording {
    /// What is left of a failing run.
    pub fn of(shrunk: &Shrunk) -> Self {
        let (seed, profile) = (shrunk.parameters.seed, shrunk.parameters.profile);
        let mut about = format!(
            "{}\nFound by quorate-sim with seed {seed} under profile {profile}, and cut down.",
            shrunk.violation
        );
        if shrunk.violation.property == "linearizability" {
            about.push_str("\nClients were told what cannot be: a replay with them sees it, `check` does not.");
        }
        Self {
            about,
            world: World::of(&shrunk.parameters, &shrunk.steps),
            steps: shrunk.steps.clone(),
        }
    }

    /// Does the steps again; `None` if nothing breaks.
    pub fn replay<M: StateMachine, D: Disk>(&self, make_disk: impl Fn() -> D + 'static) -> Option<Broken> {
        alone::<M, D>(self.world.cluster(make_disk), &self.steps)
    }

    /// The same with clients, as [`replay_clients`](super::replay_clients).
    pub fn replay_clients<W: Workload, D: Disk>(
        &self,
        clients: W,
        make_disk: impl Fn() -> D + 'static,
    ) -> Option<Broken> {
        with_clients(self.world.cluster(make_disk), &self.steps, clients)
    }

    /// The same, and what happened, as [`replay_traced`](super::replay_traced).
    pub fn replay_traced<W: Workload, D: Disk>(
        &self,
        clients: W,
        make_disk: impl Fn() -> D + 'static,
    ) -> (Trace, Option<Broken>) {
        let about = Trace {
            seed: self.world.seed,
            parameters: self.about.clone(),
            ..Trace::default()
        };
        traced(self.world.cluster(make_disk), about, &self.steps, clients)
    }
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.about.lines() {
            writeln!(f, "# {line}")?;
        }
        for command in self.world.commands() {
            writeln!(f, "{command}\n----\nok\n")?;
        }
        f.write_str("steps\n")?;
        for step in &self.steps {
            writeln!(f, "{}", self.world.command_of(step))?;
        }
        f.write_str("----\nok\n\ncheck\n----\nok\n")
    }
}

/// Where in a file we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a command.
    Between,
    /// Below a command.
    Input,
    /// Below the line that ends it.
    Output,
}

/// Commands that the parts of a recording begin with: nothing that a command prints begins so.
const PARTS: [&str; 4] = ["world", "add-nodes", "steps", "check"];

struct Reader {
    about: String,
    /// `check` was read: the whole of it is there.
    ended: bool,
    world: Option<World>,
    /// What each command that adds a founder names.
    voters: Vec<Vec<NodeId>>,
    steps: Vec<Step>,
    place: Place,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), Misuse> {
        let end = line == "----";
        match self.place {
            Place::Output if line.is_empty() => self.place = Place::Between,
            Place::Output if PARTS.iter().any(|part| line.split(' ').next() == Some(*part)) => {
                return Err(Misuse::new("an empty line ends what a command printed"));
            }
            Place::Output => {}
            Place::Input | Place::Between if end => self.place = Place::Output,
            _ if line.is_empty() => {}
            _ => match line.strip_prefix('#') {
                Some(comment) if self.world.is_none() => {
                    let _ = writeln!(self.about, "{}", comment.strip_prefix(' ').unwrap_or(comment));
                }
                Some(_) => {}
                None => {
                    self.place = Place::Input;
                    self.command(&line.parse()?)?;
                }
            },
        }
        Ok(())
    }

    fn command(&mut self, command: &Command) -> Result<(), Misuse> {
        match (command.name.as_str(), &mut self.world) {
            ("world", None) => self.world = Some(world_of(command)?),
            (_, None) => return Err(Misuse::new("a run begins with a world")),
            _ if self.ended => return Err(Misuse::new("nothing comes after check")),
            ("add-nodes", Some(world)) if self.steps.is_empty() => self.voters.push(world.found(command)?),
            ("join", Some(world)) => {
                let [node] = command.exactly("ID")?;
                let node = crate::command::number(node)?;
                if command.has("safe-defaults") {
                    world.joining.insert(node, settings_of(command, &[])?);
                }
                self.steps.push(Step::Join { node });
            }
            ("steps", _) => nothing_else(command)?,
            ("check", _) => {
                nothing_else(command)?;
                self.ended = true;
            }
            ("log-level", _) => {}
            _ => {
                let step = Step::of_command(command)?;
                self.steps.push(step.ok_or_else(|| Misuse::new("no single step"))?);
            }
        }
        Ok(())
    }
}

fn nothing_else(command: &Command) -> Result<(), Misuse> {
    command.only(&[])?;
    command.exactly::<0>("and nothing else").map(drop)
}

impl FromStr for Recording {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut reader = Reader {
            about: String::new(),
            ended: false,
            world: None,
            voters: Vec::new(),
            steps: Vec::new(),
            place: Place::Between,
        };
        for (at, line) in text.lines().enumerate() {
            reader.line(line.trim()).map_err(|error| Unreadable {
                line: at + 1,
                what: error.to_string(),
            })?;
        }
        let missing = |what: &str| Unreadable {
            line: 0,
            what: what.to_owned(),
        };
        let world = reader.world.ok_or(missing("no world"))?;
        world
            .check(&reader.voters)
            .map_err(|error| missing(&error.to_string()))?;
        if !reader.ended {
            return Err(missing("no check at its end: something is cut off"));
        }
        Ok(Self {
            about: reader.about.trim_end().to_owned(),
            world,
            steps: reader.steps,
        })
    }
}
