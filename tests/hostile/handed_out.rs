//! What is handed out must be handled: persisted, taken, and each configuration change applied or cancelled.
//! Who forgets is told so, the node is as it was, and what is missing can be made up for.

use quorate::error::{AcknowledgeError, ApplyError, ChangeRefusal};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::Payload;
use quorate::ready::{Ack, NotAdvanced, Persisted};
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{
    ConfState, Entry, EntryId, Event, HardState, Index, MemoryStorage, RawNode, Ready, Snapshot, StorageError, Term,
};

use crate::session::{call, drain};
use crate::support::{message, plain, store};

type Node = RawNode<MemoryStorage>;

fn adds(index: Index, node: u64) -> Entry {
    Entry::new(
        1,
        index,
        ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, node)]).encode(),
    )
    .with_kind(EntryKind::ConfChangeV2)
}

fn says(index: Index) -> Entry {
    Entry::new(1, index, "x")
}

/// Follower 2 of a group of three, with these entries from index 2 on, all committed.
fn follower(asynchronous: bool, entries: &[Entry]) -> Node {
    let mut storage = store(&[1, 2, 3]);
    storage.append(entries).expect("no gap");
    storage.set_hard_state(HardState::new(1, None, storage.log().last().expect("an entry").index));
    storage.sync();
    let mut config = plain(2);
    config.settings_mut().async_storage_writes = asynchronous;
    RawNode::new(config, storage).expect("a legal store")
}

fn ready(node: &mut Node) -> Ready {
    node.ready().expect("a sound node").expect("something to do")
}

fn persist(node: &mut Node, ready: Ready) -> Persisted {
    let done = ready.persisted_by(|task| node.storage_mut().persist_task(task));
    done.expect("legal writes")
}

/// The refusal's reason, and the batch.
fn refused(node: &mut Node, done: Persisted) -> (AcknowledgeError, Persisted) {
    let NotAdvanced { reason, batch, .. } = call(node, |node| node.advance(done)).expect_err("not all is done");
    (reason, batch.expect("nothing is lost"))
}

fn refused_ack(node: &mut Node, ack: &Ack) -> AcknowledgeError {
    call(node, |node| node.acknowledge(ack)).expect_err("not all is done")
}

#[test]
fn a_forgotten_change_is_asked_for() {
    for cancelled in [false, true] {
        let entries = [says(2), adds(3, 4), says(4), adds(5, 5)];
        let mut node = follower(false, &entries);
        let ready = ready(&mut node);
        let mut done = persist(&mut node, ready);
        assert_eq!(done.take_committed_entries()[..], entries);
        for change in [&entries[1], &entries[3]] {
            let (reason, again) = refused(&mut node, done);
            assert_eq!(reason, AcknowledgeError::UnhandledChange { index: change.index });
            assert_eq!(node.status().applied, 1);
            done = again;
            if cancelled {
                node.cancel_conf_change(change).expect("it is next");
            } else {
                let _ = node.apply_conf_change(change).expect("it is next");
            }
        }
        node.advance(done).expect("all is done");
        assert_eq!(node.status().applied, 5);
        let learners: &[u64] = if cancelled { &[] } else { &[4, 5] };
        assert_eq!(node.membership().conf_state().learners, learners);
    }
}

/// With asynchronous storage writes each task is looked at by itself.
#[test]
fn a_forgotten_change_is_asked_for_before_its_task_counts() {
    let entries = [adds(2, 4), adds(3, 5)];
    let mut node = follower(true, &entries);
    let mut config = node.config().clone();
    config.settings_mut().max_committed_bytes_per_ready = 2 * entries[0].encoded_len();
    node.set_config(config).expect("legal settings");
    let both = ready(&mut node).take_apply_task().expect("two changes").done();
    for change in &entries {
        let unhandled = AcknowledgeError::UnhandledChange { index: change.index };
        assert_eq!(refused_ack(&mut node, &both), unhandled);
        let _ = node.apply_conf_change(change).expect("it is next");
    }
    node.acknowledge(&both).expect("all is done");
    let repeated = AcknowledgeError::Repeated { number: both.number() };
    assert_eq!(refused_ack(&mut node, &both), repeated);

    // Two tasks are out, and only the first is done.
    let mut node = follower(true, &entries);
    let mut config = node.config().clone();
    config.settings_mut().max_committed_bytes_per_ready = 1;
    node.set_config(config).expect("legal settings");
    let first = ready(&mut node).take_apply_task().expect("the first change").done();
    let _ = node.apply_conf_change(&entries[0]).expect("it is next");
    node.acknowledge(&first).expect("all of this task is done");
    let second = ready(&mut node).take_apply_task().expect("the second change").done();
    assert_eq!(
        refused_ack(&mut node, &second),
        AcknowledgeError::UnhandledChange { index: 3 }
    );
    assert_eq!(node.status().applied, 2);
}

/// A change is handled once, in the order of the log, and only if it is out.
#[test]
fn only_what_is_handed_out_is_applied() {
    let entries = [adds(2, 4), adds(3, 5)];
    let mut node = follower(false, &entries);
    let not_out = |entry: &Entry| ApplyError::NotHandedOut {
        index: entry.index,
        term: entry.term,
    };
    let refuses = |node: &mut Node, entry: &Entry, error: &ApplyError| {
        let applied = call(node, |node| node.apply_conf_change(entry));
        assert_eq!(applied.expect_err("it may not be applied"), *error);
        let cancelled = call(node, |node| node.cancel_conf_change(entry));
        assert_eq!(cancelled.expect_err("it may not be cancelled"), *error);
    };
    refuses(&mut node, &entries[0], &not_out(&entries[0])); // it is committed, but not out yet
    let ready = ready(&mut node);
    let mut done = persist(&mut node, ready);
    let _ = done.take_committed_entries();
    let mut other_term = entries[0].clone();
    other_term.term = 2;
    for stranger in [&other_term, &adds(4, 4), &says(2 + 100), &Entry::default()] {
        refuses(&mut node, stranger, &not_out(stranger));
    }
    let early = ApplyError::OutOfOrder { index: 3, expected: 2 };
    refuses(&mut node, &entries[1], &early);
    let _ = node.apply_conf_change(&entries[0]).expect("it is next");
    refuses(&mut node, &entries[0], &not_out(&entries[0]));
    node.cancel_conf_change(&entries[1]).expect("it is next");
    refuses(&mut node, &entries[1], &not_out(&entries[1]));
    node.advance(done).expect("all is done");
    assert_eq!(node.membership().conf_state().learners, [4]);
}

/// A change that cannot be made is handled all the same.
#[test]
fn a_change_that_makes_no_sense_is_handled_too() {
    for kind in [EntryKind::ConfChange, EntryKind::ConfChangeV2] {
        let mut nonsense = says(2).with_kind(kind);
        nonsense.data = b"\xff\xff".as_slice().into();
        let mut node = follower(false, std::slice::from_ref(&nonsense));
        let before = node.membership().clone();
        let ready = ready(&mut node);
        let mut done = persist(&mut node, ready);
        let _ = done.take_committed_entries();
        let _ = node.apply_conf_change(&nonsense).expect("it is next");
        let ignored = |event: &Event| {
            matches!(
                event,
                Event::ChangeIgnored {
                    reason: Some(ChangeRefusal::Undecodable(_)),
                    ..
                }
            )
        };
        assert!(node.take_events().iter().any(ignored));
        assert_eq!(*node.membership(), before);
        node.advance(done).expect("all is done");
    }
}

#[test]
fn committed_entries_must_be_taken() {
    let mut node = follower(false, &[says(2), says(3)]);
    let ready = ready(&mut node);
    let done = persist(&mut node, ready);
    let (reason, mut done) = refused(&mut node, done);
    assert_eq!(reason, AcknowledgeError::NotTaken { index: 2 });
    assert_eq!(done.take_committed_entries().len(), 2);
    node.advance(done).expect("all is done");
    assert_eq!(node.status().applied, 3);
}

/// A node that has its vote to store.
fn candidate() -> Node {
    let mut node = RawNode::new(plain(1), store(&[1, 2, 3])).expect("a legal store");
    node.campaign().expect("it may");
    node
}

#[test]
fn what_is_to_be_persisted_must_be_looked_at() {
    let mut node = candidate();
    let done = ready(&mut node).persisted();
    let (reason, done) = refused(&mut node, done);
    assert_eq!(reason, AcknowledgeError::NotPersisted);
    // Once more, and by hand.
    let (reason, done) = refused(&mut node, done.into_ready().persisted());
    assert_eq!(reason, AcknowledgeError::NotPersisted);
    let ready = done.into_ready();
    node.storage_mut().persist(&ready).expect("legal writes");
    node.advance(ready.persisted()).expect("all is done");
    assert_eq!(node.storage().hard_state().term, 1);

    // Each part that is looked at counts.
    let looks: [fn(&Ready); 4] = [
        |ready| drop(ready.append_task().cloned()),
        |ready| drop(ready.entries().to_vec()),
        |ready| drop(ready.snapshot().cloned()),
        |ready| assert!(ready.hard_state().is_some()),
    ];
    for look in looks {
        let mut node = candidate();
        let ready = node.ready().expect("a sound node").expect("a vote");
        look(&ready);
        node.advance(ready.persisted()).expect("somebody looked");
    }
    // Printing it, or asking whether it must be synced, does not.
    let mut node = candidate();
    let ready = node.ready().expect("a sound node").expect("a vote");
    assert!(ready.must_sync() && !ready.to_string().is_empty() && !format!("{ready:?}").is_empty());
    assert_eq!(refused(&mut node, ready.persisted()).0, AcknowledgeError::NotPersisted);
}

#[test]
fn a_write_that_fails_gives_the_ready_back() {
    let mut node = candidate();
    let broken = StorageError::Broken("on purpose".to_owned());
    let outcome = ready(&mut node).persisted_by(|_| Err(broken.clone()));
    let failed = outcome.expect_err("on purpose");
    assert_eq!((failed.to_string(), &failed.error), (broken.to_string(), &broken));
    let done = persist(&mut node, failed.ready);
    node.advance(done).expect("all is done");
    // Nothing to store: nobody is called.
    let mut node = follower(false, &[says(2)]);
    let done = ready(&mut node).persisted_by(|_| Err("called"));
    assert_eq!(done.expect("not called").take_committed_entries().len(), 1);
}

fn is_shared<T: Send + Sync + 'static>() {}

/// `?` takes all of them to a plain error.
#[test]
fn refusals_are_plain_errors() {
    fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut node = candidate();
        let ready = ready(&mut node);
        let done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
        node.advance(done)?;
        node.apply_conf_change(&adds(7, 4))?;
        Ok(())
    }
    assert!(run().expect_err("never handed out").to_string().contains("index 7"));
    is_shared::<Ready>();
    is_shared::<NotAdvanced>();
}

/// What is refused as another node's goes back to whose it is.
#[test]
fn a_batch_of_another_node_is_not_lost() {
    let mut nodes = [1, 2].map(|id| {
        let mut node = RawNode::new(plain(id), store(&[1, 2, 3])).expect("a legal store");
        node.campaign().expect("it may");
        node
    });
    let [one, two] = &mut nodes;
    let (first, second) = (ready(one), ready(two));
    let (first, second) = (persist(one, first), persist(two, second));
    let (reason, first) = refused(two, first);
    assert_eq!(reason, AcknowledgeError::Foreign);
    one.advance(first).expect("its own");
    two.advance(second).expect("its own");
}

fn install(index: Index, term: Term) -> quorate::Message {
    let metadata = SnapshotMetadata::new(EntryId { term, index }, ConfState::of_voters([1, 2]));
    let snapshot = Snapshot::new(metadata, "");
    message(1, 2, 1, Payload::InstallSnapshot(Box::new(snapshot)))
}

/// A change that a snapshot covers needs nothing, but may be applied late all the same (D22).
#[test]
fn a_change_that_a_snapshot_covers_needs_nothing() {
    let entries = [adds(2, 4), adds(3, 5)];
    for applies in [&entries[..0], &entries[1..], &entries[..]] {
        let mut node = follower(false, &entries);
        let ready = ready(&mut node);
        node.step(install(9, 1)).expect("legal");
        let mut done = persist(&mut node, ready);
        let _ = done.take_committed_entries();
        for change in applies {
            let conf_state = node.apply_conf_change(change).expect("it is out");
            assert_eq!(conf_state, ConfState::of_voters([1, 2]));
        }
        node.advance(done).expect("all is done");
        drain(&mut node);
        assert_eq!((node.status().applied, node.membership().members()), (9, vec![1, 2]));
    }
    // The state machine's thread is late: the snapshot is stored and acknowledged before.
    let mut node = follower(true, &entries);
    let late = ready(&mut node).take_apply_task().expect("two changes");
    node.step(install(9, 1)).expect("legal");
    drain(&mut node);
    assert_eq!(node.status().applied, 9);
    let _ = node.apply_conf_change(&entries[0]).expect("it is out");
    node.acknowledge(late.done()).expect("it needs nothing");
    assert!(
        call(&mut node, |node| node.apply_conf_change(&entries[1])).is_err(),
        "it is over"
    );
    assert_eq!(node.membership().members(), [1, 2]);
}

/// Whether a change is still to be handled is part of the node: it decides what comes next.
#[test]
fn nodes_differ_by_what_is_to_be_handled() {
    let mut node = follower(false, &[adds(2, 2)]);
    let _ready = ready(&mut node);
    let mut other = node.clone();
    node.cancel_conf_change(&adds(2, 2)).expect("it is next");
    node.take_events();
    assert!(node != other);
    other.cancel_conf_change(&adds(2, 2)).expect("it is next");
    other.take_events();
    assert!(node == other);
}

/// Tasks are of asynchronous writes: else whoever takes one would pass by what `advance` looks at.
#[test]
fn no_tasks_where_readies_are_advanced() {
    let mut node = follower(false, &[adds(2, 4)]);
    let mut ready = ready(&mut node);
    assert!(ready.take_append_task().is_none() && ready.take_apply_task().is_none());
    let done = persist(&mut node, ready);
    let (reason, _) = refused(&mut node, done);
    assert_eq!(reason, AcknowledgeError::NotTaken { index: 2 });
}

/// A loop that installs a snapshot in its storage and forgets its state machine would go on with a stale one.
#[test]
fn a_snapshot_must_be_asked_for() {
    for before_it_is_stored in [true, false] {
        let mut node = RawNode::new(plain(2), store(&[1, 2])).expect("a legal store");
        let metadata = SnapshotMetadata::new(EntryId { term: 1, index: 9 }, ConfState::of_voters([1, 2]));
        let install = Payload::install_snapshot(Snapshot::new(metadata, "state"));
        node.step(message(1, 2, 1, install)).expect("news");
        let out = ready(&mut node);
        node.storage_mut().persist(&out).expect("legal writes");
        let (reason, done) = refused(&mut node, out.persisted());
        assert_eq!(reason, AcknowledgeError::NotRestored { index: 9 });

        let out = done.into_ready();
        node.storage_mut().persist(&out).expect("once more");
        let done = if before_it_is_stored {
            assert!(out.snapshot().is_some());
            out.persisted()
        } else {
            let done = out.persisted();
            assert!(done.snapshot().is_some());
            done
        };
        node.advance(done).expect("all is done");
    }
}
