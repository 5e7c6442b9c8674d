//! D3, D9, D11, D15: configuration changes, and the configuration of a node.

use quorate::error::{ChangeRefusal, ProposeError};
use quorate::membership::{ChangeError, ConfChangeKind, ConfChangeV2};
use quorate::message::Payload;
use quorate::status::RoleKind;
use quorate::{Config, Event, RawNode, ReadMode};

use crate::led_with;
use crate::support::Cluster;

fn change(kind: ConfChangeKind, id: u64) -> ConfChangeV2 {
    ConfChangeV2::new([(kind, id)])
}

/// A refused change is an error with the reason, and nothing takes its place in the log.
#[test]
fn d03_a_refused_change_is_an_error_and_leaves_no_entry() {
    let mut cluster = Cluster::led(3);
    let last = cluster.raw(1).status().last_index;
    let nobody = (1..=3).map(|id| (ConfChangeKind::RemoveNode, id));
    let refused = [
        (ConfChangeV2::leave_joint(), ChangeRefusal::NotJoint),
        (
            ConfChangeV2::new(nobody),
            ChangeRefusal::Invalid(ChangeError::RemovedAllVoters),
        ),
    ];
    for (change, reason) in refused {
        assert_eq!(cluster.node(1).propose_conf_change(change), Err(reason.into()));
    }
    let _ = cluster
        .node(1)
        .propose_conf_change(change(ConfChangeKind::RemoveNode, 3))
        .unwrap();
    let pending = ChangeRefusal::Pending { index: 3, applied: 2 };
    let second = change(ConfChangeKind::RemoveNode, 2);
    assert_eq!(cluster.node(1).propose_conf_change(second), Err(pending.into()));
    assert_eq!(cluster.raw(1).status().last_index, last + 1);
}

/// Unchecked, an impossible change is appended, and ignored when it is applied, by all alike.
#[test]
fn d03_an_impossible_change_that_is_committed_is_ignored_by_all() {
    let mut cluster = led_with(3, |config| config.settings_mut().disable_conf_change_validation = true);
    let nobody = (1..=3).map(|id| (ConfChangeKind::RemoveNode, id));
    let _ = cluster.node(1).propose_conf_change(ConfChangeV2::new(nobody)).unwrap();
    cluster.commit(1, "lives");
    let reason = Some(ChangeRefusal::Invalid(ChangeError::RemovedAllVoters));
    let ignored = Event::ChangeIgnored { index: 3, reason };
    for id in 1..=3 {
        assert!(cluster.nodes[&id].events.contains(&ignored));
        assert_eq!(cluster.raw(id).membership().to_string(), "voters=(1 2 3)");
        assert_eq!(cluster.data(id), ["lives"]);
    }
}

/// Safe defaults; etcd's are one call away.
#[test]
fn d09_the_defaults_are_safe_and_etcds_are_at_hand() {
    let (ours, etcd) = (Config::new(1, 7), Config::like_etcd(1, 7));
    assert!(ours.validate().is_ok() && etcd.validate().is_ok());
    for (config, safe) in [(&ours, true), (&etcd, false)] {
        assert_eq!(
            [
                config.settings().pre_vote,
                config.settings().check_quorum,
                config.settings().lease_promises,
                config.settings().step_down_on_removal
            ],
            [safe; 4],
        );
        assert_eq!(
            [
                config.settings().commit_notice_on_removal,
                !config.settings().eager_appends
            ],
            [safe; 2]
        );
        assert_eq!(config.settings().restart_silence_ticks, (!safe).then_some(0));
        assert_eq!(config.settings().snapshot_stall_ticks, (!safe).then_some(0));
        assert_eq!(config.settings().read_mode, ReadMode::ReadIndex);
        let bounded = config.settings().max_message_bytes <= 1 << 20
            && (1..=1 << 30).contains(&config.settings().max_uncommitted_bytes)
            && config.settings().max_inflight_messages <= 256;
        assert_eq!(bounded, safe);
    }
    // Proposals between two Readies share an append, or each has its own.
    for (eager, appends) in [(false, 1), (true, 3)] {
        let mut cluster = led_with(2, |config| config.settings_mut().eager_appends = eager);
        for data in ["a", "b", "c"] {
            let _ = cluster.propose(1, data);
        }
        cluster.drain(1);
        assert_eq!(cluster.pool.len(), appends);
    }
}

/// A leader that applies its own removal tells the commit index once more and stops leading.
#[test]
fn d11_a_removed_leader_stops_leading() {
    for (stops, notice) in [(true, true), (true, false), (false, false)] {
        let mut cluster = led_with(3, |config| {
            (
                config.settings_mut().step_down_on_removal,
                config.settings_mut().commit_notice_on_removal,
            ) = (stops, notice);
        });
        let _ = cluster
            .node(1)
            .propose_conf_change(change(ConfChangeKind::RemoveNode, 1))
            .unwrap();
        cluster.drain(1);
        cluster.deliver();
        cluster.drain(2);
        cluster.deliver();
        while cluster.raw(1).membership().contains(1) {
            cluster.pool.clear(); // the notice of the commit itself
            assert!(cluster.ready(1));
        }
        cluster.pool.clear();
        cluster.drain(1);
        let told = cluster.pool.iter().filter(|message| match &message.payload {
            Payload::Append(append) => append.commit == 3,
            _ => false,
        });
        assert_eq!(told.count(), if notice { 2 } else { 0 });
        assert_eq!(cluster.role(1) == RoleKind::Leader, !stops);
        assert!(cluster.nodes[&1].events.contains(&Event::Removed { index: 3 }));
        let refused = cluster.node(1).propose("more").unwrap_err();
        assert_eq!(
            refused,
            if stops {
                ProposeError::NoLeader
            } else {
                ProposeError::Removed
            }
        );
        cluster.pool.clear();
        cluster.tick(1, 3);
        assert_eq!(cluster.pool.is_empty(), stops, "it leads on only if it was told to");
    }
}

/// A change can be made dependent on the configuration that its proposer saw.
#[test]
fn d15_a_change_can_be_compared_and_set() {
    let mut cluster = Cluster::led(3);
    let propose = |node: &mut RawNode<_>, id: u64, expected: u64| {
        let learner = change(ConfChangeKind::AddLearnerNode, id);
        node.propose_conf_change_if_unchanged(learner, expected)
    };
    let seen = cluster.raw(1).membership_status().unwrap().index;
    let follower = propose(cluster.node(2), 4, seen);
    assert_eq!(follower, Err(ProposeError::NotLeader { leader: 1 }));
    assert!(propose(cluster.node(1), 4, seen).is_ok());
    cluster.settle();
    let changed = ChangeRefusal::Changed {
        expected: seen,
        changed: 3,
    };
    assert_eq!(propose(cluster.node(1), 5, seen), Err(changed.into()));
    cluster.compact(1);
    let unknown = ChangeRefusal::Unknown { expected: seen };
    assert_eq!(propose(cluster.node(1), 5, seen), Err(unknown.into()));
    let seen = cluster.raw(1).membership_status().unwrap().index;
    assert!(propose(cluster.node(1), 5, seen).is_ok());
}
