//! What networks do rarely, and what then meets what nobody thought of together: drawn by dice of its own, so that all
//! else is drawn as before.

use quorate::Config;

use super::{Parameters, Spread};
use crate::dice::Dice;

/// All off by default. Rates are in a million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // each is named after what it sets
pub struct Corners {
    /// For each message: it is held for up to `held_ticks`, while all around it goes on.
    pub held: u64,
    /// Most of the time far longer than any timeout.
    pub held_ticks: u64,
    /// At each tick of a node, one of its links is slow for a while, in this direction only.
    pub slow_link: u64,
    /// Or holds all that is sent, and lets it go at once.
    pub burst: u64,
    /// For how long.
    pub link_ticks: u64,
    /// Clients know who leads, so often, and little else goes wrong for long: logs grow, and differ by much.
    pub flow: u64,
    /// Nodes refuse reads, entries and bytes in flight beyond small numbers.
    pub small_bounds: bool,
    /// Nodes keep to etcd-io/raft's ways where quorate has others by default: what rests on them is no progress in
    /// some corners, and is not asked for then.
    pub like_etcd: Spread,
    /// At each tick of a leader: a learner is promoted, if it has caught up.
    pub promotion: u64,
    /// At each tick of a node: its storage is unavailable for a while, and at each tick from then on: it is available.
    pub unavailable: u64,
    pub available: u64,
    /// For each command: others are proposed with it, at once.
    pub batches: u64,
    /// For each read: it says how it is to be confirmed.
    pub read_modes: u64,
    /// Also by a lease, where the nodes' settings ask for none.
    pub lease_reads: bool,
    /// At each tick of a node that asked for a snapshot: it turns out that it needs none.
    pub withdrawal: u64,
    /// At each tick of a leader: a member, always the same, is removed, wiped and added again, under its id alone.
    pub rejoins: u64,
    /// At each tick of a node: its storage cannot read any more something that it holds.
    pub corruption: u64,
    /// Nodes whose state machines survive crashes by themselves, with all that they applied.
    pub durable_machines: Spread,
}

impl Parameters {
    pub(super) fn draw_corners(&mut self, dice: &mut Dice) {
        if dice.chance_per_million(250_000) {
            self.corners.held = dice.between(200, 10_000);
            self.corners.held_ticks = [20, 200, 2_000, 5_000][dice.position(4)];
        }
        if dice.chance_per_million(200_000) {
            self.corners.slow_link = dice.below(10_000);
            self.corners.burst = dice.below(10_000);
            self.corners.link_ticks = dice.between(5, 100);
        }
        if dice.chance_per_million(250_000) {
            self.corners.flow = 950_000;
            (self.clients, self.think_us) = (self.clients.max(4), dice.between(500, 10_000));
            (self.crash, self.failing_disk) = (self.crash / 8, self.failing_disk / 4);
            (self.loss, self.partition) = (self.loss / 8, self.partition / 4);
        }
        self.corners.small_bounds = dice.chance_per_million(150_000);
        if dice.chance_per_million(150_000) {
            self.corners.like_etcd = [Spread::Mixed, Spread::Mixed, Spread::On][dice.position(3)];
        }
        if dice.chance_per_million(300_000) {
            self.corners.promotion = dice.below(30_000);
        }
        if dice.chance_per_million(200_000) {
            self.corners.unavailable = dice.below(20_000);
            self.corners.available = [200_000, 30_000][dice.position(2)];
        }
    }

    /// The settings of one node.
    pub(super) fn set_corners(&self, config: &mut Config) {
        let dice = &mut Dice::new(self.seed ^ config.id.wrapping_mul(0x636f_726e_6572));
        let settings = config.settings_mut();
        if self.corners.small_bounds {
            settings.max_pending_reads = dice.position(4) + 1;
            settings.max_entry_bytes = dice.between(30, 100);
            let bytes = dice.between(0, 300);
            if self.small_messages || self.single_entries {
                settings.max_inflight_bytes = settings.max_message_bytes.saturating_add(bytes).max(1);
            }
        }
        settings.transfer_when_disk_lags = dice.chance_per_million(100_000);
        if self.corners.like_etcd.at(dice) {
            let plain = [(); 5].map(|()| dice.chance_per_million(500_000));
            settings.higher_term_resets_timer = plain[0];
            settings.refuse_stale_candidates = plain[1];
            settings.votes_tell_commit = plain[2];
            settings.commit_notice_on_removal = plain[3];
            settings.transfer_refusals = plain[4];
        }
        if dice.chance_per_million(200_000) {
            settings.commit_notice_ticks = dice.between(1, (self.election_ticks / 2).max(1));
        }
    }
}
