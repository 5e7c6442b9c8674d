//! The settings of a node: its own, and those that it may share with others.

mod bounds;
mod groups;
mod settings;
mod timeouts;

use alloc::sync::Arc;

pub use self::groups::CommitGroups;
pub use self::settings::{ReadMode, Settings};

use crate::error::ConfigError;
use crate::types::{ClusterId, Index, NUMBER_MAX, NodeId};

/// The settings of a node. [`Config::new`] gives safe ones; change what you need.
///
/// What is one node's own is in its fields; the rest, which many nodes may share, is in [`Settings`].
///
/// ```
/// let mut config = quorate::Config::new(1, 42);
/// config.settings_mut().election_timeout_ticks = 20;
/// assert!(config.validate().is_ok());
/// config.settings_mut().heartbeat_interval_ticks = 20;
/// assert!(config.validate().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Config {
    /// This node's id: neither 0 nor one of the two largest numbers.
    pub id: NodeId,
    /// A number never used twice for this id: a random u64 (from `std` alone: `RandomState::new().hash_one(id)`), or a
    /// boot counter, which has to outlive the store where a node may come back under its id with another one. It draws
    /// the election timeouts, and tells the responses to this start's reads from those to an earlier one's.
    pub seed: u64,
    /// The last index that the state machine had applied when it stopped: that of the snapshot that it begins with, if
    /// it is in memory. 0, the default, stands for the index before the log's first, which is the snapshot's where the
    /// log was compacted: the state machine must have begun with that one then, and nobody checks. The stored
    /// configuration may be as of [another one](crate::storage::InitialState::conf_state_index).
    #[cfg_attr(feature = "serde", serde(default))]
    pub applied: Index,
    /// The group, as its store must name it too; zero, the default, for none. Every message carries it, and a
    /// node that has one refuses the messages of every other group before it looks at anything else. One that has none
    /// refuses those of [recovered](crate::recover) groups.
    #[cfg_attr(feature = "serde", serde(default))]
    pub cluster_id: ClusterId,
    #[cfg_attr(feature = "serde", serde(default))]
    settings: Arc<Settings>,
}

impl Config {
    /// Safe settings for node `id`. There is no default `seed`: see [`Config::seed`].
    pub fn new(id: NodeId, seed: u64) -> Self {
        Self::of(id, seed, Settings::default())
    }

    fn of(id: NodeId, seed: u64, settings: Settings) -> Self {
        Self {
            id,
            seed,
            applied: 0,
            cluster_id: 0,
            settings: Arc::new(settings),
        }
    }

    /// The settings that this node may share with others.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The settings, to change them for this node only: if others share them, this one gets its own copy first.
    pub fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    /// The same with these settings. An [`Arc`] of them is shared, so that a host of many groups has them in memory
    /// once.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use quorate::{Config, Settings};
    /// let mut settings = Settings::default();
    /// settings.election_timeout_ticks = 20;
    /// let settings = Arc::new(settings);
    /// let first = Config::new(1, 42).with_settings(settings.clone());
    /// let second = Config::new(2, 43).with_settings(settings);
    /// assert_eq!(first.settings(), second.settings());
    /// ```
    #[must_use]
    pub fn with_settings(self, settings: impl Into<Arc<Settings>>) -> Self {
        let settings = settings.into();
        Self { settings, ..self }
    }

    /// The same settings for another node, [`applied`](Self::applied) and [`cluster_id`](Self::cluster_id)
    /// being 0. They are in memory once.
    ///
    /// ```
    /// let mut first = quorate::Config::new(1, 42);
    /// first.settings_mut().election_timeout_ticks = 20;
    /// let mut second = first.for_node(2, 43);
    /// assert_eq!((second.id, second.settings().election_timeout_ticks), (2, 20));
    /// second.settings_mut().election_timeout_ticks = 30; // from here on they are its own
    /// assert_eq!(first.settings().election_timeout_ticks, 20);
    /// ```
    #[must_use]
    pub fn for_node(&self, id: NodeId, seed: u64) -> Self {
        Self {
            id,
            seed,
            applied: 0,
            cluster_id: 0,
            settings: self.settings.clone(),
        }
    }

    /// The settings that make a node behave as etcd-io/raft's does by default, without bounds on
    /// sizes, for comparing the two. Not safe: pre-vote, check-quorum and the promises that leases
    /// rest on are off.
    pub fn like_etcd(id: NodeId, seed: u64) -> Self {
        Self::of(id, seed, Settings::like_etcd())
    }

    /// Checks every bound and names the first that does not hold.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let own = [
            (
                self.id != 0 && self.id <= u64::MAX - 2,
                "id",
                "neither 0 nor one of the two largest numbers",
            ),
            (self.applied <= NUMBER_MAX, "applied", "at most 2^63 - 1"),
        ];
        match own.into_iter().find(|(holds, ..)| !holds) {
            None => self.settings.validate(),
            Some((_, setting, bound)) => Err(ConfigError::Bound { setting, bound }),
        }
    }

    /// Checks that `next` changes nothing that is fixed while a node runs.
    pub(crate) fn validate_successor(&self, next: &Self) -> Result<(), ConfigError> {
        next.validate()?;
        let own = [
            (self.id == next.id, "id"),
            (self.seed == next.seed, "seed"),
            (self.applied == next.applied, "applied"),
            (self.cluster_id == next.cluster_id, "cluster_id"),
        ];
        match own.into_iter().find(|(same, _)| !same) {
            None => self.settings.validate_successor(&next.settings),
            Some((_, setting)) => Err(ConfigError::Fixed(setting)),
        }
    }
}
