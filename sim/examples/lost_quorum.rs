//! Runs many groups that lose their quorum, and what is made of the survivors.
//!
//! `cargo run --release -p quorate-sim --example lost_quorum [RUNS [STEPS [FIRST]]]`

use std::process::ExitCode;

use quorate_sim::histories::{self, Histories};
use quorate_sim::{Parameters, Profile};

fn main() -> ExitCode {
    let number = |at| std::env::args().nth(at).and_then(|number| number.parse().ok());
    let (runs, steps, first) = (
        number(1).unwrap_or(1_000),
        number(2).unwrap_or(2_000),
        number(3).unwrap_or(0),
    );
    let mut sum = Histories::default();
    for seed in first..first + runs {
        let turn = usize::try_from(seed).unwrap_or(0) % Profile::SOUND.len();
        let profile = Profile::SOUND[turn];
        let seen = histories::run(&Parameters::draw(seed, profile), steps);
        if let Some(violation) = &seen.violation {
            println!("seed {seed}, {profile}: VIOLATION {violation}");
        }
        sum.add(&seen);
    }
    println!("{sum:#?}");
    ExitCode::from(u8::from(sum.violation.is_some()))
}
