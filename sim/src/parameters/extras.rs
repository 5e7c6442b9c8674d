//! What raft-rs has and etcd-io/raft has not, for those who want it: drawn by dice of its own, so that all else is drawn
//! as before.

use quorate::{CommitGroups, Config, NodeId};

use super::Parameters;
use crate::dice::Dice;

/// All off by default. Times are in tenths of the longest election timeout that any node may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // each is named after what it sets
pub struct Extras {
    /// At some of the nodes.
    pub min_election_timeout: Option<u64>,
    /// At the others.
    pub max_election_timeout: Option<u64>,
    /// Nodes have ranks up to this.
    pub ranks: u8,
    /// Some hand over to those of lower ranks.
    pub transfer_to_preferred: Option<u64>,
    /// Members are in so many commit groups, and some in none; where others are silent, a quorum commits alone.
    pub commit_groups: u64,
    /// At each tick of a node, its state machine may be damaged: in a million.
    pub damage: u64,
    /// So often is what a node wants stored given to `Disk::persist_task`, in a million; else it is written and synced
    /// in two steps, between which the node may crash.
    pub persist_at_once: u64,
}

/// Nodes take the place of those whose disks are lost; more of them are in no commit group.
const REPLACED: u64 = 20;

impl Parameters {
    pub(super) fn draw_extras(&mut self, dice: &mut Dice) {
        if dice.chance_per_million(200_000) {
            self.extras.min_election_timeout = Some(dice.between(10, 30));
            self.extras.max_election_timeout = Some(dice.between(11, 40));
        }
        if dice.chance_per_million(300_000) {
            self.extras.ranks = [1, 1, 2, 3][dice.position(4)];
            if self.check_quorum && dice.chance_per_million(700_000) {
                self.extras.transfer_to_preferred = Some(dice.between(20, 60));
            }
        }
        if self.check_quorum && dice.chance_per_million(300_000) {
            self.extras.commit_groups = dice.between(2, 3);
        }
        if dice.chance_per_million(300_000) {
            self.extras.damage = dice.between(500, 20_000);
        }
        self.extras.persist_at_once = [0, 0, 500_000, 1_000_000][dice.position(4)];
    }

    /// Which commit group a node is in.
    fn commit_group(&self, id: NodeId) -> Option<u64> {
        let dice = &mut Dice::new(self.seed ^ id.wrapping_mul(0x6772_6f75_7073));
        let group = dice.below(self.extras.commit_groups.max(1));
        (self.extras.commit_groups > 0 && !dice.chance_per_million(100_000)).then_some(group + 1)
    }

    /// The settings of one node.
    pub(super) fn set_extras(&self, config: &mut Config) {
        let dice = &mut Dice::new(self.seed ^ config.id.wrapping_mul(0x6578_7472_6173));
        let (_, longest) = self.election_bounds();
        let ticks = |tenths: Option<u64>| tenths.map(|tenths| (longest * tenths).div_ceil(10));
        let settings = config.settings_mut();
        if dice.chance_per_million(500_000) {
            settings.min_election_timeout_ticks = ticks(self.extras.min_election_timeout);
        } else {
            // Fewer than three to draw from, the same on nodes whose clocks run alike, tie elections for long.
            let highest = ticks(self.extras.max_election_timeout);
            settings.max_election_timeout_ticks = highest.map(|ticks| ticks.max(longest.saturating_add(3)));
        }
        settings.election_rank = u8::try_from(dice.between(0, self.extras.ranks.into())).unwrap_or(0);
        if dice.chance_per_million(700_000) {
            settings.transfer_to_preferred_ticks = ticks(self.extras.transfer_to_preferred);
        }
        if dice.chance_per_million(800_000) {
            let members = 1..=self.voters + self.spares + REPLACED;
            let groups = members.filter_map(|id| Some((id, self.commit_group(id)?)));
            settings.commit_groups = CommitGroups::new(groups);
            settings.commit_without_silent_groups = self.extras.commit_groups > 0;
        }
    }
}
