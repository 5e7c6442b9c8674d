//! The configuration of a group as one store knows it: what is applied, and what comes next.

use alloc::string::ToString;

use crate::config::Config;
use crate::error::ConfigError;
use crate::log::Log;
use crate::membership::{ConfChangeV2, Membership};
use crate::rules::history;
use crate::server::Server;
use crate::storage::{Storage, StorageError};
use crate::types::{ConfState, EntryId, Index, NodeId, Snapshot, SnapshotMetadata};
use crate::wire;

/// Bytes that are read at once.
const PAGE: u64 = 1 << 20;

/// What [`RawNode::membership_status`](crate::RawNode::membership_status) and
/// [`MembershipStatus::read`] tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MembershipStatus {
    /// The applied configuration.
    pub applied: ConfState,
    /// It is as of this index; to be given to
    /// [`propose_conf_change_if_unchanged`](crate::RawNode::propose_conf_change_if_unchanged).
    pub index: Index,
    /// The first change in the log above `index`, committed or not.
    pub pending: Option<PendingChange>,
}

/// A configuration change that the log holds and that is not applied.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PendingChange {
    /// Where it is.
    pub index: Index,
    /// What it says; `None` if it cannot be decoded, so that it will be ignored.
    pub change: Option<ConfChangeV2>,
}

impl MembershipStatus {
    /// Reads a store without running a node; `applied` as in [`Config::applied`].
    ///
    /// ```
    /// use quorate::{bootstrap, ConfState, MemoryStorage};
    /// use quorate::status::MembershipStatus;
    /// let three = ConfState::of_voters([1, 2, 3]);
    /// let storage = MemoryStorage::from_snapshot(bootstrap(1, &MemoryStorage::new(), &three)?);
    /// let configuration = MembershipStatus::read(&storage, 0)?;
    /// assert_eq!((configuration.applied, configuration.index), (three, 1));
    /// assert_eq!(configuration.pending, None);
    /// # Ok::<(), quorate::error::ConfigError>(())
    /// ```
    pub fn read<S: Storage>(storage: &S, applied: Index) -> Result<Self, ConfigError> {
        let mut config = Config::new(1, 0);
        config.applied = applied;
        // Nothing is measured, and nothing learned but this.
        (
            config.settings_mut().max_uncommitted_bytes,
            config.settings_mut().disable_conf_change_validation,
        ) = (0, true);
        config.settings_mut().mark_checked_changes = false;
        let initial = storage.initial_state()?;
        let log = Log::new(storage, &initial, &config)?;
        let (membership, index) = log.configuration(&initial, PAGE)?;
        Self::from_log(&membership, index, &log)
    }

    pub(crate) fn of<S: Storage>(server: &Server<S>) -> Result<Self, ConfigError> {
        Self::from_log(&server.membership, server.configured_at, &server.log)
    }

    fn from_log<S: Storage>(membership: &Membership, configured_at: Index, log: &Log<S>) -> Result<Self, ConfigError> {
        let index = log.applied().max(configured_at);
        let found = log.find_change(index, log.last_index(), PAGE)?;
        let pending = found.map(|entry| PendingChange {
            index: entry.index,
            change: wire::decode_change(&entry)
                .ok()
                .map(crate::membership::AnyConfChange::into_v2),
        });
        Ok(Self {
            applied: membership.conf_state(),
            index,
            pending,
        })
    }
}

/// The snapshot that each of a new group's voters, of which `id` is one, installs into its unused store: the same
/// bytes at each, without an election.
///
/// Install it as if a leader had sent it, sync, and start the node. A learner, and a node that joins later, starts
/// with an empty store instead, and is sent a snapshot: not this one, which does not name it, but one
/// that the leader's application makes when it has applied the change that adds the node
/// ([`Event::SnapshotNeeded`](crate::Event::SnapshotNeeded) asks for it).
///
/// # Errors
///
/// [`ConfigError::Used`] if the store holds anything; [`ConfigError::ConfState`] if this is no
/// configuration, or one without voters; [`ConfigError::NotFounder`] if this node is none of its voters;
/// [`ConfigError::Stranger`] if the configuration names another store for it than one with this
/// [identity](crate::storage::InitialState::identity); [`ConfigError::Bound`] if the store names a
/// [recovered](crate::types::RECOVERED) group, which nobody founds.
///
/// ```
/// use quorate::{Config, ConfState, MemoryStorage, RawNode, bootstrap};
/// let snapshot = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
/// let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(snapshot))?;
/// assert!(node.campaign().is_ok());
/// # Ok::<(), quorate::error::ConfigError>(())
/// ```
pub fn bootstrap<S: Storage>(id: NodeId, storage: &S, conf_state: &ConfState) -> Result<Snapshot, ConfigError> {
    let membership = Membership::restore(conf_state)?;
    if membership.voters().incoming().is_empty() {
        return Err(crate::membership::ChangeError::NoVoters.into());
    }
    let initial = storage.initial_state()?;
    let used = if initial.hard_state != crate::HardState::default() {
        Some("it has a hard state")
    } else if initial.conf_state != ConfState::default() {
        Some("it has a configuration")
    } else if storage.first_index()? != 1 || storage.last_index()? != 0 {
        Some("it has a log")
    } else if initial.conf_state_index != 0 {
        Some("it has had a configuration")
    } else {
        match storage.snapshot(0, 0) {
            Ok(snapshot) if !snapshot.is_empty() => Some("it has a snapshot"),
            Ok(_) | Err(StorageError::TemporarilyUnavailable | StorageError::Unavailable) => None,
            Err(error) => return Err(error.into()),
        }
    };
    if let Some(why) = used {
        return Err(ConfigError::Used(why.to_string()));
    }
    if history::is_recovered(initial.cluster_id) {
        return Err(ConfigError::Bound {
            setting: "cluster_id",
            bound: "below 2^63 in a group that begins: the largest bit says that it was recovered",
        });
    }
    if !membership.is_voter(id) {
        return Err(ConfigError::NotFounder { id });
    }
    let identity = initial.identity;
    if membership.identity(id).unwrap_or(0) != identity {
        return Err(ConfigError::Stranger { identity });
    }
    let first = EntryId { term: 1, index: 1 };
    Ok(Snapshot::new(SnapshotMetadata::new(first, membership.conf_state()), ""))
}
