//! Figure 2, "State": what every server keeps, and what a leader keeps besides.

use quorate::message::Payload;
use quorate::{HardState, MemoryStorage, Storage};

use crate::bench::{
    Bench, ME, accepted, append, granted, heartbeat, in_term, log_of, log_store, plain_group, recipients, request_vote,
};
use crate::support::{config, message, plain};

/// currentTerm: zero on first boot, and from then on it only grows.
#[test]
fn current_term_begins_at_zero_and_never_falls() {
    let mut bench = Bench::follower(3, &[], 0);
    assert_eq!(bench.term(), 0);
    for (told, then) in [(3, 3), (2, 3), (3, 3), (5, 5), (1, 5)] {
        bench.hear(2, told, heartbeat(0));
        assert_eq!(bench.term(), then, "after a message of term {told}");
    }
}

/// votedFor: whom this server voted for in the current term, or nobody.
#[test]
fn voted_for_belongs_to_the_current_term() {
    let mut bench = Bench::follower(3, &[], 0);
    assert_eq!(bench.vote(), None);
    bench.hear(2, 1, request_vote((0, 0)));
    assert_eq!(bench.vote(), Some(2));
    bench.hear(3, 2, heartbeat(0));
    assert_eq!(bench.vote(), None, "nobody got the vote of term 2 yet");
    bench.hear(3, 3, request_vote((0, 0)));
    assert_eq!(bench.vote(), Some(3));
}

/// log[]: entries with a command and the term in which the leader received it; the first index is 1.
#[test]
fn the_log_begins_at_index_one_and_holds_command_and_term() {
    let mut bench = Bench::leader(3);
    bench.propose("x = 1");
    let log = log_of(&bench.group, ME);
    let seen: Vec<_> = log
        .iter()
        .map(|entry| (entry.index, entry.term, &entry.data[..]))
        .collect();
    assert_eq!(seen, [(1, 1, &b""[..]), (2, 1, &b"x = 1"[..])]);
}

/// Term, vote and log are on stable storage before an RPC is answered: the answer exists only once
/// the Ready says that it is persisted, and a crash after that loses none of the three.
#[test]
fn persistent_state_is_stored_before_an_rpc_is_answered() {
    let cases = [
        (request_vote((0, 0)), granted()),
        (append((0, 0), &[1, 4], 0), accepted(2)),
    ];
    for (request, answer) in cases {
        let mut bench = Bench::follower(3, &[], 0);
        let node = bench.group.node(ME);
        node.step(message(2, ME, 4, request)).unwrap();
        let mut ready = node.ready().unwrap().expect("something to persist");
        assert_eq!(ready.take_messages(), [], "no answer yet");
        assert!(ready.must_sync());
        node.storage_mut().persist(&ready).unwrap();
        node.storage_mut().crash();
        let (stored, log) = (node.storage().hard_state(), node.storage().log().len());
        assert_eq!(ready.persisted().take_messages(), [message(ME, 2, 4, answer.clone())]);
        match answer {
            Payload::VoteResponse(_) => assert_eq!((stored.term, stored.vote), (4, Some(2))),
            _ => assert_eq!((stored.term, log), (4, 2)),
        }
    }
}

/// What holds for answers holds for a vote request too, which promises that the candidate votes for
/// nobody else in this term: it exists only once term and vote are stored. A pre-vote promises nothing.
#[test]
fn term_and_vote_are_stored_before_votes_are_asked_for() {
    for (settings, waits) in [(plain(ME), true), (config(ME), false)] {
        let mut bench = Bench::new(settings, 3);
        let node = bench.group.node(ME);
        node.campaign().unwrap();
        let mut ready = node.ready().unwrap().expect("a candidacy");
        assert_eq!((ready.take_messages().is_empty(), ready.must_sync()), (waits, waits));
        node.storage_mut().persist(&ready).unwrap();
        let stored = node.storage().hard_state();
        assert_eq!(
            (stored.term, stored.vote),
            if waits { (1, Some(ME)) } else { (0, None) }
        );
        let asked = ready.persisted().take_messages();
        assert_eq!(
            recipients(&asked, "RequestVote"),
            if waits { vec![2, 3] } else { vec![] }
        );
    }
}

/// The same three outlive a restart.
#[test]
fn a_restarted_server_has_its_term_vote_and_log_again() {
    let mut bench = Bench::follower(3, &[], 0);
    bench.hear(2, 3, append((0, 0), &[1, 2], 0));
    bench.hear(3, 4, request_vote((9, 3)));
    bench.group.restart(ME);
    assert_eq!((bench.term(), bench.vote(), bench.log()), (4, Some(3), vec![1, 2]));
}

/// commitIndex: zero at first, and it only grows.
#[test]
fn commit_index_begins_at_zero_and_never_falls() {
    let mut bench = Bench::follower(3, &[], 0);
    assert_eq!(bench.committed(), 0);
    bench.hear(2, 1, append((0, 0), &[1, 1, 1], 0));
    for (told, then) in [(2, 2), (1, 2), (0, 2), (3, 3), (2, 3)] {
        bench.hear(2, 1, append((3, 1), &[], told));
        assert_eq!(bench.committed(), then, "after the leader told {told}");
        bench.hear(2, 1, heartbeat(told));
        assert_eq!(bench.committed(), then, "after a heartbeat told {told}");
    }
}

/// The paper keeps commitIndex in memory only. quorate stores it too (without a sync of its own),
/// so that a restarted server goes on where it was.
#[test]
fn commit_index_is_taken_up_again_after_a_restart() {
    let mut bench = Bench::follower(3, &[], 0);
    bench.hear(2, 1, append((0, 0), &[1, 1], 0));
    bench.hear(2, 1, append((2, 1), &[1], 2));
    bench.group.restart(ME);
    assert_eq!(bench.committed(), 2);
}

/// lastApplied: zero at first, and it only grows. After a restart it is what the application says
/// that its state machine holds.
#[test]
fn last_applied_begins_at_zero_and_never_falls() {
    let mut bench = Bench::follower(3, &[], 0);
    let applied = |bench: &Bench| bench.group.raw(ME).status().applied;
    assert_eq!(applied(&bench), 0);
    bench.hear(2, 1, append((0, 0), &[1, 1, 1], 2));
    assert_eq!(applied(&bench), 2);
    bench.hear(2, 1, append((3, 1), &[], 1));
    assert_eq!(applied(&bench), 2);

    let mut config = plain(ME);
    config.applied = 2;
    bench.group.restart_with(config);
    assert_eq!(applied(&bench), 2);
    bench.hear(2, 1, append((3, 1), &[], 3));
    assert_eq!(bench.applied(), [3], "what was applied is not applied again");
}

/// nextIndex[]: begins one after the leader's last entry. matchIndex[]: begins at zero.
#[test]
fn leader_state_begins_after_the_last_entry_and_at_zero() {
    for terms in [&[][..], &[1], &[1, 1, 2]] {
        let bench = Bench::leader_after(3, terms, 2);
        let last = u64::try_from(terms.len()).unwrap();
        for peer in [2, 3] {
            assert_eq!(bench.progress(peer), (0, last + 1), "log {terms:?}");
        }
    }
}

/// matchIndex only grows: an answer that was overtaken takes nothing back.
#[test]
fn match_index_never_falls() {
    let mut bench = Bench::leader(3);
    bench.propose("a");
    bench.propose("b");
    for (told, then) in [(1, 1), (3, 3), (2, 3), (0, 3), (3, 3)] {
        bench.ack(2, told);
        assert_eq!(bench.progress(2).0, then, "after an answer of {told}");
    }
}

/// What a leader knows of its peers begins anew with each election.
#[test]
fn leader_state_is_reinitialized_after_election() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    assert_eq!(bench.progress(2), (1, 2));
    bench.hear(3, 2, heartbeat(0));
    assert_eq!(
        bench.group.raw(ME).progress().count(),
        0,
        "a follower knows nothing of peers"
    );
    bench.win();
    assert_eq!(bench.progress(2), (0, 2));
}

/// A server that starts with an unused store has nothing of all this; a group is made by giving all
/// of them the same first configuration.
#[test]
fn an_unused_store_is_empty() {
    let storage = log_store(3, &[], HardState::default());
    assert_eq!((storage.first_index(), storage.last_index()), (Ok(1), Ok(0)));
    assert_eq!(MemoryStorage::new().hard_state(), in_term(0));
    let group = plain_group(3);
    for id in 2..=3 {
        assert_eq!(group.raw(id).membership(), group.raw(ME).membership());
    }
}
