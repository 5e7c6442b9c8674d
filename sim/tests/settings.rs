//! Nodes whose promises change, and messages of other groups: both happen, nothing breaks, and a recording says it.

use quorate_sim::coverage::Coverage;
use quorate_sim::disk::MemoryDisk;
use quorate_sim::parameters::Spread;
use quorate_sim::replay::{Recording, World};
use quorate_sim::step::Step;
use quorate_sim::{Parameters, Profile, StandardMachine, simulate, standard};

/// The profiles' runs with a change of their parameters.
fn seen(seeds: std::ops::Range<u64>, profile: Profile, change: impl Fn(&mut Parameters)) -> Coverage {
    let mut sum = Coverage::default();
    for seed in seeds {
        let mut parameters = Parameters::draw(seed, profile);
        change(&mut parameters);
        let report = simulate(&parameters, 2_000);
        assert_eq!(report.violation, None, "seed {seed}: {parameters}");
        sum.add(&report.coverage);
    }
    sum
}

/// The first seed that draws what is wanted.
fn drawn(profile: Profile, wanted: impl Fn(&Parameters) -> bool) -> Parameters {
    let mut all = (0..1_000).map(|seed| Parameters::draw(seed, profile));
    all.find(wanted).expect("a seed that draws it")
}

#[test]
fn promises_change_and_leases_hold() {
    let kept = |parameters: &mut Parameters| (parameters.other_promises, parameters.retiming) = (0, 0);
    let often =
        |parameters: &mut Parameters| (parameters.other_promises, parameters.promise_fault) = (900_000, 500_000);
    let (kept, changed) = (seen(0..40, Profile::Lease, kept), seen(0..40, Profile::Lease, often));
    println!("kept: {kept}\nchanged: {changed}");
    assert_eq!(
        (kept.promises_changed, kept.timeouts_changed, kept.promise_faults),
        (0, 0, 0)
    );
    assert!(changed.promises_changed > 50 && changed.timeouts_changed > 50 && changed.promise_faults > 5);
    assert!(changed.leases > 10 && changed.reads_by_lease > 10);
}

#[test]
fn clocks_keep_to_the_margin_over_the_longest_timeout() {
    for seed in 0..300 {
        let drawn = Parameters::draw(seed, Profile::Lease);
        let (shortest, longest) = drawn.election_bounds();
        assert!(drawn.lease_margin_ticks < shortest && shortest <= drawn.election_ticks.max(shortest));
        let apart = 2 * drawn.drift * (longest + 1);
        assert!(
            apart <= (drawn.lease_margin_ticks - 1) * 1_000_000,
            "seed {seed}: {drawn}"
        );
    }
}

#[test]
fn strangers_are_refused_and_the_unnamed_are_taken_where_that_is_allowed() {
    let strays = |parameters: &mut Parameters| (parameters.strays, parameters.accept_unnamed) = (50_000, Spread::Mixed);
    let sum = seen(0..40, Profile::Network, strays);
    println!("{sum}");
    let strays = sum.strays_refused + sum.unnamed_taken;
    assert!(strays > sum.delivered / 40 && sum.unnamed_taken > strays / 20);
}

/// What is recorded of these is read again, and does the same.
#[test]
fn recordings_say_it() {
    for parameters in [
        drawn(Profile::Lease, |drawn| {
            drawn.other_promises > 0 && drawn.retiming > 5_000 && drawn.crash > 5_000
        }),
        drawn(Profile::Swarm, |drawn| drawn.strays > 10_000),
    ] {
        let steps = standard(&parameters).expect("a cluster").recorded().run(3_000).steps;
        let told = |step: &Step| matches!(step, Step::Configure { .. } | Step::Stray { .. });
        assert!(steps.iter().filter(|step| told(step)).count() > 5, "{parameters}");
        let recording = Recording {
            about: parameters.to_string(),
            world: World::of(&parameters, &steps),
            steps,
        };
        let text = recording.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&recording), "{text}");
        let broken = recording.replay::<StandardMachine, _>(MemoryDisk::default);
        assert_eq!(broken, None);
    }
}

/// Where all draw the same timeout, and clocks do not drift, elections may be tied for ever: no group owes us a leader.
#[test]
fn there_are_timeouts_to_draw_from() {
    for seed in 0..20_000 {
        let parameters = Parameters::draw(seed, Profile::Membership);
        for id in 1..=parameters.voters {
            let timeouts = parameters.config(id).settings().election_timeouts();
            assert!(
                timeouts.end - timeouts.start >= 3,
                "seed {seed}, node {id}: {timeouts:?}"
            );
        }
    }
}
