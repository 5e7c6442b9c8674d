//! What a snapshot of one's own state machine stands for, as the node knows it; and what a store takes of it.

use quorate::error::{NodeError, SnapshotError};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::Payload;
use quorate::ready::TaskResponse;
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, Config, HardState, Index, MemoryStorage, Snapshot, StorageError};

use crate::snapshots::{snapshot, voters};
use crate::support::{Cluster, config, message, plain, store};
use crate::{alone, append, entries, hear, id, leading, says, store_with};

fn of(at: (u64, u64), conf_state: ConfState) -> SnapshotMetadata {
    SnapshotMetadata::new(id(at.0, at.1), conf_state)
}

fn ahead(applied: Index, configured_at: Index) -> Result<SnapshotMetadata, SnapshotError> {
    Err(SnapshotError::ConfigurationAhead { applied, configured_at })
}

fn metadata(cluster: &Cluster) -> Result<SnapshotMetadata, SnapshotError> {
    cluster.raw(1).snapshot_metadata()
}

/// A follower in term 2 that has applied 1/2 and 2/3, of a log up to 2/4.
fn follower(settings: Config) -> Cluster {
    let mut cluster = alone(settings, store_with(3, &[1, 2, 2], HardState::new(2, None, 3)));
    says(&mut cluster);
    cluster
}

/// What is applied, in every way in which it can have been.
#[test]
fn what_is_applied() {
    let three = || voters(&[1, 2, 3]);
    assert_eq!(
        metadata(&alone(plain(1), MemoryStorage::new())),
        Err(SnapshotError::NothingApplied)
    );
    assert_eq!(metadata(&alone(plain(1), store(&[1, 2, 3]))), Ok(of((1, 1), three())));
    let mut cluster = follower(plain(1));
    assert_eq!(
        metadata(&cluster),
        Ok(of((2, 3), three())),
        "and not the entry after it"
    );
    cluster.node(1).storage_mut().compact(3).expect("in the log");
    assert_eq!(metadata(&cluster), Ok(of((2, 3), three())), "compacted");
    cluster.node(1).storage_mut().compact(4).expect("in the log");
    let compacted = Err(SnapshotError::Storage(StorageError::Compacted));
    assert_eq!(metadata(&cluster), compacted, "more than is applied");
    // Learners and names are in it, and the next configuration when its change is applied.
    let mut storage = store(&[1]);
    let named = voters(&[1]).with_learners([3]).with_identities([(3, 0xd3)]);
    storage.set_conf_state(named.clone(), 1);
    let mut cluster = alone(plain(1), storage);
    assert_eq!(metadata(&cluster), Ok(of((1, 1), named.clone())));
    cluster.node(1).campaign().expect("it may");
    says(&mut cluster);
    assert_eq!(metadata(&cluster), Ok(of((1, 2), named.clone())));
    let change = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 4)]);
    let _ = cluster.node(1).propose_conf_change(change).expect("it may");
    assert_eq!(metadata(&cluster), Ok(of((1, 2), named.clone())), "not applied");
    says(&mut cluster);
    assert_eq!(metadata(&cluster), Ok(of((1, 3), named.with_learners([3, 4]))));
}

/// While a Ready with committed entries is out, the state machine may be anywhere.
#[test]
fn not_while_entries_are_out() {
    let mut cluster = leading(1, plain(1));
    let node = cluster.node(1);
    let _ = node.propose("a").expect("it leads");
    let mut known = 0;
    while let Some(ready) = node.ready().expect("a sound node") {
        node.storage_mut().persist(&ready).expect("it works");
        let (applied, out) = (node.status().applied, node.snapshot_metadata().err());
        let mut done = ready.persisted();
        let taken = done.take_committed_entries();
        let refused = taken.last().map(|entry| {
            let handed_out = entry.index;
            SnapshotError::Applying { applied, handed_out }
        });
        assert_eq!([out, node.snapshot_metadata().err()], [refused.clone(), refused]);
        node.advance(done).expect("the one that is out");
        known = node.snapshot_metadata().expect("between two Readies").index;
    }
    assert_eq!(known, 3);
}

/// A snapshot that is received brings the configuration ahead of the state machine until it is stored; so may the store
/// at start.
#[test]
fn not_while_the_configuration_is_ahead() {
    for asynchronous in [false, true] {
        let mut settings = plain(1);
        settings.settings_mut().async_storage_writes = asynchronous;
        let mut cluster = follower(settings);
        let received = snapshot((2, 9), voters(&[1, 2, 3, 4]));
        let payload = Payload::install_snapshot(received.clone());
        cluster.node(1).step(message(2, 1, 2, payload)).expect("legal");
        assert_eq!(metadata(&cluster), ahead(3, 9));
        says(&mut cluster);
        assert_eq!(metadata(&cluster), Ok(received.metadata.clone()));
        hear(&mut cluster, 2, 2, append((2, 9), &[2, 2], 10));
        assert_eq!(metadata(&cluster), Ok(of((2, 10), received.metadata.conf_state)));
    }
    let mut storage = store_with(3, &[1, 2, 2], HardState::new(2, None, 1));
    storage.set_conf_state(voters(&[1, 2]), 3);
    let mut cluster = alone(plain(1), storage);
    assert_eq!(metadata(&cluster), ahead(1, 3));
    says(&mut cluster);
    assert_eq!(metadata(&cluster), Ok(of((2, 3), voters(&[1, 2]))));
}

/// With asynchronous writes what is acknowledged counts, however much is handed out; and a change counts from when it
/// is made until that is acknowledged as ahead.
#[test]
fn what_is_acknowledged() {
    let mut settings = plain(1);
    settings.settings_mut().async_storage_writes = true;
    let mut cluster = alone(settings, store(&[1, 2]));
    let change = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 4)]);
    let mut log = entries(2, &[1, 1]);
    let kind = quorate::types::EntryKind::ConfChangeV2;
    log.push(quorate::Entry::new(1, 4, change.encode()).with_kind(kind));
    let node = cluster.node(1);
    let mut applies = Vec::new();
    for (prev, entry) in (1..).zip(log) {
        let append = quorate::message::Append::new(id(1, prev), prev + 1, [entry]);
        node.step(message(2, 1, 1, Payload::Append(append))).expect("legal");
        while let Some(mut ready) = node.ready().expect("a sound node") {
            applies.extend(ready.take_apply_task());
            let Some(task) = ready.take_append_task() else { continue };
            node.storage_mut().persist_task(&task).expect("it works");
            for response in task.done() {
                if let TaskResponse::Ack(ack) = response {
                    node.acknowledge(ack).expect("in order");
                }
            }
        }
    }
    let (before, after) = (voters(&[1, 2]), voters(&[1, 2]).with_learners([4]));
    let mut seen = vec![node.snapshot_metadata()];
    for task in applies {
        for entry in task.entries().iter().filter(|entry| entry.is_conf_change()) {
            assert_eq!(node.apply_conf_change(entry), Ok(after.clone()));
            seen.push(node.snapshot_metadata());
        }
        node.acknowledge(task.done()).expect("in order");
        seen.push(node.snapshot_metadata());
    }
    let expected = [
        Ok(of((1, 1), before.clone())),
        Ok(of((1, 2), before.clone())),
        Ok(of((1, 3), before)),
        ahead(3, 4),
        Ok(of((1, 4), after)),
    ];
    assert_eq!(seen, expected);
}

/// A node that is finished, or whose state may be wrong, gives none.
#[test]
fn not_of_what_may_be_wrong() {
    let mut cluster = follower(config(1));
    let contradiction = append((1, 3), &[], 3);
    assert!(cluster.node(1).step(message(2, 1, 2, contradiction)).is_err());
    assert_eq!(metadata(&cluster), Err(SnapshotError::Diverged));
    let mut cluster = alone(plain(1), store_with(3, &[1, 2, 2], HardState::new(2, None, 3)));
    let node = cluster.node(1);
    node.storage_mut().compact(4).expect("in the log");
    assert!(node.ready().is_err(), "what is to be applied is gone");
    let poisoned = matches!(
        node.snapshot_metadata(),
        Err(SnapshotError::Node(NodeError::Poisoned(_)))
    );
    assert!(poisoned);
}

/// A store that begins after 3/3, with a snapshot of that, and holds 4/4, 5/5 and 6/6; and the same compacted to 5.
fn stores() -> [MemoryStorage; 2] {
    let mut storage = MemoryStorage::from_snapshot(snapshot((3, 3), voters(&[1, 2])));
    storage.append(&entries(4, &[4, 5, 6])).expect("it fits");
    let mut compacted = storage.clone();
    compacted.compact(5).expect("in the log");
    [storage, compacted]
}

/// Snapshots that a store is to hand out: what it says, with the log as it is and compacted to 5; and to the call that
/// makes one of the same index. What it takes is there, and the configuration with it; the rest changes nothing.
#[test]
fn what_a_store_stands_behind() {
    use StorageError::{Compacted, OtherTerm, SnapshotOutOfDate, Unavailable};
    type Outcome = Result<(), StorageError>;
    type Case = ((u64, u64), [Outcome; 2], [Outcome; 2]);
    let old = |index| Err(SnapshotOutOfDate { index, latest: 3 });
    let other = |index, log, snapshot| Err(OtherTerm { index, log, snapshot });
    let cases: [Case; 9] = [
        ((0, 0), [old(0), old(0)], [old(0), old(0)]),
        ((2, 2), [old(2), old(2)], [old(2), old(2)]),
        ((3, 3), [Ok(()), Err(Compacted)], [old(3), old(3)]),
        ((2, 3), [other(3, 3, 2), Err(Compacted)], [old(3), old(3)]),
        ((4, 4), [Ok(()), Err(Compacted)], [Ok(()), Err(Compacted)]),
        ((5, 5), [Ok(()), Ok(())], [Ok(()), Ok(())]),
        ((6, 5), [other(5, 5, 6), other(5, 5, 6)], [Ok(()), Ok(())]),
        ((6, 6), [Ok(()), Ok(())], [Ok(()), Ok(())]),
        (
            (6, 7),
            [Err(Unavailable), Err(Unavailable)],
            [Err(Unavailable), Err(Unavailable)],
        ),
    ];
    for ((term, index), set, created) in cases {
        for (position, store) in stores().into_iter().enumerate() {
            let name = format!("{term}/{index}, {position}");
            let given = Snapshot::new(SnapshotMetadata::new(id(term, index), voters(&[1, 2, 7])), "x");
            let mut taken = store.clone();
            assert_eq!(taken.set_snapshot(given.clone()), set[position], "{name}");
            check_taken(&store, &taken, set[position].is_ok().then_some(given.clone()));
            let mut taken = store.clone();
            let outcome = taken.create_snapshot(index, given.metadata.conf_state, "x");
            assert_eq!(outcome.clone().map(|_| ()), created[position], "{name}");
            check_taken(&store, &taken, outcome.ok());
        }
    }
}

fn check_taken(before: &MemoryStorage, after: &MemoryStorage, given: Option<Snapshot>) {
    use quorate::Storage;
    let Some(given) = given else {
        assert_eq!(after, before);
        return;
    };
    assert_eq!(after.log(), before.log(), "the log stays");
    assert_eq!(after.latest_snapshot(), Some(given.clone()));
    let (old, new) = (
        before.initial_state().expect("sound"),
        after.initial_state().expect("sound"),
    );
    let as_of = given.metadata.index.max(old.conf_state_index);
    assert_eq!(new.conf_state_index, as_of);
    let expected = if given.metadata.index > old.conf_state_index {
        given.metadata.conf_state
    } else {
        old.conf_state
    };
    assert_eq!(new.conf_state, expected, "of {as_of}");
    let mut crashed = after.clone();
    crashed.crash();
    assert_eq!(crashed, synced(before), "nothing of it was synced");
}

fn synced(store: &MemoryStorage) -> MemoryStorage {
    let mut crashed = store.clone();
    crashed.crash();
    crashed
}
