//! Random numbers that a printed seed brings back.
#![allow(dead_code, unreachable_pub, reason = "each test program uses a part of it")]

use std::hash::{BuildHasher, RandomState};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};

#[derive(Debug)]
pub struct Dice(TestRng);

impl Dice {
    /// From a new seed, which is printed, or from the one in the environment variable of this name.
    pub fn new(name: &str) -> Self {
        let seed = match std::env::var(name) {
            Ok(seed) => seed.parse().expect("a number"),
            Err(_) => RandomState::new().hash_one("a new seed"),
        };
        println!("{name}={seed}");
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let at = usize::try_from(self.below(from.len() as u64)).expect("small");
        from[at].clone()
    }
}
