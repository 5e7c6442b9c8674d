//! Settings that some of the nodes have.

use crate::dice::Dice;

/// How a boolean setting is spread over the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// On everywhere.
    On,
    /// Off everywhere.
    #[default]
    Off,
    /// On here, off there.
    Mixed,
}

impl Spread {
    pub(super) fn draw(dice: &mut Dice) -> Self {
        match dice.below(4) {
            0 => Self::Off,
            1 => Self::Mixed,
            _ => Self::On,
        }
    }

    pub(super) fn at(self, dice: &mut Dice) -> bool {
        match self {
            Self::On => true,
            Self::Off => false,
            Self::Mixed => dice.chance_per_million(500_000),
        }
    }
}
