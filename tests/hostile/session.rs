//! Hostile messages and calls of every kind in any order, into one node, with Readies in between:
//! whatever comes, the node answers with a value or a typed error. Shared with the fuzz targets.

use std::fmt::Debug;

use quorate::types::NUMBER_MAX;
use quorate::{
    ConfChange, ConfChangeKind, ConfChangeV2, Entry, EntryKind, MemoryStorage, Message, RawNode, SnapshotStatus,
    StepError,
};

use crate::recipe::{Draw, Recipe};

type Node = RawNode<MemoryStorage>;

/// Makes a call. If it is refused, the node must be what it was before; and it must go on.
pub(crate) fn call<T, E: Debug>(node: &mut Node, act: impl FnOnce(&mut Node) -> Result<T, E>) -> Result<T, E> {
    let before = node.clone();
    let outcome = act(node);
    assert_eq!(node.poisoned(), None, "input must not poison a node");
    if let Err(error) = &outcome {
        assert!(
            *node == before,
            "refused with {error:?}, but not without a trace:\n{before:#?}\n{node:#?}"
        );
    }
    outcome
}

/// Delivers a message; see [`call`].
pub(crate) fn step(node: &mut Node, message: Message) -> Result<(), StepError> {
    call(node, |node| node.step(message))
}

/// Handles the Readies that there are, as an application does; what is sent is lost.
pub(crate) fn drain(node: &mut Node) {
    while let Some(ready) = node.ready().expect("a sound node without a Ready out") {
        assert!(!ready.to_string().is_empty());
        node.storage_mut().persist(&ready).expect("legal writes");
        let mut done = ready.persisted();
        for entry in done.take_committed_entries() {
            if entry.is_conf_change() {
                let conf_state = node.apply_conf_change(&entry).expect("a sound node");
                node.storage_mut().set_conf_state(conf_state);
            }
        }
        node.advance(done).expect("the Ready that is out");
    }
    assert!(!node.has_ready());
}

/// So many messages and calls.
pub(crate) fn session(draw: &mut impl Draw, node: &mut Node, operations: usize) {
    for _ in 0..operations {
        match draw.below(3) {
            0 => ask(draw, node),
            1 => drain(node),
            _ => {}
        }
        let message = Recipe::random(draw, node).message();
        let _ = step(node, message);
    }
    drain(node);
}

/// One call that an application might make, sensible or not.
fn ask(draw: &mut impl Draw, node: &mut Node) {
    let peer = draw.below(6);
    match draw.below(16) {
        0 => drop(call(node, Node::tick)),
        1 => {
            let ticks = draw.pick(&[0, 1, 10, 40, NUMBER_MAX, u64::MAX]);
            let passed = call(node, |node| node.advance_ticks(ticks));
            assert!(passed.expect("a sound node") <= ticks);
        }
        // A refusal is told as an event too.
        2 => drop(node.campaign()),
        3 => drop(call(node, |node| node.propose("data"))),
        4 => drop(call(node, |node| node.propose_conf_change(change(draw)))),
        5 => {
            let expected = draw.pick(&[0, 1, node.status().applied, NUMBER_MAX, u64::MAX]);
            let change = change(draw);
            drop(call(node, |node| {
                node.propose_conf_change_if_unchanged(change, expected)
            }));
        }
        6 => drop(call(node, |node| node.apply_conf_change(&conf_change_entry(draw)))),
        7 => drop(call(node, |node| node.cancel_conf_change(&Entry::default()))),
        8 => drop(call(node, |node| node.transfer_leader(peer))),
        9 => drop(call(node, Node::transfer_leader_to_most_up_to_date)),
        10 => drop(call(node, Node::forget_leader)),
        11 => drop(call(node, |node| node.read_index(vec![0; usize::from(peer > 2)]))),
        12 => drop(call(node, |node| node.report_unreachable(peer))),
        13 => {
            let status = draw.pick(&[SnapshotStatus::Finished, SnapshotStatus::Failed]);
            drop(call(node, |node| node.report_snapshot(peer, status)));
        }
        14 => drop(call(node, Node::storage_ready)),
        _ => {
            let applied = node.status().applied;
            drop(node.storage_mut().compact(applied));
        }
    }
    look(node);
}

/// Everything that only looks.
fn look(node: &Node) {
    let status = node.status();
    assert!(status.applied <= status.hard_state.commit && status.hard_state.commit <= status.last_index);
    assert!(node.progress().all(|peer| peer.matched < peer.next));
    let _ = (
        node.configuration(),
        node.next_deadline(),
        node.membership().conf_state(),
    );
}

fn change(draw: &mut impl Draw) -> ConfChangeV2 {
    use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode, UpdateNode};
    let count = draw.below(4);
    let kinds = [AddNode, RemoveNode, UpdateNode, AddLearnerNode];
    let changes: Vec<_> = (0..count).map(|_| (draw.pick(&kinds), draw.below(6))).collect();
    ConfChangeV2::new(changes)
}

/// An entry that was perhaps never committed, and perhaps is no change at all.
fn conf_change_entry(draw: &mut impl Draw) -> Entry {
    let kind = draw.pick(&[EntryKind::Normal, EntryKind::ConfChange, EntryKind::ConfChangeV2]);
    let data = match draw.below(3) {
        0 => vec![0xff; 3],
        1 => ConfChange::default().encode(),
        _ => change(draw).encode(),
    };
    Entry {
        term: draw.below(6),
        index: draw.below(20),
        kind,
        data: data.into(),
    }
}
