//! Asynchronous storage writes: acknowledgements that come late, twice or in the wrong order never
//! make a node believe what its disk does not hold. (That tasks done at once have the same outcome as
//! batches is in `determinism.rs`.)

use quorate::error::AcknowledgeError;
use quorate::message::{Append, Heartbeat, Payload};
use quorate::ready::{Ack, AckKind, AppendTask, TaskResponse};
use quorate::status::RoleKind;
use quorate::{ConfState, Config, Entries, Entry, EntryId, MemoryStorage, Message, RawNode, Ready, bootstrap};

/// Node 1 of three, with asynchronous writes.
fn node() -> RawNode<MemoryStorage> {
    let snapshot = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3])).expect("an unused store");
    let mut config = Config::new(1, 1);
    config.settings_mut().async_storage_writes = true;
    config.settings_mut().lease_promises = false;
    RawNode::new(config, MemoryStorage::from_snapshot(snapshot)).expect("a legal store")
}

/// A leader's append of one entry, by the term of the leader and of the entry.
fn append(node: &mut RawNode<MemoryStorage>, leader: u64, term: u64, entry_term: u64, commit: u64) {
    let entry = Entry::new(entry_term, 2, format!("of {entry_term}"));
    let prev = EntryId { term: 1, index: 1 };
    let payload = Payload::Append(Append::new(prev, commit, vec![entry]));
    node.step(Message::new(leader, 1, term, payload))
        .expect("a sound message");
}

fn ready(node: &mut RawNode<MemoryStorage>) -> Ready {
    node.ready().expect("a sound node").expect("something to do")
}

fn task(node: &mut RawNode<MemoryStorage>) -> AppendTask {
    ready(node).take_append_task().expect("something to store")
}

/// The disk does a task; what is acknowledged then.
fn store(node: &mut RawNode<MemoryStorage>, task: AppendTask) -> Vec<Ack> {
    node.storage_mut().persist_task(&task).expect("a storage that works");
    let acks = task.done().into_iter().filter_map(|response| match response {
        TaskResponse::Ack(ack) => Some(ack),
        TaskResponse::Message(_) => None,
    });
    acks.collect()
}

fn store_and_acknowledge(node: &mut RawNode<MemoryStorage>, task: AppendTask) {
    for ack in store(node, task) {
        node.acknowledge(ack).expect("tasks in order");
    }
}

/// What is handed out for applying, if anything.
fn applies(node: &mut RawNode<MemoryStorage>) -> Vec<Entry> {
    let ready = node.ready().expect("a sound node");
    let task = ready.and_then(|mut ready| ready.take_apply_task());
    task.map_or_else(Vec::new, |task| task.entries().to_vec())
}

/// An entry is overwritten by another leader's, and then appended again as it was, before the disk has
/// done anything. What it says about the first of the three writes is about the same term and
/// index as the third, but the second is still to come and will take the entry away.
#[test]
fn an_entry_that_came_back_is_not_stored_by_its_first_write() {
    let mut node = node();
    append(&mut node, 2, 2, 2, 1);
    let first = task(&mut node);
    append(&mut node, 3, 3, 3, 1);
    let second = task(&mut node);
    append(&mut node, 2, 4, 2, 2);
    let third = task(&mut node);
    assert_eq!(node.status().hard_state.commit, 2);
    for task in [&first, &second, &third] {
        assert_eq!(task.entries().len(), 1);
    }

    store_and_acknowledge(&mut node, first);
    assert_eq!(
        node.storage().log()[0].term,
        2,
        "the disk holds the very entry, but not for long"
    );
    assert_eq!(applies(&mut node), []);
    store_and_acknowledge(&mut node, second);
    assert_eq!(node.storage().log()[0].term, 3);
    assert_eq!(applies(&mut node), []);
    store_and_acknowledge(&mut node, third);
    assert_eq!(applies(&mut node), node.storage().log(), "now it is stored for good");
}

/// The term moves on while a write is out, and nothing else does: the acknowledgement of the write
/// counts for nothing, that of the hard state makes it good.
#[test]
fn a_write_of_an_earlier_term_is_made_good_by_the_next() {
    let mut node = node();
    append(&mut node, 2, 2, 2, 2);
    let entries = task(&mut node);
    let heartbeat = Payload::Heartbeat(Heartbeat::new(1).with_context(bytes::Bytes::new()));
    node.step(Message::new(3, 1, 3, heartbeat)).expect("a sound message");
    let hard_state = task(&mut node);
    assert!(hard_state.entries().is_empty());
    store_and_acknowledge(&mut node, entries);
    assert_eq!(applies(&mut node), []);
    store_and_acknowledge(&mut node, hard_state);
    assert_eq!(applies(&mut node).len(), 1);
}

/// Each acknowledgement counts once and in its turn; one that is refused changes nothing.
#[test]
fn acknowledgements_are_in_order_and_not_repeated() {
    let mut node = node();
    append(&mut node, 2, 2, 2, 1);
    let first = task(&mut node);
    append(&mut node, 3, 3, 3, 1);
    let second = task(&mut node);
    let first = store(&mut node, first).pop().expect("the storage's own comes last");
    let second = store(&mut node, second).pop().expect("the storage's own comes last");
    assert!(matches!(first.kind(), AckKind::Stored { .. }));

    let refuse = |node: &mut RawNode<MemoryStorage>, ack: &Ack, error: AcknowledgeError| {
        let before = node.clone();
        assert_eq!(node.acknowledge(ack.clone()), Err(error));
        assert!(*node == before, "a refusal changes nothing");
    };
    let early = AcknowledgeError::OutOfOrder {
        number: second.number(),
        expected: first.number(),
    };
    refuse(&mut node, &second, early);
    for ack in [&first, &second] {
        assert_eq!(node.acknowledge(ack.clone()), Ok(()));
        refuse(&mut node, ack, AcknowledgeError::Repeated { number: ack.number() });
    }
    refuse(&mut node, &first, AcknowledgeError::Repeated { number: first.number() });

    // A node that never handed out such a task.
    let mut other = self::node();
    refuse(&mut other, &first, AcknowledgeError::Foreign);
}

/// A leader's own vote and its own log count when its disk says so, and not before; and what is
/// applied is acknowledged once and in order too.
#[test]
fn a_leader_of_one_waits_for_its_own_disk() {
    let snapshot = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1])).expect("an unused store");
    let mut config = Config::new(1, 1);
    (
        config.settings_mut().async_storage_writes,
        config.settings_mut().pre_vote,
    ) = (true, false);
    (
        config.settings_mut().max_committed_bytes_per_ready,
        config.settings_mut().max_message_bytes,
    ) = (1 << 20, 0);
    let mut node = RawNode::new(config, MemoryStorage::from_snapshot(snapshot)).expect("a legal store");
    node.campaign().expect("it may campaign");
    let vote = task(&mut node);
    assert_eq!(node.status().soft_state.role, RoleKind::Candidate);
    store_and_acknowledge(&mut node, vote);
    assert_eq!(node.status().soft_state.role, RoleKind::Leader);

    let opening = task(&mut node);
    let _ = node.propose("x").expect("it leads");
    let entry = task(&mut node);
    assert_eq!((node.status().hard_state.commit, node.has_ready()), (1, false));
    store_and_acknowledge(&mut node, opening);
    assert_eq!(node.status().hard_state.commit, 2);
    let first = ready(&mut node).take_apply_task().expect("the opening entry");
    store_and_acknowledge(&mut node, entry);
    let second = ready(&mut node).take_apply_task().expect("the proposal");
    let (first, second) = (first.done(), second.done());
    let early = AcknowledgeError::OutOfOrder {
        number: second.number(),
        expected: first.number(),
    };
    assert_eq!(node.acknowledge(second.clone()), Err(early));
    assert_eq!(node.status().applied, 1);
    for (ack, applied) in [(first, 2), (second, 3)] {
        assert_eq!(node.acknowledge(ack.clone()), Ok(()));
        let repeated = AcknowledgeError::Repeated { number: ack.number() };
        assert_eq!(node.acknowledge(ack), Err(repeated));
        assert_eq!(node.status().applied, applied);
    }
}

/// Each mode refuses what belongs to the other.
#[test]
fn each_mode_has_its_own_calls() {
    let mut asynchronous = node();
    append(&mut asynchronous, 2, 2, 2, 1);
    let mut both = ready(&mut asynchronous);
    let task = both.take_append_task().expect("something to store");
    let refused = asynchronous.advance(both.persisted()).expect_err("the other mode");
    assert_eq!(refused.reason, AcknowledgeError::WrongMode);

    let ack = store(&mut asynchronous, task).pop().expect("the storage's own");
    let mut batches = RawNode::new(Config::new(1, 1), MemoryStorage::new()).expect("a legal store");
    assert_eq!(batches.acknowledge(ack), Err(AcknowledgeError::WrongMode));
}

/// The commit index of a later term is not applied before that term is durable: after a crash the node would be in an
/// earlier term, and answer the leader of that one as if it had the entry too.
#[test]
fn what_is_committed_in_a_term_is_applied_once_the_term_is_durable() {
    let mut node = node();
    append(&mut node, 2, 1, 1, 1);
    let first = task(&mut node);
    store_and_acknowledge(&mut node, first);
    let prev = EntryId { term: 1, index: 2 };
    let notice = Payload::Append(Append::new(prev, 2, Entries::new()));
    node.step(Message::new(3, 1, 2, notice)).expect("a sound message");
    let mut later = ready(&mut node);
    assert!(later.take_apply_task().is_none(), "term 2 is not on the disk");
    let of_term_2 = later.take_append_task().expect("a hard state");
    assert!(!node.has_ready());
    store_and_acknowledge(&mut node, of_term_2);
    assert_eq!(applies(&mut node).last().map(|entry| entry.index), Some(2));
}
