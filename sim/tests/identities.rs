//! Stores that have identities: lost disks come back under their old id, nothing breaks, and a recording says it.

use quorate::NodeId;
use quorate::membership::ConfChangeV2;
use quorate_sim::coverage::Coverage;
use quorate_sim::disk::MemoryDisk;
use quorate_sim::parameters::Names;
use quorate_sim::replay::{Recording, World};
use quorate_sim::step::Step;
use quorate_sim::{Parameters, Profile, StandardMachine, simulate, standard};

/// Parameters of some seeds that are named like this.
fn drawn(names: Names) -> impl Iterator<Item = Parameters> {
    let all = (0..).map(|seed| Parameters::draw(seed, Profile::ReplacedDisks));
    all.filter(move |drawn| drawn.names == names)
}

fn seen(runs: impl Iterator<Item = Parameters>, steps: u64) -> Coverage {
    let mut sum = Coverage::default();
    for parameters in runs {
        let report = simulate(&parameters, steps);
        assert_eq!(report.violation, None, "{parameters}");
        sum.add(&report.coverage);
    }
    println!("{sum}");
    sum
}

#[test]
fn stores_are_replaced_under_their_old_id() {
    let sum = seen(drawn(Names::Stores).take(60), 4_000);
    assert!(sum.stores_replaced > 60 && sum.replacements_done > 10 && sum.strangers_refused > 60);
    assert!(sum.nodes_disowned > 20 && sum.identities_in_force > 60);
}

#[test]
fn a_majority_may_lose_its_disks() {
    let reckless = drawn(Names::Stores).take(60).map(|drawn| Parameters {
        reckless: 700_000,
        ..drawn
    });
    assert!(seen(reckless, 4_000).reckless_losses > 60);
}

/// No disk is lost and nobody is removed before all members are named.
#[test]
fn a_group_is_named_later() {
    let sum = seen(drawn(Names::Later).take(20), 15_000);
    assert!(sum.stores_named > 20 && sum.identities_in_force > 10 && sum.stores_replaced > 5);
    let kept = drawn(Names::Later).take(10);
    for parameters in kept {
        let steps = standard(&parameters).expect("a cluster").recorded().run(50).steps;
        let early = |step: &Step| matches!(step, Step::Wipe { .. });
        assert!(!steps.iter().any(early), "{parameters}");
    }
}

/// The same faults, and the stores have no names: that is not sound.
#[test]
fn without_names_the_same_breaks() {
    let nameless = drawn(Names::Stores).take(400).map(|drawn| Parameters {
        names: Names::Ids,
        profile: Profile::OldIdEmptyDisk,
        ..drawn
    });
    assert!(
        nameless
            .into_iter()
            .any(|drawn| simulate(&drawn, 4_000).violation.is_some())
    );
}

fn names(change: &ConfChangeV2) -> impl Iterator<Item = NodeId> {
    let named = change.changes.iter().filter(|single| single.identity != 0);
    named.map(|single| single.node_id)
}

#[test]
fn recordings_say_it() {
    let mut replaced = 0;
    for parameters in drawn(Names::Stores).take(6).chain(drawn(Names::Later).take(4)) {
        let steps = standard(&parameters).expect("a cluster").recorded().run(4_000).steps;
        replaced += steps
            .iter()
            .filter(|step| matches!(step, Step::Change { change, .. } if names(change).next().is_some()))
            .count();
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
    assert!(replaced > 5);
}
