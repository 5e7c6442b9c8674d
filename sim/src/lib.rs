//! A deterministic simulator for [`quorate`]: turn networks, disks, crashes and clocks on your own state
//! machine and storage, and replay what goes wrong. The README has an example; this is the map.
//!
//! # A tour
//!
//! 1. A seed draws its [`Parameters`]: how many nodes, which settings, what goes wrong and how often. A
//!    [`Profile`] says what the run is after.
//! 2. A [`Driver`] lets simulated time pass. Its clients, yours by [`Workload`], propose and read; nodes
//!    crash, disks lose what was not synced, links lose messages, operators change the configuration.
//! 3. Each thing that it does is a [`step::Step`] of a [`cluster::Cluster`]: nodes with your
//!    [`StateMachine`] on your [`Disk`]. Nothing else happens, so that the list of steps is the run.
//! 4. After each step the [`judge`] says whether the safety properties still hold.
//! 5. At the end a majority is healed and has to make progress, and your workload's
//!    [`verdict`](Workload::verdict) on what clients were told is asked for: [`history`] decides whether
//!    it is linearizable.
//! 6. What came of it is a [`Report`]: a violation or none, what was seen ([`coverage`]), and on demand
//!    the steps and a [`trace`].
//!
//! [`simulate`] does all this with clients, state machine and disk of its own: [`workload::Standard`],
//! [`machine::KvMap`], [`MemoryDisk`].
//!
//! # The modules
//!
//! | you look for | it is in |
//! |---|---|
//! | what can go wrong, and how often | [`parameters`] |
//! | clients of your own | [`workload`] |
//! | state machines, and commands that are applied once | [`machine`] |
//! | a disk that crashes; one on a file's bytes | [`disk`], [`file`](mod@file) |
//! | rules for a storage, as tests | [`storage_suite`](mod@storage_suite) |
//! | what must hold | [`judge`] |
//! | linearizability | [`history`] |
//! | one thing at a time, by hand | [`cluster`], [`step`], [`replay`] |
//! | the futures of rare moments | [`guided`] |
//! | a failing run cut down, and written as a script | [`shrink`], [`replay::Recording`] |
//! | a page that shows a run | [`timeline`] |
//! | the command line, for clients of your own | `cli`, by the feature of this name |
//! | groups whose network is half broken | [`partitions`] |
//! | groups that lost their quorum, and what is made of the rest | [`histories`] |
//! | randomness that is the same everywhere | [`dice`] |
//! | bytes of a fuzzer that steer a cluster | [`fuzz`] |
//!
//! No run reads a clock or depends on an earlier one: the same parameters, workload and disks give the same run. (The
//! command line reads the time for `--seconds`, and panics are caught by a hook of the whole process.)

#[cfg(feature = "cli")]
pub mod cli;
mod clock;
pub mod cluster;
pub mod command;
pub mod coverage;
pub mod dice;
pub mod disk;
mod driver;
pub mod file;
pub mod fuzz;
pub mod guided;
pub mod histories;
pub mod history;
pub mod judge;
pub mod machine;
mod member;
mod panics;
pub mod parameters;
pub mod partitions;
pub mod replay;
pub mod settings;
mod shadow;

pub mod shrink;
pub mod step;
pub mod storage_suite;
pub mod timeline;
pub mod trace;
mod values;
pub mod workload;

pub use cluster::Outcome;
pub use disk::{Disk, MemoryDisk};
pub use driver::{Driver, Report};
pub use judge::{Verdict, Violation};
pub use machine::{Malformed, StateMachine};
pub use parameters::{Corners, Extras, Parameters, Profile};
pub use workload::{Request, Workload};

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
pub struct Readme;

/// The state machine of the simulator's own clients.
pub type StandardMachine = <workload::Standard as Workload>::Machine;

/// Runs the simulator's own clients over [`MemoryDisk`].
pub fn simulate(parameters: &Parameters, steps: u64) -> Report {
    match standard(parameters) {
        Ok(driver) => driver.run(steps),
        Err(violation) => Report::broken(violation),
    }
}

/// A run of the simulator's own clients over [`MemoryDisk`], not begun.
pub fn standard(parameters: &Parameters) -> Result<Driver<workload::Standard, MemoryDisk>, Violation> {
    Driver::new(parameters, standard_clients(parameters.seed), MemoryDisk::default)
}

/// The simulator's own clients, as a run of this seed begins with them.
pub fn standard_clients(seed: u64) -> workload::Standard {
    workload::Standard::new(1 + seed % 5)
}
