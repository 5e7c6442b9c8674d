//! Worlds that were dead once, or are, as the search writes them.

use crate::judge::{Known, Outcome, judge};
use crate::world::parse;

/// A world of the environment, to look at.
#[test]
fn one_that_is_asked_for() {
    if let Ok(text) = std::env::var("LIVENESS_WORLD") {
        let (world, end) = parse(&text).expect("a world");
        println!("{:?}", judge(&world, end));
    }
}
