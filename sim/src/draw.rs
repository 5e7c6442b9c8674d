//! Numbers drawn from a seed, the same on every platform and in every release.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// A generator, and our own rule for ranges.
#[derive(Clone, Debug)]
pub(crate) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number less than `count`; 0 of none.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let product = u128::from(self.number()) * count as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[0]
    }
}
