//! What quorate costs, as ratios between variants that are measured in alternation in one run.
//!
//! ```text
//! cargo run --release --manifest-path bench/Cargo.toml -- [--only WORKLOAD] [--samples N]
//! ```
//!
//! `--once WORKLOAD/VARIANT` runs a variant once and measures nothing: for tools that count
//! instructions (`instructions.sh`). `--list` names all of them.

mod allocations;
mod group;
mod logger;
mod measure;
mod table;

use std::process::ExitCode;

use measure::{Variant, Workload};

/// All workloads. To add one: a file with a `WORKLOADS` or `WORKLOAD` of its own, and its name here.
const WORKLOADS: &[Workload] = &[logger::REPLICATION, logger::ELECTIONS];

const USAGE: &str = "usage: quorate-bench [--only WORKLOAD] [--samples N] | --once WORKLOAD/VARIANT | --list";

/// Samples of each variant, unless the command line says otherwise.
const SAMPLES: usize = 61;

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)) {
        Ok(Request::Measure { workloads, samples }) => {
            for workload in workloads {
                println!("{}", measure::compare(workload, samples));
            }
            ExitCode::SUCCESS
        }
        Ok(Request::Once(variant)) => {
            println!("{} units of work", (variant.prepare)()());
            ExitCode::SUCCESS
        }
        Ok(Request::List) => {
            for workload in WORKLOADS {
                for variant in workload.variants {
                    println!("{}/{}", workload.name, variant.name);
                }
            }
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// What the command line asks for.
enum Request {
    Measure {
        workloads: Vec<&'static Workload>,
        samples: usize,
    },
    Once(&'static Variant),
    List,
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Request, String> {
    let (mut only, mut samples) = (None, SAMPLES);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value\n{USAGE}"));
        match arg.as_str() {
            "--list" => return Ok(Request::List),
            "--once" => return variant(&value()?).map(Request::Once),
            "--only" => only = Some(value()?),
            "--samples" => {
                let number = value()?.parse().ok().filter(|number| *number > 0);
                samples = number.ok_or(format!("--samples needs a number from 1\n{USAGE}"))?;
            }
            _ => return Err(format!("unknown argument {arg}\n{USAGE}")),
        }
    }
    let meant = |workload: &&Workload| only.as_deref().is_none_or(|name| workload.name.starts_with(name));
    let workloads: Vec<_> = WORKLOADS.iter().filter(meant).collect();
    if workloads.is_empty() {
        return Err(format!("no workload of that name; --list names all\n{USAGE}"));
    }
    Ok(Request::Measure { workloads, samples })
}

fn variant(path: &str) -> Result<&'static Variant, String> {
    let mut all = WORKLOADS.iter().flat_map(|workload| {
        let named = |variant: &'static Variant| (format!("{}/{}", workload.name, variant.name), variant);
        workload.variants.iter().map(named)
    });
    let found = all.find(|(name, _)| name == path);
    found
        .map(|(_, variant)| variant)
        .ok_or(format!("no variant {path}; --list names all\n{USAGE}"))
}
