//! What raft-rs has and etcd-io/raft has not, for those who want it: drawn by dice of its own, so that all else is drawn
//! as before.

use quorate::Config;

use super::Parameters;
use crate::dice::Dice;

/// All off by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)] // each is named after what it sets
pub struct Extras {
    /// At some of the nodes.
    pub min_election_ticks: Option<u64>,
    /// At the others.
    pub max_election_ticks: Option<u64>,
}

impl Parameters {
    pub(super) fn draw_extras(&mut self, dice: &mut Dice) {
        let (_, longest) = self.election_bounds();
        if dice.chance(200_000) {
            self.extras.min_election_ticks = Some(dice.between(longest, 3 * longest));
            self.extras.max_election_ticks = Some(dice.between(longest + 1, 4 * longest));
        }
    }

    /// The settings of one node.
    pub(super) fn set_extras(&self, config: &mut Config) {
        let dice = &mut Dice::new(self.seed ^ config.id.wrapping_mul(0x6578_7472_6173));
        let settings = config.settings_mut();
        if dice.chance(500_000) {
            settings.min_election_timeout_ticks = self.extras.min_election_ticks;
        } else {
            settings.max_election_timeout_ticks = self.extras.max_election_ticks;
        }
    }
}
