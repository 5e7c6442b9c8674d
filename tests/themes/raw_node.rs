//! Ready by Ready: when there is one, what is in it, what must be synced, and in which order it may
//! be done.

use quorate::error::{AcknowledgeError, ReadyError};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::Payload;
use quorate::ready::AppendTask;
use quorate::status::RoleKind::{Candidate, Leader};
use quorate::status::SoftState;
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, EntryId, HardState, Index, MemoryStorage, NodeId, RawNode, Ready, Snapshot};

use crate::support::{message, plain, store};
use crate::{accepted, alone, append, hear, heartbeat, leading, request, says, store_with};

type Node = RawNode<MemoryStorage>;

fn take(node: &mut Node) -> Ready {
    assert!(node.has_ready());
    node.ready().expect("a sound node").expect("something to do")
}

/// Does everything that the Ready says.
fn finish(node: &mut Node, ready: Ready) -> Vec<Index> {
    node.storage_mut().persist(&ready).expect("it works");
    let mut done = ready.persisted();
    let committed = done.take_committed_entries();
    for entry in committed.iter().filter(|entry| entry.is_conf_change()) {
        node.apply_conf_change(entry).expect("a sound node");
    }
    node.advance(done).expect("the one that is out");
    committed.iter().map(|entry| entry.index).collect()
}

/// A group of one, Ready by Ready: its vote, its opening entry, what that commits.
#[test]
fn a_group_of_one() {
    let mut cluster = alone(plain(1), store(&[1]));
    let node = cluster.node(1);
    assert!(!node.has_ready() && matches!(node.ready(), Ok(None)));
    node.campaign().expect("alone");
    let ready = take(node);
    assert_eq!(ready.soft_state(), Some(SoftState::new(None, Candidate)));
    assert_eq!(ready.hard_state(), Some(HardState::new(1, Some(1), 1)));
    assert!(ready.must_sync() && ready.entries().is_empty());
    assert_eq!(finish(node, ready), []);
    assert_eq!(node.status().soft_state.role, Leader, "its vote is durable");
    let ready = take(node);
    assert_eq!(ready.soft_state(), Some(SoftState::new(Some(1), Leader)));
    assert_eq!(ready.entries().len(), 1);
    assert!(ready.must_sync() && ready.hard_state().is_none());
    assert_eq!(finish(node, ready), []);
    let ready = take(node);
    assert_eq!(ready.hard_state(), Some(HardState::new(1, Some(1), 2)));
    assert!(!ready.must_sync() && ready.soft_state().is_none() && ready.entries().is_empty());
    assert_eq!(node.status().applied, 1);
    assert_eq!(finish(node, ready), [2]);
    assert_eq!(node.status().applied, 2);
    assert!(!node.has_ready() && matches!(node.ready(), Ok(None)));
}

fn in_order(index: Index) -> Payload {
    let conf_state = ConfState::of_voters([1, 2, 3]);
    let metadata = SnapshotMetadata::new(EntryId { term: 1, index }, conf_state);
    Payload::InstallSnapshot(Box::new(Snapshot::new(metadata, "")))
}

type Happens = fn(&mut Node);

fn tell(node: &mut Node, from: NodeId, term: u64, payload: Payload) {
    node.step(message(from, 1, term, payload)).expect("legal");
}

/// What happens to a node; of the Ready that this makes, whether it has another role or leader, a
/// snapshot, entries, a hard state, messages at once, messages later, committed entries; and whether
/// it must be synced.
const READIES: [(&str, Happens, &str, bool); 18] = [
    ("nothing", |_| (), "", false),
    ("a tick", |node| node.tick().expect("a sound node"), "", false),
    (
        "an entry",
        |node| tell(node, 2, 1, append((1, 2), &[1], 1)),
        "entries later",
        true,
    ),
    (
        "a committed entry",
        |node| tell(node, 2, 1, append((1, 2), &[1], 3)),
        "entries hard later committed",
        true,
    ),
    (
        "no entry",
        |node| tell(node, 2, 1, append((1, 2), &[], 1)),
        "later",
        false,
    ),
    (
        "an entry it has",
        |node| tell(node, 2, 1, append((1, 1), &[1], 1)),
        "later",
        false,
    ),
    (
        "a rejection",
        |node| tell(node, 2, 1, append((1, 9), &[1], 1)),
        "later",
        false,
    ),
    (
        "a commit index",
        |node| tell(node, 2, 1, heartbeat(2)),
        "hard now committed",
        false,
    ),
    ("a heartbeat", |node| tell(node, 2, 1, heartbeat(1)), "now", false),
    ("a later term", |node| tell(node, 3, 2, accepted(0)), "soft hard", true),
    (
        "a later leader",
        |node| tell(node, 3, 2, heartbeat(1)),
        "soft hard now",
        true,
    ),
    (
        "a vote",
        |node| tell(node, 3, 2, request(false, (1, 9), false)),
        "soft hard later",
        true,
    ),
    (
        "a refused vote",
        |node| tell(node, 3, 1, request(false, (1, 9), false)),
        "later",
        false,
    ),
    (
        "a pre-vote",
        |node| tell(node, 3, 2, request(true, (1, 9), false)),
        "later",
        false,
    ),
    (
        "a snapshot",
        |node| tell(node, 2, 1, in_order(9)),
        "snapshot hard later",
        true,
    ),
    (
        "a campaign",
        |node| node.campaign().expect("it may"),
        "soft hard later",
        true,
    ),
    ("a proposal", |node| drop(node.propose("a").map(|_| ())), "now", false),
    (
        "a forgotten leader",
        |node| node.forget_leader().expect("a sound node"),
        "soft",
        false,
    ),
];

/// A follower of three in term 1 that follows node 2 and has done all there was to do.
#[test]
fn what_is_in_a_ready() {
    for (name, happens, expected, must_sync) in READIES {
        let hard_state = HardState::new(1, None, 1);
        let mut cluster = alone(plain(1), store_with(3, &[1], hard_state));
        hear(&mut cluster, 2, 1, heartbeat(1));
        let node = cluster.node(1);
        happens(node);
        node.take_events();
        assert_eq!(node.has_ready(), !expected.is_empty(), "{name}");
        let ready = node.ready().expect("a sound node");
        assert_eq!(ready.is_some(), !expected.is_empty(), "{name}: has_ready() tells");
        let Some(ready) = ready else { continue };
        let has = |word, holds: bool| if holds { word } else { "" };
        let later = ready.append_task().map_or(0, |task| task.responses().len());
        let mut parts = vec![
            has("soft", ready.soft_state().is_some()),
            has("snapshot", ready.snapshot().is_some()),
            has("entries", !ready.entries().is_empty()),
            has("hard", ready.hard_state().is_some()),
            has("now", !ready.messages().is_empty()),
            has("later", later > 0),
        ];
        assert_eq!(ready.must_sync(), must_sync, "{name}");
        assert_eq!(
            ready.append_task().is_some_and(AppendTask::must_sync),
            must_sync,
            "{name}"
        );
        let committed = finish(node, ready);
        parts.push(has("committed", !committed.is_empty()));
        parts.retain(|word| !word.is_empty());
        assert_eq!(parts.join(" "), expected, "{name}");
    }
}

/// One Ready at a time, advanced once, by the node that it is of; calls in between are fine.
#[test]
fn readies_are_advanced_once() {
    let mut cluster = leading(3, plain(1));
    let node = cluster.node(1);
    let _ = node.propose("a").expect("it leads");
    let ready = take(node);
    assert!(matches!(node.ready(), Err(ReadyError::Outstanding)));
    // Everything else goes on while it is out, and is in the next one.
    let _ = node.propose("b").expect("it leads");
    node.tick().expect("a sound node");
    node.read_index("r").expect("it leads");
    node.step(message(2, 1, 1, accepted(2))).expect("legal");
    assert!(node.has_ready());
    // A clone has the same Ready out, and only one of the two can advance it.
    let mut twin = node.clone();
    assert!(matches!(twin.ready(), Err(ReadyError::Outstanding)));
    assert_eq!(finish(node, ready), []);
    let next = take(node);
    assert_eq!(next.entries().len(), 1, "the proposal that came later");
    finish(node, next);
}

/// What belongs to another node, or to another start of this one, is not taken for one's own.
#[test]
fn readies_of_others() {
    for (id, seed) in [(2, 7), (1, 8)] {
        let mut settings = plain(id);
        settings.seed = seed;
        let mut other = RawNode::new(settings, store(&[1, 2])).expect("a legal store");
        let mut node = RawNode::new(plain(1), store(&[1, 2])).expect("a legal store");
        assert_eq!(node.config().seed, 7);
        for node in [&mut node, &mut other] {
            node.campaign().expect("it may");
        }
        let (ready, foreign) = (take(&mut node), take(&mut other));
        let before = node.clone();
        let refused = node.advance(foreign.persisted()).expect_err("it is not this node's");
        assert_eq!(refused.reason, AcknowledgeError::Foreign);
        assert_eq!(node, before);
        finish(&mut node, ready);
    }
}

/// What a dropped Ready (its persist failed) means: no other one, until the node is rebuilt from its
/// store; then nothing is lost that was promised.
#[test]
fn a_dropped_ready() {
    let mut cluster = leading(1, plain(1));
    says(&mut cluster);
    let _ = cluster.propose(1, "lost");
    drop(take(cluster.node(1)));
    assert_eq!(cluster.node(1).tick(), Ok(()));
    assert!(cluster.node(1).propose("also lost").is_ok());
    assert!(matches!(cluster.node(1).ready(), Err(ReadyError::Outstanding)));
    cluster.restart(1);
    says(&mut cluster);
    cluster.elect(1);
    cluster.commit(1, "kept");
    assert_eq!(cluster.data(1), ["kept"]);
}

/// A change of configuration in the way of applying: a node hands out what the store needs.
#[test]
fn what_apply_returns_is_what_to_store() {
    let mut cluster = leading(1, plain(1));
    for (changes, then) in [
        (&[(ConfChangeKind::AddLearnerNode, 2)][..], "voters=(1) learners=(2)"),
        (&[(ConfChangeKind::UpdateNode, 2)], "voters=(1) learners=(2)"),
        (&[(ConfChangeKind::RemoveNode, 2)], "voters=(1)"),
    ] {
        let change = ConfChangeV2::new(changes.iter().copied());
        let _ = cluster.node(1).propose_conf_change(change).expect("it may");
        says(&mut cluster);
        assert_eq!(cluster.nodes[&1].conf_state, cluster.raw(1).membership().conf_state());
        assert_eq!(cluster.raw(1).membership().to_string(), then);
    }
}
