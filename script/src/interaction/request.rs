//! What commands describe with many arguments: new nodes, configuration changes.

use quorate::types::{Index, Term};
use quorate::{
    AnyConfChange, ConfChange, ConfChangeV2, ConfState, Config, ReadMode, Snapshot, SnapshotMetadata, Transition,
};

use crate::args::Command;
use crate::changes;
use crate::output::Failure;

/// The term of the snapshot that new nodes begin with.
const INITIAL_TERM: Term = 1;

/// The configuration change that a command and its input describe.
pub(super) fn conf_change(command: &Command, input: &[String]) -> Result<AnyConfChange, Failure> {
    let transition = match command.value::<String>("transition")?.as_deref() {
        None | Some("auto") => Transition::Auto,
        Some("implicit") => Transition::JointImplicit,
        Some("explicit") => Transition::JointExplicit,
        Some(other) => return Err(Failure::new(format!("unknown transition {other}"))),
    };
    let changes = changes::parse(input)?;
    if !command.switch("v1")? {
        return Ok(AnyConfChange::V2(ConfChangeV2 {
            transition,
            changes,
            ..ConfChangeV2::default()
        }));
    }
    match changes[..] {
        [single] if transition == Transition::Auto => Ok(AnyConfChange::V1(ConfChange {
            kind: single.kind,
            node_id: single.node_id,
            ..ConfChange::default()
        })),
        _ => Err(Failure::new(
            "v1 conf change can only have one operation and no transition",
        )),
    }
}

/// What new nodes begin with; empty if nothing is said about it.
pub(super) fn initial_snapshot(command: &Command) -> Result<Snapshot, Failure> {
    if !["voters", "learners", "index", "content"]
        .into_iter()
        .any(|key| command.has(key))
    {
        return Ok(Snapshot::default());
    }
    let index = command.value::<Index>("index")?.unwrap_or(0);
    if index <= 1 {
        return Err(Failure::new("index must be specified as > 1 due to bootstrap"));
    }
    Ok(Snapshot {
        data: command.value::<String>("content")?.unwrap_or_default().into(),
        metadata: SnapshotMetadata {
            conf_state: ConfState {
                voters: command.list("voters")?,
                learners: command.list("learners")?,
                ..ConfState::default()
            },
            index,
            term: INITIAL_TERM,
        },
    })
}

/// The settings that the recordings were made with, and what the command says.
pub(super) fn settings(command: &Command) -> Result<Config, Failure> {
    let mut config = Config::like_etcd(0, 1);
    config.election_timeout_ticks = 3;
    config.heartbeat_interval_ticks = 1;
    config.pre_vote = command.switch("prevote")?;
    config.check_quorum = command.switch("checkquorum")?;
    config.async_storage_writes = command.switch("async-storage-writes")?;
    config.disable_conf_change_validation = command.switch("disable-conf-change-validation")?;
    config.step_down_on_removal = command.switch("step-down-on-removal")?;
    if let Some(inflight) = command.value("inflight")? {
        config.max_inflight_messages = inflight;
    }
    if let Some(bytes) = command.value("max-committed-size-per-ready")? {
        config.max_committed_bytes_per_ready = bytes;
    }
    config.read_mode = match command.value::<String>("read-only")?.as_deref() {
        None | Some("safe") => ReadMode::ReadIndex,
        Some("lease-based") => ReadMode::Lease,
        Some(other) => return Err(Failure::new(format!("invalid read-only option {other:?}"))),
    };
    Ok(config)
}
