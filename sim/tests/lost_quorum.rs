//! Groups that lost their quorum: one survivor is recovered, or two, and perhaps the others come back.

use quorate_sim::histories::{self, Histories};
use quorate_sim::{Parameters, Profile};

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Every sound profile in turn, or always this one.
fn seen(profile: Option<Profile>, runs: u64, steps: u64) -> Histories {
    let (first, runs) = (number("LOST_QUORUM_SEED", 0), number("LOST_QUORUM_RUNS", runs));
    let mut sum = Histories::default();
    for seed in first..first + runs {
        let turn = usize::try_from(seed).unwrap_or(0) % Profile::SOUND.len();
        let profile = profile.unwrap_or(Profile::SOUND[turn]);
        let report = histories::run(&Parameters::draw(seed, profile), steps);
        assert_eq!(
            report.violation, None,
            "LOST_QUORUM_SEED={seed} LOST_QUORUM_RUNS=1, {profile}"
        );
        sum.add(&report);
    }
    println!("{sum:#?}");
    sum
}

#[test]
fn histories_never_meet() {
    let runs = 70;
    let sum = seen(None, runs, 1_500);
    assert!(sum.recovered > runs && sum.chosen > runs / 4 && sum.returned > runs / 5);
    assert!(sum.strays > 100 * runs && sum.committed > 10 * runs && sum.members > 2 * sum.recovered);
    assert!(sum.kept > 20 * runs && sum.uncertain > runs / 2);
}

#[test]
fn leases_of_what_is_left() {
    let sum = seen(Some(Profile::Lease), 30, 1_500);
    assert!(sum.leases >= 5, "{}", sum.leases);
}

/// A leader heard with its last vote of an entry that was committed by the configuration before: that was taken for a
/// commit of its own, of which its configuration's quorum does not have the entry.
#[test]
fn what_a_leader_heard_is_no_commit_of_its_own() {
    let seen = histories::run(&Parameters::draw(29620, Profile::Membership), 1_500);
    assert_eq!(seen.violation, None);
}

#[test]
fn a_seed_is_a_run() {
    for seed in 0..4 {
        let parameters = Parameters::draw(seed, Profile::Membership);
        assert_eq!(histories::run(&parameters, 400), histories::run(&parameters, 400));
    }
}
