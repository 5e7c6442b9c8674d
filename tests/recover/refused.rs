//! What a plan is not applied to.

use std::cell::Cell;

use bytes::Bytes;
use quorate::error::ConfigError;
use quorate::membership::ConfChangeKind;
use quorate::recover::{self, RecoverError};
use quorate::storage::InitialState;
use quorate::types::{NUMBER_MAX, RECOVERED};
use quorate::{
    ConfState, Entries, Entry, HardState, Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError, Term,
};

use crate::{OLD, adding, change, data, recovered, store, three};

fn entries() -> [Entry; 3] {
    [data(2, 6), data(3, 7), data(3, 8)]
}

/// What the plan was made for: node 2 with what is here.
fn planned() -> MemoryStorage {
    store(three(), &entries(), state()).with_identity(0xd2)
}

fn state() -> HardState {
    HardState::new(3, Some(1), 7).with_promised_ticks(10)
}

fn with_state(edit: impl FnOnce(&mut HardState)) -> MemoryStorage {
    let (mut storage, mut state) = (planned(), state());
    edit(&mut state);
    storage.set_hard_state(state);
    storage
}

fn with_entries(entries: &[Entry]) -> MemoryStorage {
    store(three(), entries, state()).with_identity(0xd2)
}

/// By row: the store, and what differs.
#[test]
fn a_store_that_is_not_as_it_was() {
    let plan = recover::plan(&planned(), 2, 6).expect("a member");
    assert!(recover::apply(&plan, &planned()).is_ok());
    let mut compacted = planned();
    compacted.compact(6).expect("it is there");
    let other_data = {
        let mut value = data(3, 8);
        value.data = "3-8".into();
        value
    };
    let learner = change(3, 8, &adding(ConfChangeKind::AddLearnerNode, 9));
    let mut configured = planned();
    configured.set_conf_state(ConfState::of_voters([1, 2, 4]), 6);
    let longer = [data(2, 6), data(3, 7), data(3, 8), data(3, 9)];
    let rows = [
        (planned().with_cluster_id(OLD + 1), "cluster id"),
        (planned().with_cluster_id(0), "cluster id"),
        (planned().with_identity(0xd3), "identity"),
        (planned().with_identity(0), "identity"),
        (with_state(|state| state.term += 1), "term"),
        (with_state(|state| state.vote = Some(3)), "vote"),
        (with_state(|state| state.vote = None), "vote"),
        (with_state(|state| state.commit += 1), "stored commit"),
        (with_state(|state| state.commit -= 1), "stored commit"),
        (with_state(|state| state.promised_ticks = 9), "promised ticks"),
        (compacted, "log begins after"),
        (with_entries(&entries()[..2]), "last entry"),
        (with_entries(&longer), "last entry"),
        (with_entries(&[data(2, 6), data(3, 7), data(4, 8)]), "last entry"),
        (
            with_entries(&[data(2, 6), data(2, 7), data(3, 8)]),
            "committed for sure",
        ),
        (
            with_entries(&[data(2, 6), data(3, 7), other_data]),
            "entries after applied",
        ),
        (
            with_entries(&[data(2, 6), data(3, 7), learner]),
            "entries after applied",
        ),
        (configured, "last configuration"),
    ];
    for (number, (storage, expected)) in rows.into_iter().enumerate() {
        match recover::apply(&plan, &storage) {
            Err(RecoverError::Differs { what, .. }) => assert_eq!(what, expected, "row {number}"),
            other => panic!("row {number}, {expected}: {other:?}"),
        }
    }
}

/// In words.
#[test]
fn what_differs_is_said() {
    let plan = recover::plan(&planned(), 2, 6).expect("a member");
    let error = recover::apply(&plan, &with_entries(&entries()[..2])).expect_err("it is shorter");
    assert_eq!(
        error.to_string(),
        "last entry was 3/8 when the plan was made, and is 3/7"
    );
}

/// A plan is applied once: to what it made, and to what another plan or a later start made of the store, it is not.
#[test]
fn once() {
    let plan = recover::plan(&planned(), 2, 0).expect("a member");
    let first = recovered(&planned(), 2, 1);
    let mut stores = vec![MemoryStorage::from(first.clone())];
    stores.push(recovered(&planned(), 2, 2).into());
    stores.push(recovered(&stores[0], 2, 3).into());
    let mut cluster = crate::started(&first);
    cluster.tick_all(30);
    cluster.commit(2, "x");
    stores.push(cluster.raw(2).storage().clone());
    for storage in stores {
        let cluster_id = storage.initial_state().expect("works").cluster_id;
        let outcome = recover::apply(&plan, &storage).map(|_| ());
        assert_eq!(outcome, Err(RecoverError::AppliedBefore { cluster_id }));
    }
    // A plan for the recovered store itself is another matter, and applied once as well.
    let store = MemoryStorage::from(first);
    let again = recover::plan(&store, 2, 0).expect("a member");
    assert!(recover::apply(&again, &store).is_ok());
    let third = MemoryStorage::from(recovered(&store, 2, 4));
    let outcome = recover::apply(&again, &third).map(|_| ());
    assert!(
        matches!(outcome, Err(RecoverError::AppliedBefore { .. })),
        "{outcome:?}"
    );
}

/// Ids, numbers, and entries that were not taken.
#[test]
fn what_the_caller_gets_wrong() {
    for id in [0, 4, u64::MAX] {
        assert_eq!(recover::plan(&planned(), id, 0), Err(RecoverError::NotMember { id }));
    }
    let beyond = ConfigError::AppliedBeyondLog { applied: 9, last: 8 };
    assert_eq!(recover::plan(&planned(), 2, 9), Err(RecoverError::Store(beyond)));
    let behind = ConfigError::AppliedBehindSnapshot {
        applied: 4,
        snapshot: 5,
    };
    assert_eq!(recover::plan(&planned(), 2, 4), Err(RecoverError::Store(behind)));

    let storage = planned();
    let plan = recover::plan(&storage, 2, 6).expect("a member");
    let mut recovery = recover::apply(&plan, &storage).expect("as it was");
    for index in [7, 8] {
        let refused = recovery.finish(Bytes::new(), 1).map(|_| ());
        assert_eq!(refused, Err(RecoverError::NotTaken { index }));
        assert!(recovery.take_entries(0).expect("works").is_some());
    }
    assert_eq!(recovery.take_entries(0), Ok(None));
    for drawn in [0, RECOVERED] {
        let refused = recovery.finish(Bytes::new(), drawn).map(|_| ());
        assert_eq!(refused, Err(RecoverError::ClusterId { drawn }));
    }
    let first = recovery.finish(Bytes::new(), 5).expect("a good number");
    let store = MemoryStorage::from(first);
    let again = recover::plan(&store, 2, 0).expect("a member");
    let again = recover::apply(&again, &store).expect("as it was");
    for drawn in [5, RECOVERED | 5] {
        let refused = again.finish(Bytes::new(), drawn).map(|_| ());
        assert_eq!(refused, Err(RecoverError::ClusterId { drawn }), "the group that was");
    }
}

#[test]
fn no_more_terms_or_indexes() {
    let beginning = |term, index, of| {
        let mut first = planned().snapshot(0, 0).expect("there is one");
        (first.metadata.term, first.metadata.index) = (of, index);
        let mut storage = MemoryStorage::from_snapshot(first);
        storage.set_hard_state(HardState::new(term, None, index));
        recover::plan(&storage, 2, 0).map(|plan| plan.new_term())
    };
    let at = |term, index| beginning(term, index, 2);
    assert_eq!(beginning(0, 9, 0), Ok(2), "above the term in which groups begin");
    assert_eq!(at(NUMBER_MAX - 2, 9), Ok(NUMBER_MAX - 1));
    assert_eq!(at(3, NUMBER_MAX - 1), Ok(4));
    for (term, index) in [(NUMBER_MAX - 1, 9), (NUMBER_MAX, 9), (u64::MAX, 9), (3, NUMBER_MAX)] {
        assert_eq!(at(term, index), Err(RecoverError::Exhausted), "{term} {index}");
    }
}

/// What was written wrongly is named; a storage that keeps no promises need not.
#[test]
fn what_was_not_written() {
    let recovered = recovered(&planned(), 2, 1);
    let good = MemoryStorage::from(recovered.clone());
    assert_eq!(recovered.verify(&good), Ok(()));
    let mut stale = good.clone();
    stale.set_hard_state(state());
    let mut torn = planned().with_cluster_id(recovered.cluster_id);
    torn.set_hard_state(recovered.hard_state);
    let mut grown = good.clone();
    grown.append(&[data(9, 9)]).expect("it follows");
    let mut configured = good.clone();
    configured.set_conf_state(three(), 8);
    let mut promised = good.clone();
    promised.set_hard_state(recovered.hard_state.with_promised_ticks(3));
    let rows = [
        (good.clone().with_cluster_id(OLD), "cluster id"),
        (good.clone().with_identity(1), "identity"),
        (stale, "hard state"),
        (promised.clone(), "hard state"),
        (torn, "configuration"),
        (configured, "configuration"),
        (grown, "last entry"),
        (MemoryStorage::new(), "cluster id"),
    ];
    for (storage, expected) in rows {
        match recovered.verify(&storage) {
            Err(RecoverError::NotWritten { what, .. }) => assert_eq!(what, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert_eq!(recovered.verify(&Moody(promised, Cell::new(Mood::Forgetful))), Ok(()));
}

/// What is wrong with a storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Forgetful,
    Later,
    Corrupt,
    Falling,
    Jumping,
    /// Like the last, after so many answers.
    JumpingAfter(u32),
}

#[derive(Debug)]
struct Moody(MemoryStorage, Cell<Mood>);

impl Storage for Moody {
    fn initial_state(&self) -> Result<InitialState, StorageError> {
        self.0.initial_state()
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        self.0.first_index()
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        self.0.last_index()
    }

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        self.0.term(index)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        let mut entries = self.0.entries(low, high, max_bytes)?.to_vec();
        match self.1.get() {
            Mood::Forgetful => {}
            Mood::JumpingAfter(answers @ 1..) => self.1.set(Mood::JumpingAfter(answers - 1)),
            Mood::Later => return Err(StorageError::TemporarilyUnavailable),
            Mood::Corrupt => return Err(StorageError::Corrupt(7)),
            Mood::Falling => entries[0].term = 1,
            Mood::Jumping | Mood::JumpingAfter(0) => entries[0].index += 1,
        }
        Ok(Entries::from(&entries[..]))
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        self.0.snapshot(peer, at_least)
    }
}

/// What cannot be read is no survivor; nothing panics.
#[test]
fn storages_that_do_not_work() {
    let store = |error| Err(RecoverError::Store(ConfigError::Storage(error)));
    let moody = |mood| recover::plan(&Moody(planned(), Cell::new(mood)), 2, 6).map(|_| ());
    assert_eq!(moody(Mood::Forgetful), Ok(()));
    assert_eq!(moody(Mood::Later), store(StorageError::TemporarilyUnavailable));
    assert_eq!(moody(Mood::Corrupt), store(StorageError::Corrupt(7)));
    for mood in [Mood::Falling, Mood::Jumping] {
        let outcome = moody(mood);
        let broken = matches!(
            outcome,
            Err(RecoverError::Store(ConfigError::Storage(StorageError::Broken(_))))
        );
        assert!(broken, "{mood:?}: {outcome:?}");
    }
}

/// Nor is what is handed out, if it is not what was asked for: though it was when the store was inspected.
#[test]
fn a_storage_that_changes_its_mind() {
    let plan = recover::plan(&planned(), 2, 6).expect("a member");
    let storage = Moody(planned(), Cell::new(Mood::Forgetful));
    let mut recovery = recover::apply(&plan, &storage).expect("as it was");
    storage.1.set(Mood::JumpingAfter(1));
    assert!(recovery.take_entries(1).is_ok());
    let outcome = recovery.take_entries(1);
    let broken = matches!(
        outcome,
        Err(RecoverError::Store(ConfigError::Storage(StorageError::Broken(_))))
    );
    assert!(broken, "{outcome:?}");
    let not_taken = recovery.finish(Bytes::new(), 1).map(|_| ());
    assert_eq!(not_taken, Err(RecoverError::NotTaken { index: 8 }));
}

/// A snapshot from the end of the log stands for what comes before; the data is the caller's.
#[test]
fn the_data_is_the_callers() {
    let storage = planned();
    let plan = recover::plan(&storage, 2, 8).expect("a member");
    let recovery = recover::apply(&plan, &storage).expect("as it was");
    let recovered = recovery.finish("what it is at 8".into(), 1).expect("all is applied");
    assert_eq!(recovered.snapshot.data, "what it is at 8");
}
