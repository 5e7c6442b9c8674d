//! Which links a scenario leaves, and with which settings the nodes meet it.

use std::fmt;

use quorate::{Config, NodeId};

use super::ELECTION_TIMEOUT;

/// A place in a scenario; the seed draws which node takes it. The first leads when the network is cut.
pub(super) type Place = usize;

/// Who leads when the network is cut.
pub(super) const LEADER: Place = 0;
/// Who reaches a majority afterwards.
pub(super) const HUB: Place = 1;

/// How the network is cut. Places: 0 leads before the cut, 1 is the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Five nodes. All reach the hub, and nobody reaches anybody else. The leader lives, and reaches the
    /// hub only. All logs are equal.
    QuorumLoss,
    /// Five nodes. The leader is cut off. The other four reach the hub only, whose log is behind theirs:
    /// it lacks entries that are committed.
    ConstrainedElection,
    /// Three nodes in a row: leader, hub, other. All logs are equal.
    Chained,
    /// Five nodes. The hub and two others reach each other, the leader reaches the hub only, and the
    /// fifth is cut off. All logs are equal.
    Bridge,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::QuorumLoss, Self::ConstrainedElection, Self::Chained, Self::Bridge];

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::QuorumLoss => "quorum-loss",
            Self::ConstrainedElection => "constrained election",
            Self::Chained => "chained",
            Self::Bridge => "bridge",
        }
    }

    /// How many voters there are.
    pub fn voters(self) -> u64 {
        match self {
            Self::Chained => 3,
            Self::QuorumLoss | Self::ConstrainedElection | Self::Bridge => 5,
        }
    }

    /// The links that are left, each in both directions.
    pub(super) fn links(self) -> &'static [(Place, Place)] {
        match self {
            Self::QuorumLoss => &[(LEADER, HUB), (HUB, 2), (HUB, 3), (HUB, 4)],
            Self::ConstrainedElection => &[(HUB, 2), (HUB, 3), (HUB, 4)],
            Self::Chained => &[(LEADER, HUB), (HUB, 2)],
            Self::Bridge => &[(LEADER, HUB), (HUB, 2), (HUB, 3), (2, 3)],
        }
    }

    /// Ticks for which the hub is cut off, before the cut, so that it misses what is committed: fewer
    /// than make it campaign.
    pub(super) fn hub_misses(self) -> u64 {
        match self {
            Self::ConstrainedElection => ELECTION_TIMEOUT / 2,
            Self::QuorumLoss | Self::Chained | Self::Bridge => 0,
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an operator does about a cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aid {
    /// Nothing.
    Nothing,
    /// He tells the old leader to hand over to the hub.
    Transfer,
    /// He has the link between the old leader and the hub restored.
    HealLeader,
    /// He has a link restored between two nodes that are neither the old leader nor the hub.
    HealOthers,
}

impl fmt::Display for Aid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Transfer => "the old leader is told to hand over to the hub",
            Self::HealLeader => "the link between the old leader and the hub is restored",
            Self::HealOthers => "a link between two of the others is restored",
        })
    }
}

/// The settings that matter here; the rest is [`Config::new`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// [`Settings::pre_vote`](quorate::Settings::pre_vote)
    pub pre_vote: bool,
    /// [`Settings::check_quorum`](quorate::Settings::check_quorum)
    pub check_quorum: bool,
    /// [`Settings::lease_promises`](quorate::Settings::lease_promises)
    pub lease_promises: bool,
}

impl Settings {
    /// What [`Config::new`] gives.
    pub const DEFAULT: Self = Self::of(true, true, true);

    /// Pre-vote by check-quorum, promises with check-quorum only; then the two without check-quorum that
    /// promise nevertheless.
    pub const ALL: [Self; 6] = [
        Self::of(false, false, false),
        Self::of(true, false, false),
        Self::of(false, true, true),
        Self::DEFAULT,
        Self::of(false, false, true),
        Self::of(true, false, true),
    ];

    const fn of(pre_vote: bool, check_quorum: bool, lease_promises: bool) -> Self {
        Self {
            pre_vote,
            check_quorum,
            lease_promises,
        }
    }

    pub(super) fn config(self, id: NodeId) -> Config {
        let mut config = Config::new(id, 0); // the cluster fills in the seed
        config.settings_mut().election_timeout_ticks = ELECTION_TIMEOUT;
        config.settings_mut().pre_vote = self.pre_vote;
        config.settings_mut().check_quorum = self.check_quorum;
        config.settings_mut().lease_promises = self.lease_promises;
        config
            .settings_mut()
            .allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions =
            self.pre_vote && !self.check_quorum;
        config
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |on| if on { "on" } else { "off" };
        let (pre_vote, check_quorum) = (word(self.pre_vote), word(self.check_quorum));
        write!(f, "{pre_vote} / {check_quorum}")?;
        if self.lease_promises == self.check_quorum {
            return Ok(());
        }
        write!(f, ", promises {}", word(self.lease_promises))
    }
}
