//! From every store that a stop can leave behind, a node starts where it was; any other is refused
//! with what is wrong.

use quorate::error::ConfigError;
use quorate::status::RoleKind::{Candidate, Follower};
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, Config, EntryId, HardState, MemoryStorage, RawNode, Snapshot};

use crate::support::{Cluster, config, plain, store};
use crate::{alone, append, asked, entries, says};

/// A store: its log begins after an entry (term, index) and holds entries of these terms; its hard
/// state (term, commit).
fn stored(base: (u64, u64), terms: &[u64], hard: (u64, u64)) -> MemoryStorage {
    let metadata = SnapshotMetadata::new(
        EntryId {
            term: base.0,
            index: base.1,
        },
        ConfState::of_voters([1, 2, 3]),
    );
    let mut storage = MemoryStorage::from_snapshot(Snapshot::new(metadata, "state"));
    storage.append(&entries(base.1 + 1, terms)).expect("in order");
    storage.set_hard_state(HardState::new(hard.0, None, hard.1));
    storage.sync();
    storage
}

/// A store, `Config::applied`, and: commit index, applied index, and what is applied again then.
#[test]
fn where_a_node_starts() {
    type Case = ((u64, u64), &'static [u64], (u64, u64), u64, (u64, u64), &'static [u64]);
    let cases: [Case; 17] = [
        // Nothing, a bootstrap, a bootstrap with a log.
        ((0, 0), &[], (0, 0), 0, (0, 0), &[]),
        ((1, 1), &[], (0, 0), 0, (1, 1), &[]),
        ((1, 1), &[], (0, 0), 1, (1, 1), &[]),
        ((1, 1), &[1], (0, 0), 0, (1, 1), &[]),
        ((1, 1), &[1, 1], (1, 2), 0, (2, 1), &[2]),
        // A log without a snapshot.
        ((0, 0), &[1, 1, 2], (2, 2), 0, (2, 0), &[1, 2]),
        ((0, 0), &[1, 1, 2], (2, 3), 2, (3, 2), &[3]),
        ((0, 0), &[1, 1, 2], (2, 0), 0, (0, 0), &[]),
        // A log that was cut, in its middle or at its end.
        ((4, 7), &[4, 5], (5, 9), 0, (9, 7), &[8, 9]),
        ((4, 7), &[4, 5], (5, 9), 7, (9, 7), &[8, 9]),
        ((4, 7), &[4, 5], (5, 9), 8, (9, 8), &[9]),
        ((4, 7), &[4, 5], (5, 9), 9, (9, 9), &[]),
        ((4, 7), &[], (5, 7), 0, (7, 7), &[]),
        // The commit index was not synced: it is behind the snapshot, or what is applied.
        ((4, 7), &[4, 5], (5, 3), 0, (7, 7), &[]),
        ((4, 7), &[4, 5], (5, 8), 9, (9, 9), &[]),
        ((4, 7), &[], (5, 0), 7, (7, 7), &[]),
        // The term was raised without a log.
        ((0, 0), &[], (9, 0), 0, (0, 0), &[]),
    ];
    for (base, terms, hard, applied, (commit, start), again) in cases {
        let mut settings = plain(1);
        settings.applied = applied;
        let storage = stored(base, terms, hard);
        let name = format!("{base:?} {terms:?} {hard:?}, applied {applied}");
        let mut cluster = alone(settings, storage.clone());
        let status = cluster.raw(1).status();
        let last = base.1 + u64::try_from(terms.len()).expect("few");
        assert_eq!(
            (status.last_index, status.hard_state.commit, status.applied),
            (last, commit, start),
            "{name}"
        );
        assert_eq!(
            (status.soft_state.role, status.soft_state.leader),
            (Follower, None),
            "{name}"
        );
        // A log without its term was torn from it.
        let term = if hard.0 == 0 && !terms.is_empty() { 1 } else { hard.0 };
        assert_eq!(status.hard_state.term, term, "{name}");
        assert_eq!(cluster.raw(1).has_ready(), !again.is_empty() || term > hard.0, "{name}");
        assert_eq!(
            cluster.raw(1).storage(),
            &storage,
            "{name}: nothing is written at the start"
        );
        cluster.drain(1);
        let indexes: Vec<u64> = cluster.nodes[&1].applied.iter().map(|entry| entry.index).collect();
        assert_eq!(indexes, again, "{name}");
        // It takes part: in an election, and in what follows the log.
        let end = terms.last().copied().unwrap_or(base.0);
        let said = asked(&mut cluster, 2, 20, append((end, last), &[20], 0));
        assert_eq!(
            said,
            [format!("1->2 AppendResponse term=20 accepted={}", last + 1)],
            "{name}"
        );
        let mut cluster = alone(plain(1), storage);
        says(&mut cluster);
        cluster.node(1).campaign().expect("a voter of three");
        assert_eq!((cluster.role(1), cluster.term(1)), (Candidate, term + 1), "{name}");
    }
}

/// Stores, and `Config::applied`, that contradict each other or themselves.
#[test]
fn what_cannot_be() {
    let cases = [
        (
            stored((4, 7), &[4, 5], (5, 9)),
            6,
            ConfigError::AppliedBehindSnapshot {
                applied: 6,
                snapshot: 7,
            },
        ),
        (
            stored((4, 7), &[4, 5], (5, 9)),
            10,
            ConfigError::AppliedBeyondLog { applied: 10, last: 9 },
        ),
        (
            stored((4, 7), &[], (5, 7)),
            8,
            ConfigError::AppliedBeyondLog { applied: 8, last: 7 },
        ),
        (
            stored((0, 0), &[], (0, 0)),
            1,
            ConfigError::AppliedBeyondLog { applied: 1, last: 0 },
        ),
        (
            stored((4, 7), &[4, 5], (5, 10)),
            0,
            ConfigError::CommitBeyondLog { commit: 10, last: 9 },
        ),
        (
            stored((0, 0), &[], (5, 1)),
            0,
            ConfigError::CommitBeyondLog { commit: 1, last: 0 },
        ),
    ];
    for (storage, applied, expected) in cases {
        let mut settings = plain(1);
        settings.applied = applied;
        assert_eq!(RawNode::new(settings, storage).err(), Some(expected));
    }
    for wrong in [
        ConfState::of_voters([1, 1]),
        ConfState::of_voters([0]),
        ConfState::of_voters([1]).with_learners([1]),
    ] {
        let mut storage = stored((1, 1), &[], (1, 1));
        storage.set_conf_state(wrong, 1);
        assert!(matches!(
            RawNode::new(plain(1), storage),
            Err(ConfigError::ConfState(_))
        ));
    }
}

/// The power failed when the entries of a batch were stored and its hard state was not: the node begins
/// in the entries' term, with the vote to give, and both are stored before anything is promised in it.
#[test]
fn a_torn_batch_lifts_the_term() {
    for (storage, lifted) in [
        (stored((4, 7), &[4, 5], (4, 7)), 5),
        (stored((2, 7), &[], (1, 7)), 2),
        (stored((2, 1), &[], (0, 0)), 2),
    ] {
        let mut voted = storage.clone();
        let (term, vote) = (voted.hard_state().term, Some(3));
        let commit = voted.hard_state().commit;
        voted.set_hard_state(HardState::new(term, vote, commit));
        voted.sync();
        let mut node = RawNode::new(plain(1), voted).expect("a torn batch is no reason to stay away");
        let held = node.status().hard_state;
        assert_eq!(
            (held.term, held.vote),
            (lifted, None),
            "nobody had the vote of that term"
        );
        let ready = node.ready().expect("sound").expect("the term is not stored yet");
        assert_eq!(ready.hard_state().map(|state| state.term), Some(lifted));
        assert!(ready.must_sync());
    }
}

/// A setting that is out of its bounds, and the setting's name.
#[test]
fn settings_that_cannot_be() {
    type Set = fn(&mut Config);
    let cases: [(Set, &str); 18] = [
        (|config| config.id = 0, "id"),
        (|config| config.id = u64::MAX, "id"),
        (|config| config.id = u64::MAX - 1, "id"),
        (|config| config.applied = 1 << 63, "applied"),
        (
            |config| config.settings_mut().heartbeat_interval_ticks = 0,
            "heartbeat_interval_ticks",
        ),
        (
            |config| config.settings_mut().heartbeat_interval_ticks = 10,
            "election_timeout_ticks",
        ),
        (
            |config| config.settings_mut().election_timeout_ticks = 1,
            "election_timeout_ticks",
        ),
        (
            |config| config.settings_mut().election_timeout_ticks = 1 << 62,
            "election_timeout_ticks",
        ),
        (|config| config.settings_mut().check_quorum = false, "check_quorum"),
        (
            |config| config.settings_mut().max_inflight_messages = 0,
            "max_inflight_messages",
        ),
        (
            |config| config.settings_mut().max_inflight_bytes = 1,
            "max_inflight_bytes",
        ),
        (
            |config| config.settings_mut().max_pending_reads = 0,
            "max_pending_reads",
        ),
        (
            |config| config.settings_mut().restart_silence_ticks = Some(1 << 63),
            "restart_silence_ticks",
        ),
        (
            |config| config.settings_mut().snapshot_stall_ticks = Some(1 << 62),
            "snapshot_stall_ticks",
        ),
        (
            |config| config.settings_mut().commit_notice_ticks = 10,
            "commit_notice_ticks",
        ),
        (|_| (), ""),
        (|config| config.settings_mut().max_message_bytes = 0, ""),
        (
            |config| {
                (
                    config.settings_mut().max_uncommitted_bytes,
                    config.settings_mut().max_committed_bytes_per_ready,
                ) = (0, 0);
            },
            "",
        ),
    ];
    for (set, setting) in cases {
        assert_eq!(refused(set), setting);
    }
}

/// The setting that is out of its bounds, if one is.
fn refused(set: fn(&mut Config)) -> &'static str {
    let mut config = Config::new(1, 7);
    set(&mut config);
    match RawNode::new(config, store(&[1, 2])).err() {
        Some(ConfigError::Bound { setting, .. }) => setting,
        Some(other) => panic!("{other}"),
        None => "",
    }
}

/// The same of election timeouts, and of who is preferred.
#[test]
fn timeouts_that_cannot_be() {
    type Set = fn(&mut Config);
    let cases: [(Set, &str); 13] = [
        (
            |config| config.settings_mut().min_election_timeout_ticks = Some(9),
            "min_election_timeout_ticks",
        ),
        (
            |config| config.settings_mut().min_election_timeout_ticks = Some(1 << 61),
            "min_election_timeout_ticks",
        ),
        (
            |config| config.settings_mut().max_election_timeout_ticks = Some(10),
            "max_election_timeout_ticks",
        ),
        (
            |config| config.settings_mut().max_election_timeout_ticks = Some(1 << 62),
            "max_election_timeout_ticks",
        ),
        (|config| set_timeouts(config, 30, 30), "max_election_timeout_ticks"),
        (|config| set_timeouts(config, 10, 11), ""),
        (|config| set_timeouts(config, 30, 90), ""),
        (|config| config.settings_mut().election_rank = u8::MAX, ""),
        (
            |config| {
                set_timeouts(config, 10, 1 << 61);
                config.settings_mut().election_rank = 5;
            },
            "election_rank",
        ),
        (
            |config| config.settings_mut().transfer_to_preferred_ticks = Some(19),
            "transfer_to_preferred_ticks",
        ),
        (
            |config| config.settings_mut().transfer_to_preferred_ticks = Some(1 << 63),
            "transfer_to_preferred_ticks",
        ),
        (
            |config| config.settings_mut().transfer_to_preferred_ticks = Some(20),
            "",
        ),
        (
            |config| {
                config.settings_mut().transfer_to_preferred_ticks = Some(20);
                (config.settings_mut().pre_vote, config.settings_mut().check_quorum) = (false, false);
            },
            "check_quorum",
        ),
    ];
    for (set, setting) in cases {
        assert_eq!(refused(set), setting);
    }
}

fn set_timeouts(config: &mut Config, min: u64, max: u64) {
    config.settings_mut().min_election_timeout_ticks = Some(min);
    config.settings_mut().max_election_timeout_ticks = Some(max);
}

/// What may be set while the node runs, and what may not; a refusal changes nothing.
#[test]
fn settings_at_run_time() {
    type Set = fn(&mut Config);
    let cases: [(Set, Option<ConfigError>); 19] = [
        (|config| config.id = 2, Some(ConfigError::Fixed("id"))),
        (|config| config.seed += 1, Some(ConfigError::Fixed("seed"))),
        (|config| config.applied = 1, Some(ConfigError::Fixed("applied"))),
        (|config| config.settings_mut().election_timeout_ticks += 1, None),
        (
            |config| config.settings_mut().min_election_timeout_ticks = Some(30),
            None,
        ),
        (
            |config| config.settings_mut().max_election_timeout_ticks = Some(11),
            None,
        ),
        (
            |config| config.settings_mut().min_election_timeout_ticks = Some(9),
            Some(ConfigError::Bound {
                setting: "min_election_timeout_ticks",
                bound: "at least election_timeout_ticks and less than 2^61",
            }),
        ),
        (
            |config| config.settings_mut().lease_promises = false,
            Some(ConfigError::Fixed("lease_promises")),
        ),
        (
            |config| config.settings_mut().restart_silence_ticks = Some(1),
            Some(ConfigError::Fixed("restart_silence_ticks")),
        ),
        (
            |config| config.settings_mut().async_storage_writes = true,
            Some(ConfigError::Fixed("async_storage_writes")),
        ),
        (
            |config| config.settings_mut().max_pending_reads = 0,
            Some(ConfigError::Bound {
                setting: "max_pending_reads",
                bound: "1 or more",
            }),
        ),
        (|config| config.settings_mut().election_rank = 1, None),
        (
            |config| config.settings_mut().transfer_to_preferred_ticks = Some(50),
            None,
        ),
        (|config| config.settings_mut().heartbeat_interval_ticks = 3, None),
        (|config| config.settings_mut().max_message_bytes = 7, None),
        (|config| config.settings_mut().max_inflight_messages = 1, None),
        (|config| config.settings_mut().max_uncommitted_bytes = 5, None),
        (|config| config.settings_mut().pre_vote = false, None),
        (|config| config.settings_mut().snapshot_stall_ticks = Some(3), None),
    ];
    for (set, refusal) in cases {
        let mut cluster = Cluster::new(3, config);
        cluster.elect(1);
        let _ = cluster.propose(1, "abc");
        let before = cluster.raw(1).config().clone();
        let mut next = before.clone();
        set(&mut next);
        let outcome = cluster.node(1).set_config(next.clone());
        assert_eq!(outcome.err(), refusal);
        let now = if refusal.is_some() { before } else { next };
        assert_eq!(*cluster.raw(1).config(), now);
        let full = now.settings().max_uncommitted_bytes == 5;
        assert_eq!(
            cluster.node(1).propose("abc").is_err(),
            full,
            "what waits is measured anew"
        );
        cluster.settle();
        cluster.commit(1, "on");
        assert!(cluster.data(3).contains(&"on".to_string()));
    }
}

/// A crash between any two steps of a Ready, at a leader and at a follower: the group agrees, and
/// goes on.
#[test]
fn crashes_between_steps() {
    for victim in [1, 2] {
        for steps in 0..12 {
            let mut cluster = Cluster::new(3, plain);
            cluster.elect(1);
            cluster.commit(1, "a");
            let _ = cluster.propose(1, "b");
            for step in 0..steps {
                if step % 4 == 3 {
                    cluster.deliver();
                } else {
                    cluster.ready(step % 4 + 1);
                }
            }
            cluster.restart(victim);
            cluster.settle();
            cluster.tick_all(40);
            let leader = cluster.leader().expect("one is elected");
            cluster.commit(leader, "c");
            let data = cluster.data(leader);
            assert!(
                data.starts_with(&["a".into()]) && data.ends_with(&["c".into()]),
                "{data:?}"
            );
            cluster.assert_consistent();
        }
    }
}
