//! Reads that were answered too early, too late, or never.

use quorate::error::ConfigError;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::status::RoleKind;
use quorate::{ConfState, Config, MemoryStorage, ReadMode, bootstrap};

use crate::support::{Cluster, config, plain};
use crate::{drain_all, is_append, is_append_response, is_heartbeat_response, lease, led_with, read, reads, step_all};

/// A new leader answered a read before it had committed anything in its own term, so that it did not
/// know yet what its predecessor had committed.
#[test]
fn m01_a_read_waits_until_the_leader_has_committed_in_its_term() {
    let mut cluster = Cluster::new(3, plain);
    cluster.elect(1);
    cluster.commit(1, "old");
    cluster.isolate(1);
    cluster.node(2).campaign().unwrap();
    while cluster.role(2) != RoleKind::Leader {
        cluster.drain(2);
        cluster.deliver();
        cluster.drain(3);
        cluster.deliver();
    }
    read(&mut cluster, 2);
    let appends = cluster.take(is_append);
    cluster.deliver();
    cluster.drain(3);
    assert_eq!(
        cluster
            .pool
            .iter()
            .filter(|message| is_heartbeat_response(message))
            .count(),
        1
    );
    cluster.deliver();
    cluster.drain(2);
    assert_eq!(
        reads(&cluster, 2),
        [],
        "a quorum confirmed it, but nothing of this term is committed"
    );
    step_all(&mut cluster, appends);
    cluster.settle();
    assert_eq!(reads(&cluster, 2), [Some(cluster.raw(2).status().last_index)]);
}

/// The only voter was restarted with a commit index that lagged on disk, and answered a read with it.
#[test]
fn m02_a_single_voter_does_not_read_at_a_commit_index_from_disk() {
    let mut cluster = Cluster::led(1);
    for data in ["a", "b", "c"] {
        cluster.commit(1, data);
    }
    let acknowledged = cluster.committed(1);
    cluster.restart(1);
    assert!(cluster.committed(1) < acknowledged, "the commit index was not synced");
    cluster.node(1).campaign().unwrap();
    while cluster.role(1) != RoleKind::Leader {
        cluster.ready(1);
    }
    read(&mut cluster, 1);
    assert_eq!(reads(&cluster, 1), [Some(acknowledged + 1)]);
}

/// A read was asked again under the same name, and late answers to the first attempt confirmed the
/// second one at a leader that was deposed in between.
#[test]
fn m03_a_delayed_answer_to_an_earlier_read_confirms_nothing() {
    let mut cluster = Cluster::new(3, plain);
    cluster.elect(1);
    read(&mut cluster, 1);
    cluster.deliver();
    cluster.drain(2);
    cluster.drain(3);
    let delayed = cluster.take(is_heartbeat_response);
    assert_eq!(delayed.len(), 2);

    cluster.isolate(1);
    cluster.elect(2);
    cluster.commit(2, "new");
    read(&mut cluster, 1);
    for message in delayed {
        cluster.node(1).step(message).unwrap();
    }
    cluster.drain(1);
    assert_eq!(
        reads(&cluster, 1),
        [Some(2)],
        "the first read, from before the new leader"
    );
    cluster.heal();
    cluster.tick_all(2);
    assert_eq!(reads(&cluster, 1), [Some(2), None]);
}

/// The same across a restart: numbers began anew, and an answer to an earlier start's read was taken.
#[test]
fn m03_an_answer_from_before_a_restart_confirms_nothing() {
    let mut cluster = Cluster::led(3);
    read(&mut cluster, 2);
    cluster.deliver();
    for id in [1, 2, 3] {
        cluster.drain(id);
        cluster.deliver();
    }
    cluster.drain(1);
    let answer = cluster.take(|message| message.payload.name() == "ReadIndexResponse");
    assert_eq!(answer.len(), 1);
    cluster.restart(2);
    cluster.tick_all(1);
    cluster.commit(1, "new");
    read(&mut cluster, 2);
    cluster.node(2).step(answer[0].clone()).unwrap();
    cluster.drain(2);
    assert_eq!(reads(&cluster, 2), [], "it answers another start's read");
    cluster.settle();
    assert_eq!(reads(&cluster, 2), [Some(cluster.committed(1))]);
}

/// A lease was as long as the period of the quorum check, so that it outlived the promises it should
/// rest on: two leaders read at once for most of an election timeout.
#[test]
fn m04_no_lease_lasts_until_another_leader_is_there() {
    for warm_up in 0..11 {
        let mut cluster = led_with(3, lease);
        cluster.tick_all(warm_up + 1);
        assert!(cluster.raw(1).status().lease_ticks > 0);
        cluster.isolate(1);
        cluster.node(2).set_election_timeout_draw(10);
        cluster.node(3).set_election_timeout_draw(15);
        let successor = (0..20).find_map(|_| {
            cluster.tick_all(1);
            let successor = cluster.leader().filter(|leader| *leader != 1);
            let lease = cluster.raw(1).status().lease_ticks;
            assert!(
                successor.is_none() || lease == 0,
                "a lease of {lease} beside {successor:?}"
            );
            successor
        });
        assert!(successor.is_some(), "somebody else is elected in the end");
    }
}

/// And a late answer lengthens no lease: what counts is when the heartbeat was sent.
#[test]
fn m04_a_late_answer_promises_less() {
    let mut cluster = led_with(3, lease);
    cluster.tick(1, 1);
    cluster.deliver();
    drain_all(&mut cluster, &[2, 3]);
    let late = cluster.take(is_heartbeat_response);
    cluster.isolate(1);
    cluster.tick(1, 5);
    assert_eq!(cluster.raw(1).status().lease_ticks, 0);
    for message in late {
        cluster.node(1).step(message).unwrap();
    }
    assert_eq!(
        cluster.raw(1).status().lease_ticks,
        10 - 5 - 2,
        "promised, on the way, margin"
    );
}

/// Lease reads were allowed without check-quorum: a leader that was cut off read for ever.
#[test]
fn m05_lease_reads_need_check_quorum_and_end_without_a_quorum() {
    let mut without = plain(1);
    without.settings_mut().read_mode = ReadMode::Lease;
    assert!(matches!(
        without.validate(),
        Err(ConfigError::Bound {
            setting: "check_quorum",
            ..
        })
    ));

    let mut cluster = led_with(3, lease);
    cluster.tick_all(1);
    read(&mut cluster, 1);
    assert_eq!(reads(&cluster, 1), [Some(cluster.committed(1))], "by the lease");
    cluster.isolate(1);
    cluster.tick(1, 8);
    assert_eq!(
        cluster.raw(1).status().lease_ticks,
        0,
        "ten ticks promised, less a margin of two"
    );
    assert_eq!(
        cluster.role(1),
        RoleKind::Leader,
        "the quorum check has not noticed yet"
    );
    read(&mut cluster, 1);
    assert_eq!(reads(&cluster, 1).len(), 1);
}

fn three_voters_and_two_learners(change: impl Fn(&mut Config)) -> Cluster {
    let conf_state = ConfState::of_voters([1, 2, 3]).with_learners([4, 5]);
    let mut cluster = Cluster::default();
    for id in 1..=5 {
        let snapshot = bootstrap(1, &MemoryStorage::new(), &conf_state).unwrap();
        let mut config = config(id);
        change(&mut config);
        cluster.add(config, MemoryStorage::from_snapshot(snapshot)).unwrap();
    }
    cluster.elect(1);
    cluster
}

/// A lease counted nodes that do not vote towards the quorum.
#[test]
fn m06_learners_count_neither_for_the_lease_nor_for_a_round() {
    for (mode, ticks) in [(ReadMode::Lease, 9), (ReadMode::ReadIndex, 1)] {
        let mut cluster = three_voters_and_two_learners(|config| config.settings_mut().read_mode = mode);
        cluster.tick_all(1);
        cluster.cut(1, 2);
        cluster.cut(1, 3);
        for _ in 0..ticks {
            cluster.tick(1, 1);
            cluster.deliver();
            cluster.drain(4);
            cluster.drain(5);
            cluster.deliver();
        }
        assert_eq!(cluster.role(1), RoleKind::Leader);
        assert_eq!(cluster.raw(1).status().lease_ticks, 0);
        read(&mut cluster, 1);
        for _ in 0..3 {
            drain_all(&mut cluster, &[1, 4, 5]);
            cluster.deliver();
        }
        cluster.drain(1);
        assert_eq!(reads(&cluster, 1), []);
    }
}

/// A smaller quorum had confirmed what waited, and nobody looked again.
#[test]
fn m07_a_quorum_that_shrinks_confirms_what_waits() {
    let mut cluster = Cluster::led(4);
    let removal = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 4)]);
    let _ = cluster.node(1).propose_conf_change(removal).unwrap();
    cluster.drain(1);
    cluster.deliver();
    drain_all(&mut cluster, &[2, 3, 4]);
    let acknowledgements = cluster.take(is_append_response);

    cluster.cut(1, 3);
    cluster.cut(1, 4);
    read(&mut cluster, 1);
    cluster.deliver();
    cluster.drain(2);
    cluster.deliver();
    cluster.drain(1);
    assert_eq!(reads(&cluster, 1), [], "two of four");
    for message in acknowledgements {
        cluster.node(1).step(message).unwrap();
    }
    cluster.drain(1);
    assert_eq!(cluster.raw(1).membership().to_string(), "voters=(1 2 3)");
    assert_eq!(reads(&cluster, 1), [Some(2)], "two of three, as of when the read came");
}

/// A fast path compared the term of the newest commit and answered with an index from before it.
#[test]
fn m08_a_read_gets_the_commit_index_of_its_moment() {
    for mode in [ReadMode::Lease, ReadMode::ReadIndex] {
        let mut cluster = led_with(3, |config| config.settings_mut().read_mode = mode);
        cluster.tick_all(1);
        let _ = cluster.propose(1, "a");
        cluster.drain(1);
        cluster.deliver();
        cluster.drain(2);
        let acknowledged = cluster.take(|message| is_append_response(message) && message.from == 2);
        step_all(&mut cluster, acknowledged);
        let status = cluster.raw(1).status();
        assert!(
            status.applied < status.hard_state.commit,
            "committed, and not even handed out"
        );
        cluster.node(1).read_index("read").unwrap();
        cluster.settle();
        assert_eq!(reads(&cluster, 1), [Some(status.hard_state.commit)]);
    }
}
