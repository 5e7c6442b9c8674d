//! Prints the tables of `docs/partitions.md`: how long a group is without a commit under each partial
//! partition and setting, and what an operator's help does.
//!
//! `cargo run --release -p quorate-sim --example partitions [SEEDS]`

use quorate_sim::judge::Violation;
use quorate_sim::partitions::{Aid, Row, Scenario, Settings, measure, measure_aided};

fn main() -> Result<(), Violation> {
    let seeds = std::env::args().nth(1).and_then(|seeds| seeds.parse().ok());
    let seeds = 0..seeds.unwrap_or(200);
    for scenario in Scenario::ALL {
        println!("### {scenario}\n\n{}", Row::HEADER);
        for settings in Settings::ALL {
            println!("{}", measure(scenario, settings, seeds.clone())?);
        }
        println!();
    }
    for (scenario, aid) in [
        (Scenario::QuorumLoss, Aid::Transfer),
        (Scenario::Bridge, Aid::Transfer),
        (Scenario::ConstrainedElection, Aid::HealLeader),
        (Scenario::ConstrainedElection, Aid::HealOthers),
    ] {
        println!("### {scenario}: {aid}\n\n{}", Row::HEADER);
        for settings in Settings::ALL {
            println!("{}", measure_aided(scenario, settings, aid, seeds.clone())?);
        }
        println!();
    }
    Ok(())
}
