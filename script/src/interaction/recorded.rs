//! What etcd-io/raft does otherwise, where its recordings show it: all that nodes without `safe-defaults` do in another
//! way than quorate asks for.
//!
//! * A storage gives its peers a snapshot of the last entry that was applied, even where the log ends before it; one
//!   that was installed it gives nobody.
//! * Vote requests do not wait for a storage thread.
//! * `MustSync` does not count snapshots.
//! * Proposals and messages that are refused are told in its words.

use quorate::error::{ProposeError, StepError};
use quorate::message::Payload;
use quorate::ready::{AppendTask, TaskResponse};
use quorate::storage::InitialState;
use quorate::types::{ClusterId, Identity, Index, NodeId, SnapshotMetadata};
use quorate::{ConfState, Config, Entry, HardState, MemoryStorage, Message, Ready, Snapshot, Storage, StorageError};
use quorate_sim::disk::{Fault, Write};
use quorate_sim::{Disk, MemoryDisk};

/// The settings that the recordings were made with.
pub(super) fn config() -> Config {
    let mut config = Config::like_etcd(0, 1);
    config.settings_mut().election_timeout_ticks = 3;
    config
}

/// The disk of a script's node: one in memory, and what the recordings' nodes and durable state machines have beside.
#[derive(Clone, Debug, Default)]
pub(crate) struct ScriptDisk {
    memory: MemoryDisk,
    /// What peers are given, where that is not what is stored.
    handout: Option<Snapshot>,
    /// What the state machine remembers, and begins with at the next start.
    begin: Option<Snapshot>,
    /// The configuration as of the last such start.
    configured: Option<(ConfState, Index)>,
}

impl ScriptDisk {
    /// What is stored, synced or not.
    pub(crate) fn stored(&self) -> &MemoryStorage {
        self.memory.storage()
    }

    /// Peers are given this.
    pub(super) fn hand_out(&mut self, snapshot: Snapshot) {
        self.handout = Some(snapshot);
    }

    /// The next start begins with this state.
    pub(super) fn begin_at(&mut self, state: Snapshot) {
        self.configured = Some((state.metadata.conf_state.clone(), state.metadata.index));
        self.begin = Some(state);
    }

    /// The node has started.
    pub(super) fn begun(&mut self) {
        self.begin = None;
    }
}

impl Disk for ScriptDisk {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        if matches!(write, Write::Install(_) | Write::Snapshot(_)) {
            self.configured = None;
        }
        self.memory.write(write)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.memory.sync()
    }

    fn unsynced(&self) -> usize {
        self.memory.unsynced()
    }

    fn crash(&mut self, kept: usize) {
        self.memory.crash(kept);
    }

    fn inject(&mut self, fault: Fault) -> bool {
        self.memory.inject(fault)
    }

    fn set_cluster_id(&mut self, cluster_id: ClusterId) -> bool {
        self.memory.set_cluster_id(cluster_id)
    }

    fn set_identity(&mut self, identity: Identity) -> bool {
        self.memory.set_identity(identity)
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        self.begin.clone().map_or_else(|| self.memory.latest_snapshot(), Ok)
    }
}

impl Storage for ScriptDisk {
    quorate::delegate_storage!(memory: first_index, last_index, term, entries, keeps_promises);

    fn initial_state(&self) -> Result<InitialState, StorageError> {
        let mut initial = self.memory.initial_state()?;
        if let Some((conf_state, index)) = &self.configured {
            (initial.conf_state, initial.conf_state_index) = (conf_state.clone(), *index);
        }
        Ok(initial)
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        match &self.handout {
            None => self.memory.snapshot(peer, at_least),
            Some(handout) if handout.is_empty() => Err(StorageError::TemporarilyUnavailable),
            Some(handout) => Ok(handout.clone()),
        }
    }
}

/// A snapshot after each applied entry, made of the one before: an installed one is not among them.
pub(super) fn handout_after(before: &Snapshot, entry: &Entry, state: &Snapshot) -> Snapshot {
    let conf_state = if entry.is_conf_change() {
        &state.metadata.conf_state
    } else {
        &before.metadata.conf_state
    };
    Snapshot::new(
        SnapshotMetadata::new(entry.id(), conf_state.clone()),
        state.data.clone(),
    )
}

/// The recordings' rule for `MustSync`, in which a snapshot does not count.
pub(super) fn must_sync(ready: &Ready, before: HardState) -> bool {
    let now = ready.hard_state().unwrap_or(before);
    !ready.entries().is_empty() || (now.term, now.vote) != (before.term, before.vote)
}

/// A real one: pre-votes promise nothing and never wait.
pub(super) fn is_vote_request(message: &Message) -> bool {
    matches!(&message.payload, Payload::RequestVote(request) if !request.pre_vote)
}

/// The vote requests that should wait for a task.
pub(super) fn vote_requests(task: &AppendTask) -> Vec<Message> {
    let responses = task.responses().into_iter();
    let messages = responses.filter_map(|response| match response {
        TaskResponse::Message(message) => Some(message),
        TaskResponse::Ack(_) => None,
    });
    messages.filter(is_vote_request).collect()
}

/// The recordings' words for a message that was refused. Where etcd-io/raft ignores the message, or
/// would have panicked, nothing is printed.
pub(super) fn step_words(error: &StepError) -> Option<String> {
    match error {
        StepError::Proposal(error) => propose_words(error),
        StepError::UnknownPeer { .. } => Some(UNKNOWN_PEER.to_owned()),
        StepError::Node(error) => Some(error.to_string()),
        _ => None,
    }
}

/// Also for a node's own acknowledgement, once it has left the configuration.
pub(super) const UNKNOWN_PEER: &str = "raft: cannot step as peer not found";

/// The recordings' words for a proposal that was refused. There, a refused configuration change
/// becomes an empty entry without a word.
pub(super) fn propose_words(error: &ProposeError) -> Option<String> {
    match error {
        ProposeError::Change(_) => None,
        ProposeError::Node(error) => Some(error.to_string()),
        _ => Some("raft proposal dropped".to_owned()),
    }
}
