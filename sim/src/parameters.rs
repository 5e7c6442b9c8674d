//! What a seed draws before a run begins: how many nodes, what goes wrong and how often, and the settings
//! of each node. Half of the seeds are *hot*: mild ones miss classic bugs for thousands of seeds.

mod calls;
mod corners;
mod extras;
mod names;
mod profile;
mod rates;
mod spread;
mod stores;

use std::fmt;

use quorate::{Config, NodeId, ReadMode};

use crate::dice::Dice;
pub use corners::Corners;
pub use extras::Extras;
pub use names::Names;
pub use profile::{Profile, UnknownProfile};
pub use spread::Spread;

/// All that a seed draws. Rates are per tick and node, in a million; times in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each is named after what it sets
pub struct Parameters {
    pub seed: u64,
    pub profile: Profile,
    pub hot: bool,
    pub voters: u64,
    /// Nodes beside the first voters.
    pub spares: u64,
    pub tick_us: u64,
    pub election_ticks: u64,
    pub heartbeat_ticks: u64,
    pub pre_vote: Spread,
    pub check_quorum: bool,
    pub leases: Spread,
    /// Each time that a node starts again: with another election timeout, with other promises to leaders, and with
    /// another silence.
    pub other_promises: u64,
    /// Each time that it does, or hears its leader under another election timeout: the leader is cut off.
    pub promise_fault: u64,
    /// The election timeout of a node that runs changes: per tick, and each time that a heartbeat arrives.
    pub retiming: u64,
    pub lease_margin_ticks: u64,
    pub asynchronous: Spread,
    pub small_messages: bool,
    /// One entry a message.
    pub single_entries: bool,
    pub small_windows: bool,
    pub forwarding: Spread,
    pub delay_us: u64,
    pub us_a_kilobyte: u64,
    pub loss: u64,
    pub duplication: u64,
    /// For each message that arrives: one of another group does, or one that names no group.
    pub strays: u64,
    /// Nodes that take messages that name no group.
    pub accept_unnamed: Spread,
    pub partition: u64,
    pub partition_ticks: u64,
    pub sync_us: u64,
    pub apply_us: u64,
    pub crash: u64,
    pub down_ticks: u64,
    /// Each time that a leader's log or commit index grows: it crashes, or few of the others hear it.
    pub leader_fault: u64,
    /// Each time that a node is left as the only voter: its process dies, and campaigns once it is back.
    pub last_fault: u64,
    /// Each time that a change of the configuration, or entries with a new term, are written: the power fails before the
    /// hard state that was written with them is on the disk.
    pub torn_batch: u64,
    pub failing_disk: u64,
    pub wipe: u64,
    pub names: Names,
    /// Where stores have names, each time that a disk is lost: its node comes back under its old id.
    pub old_id: u64,
    /// And: nobody asks whether the others still are a quorum.
    pub reckless: u64,
    pub pause: u64,
    pub pause_ticks: u64,
    /// How far clocks are off, at most, in a million.
    pub drift: u64,
    pub clock_fault: u64,
    pub change: u64,
    /// Operators leave so many voters, at least.
    pub least_voters: u64,
    pub transfer: u64,
    pub compaction: u64,
    pub keep_entries: u64,
    pub interference: u64,
    pub clients: u64,
    pub think_us: u64,
    pub corners: Corners,
    pub extras: Extras,
}

impl Parameters {
    /// What `seed` draws under `profile`.
    pub fn draw(seed: u64, profile: Profile) -> Self {
        let dice = &mut Dice::new(seed ^ 0x70_6172_616d);
        let hot = dice.chance_per_million(500_000);
        let mut drawn = Self::draw_mild(seed, profile, dice);
        if hot {
            drawn.heat(dice);
        }
        drawn.suit(dice);
        drawn.draw_later(&mut Dice::new(seed ^ 0x6c_6174_6572));
        drawn.draw_names(&mut Dice::new(seed ^ 0x6e_616d_6573));
        drawn.draw_extras(&mut Dice::new(seed ^ 0x65_7874_7261));
        drawn.draw_corners(&mut Dice::new(seed ^ 0x63_6f72_6e65));
        drawn.draw_calls(&mut Dice::new(seed ^ 0x63_616c_6c73));
        drawn.draw_stores(&mut Dice::new(seed ^ 0x73_746f_7265));
        drawn
    }

    /// What was added later, by dice of its own: all else is drawn as before.
    fn draw_later(&mut self, dice: &mut Dice) {
        if dice.chance_per_million(300_000) {
            self.strays = dice.below(50_000);
            self.accept_unnamed = [Spread::Off, Spread::Off, Spread::Mixed, Spread::On][dice.position(4)];
        }
        let often = if self.profile == Profile::Lease {
            500_000
        } else {
            200_000
        };
        if !self.profile.is_unsound() && dice.chance_per_million(often) {
            self.other_promises = dice.between(200_000, 900_000);
            self.promise_fault = dice.below(600_000);
            self.retiming = if dice.chance_per_million(500_000) {
                dice.below(20_000)
            } else {
                0
            };
            if dice.chance_per_million(500_000) {
                self.lease_margin_ticks = 2; // so that leases last for most of the promises
            }
            self.bound_drift();
        }
        let tears = matches!(self.profile, Profile::Swarm | Profile::Disk | Profile::Elections);
        if tears && dice.chance_per_million(200_000) {
            self.torn_batch = dice.below(300_000);
        }
    }

    fn draw_mild(seed: u64, profile: Profile, dice: &mut Dice) -> Self {
        let election_ticks = dice.between(5, 20);
        Self {
            seed,
            profile,
            hot: false,
            voters: [1, 2, 3, 3, 3, 4, 5, 5][usize::try_from(dice.below(8)).unwrap_or(0)],
            spares: dice.below(3),
            tick_us: 100_000,
            election_ticks,
            heartbeat_ticks: dice.between(1, 2),
            pre_vote: Spread::draw(dice),
            check_quorum: dice.chance_per_million(750_000),
            leases: Spread::Off,
            other_promises: 0,
            promise_fault: 0,
            retiming: 0,
            lease_margin_ticks: dice.between(2, election_ticks - 1),
            asynchronous: Spread::draw(dice),
            small_messages: dice.chance_per_million(300_000),
            single_entries: false,
            small_windows: dice.chance_per_million(300_000),
            forwarding: Spread::draw(dice),
            delay_us: dice.between(500, 60_000),
            us_a_kilobyte: dice.sometimes(20_000),
            loss: dice.sometimes(100_000),
            duplication: dice.sometimes(100_000),
            strays: 0,
            accept_unnamed: Spread::Off,
            partition: dice.sometimes(5_000),
            partition_ticks: dice.between(5, 100),
            sync_us: dice.between(100, 30_000),
            apply_us: dice.sometimes(50_000),
            crash: dice.sometimes(4_000),
            down_ticks: dice.between(1, 50),
            leader_fault: 0,
            last_fault: 0,
            torn_batch: 0,
            failing_disk: dice.sometimes(2_000),
            wipe: dice.sometimes(100_000),
            names: Names::Ids,
            old_id: 0,
            reckless: 0,
            pause: dice.sometimes(3_000),
            pause_ticks: dice.between(1, 40),
            drift: dice.sometimes(50_000),
            clock_fault: 0,
            change: dice.sometimes(10_000),
            least_voters: 2,
            transfer: dice.sometimes(5_000),
            compaction: dice.sometimes(50_000),
            keep_entries: dice.below(20),
            interference: dice.sometimes(5_000),
            clients: dice.between(1, 6),
            think_us: dice.between(1_000, 200_000),
            corners: Corners::default(),
            extras: Extras::default(),
        }
    }

    fn heat(&mut self, dice: &mut Dice) {
        self.hot = true;
        self.crash = dice.below(150_000);
        self.down_ticks = dice.between(1, 3);
        self.loss = dice.below(700_000);
        self.duplication = dice.below(200_000);
        self.partition = dice.below(30_000);
        self.partition_ticks = dice.between(3, 40);
        self.failing_disk = dice.below(10_000);
        self.interference = dice.below(20_000);
        self.clients = self.clients.max(3);
        self.think_us = dice.between(1_000, 50_000);
    }

    /// What the profile wants.
    fn suit(&mut self, dice: &mut Dice) {
        match self.profile {
            Profile::Swarm => {
                if self.check_quorum && dice.chance_per_million(300_000) {
                    self.leases = Spread::Mixed;
                } else if dice.chance_per_million(300_000) {
                    self.clock_fault = dice.below(5_000);
                }
                self.leader_fault = if dice.chance_per_million(200_000) {
                    dice.below(100_000)
                } else {
                    0
                };
            }
            Profile::Network => {
                (self.crash, self.failing_disk, self.wipe, self.pause) = (0, 0, 0, 0);
                self.partition = self.partition.max(5_000);
            }
            Profile::Disk => {
                self.crash = self.crash.max(5_000);
                self.failing_disk = self.failing_disk.max(3_000);
                self.sync_us = dice.between(1_000, 200_000);
                (self.loss, self.partition) = (self.loss / 8, self.partition / 8);
            }
            Profile::Membership => {
                self.change = dice.between(10_000, 60_000);
                self.spares = dice.between(1, 4);
                self.wipe = self.wipe.max(100_000);
                self.compaction = self.compaction.max(20_000);
                (self.loss, self.crash) = (self.loss / 4, self.crash / 4);
                self.least_voters = dice.between(1, 2);
                self.torn_batch = if dice.chance_per_million(300_000) {
                    dice.below(300_000)
                } else {
                    0
                };
            }
            Profile::Lease | Profile::LeaseBeyondDrift => self.suit_leases(dice),
            Profile::Elections => self.suit_elections(dice),
            Profile::ReplacedDisks => self.suit_replaced_disks(dice),
            Profile::OldIdEmptyDisk => {
                self.crash = self.crash.max(20_000);
                self.wipe = 500_000;
                self.voters = 3;
                (self.loss, self.spares, self.change) = (self.loss / 4, 0, 0);
            }
        }
        self.bound_drift();
        if self.profile == Profile::LeaseBeyondDrift {
            self.lease_margin_ticks = 2;
            self.drift = 600_000;
        }
    }

    /// Leases rest on clocks that keep to the margin.
    fn bound_drift(&mut self) {
        if self.has_leases() {
            // Two clocks, each off by so much, within an election timeout by the margin less one tick.
            let (_, longest) = self.election_bounds();
            let bound = (self.lease_margin_ticks - 1) * 1_000_000 / (2 * longest + 2);
            self.drift = self.drift.min(bound);
        }
    }

    /// The shortest and the longest election timeout that any node may have, in ticks.
    pub fn election_bounds(&self) -> (u64, u64) {
        let ticks = self.election_ticks;
        if (self.other_promises, self.retiming) == (0, 0) {
            return (ticks, ticks);
        }
        let least = self.lease_margin_ticks.max(self.heartbeat_ticks) + 1;
        ((ticks / 2).max(least), 2 * ticks)
    }

    /// By how many ticks two clocks may differ over an election timeout, rounded up.
    pub(crate) fn drift_ticks(&self) -> u64 {
        let (_, longest) = self.election_bounds();
        (2 * self.drift * (longest + 1)).div_ceil(1_000_000_u64.saturating_sub(self.drift).max(1))
    }

    fn suit_leases(&mut self, dice: &mut Dice) {
        self.check_quorum = true;
        self.leases = if dice.chance_per_million(500_000) {
            Spread::On
        } else {
            Spread::Mixed
        };
        self.clock_fault = 0;
        self.drift = 500_000;
        self.voters = self.voters.max(3);
        self.transfer = self.transfer.max(3_000);
        self.partition = self.partition.max(10_000);
        self.partition_ticks = dice.between(self.election_ticks, 4 * self.election_ticks);
        (self.loss, self.crash) = (self.loss / 4, self.crash / 4);
        if dice.chance_per_million(300_000) {
            // Where little is written, a node that was cut off for a while may still be elected: by voters
            // that just restarted, and promised something before.
            self.think_us = dice.between(1_000_000, 10_000_000);
            (self.crash, self.down_ticks) = (dice.between(20_000, 100_000), 1);
            self.partition = dice.between(10_000, 40_000);
            self.lease_margin_ticks = 2;
        } else if dice.chance_per_million(150_000) {
            // Who is left as the only voter may campaign at once, while the leader that it had still leads.
            (self.voters, self.spares, self.least_voters) = (2, 0, 1);
            self.change = dice.between(20_000, 100_000);
            self.last_fault = dice.between(300_000, 1_000_000);
        }
    }

    /// Short terms whose leaders reach few, and logs that catch up one entry at a time.
    fn suit_elections(&mut self, dice: &mut Dice) {
        self.voters = [3, 3, 4, 5, 5, 5][usize::try_from(dice.below(6)).unwrap_or(0)];
        self.election_ticks = dice.between(5, 10);
        self.lease_margin_ticks = 2;
        self.single_entries = dice.chance_per_million(800_000);
        self.small_windows = dice.chance_per_million(500_000);
        self.leader_fault = dice.between(50_000, 500_000);
        self.partition_ticks = dice.between(self.election_ticks, 4 * self.election_ticks);
        (self.loss, self.crash) = (self.loss / 2, self.crash / 8);
        (self.change, self.wipe, self.compaction) = (self.change / 4, self.wipe / 4, self.compaction / 4);
        self.clients = self.clients.max(3);
        self.think_us = dice.between(1_000, 50_000);
    }

    /// The settings of node `id`; seed and what is applied are filled in at each start.
    pub fn config(&self, id: NodeId) -> Config {
        let dice = &mut Dice::new(self.seed ^ id.wrapping_mul(0x636f_6e66_6967));
        let mut config = Config::new(id, 1);
        config.settings_mut().election_timeout_ticks = self.election_ticks;
        config.settings_mut().heartbeat_interval_ticks = self.heartbeat_ticks;
        config.settings_mut().pre_vote = self.pre_vote.at(dice);
        config.settings_mut().check_quorum = self.check_quorum;
        config
            .settings_mut()
            .allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions = true;
        config.settings_mut().lease_margin_ticks = self.lease_margin_ticks;
        if self.leases.at(dice) {
            config.settings_mut().read_mode = ReadMode::Lease;
        }
        config.settings_mut().async_storage_writes = self.asynchronous.at(dice);
        config.settings_mut().disable_proposal_forwarding = !self.forwarding.at(dice);
        config.settings_mut().eager_appends = dice.chance_per_million(200_000);
        if self.small_messages {
            config.settings_mut().max_message_bytes = dice.below(200);
            config.settings_mut().max_committed_bytes_per_ready = dice.between(1, 200);
        }
        if self.single_entries {
            config.settings_mut().max_message_bytes = 0;
        }
        if self.small_windows {
            config.settings_mut().max_inflight_messages = usize::try_from(dice.between(1, 4)).unwrap_or(1);
            config.settings_mut().max_uncommitted_bytes = dice.between(50, 2_000);
        }
        let stays = if self.last_fault > 0 { 700_000 } else { 200_000 };
        config.settings_mut().step_down_on_removal = !dice.chance_per_million(stays);
        // A node that joins later is named by the change that adds it.
        config.settings_mut().accept_unnamed_store = self.names == Names::Later && id <= self.voters;
        config.settings_mut().accept_without_cluster_id = self.accept_unnamed.at(&mut Dice::new(self.seed ^ id));
        config.settings_mut().snapshot_stall_ticks = dice.chance_per_million(500_000).then(|| dice.between(5, 50));
        self.set_extras(&mut config);
        self.set_corners(&mut config);
        config
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
