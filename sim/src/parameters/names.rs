//! Whether the stores of a group have identities, and who is told.

use quorate::NodeId;
use quorate::types::Identity;

use super::{Parameters, Profile};
use crate::dice::Dice;

/// How the members of a group are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// By their ids alone.
    Ids,
    /// By the identities of their stores too, from the beginning.
    Stores,
    /// The group is founded without the identities of its stores, which are then named one by one.
    Later,
}

impl Names {
    /// The identity of the store that a node gets as its `stores`-th, from 1; none if stores have none.
    pub fn identity(self, seed: u64, id: NodeId, stores: u64) -> Identity {
        match self {
            Self::Ids => 0,
            Self::Stores | Self::Later => {
                let seed = seed ^ id.wrapping_mul(0x6964_656e_7469) ^ stores.wrapping_mul(0x7374_6f72_6573);
                Dice::new(seed).number().max(1)
            }
        }
    }
}

impl Parameters {
    /// Who is named, and how disks are lost then; by dice of its own.
    pub(super) fn draw_names(&mut self, dice: &mut Dice) {
        if self.profile.is_unsound() {
            return;
        }
        let replaced = self.profile == Profile::ReplacedDisks;
        self.names = match dice.below(20) {
            0..=1 => Names::Later,
            2..=6 if !replaced => Names::Ids,
            _ => Names::Stores,
        };
        if self.names == Names::Ids {
            return;
        }
        self.old_id = if replaced {
            dice.between(700_000, 1_000_000)
        } else {
            500_000
        };
        if self.wipe > 0 && dice.chance_per_million(150_000) {
            self.reckless = dice.between(20_000, 500_000);
        }
    }

    /// Disks that are lost and replaced all the time.
    pub(super) fn suit_replaced_disks(&mut self, dice: &mut Dice) {
        self.voters = [2, 3, 3, 3, 4, 5, 5, 5][usize::try_from(dice.below(8)).unwrap_or(0)];
        self.spares = dice.below(2);
        self.crash = self.crash.clamp(10_000, 60_000);
        self.down_ticks = dice.between(1, 20);
        self.wipe = dice.between(100_000, 600_000);
        self.compaction = self.compaction.max(10_000);
        self.change = if dice.chance_per_million(300_000) {
            self.change
        } else {
            0
        };
        self.leader_fault = if dice.chance_per_million(200_000) {
            dice.below(50_000)
        } else {
            0
        };
        self.loss /= 4;
    }
}
