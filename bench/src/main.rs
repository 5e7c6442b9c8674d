//! quorate and raft-rs side by side, over the same loops, in turn. See README.md.
//!
//! ```text
//! cargo run --release --manifest-path bench/Cargo.toml -- [--only NAME] [--samples N] [--curves DIRECTORY]
//! ```

#[cfg(not(any(feature = "prost", feature = "protobuf")))]
compile_error!("a codec for raft-rs: --features protobuf or --features prost");

mod allocations;
mod cluster;
mod comparison;
mod curves;
mod engine;
#[cfg(feature = "logger")]
mod logger;
mod machine;
mod request;
mod spread;
mod table;
mod workloads;

use std::process::ExitCode;

use comparison::Comparison;
use request::Request;

fn main() -> ExitCode {
    allocations::settle();
    match request::parse(std::env::args().skip(1)).and_then(answer) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn answer(request: Request) -> Result<(), String> {
    match request {
        Request::Measure { only, samples, length } => measure(&only, samples, length),
        Request::Once { path, length } => once(&path, length),
        Request::Curves { only, directory } => curves::draw(&only, &directory),
        Request::List => {
            for path in paths() {
                println!("{path}");
            }
            Ok(())
        }
    }
}

fn measure(only: &str, samples: Option<usize>, length: Option<u64>) -> Result<(), String> {
    let meant: Vec<_> = workloads::all()
        .into_iter()
        .filter(|comparison| comparison.name.starts_with(only))
        .collect();
    #[cfg(feature = "logger")]
    let loggers = logger::measure(only, samples);
    #[cfg(not(feature = "logger"))]
    let loggers = if only.starts_with("logger") {
        return Err("the loggers' workloads need --features logger".to_owned());
    } else {
        false
    };
    if meant.is_empty() && !loggers {
        return Err(format!(
            "no workload of that name; --list names all\n{}",
            request::USAGE
        ));
    }
    if !meant.is_empty() {
        let samples = samples.unwrap_or(SAMPLES);
        let mut table = comparison::table(samples);
        for comparison in &meant {
            comparison.measure(samples, length, &mut table);
        }
        println!("{table}");
    }
    Ok(())
}

/// Samples of each variant, unless the command line says otherwise.
const SAMPLES: usize = 5;

fn once(path: &str, length: Option<u64>) -> Result<(), String> {
    for comparison in for_once() {
        if let Some((_, variant)) = comparison.variants().find(|(name, _)| name == path) {
            println!("{:?}", comparison.once(variant, length));
            return Ok(());
        }
    }
    #[cfg(feature = "logger")]
    if logger::once(path) {
        return Ok(());
    }
    Err(format!("no variant {path}; --list names all\n{}", request::USAGE))
}

/// What can be done once, whether it is in the table or not.
fn for_once() -> impl Iterator<Item = Comparison> {
    workloads::all().into_iter().chain(workloads::points())
}

/// What `--once` takes.
fn paths() -> Vec<String> {
    let mut paths = Vec::new();
    for comparison in for_once() {
        paths.extend(comparison.variants().map(|(name, _)| name));
    }
    #[cfg(feature = "logger")]
    paths.extend(logger::paths());
    paths
}
