//! Runs many seeds, shows what they saw, and for one that fails how to replay it.

#[path = "main/shrunk.rs"]
mod shrunk;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use quorate_sim::coverage::Coverage;
use quorate_sim::parameters::{Parameters, Profile};
use quorate_sim::timeline::write_page;
use quorate_sim::trace::Trace;
use quorate_sim::{Report, simulate, standard};

/// Simulates clusters of quorate nodes, one a seed, and judges every step.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// Steps a seed; what follows them, until a majority has recovered, is not counted.
    #[arg(long, default_value_t = 20_000)]
    steps: u64,
    /// The first seed; with it alone, the only one.
    #[arg(long)]
    seed: Option<u64>,
    /// swarm, network, disk, membership, lease, elections, replaced-disks; or, to see something break:
    /// lease-beyond-drift, old-id-empty-disk. Without it, the sound ones in turn.
    #[arg(long)]
    profile: Option<Profile>,
    /// Runs each seed twice and compares what happened.
    #[arg(long)]
    twice: bool,
    /// Stops after so many seconds, whatever is left.
    #[arg(long)]
    seconds: Option<u64>,
    /// With --seed: writes what happens to this file, a line each.
    #[arg(long)]
    log: Option<std::path::PathBuf>,
    /// With --seed: writes a page to this file that shows the run in a browser.
    #[arg(long)]
    timeline: Option<std::path::PathBuf>,
    /// Only says how to replay the first seed that fails, and does not cut it down.
    #[arg(long)]
    no_shrink: bool,
    /// Writes the script of the first seed that fails to this file; without it, to the standard output.
    #[arg(long)]
    script: Option<std::path::PathBuf>,
    /// Writes what is left of that seed to this file, a step a line, for --replay.
    #[arg(long)]
    keep: Option<std::path::PathBuf>,
    /// Does again what such a file says, and nothing else.
    #[arg(long)]
    replay: Option<std::path::PathBuf>,
    /// Threads; each runs seeds of its own.
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    threads: usize,
    /// Stops at the first seed that fails.
    #[arg(long)]
    fail_fast: bool,
    /// Fails if a row of the coverage table is zero.
    #[arg(long)]
    full_coverage: bool,
}

impl Arguments {
    fn seeds(&self) -> std::ops::Range<u64> {
        match self.seed {
            Some(seed) => seed..seed.saturating_add(if self.seeds == 1_000 { 1 } else { self.seeds }),
            None => 0..self.seeds,
        }
    }

    fn profile(&self, seed: u64) -> Profile {
        let turn = usize::try_from(seed).unwrap_or(0) % Profile::SOUND.len();
        self.profile.unwrap_or(Profile::SOUND[turn])
    }
}

/// What all seeds together came to.
#[derive(Default)]
struct Sum {
    coverage: Coverage,
    seeds: u64,
    failures: BTreeMap<u64, Report>,
    slowest_recovery: (u64, u64),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(path) = &arguments.replay {
        return shrunk::replay_file(path);
    }
    let began = Instant::now();
    let sum = run_all(&arguments, began);
    println!("{}", sum.coverage);
    let seconds = began.elapsed().as_secs_f64();
    let hours = Duration::from_micros(sum.coverage.simulated_us).as_secs_f64() / 3600.0;
    println!(
        "{} seeds, {hours:.1} simulated hours, {} steps in {seconds:.1} s",
        sum.seeds, sum.coverage.steps
    );
    let (worst, seed) = sum.slowest_recovery;
    println!(
        "slowest recovery: {:.1} simulated seconds (seed {seed})",
        Duration::from_micros(worst).as_secs_f64()
    );
    let missing: Vec<&str> = sum
        .coverage
        .rows()
        .into_iter()
        .filter(|(_, count)| *count == 0)
        .map(|(name, _)| name)
        .collect();
    if !missing.is_empty() {
        println!("never seen: {}", missing.join(", "));
    }
    for (seed, report) in &sum.failures {
        explain(&arguments, *seed, report);
    }
    if !arguments.no_shrink {
        shrunk::cut_down_first(&arguments, &sum);
    }
    let failed = !sum.failures.is_empty() || (arguments.full_coverage && !missing.is_empty());
    ExitCode::from(u8::from(failed))
}

/// What broke, and how to see it again.
fn explain(arguments: &Arguments, seed: u64, report: &Report) {
    let Some(violation) = &report.violation else { return };
    println!("\nseed {seed}: VIOLATION {violation}");
    println!("{}", Parameters::draw(seed, arguments.profile(seed)));
    println!("replay: {}", replay_command(arguments, seed));
}

fn replay_command(arguments: &Arguments, seed: u64) -> String {
    let (steps, profile) = (arguments.steps, arguments.profile(seed));
    format!("cargo run --release -p quorate-sim -- --seed {seed} --steps {steps} --profile {profile}")
}

fn run_all(arguments: &Arguments, began: Instant) -> Sum {
    let seeds = arguments.seeds();
    let bar = progress(seeds.end - seeds.start);
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new(Sum::default());
    let limit = arguments.seconds.map(Duration::from_secs);
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let failed = arguments.fail_fast && sum.lock().is_ok_and(|sum| !sum.failures.is_empty());
                    let late = failed || limit.is_some_and(|limit| began.elapsed() > limit);
                    if seed >= seeds.end || late {
                        return;
                    }
                    let report = run_one(arguments, seed);
                    let Ok(mut sum) = sum.lock() else { return };
                    add(&mut sum, seed, report);
                    bar.set_message(describe(&sum.coverage, sum.failures.len()));
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    sum.into_inner().unwrap_or_default()
}

fn run_one(arguments: &Arguments, seed: u64) -> Report {
    let parameters = Parameters::draw(seed, arguments.profile(seed));
    let shown = arguments.log.is_some() || arguments.timeline.is_some();
    let mut report = match standard(&parameters) {
        Ok(driver) if shown => driver.traced().run(arguments.steps),
        _ => simulate(&parameters, arguments.steps),
    };
    if let Some(trace) = &mut report.trace {
        trace.parameters = format!("{}\nreplay: {}", trace.parameters, replay_command(arguments, seed));
        show(arguments, trace);
    }
    if arguments.twice {
        let again = simulate(&parameters, arguments.steps);
        if again.fingerprint != report.fingerprint {
            report.violation = Some(quorate_sim::judge::Violation {
                property: "determinism",
                detail: "two runs of this seed differ".to_owned(),
            });
        }
    }
    report
}

/// Writes what happened to wherever it is wanted.
fn show(arguments: &Arguments, trace: &Trace) {
    let log = arguments.log.as_ref().map(|path| (path, write_log(path, trace)));
    let page = arguments.timeline.as_ref().map(|path| (path, write_page(trace, path)));
    for (path, written) in [log, page].into_iter().flatten() {
        if let Err(error) = written {
            eprintln!("{}: {error}", path.display());
        }
    }
}

fn write_log(path: &Path, trace: &Trace) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for record in &trace.records {
        writeln!(file, "{record}")?;
    }
    file.flush()
}

fn add(sum: &mut Sum, seed: u64, report: Report) {
    sum.seeds += 1;
    sum.coverage.add(&report.coverage);
    sum.slowest_recovery = sum.slowest_recovery.max((report.recovery_us, seed));
    if report.violation.is_some() {
        sum.failures.insert(seed, report);
    }
}

fn progress(seeds: u64) -> ProgressBar {
    let bar = ProgressBar::new(seeds);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} seeds, {per_sec}, {eta} left  {msg}") {
        bar.set_style(style);
    }
    bar
}

fn describe(seen: &Coverage, failures: usize) -> String {
    let hours = seen.simulated_us / 3_600_000_000;
    format!(
        "{hours} h simulated; crashes {}, partitions {}, disks {}, lost messages {}; violations {failures}",
        seen.crashes,
        seen.partitions + seen.one_way_partitions + seen.partial_partitions,
        seen.failed_syncs + seen.full_disks + seen.disks_lost,
        seen.dropped
    )
}
