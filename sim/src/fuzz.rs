//! Fuzzing your own state machine, clients and disk: bytes, as a coverage-guided fuzzer makes them, steer a cluster.
//!
//! A target for [cargo-fuzz](https://github.com/rust-fuzz/cargo-fuzz), with `Counter`, `Clients` and `MyDisk` of yours:
//!
//! ```ignore
//! libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
//!     let run = quorate_sim::fuzz::cluster(bytes, 400, |_| Clients::default(), MyDisk::default);
//!     run.unwrap_or_else(|found| panic!("{found}"));
//! });
//! ```
//!
//! [`cluster`] lets the bytes take the place of the dice while a [`Driver`] runs: what breaks there, breaks the
//! library's promises. [`steps`] does a list of steps that somebody made up, by the features `arbitrary` and `proptest`
//! for instance; it keeps to steps under which nothing may break either.
//!
//! What is found says how to see it again without the fuzzer: the steps, to be [replayed](crate::replay).

use std::fmt;

use quorate::ReadMode;

use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::driver::Driver;
use crate::machine::StateMachine;
use crate::parameters::{Names, Parameters, Profile, Spread};
use crate::replay::{Recording, World, perform};
use crate::shrink::Failing;
use crate::step::Step;
use crate::workload::Workload;

/// Something that broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found(pub Failing);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failing {
            parameters,
            steps,
            violation,
        } = &self.0;
        let recording = Recording {
            about: violation.to_string(),
            world: World::of(parameters, steps),
            steps: steps.clone(),
        };
        write!(
            f,
            "VIOLATION {violation}\n{parameters}\nthe steps, for --replay:\n{recording}"
        )
    }
}

impl std::error::Error for Found {}

/// What is drawn before the run begins: eight bytes for the seed of the parameters, one for the profile, a sound one.
/// The rest is for what comes.
fn begin(bytes: &[u8]) -> (Parameters, &[u8]) {
    let (first, rest) = bytes.split_at(bytes.len().min(9));
    let mut head = [0; 9];
    head[..first.len()].copy_from_slice(first);
    let [seed @ .., profile] = head;
    let profile = Profile::SOUND[usize::from(profile) % Profile::SOUND.len()];
    (Parameters::draw(u64::from_le_bytes(seed), profile), rest)
}

/// Runs a cluster for so many steps, and lets it recover: as the bytes say, and when they have run out by fixed dice.
///
/// # Errors
///
/// What broke.
pub fn cluster<W, D>(
    bytes: &[u8],
    steps: u64,
    clients: impl FnOnce(u64) -> W,
    make_disk: impl Fn() -> D + 'static,
) -> Result<(), Box<Found>>
where
    W: Workload,
    D: Disk + 'static,
{
    let (parameters, rest) = begin(bytes);
    let dice = Dice::from_bytes(rest.to_vec());
    let workload = clients(parameters.seed);
    let found = match Driver::steered(&parameters, workload, make_disk, dice) {
        Ok(driver) => Failing::of(&parameters, driver.recorded().run(steps)),
        Err(violation) => Some(Failing {
            parameters,
            steps: Vec::new(),
            violation,
        }),
    };
    found.map_or(Ok(()), |failing| Err(Box::new(Found(failing))))
}

/// Does these steps to the group of three that a seed draws, without clients and leases (a list of steps has no clock).
/// A message that is [named by a number](crate::step::MessageRef::Id) is that of those in flight, oldest first, around
/// and around. Operations get numbers of their own.
/// What cannot be done, or may break a sound group (a disk that is lost, say), is left out.
///
/// ```
/// use quorate_sim::{MemoryDisk, fuzz, machine::Register, step::Step};
/// let steps = [Step::Campaign { node: 1 }, Step::Ready { node: 1 }, Step::Persist { node: 1 }];
/// assert_eq!(fuzz::steps::<Register, _>(7, &steps, MemoryDisk::default), Ok(()));
/// ```
///
/// # Errors
///
/// What broke.
pub fn steps<M: StateMachine, D: Disk>(
    seed: u64,
    steps: &[Step],
    make_disk: impl Fn() -> D + 'static,
) -> Result<(), Box<Found>> {
    let mut parameters = Parameters::draw(seed, Profile::Swarm);
    (parameters.voters, parameters.leases, parameters.names) = (3, Spread::Off, Names::Ids);
    let mut done = Vec::new();
    let mut cluster = Cluster::<M, D>::drawn(&parameters, make_disk);
    let outcome = cluster
        .as_mut()
        .map_err(|violation| violation.clone())
        .and_then(|cluster| {
            for step in steps.iter().filter(|step| is_sound(step)) {
                let Some(mut step) = cluster.resolved(step) else {
                    continue;
                };
                if let Step::Propose { operation, .. }
                | Step::ProposeBatch { operation, .. }
                | Step::Read { operation, .. } = &mut step
                {
                    *operation = (done.len() as u64) << 16; // so that no two are taken for each other
                }
                done.push(step.clone());
                perform(cluster, &step)?;
            }
            Ok(())
        });
    outcome.map_err(|violation| {
        Box::new(Found(Failing {
            parameters,
            steps: done,
            violation,
        }))
    })
}

/// Whether nothing may break by it.
fn is_sound(step: &Step) -> bool {
    let breaks = match step {
        Step::Wipe { .. } | Step::Configure { .. } | Step::Recover { .. } => true,
        Step::Read { mode, .. } => *mode == Some(ReadMode::Lease), // their clocks may differ by any much
        _ => false,
    };
    !breaks
}
