//! Section 5.3, "Log replication", beyond what Figure 2 says.

use quorate::message::{AppendResponse, Payload};
use quorate::{NodeId, Term};

use crate::bench::{Bench, ME, append, appends, entries, in_term, log_of, log_store, plain_group, terms};
use crate::support::{Cluster, plain};

/// Servers with these logs, in this term, of which the first then wins an election.
fn led_with_logs(logs: &[&[Term]], term: Term) -> Cluster {
    let servers = u64::try_from(logs.len()).unwrap();
    let mut group = Cluster::default();
    for (id, log) in (1..).zip(logs) {
        group.add(plain(id), log_store(servers, log, in_term(term))).unwrap();
    }
    group.node(ME).campaign().unwrap();
    group
}

/// An entry is committed once a majority has it: a minority that is slow holds up nobody.
#[test]
fn a_majority_is_enough_to_commit() {
    let mut group = plain_group(5);
    group.isolate(4);
    group.isolate(5);
    group.commit(ME, "x");
    for id in 1..=3 {
        assert_eq!(group.data(id), ["x"]);
    }
    group.isolate(3);
    group.commit(ME, "y");
    assert_eq!(group.data(ME), ["x"], "two of five are no majority");
}

/// Appends are retried without end, even after the client was answered, until all followers have
/// all entries; also when they crash meanwhile.
#[test]
fn appends_are_retried_until_every_follower_has_everything() {
    for crash in [false, true] {
        let mut group = plain_group(3);
        group.isolate(3);
        for data in ["a", "b", "c"] {
            group.commit(ME, data);
            group.tick_all(1);
        }
        group.tick(ME, 100);
        group.settle();
        assert_eq!((group.data(ME).len(), group.data(3).len()), (3, 0));
        if crash {
            group.restart(3);
        }
        group.heal();
        group.tick_all(5);
        assert_eq!(group.data(3), ["a", "b", "c"]);
        group.assert_consistent();
    }
}

/// A command is executed on all servers in the same order: that of the log.
#[test]
fn all_servers_execute_the_same_commands_in_the_same_order() {
    let mut group = plain_group(3);
    for data in ["a", "b", "c", "d"] {
        group.commit(ME, data);
    }
    group.elect(2);
    group.commit(2, "e");
    for id in 1..=3 {
        assert_eq!(group.data(id), ["a", "b", "c", "d", "e"]);
    }
}

/// Committing an entry commits all entries before it, those of earlier leaders included.
#[test]
fn what_is_before_a_committed_entry_is_committed() {
    let mut bench = Bench::leader_after(3, &[1, 2, 2], 4);
    bench.ack(2, 4);
    assert_eq!((bench.committed(), bench.applied()), (4, vec![1, 2, 3, 4]));
}

/// The highest committed index is in all later appends, heartbeats included, so that the others
/// learn of it at last. (A heartbeat of quorate says no more than the follower acknowledged.)
#[test]
fn later_messages_tell_what_is_committed() {
    let mut group = plain_group(3);
    let _ = group.propose(ME, "x");
    group.drain(ME);
    group.deliver();
    group.drain(2);
    group.deliver();
    group.drain(ME);
    group.take(|_| true); // the appends that tell it are lost
    assert_eq!(group.committed(2) + 1, group.committed(ME));
    group.tick_all(1);
    assert_eq!(group.committed(2), group.committed(ME));
    assert_eq!(group.data(2), ["x"]);

    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    let said = bench.propose("y");
    assert!(appends(&said).iter().all(|(_, append)| append.commit == 1));
}

/// Figure 7: followers that lack entries, have others, or both, end with the leader's log; the
/// leader does nothing special about it when it comes to power, and keeps its own log as it is.
#[test]
fn figure_7_every_follower_ends_with_the_leaders_log() {
    let leader: &[Term] = &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    let logs: [&[Term]; 7] = [
        leader,
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    let mut group = led_with_logs(&logs, 7);
    group.settle();
    assert_eq!((group.leader(), group.term(ME)), (Some(ME), 8));
    let then = [leader, &[8]].concat();
    for id in 1..=7 {
        assert_eq!(terms(&log_of(&group, id)), then, "server {id}");
        assert_eq!(log_of(&group, id)[..10], entries(1, leader));
        assert_eq!(group.committed(id), 11);
    }
}

/// To find where the logs agree, the leader goes back entry by entry, or (as the paper allows, and
/// quorate does with hints from both sides) a whole conflicting term at a time.
#[test]
fn one_rejection_skips_a_whole_term() {
    let of = |runs: &[(Term, usize)]| -> Vec<Term> {
        let run = |(term, count): &(Term, usize)| std::iter::repeat_n(*term, *count);
        runs.iter().flat_map(run).collect()
    };
    // the leader's log, the follower's log, rejections at most
    let cases = [
        (of(&[(1, 20)]), of(&[]), 1),
        (of(&[(1, 20)]), of(&[(1, 3)]), 1),
        (of(&[(1, 10), (9, 10)]), of(&[(1, 10), (2, 30)]), 1),
        (of(&[(1, 5), (9, 10)]), of(&[(1, 5), (2, 10), (4, 10), (6, 10)]), 1),
        (
            of(&[(1, 5), (3, 5), (5, 5), (9, 5)]),
            of(&[(1, 5), (2, 5), (4, 5), (6, 5)]),
            3,
        ),
    ];
    for (leader, follower, at_most) in cases {
        let mut group = led_with_logs(&[&leader, &follower], 9);
        let mut rejections = 0;
        for _ in 0..100 {
            group.drain(1);
            group.drain(2);
            let rejects =
                |payload: &Payload| matches!(payload, Payload::AppendResponse(AppendResponse::Rejected { .. }));
            rejections += group.pool.iter().filter(|message| rejects(&message.payload)).count();
            group.deliver();
        }
        assert_eq!(terms(&log_of(&group, 2)), [&leader[..], &[10]].concat());
        assert!(rejections <= at_most, "{rejections} rejections for {follower:?}");
    }
}

/// Once the entry before matches, the append succeeds, and the follower's log is the leader's up to
/// there: induction needs nothing but the check of one entry.
#[test]
fn a_success_means_that_the_logs_are_the_same_up_to_there() {
    let leader: &[Term] = &[1, 1, 3, 3, 4];
    for follower in [
        &[][..],
        &[1],
        &[1, 1, 2],
        &[1, 1, 3],
        &[1, 2, 2, 2, 2, 2],
        &[1, 1, 3, 3, 3, 3],
    ] {
        for before in 0..leader.len() {
            let mut bench = Bench::follower(3, follower, 4);
            let index = u64::try_from(before).unwrap();
            let term = before.checked_sub(1).map_or(0, |position| leader[position]);
            let leader_id: NodeId = 2;
            let answers = bench.hear(leader_id, 4, append((index, term), &leader[before..], 0));
            if let Payload::AppendResponse(AppendResponse::Accepted { index, .. }) = answers[0].payload {
                assert_eq!(index, 5);
                assert_eq!(bench.log(), leader, "{follower:?}, from {before} on");
            } else {
                assert_eq!(bench.log(), follower);
            }
        }
    }
}
