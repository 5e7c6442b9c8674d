//! The recipes with which a running etcd-io/raft was made to fail, as they stand.

use quorate::error::{CampaignRefusal, ChangeRefusal, DecodeError, ProposeError, StepError};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{Heartbeat, Payload, VoteResponse};
use quorate::status::{ReplicationState, RoleKind};
use quorate::types::EntryKind;
use quorate::{Config, Entry, Event, Message};

use crate::support::{Cluster, config, message, plain, store};
use crate::{
    accepted, append, hard_state, install, is_append_response, lease, led_with, read, reads, single, single_leader,
    store_of, vote, vote_request,
};

/// A single voter with a commit index of 5 on disk and ten entries read at 5.
#[test]
fn r01_a_fresh_single_voter_reads_beyond_its_stored_commit_index() {
    let mut state = hard_state(1, 5);
    state.vote = Some(1);
    let mut cluster = single(config(1), store_of(&[1], &[1; 10], state));
    cluster.node(1).campaign().unwrap();
    while cluster.role(1) != RoleKind::Leader {
        cluster.ready(1);
    }
    cluster.node(1).read_index("read").unwrap();
    cluster.drain(1);
    assert_eq!(reads(&cluster, 1), [Some(11)]);
}

/// Between a quorum check and the next, a leader that was cut off read beside its successor.
#[test]
fn r02_a_leader_cut_off_after_a_quorum_check_reads_nothing_stale() {
    let mut cluster = led_with(3, lease);
    cluster.tick_all(11);
    cluster.isolate(1);
    cluster.node(2).set_election_timeout_draw(10);
    cluster.node(3).set_election_timeout_draw(19);
    for _ in 0..9 {
        cluster.tick_all(1);
    }
    assert_eq!(cluster.leader(), Some(1));
    for _ in 10..30 {
        cluster.tick_all(1);
        assert_eq!(cluster.leader(), Some(2));
        cluster.commit(2, "new");
        let _ = cluster.node(1).read_index("read"); // in the end it knows no leader
        cluster.drain(1);
        assert!(reads(&cluster, 1).iter().all(Option::is_none));
    }
}

/// The order to campaign passes by all leases, and the leader that had sent it read on.
#[test]
fn r03_a_leader_that_ordered_an_election_has_no_lease() {
    let mut cluster = led_with(3, lease);
    cluster.tick_all(3);
    cluster.node(1).transfer_leader(2).unwrap();
    cluster.drain(1);
    cluster.deliver();
    cluster.isolate(1);
    cluster.settle();
    assert_eq!((cluster.role(1), cluster.leader()), (RoleKind::Leader, Some(2)));
    cluster.commit(2, "new");
    assert_eq!(cluster.raw(1).status().lease_ticks, 0);
    read(&mut cluster, 1);
    assert_eq!(reads(&cluster, 1), []);
}

/// A follower that restarted had forgotten its promise and voted within the lease.
#[test]
fn r04_a_restarted_follower_keeps_silent_for_as_long_as_it_may_have_promised() {
    for forced in [false, true] {
        let mut cluster = single(Config::new(1, 7), store_of(&[1, 2, 3], &[1], hard_state(1, 1)));
        cluster.node(1).set_election_timeout_draw(100);
        for _ in 0..10 {
            cluster.step(vote_request((2, 1), 2, (1, 9), forced));
            cluster.tick(1, 1);
            assert_eq!((cluster.pool.len(), cluster.term(1)), (0, 1));
        }
        cluster.step(vote_request((2, 1), 2, (1, 9), forced));
        cluster.drain(1);
        let answer = &cluster.pool[0].payload;
        assert!(
            matches!(answer, Payload::VoteResponse(VoteResponse { granted: true, .. })),
            "{answer:?}"
        );
    }
}

/// What r04 says of votes holds of this node's own candidacy too.
#[test]
fn r04_a_restarted_node_orders_no_election_either() {
    let mut cluster = single(Config::new(1, 7), store_of(&[1, 2, 3], &[1], hard_state(1, 1)));
    let silent = CampaignRefusal::Silent(10);
    assert_eq!(cluster.node(1).campaign(), Err(silent.into()));
    cluster.step(message(2, 1, 1, Payload::TimeoutNow));
    cluster.drain(1);
    assert_eq!((cluster.role(1), cluster.term(1)), (RoleKind::Follower, 1));
}

/// A read that waited for the only other voter was never answered when that one was removed.
#[test]
fn r05_a_read_is_answered_when_its_leader_is_left_alone() {
    let mut cluster = Cluster::led(2);
    let removal = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 2)]);
    let _ = cluster.node(1).propose_conf_change(removal).unwrap();
    cluster.drain(1);
    cluster.deliver();
    cluster.drain(2);
    let acknowledged = cluster.take(is_append_response);
    cluster.cut(1, 2);
    read(&mut cluster, 1);
    assert_eq!(reads(&cluster, 1), []);
    cluster.node(1).step(acknowledged[0].clone()).unwrap();
    cluster.drain(1);
    assert_eq!(reads(&cluster, 1), [Some(2)]);
}

/// A leader that was removed from a group of two took itself for the only voter and read alone.
#[test]
fn r06_a_removed_leader_does_not_read_alone() {
    for step_down in [true, false] {
        let mut cluster = Cluster::new(2, |id| {
            let mut config = plain(id);
            config.settings_mut().step_down_on_removal = step_down;
            config
        });
        cluster.elect(1);
        let removal = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 1)]);
        let _ = cluster.node(1).propose_conf_change(removal).unwrap();
        cluster.settle();
        assert_eq!(cluster.raw(2).membership().to_string(), "voters=(2)");
        assert_eq!(cluster.role(1) == RoleKind::Leader, !step_down);
        cluster.cut(1, 2);
        cluster.elect(2);
        cluster.commit(2, "new");
        let asked = cluster.node(1).read_index("read");
        assert_eq!(asked.is_ok(), !step_down);
        cluster.drain(1);
        assert_eq!(reads(&cluster, 1), []);
    }
}

/// Reads that waited for a first commit survived the end of leadership, and would have been answered
/// in another term.
#[test]
fn r07_reads_that_wait_for_a_first_commit_end_with_the_term() {
    let mut cluster = single_leader(plain(1), store(&[1, 2, 3]));
    read(&mut cluster, 1);
    assert_eq!(cluster.raw(1).status().pending_reads, 1);
    cluster.step(append((2, 1), 5, (1, 1), &[(5, 2)], 2));
    cluster.drain(1);
    assert_eq!(reads(&cluster, 1), [None]);
    assert_eq!(cluster.raw(1).status().pending_reads, 0);
}

/// Zero bytes a message, which should mean one entry, panicked at the first commit.
#[test]
fn r08_zero_bytes_a_message_is_one_entry_at_a_time() {
    let mut config = config(1);
    config.settings_mut().max_message_bytes = 0;
    let mut cluster = single_leader(config, store(&[1]));
    for data in ["a", "b", "c"] {
        let _ = cluster.propose(1, data);
    }
    cluster.drain(1);
    assert_eq!(cluster.data(1), ["a", "b", "c"]);
}

/// A state machine that was ahead of an unsynced commit index made the constructor panic.
#[test]
fn r09_applied_beyond_the_stored_commit_index_lifts_it() {
    let mut config = config(1);
    config.applied = 10;
    let mut cluster = single_leader(config, store_of(&[1], &[1; 10], hard_state(1, 5)));
    assert_eq!(cluster.committed(1), 11);
    cluster.drain(1);
    assert_eq!(cluster.nodes[&1].applied.len(), 1, "nothing is applied twice");
}

/// A log that was compacted before there was a snapshot killed the leader when a slow peer came back.
#[test]
fn r10_compaction_without_a_snapshot_is_told_and_survived() {
    let mut cluster = Cluster::led(3);
    cluster.isolate(3);
    for data in ["a", "b", "c"] {
        cluster.commit(1, data);
    }
    cluster.node(1).storage_mut().compact(4).unwrap();
    cluster.heal();
    cluster.tick_all(1);
    let needed = Event::SnapshotNeeded { peer: 3, at_least: 4 };
    assert!(cluster.nodes[&1].events.contains(&needed));
    cluster.commit(1, "d");
    assert_eq!(cluster.data(2), ["a", "b", "c", "d"]);
    cluster.compact(1);
    cluster.node(1).storage_ready().unwrap();
    cluster.tick_all(1);
    assert_eq!(cluster.committed(3), cluster.committed(1));
}

/// Each election emptied the count of uncommitted bytes, not the log that was counted.
#[test]
fn r11_four_elections_do_not_multiply_the_cap() {
    let mut config = plain(1);
    config.settings_mut().max_uncommitted_bytes = 10;
    let mut cluster = single_leader(config, store(&[1, 2, 3]));
    let mut taken = 0;
    for _ in 0..4 {
        taken += u32::from(cluster.node(1).propose("ten bytes!").is_ok());
        let term = cluster.term(1) + 1;
        cluster.step(vote_request((3, 1), term, (0, 0), false)); // deposed, and refused
        cluster.drain(1);
        cluster.node(1).campaign().unwrap();
        cluster.drain(1);
        cluster.step(vote((2, 1), term + 1, true));
        cluster.drain(1);
    }
    assert_eq!(taken, 1);
    let refused = cluster.node(1).propose("ten bytes!");
    assert_eq!(refused, Err(ProposeError::Full { waiting: 10 }));
}

/// Node 3 was removed and added again within a term; what it acknowledged before came late.
#[test]
fn r12_an_acknowledgement_from_before_a_node_was_added_again() {
    let mut cluster = Cluster::led(3);
    for data in ["a", "b", "c", "d"] {
        cluster.commit(1, data);
    }
    cluster.isolate(3);
    for kind in [ConfChangeKind::RemoveNode, ConfChangeKind::AddNode] {
        let change = ConfChangeV2::new([(kind, 3)]);
        let _ = cluster.node(1).propose_conf_change(change).unwrap();
        cluster.settle();
    }
    let late = accepted((3, 1), 1, 6);
    cluster.node(1).step(late.clone()).unwrap();
    let known = |cluster: &Cluster| {
        let peer = cluster.raw(1).progress().find(|peer| peer.id == 3).unwrap();
        (peer.matched, peer.state)
    };
    assert_eq!(known(&cluster), (0, ReplicationState::Probe));
    // Nor is anything lost: once it can be reached it is fed, and late answers still say nothing.
    cluster.heal();
    cluster.tick_all(2);
    cluster.node(1).step(late).unwrap();
    assert_eq!(known(&cluster), (8, ReplicationState::Replicate));
}

/// A snapshot and what follows it, before the disk was asked for either.
#[test]
fn r13_a_snapshot_and_entries_after_it_share_a_ready() {
    let mut cluster = single(plain(1), store(&[1, 2, 3]));
    cluster.step(install((2, 1), 5, (5, 50)));
    cluster.step(append((2, 1), 5, (5, 50), &[(5, 51), (5, 52)], 52));
    let mut ready = cluster.node(1).ready().unwrap().unwrap();
    let indexes: Vec<u64> = ready.entries().iter().map(|entry| entry.index).collect();
    assert_eq!(ready.snapshot().map(|snapshot| snapshot.metadata.index), Some(50));
    assert_eq!(indexes, [51, 52]);
    assert!(ready.take_messages().is_empty() && ready.must_sync());
    cluster.node(1).storage_mut().persist(&ready).unwrap();
    let mut done = ready.persisted();
    assert_eq!(done.take_committed_entries(), [], "first the snapshot is installed");
    assert_eq!(done.take_messages(), [accepted((1, 2), 5, 50), accepted((1, 2), 5, 52)]);
    cluster.node(1).advance(done).unwrap();
    cluster.drain(1);
    assert_eq!(cluster.nodes[&1].applied.len(), 2);
}

/// Entries whose terms fall, and that are ahead of their leader, were taken into the log.
#[test]
fn r14_entries_with_falling_terms_are_refused() {
    let mut cluster = single(plain(1), store(&[1, 2, 3]));
    let before = cluster.raw(1).clone();
    let messages = [
        append((2, 1), 2, (0, 0), &[(9, 1), (1, 2)], 0),
        append((2, 1), 2, (1, 1), &[(2, 2), (1, 3)], 0),
        append((2, 1), 2, (1, 1), &[(9, 2)], 0),
    ];
    for message in messages {
        let refused = cluster.node(1).step(message);
        assert!(matches!(refused, Err(StepError::Malformed(_))), "{refused:?}");
        assert!(*cluster.raw(1) == before);
    }
}

fn proposal(kind: EntryKind, data: &'static str) -> Message {
    let entry = Entry::new(0, 0, data).with_kind(kind);
    message(2, 1, 0, Payload::propose(vec![entry]))
}

/// Eight messages, each of which panicked the node that received it, or was obeyed.
#[test]
fn r15_malformed_messages_are_refused_without_a_trace() {
    let heartbeat = Payload::Heartbeat(Heartbeat::new(99).with_context(""));
    let to_leader = [
        message(2, 1, 0, Payload::propose(vec![])),
        proposal(EntryKind::ConfChangeV2, "\u{ff}"),
        accepted((2, 1), 1, 99),
        message(2, 1, 1, Payload::read_index("")),
    ];
    let to_follower = [
        message(2, 1, 1, heartbeat),
        append((2, 1), 1, (1, 1), &[(1, 3)], 0),
        vote_request((2, 1), 0, (1, 9), false),
        append((9, 1), 0, (1, 1), &[(1, 2)], 2),
        message(9, 1, 0, Payload::TimeoutNow),
    ];
    let leader = single_leader(plain(1), store(&[1, 2, 3]));
    let follower = single(plain(1), store(&[1, 2, 3]));
    let to_leader = to_leader.into_iter().map(|message| (&leader, message));
    let to_follower = to_follower.into_iter().map(|message| (&follower, message));
    let refusals: Vec<StepError> = to_leader
        .chain(to_follower)
        .map(|(cluster, message)| {
            let mut node = cluster.raw(1).clone();
            let refusal = node.step(message).expect_err("a refusal");
            assert!(node == *cluster.raw(1), "{refusal:?}");
            refusal
        })
        .collect();
    let undecodable = |error: &StepError| {
        let StepError::Proposal(ProposeError::Change(ChangeRefusal::Undecodable(error))) = error else {
            return false;
        };
        matches!(error, DecodeError::Protobuf(_))
    };
    assert!(undecodable(&refusals[1]), "{:?}", refusals[1]);
    let rest = [&refusals[..1], &refusals[2..]].concat();
    let expected = [
        StepError::Proposal(ProposeError::Empty),
        StepError::BeyondLog { index: 99, last: 2 },
        StepError::UnexpectedTerm(1),
        StepError::BeyondLog { index: 99, last: 1 },
        StepError::Malformed("a gap between entries"),
        StepError::MissingTerm,
        StepError::MissingTerm,
        StepError::MissingTerm,
    ];
    assert_eq!(rest, expected);
}
