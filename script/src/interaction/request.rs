//! What commands describe with many arguments: new nodes, configuration changes.

use bytes::Bytes;
use quorate::membership::{AnyConfChange, ConfChange, ConfChangeV2, Transition};
use quorate::types::{Index, SnapshotMetadata, Term};
use quorate::{ConfState, Config, EntryId, Snapshot};
use quorate_sim::cluster::VETO;
use quorate_sim::command::{Command, changes};
use quorate_sim::settings;
use quorate_sim::step::transition;

use super::recorded::config;
use crate::output::Failure;

/// The term of the snapshot that new nodes begin with.
const INITIAL_TERM: Term = 1;

/// The configuration change that a command and its input describe.
pub(super) fn conf_change(command: &Command, input: &[String]) -> Result<AnyConfChange, Failure> {
    let transition = transition(command)?;
    let changes = changes::parse(&input.join(" "))?;
    let veto = command.switch("veto")?;
    if !command.switch("v1")? {
        return Ok(AnyConfChange::V2(
            ConfChangeV2::new(changes)
                .with_transition(transition)
                .with_context(Bytes::from_static(if veto { VETO } else { b"" })),
        ));
    }
    match changes[..] {
        [single] if transition == Transition::Auto && !veto => {
            Ok(AnyConfChange::V1(ConfChange::new(single.kind, single.node_id)))
        }
        _ => Err(Failure::new(
            "v1 conf change can only have one operation and no transition",
        )),
    }
}

/// What new nodes are like.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) config: Config,
    /// Empty where nothing is said about it.
    pub(crate) initial: Snapshot,
    /// The node does as the recordings do where quorate asks for something else: vote requests do
    /// not wait for a storage thread, and each applied entry makes a snapshot for peers.
    pub(crate) as_recorded: bool,
}

/// What the command says of new nodes.
pub(super) fn template(command: &Command) -> Result<Template, Failure> {
    let as_recorded = !command.switch("safe-defaults")?;
    let initial = initial_snapshot(command, as_recorded)?;
    let mut config = if as_recorded { config() } else { Config::new(0, 1) };
    config.seed = command.value("seed")?.unwrap_or(config.seed);
    settings::apply(config.settings_mut(), command)?;
    config.applied = initial.metadata.index;
    Ok(Template {
        config,
        initial,
        as_recorded,
    })
}

/// Everything that can be said of new nodes.
pub(super) fn known() -> Vec<&'static str> {
    ["voters", "learners", "index", "content", "safe-defaults", "seed"]
        .into_iter()
        .chain(settings::names())
        .collect()
}

fn initial_snapshot(command: &Command, as_recorded: bool) -> Result<Snapshot, Failure> {
    if !["voters", "learners", "index", "content"]
        .into_iter()
        .any(|key| command.has(key))
    {
        return Ok(Snapshot::default());
    }
    let index = command.value::<Index>("index")?.unwrap_or(0);
    if index == 0 {
        return Err(Failure::new("index must be specified"));
    }
    if index <= 1 && as_recorded {
        return Err(Failure::new("index must be specified as > 1 due to bootstrap"));
    }
    Ok(Snapshot::new(
        SnapshotMetadata::new(
            EntryId {
                term: INITIAL_TERM,
                index,
            },
            ConfState::of_voters(command.list("voters")?).with_learners(command.list("learners")?),
        ),
        command.value::<String>("content")?.unwrap_or_default(),
    ))
}
