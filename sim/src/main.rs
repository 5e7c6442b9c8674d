//! The simulator's own clients over its own disk, on the command line.

use std::process::ExitCode;

use quorate_sim::{MemoryDisk, cli, standard_clients};

fn main() -> ExitCode {
    cli::run(standard_clients, MemoryDisk::default)
}
