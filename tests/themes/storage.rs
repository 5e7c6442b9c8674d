//! `MemoryStorage`, the model that other stores are measured by: what it takes, what it refuses, and
//! what survives a crash; and who may begin a group with it.

use quorate::error::ConfigError;
use quorate::types::SnapshotMetadata;
use quorate::{
    ConfState, Config, Entry, EntryId, HardState, MemoryStorage, NodeId, RawNode, Snapshot, Storage, StorageError,
    bootstrap,
};

use crate::entries;
use crate::support::store;

/// A store that begins after 3/3 and holds entries 4/4, 5/5 and 6/6.
fn three() -> MemoryStorage {
    let mut storage = MemoryStorage::from_snapshot(snapshot(3, 3));
    storage.append(&entries(4, &[4, 5, 6])).expect("it fits");
    storage
}

fn snapshot(term: u64, index: u64) -> Snapshot {
    let conf_state = ConfState::of_voters([1, 2]);
    let metadata = SnapshotMetadata::new(EntryId { term, index }, conf_state);
    Snapshot::new(metadata, "state")
}

/// First and last index, and the terms from the one before the first to the last.
fn text(storage: &MemoryStorage) -> String {
    let (first, last) = (
        storage.first_index().expect("sound"),
        storage.last_index().expect("sound"),
    );
    let terms: Vec<u64> = (first - 1..=last)
        .map(|index| storage.term(index).expect("in the log"))
        .collect();
    format!("{first}..{last} {terms:?}")
}

fn broken() -> StorageError {
    StorageError::Broken("an append with a gap".to_string())
}

/// Entries (first index, terms) appended to that store; the store then, or why they are refused.
#[test]
fn appends() {
    let cases: [(u64, &[u64], Result<&str, StorageError>); 14] = [
        (7, &[6], Ok("4..7 [3, 4, 5, 6, 6]")),
        (7, &[], Ok("4..6 [3, 4, 5, 6]")),
        (7, &[6, 9], Ok("4..8 [3, 4, 5, 6, 6, 9]")),
        (6, &[6], Ok("4..6 [3, 4, 5, 6]")),
        (6, &[7], Ok("4..6 [3, 4, 5, 7]")),
        (5, &[7], Ok("4..5 [3, 4, 7]")),
        (4, &[8, 8, 8, 8], Ok("4..7 [3, 8, 8, 8, 8]")),
        // What is compacted is skipped.
        (3, &[3, 4, 5], Ok("4..5 [3, 4, 5]")),
        (2, &[3, 3], Ok("4..6 [3, 4, 5, 6]")),
        (1, &[1], Ok("4..6 [3, 4, 5, 6]")),
        (1, &[3, 3, 3, 9], Ok("4..4 [3, 9]")),
        // A gap, and terms that fall.
        (8, &[6], Err(broken())),
        (9, &[6, 6], Err(broken())),
        (7, &[7, 6], Err(broken())),
    ];
    for (first, terms, expected) in cases {
        let mut storage = three();
        let outcome = storage.append(&entries(first, terms));
        let kept = expected.is_err().then(three);
        assert_eq!(
            outcome.map(|()| text(&storage)),
            expected.map(str::to_string),
            "{terms:?} at {first}"
        );
        assert!(kept.is_none_or(|kept| storage == kept), "a refusal changes nothing");
    }
    let mut gap = entries(7, &[6, 6, 6]);
    gap.remove(1);
    assert_eq!(three().append(&gap), Err(broken()), "a gap within");
}

/// The term at an index of that store.
#[test]
fn terms() {
    for (index, expected) in [
        (0, Err(StorageError::Compacted)),
        (2, Err(StorageError::Compacted)),
        (3, Ok(3)),
        (4, Ok(4)),
        (6, Ok(6)),
        (7, Err(StorageError::Unavailable)),
        (u64::MAX, Err(StorageError::Unavailable)),
    ] {
        assert_eq!(three().term(index), expected, "{index}");
    }
}

/// A range and a limit of bytes (an entry of that store has nine); the indexes that are read.
#[test]
fn ranges() {
    type Case = (u64, u64, u64, Result<&'static [u64], StorageError>);
    let bytes = three().log()[0].encoded_len();
    assert!(three().log().iter().all(|entry| entry.encoded_len() == bytes));
    let cases: [Case; 14] = [
        (4, 7, u64::MAX, Ok(&[4, 5, 6])),
        (4, 6, u64::MAX, Ok(&[4, 5])),
        (6, 7, u64::MAX, Ok(&[6])),
        (5, 5, u64::MAX, Ok(&[])),
        (4, 7, 0, Ok(&[4])),
        (4, 7, bytes, Ok(&[4])),
        (4, 7, 2 * bytes - 1, Ok(&[4])),
        (4, 7, 2 * bytes, Ok(&[4, 5])),
        (4, 7, 3 * bytes - 1, Ok(&[4, 5])),
        (4, 7, 3 * bytes, Ok(&[4, 5, 6])),
        (3, 5, u64::MAX, Err(StorageError::Compacted)),
        (2, 3, u64::MAX, Err(StorageError::Compacted)),
        (4, 8, u64::MAX, Err(StorageError::Unavailable)),
        (8, 9, u64::MAX, Err(StorageError::Unavailable)),
    ];
    for (low, high, limit, expected) in cases {
        let read = three().entries(low, high, limit);
        let indexes = read.map(|entries| entries.iter().map(|entry: &Entry| entry.index).collect::<Vec<_>>());
        assert_eq!(indexes, expected.map(<[u64]>::to_vec), "{low}..{high}, {limit} bytes");
    }
}

/// Compaction up to an index.
#[test]
fn compaction() {
    for (to, expected) in [
        (2, Err(StorageError::Compacted)),
        (3, Err(StorageError::Compacted)),
        (4, Ok("5..6 [4, 5, 6]")),
        (6, Ok("7..6 [6]")),
        (7, Err(StorageError::Unavailable)),
    ] {
        let mut storage = three();
        let outcome = storage.compact(to).map(|()| text(&storage));
        assert_eq!(outcome, expected.clone().map(str::to_string), "{to}");
        assert!(expected.is_ok() || storage == three());
    }
}

/// Snapshots that are installed, and that are handed out.
#[test]
fn snapshots() {
    for ((term, index), expected) in [
        ((3, 2), Err(StorageError::Compacted)),
        ((3, 3), Ok("4..3 [3]")),
        ((4, 4), Ok("5..4 [4]")),
        ((9, 9), Ok("10..9 [9]")),
    ] {
        let mut storage = three();
        let outcome = storage.install_snapshot(snapshot(term, index)).map(|()| text(&storage));
        assert_eq!(outcome, expected.map(str::to_string), "{index}");
    }
    let mut storage = three();
    for (index, at_least, there) in [(4, 3, true), (4, 4, true), (4, 5, false), (6, 5, true)] {
        storage.set_snapshot(snapshot(index, index)).expect("of an entry");
        assert_eq!(text(&storage), "4..6 [3, 4, 5, 6]", "the log stays as it is");
        let expected = if there {
            Ok(snapshot(index, index))
        } else {
            Err(StorageError::TemporarilyUnavailable)
        };
        assert_eq!(storage.snapshot(2, at_least), expected);
        assert_eq!(storage.latest_snapshot(), Some(snapshot(index, index)));
    }
    assert_eq!(
        MemoryStorage::new().snapshot(2, 0),
        Err(StorageError::TemporarilyUnavailable),
        "an unused store"
    );
}

/// A crash leaves what was synced: everything up to then, whatever it was, and nothing after.
#[test]
fn crashes() {
    type Write = fn(&mut MemoryStorage);
    let writes: [(&str, Write); 6] = [
        ("entries", |storage| storage.append(&entries(7, &[7])).expect("it fits")),
        ("another tail", |storage| {
            storage.append(&entries(5, &[9])).expect("it fits");
        }),
        ("a hard state", |storage| {
            storage.set_hard_state(HardState::new(9, Some(2), 6));
        }),
        ("a configuration", |storage| {
            storage.set_conf_state(ConfState::of_voters([7]), 1);
        }),
        ("a snapshot", |storage| {
            storage.install_snapshot(snapshot(9, 9)).expect("newer");
        }),
        ("a compaction", |storage| storage.compact(5).expect("in the log")),
    ];
    for (name, write) in writes {
        let mut storage = three();
        storage.sync();
        let before = storage.clone();
        write(&mut storage);
        let written = storage.clone();
        assert_ne!(storage, before, "{name}");
        storage.crash();
        assert_eq!(storage, before, "{name}: not synced");
        write(&mut storage);
        assert_eq!(storage, written, "{name}");
        storage.sync();
        let synced = storage.clone();
        storage.crash();
        assert_eq!(storage, synced, "{name}: synced");
    }
    let mut never = three();
    never.crash();
    assert_eq!(text(&never), "4..3 [3]", "what it was made from is there");
}

/// An unused store but for a snapshot, as no `MemoryStorage` can be.
struct Handing(MemoryStorage, Snapshot);

impl Storage for Handing {
    quorate::delegate_storage!(0: initial_state, first_index, last_index, term, entries, keeps_promises);

    fn snapshot(&self, _: NodeId, _: u64) -> Result<Snapshot, StorageError> {
        Ok(self.1.clone())
    }
}

/// A group begins with unused stores; what was used for anything is refused, with the reason.
#[test]
fn beginnings() {
    type Use = fn(&mut MemoryStorage);
    let uses: [(Use, &str); 5] = [
        (
            |storage| {
                storage.set_hard_state(HardState::new(1, None, 0));
            },
            "it has a hard state",
        ),
        (
            |storage| storage.set_conf_state(ConfState::of_voters([1]), 1),
            "it has a configuration",
        ),
        (
            |storage| storage.append(&entries(1, &[1])).expect("it fits"),
            "it has a log",
        ),
        (
            |storage| {
                storage.append(&entries(1, &[1])).expect("it fits");
                storage.compact(1).expect("in the log");
            },
            "it has a log",
        ),
        (|storage| *storage = store(&[1]), "it has a configuration"),
    ];
    let three = ConfState::of_voters([3, 1, 2]);
    for (used, why) in uses {
        let mut storage = MemoryStorage::new();
        used(&mut storage);
        assert_eq!(bootstrap(1, &storage, &three), Err(ConfigError::Used(why.to_string())));
    }
    let used = Err(ConfigError::Used("it has a snapshot".to_string()));
    let handing = Handing(MemoryStorage::new(), snapshot(1, 1));
    assert_eq!(bootstrap(1, &handing, &three), used);
    let first = bootstrap(1, &MemoryStorage::new(), &three).expect("unused");
    let again = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3])).expect("unused");
    assert_eq!(first, again, "the same on every node");
    assert_eq!((first.metadata.index, first.metadata.term), (1, 1));
    for wrong in [
        ConfState::default(),
        ConfState::of_voters([0]),
        ConfState::of_voters([1, 1]),
    ] {
        assert!(
            matches!(
                bootstrap(1, &MemoryStorage::new(), &wrong),
                Err(ConfigError::ConfState(_))
            ),
            "{wrong:?}"
        );
    }
    // Installed in two steps or in one, it is the same store.
    let mut storage = MemoryStorage::new();
    storage.install_snapshot(first.clone()).expect("newer");
    storage.sync();
    assert_eq!(storage, MemoryStorage::from_snapshot(first));
    assert!(RawNode::new(Config::new(2, 1), storage).is_ok());
}
