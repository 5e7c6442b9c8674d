//! `MemoryStorage` keeps what is synced as a difference; a crash must bring it back to the letter.

use proptest::prelude::*;
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, Entry, EntryId, HardState, MemoryStorage, Snapshot, Storage};

#[derive(Clone, Debug)]
enum Op {
    /// So many entries, beginning so far before the end.
    Append(u64, u64),
    HardState(u64),
    ConfState(u64),
    /// Up to so many entries from the front.
    Compact(u64),
    /// A snapshot so far beyond the base.
    Install(u64),
    /// A snapshot so far before the end, or beyond it; of the entry there, or of another term.
    SetSnapshot(u64, bool),
    Sync,
    Crash,
}

fn op() -> impl Strategy<Value = Op> {
    let small = || 0..5_u64;
    prop_oneof![
        6 => (small(), 1..4_u64).prop_map(|(back, count)| Op::Append(back, count)),
        1 => small().prop_map(Op::HardState),
        1 => small().prop_map(Op::ConfState),
        2 => (1..4_u64).prop_map(Op::Compact),
        1 => small().prop_map(Op::Install),
        2 => (small(), any::<bool>()).prop_map(|(back, right)| Op::SetSnapshot(back, right)),
        3 => Just(Op::Sync),
        2 => Just(Op::Crash),
    ]
}

fn snapshot(index: u64, term: u64) -> Snapshot {
    let conf_state = ConfState::of_voters([index + 1]);
    let metadata = SnapshotMetadata::new(EntryId { term, index }, conf_state);
    Snapshot::new(metadata, "state")
}

/// Writes; what is refused changes nothing.
fn write(storage: &mut MemoryStorage, op: &Op, term: u64) {
    let before = storage.clone();
    let (first, last) = (storage.first_index().unwrap(), storage.last_index().unwrap());
    let outcome = match *op {
        Op::Append(back, count) => {
            let from = (last + 1).saturating_sub(back).max(first);
            let entry = |index| Entry::new(term, index, "");
            storage.append(&(from..from + count).map(entry).collect::<Vec<_>>())
        }
        Op::HardState(commit) => {
            storage.set_hard_state(HardState::new(term, None, commit));
            Ok(())
        }
        Op::ConfState(voter) => {
            storage.set_conf_state(ConfState::of_voters([voter + 1]), voter);
            Ok(())
        }
        Op::Compact(count) => storage.compact(first - 1 + count),
        Op::Install(beyond) => storage.install_snapshot(snapshot(first - 1 + beyond, term)),
        Op::SetSnapshot(back, right) => {
            let index = (last + 1).saturating_sub(back);
            let theirs = if right {
                storage.term(index).unwrap_or(term)
            } else {
                term
            };
            storage.set_snapshot(snapshot(index, theirs))
        }
        Op::Sync | Op::Crash => Ok(()),
    };
    if outcome.is_err() {
        assert_eq!(*storage, before);
    }
}

/// All that can be read.
fn contents(storage: &MemoryStorage) -> impl PartialEq + std::fmt::Debug + use<> {
    let first = storage.first_index().unwrap();
    let base = storage.term(first - 1);
    (
        storage.initial_state(),
        first,
        base,
        storage.log().to_vec(),
        storage.snapshot(1, 0),
    )
}

proptest! {
    #[test]
    fn a_crash_brings_back_what_was_synced(ops in prop::collection::vec(op(), 1..80)) {
        let mut storage = MemoryStorage::new();
        let mut synced = storage.clone();
        for (term, op) in (1..).zip(&ops) {
            match op {
                Op::Sync => {
                    storage.sync();
                    synced = storage.clone();
                }
                Op::Crash => {
                    storage.crash();
                    prop_assert_eq!(contents(&storage), contents(&synced));
                    prop_assert_eq!(&storage, &synced, "and is equal, however it came about");
                }
                _ => write(&mut storage, op, term),
            }
            let mut crashed = storage.clone();
            crashed.crash();
            prop_assert_eq!(contents(&crashed), contents(&synced));
        }
    }
}
