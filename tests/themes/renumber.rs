//! Numbers that only tell batches apart, counted anew: for tools that compare nodes.

use quorate::error::AcknowledgeError;
use quorate::message::{Heartbeat, Payload};
use quorate::ready::TaskResponse;
use quorate::{ConfState, Config, MemoryStorage, Message, RawNode, bootstrap};

type Node = RawNode<MemoryStorage>;

fn node(voters: &[u64], change: impl Fn(&mut Config)) -> Node {
    let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters(voters.iter().copied()));
    let mut config = Config::new(1, 7);
    change(&mut config);
    let storage = MemoryStorage::from_snapshot(first.expect("a new group"));
    RawNode::new(config, storage).expect("sound settings")
}

/// Does what there is to do, and forgets what it says.
fn work(node: &mut Node) {
    while let Some(ready) = node.ready().expect("a sound node") {
        let mut done = ready
            .persisted_by(|task| node.storage_mut().persist_task(task))
            .expect("it works");
        done.take_committed_entries();
        node.advance(done).expect("the one that is out");
    }
    node.take_events();
}

fn hears_its_leader(node: &mut Node, times: u64) {
    for _ in 0..times {
        let payload = Payload::Heartbeat(Heartbeat::new(1));
        node.step(Message::new(2, 1, 1, payload)).expect("a heartbeat");
        work(node);
    }
}

#[test]
fn how_many_batches_there_were_decides_nothing() {
    let [mut one, mut other] = [node(&[1, 2, 3], |_| ()), node(&[1, 2, 3], |_| ())];
    hears_its_leader(&mut one, 1);
    hears_its_leader(&mut other, 5);
    assert_ne!(one, other);
    for node in [&mut one, &mut other] {
        node.renumber(None);
    }
    assert_eq!(one, other);
    hears_its_leader(&mut one, 1);
    hears_its_leader(&mut other, 1);
    assert_eq!(one, other);
}

/// A batch that is out keeps its place, if it follows.
#[test]
fn a_ready_that_is_out_follows() {
    let mut node = node(&[1], |_| ());
    node.campaign().expect("alone");
    work(&mut node);
    let _ = node.propose("x").expect("it leads");
    let mut ready = node.ready().expect("a sound node").expect("an entry to store");
    let stale = ready.clone();
    let by = node.renumber(None);
    ready.renumber(&by);
    node.storage_mut().persist(&ready).expect("it works");
    let _ = stale.append_task();
    let refused = node.advance(stale.persisted()).map_err(AcknowledgeError::from);
    assert!(
        matches!(refused, Err(AcknowledgeError::NotOutstanding { .. })),
        "{refused:?}"
    );
    node.advance(ready.persisted()).expect("the one that is out");
    work(&mut node);
    assert_eq!(node.status().applied, node.status().last_index);
}

#[test]
fn tasks_and_acknowledgements_follow() {
    let mut node = node(&[1], |config| config.settings_mut().async_storage_writes = true);
    node.campaign().expect("alone");
    let mut taken = 0;
    for proposals in [0, 1, 1] {
        for _ in 0..proposals {
            let _ = node.propose("x").expect("it leads");
        }
        while let Some(mut ready) = node.ready().expect("a sound node") {
            let (mut task, mut apply) = (ready.take_append_task(), ready.take_apply_task());
            let by = node.renumber(task.as_ref());
            if let Some(task) = &mut task {
                task.renumber(&by);
            }
            if let Some(task) = &mut apply {
                task.renumber(&by);
            }
            if let Some(task) = task {
                assert_eq!(task.number(), 1, "the oldest that is out");
                node.storage_mut().persist_task(&task).expect("it works");
                for response in task.done() {
                    let TaskResponse::Ack(mut ack) = response else { continue };
                    // Again, between two acknowledgements.
                    let by = node.renumber(None);
                    ack.renumber(&by);
                    taken += 1;
                    node.acknowledge(&ack).expect("in order");
                }
            }
            if let Some(task) = apply {
                let by = node.renumber(None);
                let mut ack = task.done();
                ack.renumber(&by);
                node.acknowledge(&ack).expect("in order");
            }
        }
    }
    assert!(taken > 3 && node.status().applied == node.status().last_index);
}

/// Where there is one timeout only, how often it was drawn decides nothing; else the next draws differ.
#[test]
fn draws_without_a_choice_are_not_counted() {
    for (choices, same) in [(1, true), (2, false)] {
        let bounded = |config: &mut Config| config.settings_mut().max_election_timeout_ticks = Some(10 + choices);
        let [mut one, mut other] = [node(&[1, 2, 3], bounded), node(&[1, 2, 3], bounded)];
        for node in [&mut one, &mut other] {
            hears_its_leader(node, 1);
        }
        // Another timeout and back: it is drawn anew each time.
        for timeout in [9, 10] {
            let mut config = one.config().clone();
            config.settings_mut().election_timeout_ticks = timeout;
            config.settings_mut().min_election_timeout_ticks = Some(10);
            one.set_config(config).expect("sound settings");
        }
        let mut config = other.config().clone();
        config.settings_mut().min_election_timeout_ticks = Some(10);
        other.set_config(config).expect("sound settings");
        one.set_election_timeout_draw(10);
        other.set_election_timeout_draw(10);
        for node in [&mut one, &mut other] {
            node.renumber(None);
        }
        assert_eq!(one == other, same, "{choices} timeouts to draw from");
    }
}
