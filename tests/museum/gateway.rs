//! Messages that should never have been let in, or let in as something else.

use quorate::error::StepError;
use quorate::event::IgnoredReason;
use quorate::message::Payload;
use quorate::{EntryId, Event, Message};

use crate::support::{Cluster, message, plain, store};
use crate::{append, hard_state, install, is_append_response, rejected, single, snapshot, store_of};

/// A snapshot's message came with a term that was bumped, stale or missing on the way, and the term
/// of the log was mistaken for it.
#[test]
fn m30_a_snapshots_term_and_its_messages_are_two_things() {
    let follower = || single(plain(1), store_of(&[1, 2, 3], &[1, 1], hard_state(3, 1)));

    let mut bumped = follower();
    bumped.step(install((2, 1), 7, (2, 50)));
    bumped.drain(1);
    assert_eq!((bumped.term(1), bumped.committed(1)), (7, 50));
    bumped.step(append((2, 1), 7, (2, 50), &[(7, 51)], 51));
    bumped.drain(1);
    assert_eq!(bumped.committed(1), 51, "the log's last term was 2");

    let mut stale = follower();
    let before = stale.raw(1).clone();
    stale.step(install((2, 1), 2, (2, 50)));
    let ignored = Event::MessageIgnored {
        from: 2,
        kind: "InstallSnapshot",
        term: 2,
        reason: IgnoredReason::EarlierTerm,
    };
    assert_eq!(stale.node(1).take_events(), [ignored]);
    assert!(*stale.raw(1) == before, "an earlier term's leader is not obeyed");

    for (term, id, refusal) in [
        (0, (2, 50), StepError::MissingTerm),
        (
            3,
            (4, 50),
            StepError::Malformed("a snapshot is ahead of its leader's term"),
        ),
        (3, (0, 50), StepError::Malformed("a snapshot without a term")),
    ] {
        let mut node = follower();
        assert_eq!(node.node(1).step(install((2, 1), term, id)), Err(refusal));
        assert!(*node.raw(1) == before);
    }
}

/// An empty snapshot, as old nodes send it, stands for nothing.
#[test]
fn m30_an_empty_snapshot_changes_nothing() {
    let mut cluster = single(plain(1), store(&[1, 2, 3]));
    let empty = Payload::InstallSnapshot(Box::new(snapshot((0, 0), &[])));
    cluster.step(message(2, 1, 1, empty));
    cluster.drain(1);
    assert_eq!(cluster.committed(1), 1);
    assert_eq!(cluster.raw(1).membership().to_string(), "voters=(1 2 3)");
}

/// A follower believed the commit index before it had looked whether its log matched: it applied
/// entries that the leader never had.
#[test]
fn m47_only_what_is_known_to_match_is_committed() {
    let follower = || single(plain(1), store_of(&[1, 2, 3], &[1, 1, 1, 1, 1], hard_state(2, 1)));
    let cases: [(Message, u64); 5] = [
        (append((2, 1), 2, (2, 5), &[], 5), 1),
        (append((2, 1), 2, (2, 5), &[(2, 6)], 6), 1),
        (append((2, 1), 2, (1, 3), &[], 5), 3),
        (append((2, 1), 2, (1, 3), &[(2, 4)], 5), 4),
        (append((2, 1), 2, (1, 5), &[(2, 6)], 9), 6),
    ];
    for (message, committed) in cases {
        let mut cluster = follower();
        cluster.step(message.clone());
        cluster.drain(1);
        assert_eq!(cluster.committed(1), committed, "{message}");
    }
}

/// An append that was corrupted, or meant for another node, contradicted what was committed, and the
/// node panicked.
#[test]
fn m49_an_append_against_what_is_committed_is_refused() {
    for (message, index) in [
        (append((2, 1), 2, (1, 1), &[(2, 2), (2, 3)], 3), 2),
        (append((2, 1), 2, (1, 3), &[(1, 4)], 4), 4),
        (append((2, 1), 2, (2, 3), &[(2, 4), (2, 5), (2, 6)], 6), 3),
    ] {
        let mut cluster = single(plain(1), store_of(&[1, 2, 3], &[1, 1, 1, 2, 2], hard_state(2, 4)));
        cluster.drain(1);
        cluster.step(message);
        cluster.drain(1);
        assert!(
            matches!(cluster.errors[..], [StepError::Diverged { index: at, .. }] if at == index),
            "{:?}",
            cluster.errors
        );
        assert_eq!(cluster.take(is_append_response).len(), 1, "the leader is told");
        let terms: Vec<u64> = cluster.raw(1).storage().log().iter().map(|entry| entry.term).collect();
        assert_eq!((terms, cluster.committed(1)), (vec![1, 1, 1, 2, 2], 4));
    }
}

/// The same of whatever shows on its face that it is not meant for this node, or not in earnest.
#[test]
fn m49_a_misrouted_message_is_refused() {
    let mut cluster = Cluster::led(3);
    let before = cluster.raw(1).clone();
    let cases = [
        (
            append((2, 3), 9, (1, 1), &[(9, 2)], 2),
            StepError::Misrouted { to: 3, id: 1 },
        ),
        (
            append((0, 1), 9, (1, 1), &[(9, 2)], 2),
            StepError::ImpossibleSender { from: 0 },
        ),
        (
            append((1, 1), 9, (1, 1), &[(9, 2)], 2),
            StepError::ImpossibleSender { from: 1 },
        ),
        (rejected((8, 1), 9, 1, (1, 1)), StepError::UnknownPeer { from: 8 }),
        (append((2, 1), 9, (1, u64::MAX), &[], 2), StepError::OutOfRange("prev")),
    ];
    for (message, refusal) in cases {
        assert_eq!(cluster.node(1).step(message), Err(refusal));
        assert!(*cluster.raw(1) == before);
    }
}

/// A forwarded read carried a term, and the node that got it panicked.
#[test]
fn m50_what_is_forwarded_carries_no_term() {
    let mut cluster = Cluster::led(3);
    crate::read(&mut cluster, 2);
    let _ = cluster.node(2).propose("forwarded").unwrap();
    cluster.drain(2);
    assert_eq!(
        cluster.pool.iter().map(|message| message.term).collect::<Vec<_>>(),
        [0, 0]
    );
    for forwarded in cluster.pool.clone() {
        let with_term = Message::new(forwarded.from, forwarded.to, 1, forwarded.payload);
        assert_eq!(cluster.node(1).step(with_term), Err(StepError::UnexpectedTerm(1)));
    }
    cluster.settle();
    assert_eq!(crate::reads(&cluster, 2), [Some(2)]);
    assert_eq!(cluster.data(2), ["forwarded"]);
    assert_eq!(cluster.errors, []);
    let last = cluster.raw(1).storage().log().last().map(quorate::Entry::id);
    assert_eq!(last, Some(EntryId { term: 1, index: 3 }));
}
