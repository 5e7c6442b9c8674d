//! Settings that change while a node runs.

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::{MemoryStorage, ReadMode};

use crate::support::{Cluster, config, store};

/// What a leader's lease is worth when a heartbeat's answer comes seven ticks late.
fn lease_after_a_late_answer(meanwhile: ReadMode) -> u64 {
    let mut cluster = Cluster::new(3, |id| {
        let mut config = config(id);
        config.settings_mut().read_mode = ReadMode::Lease;
        config
    });
    cluster.elect(1);
    cluster.isolate(3);
    cluster.tick_all(1);
    cluster.tick(1, 1);
    cluster.deliver();
    cluster.drain(2);
    let answers = cluster.take(|message| message.to == 1);
    assert_eq!(answers.len(), 1, "{answers:?}");
    let switch = |cluster: &mut Cluster, mode| {
        let mut config = cluster.raw(1).config().clone();
        config.settings_mut().read_mode = mode;
        cluster.node(1).set_config(config).unwrap();
    };
    switch(&mut cluster, meanwhile);
    cluster.tick(1, 7);
    switch(&mut cluster, ReadMode::Lease);
    for answer in answers {
        cluster.step(answer);
    }
    cluster.raw(1).status().lease_ticks
}

/// The ages of heartbeats stood still while leases were switched off, so that an old answer counted
/// as a fresh one afterwards and the lease outlived the promise. Safe: linearizable reads.
#[test]
fn heartbeats_grow_older_while_leases_are_off() {
    let lease = lease_after_a_late_answer(ReadMode::Lease);
    assert_eq!(lease, 1, "ten promised, seven gone, two of margin");
    assert_eq!(lease_after_a_late_answer(ReadMode::ReadIndex), lease);
}

/// With promises, but without pre-vote and check-quorum, vote requests are dropped too. A node in a
/// later term that does not know of the leader, and so asks everybody but the leader for a vote, must
/// be able to tell it of its term, or it stays out for ever.
#[test]
fn a_node_that_fell_behind_rejoins_under_promises_alone() {
    let unguarded = |id| {
        let mut config = config(id);
        (config.settings_mut().pre_vote, config.settings_mut().check_quorum) = (false, false);
        config
    };
    let mut cluster = Cluster::new(3, unguarded);
    cluster.elect(1);
    cluster.add(unguarded(4), MemoryStorage::new()).unwrap();
    cluster.isolate(2);
    let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 4)]);
    let _ = cluster.node(1).propose_conf_change(change).unwrap();
    cluster.settle();
    cluster.compact(1);
    cluster.tick_all(3);
    cluster.node(1).transfer_leader(4).unwrap();
    cluster.tick_all(60);
    assert!(cluster.leader() == Some(4) && cluster.term(2) > cluster.term(4));
    cluster.heal();
    cluster.tick_all(100);
    let leader = cluster.leader().expect("a leader");
    assert_eq!(cluster.committed(2), cluster.committed(leader));
}

/// A leader promises what it appended with the next Ready, or at once: it does either if the setting changes in
/// between.
#[test]
fn appends_between_two_settings_are_promised() {
    for eager in [false, true] {
        let mut cluster = Cluster::default();
        let mut config = config(1);
        config.settings_mut().eager_appends = eager;
        cluster.add(config.clone(), store(&[1])).expect("a legal store");
        cluster.elect(1);
        let _ = cluster.node(1).propose("a").expect("it leads");
        config.settings_mut().eager_appends = !eager;
        cluster.node(1).set_config(config).expect("it may change");
        cluster.drain(1);
        assert_eq!(cluster.data(1), ["a"], "eager first: {eager}");
    }
}
