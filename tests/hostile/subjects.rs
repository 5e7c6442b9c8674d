//! One node of each role, in its group, in each mode. Shared with the fuzz targets.

use quorate::membership::{ConfChangeKind, ConfChangeV2, Transition};
use quorate::message::Payload;
use quorate::status::RoleKind;
use quorate::{MemoryStorage, NodeId, Storage};

use crate::support::mode::Mode;
use crate::support::{Cluster, message, store};

/// Whom the messages are for.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) cluster: Cluster,
    pub(crate) id: NodeId,
    /// Whether the group commits once good messages flow again.
    pub(crate) recovers: bool,
}

fn subject(name: &'static str, mut cluster: Cluster, id: NodeId) -> Subject {
    let recovers = true;
    // So that a timer that is restarted is not what it was.
    for _ in 0..3 {
        cluster.node(id).tick().expect("a sound node");
    }
    Subject {
        name,
        cluster,
        id,
        recovers,
    }
}

/// Nodes of which node 1 leads and has committed in its term.
fn led(mode: Mode, count: u64) -> Cluster {
    let mut cluster = Cluster::new(count, |id| mode.config(id));
    cluster.elect(1);
    cluster
}

/// A group of three with some entries, led by node 1.
fn busy(mode: Mode) -> Cluster {
    let mut cluster = led(mode, 3);
    for data in ["a", "b", "c"] {
        cluster.commit(1, data);
    }
    cluster
}

fn follower_with_leader(mode: Mode) -> Subject {
    subject("follower with a leader", busy(mode), 2)
}

fn follower_without_leader(mode: Mode) -> Subject {
    let mut cluster = busy(mode);
    cluster.node(2).forget_leader().expect("a sound node");
    subject("follower without a leader", cluster, 2)
}

fn fresh_follower(mode: Mode) -> Subject {
    subject("follower in term 0", Cluster::new(3, |id| mode.config(id)), 2)
}

fn pre_candidate(mode: Mode) -> Subject {
    let mut cluster = Cluster::new(3, |id| mode.config(id));
    cluster.node(2).campaign().expect("it may campaign");
    cluster.drain(2);
    cluster.pool.clear();
    assert_eq!(cluster.role(2), RoleKind::PreCandidate);
    subject("pre-candidate", cluster, 2)
}

fn candidate(mode: Mode) -> Subject {
    let mut cluster = Cluster::new(3, |id| {
        let mut config = mode.config(id);
        (
            config.settings_mut().pre_vote,
            config.settings_mut().check_quorum,
            config.settings_mut().lease_promises,
        ) = (false, mode.lease, mode.lease);
        config
    });
    cluster.node(2).campaign().expect("it may campaign");
    cluster.drain(2);
    cluster.pool.clear();
    assert_eq!(cluster.role(2), RoleKind::Candidate);
    subject("candidate", cluster, 2)
}

fn leader(mode: Mode) -> Subject {
    subject("leader", busy(mode), 1)
}

/// It has proposed what nobody has acknowledged, and hands over to a node that does not answer.
fn leader_under_way(mode: Mode) -> Subject {
    let mut cluster = busy(mode);
    cluster.isolate(1);
    let _ = cluster.propose(1, "d");
    cluster.node(1).transfer_leader(2).expect("a voter");
    cluster.node(1).read_index("read").expect("room for a read");
    cluster.drain(1);
    cluster.pool.clear();
    subject("leader that waits for its peers", cluster, 1)
}

fn lone_leader(mode: Mode) -> Subject {
    let mut cluster = led(mode, 1);
    cluster.commit(1, "a");
    subject("leader of a group of one", cluster, 1)
}

/// A group whose node 4 is a learner, or joins the voters of a joint configuration.
fn with_fourth(mode: Mode, transition: Transition, kind: ConfChangeKind) -> Cluster {
    let mut cluster = busy(mode);
    cluster
        .add(mode.config(4), MemoryStorage::new())
        .expect("a legal store");
    let change = ConfChangeV2::new([(kind, 4)]).with_transition(transition);
    let _ = cluster.node(1).propose_conf_change(change).expect("a legal change");
    cluster.settle();
    // A node takes no snapshot of a configuration without it, so that a new one is needed.
    cluster.compact(1);
    cluster.tick_all(200);
    assert_eq!(cluster.committed(4), cluster.committed(1));
    cluster
}

fn learner(mode: Mode) -> Subject {
    let cluster = with_fourth(mode, Transition::Auto, ConfChangeKind::AddLearnerNode);
    subject("learner", cluster, 4)
}

fn joint_leader(mode: Mode) -> Subject {
    let cluster = with_fourth(mode, Transition::JointExplicit, ConfChangeKind::AddNode);
    subject("leader of a joint configuration", cluster, 1)
}

fn empty_store(mode: Mode) -> Subject {
    let mut cluster = busy(mode);
    cluster
        .add(mode.config(4), MemoryStorage::new())
        .expect("a legal store");
    subject("node with an empty store", cluster, 4)
}

/// A follower that was away while the log was compacted, and has taken a snapshot and not yet
/// handed it out.
fn pending_snapshot(mode: Mode) -> Subject {
    let mut cluster = busy(mode);
    cluster.isolate(3);
    cluster.commit(1, "d");
    cluster.compact(1);
    cluster.heal();
    let snapshot = cluster.raw(1).storage().snapshot(3, 0).expect("a snapshot");
    let term = cluster.term(1);
    cluster.step(message(1, 3, term, Payload::InstallSnapshot(Box::new(snapshot))));
    subject("follower with a pending snapshot", cluster, 3)
}

fn removed_leader(mode: Mode, step_down: bool) -> Subject {
    let mut cluster = Cluster::new(3, |id| {
        let mut config = mode.config(id);
        config.settings_mut().step_down_on_removal = step_down;
        config
    });
    cluster.elect(1);
    let remove = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 1)]);
    let _ = cluster.node(1).propose_conf_change(remove).expect("a legal change");
    cluster.settle();
    Subject {
        recovers: step_down,
        ..subject("removed leader", cluster, 1)
    }
}

/// A restarted node that keeps silent.
fn silent(mode: Mode) -> Subject {
    let mut cluster = busy(mode);
    let mut config = mode.config(2);
    (config.seed, config.settings_mut().restart_silence_ticks) = (99, None);
    cluster.restart_with(config);
    subject("restarted and silent follower", cluster, 2)
}

/// A follower whose settings are narrow in every respect.
fn narrow(mode: Mode, id: NodeId, leads: bool) -> Subject {
    let mut cluster = Cluster::default();
    for id in 1..=3 {
        let mut config = mode.config(id);
        (
            config.settings_mut().max_message_bytes,
            config.settings_mut().max_committed_bytes_per_ready,
        ) = (0, 0);
        (
            config.settings_mut().max_uncommitted_bytes,
            config.settings_mut().max_inflight_messages,
        ) = (1, 1);
        (
            config.settings_mut().max_pending_reads,
            config.settings_mut().snapshot_stall_ticks,
        ) = (1, Some(1));
        cluster.add(config, store(&[1, 2, 3])).expect("a legal store");
    }
    cluster.elect(1);
    cluster.commit(1, "a");
    let name = if leads { "narrow leader" } else { "narrow follower" };
    subject(name, cluster, id)
}

/// All of them, in every mode.
pub(crate) fn subjects() -> Vec<Subject> {
    Mode::ALL.into_iter().flat_map(subjects_in).collect()
}

/// All of them.
pub(crate) fn subjects_in(mode: Mode) -> Vec<Subject> {
    vec![
        follower_with_leader(mode),
        follower_without_leader(mode),
        fresh_follower(mode),
        pre_candidate(mode),
        candidate(mode),
        leader(mode),
        leader_under_way(mode),
        lone_leader(mode),
        joint_leader(mode),
        learner(mode),
        empty_store(mode),
        pending_snapshot(mode),
        removed_leader(mode, true),
        removed_leader(mode, false),
        silent(mode),
        narrow(mode, 2, false),
        narrow(mode, 1, true),
    ]
}
