//! Worlds that a review of the argument found.

use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2};
use quorate::message::Payload;
use quorate::status::RoleKind;
use quorate::types::Identity;
use quorate::{ConfState, Config, MemoryStorage, NodeId, Storage, bootstrap};

use crate::support::{Cluster, config, message, store};

fn first(id: NodeId) -> Identity {
    0xd0 + id
}

/// Nodes 1 to 3, founded with names.
fn named() -> Cluster {
    let conf_state = ConfState::of_voters([1, 2, 3]).with_identities((1..=3).map(|id| (id, first(id))));
    let mut cluster = Cluster::default();
    for id in 1..=3 {
        let unused = MemoryStorage::new().with_identity(first(id));
        let snapshot = bootstrap(id, &unused, &conf_state).expect("unused, and a member's");
        let storage = MemoryStorage::from_snapshot(snapshot).with_identity(first(id));
        cluster.add(config(id), storage).expect("a legal store");
    }
    cluster
}

fn accepting(id: NodeId) -> Config {
    let mut config = config(id);
    config.settings_mut().accept_unnamed_store = true;
    config
}

/// Nodes 1 to 3 whose stores have identities and are not named yet.
fn unnamed() -> Cluster {
    let mut cluster = Cluster::default();
    for id in 1..=3 {
        let storage = store(&[1, 2, 3]).with_identity(first(id));
        cluster.add(accepting(id), storage).expect("to be named");
    }
    cluster
}

fn make(cluster: &mut Cluster, kind: ConfChangeKind, id: NodeId, identity: Identity) {
    let leader = cluster.leader().expect("a leader");
    let change = ConfChangeV2::new([ConfChangeSingle::new(kind, id).with_identity(identity)]);
    let _ = cluster
        .node(leader)
        .propose_conf_change(change)
        .expect("a legal change");
    cluster.tick_all(2);
}

/// The store of the node is lost, and it starts with another.
fn replace(cluster: &mut Cluster, mut config: Config, identity: Identity) {
    cluster.nodes.remove(&config.id);
    config.seed = 900 + config.id;
    let storage = MemoryStorage::new().with_identity(identity);
    cluster.add(config, storage).expect("a legal store");
}

/// Names are said to be in force while a learner does not know that it votes no more: with a new store in a voter's
/// place it is a majority of the configuration that it has.
fn a_learner_that_does_not_know_that_it_is_one(mut cluster: Cluster, wiped: Config) {
    cluster.elect(1);
    cluster.isolate(3);
    make(&mut cluster, ConfChangeKind::AddLearnerNode, 3, 0);
    for id in [1, 2, 3] {
        make(&mut cluster, ConfChangeKind::UpdateNode, id, first(id));
    }
    cluster.commit(1, "x");
    cluster.tick_all(5);
    if !cluster.raw(1).status().identities_in_force {
        return; // nothing is claimed
    }
    replace(&mut cluster, wiped, 0xe2);
    cluster.heal();
    cluster.isolate(1);
    cluster.tick_all(100);
    if cluster.role(3) == RoleKind::Leader {
        cluster.commit(3, "y");
    }
    cluster.heal();
    cluster.tick_all(20);
    cluster.assert_consistent();
}

#[test]
fn a_learner_that_does_not_know_it_and_a_store_that_accepts_to_be_unnamed() {
    a_learner_that_does_not_know_that_it_is_one(unnamed(), accepting(2));
}

/// The log has everything from the beginning, so that nothing tells the new store that it is a member.
#[test]
fn a_learner_that_does_not_know_it_and_a_log_without_a_snapshot() {
    let mut cluster = Cluster::default();
    for id in 1..=3 {
        let mut storage = MemoryStorage::new().with_identity(first(id));
        storage.set_conf_state(ConfState::of_voters([1, 2, 3]), 0);
        storage.sync();
        cluster.add(accepting(id), storage).expect("to be named");
    }
    a_learner_that_does_not_know_that_it_is_one(cluster, config(2));
}

/// New stores that are fed from before the names, in a group that was smaller then, do not elect each other (if they
/// accepted to be unnamed, they would).
#[test]
fn new_stores_that_are_fed_from_before_the_names() {
    let mut cluster = unnamed();
    cluster.elect(1);
    // Sent when the group began, and long on its way.
    let begin = cluster
        .raw(1)
        .storage()
        .snapshot(2, 0)
        .expect("what the group began with");
    for id in [4, 5] {
        cluster
            .add(accepting(id), MemoryStorage::new().with_identity(first(id)))
            .expect("no member yet");
        make(&mut cluster, ConfChangeKind::AddNode, id, first(id));
        cluster.compact(1);
        cluster.tick_all(10);
    }
    for id in [1, 2, 3] {
        make(&mut cluster, ConfChangeKind::UpdateNode, id, first(id));
    }
    cluster.commit(1, "x");
    cluster.tick_all(5);
    assert!(cluster.raw(1).status().identities_in_force);
    for id in [2, 3] {
        replace(&mut cluster, config(id), 0xe0 + id);
        cluster.isolate(id);
        make(&mut cluster, ConfChangeKind::RemoveNode, id, 0);
        make(&mut cluster, ConfChangeKind::AddNode, id, 0xe0 + id);
        let snapshot = Payload::InstallSnapshot(Box::new(begin.clone()));
        let late = message(1, id, cluster.term(1), snapshot);
        cluster.node(id).step(late).expect("what its leader said");
        cluster.drain(id);
    }
    cluster.commit(1, "y");
    cluster.heal();
    for id in [1, 4, 5] {
        cluster.isolate(id);
    }
    cluster.tick_all(100);
    for id in [2, 3] {
        if cluster.role(id) == RoleKind::Leader {
            cluster.commit(id, "z");
        }
    }
    cluster.heal();
    cluster.tick_all(20);
    cluster.assert_consistent();
}

/// 1 and 2 remove 3 and add it with its new store, of which 3 hears nothing yet.
fn added_again(cluster: &mut Cluster) {
    make(cluster, ConfChangeKind::RemoveNode, 3, 0);
    cluster.isolate(3);
    make(cluster, ConfChangeKind::AddNode, 3, 0xe3);
    cluster.commit(1, "that the change is committed is on the disks too");
    assert_eq!(cluster.raw(2).membership().identity(3), Some(0xe3));
    cluster.heal();
}

/// 2 is gone for good, 1 restarts: 1 and 3 are a majority, and 1 knows it.
fn assert_led_by_1_and_3(cluster: &mut Cluster) {
    cluster.pool.clear();
    cluster.nodes.remove(&2);
    cluster.restart(1);
    cluster.tick_all(600);
    assert_eq!(cluster.leader(), Some(1), "{:?}", cluster.raw(3).status());
}

/// It has a part of the log, with the configuration in which its predecessor is named.
#[test]
fn a_member_that_does_not_know_its_name_yet() {
    let mut cluster = named();
    cluster.elect(1);
    cluster.commit(1, "x");
    let begin = cluster
        .raw(1)
        .storage()
        .snapshot(3, 0)
        .expect("what the group began with");
    replace(&mut cluster, config(3), 0xe3);
    cluster.isolate(3);
    added_again(&mut cluster);
    let term = cluster.term(1);
    cluster.step(message(1, 3, term, Payload::InstallSnapshot(Box::new(begin))));
    cluster.drain(3);
    assert!(cluster.raw(3).status().disowned);
    assert_led_by_1_and_3(&mut cluster);
}

/// It has heard a heartbeat that was meant for its predecessor, and nothing of the log.
#[test]
fn a_member_that_heard_what_its_predecessor_had() {
    let mut cluster = named();
    cluster.elect(1);
    cluster.commit(1, "x");
    replace(&mut cluster, config(3), 0xe3);
    cluster.commit(1, "y");
    cluster.tick_all(2);
    assert_eq!(cluster.raw(3).status().lost_entries, None);
    added_again(&mut cluster);
    assert_led_by_1_and_3(&mut cluster);
}

/// Not a fault: why a disowned node must not stand for election. It may have a later configuration than the voter that
/// it asks, who then looks at its request.
#[test]
fn a_new_store_with_a_later_configuration_than_the_voter() {
    let mut cluster = named();
    cluster.elect(1);
    cluster.isolate(2);
    make(&mut cluster, ConfChangeKind::AddLearnerNode, 4, first(4));
    cluster.compact(1);
    let begin = cluster.raw(1).storage().snapshot(3, 0).expect("what is applied");
    cluster.commit(1, "x");
    assert_eq!(cluster.data(3), ["x"]);

    replace(&mut cluster, config(3), 0xe3);
    cluster.heal();
    cluster.isolate(1);
    let late = message(1, 3, cluster.term(1), Payload::InstallSnapshot(Box::new(begin)));
    cluster.node(3).step(late).expect("what its leader said");
    cluster.drain(3);
    assert!(cluster.raw(3).configured_at() > cluster.raw(2).configured_at());
    cluster.tick_all(200);
    if cluster.role(3) == RoleKind::Leader {
        cluster.commit(3, "y");
    }
    cluster.heal();
    cluster.tick_all(50);
    cluster.commit(1, "z");
    cluster.assert_consistent();
    assert_eq!(cluster.data(2), ["x", "z"]);
}
