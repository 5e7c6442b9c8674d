//! What can be explored: states as short lists of words, and what follows them.

use std::fmt;

use quorate_sim::{Verdict, Violation};

/// A system whose states are explored. Its states are words, so that millions of them fit into memory; what the words
/// mean is the system's affair: numbers, or places in tables that all workers share.
pub trait System: Sync {
    /// What a thread remembers from one state to the next.
    type Worker: Send;
    /// What leads from one state to another.
    type Move: Clone + fmt::Debug + Send;

    /// What a thread begins with.
    fn worker(&self) -> Self::Worker;

    /// The first state.
    fn initial(&self, worker: &mut Self::Worker) -> Result<Vec<u32>, Violation>;

    /// A number that is the same for equal states, in every run; different states mostly differ in it.
    fn fingerprint(&self, worker: &mut Self::Worker, state: &[u32]) -> u64;

    /// What must hold in each state.
    fn check(&self, worker: &mut Self::Worker, state: &[u32]) -> Verdict;

    /// All that may happen next, always in the same order.
    fn successors(&self, worker: &mut Self::Worker, state: &[u32], each: &mut dyn FnMut(Next<'_>));

    /// What the so-manieth of its [successors](Self::successors) comes by.
    fn describe(&self, worker: &mut Self::Worker, state: &[u32], successor: usize) -> Option<Self::Move>;

    /// The state that stands for this one and all that differ from it by names only; by default itself.
    fn representative(&self, worker: &mut Self::Worker, state: &mut Vec<u32>) {
        let _ = (worker, state);
    }
}

/// What a move leads to.
#[derive(Debug)]
pub enum Next<'a> {
    /// A state.
    State(&'a [u32]),
    /// A state beyond the bounds, which is not looked at.
    Beyond,
    /// Something that must not be.
    Wrong(Violation),
}
