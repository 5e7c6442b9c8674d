//! What becomes of stores beside what disks do: drawn by dice of its own, so that all else is drawn as before.

use quorate::NodeId;

use super::{Names, Parameters, Profile, Spread};
use crate::dice::Dice;

impl Parameters {
    pub(super) fn draw_stores(&mut self, dice: &mut Dice) {
        let often = match self.profile {
            Profile::Membership => 350_000,
            Profile::Lease | Profile::ReplacedDisks | Profile::LeaseBeyondDrift | Profile::OldIdEmptyDisk => 0,
            Profile::Swarm | Profile::Network | Profile::Disk | Profile::Elections => 60_000,
        };
        if dice.chance_per_million(often) {
            self.draw_rejoins(dice);
        }
        if dice.chance_per_million(150_000) {
            self.corners.corruption = dice.between(500, 10_000);
        }
        if dice.chance_per_million(300_000) {
            self.corners.durable_machines = [Spread::Mixed, Spread::On][dice.position(2)];
        }
    }

    /// Whether a node's state machine survives crashes by itself.
    pub(crate) fn is_durable(&self, id: NodeId) -> bool {
        let dice = &mut Dice::new(self.seed ^ id.wrapping_mul(0x6d61_6368_696e));
        self.corners.durable_machines.at(dice)
    }

    /// Who is left behind when it is removed may never hear of it, so that the next store cannot come: little else
    /// changes, and no disk is lost beside.
    fn draw_rejoins(&mut self, dice: &mut Dice) {
        self.corners.rejoins = dice.between(20_000, 200_000);
        (self.names, self.old_id, self.reckless, self.wipe) = (Names::Ids, 0, 0, 0);
        self.voters = [3, 3, 4, 5][dice.position(4)];
        if dice.chance_per_million(700_000) {
            (self.spares, self.change) = (0, 0);
        }
        (self.crash, self.partition, self.loss) = (self.crash / 4, self.partition / 4, self.loss / 4);
        self.compaction = self.compaction.max(10_000);
    }
}
