//! Runs that break something by construction are cut down, what is left breaks the same, and so does the
//! script that it is written as.

#[path = "shrink/forgetful.rs"]
mod forgetful;
#[path = "shrink/lying.rs"]
mod lying;

use forgetful::Clients;
use lying::LyingDisk;
use quorate_script::{Kind, run};
use quorate_sim::disk::{Disk, MemoryDisk};
use quorate_sim::judge::Violation;
use quorate_sim::parameters::{Corners, Extras, Parameters, Profile, Spread};
use quorate_sim::replay::{Broken, Recording, replay, replay_clients};
use quorate_sim::shrink::{Failing, Shrunk, shrink, shrink_clients};
use quorate_sim::step::{Step, Well};
use quorate_sim::workload::Standard;
use quorate_sim::{Driver, StandardMachine};

const STEPS: u64 = 5_000;

/// What rests on clocks.
const LEASES: [&str; 4] = [
    "leases do not overlap",
    "stale read",
    "promises are kept",
    "a lease rests on a quorum",
];

/// The first run that breaks one of these properties.
fn failing<D: Disk + 'static>(
    drawn: impl IntoIterator<Item = Parameters>,
    properties: &[&str],
    make_disk: fn() -> D,
) -> Failing {
    let broken = drawn.into_iter().find_map(|parameters| {
        let driver = Driver::new(&parameters, Standard::new(1), make_disk).ok()?;
        let failing = Failing::of(&parameters, driver.recorded().run(STEPS))?;
        properties.contains(&failing.violation.property).then_some(failing)
    });
    let failing = broken.expect("a seed that breaks it");
    println!("seed {}: {}", failing.parameters.seed, failing.violation);
    failing
}

/// Cuts it down, and makes sure that what is left still breaks the same, to the word, and no less does.
fn cut_down<D: Disk + 'static>(failing: &Failing, make_disk: fn() -> D) -> Shrunk {
    let shrunk = shrink::<StandardMachine, _>(failing, make_disk).expect("a replay that breaks it too");
    println!(
        "{} of {} steps, {} replays",
        shrunk.steps.len(),
        failing.steps.len(),
        shrunk.replays
    );
    let again = |steps: &[Step]| replay::<StandardMachine, _>(&shrunk.parameters, steps, make_disk);
    let broken = again(&shrunk.steps).expect("a violation");
    assert_eq!(
        (broken.steps, &broken.violation),
        (shrunk.steps.len(), &shrunk.violation)
    );
    assert_eq!(shrunk.violation.property, failing.violation.property);
    assert_eq!(
        shrunk,
        shrink::<StandardMachine, _>(failing, make_disk).expect("the same again")
    );
    for at in 0..shrunk.steps.len() {
        let mut fewer = shrunk.steps.clone();
        let spare = fewer.remove(at);
        let property = again(&fewer).map(|broken| broken.violation.property);
        assert_ne!(property, Some(shrunk.violation.property), "{spare:?} is not needed");
    }
    shrunk
}

/// What `check` prints at the end of the script, and the script.
fn checked(shrunk: &Shrunk) -> (String, String) {
    let script = Recording::of(shrunk).to_string();
    let run = run(Kind::Interaction, &script).expect("the runner's language");
    // Whatever else happens, the verdict alone differs from what the script expects.
    assert!(run.differences().len() <= 1, "{script}");
    (run.outputs().last().cloned().unwrap_or_default(), script)
}

/// The same steps on disks that are not lost.
fn honest(script: &str) -> String {
    script
        .replace("\nwipe ", "\nraft-log ")
        .replace("\njoin ", "\nrestart ")
}

#[test]
fn nodes_that_come_back_with_an_empty_disk() {
    let properties = ["one vote a term", "leader completeness", "election safety"];
    for first in [0, 40, 100] {
        let drawn = (first..first + 200).map(|seed| Parameters::draw(seed, Profile::OldIdEmptyDisk));
        let failing = failing(drawn, &properties, MemoryDisk::default);
        let shrunk = cut_down(&failing, MemoryDisk::default);
        assert!(
            failing.steps.len() > shrunk.steps.len() && shrunk.steps.len() < 150,
            "{:?}",
            shrunk.steps
        );
        let wipes = shrunk.steps.iter().filter(|step| matches!(step, Step::Wipe { .. }));
        assert!((1..=3).contains(&wipes.count()));
        let (verdict, script) = checked(&shrunk);
        assert_eq!(verdict, format!("VIOLATION {}\n", shrunk.violation), "{script}");
        assert!(script.contains("\nwipe "), "{script}");
        // The disks alone are to blame.
        let honest = honest(&script);
        let run = run(Kind::Interaction, &honest).expect("a script");
        assert_eq!(run.outputs().last().map(String::as_str), Some("ok\n"), "{honest}");
    }
}

#[test]
fn leases_under_clocks_that_drift_too_far() {
    let drawn = (0..4_000).map(|seed| Parameters {
        voters: 3,
        spares: 0,
        leases: Spread::On,
        pre_vote: Spread::Off,
        election_ticks: 10,
        heartbeat_ticks: 1,
        lease_margin_ticks: 2,
        drift: 900_000,
        transfer: 20_000,
        partition: 20_000,
        partition_ticks: 60,
        delay_us: 2_000,
        loss: 0,
        crash: 0,
        pause: 0,
        change: 0,
        interference: 0,
        strays: 0,
        clock_fault: 0,
        failing_disk: 0,
        corners: Corners::default(),
        extras: Extras::default(),
        ..Parameters::draw(FAR_OFF + seed, Profile::LeaseBeyondDrift)
    });
    let failing = failing(drawn, &LEASES, MemoryDisk::default);
    let shrunk = cut_down(&failing, MemoryDisk::default);
    assert!(
        failing.steps.len() > 100 && shrunk.steps.len() < 60,
        "{:?}",
        shrunk.steps
    );
    let (verdict, script) = checked(&shrunk);
    assert_eq!(verdict, format!("VIOLATION {}\n", shrunk.violation), "{script}");

    // The same run, but clocks are said to be sound: time is cut at each node. (By the same at each, but for what comes
    // after an earlier break: `shrink/clocks.rs` tests that.)
    let mut sound = failing.clone();
    sound.parameters.profile = Profile::Lease;
    let ticks = |steps: &[Step]| [1, 2, 3].map(|id| ticks_of(id, steps));
    let kept = shrink::<StandardMachine, _>(&sound, MemoryDisk::default).expect("it breaks again");
    let (before, after) = (ticks(&failing.steps), ticks(&kept.steps));
    assert!(
        [0, 1, 2].iter().all(|at| after[*at] < before[*at]),
        "{before:?} {after:?}"
    );
    println!(
        "{} steps where time counts, ticks {before:?} and {after:?}",
        kept.steps.len()
    );
    assert!(kept.steps.len() < failing.steps.len() / 2);
}

/// A seed with which that happens soon.
const FAR_OFF: u64 = 900;

fn ticks_of(id: u64, steps: &[Step]) -> u64 {
    let ticks = |step: &Step| match step {
        Step::Tick { node, ticks } if *node == id => *ticks,
        _ => 0,
    };
    steps.iter().map(ticks).sum()
}

#[test]
fn a_disk_that_forgets_votes_that_it_synced() {
    let drawn = (0..50).map(|seed| Parameters::draw(seed, Profile::Disk));
    let failing = failing(drawn, &["what was synced is there"], LyingDisk::default);
    let shrunk = cut_down(&failing, LyingDisk::default);
    assert!(
        failing.steps.len() > shrunk.steps.len() && shrunk.steps.len() <= 10,
        "{:?}",
        shrunk.steps
    );
    let last = &shrunk.steps[shrunk.steps.len() - 2..];
    assert!(matches!(last, [Step::Crash { .. }, Step::Restart { .. }]), "{last:?}");
    // The runner's disks do not lie.
    let (verdict, script) = checked(&shrunk);
    assert_eq!(verdict, "ok\n", "{script}");
}

/// Every node's memory is lost, or of most: the rest has nobody to vote for.
#[test]
fn a_group_that_does_not_recover() {
    let drawn = (0..50).map(|seed| Parameters::draw(seed, Profile::OldIdEmptyDisk));
    let failing = failing(drawn, &["liveness"], MemoryDisk::default);
    let shrunk = cut_down(&failing, MemoryDisk::default);
    assert!(
        failing.steps.len() > 100 && shrunk.steps.len() <= 10,
        "{:?}",
        shrunk.steps
    );
    assert!(matches!(shrunk.steps.last(), Some(Step::Recover { .. })), "{shrunk:?}");
    let (verdict, script) = checked(&shrunk);
    assert_eq!(verdict, format!("VIOLATION {}\n", shrunk.violation), "{script}");
    let honest = honest(&script);
    let run = run(Kind::Interaction, &honest).expect("a script");
    assert_eq!(run.outputs().last().map(String::as_str), Some("ok\n"), "{honest}");
    reread(&shrunk, |recording| {
        recording.replay::<StandardMachine, _>(MemoryDisk::default)
    });
}

/// What is kept in a file is the same when it is read, and breaks the same.
fn reread(shrunk: &Shrunk, replayed: impl Fn(&Recording) -> Option<Broken>) {
    let recording = Recording::of(shrunk);
    let text = recording.to_string();
    assert_eq!(text.parse().as_ref(), Ok(&recording), "{text}");
    let violation = replayed(&recording).map(|broken| broken.violation);
    assert_eq!(violation.as_ref(), Some(&shrunk.violation), "{text}");
}

#[test]
fn clients_that_were_told_what_cannot_be() {
    let property = "linearizability";
    // Settings beyond the usual are not what is shrunk here.
    let runs = (0..100).map(|seed| Parameters::draw(seed, Profile::Swarm));
    let runs = runs.filter(|drawn| drawn.extras == Extras::default());
    let broken = runs.into_iter().find_map(|parameters| {
        let driver = Driver::new(&parameters, Clients::default(), MemoryDisk::default).ok()?;
        let failing = Failing::of(&parameters, driver.recorded().run(STEPS))?;
        (failing.violation.property == property && failing.steps.len() > 500).then_some(failing)
    });
    let failing = broken.expect("a seed that breaks it");
    let shrunk = shrink_clients(&failing, Clients::default, MemoryDisk::default).expect("a replay that breaks it too");
    println!(
        "{} of {} steps: {}",
        shrunk.steps.len(),
        failing.steps.len(),
        shrunk.violation
    );
    assert_eq!(shrunk.violation.property, property);
    assert!(shrunk.steps.len() < 80, "{:?}", shrunk.steps);
    let writes = shrunk.steps.iter().filter(|step| matches!(step, Step::Propose { .. }));
    let reads = shrunk.steps.iter().filter(|step| matches!(step, Step::Read { .. }));
    assert!(
        (1..=4).contains(&(writes.count() + reads.count())),
        "{:?}",
        shrunk.steps
    );
    let again = |steps: &[Step]| replay_clients(&shrunk.parameters, steps, Clients::default(), MemoryDisk::default);
    let violation = again(&shrunk.steps).map(|broken| broken.violation);
    assert_eq!(violation.as_ref(), Some(&shrunk.violation));
    for at in 0..shrunk.steps.len() {
        let mut fewer = shrunk.steps.clone();
        let spare = fewer.remove(at);
        assert_eq!(again(&fewer), None, "{spare:?} is not needed");
    }
    reread(&shrunk, |recording| {
        recording.replay_clients(Clients::default(), MemoryDisk::default)
    });
    // The state machine alone is to blame, and clients that do not know what they asked judge nothing.
    let sound = replay_clients(&shrunk.parameters, &shrunk.steps, Standard::new(1), MemoryDisk::default);
    assert_eq!(sound, None);
    let mute = || Clients {
        mute: true,
        ..Clients::default()
    };
    assert_eq!(shrink_clients(&failing, mute, MemoryDisk::default), None);
}

/// A client that asks again has given up what it asked before: in a replay, too, where it cannot be seen.
#[test]
fn runs_that_break_nothing_break_nothing_as_replays() {
    for seed in 0..40 {
        let profile = Profile::SOUND[usize::try_from(seed).unwrap() % Profile::SOUND.len()];
        let parameters = Parameters::draw(seed, profile);
        let driver = Driver::new(&parameters, Standard::new(2), MemoryDisk::default).expect("a cluster");
        let steps = driver.recorded().run(2_000).steps;
        // Any part of a run is a run.
        for left_out in [0, 2, 3, 7] {
            let parts = steps.iter().enumerate();
            let part = parts.filter(|(at, _)| left_out == 0 || at % left_out != 0);
            let part: Vec<Step> = part.map(|(_, step)| step.clone()).collect();
            let core = (1..=parameters.voters).map(|node| Well { node, tick_us: 1 }).collect();
            let part = [part, vec![Step::Recover { core }]].concat();
            let broken = replay_clients(&parameters, &part, Standard::new(2), MemoryDisk::default);
            let broken = broken.filter(|broken| !of_clocks(&broken.violation));
            assert_eq!(broken, None, "seed {seed}, {profile}, without each {left_out}th step");
        }
    }
}

/// Without some of their ticks clocks drift further than they may.
fn of_clocks(violation: &Violation) -> bool {
    LEASES.contains(&violation.property)
}

#[test]
fn what_a_replay_does_not_find_is_not_cut_down() {
    let parameters = Parameters::draw(3, Profile::Network);
    let driver = Driver::new(&parameters, Standard::new(1), MemoryDisk::default).expect("a cluster");
    let steps = driver.recorded().run(1_000).steps;
    assert_eq!(
        replay::<StandardMachine, _>(&parameters, &steps, MemoryDisk::default),
        None
    );
    let violation = Violation {
        property: "liveness",
        detail: "nobody answers".to_owned(),
    };
    let failing = Failing {
        parameters,
        steps,
        violation,
    };
    assert_eq!(shrink::<StandardMachine, _>(&failing, MemoryDisk::default), None);
}
