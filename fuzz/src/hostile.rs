//! Hostile messages and calls into a node of each role and mode, as `tests/hostile` makes them by
//! dice: nothing panics, nothing poisons, and what is refused leaves no trace.

use std::sync::OnceLock;

use quorate_sim::dice::Dice;

use crate::recipe::Draw;
use crate::session::session;
use crate::subjects::{Subject, subjects};

const OPERATIONS: u64 = 64;

impl Draw for Dice {
    fn below(&mut self, bound: u64) -> u64 {
        Dice::below(self, bound)
    }
}

/// The target `step`.
pub fn run(bytes: &[u8]) {
    static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();
    let subjects = SUBJECTS.get_or_init(subjects);
    let mut dice = Dice::from_bytes(bytes.to_vec());
    let subject = dice.pick(subjects).expect("a list that is not empty");
    let mut node = subject.cluster.raw(subject.id).clone();
    let operations = usize::try_from(dice.between(1, OPERATIONS)).expect("a small number");
    session(&mut dice, &mut node, operations);
}
