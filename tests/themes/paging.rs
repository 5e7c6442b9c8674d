//! Committed entries are handed out in pages: so many bytes may be out for applying, across batches,
//! and at least one entry always goes.

use std::collections::VecDeque;

use quorate::ready::{AckKind, ApplyTask, TaskResponse};
use quorate::{Config, HardState, Index, MemoryStorage, RawNode};

use crate::alone;
use crate::support::{message, plain};

/// Eight bytes each: an entry of term and index below 128 with two bytes of payload.
const ENTRY: u64 = 8;

/// A single voter whose log holds entries 2 to 9, all committed, with so many bytes a Ready.
fn node(bytes: u64, message_bytes: u64, asynchronous: bool) -> RawNode<MemoryStorage> {
    let mut settings = plain(1);
    settings.settings_mut().max_committed_bytes_per_ready = bytes;
    settings.settings_mut().max_message_bytes = message_bytes;
    settings.settings_mut().async_storage_writes = asynchronous;
    let mut storage = crate::store_with(1, &[], HardState::new(1, None, 9));
    let mut entries = crate::entries(2, &[1; 8]);
    for entry in &mut entries {
        entry.data = "xy".into();
        assert_eq!(entry.encoded_len(), ENTRY);
    }
    storage.append(&entries).expect("in order");
    storage.sync();
    let cluster = alone(settings, storage);
    cluster.raw(1).clone()
}

/// Bytes a Ready (0: as in a message), bytes of a message; the pages.
#[test]
fn pages() {
    let cases: [(u64, u64, &[&[Index]]); 8] = [
        (1 << 20, 0, &[&[2, 3, 4, 5, 6, 7, 8, 9]]),
        (u64::MAX, 0, &[&[2, 3, 4, 5, 6, 7, 8, 9]]),
        (8 * ENTRY, 0, &[&[2, 3, 4, 5, 6, 7, 8, 9]]),
        (8 * ENTRY - 1, 0, &[&[2, 3, 4, 5, 6, 7, 8], &[9]]),
        (3 * ENTRY, 0, &[&[2, 3, 4], &[5, 6, 7], &[8, 9]]),
        (1, 1 << 20, &[&[2], &[3], &[4], &[5], &[6], &[7], &[8], &[9]]),
        (0, 0, &[&[2], &[3], &[4], &[5], &[6], &[7], &[8], &[9]]),
        (0, 5 * ENTRY, &[&[2, 3, 4, 5, 6], &[7, 8, 9]]),
    ];
    for (bytes, message_bytes, expected) in cases {
        let mut node = node(bytes, message_bytes, false);
        let mut pages = Vec::new();
        while let Some(ready) = node.ready().expect("a sound node") {
            assert!(!node.has_ready(), "no page before this one is applied");
            // The commit index is not the page's: it was stored, and is not told again.
            assert_eq!(ready.hard_state(), None);
            let mut done = ready.persisted();
            let page: Vec<Index> = done.take_committed_entries().iter().map(|entry| entry.index).collect();
            node.advance(done).expect("the one that is out");
            assert_eq!(Some(&node.status().applied), page.last());
            pages.push(page);
        }
        assert_eq!(pages, expected, "{bytes}, {message_bytes}");
    }
}

/// With asynchronous writes, too, a page that was cut short holds the next one back.
#[test]
fn pages_of_an_asynchronous_node() {
    for (bytes, expected) in [
        (8 * ENTRY, &[&[2, 3, 4, 5, 6, 7, 8, 9][..]][..]),
        (5 * ENTRY, &[&[2, 3, 4, 5, 6], &[7, 8, 9]]),
        (3 * ENTRY + 1, &[&[2, 3, 4], &[5, 6, 7], &[8, 9]]),
        (ENTRY, &[&[2], &[3], &[4], &[5], &[6], &[7], &[8], &[9]]),
    ] {
        let mut node = node(bytes, 0, true);
        let mut pages: Vec<Vec<Index>> = Vec::new();
        while let Some(mut ready) = node.ready().expect("a sound node") {
            let task = ready.take_apply_task().expect("a page");
            pages.push(indexes(&task));
            assert!(!node.has_ready());
            node.acknowledge(task.done()).expect("in order");
        }
        assert_eq!(pages, expected, "{bytes}");
    }
}

fn indexes(task: &ApplyTask) -> Vec<Index> {
    task.entries().iter().map(|entry| entry.index).collect()
}

/// The disk does all it is told at once; what is to be applied then, batch by batch.
fn stored(node: &mut RawNode<MemoryStorage>) -> Vec<ApplyTask> {
    let mut batches = Vec::new();
    while let Some(mut ready) = node.ready().expect("a sound node") {
        if let Some(task) = ready.take_append_task() {
            node.storage_mut().persist_task(&task).expect("it works");
            for response in task.done() {
                let TaskResponse::Ack(ack) = response else { continue };
                node.acknowledge(ack).expect("in order");
            }
        }
        batches.extend(ready.take_apply_task());
    }
    batches
}

/// Several batches may be out, of together so many bytes: the next waits until enough is applied,
/// and is no larger than what the others leave.
#[test]
fn batches_share_the_room() {
    let mut settings: Config = plain(1);
    settings.settings_mut().async_storage_writes = true;
    settings.settings_mut().max_committed_bytes_per_ready = 3 * ENTRY;
    let hard_state = HardState::new(1, None, 1);
    let mut cluster = alone(settings, crate::store_with(1, &[], hard_state));
    let node = cluster.node(1);
    node.campaign().expect("alone");
    let mut out = VecDeque::from(stored(node));
    for _ in 0..8 {
        let _ = node.propose("xy").expect("it leads");
        out.extend(stored(node));
    }
    // The opening entry has four bytes, the others eight: 4 + 8 + 8 leave room for one that overshoots.
    assert_eq!(out.iter().map(indexes).collect::<Vec<_>>(), [[2], [3], [4], [5]]);
    assert_eq!(node.status().hard_state.commit, 10);
    // Four of 28 bytes are applied; then eight of 24, and so on.
    for next in [&[][..], &[6], &[7], &[8], &[9], &[10], &[], &[], &[]] {
        let task = out.pop_front().expect("one is out");
        let last = task.entries().last().map(|entry| entry.index);
        let ack = task.done();
        assert!(matches!(ack.kind(), AckKind::Applied { index, .. } if Some(*index) == last));
        node.acknowledge(ack).expect("in order");
        assert_eq!(Some(node.status().applied), last);
        let more = stored(node);
        assert_eq!(
            more.iter().flat_map(indexes).collect::<Vec<_>>(),
            next,
            "after {last:?}"
        );
        out.extend(more);
    }
    assert_eq!(node.status().applied, 10);
}

/// What is applied side by side with the writing is stored first, be it committed without this disk.
#[test]
fn only_what_is_stored_is_applied() {
    for asynchronous in [false, true] {
        let mut settings = plain(1);
        settings.settings_mut().async_storage_writes = asynchronous;
        let mut cluster = alone(settings, crate::support::store(&[1, 2, 3]));
        let node = cluster.node(1);
        node.step(message(2, 1, 1, crate::append((1, 1), &[1, 1], 3)))
            .expect("legal");
        let mut ready = node.ready().expect("a sound node").expect("something to do");
        assert_eq!(ready.entries().len(), 2);
        assert!(ready.take_apply_task().is_none());
        if asynchronous {
            assert!(!node.has_ready(), "committed, but not stored");
            let task = ready.take_append_task().expect("entries to write");
            node.storage_mut().persist_task(&task).expect("it works");
            for response in task.done() {
                let TaskResponse::Ack(ack) = response else { continue };
                node.acknowledge(ack).expect("in order");
            }
            let applied = stored(node);
            assert_eq!(applied.iter().flat_map(indexes).collect::<Vec<_>>(), [2, 3]);
        }
    }
}

/// After a restart nothing is skipped, wherever the pages end.
#[test]
fn pages_after_a_restart() {
    for applied in 0..=9 {
        let mut settings = plain(1);
        settings.settings_mut().max_committed_bytes_per_ready = 3 * ENTRY;
        settings.applied = applied;
        let storage = node(1, 0, false).storage().clone();
        let mut cluster = alone(settings, storage);
        cluster.drain(1);
        let indexes: Vec<Index> = cluster.nodes[&1].applied.iter().map(|entry| entry.index).collect();
        assert_eq!(
            indexes,
            (applied.max(1) + 1..=9).collect::<Vec<_>>(),
            "applied up to {applied}"
        );
    }
}
