//! Section 7, "Log compaction", and Figure 13, "`InstallSnapshot` RPC". A snapshot of quorate travels
//! in one message; chunks are the network's affair.

use quorate::message::Payload;
use quorate::status::RoleKind;
use quorate::{Entry, EntryId, Message, Snapshot, Storage};

use crate::bench::{
    Bench, ME, accepted, append, heartbeat, install_snapshot, log_of, only, plain_group, recipients, terms,
};
use crate::support::{Cluster, plain};

fn first_index(bench: &Bench) -> u64 {
    bench.group.raw(ME).storage().first_index().unwrap()
}

/// A group of three in which server 3 missed what the others compacted.
fn with_a_laggard() -> Cluster {
    let mut group = plain_group(3);
    group.cut(ME, 3);
    group.cut(2, 3);
    for data in ["a", "b", "c"] {
        group.commit(ME, data);
    }
    group.compact(ME);
    group
}

fn snapshots(messages: &[Message]) -> Vec<&Snapshot> {
    let snapshot = |message: &'_ Message| matches!(message.payload, Payload::InstallSnapshot(_));
    let with = messages.iter().filter(|message| snapshot(message));
    with.map(|message| match &message.payload {
        Payload::InstallSnapshot(snapshot) => &**snapshot,
        _ => unreachable!("only snapshots are left"),
    })
    .collect()
}

/// Each server takes snapshots by itself, of what is committed; the group goes on, and the server
/// restarts from its snapshot and the entries after it.
#[test]
fn servers_compact_independently() {
    let mut group = plain_group(3);
    group.commit(ME, "a");
    group.compact(2);
    group.commit(ME, "b");
    group.compact(ME);
    group.commit(ME, "c");
    let firsts: Vec<u64> = (1..=3)
        .map(|id| group.raw(id).storage().first_index().unwrap())
        .collect();
    assert_eq!(firsts, [4, 3, 1]);
    let mut config = plain(2);
    config.applied = 2; // what the snapshot covers
    group.restart_with(config);
    group.tick_all(1);
    assert_eq!(group.data(2), ["b", "c"]);
    group.elect(2);
    group.commit(2, "d");
    assert_eq!(group.data(3), ["a", "b", "c", "d"]);
}

/// The snapshot says which entry it includes last, index and term, for the check of the append that
/// follows it; and which configuration holds there.
#[test]
fn a_snapshot_carries_its_last_entry_and_the_configuration() {
    let mut group = with_a_laggard();
    group.heal();
    for _ in 0..3 {
        group.tick(ME, 1);
        group.drain(3);
        group.deliver();
        group.drain(3);
        group.deliver();
        group.drain(ME);
        let said: Vec<Message> = group.pool.iter().cloned().collect();
        if let [snapshot] = snapshots(&said)[..] {
            assert_eq!(snapshot.id(), EntryId { term: 1, index: 4 });
            assert_eq!(snapshot.metadata.conf_state.voters, [1, 2, 3]);
            assert_eq!(snapshot.data, "state");
            return;
        }
    }
    panic!("no snapshot was sent");
}

/// The leader sends a snapshot when it has discarded the next entry that the follower needs, and
/// entries again from there on.
#[test]
fn a_leader_sends_a_snapshot_for_what_it_has_discarded() {
    let mut group = with_a_laggard();
    group.heal();
    group.tick_all(5);
    let leader = group.leader().unwrap();
    group.commit(leader, "d");
    assert_eq!(group.data(3), ["d"], "the rest is in the snapshot");
    assert_eq!(group.raw(3).storage().first_index(), Ok(5));
    assert_eq!(log_of(&group, 3), log_of(&group, ME));
    let sent: u64 = (1..=2).map(|id| group.raw(id).counters().snapshots_sent).sum();
    assert_eq!(sent, 1);
}

/// No entries go to a follower while its snapshot is on its way.
#[test]
fn nothing_else_goes_to_a_follower_that_gets_a_snapshot() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    bench.propose("x");
    bench.ack(2, 2);
    bench.group.compact(ME);
    bench.hear(3, 1, crate::bench::heartbeat_answer());
    let rejected = Payload::AppendResponse(quorate::message::AppendResponse::rejected(0, EntryId::default()));
    bench.hear(3, 1, rejected);
    let said = bench.propose("y");
    assert_eq!(recipients(&said, "Append"), [2]);
    let said = bench.ack(3, 2);
    assert_eq!(
        recipients(&said, "Append"),
        [3],
        "it has the snapshot and gets what follows"
    );
}

/// A snapshot with news supersedes the whole log of the follower, uncommitted and conflicting entries
/// included; the state machine and the configuration are those of the snapshot.
#[test]
fn a_snapshot_with_news_replaces_the_log() {
    // the follower's log (as long as it matches at index 3 with term 2, it is not replaced)
    for log in [&[][..], &[1], &[1, 1], &[1, 1, 1], &[1, 1, 1, 1, 1, 1]] {
        let mut bench = Bench::follower(3, log, 2);
        let said = bench.hear(2, 2, install_snapshot((3, 2), &[1, 2, 4]));
        assert_eq!(only(said).payload, accepted(3));
        assert_eq!((bench.log(), first_index(&bench)), (vec![], 4), "{log:?}");
        assert_eq!((bench.committed(), bench.applied()), (3, vec![]));
        assert_eq!(bench.others(), [2, 4]);
        assert_eq!(bench.group.nodes[&ME].conf_state.voters, [1, 2, 4]);
    }
}

/// The append after it is checked against the last entry that the snapshot includes.
#[test]
fn the_append_after_a_snapshot_is_checked_against_it() {
    let mut bench = Bench::follower(3, &[1], 2);
    bench.hear(2, 2, install_snapshot((3, 2), &[1, 2, 3]));
    let said = bench.hear(2, 2, append((3, 2), &[2], 4));
    assert_eq!(only(said).payload, accepted(4));
    assert_eq!(bench.applied(), [4]);

    let mut bench = Bench::follower(3, &[1], 2);
    bench.hear(2, 2, install_snapshot((3, 2), &[1, 2, 3]));
    let said = bench.hear(2, 2, append((5, 2), &[2], 4));
    let rejected = Payload::AppendResponse(quorate::message::AppendResponse::rejected(
        5,
        EntryId { term: 2, index: 3 },
    ));
    assert_eq!(only(said).payload, rejected);
}

/// A snapshot of a prefix of the follower's log: what follows it is retained. The paper deletes what
/// it covers; quorate leaves that to the application, and knows from it that the prefix is committed.
#[test]
fn a_snapshot_of_a_prefix_retains_what_follows() {
    let log = [1, 1, 2, 2];
    for (last, covered) in [((2, 1), 2), ((3, 2), 3), ((4, 2), 4)] {
        let mut bench = Bench::follower(3, &log, 2);
        let said = bench.hear(2, 2, install_snapshot(last, &[1, 2, 3]));
        assert_eq!(only(said).payload, accepted(covered));
        assert_eq!((bench.log(), bench.committed()), (log.to_vec(), covered));
        assert_eq!(bench.applied(), (1..=covered).collect::<Vec<_>>());
    }
}

/// A snapshot of what is committed here already brings nothing (it was retransmitted or overtaken).
#[test]
fn a_snapshot_of_what_is_committed_is_not_installed() {
    for last in [(1, 1), (2, 1), (3, 1)] {
        let mut bench = Bench::follower(3, &[1, 1, 1, 1], 2);
        bench.hear(2, 2, append((4, 1), &[], 3));
        let said = bench.hear(2, 2, install_snapshot(last, &[1, 2, 9]));
        assert_eq!(only(said).payload, accepted(3));
        assert_eq!((bench.log(), bench.others()), (vec![1; 4], vec![2, 3]));
    }
}

/// Figure 13, receiver 1: a snapshot of a term that is over is not taken.
#[test]
fn receiver_1_a_snapshot_of_an_earlier_term_is_refused() {
    let mut bench = Bench::follower(3, &[1], 5);
    assert_eq!(bench.hear(2, 4, install_snapshot((9, 4), &[1, 2, 3])), []);
    assert_eq!((bench.term(), bench.log(), bench.known_leader()), (5, vec![1], None));
}

/// The sender of a snapshot is the leader: it is followed, and the election timer begins anew.
#[test]
fn a_snapshot_counts_as_hearing_the_leader() {
    let mut bench = Bench::follower(3, &[], 0);
    bench.group.node(ME).set_election_timeout_draw(10);
    bench.hear(2, 1, heartbeat(0));
    bench.group.node(ME).set_election_timeout_draw(10);
    bench.tick(9);
    bench.hear(2, 1, install_snapshot((4, 1), &[1, 2, 3]));
    bench.tick(9);
    assert_eq!(bench.role(), RoleKind::Follower);

    let mut candidate = Bench::follower(3, &[], 0);
    candidate.campaign();
    candidate.hear(2, 1, install_snapshot((4, 1), &[1, 2, 3]));
    assert_eq!(
        (candidate.role(), candidate.known_leader()),
        (RoleKind::Follower, Some(2))
    );
}

/// What a snapshot covers is on stable storage before it is acknowledged.
#[test]
fn a_snapshot_is_stored_before_it_is_acknowledged() {
    let mut bench = Bench::follower(3, &[], 0);
    let node = bench.group.node(ME);
    let payload = install_snapshot((4, 1), &[1, 2, 3]);
    node.step(crate::support::message(2, ME, 1, payload)).unwrap();
    let mut ready = node.ready().unwrap().expect("a snapshot to install");
    assert_eq!(ready.take_messages(), []);
    assert!(ready.must_sync() && ready.snapshot().is_some());
    node.storage_mut().persist(&ready).unwrap();
    assert_eq!(ready.persisted().take_messages()[0].payload, accepted(4));
}

/// Compaction does not hide from a leader what it needs for elections and appends: the last entry
/// included counts as the end of an empty log.
#[test]
fn a_compacted_log_still_has_a_last_entry() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    bench.group.compact(ME);
    assert_eq!(terms(&log_of(&bench.group, ME)), [0; 0]);
    bench.hear(2, 2, heartbeat(0));
    let said = bench.campaign();
    let Payload::RequestVote(request) = &said[0].payload else {
        panic!("a vote request: {said:?}")
    };
    assert_eq!(request.last, EntryId { term: 1, index: 1 });
    assert_eq!(bench.group.nodes[&ME].applied.last().map(Entry::id), Some(request.last));
}
