//! The cluster that steps are done to, as the head of a script sets it up.

use std::collections::BTreeMap;

use quorate::types::{ClusterId, RECOVERED};
use quorate::{Config, NodeId, Settings};

use crate::cluster::{Cluster, FIRST};
use crate::command::{Command, Misuse};
use crate::disk::Disk;
use crate::judge::Violation;
use crate::machine::StateMachine;
use crate::panics::caught;
use crate::parameters::{Names, Parameters};
use crate::settings;
use crate::step::Step;

/// All that a cluster begins with, but for its state machine and disks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// Draws the seeds of all starts, and the identities of stores.
    pub seed: u64,
    /// The group that stores name.
    pub group: ClusterId,
    /// Whether stores have identities.
    pub names: Names,
    /// The settings of the voters that found the group: 1, 2 and so on.
    pub founders: Vec<Settings>,
    /// The settings of nodes that join later.
    pub joining: BTreeMap<NodeId, Settings>,
}

impl World {
    /// What a seed draws, as far as these steps go.
    pub fn of(parameters: &Parameters, steps: &[Step]) -> Self {
        let settings = |id| parameters.config(id).settings().clone();
        let joins = steps.iter().filter_map(|step| match step {
            Step::Join { node } if *node > parameters.voters => Some((*node, settings(*node))),
            _ => None,
        });
        Self {
            seed: parameters.seed,
            group: group_of(parameters.seed),
            names: parameters.names,
            founders: (1..=parameters.voters).map(settings).collect(),
            joining: joins.collect(),
        }
    }

    /// Whether the founders are named by the identities of their stores.
    pub fn names_founders(&self) -> bool {
        self.names == Names::Stores
    }

    /// The cluster, with nothing done to it.
    pub fn cluster<M: StateMachine, D: Disk>(
        &self,
        make_disk: impl Fn() -> D + 'static,
    ) -> Result<Cluster<M, D>, Violation> {
        let all = (1..).zip(&self.founders).map(|(id, settings)| (id, settings.clone()));
        let all: BTreeMap<NodeId, Settings> = all.chain(self.joining.clone()).collect();
        let config = move |id| {
            let config = Config::new(id, 1);
            match all.get(&id) {
                Some(settings) => config.with_settings(settings.clone()),
                None => config,
            }
        };
        let found = || {
            Cluster::in_group(
                self.group,
                self.seed,
                self.founders.len() as u64,
                self.names,
                make_disk,
                config,
            )
        };
        caught(|| "the beginning".to_owned(), found)
    }

    /// One more founder; the founders that the command names.
    pub(super) fn found(&mut self, command: &Command) -> Result<Vec<NodeId>, Misuse> {
        let [count] = command.exactly("1 voters=(..) index=I safe-defaults=true")?;
        let index = command.value("index")?;
        if count != "1" || index != Some(FIRST) {
            return Err(Misuse::new(format!(
                "the founders are added one by one, with index={FIRST}"
            )));
        }
        self.founders.push(settings_of(command, &["voters", "index"])?);
        command.list("voters")
    }

    /// Whether it is whole, each founder having been added with these voters.
    pub(super) fn check(&self, voters: &[Vec<NodeId>]) -> Result<(), Misuse> {
        let founders: Vec<NodeId> = (1..).take(self.founders.len()).collect();
        if founders.is_empty() || voters.iter().any(|voters| *voters != founders) {
            return Err(Misuse::new(
                "the nodes that are added are not the voters that each names",
            ));
        }
        Ok(())
    }

    /// The commands that set it up.
    pub fn commands(&self) -> Vec<String> {
        let Self { seed, group, names, .. } = self;
        let voters: Vec<String> = (1..=self.founders.len()).map(|id| id.to_string()).collect();
        let begin = format!("add-nodes 1 voters=({}) index={FIRST}", voters.join(","));
        let adds = self.founders.iter().map(|founder| with(&begin, founder));
        let first = format!("world seed={seed} group={group} names={}", word(*names));
        [first].into_iter().chain(adds).collect()
    }

    /// The command that is this step, with what the node needs that it adds.
    pub fn command_of(&self, step: &Step) -> String {
        match step {
            Step::Join { node } if let Some(settings) = self.joining.get(node) => with(&step.to_string(), settings),
            _ => step.to_string(),
        }
    }
}

/// The group that a seed draws.
pub(crate) fn group_of(seed: u64) -> ClusterId {
    (seed.wrapping_add(1) & !RECOVERED).max(1)
}

fn with(command: &str, settings: &Settings) -> String {
    let command = format!("{command} safe-defaults=true {}", settings::words(settings));
    command.trim_end().to_owned()
}

/// The settings of a command that adds a node, and says this much beside them.
pub(super) fn settings_of(command: &Command, beside: &[&str]) -> Result<Settings, Misuse> {
    if !command.switch("safe-defaults")? {
        return Err(Misuse::new("only nodes with safe-defaults=true can be replayed"));
    }
    let mut known: Vec<&str> = settings::names().collect();
    known.push("safe-defaults");
    known.extend(beside);
    command.only(&known)?;
    let mut settings = Settings::default();
    settings::apply(&mut settings, command)?;
    let config = Config::new(1, 1).with_settings(settings.clone());
    config.validate().map_err(|error| Misuse::new(error.to_string()))?;
    Ok(settings)
}

const NAMES: [(Names, &str); 3] = [(Names::Ids, "ids"), (Names::Stores, "stores"), (Names::Later, "later")];

fn word(names: Names) -> &'static str {
    let known = NAMES.iter().find(|(known, _)| *known == names);
    known.map_or("ids", |(_, word)| *word)
}

/// What `world` says: the seed, the group, and how members are named.
pub fn world_of(command: &Command) -> Result<World, Misuse> {
    command.only(&["seed", "group", "names"])?;
    let [] = command.exactly("seed=S [group=G] [names=ids|stores|later]")?;
    let seed = command
        .value("seed")?
        .ok_or_else(|| Misuse::new("a world has a seed"))?;
    let names = command.value::<String>("names")?;
    let names = NAMES
        .iter()
        .find(|(_, word)| names.as_deref().unwrap_or("ids") == *word);
    let (names, _) = names.ok_or_else(|| Misuse::new("names are ids, stores or later"))?;
    let group = command.value("group")?.unwrap_or(group_of(seed));
    if group & RECOVERED != 0 {
        return Err(Misuse::new("the id of a group that is founded is below 2^63"));
    }
    Ok(World {
        seed,
        group,
        names: *names,
        founders: Vec::new(),
        joining: BTreeMap::new(),
    })
}
