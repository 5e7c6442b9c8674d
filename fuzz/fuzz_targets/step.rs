//! Hostile messages and calls into a node of each role and mode, as `tests/hostile` makes them by
//! dice: nothing panics, nothing poisons, and what is refused leaves no trace.
#![no_main]

use std::sync::OnceLock;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;

use crate::recipe::Draw;
use crate::session::session;
use crate::subjects::{Subject, subjects};

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/hostile/recipe.rs"]
mod recipe;
#[path = "../../tests/hostile/session.rs"]
mod session;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/hostile/subjects.rs"]
mod subjects;
#[path = "../../tests/support/mod.rs"]
mod support;

const OPERATIONS: u64 = 64;

/// Choices out of the fuzzer's bytes; the first of each when there are none left.
struct Choices<'a>(Unstructured<'a>);

impl Draw for Choices<'_> {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.int_in_range(0..=bound - 1).unwrap_or(0)
    }
}

fuzz_target!(|bytes: &[u8]| {
    static SUBJECTS: OnceLock<Vec<Subject>> = OnceLock::new();
    let subjects = SUBJECTS.get_or_init(subjects);
    let mut choices = Choices(Unstructured::new(bytes));
    let count = u64::try_from(subjects.len()).expect("a short list");
    let chosen = usize::try_from(choices.below(count)).expect("within the list");
    let subject = &subjects[chosen];
    let mut node = subject.cluster.raw(subject.id).clone();
    let operations = usize::try_from(1 + choices.below(OPERATIONS)).expect("a small number");
    session(&mut choices, &mut node, operations);
});
