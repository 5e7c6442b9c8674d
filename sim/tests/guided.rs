//! Guided exploration: it repeats itself, what it finds can be found again, and a clone of a run is that run.

use quorate_sim::guided::{Explorer, Find, Path};
use quorate_sim::parameters::Parameters;
use quorate_sim::workload::Standard;
use quorate_sim::{Driver, MemoryDisk, Profile, Violation, standard};

type Run = Driver<Standard, MemoryDisk>;

fn explorer(
    seed: u64,
    profiles: &[Profile],
) -> Explorer<Standard, MemoryDisk, impl Fn(&Parameters) -> Result<Run, Violation>> {
    Explorer::new(seed, profiles, standard)
}

fn find() -> Find {
    let found = explorer(3, &[Profile::OldIdEmptyDisk]).explore(200_000);
    found.expect("who forgot its votes breaks something")
}

#[test]
fn the_same_seed_explores_the_same() {
    let [one, other] = [(); 2].map(|()| {
        let mut explorer = explorer(7, &Profile::SOUND);
        let found = explorer.explore(30_000);
        (found, *explorer.coverage(), explorer.features())
    });
    assert_eq!(one, other);
    assert_eq!(one.0, None, "nothing may break under these profiles");
    assert!(one.1.steps >= 30_000 && one.2 > 100, "{one:?}");
}

#[test]
fn what_is_found_is_found_again_by_its_path() {
    let find = find();
    let path: Path = find.path.to_string().parse().expect("a path");
    let report = path.go(|parameters| standard(parameters).map(Driver::recorded));
    assert_eq!(report.violation, Some(find.violation));
    assert!(!report.steps.is_empty());
}

#[test]
fn what_is_found_is_one_list_of_steps() {
    use quorate_sim::shrink::{Failing, shrink};
    let find = find();
    let report = find.path.go(|parameters| standard(parameters).map(Driver::recorded));
    let failing = Failing::of(&find.path.parameters(), report).expect("it failed");
    let shrunk =
        shrink::<quorate_sim::StandardMachine, _>(&failing, MemoryDisk::default).expect("the steps break the same");
    assert_eq!(shrunk.violation.property, find.violation.property);
    assert!(shrunk.steps.len() < failing.steps.len());
}

#[test]
fn a_clone_of_a_run_is_that_run() {
    for seed in 0..20 {
        let parameters = Parameters::draw(seed, Profile::Swarm);
        let run = standard(&parameters).expect("it begins");
        let copy = run.clone();
        assert_eq!(copy.run(600).fingerprint, run.run(600).fingerprint, "seed {seed}");
    }
}
