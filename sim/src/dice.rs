//! Randomness from one seed, the same on every platform; or choices from bytes, for fuzzers.

use bytes::{Buf, Bytes};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// Draws numbers. How a draw is reduced to a range is our own affair, so that a seed means the same
/// with every release of the generator's crate.
#[derive(Clone, Debug)]
pub struct Dice {
    /// What decides first.
    bytes: Bytes,
    generator: Xoshiro256PlusPlus,
}

impl Dice {
    /// All draws follow from the seed.
    pub fn new(seed: u64) -> Self {
        let generator = Xoshiro256PlusPlus::seed_from_u64(seed);
        let bytes = Bytes::new();
        Self { bytes, generator }
    }

    /// Draws follow from the bytes, so that a coverage-guided fuzzer that changes a byte changes a choice: few bytes a
    /// draw, one where that is enough, and a small byte for a small number, a short wait, and nothing out of the
    /// ordinary. When there are none left, the draws are those of a fixed seed.
    ///
    /// ```
    /// use quorate_sim::dice::Dice;
    /// let mut dice = Dice::from_bytes(vec![0, 255, 128]);
    /// assert_eq!((dice.below(6), dice.below(6), dice.chance_per_million(500_000)), (0, 5, true));
    /// assert_eq!(dice.number(), Dice::from_bytes(vec![]).number());
    /// ```
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self {
            bytes,
            ..Self::new(0x6279_7465_7321)
        }
    }

    /// From here on the bytes that are left, if any, decide nothing.
    pub(crate) fn forget_bytes(&mut self) {
        self.bytes.clear();
    }

    /// The next so many bytes as a number, or fewer at the end; `None` if there are none.
    fn take(&mut self, count: usize) -> Option<u64> {
        let count = count.min(self.bytes.len());
        (count > 0).then(|| self.bytes.get_uint_le(count))
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.take(8).unwrap_or_else(|| self.generator.next_u64())
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        let bits = u64::BITS - end.saturating_sub(1).leading_zeros();
        let count = bits.div_ceil(8).max(1);
        let (number, bits) = match self.take(usize::try_from(count).unwrap_or(8)) {
            Some(number) => (number, 8 * count),
            None => (self.generator.next_u64(), 64),
        };
        let wide = u128::from(number) * u128::from(end);
        u64::try_from(wide >> bits).unwrap_or(0)
    }

    /// A number from `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// In half of the draws 0, else less than this.
    pub(crate) fn sometimes(&mut self, most: u64) -> u64 {
        if self.chance_per_million(500_000) {
            self.below(most)
        } else {
            0
        }
    }

    /// True so many times in a million.
    pub fn chance_per_million(&mut self, in_a_million: u64) -> bool {
        if in_a_million == 0 {
            return false;
        }
        match self.take(1) {
            Some(byte) => (255 - byte) * 1_000_000 < in_a_million * 256,
            None => self.below(1_000_000) < in_a_million,
        }
    }

    /// One of these, if there are any.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let position = self.below(of.len() as u64);
        of.get(usize::try_from(position).ok()?)
    }

    /// A place in a list of so many.
    pub(crate) fn position(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).unwrap_or(0)
    }

    /// A waiting time: often short, sometimes up to eight times the mean, in whole steps so that no
    /// floating point is needed.
    pub fn wait(&mut self, mean: u64) -> u64 {
        let doubled = match self.take(1) {
            Some(byte) => byte >> 6,
            None => u64::from(self.generator.next_u64().trailing_zeros().min(3)),
        };
        self.between(0, mean.saturating_mul(1 << doubled))
    }
}
