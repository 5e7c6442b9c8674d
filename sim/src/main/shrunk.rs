//! What is done about the first seed that fails: it is cut down, and kept.

use std::path::Path;
use std::process::ExitCode;

use quorate_sim::disk::MemoryDisk;
use quorate_sim::parameters::Parameters;
use quorate_sim::replay::Recording;
use quorate_sim::shrink::{Failing, Shrunk, shrink_clients};
use quorate_sim::workload::Standard;
use quorate_sim::{standard, standard_clients};

use super::{Arguments, Sum};

/// Seeds whose replay breaks something else, or nothing, before that is given up.
const TRIES: usize = 3;

/// Cuts down the first seed whose violation a replay finds, and writes down what is left.
pub(super) fn cut_down_first(arguments: &Arguments, sum: &Sum) {
    // What is judged at the end of a run takes longer, and may not be found again.
    let late = |property: &str| ["liveness", "linearizability"].contains(&property);
    let mut seeds: Vec<(bool, u64)> = Vec::new();
    for (seed, report) in &sum.failures {
        match &report.violation {
            Some(violation) if violation.property != "determinism" => seeds.push((late(violation.property), *seed)),
            _ => {}
        }
    }
    seeds.sort_unstable();
    for (_, seed) in seeds.into_iter().take(TRIES) {
        let parameters = Parameters::draw(seed, arguments.profile(seed));
        let recorded = standard(&parameters).map(|driver| driver.recorded().run(arguments.steps));
        let Some(failing) = recorded.ok().and_then(|report| Failing::of(&parameters, report)) else {
            println!("\nseed {seed}: not cut down: it breaks before the first step");
            continue;
        };
        match shrink_clients(&failing, || standard_clients(&parameters), MemoryDisk::default) {
            Some(shrunk) => return present(arguments, &failing, &shrunk),
            None => println!("\nseed {seed}: not cut down: its replay does not break the same"),
        }
    }
}

fn present(arguments: &Arguments, failing: &Failing, shrunk: &Shrunk) {
    println!(
        "\nseed {}: cut down from {} steps and {} voters to {} and {}, with {} replays: {}",
        failing.parameters.seed,
        failing.steps.len(),
        failing.parameters.voters,
        shrunk.steps.len(),
        shrunk.parameters.voters,
        shrunk.replays,
        shrunk.violation
    );
    let script = Recording::of(shrunk).to_string();
    match &arguments.keep {
        None => println!("as a script, for --replay and for tests/scripts/interaction/:\n\n{script}"),
        Some(path) if write(path, &script) => println!("replay: quorate-sim --replay {}", path.display()),
        Some(_) => {}
    }
}

fn write(path: &Path, text: &str) -> bool {
    let written = std::fs::write(path, text);
    if let Err(error) = &written {
        eprintln!("{}: {error}", path.display());
    }
    written.is_ok()
}

/// Does again what a file says; fails if it still breaks something, or cannot be read.
pub(super) fn replay_file(path: &Path) -> ExitCode {
    let read = std::fs::read_to_string(path).map_err(|error| error.to_string());
    let recording = match read.and_then(|text| text.parse::<Recording>().map_err(|error| error.to_string())) {
        Ok(recording) => recording,
        Err(error) => {
            eprintln!("{}: {error}", path.display());
            return ExitCode::from(2);
        }
    };
    let Recording { about, world, steps } = &recording;
    let clients = Standard::new(1 + world.seed % 5); // as in `standard_clients`
    let Some(broken) = recording.replay_clients(clients, MemoryDisk::default) else {
        println!("{} steps, no violation; they are said to be:\n{about}", steps.len());
        return ExitCode::SUCCESS;
    };
    let (at, all) = (broken.steps, steps.len());
    println!("step {at} of {all}: VIOLATION {}", broken.violation);
    ExitCode::from(1)
}
