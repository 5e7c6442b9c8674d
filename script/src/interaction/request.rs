//! What commands describe with many arguments: new nodes, configuration changes.

use quorate::{CommitGroups, ConfState, Config, EntryId, ReadMode, Snapshot};
use std::str::FromStr;

use bytes::Bytes;
use quorate::membership::{AnyConfChange, ConfChange, ConfChangeV2, Transition};
use quorate::types::{Index, SnapshotMetadata, Term};

use crate::args::{Command, Switch};
use crate::changes;
use crate::output::Failure;

/// The term of the snapshot that new nodes begin with.
const INITIAL_TERM: Term = 1;

/// A configuration change that carries this is vetoed by every node that applies it.
pub(super) const VETO: &[u8] = b"veto";

/// The configuration change that a command and its input describe.
pub(super) fn conf_change(command: &Command, input: &[String]) -> Result<AnyConfChange, Failure> {
    let transition = match command.value::<String>("transition")?.as_deref() {
        None | Some("auto") => Transition::Auto,
        Some("implicit") => Transition::JointImplicit,
        Some("explicit") => Transition::JointExplicit,
        Some(other) => return Err(Failure::new(format!("unknown transition {other}"))),
    };
    let changes = changes::parse(input)?;
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
    let mut config = if as_recorded {
        like_recorded()
    } else {
        Config::new(0, 1)
    };
    for (key, set) in SETTINGS {
        let Some(value) = command.value::<String>(key)? else {
            continue;
        };
        set(&mut config, &value).ok_or_else(|| invalid(key, &value))?;
    }
    config.applied = initial.metadata.index;
    Ok(Template {
        config,
        initial,
        as_recorded,
    })
}

/// The settings that the recordings were made with.
fn like_recorded() -> Config {
    let mut config = Config::like_etcd(0, 1);
    config.settings_mut().election_timeout_ticks = 3;
    config
}

/// Everything that can be said of new nodes.
pub(super) fn known() -> Vec<&'static str> {
    let settings = SETTINGS.iter().map(|(key, _)| *key);
    ["voters", "learners", "index", "content", "safe-defaults"]
        .into_iter()
        .chain(settings)
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

/// Puts a value where it belongs; `None` if it cannot be one.
type Set = fn(&mut Config, &str) -> Option<()>;

/// The settings by their names here.
const SETTINGS: [(&str, Set); 29] = [
    ("election", |config, value| {
        put(&mut config.settings_mut().election_timeout_ticks, value)
    }),
    ("min-election", |config, value| {
        put(config.settings_mut().min_election_timeout_ticks.insert(0), value)
    }),
    ("max-election", |config, value| {
        put(config.settings_mut().max_election_timeout_ticks.insert(0), value)
    }),
    ("rank", |config, value| {
        put(&mut config.settings_mut().election_rank, value)
    }),
    ("transfer-to-preferred", |config, value| {
        put(config.settings_mut().transfer_to_preferred_ticks.insert(0), value)
    }),
    ("heartbeat", |config, value| {
        put(&mut config.settings_mut().heartbeat_interval_ticks, value)
    }),
    ("seed", |config, value| put(&mut config.seed, value)),
    ("prevote", |config, value| {
        switch(&mut config.settings_mut().pre_vote, value)
    }),
    ("prevote-without-checkquorum", |config, value| {
        switch(
            &mut config
                .settings_mut()
                .allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions,
            value,
        )
    }),
    ("checkquorum", |config, value| {
        switch(&mut config.settings_mut().check_quorum, value)
    }),
    ("read-only", |config, value| {
        read_mode(&mut config.settings_mut().read_mode, value)
    }),
    ("lease-margin", |config, value| {
        put(&mut config.settings_mut().lease_margin_ticks, value)
    }),
    ("lease-promises", |config, value| {
        switch(&mut config.settings_mut().lease_promises, value)
    }),
    ("restart-silence", |config, value| {
        put(config.settings_mut().restart_silence_ticks.insert(0), value)
    }),
    ("snapshot-stall", |config, value| {
        put(config.settings_mut().snapshot_stall_ticks.insert(0), value)
    }),
    ("inflight", |config, value| {
        put(&mut config.settings_mut().max_inflight_messages, value)
    }),
    ("max-inflight-bytes", |config, value| {
        put(&mut config.settings_mut().max_inflight_bytes, value)
    }),
    ("max-message-bytes", |config, value| {
        put(&mut config.settings_mut().max_message_bytes, value)
    }),
    ("max-uncommitted-bytes", |config, value| {
        put(&mut config.settings_mut().max_uncommitted_bytes, value)
    }),
    ("max-committed-size-per-ready", |config, value| {
        put(&mut config.settings_mut().max_committed_bytes_per_ready, value)
    }),
    ("eager-appends", |config, value| {
        switch(&mut config.settings_mut().eager_appends, value)
    }),
    ("async-storage-writes", |config, value| {
        switch(&mut config.settings_mut().async_storage_writes, value)
    }),
    ("commit-groups", |config, value| {
        commit_groups(&mut config.settings_mut().commit_groups, value)
    }),
    ("commit-without-silent-groups", |config, value| {
        switch(&mut config.settings_mut().commit_without_silent_groups, value)
    }),
    ("disable-proposal-forwarding", |config, value| {
        switch(&mut config.settings_mut().disable_proposal_forwarding, value)
    }),
    ("disable-conf-change-validation", |config, value| {
        switch(&mut config.settings_mut().disable_conf_change_validation, value)
    }),
    ("fence-rejoined", |config, value| {
        switch(&mut config.settings_mut().fence_rejoined, value)
    }),
    ("step-down-on-removal", |config, value| {
        switch(&mut config.settings_mut().step_down_on_removal, value)
    }),
    ("commit-notice-on-removal", |config, value| {
        switch(&mut config.settings_mut().commit_notice_on_removal, value)
    }),
];

fn put<T: FromStr>(place: &mut T, value: &str) -> Option<()> {
    *place = value.parse().ok()?;
    Some(())
}

fn switch(place: &mut bool, value: &str) -> Option<()> {
    let Switch(on) = value.parse().ok()?;
    *place = on;
    Some(())
}

/// The groups of nodes 1, 2 and so on, with dots between them; 0 for none.
fn commit_groups(place: &mut CommitGroups, value: &str) -> Option<()> {
    let groups: Vec<u64> = value.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    *place = CommitGroups::new((1..).zip(groups).filter(|(_, group)| *group > 0));
    Some(())
}

fn read_mode(place: &mut ReadMode, value: &str) -> Option<()> {
    *place = match value {
        "safe" => ReadMode::ReadIndex,
        "lease-based" => ReadMode::Lease,
        _ => return None,
    };
    Some(())
}

fn invalid(key: &str, value: &str) -> Failure {
    Failure::new(match key {
        "read-only" => format!("invalid read-only option {value:?}"),
        _ => format!("{key}: {value:?} is not valid"),
    })
}
