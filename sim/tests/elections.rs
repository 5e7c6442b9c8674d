//! The profile that is after logs that differ: leaders fail just when they have appended something.

use quorate_sim::coverage::Coverage;
use quorate_sim::{Parameters, Profile, simulate};

/// What these parameters come to over a few seeds.
fn seen(change: impl Fn(&mut Parameters)) -> Coverage {
    let mut sum = Coverage::default();
    for seed in 0..60 {
        let mut parameters = Parameters::draw(seed, Profile::Elections);
        change(&mut parameters);
        let report = simulate(&parameters, 2_000);
        assert_eq!(report.violation, None, "seed {seed}: {parameters}");
        sum.add(&report.coverage);
    }
    sum
}

#[test]
fn leaders_fail_when_they_have_appended_and_logs_differ() {
    let (faulty, spared) = (seen(|_| {}), seen(|parameters| parameters.leader_fault = 0));
    println!("faulty: {faulty}\nspared: {spared}");
    assert!(faulty.leader_faults > 200 && spared.leader_faults == 0);
    assert!(faulty.truncations > 2 * spared.truncations);
}

#[test]
fn profiles_go_by_their_names() {
    for profile in Profile::SOUND {
        assert_eq!(profile.to_string().parse(), Ok(profile));
        assert!(!profile.is_unsound());
    }
    assert_eq!("elections".parse(), Ok(Profile::Elections));
}
