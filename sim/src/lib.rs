//! A deterministic simulator for [`quorate`].

mod clock;
pub mod cluster;
pub mod coverage;
pub mod dice;
pub mod disk;
mod driver;
pub mod export;
pub mod file;
pub mod history;
pub mod judge;
pub mod machine;
mod member;
pub mod parameters;
pub mod partitions;
pub mod replay;
mod shadow;
pub mod shrink;
pub mod step;
pub mod storage_suite;
pub mod timeline;
pub mod trace;
pub mod workload;

pub use driver::{Driver, Report};

/// The state machine of the simulator's own clients.
pub type StandardMachine = <workload::Standard as workload::Workload>::Machine;

/// Runs the simulator's own clients over [`disk::MemoryDisk`].
pub fn simulate(parameters: &parameters::Parameters, steps: u64) -> Report {
    match standard(parameters) {
        Ok(driver) => driver.run(steps),
        Err(violation) => Report::broken(violation),
    }
}

/// A run of the simulator's own clients over [`disk::MemoryDisk`], not begun.
pub fn standard(
    parameters: &parameters::Parameters,
) -> Result<Driver<workload::Standard, disk::MemoryDisk>, judge::Violation> {
    let clients = workload::Standard::new(1 + parameters.seed % 5);
    Driver::new(parameters, clients, disk::MemoryDisk::default)
}
