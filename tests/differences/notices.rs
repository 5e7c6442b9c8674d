//! D39: followers are told of what is committed with what is sent anyway.

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::Payload;
use quorate::{Config, Message, NodeId, ReadMode};

use crate::led_with;
use crate::support::Cluster;

/// Three voters whose followers may wait three ticks for a notice; node 1 leads, and all know what is committed.
fn patient(eager: bool, heartbeat_ticks: u64) -> Cluster {
    let mut cluster = led_with(3, |config: &mut Config| {
        config.settings_mut().commit_notice_ticks = 3;
        config.settings_mut().election_timeout_ticks = 30;
        config.settings_mut().eager_appends = eager;
        config.settings_mut().read_mode = ReadMode::Lease;
        config.settings_mut().heartbeat_interval_ticks = heartbeat_ticks;
    });
    cluster.tick_all(9);
    cluster.settle();
    assert_eq!(committed(&cluster), [2; 3]);
    cluster
}

fn committed(cluster: &Cluster) -> [u64; 3] {
    [1, 2, 3].map(|id| cluster.committed(id))
}

/// What a node sends until nothing moves any more: with entries, and without.
fn appends_until_settled(cluster: &mut Cluster, from: NodeId) -> (usize, usize) {
    let mut appends = (0, 0);
    loop {
        for id in 1..=3 {
            cluster.drain(id);
        }
        let messages = cluster.take(|_| true);
        if messages.is_empty() {
            return appends;
        }
        for message in messages {
            match &message.payload {
                Payload::Append(append) if message.from == from && append.entries.is_empty() => appends.1 += 1,
                Payload::Append(_) if message.from == from => appends.0 += 1,
                _ => {}
            }
            cluster.step(message);
        }
    }
}

#[test]
fn d39_the_next_append_tells_what_is_committed() {
    for eager in [false, true] {
        let mut cluster = patient(eager, 9);
        let _ = cluster.propose(1, "a");
        assert_eq!(appends_until_settled(&mut cluster, 1), (2, 0), "eager: {eager}");
        assert_eq!(committed(&cluster), [3, 2, 2]);
        let _ = cluster.propose(1, "b");
        assert_eq!(appends_until_settled(&mut cluster, 1), (2, 0), "eager: {eager}");
        assert_eq!(committed(&cluster), [4, 3, 3]);
    }
}

#[test]
fn d39_a_notice_is_given_in_time() {
    for eager in [false, true] {
        let mut cluster = patient(eager, 9);
        let _ = cluster.propose(1, "a");
        cluster.settle();
        assert_eq!(cluster.raw(1).next_deadline(), Some(3));
        cluster.tick(1, 1);
        let _ = cluster.propose(1, "b"); // the oldest that is owed counts
        cluster.settle();
        cluster.tick(1, 1);
        cluster.settle();
        assert_eq!(committed(&cluster), [4, 3, 3]);
        cluster.tick(1, 1);
        assert_eq!(appends_until_settled(&mut cluster, 1), (0, 2), "eager: {eager}");
        assert_eq!(committed(&cluster), [4; 3]);
        cluster.tick(1, 3);
        assert_eq!(appends_until_settled(&mut cluster, 1), (0, 0), "they are told once");
    }
}

#[test]
fn d39_a_heartbeat_is_notice_enough() {
    let mut cluster = patient(false, 3);
    let _ = cluster.propose(1, "a");
    cluster.settle();
    cluster.tick(1, 3);
    assert_eq!(appends_until_settled(&mut cluster, 1), (0, 0));
    assert_eq!(committed(&cluster), [3; 3]);
}

/// Nothing more can be said to a probed peer until it answers; then it is owed a notice too.
#[test]
fn d39_who_answers_late_is_told_in_time() {
    let mut cluster = patient(false, 9);
    cluster.node(1).report_unreachable(3).unwrap();
    let _ = cluster.propose(1, "a");
    cluster.drain(1);
    let probe = cluster.take(|message| message.to == 3);
    cluster.settle();
    cluster.tick(1, 3);
    cluster.settle();
    assert_eq!(committed(&cluster), [3, 3, 2]);
    for message in probe {
        cluster.step(message);
    }
    cluster.settle();
    assert_eq!(committed(&cluster), [3, 3, 2]);
    cluster.tick(1, 3);
    cluster.settle();
    assert_eq!(committed(&cluster), [3; 3]);
}

#[test]
fn d39_a_change_of_the_configuration_is_told_at_once() {
    let mut cluster = patient(false, 9);
    let change = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 4)]);
    let _ = cluster.node(1).propose_conf_change(change).unwrap();
    cluster.settle();
    assert_eq!(committed(&cluster), [3; 3]);
    for id in 1..=3 {
        assert!(cluster.raw(id).membership().contains(4));
    }
}

#[test]
fn d39_what_a_followers_read_waits_for_is_told_at_once() {
    let mut cluster = patient(false, 9);
    let _ = cluster.propose(1, "a");
    cluster.settle();
    // Not by a round, whose heartbeats would be notice enough.
    cluster.node(2).read_index_with(ReadMode::Lease, "r").unwrap();
    cluster.settle();
    assert_eq!(cluster.nodes[&2].reads[0].outcome, Ok(3));
    assert_eq!(cluster.data(2), ["a"]);
}

/// The commit that the read waited for is the very one that nobody was told.
#[test]
fn d39_a_read_that_waited_for_a_leaders_first_commit_is_no_exception() {
    let mut cluster = patient(false, 9);
    cluster.node(1).transfer_leader(2).unwrap();
    let is_answer = |message: &Message| message.to == 2 && matches!(message.payload, Payload::AppendResponse(_));
    let mut answers = Vec::new();
    for round in 0..20 {
        if round == 10 {
            cluster.node(3).read_index("r").unwrap();
        }
        (1..=3).for_each(|id| cluster.drain(id));
        answers.extend(cluster.take(is_answer));
        for message in cluster.take(|_| true) {
            cluster.step(message);
        }
    }
    assert_eq!((cluster.leader(), committed(&cluster)), (Some(2), [2; 3]));
    for answer in answers {
        cluster.step(answer);
    }
    cluster.settle();
    assert_eq!(cluster.nodes[&3].reads[0].outcome, Ok(3));
    assert_eq!(committed(&cluster), [3; 3]);
}

#[test]
fn d39_a_leader_alone_owes_no_notice() {
    let mut cluster = led_with(1, |config| config.settings_mut().commit_notice_ticks = 3);
    cluster.commit(1, "a");
    assert_eq!(cluster.raw(1).next_deadline(), None);
}

#[test]
fn d39_settings_that_change_leave_nobody_untold() {
    let mut cluster = patient(false, 9);
    let _ = cluster.propose(1, "a");
    cluster.settle();
    let mut config = cluster.raw(1).config().clone();
    config.settings_mut().commit_notice_ticks = 0;
    cluster.node(1).set_config(config).unwrap();
    cluster.tick(1, 3);
    cluster.settle();
    assert_eq!(committed(&cluster), [3; 3]);
    cluster.commit(1, "b");
    assert_eq!(committed(&cluster), [4; 3]);
}
