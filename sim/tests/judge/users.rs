//! Mistakes of users that a whole run shows: code that panics, and snapshots that are not canonical.

use std::collections::HashMap;

use bytes::Bytes;
use quorate::{Snapshot, StorageError};
use quorate_sim::dice::Dice;
use quorate_sim::disk::{Disk, MemoryDisk, Write};
use quorate_sim::machine::{Malformed, StateMachine};
use quorate_sim::parameters::{Parameters, Profile};
use quorate_sim::replay::Recording;
use quorate_sim::shrink::{Failing, shrink_clients};
use quorate_sim::trace::What;
use quorate_sim::workload::{Request, Workload};
use quorate_sim::{Driver, Outcome, Report, Violation};

/// Counts how often it saw each first byte, and gives that away in the order of its hash map, or by the key.
#[derive(Clone, Debug, Default)]
struct Tally<const SORTED: bool>(HashMap<u8, u64>);

impl<const SORTED: bool> StateMachine for Tally<SORTED> {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        let count = self.0.entry(command[7] % 16).or_default();
        *count += 1;
        count.to_be_bytes().to_vec().into()
    }

    fn query(&self, _: &Bytes) -> Bytes {
        Bytes::new()
    }

    fn snapshot(&self) -> Bytes {
        let mut counts: Vec<(u8, u64)> = self.0.iter().map(|(key, count)| (*key, *count)).collect();
        if SORTED {
            counts.sort_unstable();
        }
        let records = counts.iter().flat_map(|(key, count)| [*key, count.to_le_bytes()[0]]);
        records.collect::<Vec<u8>>().into()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        self.0 = snapshot.chunks(2).map(|record| (record[0], record[1].into())).collect();
        Ok(())
    }
}

/// Panics at a command that ends like this.
#[derive(Clone, Debug, Default)]
struct Fragile;

impl StateMachine for Fragile {
    fn apply(&mut self, command: &Bytes) -> Bytes {
        assert_ne!(command[7], 40, "no forties, please");
        Bytes::new()
    }

    fn query(&self, _: &Bytes) -> Bytes {
        Bytes::new()
    }

    fn snapshot(&self) -> Bytes {
        Bytes::new()
    }

    fn restore(&mut self, _: &Bytes) -> Result<(), Malformed> {
        Ok(())
    }
}

/// Clients that only write.
#[derive(Clone, Debug)]
struct Writers<M> {
    machine: std::marker::PhantomData<M>,
    panic_at: u64,
}

impl<M> Writers<M> {
    fn new(panic_at: u64) -> Self {
        let machine = std::marker::PhantomData;
        Self { machine, panic_at }
    }
}

impl<M: StateMachine> Workload for Writers<M> {
    type Machine = M;

    fn ask(&mut self, operation: u64, _: u64, _: &mut Dice) -> Request {
        Request::Write(operation.to_be_bytes().to_vec().into())
    }

    fn asks_again(&mut self, _: u64, _: &Request) -> bool {
        true
    }

    fn ended(&mut self, operation: u64, _: &Outcome) {
        assert_ne!(operation, self.panic_at, "this one never ends");
    }
}

/// A disk that panics when it is to write a snapshot.
#[derive(Clone, Debug, Default)]
struct FragileDisk(MemoryDisk);

impl quorate::Storage for FragileDisk {
    quorate::delegate_storage!(0);
}

impl Disk for FragileDisk {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        assert!(!matches!(write, Write::Compact(_)), "compactions are not written yet");
        self.0.write(write)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.0.sync()
    }

    fn unsynced(&self) -> usize {
        self.0.unsynced()
    }

    fn crash(&mut self, kept: usize) {
        self.0.crash(kept);
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        self.0.latest_snapshot()
    }
}

fn parameters(seed: u64) -> Parameters {
    let mut parameters = Parameters::draw(seed, Profile::Disk);
    parameters.compaction = parameters.compaction.max(20_000);
    parameters.voters = 3;
    parameters
}

/// The first run of a few that breaks something.
fn failing<M: StateMachine, D: Disk + Default + 'static>(panic_at: u64) -> Option<(Parameters, Report, Violation)> {
    (1..=60).find_map(|seed| {
        let parameters = parameters(seed);
        let driver = Driver::new(&parameters, Writers::<M>::new(panic_at), D::default).expect("a cluster");
        let report = driver.recorded().traced().run(2_000);
        let violation = report.violation.clone()?;
        println!("seed {seed}: {violation}");
        Some((parameters, report, violation))
    })
}

#[test]
fn a_hash_map_in_its_own_order_is_no_canonical_snapshot() {
    let (.., violation) = failing::<Tally<false>, MemoryDisk>(0).expect("a violation");
    assert_eq!(violation.property, "snapshots are canonical");
    assert!(violation.detail.contains("a HashMap has none"), "{violation}");
    assert!(failing::<Tally<true>, MemoryDisk>(0).is_none());
}

/// Cut down to few steps, and found again there.
fn is_cut_down<M: StateMachine, D: Disk + Default + 'static>(panic_at: u64, words: &[&str]) {
    let (parameters, report, violation) = failing::<M, D>(panic_at).expect("a violation");
    assert_eq!(violation.property, "nothing panics");
    for word in words {
        assert!(violation.detail.contains(word), "{violation}");
    }
    let last = report.trace.as_ref().and_then(|trace| trace.records.last());
    let told = last.map(|record| &record.what);
    let is_told = matches!(told, Some(What::Note { kind: "violation", text }) if *text == violation.to_string());
    assert!(is_told, "the last that happened is what broke: {told:?}");
    let failing = Failing::of(&parameters, report).expect("a violation");
    let shrunk = shrink_clients(&failing, || Writers::<M>::new(panic_at), D::default).expect("it breaks again");
    assert!(shrunk.steps.len() < 40, "{:?}", shrunk.steps);
    assert_eq!(shrunk.violation.property, violation.property);
    assert!(Recording::of(&shrunk).about.starts_with("nothing panics"));
}

#[test]
fn a_state_machine_that_panics_is_a_violation_like_others() {
    is_cut_down::<Fragile, MemoryDisk>(
        0,
        &["node ", "apply() of", "tests/judge/users.rs:", "no forties, please"],
    );
}

#[test]
fn so_are_a_disk_and_clients() {
    is_cut_down::<Tally<true>, FragileDisk>(0, &["`compact-to-applied ", "compactions are not written yet"]);
    is_cut_down::<Tally<true>, MemoryDisk>(30, &["a client panics at", "this one never ends"]);
}
