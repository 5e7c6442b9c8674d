//! Disks that were slow, torn, or ahead of what was known; and what the core then took for true.

use std::cell::Cell;

use quorate::error::{ConfigError, Fault, NodeError, ReadyError};
use quorate::message::{Heartbeat, Payload};
use quorate::ready::{AppendTask, ApplyTask, TaskResponse};
use quorate::{Config, Entries, Event, MemoryStorage, Message, RawNode, Storage, StorageError};

use crate::support::{Cluster, message, plain, store};
use crate::{accepted, append, hard_state, install, is_append_response, rejected, single, store_of};

/// Takes the next append task of a node that writes asynchronously.
fn task(node: &mut RawNode<MemoryStorage>) -> AppendTask {
    let mut ready = node.ready().unwrap().expect("something to write");
    ready.take_append_task().expect("something to write")
}

/// The disk has done it, and says so.
fn finish(node: &mut RawNode<MemoryStorage>, task: AppendTask) -> Vec<Message> {
    node.storage_mut().persist_task(&task).unwrap();
    acknowledge(node, task)
}

fn acknowledge(node: &mut RawNode<MemoryStorage>, task: AppendTask) -> Vec<Message> {
    let mut messages = Vec::new();
    for response in task.done() {
        match response {
            TaskResponse::Message(message) => messages.push(message),
            TaskResponse::Ack(ack) => node.acknowledge(ack).unwrap(),
        }
    }
    messages
}

fn asynchronous() -> RawNode<MemoryStorage> {
    let mut config = plain(1);
    config.settings_mut().async_storage_writes = true;
    RawNode::new(config, store(&[1, 2, 3])).unwrap()
}

/// Whether the node says that it has this entry.
fn has(node: &RawNode<MemoryStorage>, term: u64, at: (u64, u64)) -> bool {
    let mut node = node.clone();
    let probe = append((3, 1), term, at, &[], 0);
    node.step(probe).unwrap();
    let responses = task(&mut node).done();
    let yes = TaskResponse::Message(accepted((1, 3), term, at.1));
    responses.contains(&yes)
}

/// What the node would apply now, if the leader of its term said that this much is committed.
fn would_apply(node: &RawNode<MemoryStorage>, commit: u64) -> Vec<(u64, u64)> {
    let mut node = node.clone();
    let term = node.status().hard_state.term;
    node.step(message(2, 1, term, Payload::Heartbeat(Heartbeat::new(commit))))
        .unwrap();
    let apply = node.ready().unwrap().and_then(|mut ready| ready.take_apply_task());
    let entries = apply.iter().flat_map(ApplyTask::entries);
    entries.map(|entry| (entry.term, entry.index)).collect()
}

/// Entries were rewritten while they were on their way to the disk. Its answer, which was about the
/// old ones, dropped the new ones.
#[test]
fn m09_an_acknowledgement_of_old_entries_drops_no_new_ones() {
    let mut node = asynchronous();
    node.step(append((2, 1), 1, (1, 1), &[(1, 2), (1, 3), (1, 4)], 1))
        .unwrap();
    let old = task(&mut node);
    node.step(append((2, 1), 2, (1, 2), &[], 1)).unwrap(); // acknowledges the old ones in term 2
    let between = task(&mut node);
    node.step(append((2, 1), 2, (1, 2), &[(2, 3), (2, 4)], 1)).unwrap();
    let new = task(&mut node);
    for task in [old, between] {
        finish(&mut node, task);
        assert!(has(&node, 2, (2, 4)) && !has(&node, 2, (1, 4)));
        assert_eq!(would_apply(&node, 4), [], "the disk has others there");
    }
    finish(&mut node, new);
    assert_eq!(would_apply(&node, 4), [(1, 2), (2, 3), (2, 4)]);
    assert_eq!(node.storage().last_index(), Ok(4));
}

/// A, C, A: the first leader's entry was overwritten and came back. The disk's answer to the first
/// write looked like one to the third, and the log was read from a disk that held the second.
#[test]
fn m10_the_same_entry_again_is_not_yet_stored() {
    let mut node = asynchronous();
    node.step(append((2, 1), 1, (1, 1), &[(1, 2)], 1)).unwrap();
    let first = task(&mut node);
    node.step(append((3, 1), 2, (1, 1), &[(2, 2), (2, 3)], 1)).unwrap();
    let second = task(&mut node);
    node.step(append((2, 1), 3, (1, 1), &[(1, 2)], 1)).unwrap();
    let third = task(&mut node);
    for (task, stored) in [(first, 1), (second, 2), (third, 1)] {
        let last = stored == 1 && node.storage().term(2) == Ok(2);
        finish(&mut node, task);
        assert_eq!(node.storage().term(2), Ok(stored), "what the disk holds");
        assert!(has(&node, 3, (1, 2)) && !has(&node, 3, (2, 2)) && !has(&node, 3, (2, 3)));
        assert_eq!(would_apply(&node, 2), if last { vec![(1, 2)] } else { vec![] });
    }
}

/// A second snapshot came while the first was written. The acknowledgement of the first was lost, or
/// taken for that of the second.
#[test]
fn m11_two_snapshots_on_their_way_are_told_apart() {
    let mut node = asynchronous();
    node.step(install((2, 1), 1, (1, 10))).unwrap();
    let ten = task(&mut node);
    node.step(install((2, 1), 1, (1, 20))).unwrap();
    let twenty = task(&mut node);
    assert_eq!(finish(&mut node, ten), [accepted((1, 2), 1, 10)]);
    assert_eq!(node.status().applied, 10);
    node.step(append((2, 1), 1, (1, 20), &[(1, 21)], 21)).unwrap();
    let entry = task(&mut node);
    assert!(
        node.ready().unwrap().is_none(),
        "nothing is applied before the second is in"
    );
    assert_eq!(finish(&mut node, twenty), [accepted((1, 2), 1, 20)]);
    assert_eq!(node.status().applied, 20);
    assert_eq!(finish(&mut node, entry), [accepted((1, 2), 1, 21)]);
    let apply = node.ready().unwrap().unwrap().take_apply_task().unwrap();
    assert_eq!(apply.entries().len(), 1);
}

/// A storage that is a little off, in ways that a test chooses.
#[derive(Clone, Default)]
struct Odd {
    inner: MemoryStorage,
    /// Entries beyond the byte limit are handed out as well.
    generous: bool,
    /// And entries beyond the range.
    excessive: bool,
    /// The next so many reads of entries find them compacted.
    compacted: Cell<u32>,
}

impl Storage for Odd {
    quorate::delegate_storage!(inner: initial_state, first_index, last_index, term, snapshot, keeps_promises);

    fn entries(&self, low: u64, high: u64, max_bytes: u64) -> Result<Entries, StorageError> {
        if self.compacted.get() > 0 {
            self.compacted.set(self.compacted.get() - 1);
            return Err(StorageError::Compacted);
        }
        let max_bytes = if self.generous { u64::MAX } else { max_bytes };
        let more = u64::from(self.excessive && high <= self.inner.last_index()?);
        self.inner.entries(low, high + more, max_bytes)
    }
}

/// Handles one Ready; what was sent and what was applied.
fn handle(node: &mut RawNode<Odd>) -> Option<(Vec<Message>, Vec<u64>)> {
    let mut ready = node.ready().unwrap()?;
    let mut sent = ready.take_messages();
    node.storage_mut().inner.persist(&ready).unwrap();
    let mut done = ready.persisted();
    sent.extend(done.take_messages());
    let applied = done.take_committed_entries().iter().map(|entry| entry.index).collect();
    node.advance(done).unwrap();
    Some((sent, applied))
}

fn handle_all(node: &mut RawNode<Odd>) -> (Vec<Message>, Vec<u64>) {
    let (mut sent, mut applied) = (Vec::new(), Vec::new());
    while let Some((messages, indexes)) = handle(node) {
        sent.extend(messages);
        applied.extend(indexes);
    }
    (sent, applied)
}

fn odd(change: impl Fn(&mut Config, &mut Odd)) -> RawNode<Odd> {
    let mut config = plain(1);
    let mut storage = Odd {
        inner: store_of(&[1, 2], &[1; 30], hard_state(1, 0)),
        ..Odd::default()
    };
    change(&mut config, &mut storage);
    RawNode::new(config, storage).unwrap()
}

/// Committed entries were handed out in pages, and one was skipped between two of them when a storage
/// gave more than it was asked for.
#[test]
fn m12_every_committed_entry_is_applied_once() {
    for (generous, page) in [(false, 1), (false, 30), (true, 1), (true, 30)] {
        let mut node = odd(|config, storage| {
            storage.generous = generous;
            config.settings_mut().max_committed_bytes_per_ready = page;
        });
        node.step(append((2, 1), 1, (1, 30), &[(1, 31), (1, 32)], 31)).unwrap();
        let (_, first) = handle_all(&mut node);
        node.step(append((2, 1), 1, (1, 32), &[(1, 33)], 33)).unwrap();
        let (_, second) = handle_all(&mut node);
        assert_eq!(
            [first, second].concat(),
            (1..=33).collect::<Vec<u64>>(),
            "generous: {generous}, page {page}"
        );
    }
}

/// One that answers with entries beyond the range cannot be trusted at all, and that is said.
#[test]
fn m12_a_storage_that_answers_beyond_the_question_is_not_believed() {
    let mut node = odd(|_, storage| storage.excessive = true);
    let heartbeat = Payload::Heartbeat(Heartbeat::new(9).with_context(""));
    node.step(message(2, 1, 1, heartbeat)).unwrap();
    let refused = node.ready().expect_err("ten entries for nine");
    assert!(matches!(refused, ReadyError::Node(NodeError::Poisoned(_))), "{refused}");
    assert!(matches!(node.poisoned(), Some(Fault::Storage(StorageError::Broken(_)))));
}

/// A snapshot was applied while its acknowledgement was on its way: applied was ahead of committed.
#[test]
fn m13_applied_never_overtakes_committed() {
    let mut node = asynchronous();
    let mut tasks = Vec::new();
    let check = |node: &RawNode<MemoryStorage>| {
        let status = node.status();
        assert!(status.applied <= status.hard_state.commit && status.hard_state.commit <= status.last_index);
    };
    for message in [
        append((2, 1), 1, (1, 1), &[(1, 2), (1, 3)], 3),
        install((2, 1), 1, (1, 10)),
        append((2, 1), 1, (1, 10), &[(1, 11)], 10),
    ] {
        node.step(message).unwrap();
        tasks.push(task(&mut node));
        check(&node);
    }
    for task in tasks {
        finish(&mut node, task);
        check(&node);
        let mut storage = node.storage().clone();
        storage.crash();
        check(&RawNode::new(node.config().clone(), storage).unwrap());
    }
    assert_eq!(node.status().applied, 10);
}

/// The commit index was written before the entries that it counts, and the node never started again.
#[test]
fn m14_a_commit_index_is_never_stored_before_its_entries() {
    let mut cluster = Cluster::new(3, plain);
    cluster.elect(1);
    for data in ["a", "b", "c"] {
        let _ = cluster.propose(1, data);
        for _ in 0..4 {
            for id in 1..=3 {
                cluster.ready(id);
                let storage = cluster.raw(id).storage();
                assert!(storage.hard_state().commit <= storage.last_index().unwrap());
                let mut crashed = cluster.clone();
                crashed.restart(id);
            }
            cluster.deliver();
        }
    }
    let torn = RawNode::new(plain(1), store_of(&[1], &[1; 3], hard_state(1, 9)));
    assert_eq!(torn.err(), Some(ConfigError::CommitBeyondLog { commit: 9, last: 3 }));
}

/// A commit index need not be synced. After a crash the state machine was ahead of it, and the node
/// could not be started.
#[test]
fn m15_a_state_machine_ahead_of_the_commit_index_is_legal() {
    let mut cluster = Cluster::led(3);
    for data in ["a", "b"] {
        cluster.commit(1, data);
    }
    let applied = cluster.raw(2).status().applied;
    let mut config = cluster.raw(2).config().clone();
    config.applied = applied;
    config.seed += 1;
    cluster.restart_with(config);
    assert!(
        cluster.raw(2).storage().hard_state().commit < applied,
        "it was not synced"
    );
    assert_eq!(cluster.committed(2), applied);
    cluster.commit(1, "c");
    assert_eq!(cluster.data(2), ["c"]);
}

/// The log was compacted between the question for a term and the one for the entries.
#[test]
fn m17_entries_that_are_compacted_under_the_leader_become_a_snapshot() {
    let mut node = odd(|_, storage| {
        storage.inner.set_snapshot(crate::snapshot((1, 20), &[1, 2]));
    });
    node.campaign().unwrap();
    handle_all(&mut node);
    node.step(crate::vote((2, 1), 2, true)).unwrap();
    handle_all(&mut node);
    node.storage_mut().compacted.set(1);
    node.step(rejected((2, 1), 2, 30, (1, 4))).unwrap();
    let (sent, _) = handle_all(&mut node);
    let snapshots = sent
        .iter()
        .filter(|message| matches!(message.payload, Payload::InstallSnapshot(_)));
    assert_eq!(snapshots.count(), 1, "{sent:?}");
    let events = node.take_events();
    assert!(!events.iter().any(|event| matches!(event, Event::StorageCorrupt { .. })));
    assert!(node.propose("lives").is_ok());
}

/// A cache of terms answered for entries that had been cut off.
#[test]
fn m48_no_term_is_known_beyond_the_end_of_the_log() {
    let mut cluster = single(plain(1), store(&[1, 2, 3]));
    cluster.step(append((2, 1), 2, (1, 1), &[(2, 2), (2, 3), (2, 4), (2, 5)], 1));
    cluster.drain(1);
    cluster.step(append((3, 1), 3, (2, 2), &[(3, 3)], 1));
    cluster.drain(1);
    cluster.pool.clear();
    for (at, there) in [
        ((2, 5), false),
        ((2, 4), false),
        ((3, 4), false),
        ((2, 3), false),
        ((3, 3), true),
        ((2, 2), true),
    ] {
        cluster.step(append((3, 1), 3, at, &[], 1));
        cluster.drain(1);
        let answer = cluster.take(is_append_response).remove(0);
        assert_eq!(answer == accepted((1, 3), 3, at.1), there, "{at:?}: {answer}");
    }
}
