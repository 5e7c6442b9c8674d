//! The command line of a simulation, for clients, state machines and disks of your own: needs the feature `cli`.
//!
//! ```no_run
//! use quorate_sim::{MemoryDisk, cli, workload::Standard};
//!
//! fn main() -> std::process::ExitCode {
//!     cli::run(|seed| Standard::new(1 + seed % 5), MemoryDisk::default)
//! }
//! ```
//!
//! Where both have a `Default`, [`main!`](crate::main!) writes that function. `--help` tells the flags.

mod arguments;
mod guided;
mod output;
mod replayed;
mod seeds;
mod shown;
mod shrunk;
mod sum;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use clap::Parser;

use crate::disk::Disk;
use crate::driver::Driver;
use crate::judge::Violation;
use crate::parameters::Parameters;
use crate::workload::Workload;

use arguments::Arguments;

/// Does what the arguments of this process say. Clients and disks are cloned where one past has many futures. `clients` gives those of a seed.
///
/// Ends the process where the arguments make no sense; else the code says whether something broke (1), or a file could
/// not be read or written (2).
pub fn run<W, D>(clients: impl Fn(u64) -> W + Sync, make_disk: impl Fn() -> D + Clone + Sync + 'static) -> ExitCode
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
{
    run_with(std::env::args_os(), clients, make_disk)
}

/// The same with other arguments, the first of which is the program's name.
pub fn run_with<W, D>(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    clients: impl Fn(u64) -> W + Sync,
    make_disk: impl Fn() -> D + Clone + Sync + 'static,
) -> ExitCode
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
{
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let program = arguments
        .first()
        .map_or_else(String::new, |program| program.to_string_lossy().into_owned());
    let job = Job {
        arguments: Arguments::parse_from(arguments),
        program,
        clients,
        make_disk,
        unwritten: AtomicBool::new(false),
    };
    if let Some(path) = job.arguments.named_twice() {
        eprintln!("{}: it is to be two files at once", path.display());
        return ExitCode::from(2);
    }
    // Each other way to run is a flag, a branch here, and a file beside `seeds.rs`.
    let Arguments {
        replay, path, guided, ..
    } = &job.arguments;
    let broken = match (replay, path, guided) {
        (Some(file), ..) => match job.replay(file) {
            Ok(broken) => broken,
            Err(unreadable) => return unreadable,
        },
        (_, Some(path), _) => job.go(path),
        (_, _, true) => job.explore(),
        (_, _, false) => job.run_seeds(),
    };
    match (broken, job.unwritten.into_inner()) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::from(2),
        (false, false) => ExitCode::SUCCESS,
    }
}

/// A `main` function for a workload and a disk that have a `Default`; see [`cli`](crate::cli).
///
/// ```no_run
/// # use bytes::Bytes;
/// # use quorate_sim::{MemoryDisk, dice::Dice, machine::Register, workload::{Request, Workload}};
/// #[derive(Clone, Default)]
/// struct Clients;
///
/// impl Workload for Clients {
///     type Machine = Register;
///
///     fn ask(&mut self, operation: u64, _: u64, _: &mut Dice) -> Request {
///         Request::Write(operation.to_be_bytes().to_vec().into())
///     }
/// }
///
/// quorate_sim::main!(Clients, MemoryDisk);
/// ```
#[macro_export]
macro_rules! main {
    ($clients:ty, $disk:ty $(,)?) => {
        fn main() -> std::process::ExitCode {
            $crate::cli::run(|_| <$clients>::default(), <$disk>::default)
        }
    };
}

/// What is to be done, and with what.
struct Job<C, F> {
    arguments: Arguments,
    program: String,
    clients: C,
    make_disk: F,
    /// Some file could not be written.
    unwritten: AtomicBool,
}

impl<W, D, C, F> Job<C, F>
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
    C: Fn(u64) -> W + Sync,
    F: Fn() -> D + Clone + Sync + 'static,
{
    fn driver(&self, parameters: &Parameters) -> Result<Driver<W, D>, Violation> {
        Driver::new(parameters, (self.clients)(parameters.seed), self.make_disk.clone())
    }

    /// The flags that run a seed again.
    fn flags_of(&self, seed: u64) -> String {
        let (steps, profile) = (self.arguments.steps, self.arguments.profile(seed));
        let twice = if self.arguments.twice { " --twice" } else { "" };
        format!("--seed {seed} --steps {steps} --profile {profile}{twice}")
    }
}
