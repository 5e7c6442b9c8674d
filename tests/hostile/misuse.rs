//! Calls in the wrong order, twice, for another node, or in the wrong mode: a typed error, and the
//! node goes on as if nothing had been said.

use quorate::error::{AcknowledgeError, ConfigError, ReadyError};
use quorate::ready::{Ack, TaskResponse};
use quorate::{MemoryStorage, RawNode, Ready};

use crate::session::{call, drain};
use crate::support::{Cluster, config, store};

type Node = RawNode<MemoryStorage>;

fn lone(asynchronous: bool) -> Node {
    let mut config = config(1);
    config.settings_mut().async_storage_writes = asynchronous;
    let mut node = RawNode::new(config, store(&[1])).expect("a legal store");
    node.campaign().expect("it may campaign");
    node
}

fn ready(node: &mut Node) -> Ready {
    node.ready().expect("a sound node").expect("something to do")
}

/// Handles one Ready asynchronously; what its tasks owe is handed back, not given.
fn acks(node: &mut Node) -> Vec<Ack> {
    let mut ready = ready(node);
    let mut acks = Vec::new();
    if let Some(task) = ready.take_append_task() {
        node.storage_mut().persist_task(&task).expect("legal writes");
        acks.extend(task.done().into_iter().filter_map(|response| match response {
            TaskResponse::Ack(ack) => Some(ack),
            TaskResponse::Message(_) => None,
        }));
    }
    acks.extend(ready.take_apply_task().map(quorate::ready::ApplyTask::done));
    acks
}

/// A leader of a group of one with asynchronous writes, and no acknowledgement on its way.
fn lone_asynchronous_leader() -> Node {
    let mut node = lone(true);
    while node.has_ready() {
        for ack in acks(&mut node) {
            node.acknowledge(ack).expect("in order");
        }
    }
    assert_eq!(node.status().applied, 2);
    node
}

#[test]
fn a_second_ready_waits_for_the_first() {
    let mut node = lone(false);
    let first = ready(&mut node);
    for _ in 0..2 {
        assert_eq!(
            call(&mut node, Node::ready).expect_err("one is out"),
            ReadyError::Outstanding
        );
    }
    node.tick().expect("time passes all the same");
    node.storage_mut().persist(&first).expect("legal writes");
    node.advance(first.persisted()).expect("the Ready that is out");
    drain(&mut node);
    assert_eq!(node.status().applied, 2);
}

#[test]
fn a_dropped_ready_stops_only_readies() {
    let mut node = lone(false);
    drain(&mut node);
    let _ = node.propose("lost").expect("it leads");
    drop(ready(&mut node));
    let _ = node.propose("taken").expect("it leads");
    node.read_index("read").expect("there is room");
    node.tick().expect("a sound node");
    assert_eq!(node.ready().expect_err("one is out"), ReadyError::Outstanding);
}

#[test]
fn what_is_advanced_must_be_out() {
    let (mut one, mut other) = (lone(false), lone(false));
    drain(&mut one);
    let _ = one.propose("later").expect("it leads");
    let later = ready(&mut one).persisted();
    let error = call(&mut other, |node| node.advance(later)).expect_err("nothing is out");
    assert!(
        matches!(error.reason, AcknowledgeError::NotOutstanding { .. }),
        "{error}"
    );

    let _first = ready(&mut other);
    let mut third = lone(false);
    drain(&mut third);
    let _ = third.propose("later").expect("it leads");
    let later = ready(&mut third).persisted();
    let error = call(&mut other, |node| node.advance(later)).expect_err("another one is out");
    assert!(
        matches!(error.reason, AcknowledgeError::NotOutstanding { .. }),
        "{error}"
    );
}

#[test]
fn what_another_node_is_owed_counts_for_nothing_here() {
    for asynchronous in [false, true] {
        let mut ours = lone(asynchronous);
        let mut config = config(2);
        config.settings_mut().async_storage_writes = asynchronous;
        let mut theirs = RawNode::new(config, store(&[2])).expect("a legal store");
        theirs.campaign().expect("it may campaign");
        // The numbers are the same.
        let error = if asynchronous {
            let _own = acks(&mut ours);
            let ack = acks(&mut theirs).remove(0);
            call(&mut ours, |node| node.acknowledge(ack))
        } else {
            let _own = ready(&mut ours);
            let done = ready(&mut theirs).persisted();
            call(&mut ours, |node| node.advance(done)).map_err(AcknowledgeError::from)
        };
        assert_eq!(error, Err(AcknowledgeError::Foreign));
    }
}

#[test]
fn each_mode_has_its_own_way_to_acknowledge() {
    let (mut synchronous, mut asynchronous) = (lone(false), lone(true));
    let ack = acks(&mut asynchronous.clone()).remove(0);
    let error = call(&mut synchronous, |node| node.acknowledge(ack)).expect_err("synchronous");
    assert_eq!(error, AcknowledgeError::WrongMode);
    let done = ready(&mut asynchronous.clone()).persisted();
    let error = call(&mut asynchronous, |node| node.advance(done)).expect_err("asynchronous");
    assert_eq!(error.reason, AcknowledgeError::WrongMode);
    drain(&mut synchronous);
    assert_eq!(synchronous.status().applied, 2);
}

#[test]
fn acknowledgements_are_given_once_and_in_order() {
    let mut node = lone_asynchronous_leader();
    let mut owed: Vec<Vec<Ack>> = Vec::new();
    for data in ["a", "b", "c"] {
        let _ = node.propose(data).expect("it leads");
        owed.push(acks(&mut node));
    }
    let stored: Vec<Ack> = owed.into_iter().map(|mut acks| acks.pop().expect("stored")).collect();

    let early = call(&mut node, |node| node.acknowledge(stored[1].clone())).expect_err("the first is missing");
    assert!(matches!(early, AcknowledgeError::OutOfOrder { .. }), "{early}");
    node.acknowledge(stored[0].clone()).expect("in order");
    let again = call(&mut node, |node| node.acknowledge(stored[0].clone())).expect_err("given before");
    assert!(matches!(again, AcknowledgeError::Repeated { .. }), "{again}");
    for ack in &stored[1..] {
        node.acknowledge(ack.clone()).expect("in order");
    }
}

#[test]
fn applied_is_acknowledged_once_and_in_order() {
    let mut node = lone_asynchronous_leader();
    let mut applied = Vec::new();
    for data in ["a", "b"] {
        let _ = node.propose(data).expect("it leads");
        for ack in acks(&mut node) {
            node.acknowledge(ack).expect("in order");
        }
        applied.extend(acks(&mut node));
    }
    let early = call(&mut node, |node| node.acknowledge(applied[1].clone())).expect_err("the first is missing");
    assert!(matches!(early, AcknowledgeError::OutOfOrder { .. }), "{early}");
    for ack in &applied {
        node.acknowledge(ack.clone()).expect("in order");
        call(&mut node, |node| node.acknowledge(ack.clone())).expect_err("given before");
    }
    assert_eq!(node.status().applied, 4);
}

#[test]
fn what_is_fixed_while_a_node_runs_cannot_be_set() {
    let mut node = lone(false);
    drain(&mut node);
    let mut other = node.config().clone();
    other.id = 2;
    let error = call(&mut node, |node| node.set_config(other)).expect_err("another id");
    assert!(matches!(error, ConfigError::Fixed(_)), "{error}");
    let mut other = node.config().clone();
    other.settings_mut().max_inflight_messages = 0;
    let error = call(&mut node, |node| node.set_config(other)).expect_err("no window");
    assert!(matches!(error, ConfigError::Bound { .. }), "{error}");
}

#[test]
fn an_election_timeout_of_nothing_is_one_tick() {
    let mut cluster = Cluster::new(3, config);
    cluster.node(1).set_election_timeout_draw(0);
    cluster.tick(1, 1);
    cluster.settle();
    assert_eq!(cluster.leader(), Some(1));
}
