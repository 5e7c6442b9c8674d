//! Committed entries are handed out in pages: so many bytes may be out for applying, across batches,
//! and at least one entry always goes.

use quorate::{AckKind, Config, HardState, Index, MemoryStorage, RawNode, TaskResponse};

use crate::alone;
use crate::support::plain;

/// Eight bytes each: an entry of term and index below 128 with two bytes of payload.
const ENTRY: u64 = 8;

/// A single voter whose log holds entries 2 to 9, all committed, with so many bytes a Ready.
fn node(bytes: u64, message_bytes: u64, asynchronous: bool) -> RawNode<MemoryStorage> {
    let mut settings = plain(1);
    settings.max_committed_bytes_per_ready = bytes;
    settings.max_message_bytes = message_bytes;
    settings.async_storage_writes = asynchronous;
    let mut storage = crate::store_with(
        1,
        &[],
        HardState {
            term: 1,
            vote: None,
            commit: 9,
        },
    );
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

/// With asynchronous writes several pages may be out, of together so many bytes: what is handed out
/// before and after each acknowledgement.
#[test]
fn pages_that_are_out_together() {
    // The first pages as they are handed out, and what becomes free when one is applied.
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
            pages.push(task.entries().iter().map(|entry| entry.index).collect());
            assert!(!node.has_ready(), "a page that was cut short holds the next one back");
            node.acknowledge(task.done()).expect("in order");
        }
        assert_eq!(pages, expected, "{bytes}");
    }
}

/// Several batches out at once: each is within what the others leave, and the next waits when
/// nothing is left.
#[test]
fn batches_share_the_room() {
    let mut settings: Config = plain(1);
    settings.async_storage_writes = true;
    settings.max_committed_bytes_per_ready = 3 * ENTRY;
    let mut cluster = alone(
        settings,
        crate::store_with(
            1,
            &[],
            HardState {
                term: 1,
                vote: None,
                commit: 1,
            },
        ),
    );
    let node = cluster.node(1);
    node.campaign().expect("alone");
    let mut tasks = Vec::new();
    let mut handed = Vec::new();
    let pump = |node: &mut RawNode<MemoryStorage>, tasks: &mut Vec<_>, handed: &mut Vec<Vec<Index>>| {
        while let Some(mut ready) = node.ready().expect("a sound node") {
            if let Some(task) = ready.take_append_task() {
                node.storage_mut().persist_task(&task).expect("it works");
                for response in task.done() {
                    let TaskResponse::Ack(ack) = response else { continue };
                    node.acknowledge(ack).expect("in order");
                }
            }
            if let Some(task) = ready.take_apply_task() {
                handed.push(task.entries().iter().map(|entry| entry.index).collect());
                tasks.push(task);
            }
        }
    };
    pump(node, &mut tasks, &mut handed);
    for _ in 0..4 {
        let _ = node.propose("xy").expect("it leads");
        pump(node, &mut tasks, &mut handed);
    }
    // The opening entry has four bytes, the others eight: 4 + 8 + 8 leaves room for none.
    assert_eq!(handed, [[2], [3], [4], [5]], "one may overshoot");
    assert_eq!(node.status().hard_state.commit, 6);
    let mut tasks = std::collections::VecDeque::from(tasks);
    while let Some(task) = tasks.pop_front() {
        let last = task.entries().last().map(|entry| entry.index);
        let ack = task.done();
        assert!(matches!(ack.kind(), AckKind::Applied { index, .. } if Some(*index) == last));
        node.acknowledge(ack).expect("in order");
        assert_eq!(Some(node.status().applied), last);
        let (mut more, mut pages) = (Vec::new(), Vec::new());
        pump(node, &mut more, &mut pages);
        tasks.extend(more);
    }
    assert_eq!(node.status().applied, 6);
}

/// After a restart nothing is skipped, wherever the pages end.
#[test]
fn pages_after_a_restart() {
    for applied in 0..=9 {
        let mut settings = plain(1);
        settings.max_committed_bytes_per_ready = 3 * ENTRY;
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
