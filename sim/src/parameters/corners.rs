//! What networks do rarely, and what then meets what nobody thought of together: drawn by dice of its own, so that all
//! else is drawn as before.

use super::Parameters;
use crate::dice::Dice;

/// All off by default. Rates are in a million.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

impl Parameters {
    pub(super) fn draw_corners(&mut self, dice: &mut Dice) {
        if dice.chance(250_000) {
            self.corners.held = dice.between(200, 10_000);
            self.corners.held_ticks = [20, 200, 2_000, 5_000][dice.position(4)];
        }
        if dice.chance(200_000) {
            self.corners.slow_link = dice.below(10_000);
            self.corners.burst = dice.below(10_000);
            self.corners.link_ticks = dice.between(5, 100);
        }
    }
}
