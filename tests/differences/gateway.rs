//! D4, D6, D7, D8: what is refused, with a reason, where etcd-io/raft panics or goes on.

use quorate::error::{ConfigError, Fault, NodeError, ProposeError, ReadyError, StepError};
use quorate::message::{Append, AppendResponse, Heartbeat, Payload};
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{
    ConfState, Config, Entries, Entry, EntryId, Event, HardState, MemoryStorage, RawNode, Snapshot, Storage,
    StorageError,
};

use crate::support::{Cluster, message, plain, store};
use crate::{accepted, append, led_with, single, vote_request};

/// What comes in cannot make a node panic: the error says whose fault it is.
#[test]
fn d04_input_is_refused_with_a_reason_instead_of_a_panic() {
    let mut cluster = Cluster::led(3);
    let beyond = Payload::Heartbeat(Heartbeat::new(99).with_context(""));
    let undecodable = Entry::new(0, 0, "\u{ff}").with_kind(EntryKind::ConfChange);
    let undecodable = Payload::propose(vec![undecodable]);
    let a_proposal = StepError::Proposal(ProposeError::Empty);
    let cases = [
        (1, message(2, 1, 0, Payload::propose(vec![])), a_proposal.clone()),
        (1, message(2, 1, 0, undecodable), a_proposal),
        (1, accepted(2, 1, 1, 99), StepError::BeyondLog { index: 99, last: 2 }),
        (2, message(1, 2, 1, beyond), StepError::BeyondLog { index: 99, last: 2 }),
    ];
    for (id, message, like) in cases {
        let before = cluster.raw(id).clone();
        let error = cluster.node(id).step(message).unwrap_err();
        assert_eq!(
            core::mem::discriminant(&error),
            core::mem::discriminant(&like),
            "{error}"
        );
        assert!(*cluster.raw(id) == before);
    }
    let refused = RawNode::new(Config::new(0, 7), store(&[1]));
    assert!(matches!(refused, Err(ConfigError::Bound { setting: "id", .. })));

    let node = cluster.node(1);
    node.read_index("read").unwrap();
    let first = node.ready().unwrap();
    assert!(first.is_some());
    assert_eq!(node.ready().unwrap_err(), ReadyError::Outstanding);
}

/// A storage whose entries cannot be read any more.
#[derive(Clone)]
struct Breaks(MemoryStorage);

impl Storage for Breaks {
    quorate::delegate_storage!(0: initial_state, first_index, last_index, term, snapshot, keeps_promises);

    fn entries(&self, _low: u64, _high: u64, _max_bytes: u64) -> Result<Entries, StorageError> {
        Err(StorageError::Broken("no more".into()))
    }
}

/// A storage that fails ends its own node, and says so at every call.
#[test]
fn d04_a_broken_storage_poisons_its_node_only() {
    let mut storage = store(&[1, 2, 3]);
    let entry = |index| Entry::new(1, index, "");
    storage.append(&[entry(2), entry(3)]).unwrap();
    let mut config = plain(1);
    // Or it would be read at the start.
    (
        config.settings_mut().max_uncommitted_bytes,
        config.settings_mut().disable_conf_change_validation,
    ) = (0, true);
    config.settings_mut().mark_checked_changes = false;
    let mut node = RawNode::new(config, Breaks(storage)).unwrap();
    let commit = Payload::Heartbeat(Heartbeat::new(3).with_context(""));
    node.step(message(2, 1, 1, commit)).unwrap();
    let cause = Fault::Storage(StorageError::Broken("no more".into()));
    let poisoned = NodeError::Poisoned(cause.clone());
    assert_eq!(node.ready().unwrap_err(), ReadyError::Node(poisoned.clone()));
    assert_eq!(node.tick(), Err(poisoned.clone()));
    assert_eq!(node.propose("more"), Err(ProposeError::Node(poisoned)));
    assert!(!node.has_ready());
    assert_eq!((node.poisoned(), node.status().id), (Some(&cause), 1));
}

/// The cap on uncommitted bytes counts what is in the log, whoever put it there, and when.
#[test]
fn d06_the_uncommitted_cap_survives_elections_and_restarts() {
    for restarts in [false, true] {
        let mut cluster = Cluster::new(3, |id| {
            let mut config = plain(id);
            config.settings_mut().max_uncommitted_bytes = 10;
            config
        });
        cluster.elect(1);
        for id in [2, 3] {
            cluster.cut_one_way(1, id);
        }
        cluster.commit(1, "ten bytes!");
        if restarts {
            cluster.restart(1);
        } else {
            cluster.step(vote_request(3, 1, 2, false));
            cluster.drain(1);
        }
        assert_eq!(cluster.raw(1).status().uncommitted_bytes, 10);
        cluster.heal();
        cluster.elect(1);
        assert_eq!(cluster.data(1).len(), 1, "and is emptied by committing");
        assert_eq!(cluster.raw(1).status().uncommitted_bytes, 0);
    }
    let mut cluster = led_with(3, |config| config.settings_mut().max_uncommitted_bytes = 0);
    cluster.isolate(1);
    let all: Vec<bool> = (0..9).map(|_| cluster.node(1).propose("ten bytes!").is_ok()).collect();
    assert_eq!(all, [true; 9], "0 is no cap");
}

/// Pre-vote without check-quorum has to be asked for by its consequence.
#[test]
fn d07_pre_vote_without_check_quorum_needs_an_opt_in() {
    let mut config = Config::new(1, 7);
    config.settings_mut().check_quorum = false;
    assert!(matches!(
        config.validate(),
        Err(ConfigError::Bound {
            setting: "check_quorum",
            ..
        })
    ));
    config
        .settings_mut()
        .allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions = true;
    assert_eq!(config.validate(), Ok(()));
}

/// Terms, addressees and senders are looked at before anything else.
#[test]
fn d08_an_envelope_that_cannot_be_right_is_refused() {
    let read = || Payload::read_index("");
    let cases = [
        (append(2, 1, 0, (1, 1)), Err(StepError::MissingTerm)),
        (message(9, 1, 0, Payload::TimeoutNow), Err(StepError::MissingTerm)),
        (vote_request(2, 1, 0, false), Err(StepError::MissingTerm)),
        (message(2, 1, 5, read()), Err(StepError::UnexpectedTerm(5))),
        (append(2, 3, 1, (1, 1)), Err(StepError::Misrouted { to: 3, id: 1 })),
        (accepted(9, 1, 1, 1), Err(StepError::UnknownPeer { from: 9 })),
        // A stranger may ask; and what was forwarded is from whoever called first.
        (vote_request(9, 1, 5, false), Ok(())),
        (append(9, 1, 5, (1, 1)), Ok(())),
        (message(9, 1, 5, Payload::transfer_leader(None)), Ok(())),
        (message(1, 1, 5, Payload::transfer_leader(None)), Ok(())),
        (message(2, 1, 0, read()), Ok(())),
    ];
    for (message, expected) in cases {
        let mut cluster = single(plain(1), store(&[1, 2, 3]));
        assert_eq!(cluster.node(1).step(message.clone()), expected, "{message}");
    }
}

/// Which messages a node takes, by its own group, the message's, and whether those without one are taken; a
/// stranger's leave no trace, whatever they say.
#[test]
fn d27_a_message_of_another_group_is_refused() {
    let cases = [
        (0, 0, false, true),
        (0, 7, false, true),
        (7, 7, false, true),
        (7, 8, false, false),
        (7, 8, true, false),
        (7, 0, false, false),
        (7, 0, true, true),
    ];
    for (ours, theirs, without, taken) in cases {
        let mut settings = plain(1);
        (settings.cluster_id, settings.settings_mut().accept_without_cluster_id) = (ours, without);
        let mut cluster = single(settings, store(&[1, 2, 3]).with_cluster_id(ours));
        let of_any_kind = [
            append(2, 1, 5, (1, 1)),
            vote_request(2, 1, 5, true),
            message(2, 1, 5, Payload::TimeoutNow),
            message(2, 9, 5, Payload::TimeoutNow), // misrouted: not looked at
        ];
        for message in of_any_kind {
            let before = cluster.raw(1).clone();
            let outcome = cluster.node(1).step(message.with_cluster_id(theirs));
            if taken {
                assert!(
                    !matches!(outcome, Err(StepError::ForeignCluster { .. })),
                    "{ours} {theirs}"
                );
            } else {
                assert_eq!(outcome, Err(StepError::ForeignCluster { theirs, ours }));
                assert!(*cluster.raw(1) == before);
            }
        }
    }
}

/// Every message carries the group, those that are passed on included; a store is its group's for good.
#[test]
fn d27_all_messages_carry_the_group_and_so_does_the_store() {
    let mut cluster = Cluster::default();
    let settings = |id| {
        let mut settings = crate::support::config(id);
        settings.cluster_id = 7;
        settings
    };
    for id in 1..=3 {
        let storage = store(&[1, 2, 3]).with_cluster_id(7);
        cluster.add(settings(id), storage).expect("its own store");
    }
    cluster.node(1).campaign().expect("it may");
    for step in 0..40 {
        (1..=3).for_each(|id| cluster.drain(id));
        assert!(
            cluster.pool.iter().all(|message| message.cluster_id == 7),
            "{:?}",
            cluster.pool
        );
        cluster.deliver();
        if step == 20 {
            let _ = cluster.propose(2, "forwarded");
            cluster.node(3).read_index("forwarded").expect("a leader is known");
            cluster.node(1).tick().expect("sound");
        }
    }
    assert!(cluster.errors.is_empty() && cluster.data(3) == ["forwarded"]);
    for (stored, configured) in [(7, 8), (7, 0), (0, 7)] {
        let mut other = settings(1);
        other.cluster_id = configured;
        let refused = RawNode::new(other, store(&[1, 2, 3]).with_cluster_id(stored)).map(|_| ());
        assert_eq!(refused, Err(ConfigError::ForeignStore { stored, configured }));
    }
}

/// What a leader of term 3 sends to a node of term 3 with committed entries 1/1, 1/2, 2/3 and an uncommitted 2/4.
#[test]
fn d26_what_contradicts_a_committed_entry_is_refused() {
    let entry = |term, index| Entry::new(term, index, "x");
    let id = |term, index| EntryId { term, index };
    let diverged_at = |term: u64, payload: Payload| {
        let mut storage = store(&[1, 2, 3]);
        let entries = [entry(1, 2), entry(2, 3), entry(2, 4)];
        storage.append(&entries).expect("no gap");
        storage.set_hard_state(HardState::new(3, None, 3));
        let mut cluster = single(plain(1), storage);
        let (before, deadline) = (cluster.raw(1).status().hard_state, cluster.raw(1).next_deadline());
        let outcome = cluster.node(1).step(message(2, 1, term, payload));
        let Err(StepError::Diverged { index, .. }) = outcome else {
            assert!(!cluster.raw(1).status().diverged);
            return None;
        };
        let status = cluster.raw(1).status();
        assert_eq!((status.hard_state, cluster.raw(1).next_deadline()), (before, deadline));
        assert!(status.diverged && status.corrupt == Some(index) && status.promised_ticks == 0);
        assert!(cluster.node(1).campaign().is_err());
        cluster.drain(1);
        assert_eq!(cluster.raw(1).status().applied, 1, "nothing more is applied");
        let told = cluster.take(|message| {
            matches!(&message.payload, Payload::AppendResponse(AppendResponse::Diverged { committed, .. })
                if committed.index == index)
        });
        assert_eq!(
            told.iter()
                .map(|message| (message.to, message.term))
                .collect::<Vec<_>>(),
            [(2, term)]
        );
        Some(index)
    };
    let append = |prev, entries: &[Entry]| Payload::Append(Append::new(prev, 3, entries));
    let snapshot = |term, index| {
        let metadata = SnapshotMetadata::new(EntryId { term, index }, ConfState::of_voters([1, 2, 3]));
        Payload::InstallSnapshot(Box::new(Snapshot::new(metadata, "")))
    };
    let cases = [
        (append(id(2, 3), &[entry(3, 4)]), None), // what is not committed may be overwritten
        (append(id(1, 1), &[entry(1, 2), entry(2, 3), entry(2, 4)]), None),
        (append(id(0, 2), &[]), None), // etcd: a compacted entry
        (append(id(1, 3), &[]), Some(3)),
        (append(id(3, 3), &[]), Some(3)),
        (append(id(1, 1), &[entry(2, 2)]), Some(2)),
        (append(id(1, 1), &[entry(1, 2), entry(1, 3)]), Some(3)),
        (append(id(1, 2), &[entry(3, 3), entry(3, 4)]), Some(3)),
        (snapshot(2, 3), None),
        (snapshot(1, 3), Some(3)),
        (snapshot(3, 3), Some(3)),
        (snapshot(3, 4), None),
    ];
    for (payload, expected) in cases {
        let name = format!("{payload:?}");
        assert_eq!(
            diverged_at(2, payload.clone()),
            None,
            "a leader of an earlier term: {name}"
        );
        for term in [3, 9] {
            assert_eq!(diverged_at(term, payload.clone()), expected, "{name} in term {term}");
        }
    }
}

/// The same term and index with other data, where our own entry is still in memory only.
#[test]
fn d26_other_data_under_the_same_name() {
    let mut cluster = single(plain(1), store(&[1, 2, 3]));
    let append = |data: &'static str, commit| {
        let entry = Entry::new(1, 2, data);
        message(
            2,
            1,
            1,
            Payload::Append(Append::new(EntryId { term: 1, index: 1 }, commit, vec![entry])),
        )
    };
    assert_eq!(cluster.node(1).step(append("a", 2)), Ok(()));
    assert_eq!(cluster.node(1).step(append("a", 2)), Ok(()));
    let twice = StepError::Diverged {
        index: 2,
        ours: 1,
        theirs: 1,
    };
    assert_eq!(cluster.node(1).step(append("b", 2)), Err(twice));
}

/// A leader hears of it, and of another leader of its own term.
#[test]
fn d26_leaders_say_so() {
    let mut cluster = Cluster::led(3);
    let committed = EntryId { term: 1, index: 2 };
    let response = Payload::AppendResponse(AppendResponse::diverged(committed));
    cluster.step(message(3, 1, 1, response));
    let context = bytes::Bytes::new();
    cluster.step(message(
        2,
        1,
        1,
        Payload::Heartbeat(Heartbeat::new(0).with_context(context)),
    ));
    let events = cluster.node(1).take_events();
    assert!(
        events.contains(&Event::PeerDiverged { peer: 3, committed }),
        "{events:?}"
    );
    assert!(
        events.contains(&Event::SecondLeader { leader: 2, term: 1 }),
        "{events:?}"
    );
}
