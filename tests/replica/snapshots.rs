//! Snapshots: when they are taken, sent and restored.

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{Heartbeat, Payload};
use quorate::replica::{Compaction, Outcome, Replica, ReplicaError};
use quorate::storage::Store;
use quorate::{Config, Event, MemoryStorage, Message, Storage};

use crate::setup::{Group, One, VOTERS, alone, group, leader, replica, run_until, settled, settled_without_leader};
use crate::{Log, founded};

/// `(every, keep)`, commands, and where the log begins then. An election takes the second entry.
#[test]
fn logs_are_compacted_behind_snapshots() {
    let rows = [
        ((10, 0), 8, 2, 1),
        ((10, 0), 9, 12, 11),
        ((10, 3), 9, 9, 11),
        ((10, 3), 19, 19, 21),
        ((10, 100), 50, 2, 51),
    ];
    for ((every, keep), commands, first, snapshot) in rows {
        let mut replica = alone().with_compaction(Compaction::new(every, keep));
        for _ in 0..commands {
            replica.propose("a", "a").expect("it leads");
            replica.turn(|_| {}).expect("a sound replica");
        }
        let store = replica.node().storage();
        let latest = store.memory.latest_snapshot().map(|latest| latest.metadata.index);
        assert_eq!(
            (store.first_index(), latest),
            (Ok(first), Some(snapshot)),
            "every {every}, keep {keep}, {commands} commands"
        );
    }
}

#[test]
fn a_peer_behind_the_log_is_sent_a_snapshot() {
    let mut group = group();
    let lagging = group.remove(3).expect("it is there");
    for command in ["a", "b", "c"] {
        leader(&mut group).propose(command, command).expect("it leads");
        settled(&mut group).expect("sound replicas");
    }
    let up_to = leader(&mut group).take_snapshot().expect("three commands are applied");
    leader(&mut group)
        .node_mut()
        .storage_mut()
        .compact(up_to)
        .expect("covered");
    leader(&mut group).propose("d", "d").expect("it leads");
    settled(&mut group).expect("sound replicas");
    group.add(lagging);
    run_until(&mut group, 20, |_| false).expect("sound replicas");
    let third = group.get(3).expect("it is there");
    assert_eq!(third.machine().commands, ["a", "b", "c", "d"]);
    assert_eq!(third.node().storage().first_index(), Ok(up_to + 1));
}

#[test]
fn a_state_machine_that_cannot_make_a_snapshot_is_asked_again() {
    let mut replica = alone().with_compaction(Compaction::new(3, 0));
    replica.machine_mut().breaks = true;
    for token in ["a", "b"] {
        replica.propose(token, token).expect("it leads");
    }
    assert_eq!(replica.turn(|_| {}), Err(ReplicaError::Machine("it broke".into())));
    let outcomes = vec![("a", Outcome::Applied(1)), ("b", Outcome::Applied(2))];
    assert_eq!(replica.take_outcomes(), outcomes, "they were not lost with the error");
    assert_eq!(replica.turn(|_| {}), Ok(vec![]));
    assert_eq!(replica.node().storage().first_index(), Ok(5));
}

/// Half restored it is nobody's state: the replica stops, and tells it.
#[test]
fn a_state_machine_that_cannot_be_restored_stops_the_replica() {
    let mut group = group();
    let mut lagging = group.remove(3).expect("it is there");
    leader(&mut group).propose("a", "a").expect("it leads");
    settled(&mut group).expect("sound replicas");
    let up_to = leader(&mut group).take_snapshot().expect("something is applied");
    leader(&mut group)
        .node_mut()
        .storage_mut()
        .compact(up_to)
        .expect("covered");
    lagging.machine_mut().breaks = true;
    lagging.read("a reader").expect("it follows");
    group.add(lagging);
    let broken = Err(ReplicaError::Machine("it broke".into()));
    assert_eq!(run_until(&mut group, 20, |_| false), broken);
    let mut stopped = group.remove(3).expect("it is there");
    assert_eq!(stopped.turn(|_| {}), Err(ReplicaError::Stopped));
    let (disk, _, rest) = stopped.into_parts();
    assert_eq!(rest.len(), 1);
    let again: One = Replica::new(Config::new(3, 22), disk, Log::default()).expect("it was stored");
    assert_eq!(again.machine().commands, ["a"]);
}

/// A snapshot that cannot be sent, because the store has its own idea of when: it is not taken again and again.
#[test]
fn a_snapshot_that_is_of_no_use_is_taken_once() {
    let mut group = Group::new();
    group.add(alone());
    leader(&mut group).node_mut().storage_mut().hides = true;
    group.add(replica(2, MemoryStorage::new()));
    let learner = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 2)]);
    leader(&mut group)
        .propose_conf_change(learner, "the operator")
        .expect("it leads");
    let mut asked = 0;
    for _ in 0..20 {
        group.tick().expect("sound nodes");
        settled(&mut group).expect("sound replicas");
        let needed = |event: &Event| matches!(event, Event::SnapshotNeeded { .. });
        asked += u32::from(leader(&mut group).events().iter().any(needed));
    }
    assert!(asked > 1, "{asked}");
    assert_eq!(leader(&mut group).node().storage().taken, 1);
}

/// A client's proposal is at index 3, as it was cut off with its leader; then a snapshot covers more than that.
#[test]
fn what_a_snapshot_jumps_over_is_told_with_it() {
    let mut group = group();
    leader(&mut group).propose("a", "a client").expect("it leads");
    assert_eq!(settled_without_leader(&mut group), Ok(vec![]));
    let old = group.remove(1).expect("it is there");
    run_until(&mut group, 100, |group| group.leader().is_some()).expect("sound replicas");
    let id = group.leader().expect("it was waited for");
    group
        .get_mut(id)
        .expect("it leads")
        .propose("b", "b")
        .expect("it leads");
    settled(&mut group).expect("sound replicas");
    let new = group.get_mut(id).expect("it leads");
    let up_to = new.take_snapshot().expect("something is applied");
    new.node_mut().storage_mut().compact(up_to).expect("covered");
    group.add(old);
    let applied = |group: &Group| group.get(1).map_or(0, |old| old.node().status().applied);
    let outcomes = run_until(&mut group, 20, |group| applied(group) >= up_to);
    assert_eq!(outcomes, Ok(vec![("a client", Outcome::Unknown)]));
    assert_eq!(applied(&group), up_to, "nothing came after the snapshot");
}

/// One that joins is named by no snapshot that was taken before it was added: another one is taken, in the same turn.
#[test]
fn a_joiner_is_sent_a_snapshot_that_names_it() {
    let mut leader = alone();
    let learner = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 2)]);
    leader.propose_conf_change(learner, "the operator").expect("it leads");
    let mut joining = replica(2, MemoryStorage::new());
    for _ in 0..4 {
        let mut messages = Vec::new();
        leader.turn(|message| messages.push(message)).expect("a sound replica");
        messages
            .drain(..)
            .for_each(|message| joining.step(message).expect("it is meant"));
        joining.turn(|message| messages.push(message)).expect("a sound replica");
        messages
            .drain(..)
            .for_each(|message| leader.step(message).expect("it is meant"));
    }
    let learners = |replica: &One| replica.node().membership().learners().to_vec();
    assert_eq!(
        (learners(&leader), learners(&joining)),
        (vec![2], vec![2]),
        "without a tick"
    );
}

/// A state machine that is damaged becomes what the leader's snapshot says, which is kept; the log stays.
#[test]
fn a_damaged_state_machine_begins_anew() {
    let mut group = group();
    for command in ["a", "b"] {
        leader(&mut group).propose(command, command).expect("it leads");
        settled(&mut group).expect("sound replicas");
    }
    let third = group.get_mut(3).expect("it is there");
    third.machine_mut().commands = vec!["damaged".to_owned()];
    third.node_mut().request_snapshot().expect("it follows");
    leader(&mut group).propose("c", "c").expect("it leads");
    settled(&mut group).expect("sound replicas");
    let third = group.get(3).expect("it is there");
    assert_eq!(third.machine().commands, ["damaged"]);
    let begin = third.node().storage().first_index();
    run_until(&mut group, 20, |_| false).expect("sound replicas");
    let third = group.get(3).expect("it is there");
    assert_eq!(third.machine().commands, ["a", "b", "c"]);
    assert_eq!(third.node().status().snapshot_request, None);
    let kept = third.node().storage().memory.latest_snapshot();
    assert!(kept.is_some_and(|kept| kept.metadata.index > 1));
    assert_eq!(third.node().storage().first_index(), begin, "its log stays");
}

/// Nobody reads what is damaged, though its index is applied.
#[test]
fn reads_wait_for_a_sound_state_machine() {
    let mut replica = replica(3, founded(3, &VOTERS));
    let from_leader = |payload| Message::new(1, 3, 1, payload);
    let heartbeat = Payload::Heartbeat(Heartbeat::new(0));
    replica.step(from_leader(heartbeat)).expect("legal");
    replica.node_mut().request_snapshot().expect("it follows");
    replica.read("read").expect("it follows");
    let mut sent = Vec::new();
    assert_eq!(replica.turn(|message| sent.push(message)), Ok(vec![]));
    let context = sent.into_iter().find_map(|message| match message.payload {
        Payload::ReadIndex { context, .. } => Some(context),
        _ => None,
    });
    let answer = Payload::read_index_response(1, context.expect("it was passed on"));
    replica.step(from_leader(answer)).expect("legal");
    assert_eq!(replica.turn(|_| {}), Ok(vec![]), "index 1 is applied, and damaged");
    let snapshot = founded(3, &VOTERS).latest_snapshot().expect("the first one");
    replica
        .step(from_leader(Payload::install_snapshot(snapshot)))
        .expect("legal");
    assert_eq!(replica.turn(|_| {}), Ok(vec![("read", Outcome::Readable)]));
}
