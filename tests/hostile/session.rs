//! Hostile messages and calls of every kind in any order, into one node, with Readies in between:
//! whatever comes, the node answers with a value or a typed error. Shared with the fuzz targets.

use std::fmt::Debug;

use quorate::error::{AcknowledgeError, StepError};
use quorate::membership::{ConfChange, ConfChangeKind, ConfChangeV2};
use quorate::ready::TaskResponse;
use quorate::status::SnapshotStatus;
use quorate::types::{EntryKind, NUMBER_MAX};
use quorate::{Entry, HardState, MemoryStorage, Message, RawNode, Storage};

use crate::recipe::{Draw, Recipe};
use crate::support::tasks::Tasks;

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

/// Delivers a message; see [`call`]. One refusal leaves a mark, and nothing else.
pub(crate) fn step(node: &mut Node, message: Message) -> Result<(), StepError> {
    if diverges(node, &message) {
        let before = node.status().hard_state;
        let outcome = node.step(message);
        let after = node.status();
        assert!(after.diverged && after.hard_state == before && node.poisoned().is_none());
        return outcome;
    }
    call(node, |node| node.step(message))
}

/// Whether a message contradicts what is committed at a node.
pub(crate) fn diverges(node: &Node, message: &Message) -> bool {
    let outcome = node.clone().step(message.clone());
    matches!(outcome, Err(StepError::Diverged { .. }))
}

/// Handles the Readies that there are, as an application does; what is sent is lost.
pub(crate) fn drain(node: &mut Node) {
    drain_all(node, &mut Tasks::default());
}

/// The same, with what was left undone before.
fn drain_all(node: &mut Node, tasks: &mut Tasks) {
    if node.config().settings().async_storage_writes {
        while take(node, tasks) || write(node, tasks) || apply(node, tasks) || acknowledge(node, tasks) {}
    } else {
        while batch(node) {}
    }
    assert!(!node.has_ready());
    let (status, storage) = (node.status(), node.storage());
    let ballot = |hard: HardState| (hard.term, hard.vote);
    assert_eq!(ballot(storage.hard_state()), ballot(status.hard_state), "all is stored");
    assert_eq!(storage.last_index(), Ok(status.last_index), "all is stored");
    let applied = status.diverged || status.applied == status.hard_state.commit;
    assert!(
        applied,
        "{} is committed, {} applied",
        status.hard_state.commit, status.applied
    );
}

/// One Ready, done at once.
fn batch(node: &mut Node) -> bool {
    let Some(ready) = node.ready().expect("a sound node without a Ready out") else {
        return false;
    };
    assert!(!ready.to_string().is_empty());
    node.storage_mut().persist(&ready).expect("legal writes");
    let mut done = ready.persisted();
    let _restored = done.snapshot();
    apply_all(node, &done.take_committed_entries());
    node.advance(done).expect("the Ready that is out");
    true
}

fn apply_all(node: &mut Node, entries: &[Entry]) {
    for entry in entries.iter().filter(|entry| entry.is_conf_change()) {
        let conf_state = node.apply_conf_change(entry).expect("a sound node");
        // Else a snapshot covers it, which brings its own.
        if node.configured_at() == entry.index {
            node.storage_mut().set_conf_state(conf_state, entry.index);
        }
    }
}

// ----- with asynchronous storage writes

/// One Ready, left undone. What is to be applied is on the disk.
fn take(node: &mut Node, tasks: &mut Tasks) -> bool {
    let Some(mut ready) = node.ready().expect("a sound node") else {
        return false;
    };
    let committed = tasks.queue(&mut ready);
    let log = node.storage().log();
    assert!(committed.iter().all(|entry| log.contains(entry)), "{committed:?}");
    true
}

fn write(node: &mut Node, tasks: &mut Tasks) -> bool {
    tasks.write(|task| node.storage_mut().persist_task(task).expect("legal writes"))
}

fn apply(node: &mut Node, tasks: &mut Tasks) -> bool {
    tasks.apply(|entries| {
        apply_all(node, entries);
        true
    })
}

/// What is due next. Votes and appends may have been overtaken.
fn acknowledge(node: &mut Node, tasks: &mut Tasks) -> bool {
    let due = tasks.due();
    if let Some(TaskResponse::Ack(ack)) = &due {
        let outcome = call(node, |node| node.acknowledge(ack.clone()));
        let counts = !matches!(
            outcome,
            Err(AcknowledgeError::OutOfOrder { .. } | AcknowledgeError::Foreign)
        );
        assert!(counts, "{outcome:?}: {ack:?}");
    }
    due.is_some()
}

/// Any acknowledgement that will be due, perhaps not yet, and then perhaps once more.
fn acknowledge_any(draw: &mut impl Draw, node: &mut Node, tasks: &mut Tasks) {
    let queue = if draw.chance(2) {
        &mut tasks.owed
    } else {
        &mut tasks.applied
    };
    let Some(last) = queue.len().checked_sub(1) else { return };
    let at = usize::try_from(draw.below(3)).expect("a small number").min(last);
    let TaskResponse::Ack(ack) = queue[at].clone() else {
        return;
    };
    if call(node, |node| node.acknowledge(ack.clone())).is_ok() {
        queue.remove(at);
        let again = call(node, |node| node.acknowledge(ack));
        assert!(matches!(again, Err(AcknowledgeError::Repeated { .. })), "{again:?}");
    }
}

/// A piece of work; without asynchronous writes all that there is.
fn work(draw: &mut impl Draw, node: &mut Node, tasks: &mut Tasks) {
    if !node.config().settings().async_storage_writes {
        return drain(node);
    }
    for _ in 0..=draw.below(6) {
        match draw.below(6) {
            0 | 1 => _ = take(node, tasks),
            2 => _ = write(node, tasks),
            3 => _ = apply(node, tasks),
            4 => _ = acknowledge(node, tasks),
            _ => acknowledge_any(draw, node, tasks),
        }
    }
}

/// So many messages and calls.
pub(crate) fn session(draw: &mut impl Draw, node: &mut Node, operations: usize) {
    let mut tasks = Tasks::default();
    for _ in 0..operations {
        match draw.below(3) {
            0 => ask(draw, node),
            1 => work(draw, node, &mut tasks),
            _ => {}
        }
        let message = Recipe::random(draw, node).message();
        let _ = step(node, message);
    }
    drain_all(node, &mut tasks);
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
            let known = node.progress().find(|known| known.id == peer);
            let awaited = known
                .and_then(|known| known.state.pending_snapshot())
                .unwrap_or_default();
            drop(call(node, |node| node.report_snapshot(peer, awaited, status)));
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
        node.membership_status(),
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
    Entry::new(draw.below(6), draw.below(20), data).with_kind(kind)
}
