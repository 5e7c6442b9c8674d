//! What only a whole run can show: disks that lie, and state machines that are not deterministic.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use quorate::ready::AppendTask;
use quorate::storage::InitialState;
use quorate::types::ClusterId;
use quorate::{Entries, Index, Snapshot, Storage, StorageError};
use quorate_sim::Driver;
use quorate_sim::dice::Dice;
use quorate_sim::disk::{Disk, MemoryDisk, Write, writes_of};
use quorate_sim::machine::{Malformed, StateMachine};
use quorate_sim::parameters::{Parameters, Profile};
use quorate_sim::workload::{Request, Workload};

/// What is wrong with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    None,
    /// A sync syncs nothing.
    SyncDoesNothing,
    /// A crash forgets whom it voted for.
    ForgetsTheVote,
    /// It remembers when it is looked at, and not when the node starts.
    ForgetsTheVoteWhenItMatters,
    /// A crash changes the last entry.
    ChangesAnEntry,
    /// A crash takes the snapshot's configuration for that of a younger log.
    ForgetsALearner,
    /// A crash forgets the group.
    ForgetsTheGroup,
    /// It counts one write too few.
    Miscounts,
    /// What persists a task never syncs.
    PersistForgetsSync,
    /// Or leaves the hard state out, ...
    PersistForgetsHardState,
    /// ... or the snapshot.
    PersistForgetsSnapshot,
}

struct LyingDisk {
    disk: MemoryDisk,
    lie: Lie,
    crashed: bool,
    asked: Cell<u64>,
}

impl LyingDisk {
    fn make(lie: Lie) -> impl Fn() -> Self {
        move || Self {
            disk: MemoryDisk::default(),
            lie,
            crashed: false,
            asked: Cell::new(0),
        }
    }

    fn lies(&self, lie: Lie) -> bool {
        self.crashed && self.lie == lie
    }
}

impl Disk for LyingDisk {
    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        self.crashed = false; // it lies about what was there before
        self.disk.write(write)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        if self.lie == Lie::SyncDoesNothing && self.disk.first_index()? > 1 {
            return Ok(()); // but for the snapshot that it begins with
        }
        self.disk.sync()
    }

    fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        for write in writes_of(task) {
            let is_forgotten = match write {
                Write::HardState(_) => self.lie == Lie::PersistForgetsHardState,
                Write::Install(_) => self.lie == Lie::PersistForgetsSnapshot,
                _ => false,
            };
            if !is_forgotten {
                self.write(write)?;
            }
        }
        if task.must_sync() && self.lie != Lie::PersistForgetsSync {
            self.sync()?;
        }
        Ok(())
    }

    fn unsynced(&self) -> usize {
        let count = self.disk.unsynced();
        match self.lie {
            Lie::SyncDoesNothing => 0,
            Lie::Miscounts => count.saturating_sub(1),
            _ => count,
        }
    }

    fn crash(&mut self, kept: usize) {
        self.disk.crash(kept);
        self.crashed = true;
        self.asked.set(0);
    }

    fn set_cluster_id(&mut self, cluster_id: ClusterId) -> bool {
        self.disk.set_cluster_id(cluster_id)
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        let mut snapshot = self.disk.latest_snapshot()?;
        if self.lies(Lie::ForgetsALearner) {
            snapshot.metadata.conf_state.learners.push(99);
        }
        Ok(snapshot)
    }
}

impl Storage for LyingDisk {
    quorate::delegate_storage!(disk: first_index, last_index, term, snapshot, keeps_promises);

    fn initial_state(&self) -> Result<InitialState, StorageError> {
        let mut state = self.disk.initial_state()?;
        self.asked.set(self.asked.get() + 1);
        let forgets =
            self.lies(Lie::ForgetsTheVote) || (self.lies(Lie::ForgetsTheVoteWhenItMatters) && self.asked.get() > 1);
        if forgets {
            state.hard_state.vote = None;
        }
        if self.lies(Lie::ForgetsTheGroup) {
            state.cluster_id = 0;
        }
        Ok(state)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        let mut entries = self.disk.entries(low, high, max_bytes)?.to_vec();
        if self.lies(Lie::ChangesAnEntry)
            && let Some(entry) = entries.last_mut()
        {
            entry.data = Bytes::from_static(b"something else");
        }
        Ok(entries.into())
    }
}

/// Clients that only write.
#[derive(Default)]
struct Writers<M>(std::marker::PhantomData<M>);

impl<M: StateMachine> Workload for Writers<M> {
    type Machine = M;

    fn ask(&mut self, operation: u64, _: u64, _: &mut Dice) -> Request {
        Request::Write(operation.to_be_bytes().to_vec().into())
    }
}

/// Counts commands; each instance has a number that it should not depend on.
#[derive(Clone, Debug)]
struct Counter<const DEFECT: u8> {
    count: u64,
    instance: u64,
}

const SOUND: u8 = 0;
const ANSWERS: u8 = 1;
const KEEPS: u8 = 2;
const FORGETS: u8 = 3;

impl<const DEFECT: u8> Default for Counter<DEFECT> {
    fn default() -> Self {
        static INSTANCES: AtomicU64 = AtomicU64::new(0);
        let instance = INSTANCES.fetch_add(1, Ordering::Relaxed);
        Self { count: 0, instance }
    }
}

impl<const DEFECT: u8> StateMachine for Counter<DEFECT> {
    fn apply(&mut self, _: &Bytes) -> Bytes {
        self.count += 1;
        let answer = self.count + if DEFECT == ANSWERS { self.instance } else { 0 };
        if DEFECT == FORGETS {
            return Bytes::new(); // only its state tells
        }
        answer.to_be_bytes().to_vec().into()
    }

    fn query(&self, _: &Bytes) -> Bytes {
        Bytes::new()
    }

    fn snapshot(&self) -> Bytes {
        let kept = self.count
            + if DEFECT == KEEPS && self.count > 0 {
                self.instance
            } else {
                0
            };
        kept.to_be_bytes().to_vec().into()
    }

    fn restore(&mut self, snapshot: &Bytes) -> Result<(), Malformed> {
        let count = u64::from_be_bytes(snapshot[..].try_into().map_err(|_| Malformed)?);
        self.count = if DEFECT == FORGETS { 0 } else { count };
        Ok(())
    }
}

/// What breaks first within a few seeds that crash and compact much.
fn first_violation<M: StateMachine>(lie: Lie) -> Option<&'static str> {
    (1..=120).find_map(|seed| {
        let mut parameters = Parameters::draw(seed, Profile::Disk);
        parameters.compaction = parameters.compaction.max(20_000);
        parameters.voters = 3;
        let driver = Driver::new(
            &parameters,
            Writers::<M>(std::marker::PhantomData),
            LyingDisk::make(lie),
        );
        let violation = match driver {
            Ok(driver) => driver.run(3_000).violation,
            Err(violation) => Some(violation),
        };
        violation.map(|violation| {
            println!("seed {seed}: {violation}");
            violation.property
        })
    })
}

#[test]
fn disks_that_persist_less_than_they_are_told_are_found_out() {
    let synced = Some("what must be synced is synced");
    assert_eq!(first_violation::<Counter<SOUND>>(Lie::PersistForgetsSync), synced);
    let there = Some("what was synced is there");
    assert_eq!(first_violation::<Counter<SOUND>>(Lie::PersistForgetsHardState), there);
    // Seen at the next start, or by the node, which wants to append behind the snapshot.
    let forgotten = first_violation::<Counter<SOUND>>(Lie::PersistForgetsSnapshot);
    assert!(
        forgotten == there || forgotten == Some("no unexpected errors"),
        "{forgotten:?}"
    );
}

#[test]
fn disks_that_lie_are_found_out() {
    let there = Some("what was synced is there");
    assert_eq!(first_violation::<Counter<SOUND>>(Lie::None), None);
    assert_eq!(first_violation::<Counter<SOUND>>(Lie::ForgetsTheVote), there);
    // Seen where it was changed, or where it is applied.
    let changed = first_violation::<Counter<SOUND>>(Lie::ChangesAnEntry);
    assert!(
        changed == there || changed == Some("state machine safety"),
        "{changed:?}"
    );
    // None of one write is taken for a sync.
    let miscounted = first_violation::<Counter<SOUND>>(Lie::Miscounts);
    assert!(
        miscounted == there || miscounted == Some("storage counts its writes"),
        "{miscounted:?}"
    );
    assert_eq!(first_violation::<Counter<SOUND>>(Lie::SyncDoesNothing), there);
    assert_eq!(first_violation::<Counter<SOUND>>(Lie::ForgetsTheGroup), there);
    let configuration = Some("same configuration");
    assert_eq!(first_violation::<Counter<SOUND>>(Lie::ForgetsALearner), configuration);
}

#[test]
fn a_vote_that_only_the_node_cannot_see_is_cast_again() {
    let twice = Some("one vote a term");
    assert_eq!(
        first_violation::<Counter<SOUND>>(Lie::ForgetsTheVoteWhenItMatters),
        twice
    );
}

#[test]
fn state_machines_that_differ_are_found_out() {
    assert_eq!(first_violation::<Counter<ANSWERS>>(Lie::None), Some("same answers"));
    // Seen where the state is compared, where it is answered from, or where it is restored, whichever comes first.
    let keeps = first_violation::<Counter<KEEPS>>(Lie::None);
    let restored = "restore gives the state back";
    assert!(
        keeps.is_some_and(|keeps| ["same state", "same answers", restored].contains(&keeps)),
        "{keeps:?}"
    );
    assert_eq!(first_violation::<Counter<FORGETS>>(Lie::None), Some(restored));
}
