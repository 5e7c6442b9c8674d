//! Calls that few make: drawn by dice of its own, so that all else is drawn as before.

use super::{Parameters, Spread};
use crate::dice::Dice;

impl Parameters {
    pub(super) fn draw_calls(&mut self, dice: &mut Dice) {
        if dice.chance_per_million(300_000) {
            self.corners.batches = dice.between(50_000, 500_000);
        }
        if dice.chance_per_million(400_000) {
            self.corners.read_modes = dice.between(100_000, 900_000);
            // The clocks have to be good for it, which are not bounded otherwise.
            self.corners.lease_reads = self.check_quorum
                && self.clock_fault == 0
                && !self.profile.is_unsound()
                && dice.chance_per_million(500_000);
            if self.corners.lease_reads {
                self.bound_drift();
            }
        }
        if self.extras.damage > 0 && dice.chance_per_million(500_000) {
            self.corners.withdrawal = dice.between(10_000, 200_000);
        }
    }

    /// Whether leaders may answer by a lease: then clocks keep to the margin.
    pub(crate) fn has_leases(&self) -> bool {
        self.leases != Spread::Off || self.corners.lease_reads
    }
}
