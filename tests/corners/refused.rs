//! What is refused leaves no trace: no state, no number that is used up, no event.

use quorate::{Entries, Entry, RawNode, StorageError};
use std::fmt::Debug;

use quorate::error::{AcknowledgeError, CampaignError, CampaignRefusal, ConfigError};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{Append, Payload};
use quorate::ready::{AckKind, ApplyTask, TaskResponse};
use quorate::types::EntryKind;

use crate::moody::Moody;
use crate::support::{config, message, plain, store};
use crate::{Node, node, write};

/// The error of a call that is refused.
fn refused<T: Debug, E>(node: &mut Node, act: impl FnOnce(&mut Node) -> Result<T, E>) -> E {
    node.take_events();
    let before = node.clone();
    let error = act(node).expect_err("a refusal");
    assert!(*node == before, "before: {before:#?}\nafter: {node:#?}");
    assert_eq!(node.take_events(), []);
    error
}

/// The caller's own order to campaign is answered with an error; it queued an event besides, and an
/// application that asks often piled them up. Never panics on input: a refused call changes nothing.
#[test]
fn a_campaign_that_may_not_be() {
    let mut stranger = node(config(4), &[], 1);
    let error = refused(&mut stranger, RawNode::campaign);
    assert_eq!(error, CampaignError::Refused(CampaignRefusal::NotVoter));
}

/// New settings wanted the uncommitted entries measured, the storage failed, and the old measure was
/// lost with the new settings. Never panics on input: a refused call changes nothing.
#[test]
fn settings_that_cannot_be_measured() {
    let mut node = node(config(2), &[(1, 2), (1, 3)], 1);
    let broken = StorageError::Broken("on purpose".to_owned());
    node.storage_mut().entries_error = Some(broken.clone());
    let mut next = node.config().clone();
    next.settings_mut().max_uncommitted_bytes = 5;
    let error = refused(&mut node, |node| node.set_config(next));
    assert_eq!(error, ConfigError::Storage(broken));
    assert_eq!(node.status().uncommitted_bytes, 2);
}

/// A removed node's own acknowledgement is refused, but its number was used up, so that it was
/// refused for another reason the second time. Never panics on input: a refused call changes nothing.
#[test]
fn an_own_vote_after_the_removal() {
    let mut config = plain(2);
    config.settings_mut().async_storage_writes = true;
    let removal = Entry::new(1, 2, ConfChangeV2::new([(ConfChangeKind::RemoveNode, 2)]).encode())
        .with_kind(EntryKind::ConfChangeV2);
    let mut storage = store(&[1, 2, 3]);
    storage.append(std::slice::from_ref(&removal)).unwrap();
    let mut node = RawNode::new(config, Moody::new(storage)).unwrap();
    node.campaign().unwrap();
    let mut ready = node.ready().unwrap().expect("a vote to store");
    let task = ready.take_append_task().expect("a vote to store");
    let mut own_vote = None;
    for response in task.done() {
        match response {
            TaskResponse::Ack(ack) if matches!(ack.kind(), AckKind::Vote { .. }) => own_vote = Some(ack),
            TaskResponse::Ack(ack) => node.acknowledge(ack).unwrap(),
            TaskResponse::Message(_) => {}
        }
    }
    let own_vote = own_vote.expect("an own vote");
    let term = node.status().hard_state.term;
    let notice = Payload::Append(Append::new(removal.id(), 2, Entries::new()));
    node.step(message(1, 2, term, notice)).unwrap();
    let mut ready = node.ready().unwrap().expect("the removal");
    assert_eq!(ready.take_apply_task().expect("the removal").entries()[0], removal);
    node.apply_conf_change(&removal).unwrap();
    for _ in 0..2 {
        let error = refused(&mut node, |node| node.acknowledge(own_vote.clone()));
        assert_eq!(error, AcknowledgeError::Removed { id: 2 });
    }
}

/// A host of many groups mixed up two nodes' Readies: as both had the same number, the wrong one was
/// taken, and work that was not done counted as done. Safe: what is acknowledged is durable.
#[test]
fn a_ready_of_another_node() {
    let mut nodes = [1, 2].map(|id| node(plain(id), &[], 1));
    let [first, second] = nodes.each_mut().map(|node| {
        node.campaign().unwrap();
        node.ready().unwrap().expect("votes to ask for")
    });
    let [one, two] = &mut nodes;
    let foreign: AcknowledgeError = refused(one, |node| Ok(node.advance(second.persisted())?));
    assert_eq!(foreign, AcknowledgeError::Foreign);
    one.storage_mut().memory.persist(&first).unwrap();
    one.advance(first.persisted()).expect("its own one is still out");
    // Without asynchronous writes, a node with the same id and another seed is another node too.
    let mut config = plain(2);
    config.seed += 1;
    let mut later = node(config, &[], 1);
    later.campaign().unwrap();
    let ready = later.ready().unwrap().expect("votes to ask for");
    let foreign: AcknowledgeError = refused(two, |node| Ok(node.advance(ready.persisted())?));
    assert_eq!(foreign, AcknowledgeError::Foreign);
}

/// The first task to apply of a group of one, which writes asynchronously.
fn first_apply_task(node: &mut Node) -> ApplyTask {
    node.campaign().unwrap();
    let mut own_vote = node.ready().unwrap().expect("its own vote");
    write(node, &mut own_vote);
    let _ = node.propose("x").unwrap();
    loop {
        let mut ready = node.ready().unwrap().expect("it commits by itself");
        write(node, &mut ready);
        if let Some(task) = ready.take_apply_task() {
            return task;
        }
    }
}

/// The state machine's thread answered after the node had crashed and started again. The answer had
/// the number of the new start's first task and counted for it, and an entry that was in the old
/// task and not in the new one was never applied. Safe: state machine safety.
#[test]
fn an_acknowledgement_from_before_a_restart() {
    let mut config = plain(1);
    config.settings_mut().async_storage_writes = true;
    let mut node = RawNode::new(config.clone(), Moody::new(store(&[1]))).unwrap();
    let old = first_apply_task(&mut node);
    assert_eq!(old.entries().len(), 2);

    let mut storage = node.storage().clone();
    storage.memory.crash();
    config.seed += 1;
    config.settings_mut().max_committed_bytes_per_ready = 1;
    let mut node = RawNode::new(config, storage).unwrap();
    let new = first_apply_task(&mut node);
    assert_eq!(new.entries().len(), 1);
    let foreign = refused(&mut node, |node| node.acknowledge(old.done()));
    assert_eq!(foreign, AcknowledgeError::Foreign);
    node.acknowledge(new.done()).unwrap();
    let mut ready = node.ready().unwrap().expect("the second entry");
    assert_eq!(ready.take_apply_task().expect("the second entry").entries()[0].index, 3);
}
