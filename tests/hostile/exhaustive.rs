//! Every kind of message with every number at its limits, alone and in pairs, and every shape, to a
//! node of every role.

use crate::group::{assert_recovers, forges};
use crate::recipe::{KINDS, Kind, NUMBERS, Recipe, SHAPES};
use crate::session::{drain, step};
use crate::subjects::{Subject, subjects_in};
use crate::support::mode::Mode;

/// What a member could have said, with one or two numbers made hostile, in each shape.
fn variants(kind: Kind, subject: &Subject) -> Vec<Recipe> {
    let from = if subject.id == 1 { 2 } else { 1 };
    let base = Recipe::plausible(kind, from, subject.cluster.raw(subject.id));
    let mut all: Vec<Recipe> = (0..SHAPES).map(|shape| Recipe { shape, ..base }).collect();
    for one in 0..NUMBERS {
        for two in one + 1..NUMBERS {
            for first in base.hostile(one) {
                for second in base.hostile(two) {
                    let mut recipe = base;
                    (recipe.numbers[one], recipe.numbers[two]) = (first, second);
                    recipe.shape = usize::try_from(first % 3).expect("a small number");
                    all.push(recipe);
                }
            }
        }
    }
    all.sort_by_key(|recipe| recipe.message().encode());
    all.dedup_by_key(|recipe| recipe.message().encode());
    all
}

#[test]
fn any_message_is_taken_or_refused_without_a_trace() {
    for subject in subjects_in(Mode::default()) {
        for kind in KINDS {
            for recipe in variants(kind, &subject) {
                let message = recipe.message();
                let mut node = subject.cluster.raw(subject.id).clone();
                println!(
                    "{}: {}",
                    subject.name,
                    if recipe.shape < 10 {
                        message.to_string()
                    } else {
                        format!("{recipe:?}")
                    }
                );
                if step(&mut node, message).is_ok() {
                    drain(&mut node);
                }
            }
        }
    }
}

/// All that does not forge a member's word, one after the other, and then the group must work.
#[test]
fn a_group_works_on_after_every_kind_of_nonsense() {
    for original in subjects_in(Mode::default()) {
        for kind in KINDS {
            let mut subject = original.clone();
            for recipe in variants(kind, &original) {
                let message = recipe.message();
                if !forges(&subject.cluster, &message) {
                    let _ = step(subject.cluster.node(subject.id), message);
                    subject.cluster.drain(subject.id);
                }
            }
            println!("{}: {kind:?}", subject.name);
            assert_recovers(&subject);
        }
    }
}
