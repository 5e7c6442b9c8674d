//! Figure 2, "`AppendEntries` RPC": what the receiver does, step by step, and what is in the message.

use quorate::message::{AppendResponse, Payload};
use quorate::{EntryId, Index, Term};

use crate::bench::{
    Bench, ME, accepted, append, appends, entries, heartbeat, in_term, log_of, only, recipients, terms,
};
use crate::support::{config, message, plain};

/// Index and term of an entry.
type Id = (Index, Term);

/// Arguments: the leader's term and id, the entry before the new ones, the entries, its commitIndex.
#[test]
fn the_message_has_the_papers_arguments() {
    let mut bench = Bench::leader_after(3, &[1, 2], 2);
    bench.ack(2, 3);
    let said = bench.propose("x");
    let [(2, append)] = appends(&said)[..] else {
        panic!("one append for server 2, which is known to agree: {said:?}")
    };
    assert_eq!((said[0].term, said[0].from), (3, ME));
    assert_eq!(append.prev, EntryId { term: 3, index: 3 });
    assert_eq!(append.commit, 3);
    assert_eq!(append.entries, log_of(&bench.group, ME)[3..]);
}

/// entries[]: several in one message, for efficiency.
#[test]
fn one_message_carries_several_entries() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    for data in ["a", "b", "c"] {
        let _ = bench.group.propose(ME, data);
    }
    let said = bench.said();
    let sent: Vec<_> = appends(&said)
        .iter()
        .map(|(to, append)| (*to, append.entries.len()))
        .collect();
    assert_eq!(sent, [(2, 3)]);
}

/// entries[]: empty in a heartbeat. quorate's heartbeat is a message of its own, which says nothing
/// about the entry before and no commit index beyond what the receiver has acknowledged.
#[test]
fn a_heartbeat_carries_no_entries_and_no_more_than_is_acknowledged() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    let said = bench.tick(1);
    assert_eq!(said, [message(ME, 2, 1, heartbeat(1)), message(ME, 3, 1, heartbeat(0))]);
}

/// Results: the receiver's term, and success if it has the entry before.
#[test]
fn the_answer_has_the_papers_results() {
    let mut bench = Bench::follower(3, &[1], 1);
    let yes = only(bench.hear(2, 4, append((1, 1), &[4], 0)));
    assert_eq!(yes, message(ME, 2, 4, accepted(2)));
    let no = only(bench.hear(2, 4, append((7, 3), &[4], 0)));
    let rejected = Payload::AppendResponse(AppendResponse::rejected(7, EntryId { term: 1, index: 1 }));
    assert_eq!(no, message(ME, 2, 4, rejected), "with a hint where the logs may agree");
}

/// Receiver 1: false if the leader's term is before the receiver's. With check-quorum or pre-vote
/// quorate answers in its own term, which makes the old leader step down; without them it is silent
/// (a higher term will reach the old leader by a vote request). Nothing is taken from it either way.
#[test]
fn receiver_1_an_earlier_term_is_refused() {
    for (config, answers) in [(plain(ME), 0), (config(ME), 1)] {
        for payload in [append((2, 1), &[1], 3), heartbeat(2)] {
            let mut bench = Bench::with_log(config.clone(), 3, &[1, 1], in_term(5));
            let said = bench.hear(2, 4, payload);
            assert!(said.iter().all(|message| message.term == 5));
            assert_eq!(recipients(&said, "AppendResponse"), vec![2; answers]);
            assert_eq!((bench.log(), bench.committed()), (vec![1, 1], 0));
            assert_eq!((bench.term(), bench.known_leader()), (5, None));
        }
    }
}

/// Receiver 2: false unless the log has an entry at prevLogIndex with prevLogTerm.
#[test]
fn receiver_2_an_append_needs_the_entry_before() {
    let log = [1, 1, 2];
    for index in 0..=5 {
        for term in 0..=3 {
            let ours = match index {
                0 => Some(0),
                index => log.get(index - 1).copied(),
            };
            if (index == 0) != (term == 0) {
                continue; // nothing but the log's beginning has term 0
            }
            let mut bench = Bench::follower(3, &log, 3);
            let at = u64::try_from(index).unwrap();
            let said = only(bench.hear(2, 3, append((at, term), &[3], 0)));
            let accepts = matches!(
                said.payload,
                Payload::AppendResponse(AppendResponse::Accepted { index, .. }) if index == at + 1
            );
            assert_eq!(
                accepts,
                ours == Some(term),
                "the entry before is {index} of term {term}"
            );
            if !accepts {
                assert_eq!(bench.log(), log, "a refusal leaves the log alone");
            }
        }
    }
}

/// Receiver 3: where an entry conflicts with a new one, it and all that follow it are deleted.
/// Receiver 4: entries that the log does not have yet are appended.
#[test]
fn receiver_3_and_4_conflicts_are_replaced_and_news_appended() {
    type Case<'a> = (&'a [Term], Id, &'a [Term], &'a [Term]); // log, entry before, new entries, then
    let cases: [Case<'_>; 9] = [
        (&[], (0, 0), &[1, 1], &[1, 1]),
        (&[1], (1, 1), &[1, 2], &[1, 1, 2]),
        (&[1, 1], (1, 1), &[1, 2], &[1, 1, 2]),
        (&[1, 2, 2, 2], (1, 1), &[3], &[1, 3]),
        (&[1, 2, 2, 2], (2, 2), &[3, 3], &[1, 2, 3, 3]),
        (&[1, 2, 2, 2], (1, 1), &[2, 3], &[1, 2, 3]),
        (&[1, 2, 2, 2], (0, 0), &[1, 3, 3, 3, 3], &[1, 3, 3, 3, 3]),
        (&[2, 2], (0, 0), &[1], &[1]),
        (&[2, 2], (0, 0), &[3], &[3]),
    ];
    for (log, prev, new, then) in cases {
        let mut bench = Bench::follower(3, log, 3);
        bench.hear(2, 3, append(prev, new, 0));
        assert_eq!(bench.log(), then, "{new:?} after {prev:?} in {log:?}");
        assert_eq!(log_of(&bench.group, ME), entries(1, then));
    }
}

/// Receiver 3 deletes only on a conflict: an append that was overtaken by a longer one takes nothing
/// back, for the rest may be acknowledged already.
#[test]
fn receiver_3_an_overtaken_append_deletes_nothing() {
    let log = [1, 1, 2, 2, 2];
    for (prev, new) in [
        ((0, 0), &[1][..]),
        ((0, 0), &[]),
        ((2, 1), &[2, 2]),
        ((4, 2), &[]),
        ((4, 2), &[2]),
    ] {
        let mut bench = Bench::follower(3, &log, 2);
        bench.hear(2, 2, append(prev, new, 0));
        assert_eq!(bench.log(), log, "{new:?} after {prev:?}");
    }
}

/// Receiver 5: commitIndex becomes the smaller of leaderCommit and the last *new* entry, behind
/// which the log may be another than the leader's.
#[test]
fn receiver_5_commit_goes_no_further_than_the_last_new_entry() {
    // entry before, new entries, leaderCommit, then
    let cases: [(Id, &[Term], Index, Index); 8] = [
        ((0, 0), &[1], 5, 1),
        ((1, 1), &[], 5, 1),
        ((1, 1), &[1, 2], 5, 3),
        ((1, 1), &[1, 2], 2, 2),
        ((3, 2), &[], 2, 2),
        ((3, 2), &[2, 2], 4, 4),
        ((3, 2), &[2, 2], 9, 5),
        ((3, 2), &[2, 2], 0, 0),
    ];
    for (prev, new, told, then) in cases {
        let mut bench = Bench::follower(3, &[1, 1, 2, 2, 2, 2], 2);
        bench.hear(2, 2, append(prev, new, told));
        assert_eq!(bench.committed(), then, "leaderCommit {told}, {new:?} after {prev:?}");
    }
}

/// Receiver 5 also after a refusal: nothing is known to match then, so nothing becomes committed.
#[test]
fn receiver_5_a_refused_append_commits_nothing() {
    let mut bench = Bench::follower(3, &[1, 1, 1], 2);
    bench.hear(2, 2, append((3, 2), &[2], 4));
    assert_eq!((bench.committed(), bench.applied()), (0, vec![]));
}

/// What is committed matches for ever. quorate does not compare it again: an append from before the
/// commit index is answered with the commit index, whatever it holds.
#[test]
fn committed_entries_are_not_compared_again() {
    let mut bench = Bench::follower(3, &[1, 1, 1], 1);
    bench.hear(2, 1, append((3, 1), &[], 3));
    let said = only(bench.hear(2, 1, append((1, 1), &[1], 3)));
    assert_eq!(said.payload, accepted(3));
    assert_eq!(terms(&log_of(&bench.group, ME)), [1, 1, 1]);
}
