//! One thing at a time.

use quorate::error::{ConfigError, ProposeError, ReadyError};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::ready::ReadRefusal;
use quorate::replica::{Outcome, Replica, ReplicaError, Survivor};
use quorate::storage::Store;
use quorate::{ConfState, Config, Event, MemoryStorage, ReadMode, StorageError};

use crate::setup::{One, VOTERS, alone, group, leader, replica, run_until, settled, settled_without_leader};
use crate::{Log, founded};

/// What clients of an only voter are told: commands, barriers, changes and reads in the order in which they were asked.
#[test]
fn each_token_has_its_outcome() {
    let mut replica = alone();
    replica.propose("a", "a").expect("it leads");
    replica.propose("", "a barrier").expect("it leads");
    replica.read("a read").expect("it leads");
    let learner = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 2)]);
    replica.propose_conf_change(learner, "a change").expect("it leads");
    let members = ConfState::of_voters([1]).with_learners([2]);
    let expected = vec![
        ("a", Outcome::Applied(1)),
        ("a barrier", Outcome::Passed),
        ("a change", Outcome::Changed(members)),
        ("a read", Outcome::Readable),
    ];
    assert_eq!(replica.turn(|_| {}), Ok(expected));
    assert_eq!(replica.machine().commands, ["a"]);
    replica
        .propose_by(|node| node.propose_batch(["b", "c"]), "the last of a batch")
        .expect("it leads");
    replica.read_with(ReadMode::ReadIndex, "by a round").expect("it leads");
    let expected = vec![
        ("the last of a batch", Outcome::Applied(3)),
        ("by a round", Outcome::Readable),
    ];
    assert_eq!(replica.turn(|_| {}), Ok(expected));
}

#[test]
fn a_follower_says_who_leads_and_gives_the_token_back() {
    let mut group = group();
    let follower = group.get_mut(2).expect("it is there");
    let refused = follower.propose("a", "a client").expect_err("it follows");
    assert_eq!(
        (refused.error, refused.token),
        (ProposeError::NotLeader { leader: 1 }, "a client")
    );
    follower.read("a reader").expect("reads go to the leader");
    assert_eq!(settled(&mut group), Ok(vec![("a reader", Outcome::Readable)]));
}

#[test]
fn who_has_no_time_gives_up_and_who_ends_gives_all_back() {
    let mut group = group();
    for token in ["overdue", "patient"] {
        leader(&mut group).propose(token, token).expect("it leads");
    }
    leader(&mut group).read("a reader").expect("it leads");
    assert_eq!(settled_without_leader(&mut group), Ok(vec![]));
    leader(&mut group).give_up(|token| *token == "overdue");
    assert_eq!(
        settled_without_leader(&mut group),
        Ok(vec![("overdue", Outcome::Unknown)])
    );
    let (_, log, rest) = group.remove(1).expect("it is there").into_parts();
    assert_eq!(log, Log::default());
    let timeout = Outcome::NotReadable(ReadRefusal::Timeout);
    assert_eq!(rest, [("patient", Outcome::Unknown), ("a reader", timeout)]);
}

/// A leader that is cut off proposes, another is elected, and the first comes back.
#[test]
fn what_was_superseded_is_told() {
    let mut group = group();
    leader(&mut group).propose("lost", "a client").expect("it leads");
    assert_eq!(settled_without_leader(&mut group), Ok(vec![]));
    let old = group.remove(1).expect("it is there");
    assert_eq!(run_until(&mut group, 100, |group| group.leader().is_some()), Ok(vec![]));
    group.add(old);
    let outcomes = run_until(&mut group, 100, |group| {
        group.get(1).is_some_and(|old| old.node().status().applied > 2)
    });
    assert_eq!(outcomes, Ok(vec![("a client", Outcome::Superseded)]));
}

/// Two clients were told where their commands are when the process of their leader ended. One is applied, and the other
/// superseded: whoever is asked later can tell.
#[test]
fn whoever_knows_the_entry_is_told_after_a_crash() {
    let mut group = group();
    let applied = leader(&mut group).propose("a", "a client").expect("it leads");
    group.settle().expect("sound replicas");
    let lost = leader(&mut group).propose("b", "another client").expect("it leads");
    group
        .settle_through(|message| message.from != 1)
        .expect("sound replicas");
    let (mut disk, _) = group.crash(1).expect("it is there");
    disk.memory.crash();
    let outcomes = [("a client", Outcome::Applied(1)), ("another client", Outcome::Unknown)];
    assert_eq!(group.take_outcomes(), outcomes);
    let mut again: One = Replica::new(Config::new(1, 8), disk, Log::default()).expect("what a crash leaves");
    again.follow(applied, "a client");
    again.follow(lost, "another client");
    group
        .run_until(100, |group| group.leader().is_some())
        .expect("sound replicas");
    group.add(again);
    assert_eq!(
        group.run_until(50, |group| group
            .get(1)
            .is_some_and(|one| one.node().status().applied > 3)),
        Ok(true)
    );
    assert_eq!(group.take_outcome(&"a client"), Some(Outcome::Applied(1)));
    assert_eq!(group.take_outcome(&"another client"), Some(Outcome::Superseded));
    assert_eq!(group.take_outcome(&"another client"), None, "once");
    // Too late: what was at that index is applied, and an entry of a later term behind it.
    leader(&mut group).follow(applied, "a client");
    group.settle().expect("sound replicas");
    assert_eq!(group.take_outcome(&"a client"), Some(Outcome::Unknown));
    assert!(
        group
            .take_events()
            .iter()
            .any(|(id, event)| *id == 1 && matches!(event, Event::LogTruncated { .. }))
    );
}

/// Nothing that promises what is not on the disk leaves while the disk is full, and nothing is lost by that.
#[test]
fn a_full_disk_is_waited_for() {
    let mut group = group();
    for id in [2, 3] {
        group.get_mut(id).expect("it is there").node_mut().storage_mut().failing = 1;
    }
    leader(&mut group).propose("a", "a client").expect("it leads");
    let full = || Err(ReplicaError::Storage(StorageError::Broken("the disk is full".into())));
    assert_eq!(settled(&mut group), full(), "at node 2");
    assert_eq!(settled(&mut group), full(), "at node 3");
    assert_eq!(
        run_until(&mut group, 5, |_| false),
        Ok(vec![("a client", Outcome::Applied(1))])
    );
    let log = |id| &group.get(id).expect("it is there").machine().commands;
    assert!(VOTERS.iter().all(|id| log(*id) == &["a"]));
}

#[test]
fn what_is_owed_for_a_write_waits_for_it() {
    let mut replica = replica(2, founded(2, &VOTERS));
    for _ in 0..40 {
        replica.node_mut().storage_mut().failing = u32::MAX;
        replica.tick().expect("a sound node");
        let term = replica.node().storage().memory.hard_state().term;
        let sent = replica.turn(|message| assert!(message.term == term || message.term == 1, "{message}"));
        if sent.is_err() {
            let before = replica.node().storage().memory.clone();
            assert!(replica.turn(|message| panic!("{message}")).is_err(), "the same again");
            assert_eq!(replica.node().storage().memory, before);
            return;
        }
    }
    unreachable!("it stands for election, and stores that");
}

/// Where the state machine begins: `(kept by itself, snapshot at)`, and what it has then.
#[test]
fn a_start_is_from_whatever_is_later() {
    let mut replica = alone();
    for command in ["a", "b"] {
        replica.propose(command, command).expect("it leads");
    }
    replica.turn(|_| {}).expect("a sound replica");
    assert_eq!(replica.take_snapshot(), Ok(4));
    replica.propose("c", "c").expect("it leads");
    replica.turn(|_| {}).expect("a sound replica");
    let (disk, log, _) = replica.into_parts();
    for (kept, applied_first) in [(0, 4), (3, 4), (4, 4), (5, 5)] {
        let mut machine = Log { kept, ..log.clone() };
        machine
            .commands
            .truncate(usize::try_from(kept).expect("small").saturating_sub(2));
        let again: One = Replica::new(Config::new(1, 8), disk.clone(), machine).expect("a legal store");
        assert_eq!(again.node().status().applied, applied_first, "{kept}");
        let mut again = again;
        again.turn(|_| {}).expect("a sound replica");
        again.node_mut().advance_ticks(10).expect("silent until then");
        again.turn(|_| {}).expect("a sound replica");
        again.node_mut().campaign().ok();
        again.turn(|_| {}).expect("a sound replica");
        assert_eq!(again.machine().commands, ["a", "b", "c"], "{kept}");
    }
}

#[test]
fn what_is_no_start_is_refused() {
    let mut config = Config::new(1, 7);
    config.settings_mut().async_storage_writes = true;
    let start = |config, breaks| {
        let machine = Log {
            breaks,
            ..Log::default()
        };
        One::new(config, founded(1, &[1]).into(), machine).map(drop)
    };
    let setting = "async_storage_writes";
    assert!(
        matches!(start(config, false), Err(ReplicaError::Config(ConfigError::Bound { setting: at, .. })) if at == setting)
    );
    assert_eq!(
        start(Config::new(1, 7), true),
        Err(ReplicaError::Machine("it broke".into()))
    );
    assert_eq!(start(Config::new(1, 7), false), Ok(()));
    for (named, expected) in [(0, Ok(7)), (7, Ok(7)), (8, Err(()))] {
        let mut config = Config::new(1, 7);
        config.cluster_id = named;
        let store = founded(1, &[1]).with_cluster_id(7);
        let started = One::new(config, store.into(), Log::default());
        let group = started.map(|replica| replica.node().config().cluster_id);
        assert_eq!(group.map_err(drop), expected, "{named}");
    }
}

#[test]
fn whoever_takes_a_ready_is_noticed() {
    let mut replica = alone();
    replica.propose("a", "a").expect("it leads");
    let ready = replica.node_mut().ready().expect("a sound node").expect("a proposal");
    assert_eq!(replica.turn(|_| {}), Err(ReplicaError::Ready(ReadyError::Outstanding)));
    let node = replica.node_mut();
    let mut done = ready
        .persisted_by(|task| node.storage_mut().persist_task(task))
        .expect("space");
    done.take_committed_entries();
    node.advance(done).expect("it is the one");
    assert!(replica.turn(|_| {}).is_ok());
}

/// Also those that come without anything to do: here, that of a removed node.
#[test]
fn events_are_those_of_the_last_turn() {
    let mut group = group();
    let remove = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 1)]);
    leader(&mut group)
        .propose_conf_change(remove, "the operator")
        .expect("it leads");
    let mut removed = false;
    for _ in 0..20 {
        for id in VOTERS {
            let mut messages = Vec::new();
            let replica = group.get_mut(id).expect("it is there");
            replica.turn(|message| messages.push(message)).expect("a sound replica");
            removed |= id == 1
                && replica
                    .events()
                    .iter()
                    .any(|event| matches!(event, Event::Removed { .. }));
            for message in messages {
                let to = message.to;
                group.get_mut(to).map(|replica| replica.step(message));
            }
        }
    }
    assert!(removed);
    let replica = group.get_mut(1).expect("it is there");
    replica.turn(|_| {}).expect("a sound replica");
    assert_eq!(replica.events(), []);
}

#[test]
fn a_survivor_becomes_a_group_of_its_own() {
    let mut group = group();
    for command in ["a", "b"] {
        leader(&mut group).propose(command, command).expect("it leads");
        settled(&mut group).expect("sound replicas");
    }
    leader(&mut group).take_snapshot().expect("something is applied");
    leader(&mut group).propose("c", "c").expect("it leads");
    settled(&mut group).expect("sound replicas");
    let (disk, ..) = group.remove(1).expect("it is there").into_parts();
    let survivor = || Survivor::new(disk.clone(), Log::default()).expect("a legal store");
    let plan = survivor().inspect().expect("it can be read").plan(1).expect("a member");
    let ahead = Log {
        kept: 5,
        ..Log::default()
    };
    let other = Survivor::new(disk.clone(), ahead).expect("a legal store");
    assert!(
        matches!(other.recover(&plan, 9), Err(ReplicaError::Recover(_))),
        "its state machine is not the one that was inspected"
    );
    assert!(
        matches!(survivor().recover(&plan, 0), Err(ReplicaError::Recover(_))),
        "no random number"
    );
    let (_, recovered) = survivor().recover(&plan, 9).expect("the very one");
    let mut config = Config::new(1, 8);
    config.cluster_id = recovered.cluster_id;
    let mut again =
        Replica::<_, _, &str>::new(config, MemoryStorage::from(recovered), Log::default()).expect("a store");
    assert_eq!(again.machine().commands, ["a", "b", "c"]);
    again.node_mut().advance_ticks(50).expect("silent for a while");
    again.turn(|_| {}).expect("a sound replica");
    again.propose("d", "d").expect("it leads, alone");
    assert_eq!(again.turn(|_| {}), Ok(vec![("d", Outcome::Applied(4))]));
}
