//! Section 5.4, "Safety": who may be elected (5.4.1), what may be committed (5.4.2, Figure 8), and the
//! argument why that is enough (5.4.3).

use quorate::status::RoleKind;
use quorate::{NodeId, Term};

use crate::bench::{Bench, ME, entries, granted, in_term, log_of, log_store, only, request_vote, terms};
use crate::support::{Cluster, plain};

/// Five servers of plain Raft with these logs, all in this term.
fn five(logs: [&[Term]; 5], term: Term) -> Cluster {
    let mut group = Cluster::default();
    for (id, log) in (1..).zip(logs) {
        group.add(plain(id), log_store(5, log, in_term(term))).unwrap();
    }
    group
}

fn try_to_elect(group: &mut Cluster, candidate: NodeId) -> bool {
    group.node(candidate).campaign().unwrap();
    group.settle();
    group.role(candidate) == RoleKind::Leader
}

/// 5.4.1: the voter denies its vote if its own log is more up-to-date. Of two logs that is the one
/// with the later last term; with the same last term, the longer one.
#[test]
fn a_vote_needs_a_log_that_is_at_least_as_up_to_date() {
    let logs: [&[Term]; 8] = [&[], &[1], &[1, 1], &[1, 1, 1], &[1, 2], &[1, 2, 2], &[2], &[1, 1, 3]];
    let last = |log: &[Term]| (u64::try_from(log.len()).unwrap(), log.last().copied().unwrap_or(0));
    for voter in logs {
        for candidate in logs {
            let mut bench = Bench::follower(3, voter, 3);
            let answer = only(bench.hear(2, 4, request_vote(last(candidate))));
            let ((our_index, our_term), (index, term)) = (last(voter), last(candidate));
            let behind = term < our_term || (term == our_term && index < our_index);
            assert_eq!(answer.payload == granted(), !behind, "{candidate:?} asks {voter:?}");
        }
    }
}

/// 5.4.1 and 5.4.3: a candidate needs a majority, and one of any majority has each committed entry
/// and denies its vote to whoever lacks it. All majorities, all candidates.
#[test]
fn whoever_lacks_a_committed_entry_cannot_win() {
    for majority in (0..32_u32).filter(|servers| servers.count_ones() == 3) {
        let has = |id: NodeId| majority & (1 << (id - 1)) != 0;
        for candidate in 1..=5 {
            let log = |id| if has(id) { &[1, 1][..] } else { &[1] };
            let mut group = five([log(1), log(2), log(3), log(4), log(5)], 1);
            let won = try_to_elect(&mut group, candidate);
            assert_eq!(
                won,
                has(candidate),
                "candidate {candidate}, the entry is at {majority:05b}"
            );
        }
    }
}

/// 5.4.2: entries keep the term of the leader that created them when a later one replicates them.
#[test]
fn replicated_entries_keep_their_term() {
    let mut group = five([&[1, 2, 2], &[1, 2], &[1], &[], &[1]], 6);
    assert!(try_to_elect(&mut group, ME));
    for id in 1..=5 {
        assert_eq!(terms(&log_of(&group, id)), [1, 2, 2, 7]);
        assert_eq!(log_of(&group, id)[..3], entries(1, &[1, 2, 2]));
    }
}

/// Figure 8 (a) to (c): the leader of term 4 has brought an entry of term 2 to a majority; that does
/// not commit it. Counting replicas commits entries of the current term only.
#[test]
fn figure_8_c_an_old_entry_on_a_majority_is_not_committed() {
    let mut bench = Bench::leader_after(5, &[1, 2], 3);
    assert_eq!((bench.term(), bench.log()), (4, vec![1, 2, 4]));
    for id in 2..=5 {
        bench.ack(id, 2);
        assert_eq!(bench.committed(), 0, "with the acknowledgement of server {id}");
    }
}

/// Figure 8 (d): and that is right, for a server with an entry of term 3 can still win with the votes
/// of 2, 3 and 4, and overwrite it everywhere.
#[test]
fn figure_8_d_it_may_be_overwritten() {
    let mut group = five([&[1, 2, 4], &[1, 2], &[1, 2], &[1], &[1, 3]], 4);
    group.isolate(1);
    assert!(try_to_elect(&mut group, 5));
    group.heal();
    group.tick_all(3);
    for id in 1..=5 {
        assert_eq!(terms(&log_of(&group, id)), [1, 3, 5], "server {id}");
    }
    group.assert_consistent();
}

/// Figure 8 (e): had an entry of term 4 reached a majority, it and all before it would be committed,
/// and that server could not win.
#[test]
fn figure_8_e_an_entry_of_the_current_term_settles_it() {
    let mut bench = Bench::leader_after(5, &[1, 2], 3);
    bench.ack(2, 3);
    bench.ack(3, 3);
    assert_eq!(bench.applied(), [1, 2, 3]);

    let mut group = five([&[1, 2, 4], &[1, 2, 4], &[1, 2, 4], &[1], &[1, 3]], 4);
    group.isolate(1);
    assert!(!try_to_elect(&mut group, 5));
    assert!(try_to_elect(&mut group, 2));
    assert_eq!(terms(&log_of(&group, 5)), [1, 2, 4, 6]);
}
