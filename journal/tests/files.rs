//! Journals in real files: what is written is there again, and what is no journal is refused untouched.

use std::fs;

use quorate::types::SnapshotMetadata;
use quorate::{
    ConfState, Config, Entry, EntryId, HardState, MemoryStorage, RawNode, Snapshot, Storage, StorageError, bootstrap,
};
use quorate_journal::{Journal, JournalError};

fn snapshot(term: u64, index: u64) -> Snapshot {
    let metadata = SnapshotMetadata::new(EntryId { term, index }, ConfState::of_voters([1, 2, 3]));
    Snapshot::new(metadata, format!("state at {index}"))
}

fn entries(range: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
    range
        .map(|index| Entry::new(2, index, format!("entry {index}")))
        .collect()
}

/// A life: founded, written to, compacted. Equal before and after being opened again, appended to or written anew.
#[test]
fn what_is_written_is_there_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("raft");
    assert!(
        matches!(Journal::open(&path), Err(JournalError::File(_))),
        "there is none"
    );
    let founders = ConfState::of_voters([1, 2, 3]).with_identities([(1, 0xd1)]);
    let unused = MemoryStorage::new().with_cluster_id(7).with_identity(0xd1);
    let first = bootstrap(1, &unused, &founders).expect("unused");
    let store = MemoryStorage::from_snapshot(first)
        .with_cluster_id(7)
        .with_identity(0xd1);
    let mut journal = Journal::create(&path, store.clone()).expect("there is none yet");
    assert_eq!(journal.memory(), &store);
    assert!(matches!(Journal::create(&path, store), Err(JournalError::Exists(_))));
    journal.append(&entries(2..=9)).expect("no gap");
    journal
        .set_hard_state(HardState::new(2, Some(3), 8).with_promised_ticks(10))
        .expect("space");
    journal.set_snapshot(snapshot(2, 6)).expect("space");
    assert_eq!(
        journal.compact(7),
        Err(StorageError::Unavailable),
        "no snapshot stands for it"
    );
    journal.compact(5).expect("the snapshot stands for it");
    journal.set_conf_state(founders, 7).expect("space");
    journal.sync().expect("it works");

    let memory = journal.memory().clone();
    let appended = fs::read(&path).expect("the file").len();
    drop(journal);
    let mut journal = Journal::open(&path).expect("a journal");
    assert_eq!(journal.memory(), &memory);
    journal.rewrite().expect("space");
    assert_eq!(journal.memory(), &memory);
    assert!(fs::read(&path).expect("the file").len() < appended);
    journal.append(&entries(10..=10)).expect("behind what is written anew");
    let memory = journal.memory().clone();
    drop(journal);
    let mut again = Journal::open(&path).expect("a journal");
    assert_eq!(again.memory(), &memory);
    assert_eq!(again.last_index(), Ok(10));
    let config = again.configured(Config::new(1, 42));
    assert_eq!((config.applied, config.cluster_id), (6, 7));
    assert!(RawNode::new(config, &again).is_ok());
    let recovered = MemoryStorage::from_snapshot(snapshot(3, 10)).with_cluster_id(1 << 63);
    again.replace_with(recovered.clone()).expect("space");
    drop(again);
    assert_eq!(Journal::open(&path).expect("a journal").memory(), &recovered);
}

/// A founder's store, a joiner's, and who may not found: with the group, the identity and the configuration of each.
#[test]
fn founders_and_joiners_begin_as_they_have_to() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    let founders = ConfState::of_voters([1, 2])
        .with_learners([3])
        .with_identities([(1, 0xd1)]);
    for (id, identity) in [(1, 0xd1), (2, 0)] {
        let journal = Journal::found(path(&id.to_string()), id, &founders, 7).expect("a voter");
        let state = journal.initial_state().expect("it is there");
        assert_eq!(
            (state.cluster_id, state.identity, &state.conf_state),
            (7, identity, &founders)
        );
        assert_eq!(journal.last_index(), Ok(1));
        assert!(RawNode::new(journal.configured(Config::new(id, 42)), journal).is_ok());
    }
    let learner = Journal::found(path("3"), 3, &founders, 7);
    assert!(matches!(learner, Err(JournalError::Founder(_))), "{learner:?}");
    assert!(!path("3").exists());
    let joining = Journal::join(path("3"), 7, 0xd3).expect("there is none");
    let state = joining.initial_state().expect("it is there");
    assert_eq!(
        (state.cluster_id, state.identity, joining.last_index()),
        (7, 0xd3, Ok(0))
    );
    assert!(matches!(
        Journal::join(path("3"), 7, 0xd3),
        Err(JournalError::Exists(_))
    ));
}

/// A creation that was interrupted leaves nothing that keeps the next one off.
#[test]
fn a_creation_that_was_interrupted_is_begun_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("raft");
    drop(quorate_journal::DiskFile::create(&path).expect("space"));
    assert!(Journal::open(&path).is_err(), "there is none");
    Journal::create(&path, MemoryStorage::new()).expect("there is none");
    Journal::open(&path).expect("there is one");
}

/// A node that runs twice would promise twice.
#[test]
fn a_journal_is_open_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("raft");
    let creating = quorate_journal::DiskFile::create(&path).expect("space");
    let locked = |opened: Result<Journal, JournalError>| matches!(opened, Err(JournalError::Locked(at)) if at == path);
    assert!(locked(Journal::create(&path, MemoryStorage::new())));
    drop(creating);
    let mut journal = Journal::create(&path, MemoryStorage::new()).expect("nobody creates it any more");
    assert!(locked(Journal::open(&path)));
    journal.rewrite().expect("space");
    assert!(locked(Journal::open(&path)), "another file, the same lock");
    drop(journal);
    Journal::open(&path).expect("nobody has it open");
}

/// The format: whoever changes these bytes makes a new version, with a way from this one.
#[test]
fn the_format_is_pinned() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("raft");
    let mut journal = Journal::create(&path, MemoryStorage::new()).expect("a new file");
    let begun = fs::read(&path).expect("the file").len();
    journal.set_hard_state(HardState::new(1, Some(2), 0)).expect("space");
    journal.append(&[Entry::new(1, 1, "x")]).expect("no gap");
    let bytes = fs::read(&path).expect("the file").split_off(begun);
    let hard_state = "0500000084c6a4390408011002";
    let entry = "08000000fe19f4cb0310011801220178";
    let expected = [hard_state, entry].concat();
    let pairs = expected
        .as_bytes()
        .chunks(2)
        .map(|pair| str::from_utf8(pair).expect("hexadecimal"));
    let expected: Result<Vec<u8>, _> = pairs.map(|pair| u8::from_str_radix(pair, 16)).collect();
    assert_eq!(Ok(bytes), expected);
}

type Is = fn(&JournalError) -> bool;

#[test]
fn what_is_no_journal_is_refused_untouched() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("raft");
    let record = |content: &[u8]| {
        let length = u32::try_from(content.len()).expect("short").to_le_bytes();
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&length);
        hasher.update(content);
        [&length[..], &hasher.finalize().to_le_bytes(), content].concat()
    };
    let journal = |content: &[u8]| [b"qrtjrnl1".as_slice(), &record(content)].concat();
    let rows: [(&str, Vec<u8>, Is); 7] = [
        ("an empty file", Vec::new(), |error| {
            matches!(error, JournalError::Header(_))
        }),
        ("a text", b"x = 1\n".to_vec(), |error| {
            matches!(error, JournalError::Header(_))
        }),
        ("another version", b"qrtjrnl2".to_vec(), |error| {
            matches!(error, JournalError::Header(_))
        }),
        ("an unknown change", journal(&[9]), |error| {
            matches!(error, JournalError::Record { at: 8, .. })
        }),
        ("nothing", journal(&[]), |error| {
            matches!(error, JournalError::Record { at: 8, .. })
        }),
        ("half a number", journal(&[7, 1, 2]), |error| {
            matches!(error, JournalError::Record { at: 8, .. })
        }),
        ("a gap", journal(&[3, 0x18, 9]), |error| {
            matches!(error, JournalError::Misfit { at: 8, .. })
        }),
    ];
    for (what, bytes, is) in rows {
        fs::write(&path, &bytes).expect("space");
        let refused = Journal::open(&path).expect_err(what);
        assert!(is(&refused), "{what}: {refused}");
        assert_eq!(fs::read(&path).expect("the file"), bytes, "{what}");
    }
    // A torn tail is cut off: nobody was promised what it would have said.
    for torn in 1..journal(&[7]).len() - 8 {
        let mut bytes = journal(&[1; 17]);
        let whole = bytes.len();
        bytes.extend_from_slice(&record(&[7])[..torn.min(8)]);
        fs::write(&path, &bytes).expect("space");
        Journal::open(&path).expect("a journal");
        assert_eq!(fs::read(&path).expect("the file").len(), whole);
    }
}
