//! Ranks, and snapshots that are asked for: it happens, and nothing breaks.

use quorate_sim::coverage::Coverage;
use quorate_sim::{Parameters, Profile, simulate};

/// Runs with a change of their parameters.
fn seen(profile: Profile, change: impl Fn(&mut Parameters)) -> Coverage {
    let mut sum = Coverage::default();
    for seed in 0..40 {
        let mut parameters = Parameters::draw(seed, profile);
        change(&mut parameters);
        let report = simulate(&parameters, 4_000);
        assert_eq!(report.violation, None, "seed {seed}: {parameters}");
        sum.add(&report.coverage);
    }
    sum
}

#[test]
fn leaders_hand_over_to_who_is_preferred() {
    let ranked = |parameters: &mut Parameters| {
        (parameters.transfer, parameters.check_quorum) = (30_000, true);
        (parameters.crash, parameters.loss, parameters.think_us) = (1_000, 10_000, 500_000);
        (parameters.extras.ranks, parameters.extras.transfer_to_preferred) = (3, Some(20));
    };
    let unranked = |parameters: &mut Parameters| {
        ranked(parameters);
        parameters.extras.ranks = 0;
    };
    let (ranked, unranked) = (seen(Profile::Swarm, ranked), seen(Profile::Swarm, unranked));
    println!("{ranked}");
    assert!(ranked.transfers_of_its_own > 5, "{ranked}");
    assert_eq!(unranked.transfers_of_its_own, 0, "{unranked}");
}

#[test]
fn damaged_state_machines_are_replaced() {
    let mild = |parameters: &mut Parameters| {
        (parameters.crash, parameters.loss, parameters.partition) = (500, 10_000, 500);
        parameters.compaction = parameters.compaction.max(20_000);
    };
    let damaged = |parameters: &mut Parameters| {
        mild(parameters);
        parameters.extras.damage = 10_000;
    };
    let sound = |parameters: &mut Parameters| {
        mild(parameters);
        parameters.extras.damage = 0;
    };
    let (damaged, sound) = (seen(Profile::Swarm, damaged), seen(Profile::Swarm, sound));
    println!("{damaged}");
    assert!(damaged.snapshots_served > 20, "{damaged}");
    assert!(damaged.snapshots_served > damaged.snapshots_requested / 2, "{damaged}");
    assert_eq!((sound.snapshots_requested, sound.snapshots_served), (0, 0), "{sound}");
}
