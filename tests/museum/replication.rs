//! Followers that fell behind and stayed there, and leaders that believed too much of an answer.

use std::iter::repeat_n;

use quorate::error::ProposeError;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{Append, AppendResponse, Payload};
use quorate::status::ReplicationState;
use quorate::{EntryId, Message};

use crate::support::{Cluster, plain, store};
use crate::{
    accepted, accepted_as, drain_all, hard_state, is_append, led_with, progress, rejected, single_leader, store_of,
    vote, vote_request,
};

fn append_of(message: &Message) -> Option<&Append> {
    match &message.payload {
        Payload::Append(append) => Some(append),
        _ => None,
    }
}

/// Lets the group come to rest; how many of the messages on the way `wanted` picks.
fn settle_counting(cluster: &mut Cluster, wanted: impl Fn(&Message) -> bool) -> usize {
    let ids: Vec<u64> = cluster.nodes.keys().copied().collect();
    let mut count = 0;
    for _ in 0..1_000 {
        drain_all(cluster, &ids);
        count += cluster.pool.iter().filter(|message| wanted(message)).count();
        cluster.deliver();
    }
    assert!(cluster.pool.is_empty(), "the group does not come to rest");
    count
}

fn is_snapshot(message: &Message) -> bool {
    matches!(message.payload, Payload::InstallSnapshot(_))
}

fn is_rejection(message: &Message) -> bool {
    matches!(
        message.payload,
        Payload::AppendResponse(AppendResponse::Rejected { .. })
    )
}

/// The window was full when the log was compacted beyond it. The leader named the term of a compacted
/// entry as 0, which matched what a follower without that entry says.
#[test]
fn m16_the_term_of_a_compacted_entry_is_not_zero() {
    let mut cluster = led_with(3, |config| config.settings_mut().max_inflight_messages = 1);
    cluster.cut_one_way(1, 2);
    for data in ["a", "b", "c"] {
        cluster.commit(1, data);
    }
    cluster.compact(1);
    cluster.heal();
    cluster.node(1).tick().unwrap();
    let nameless = |message: &Message| append_of(message).is_some_and(|append| append.prev.term == 0);
    assert_eq!(settle_counting(&mut cluster, nameless), 0);
    cluster.tick_all(1);
    assert_eq!(cluster.committed(2), cluster.committed(1));
}

/// And a follower that is sent one all the same has no entry of term 0.
#[test]
fn m16_term_zero_matches_nothing() {
    let mut cluster = crate::single(plain(1), store(&[1, 2, 3]));
    cluster.step(crate::append((2, 1), 1, (0, 7), &[], 7));
    cluster.drain(1);
    assert!(is_rejection(&cluster.pool[0]), "{}", cluster.pool[0]);
    assert_eq!(cluster.committed(1), 1);
}

/// All appends in a full window were lost, and nothing was ever sent again.
#[test]
fn m18_a_full_window_that_was_lost_is_found_out() {
    for window in [1, 2, 5] {
        let mut cluster = led_with(3, |config| config.settings_mut().max_inflight_messages = window);
        cluster.commit(1, "first");
        cluster.cut_one_way(1, 2);
        for data in ["a", "b", "c", "d", "e"] {
            cluster.commit(1, data);
        }
        cluster.heal();
        cluster.tick_all(3);
        assert_eq!(
            cluster.data(2),
            ["first", "a", "b", "c", "d", "e"],
            "a window of {window}"
        );
    }
}

/// A rejection from long ago moved Next to or below Match.
#[test]
fn m19_late_rejections_do_not_take_back_what_matches() {
    let mut cluster = Cluster::led(3);
    for data in ["a", "b", "c"] {
        cluster.commit(1, data);
    }
    for probing in [false, true] {
        if probing {
            cluster.node(1).report_unreachable(2).unwrap();
        }
        for (index, hint) in [
            (1, (0, 0)),
            (3, (1, 1)),
            (5, (1, 1)),
            (5, (1, 0)),
            (4, (1, 9)),
            (90, (1, 90)),
        ] {
            cluster.step(rejected((2, 1), 1, index, hint));
            let (matched, next, state) = progress(&cluster, 1, 2);
            let still = state == ReplicationState::Replicate;
            assert!(probing || index > matched || still, "rejected {index}: nothing new");
            assert!(
                matched == 5 && next > matched,
                "rejected {index}: matched {matched}, next {next}"
            );
        }
        cluster.settle();
        cluster.tick_all(1);
        assert_eq!(progress(&cluster, 1, 2), (5, 6, ReplicationState::Replicate));
    }
}

/// Acknowledgements that overtook each other lowered Match.
#[test]
fn m20_what_matches_never_falls() {
    let mut cluster = Cluster::led(3);
    for data in ["a", "b", "c"] {
        cluster.commit(1, data);
    }
    for index in [4, 1, 0, 5, 2] {
        cluster.step(accepted((2, 1), 1, index));
        assert_eq!(progress(&cluster, 1, 2).0, 5);
    }
}

/// A peer whose snapshot reached to the end of the log was fed again only with the next write.
#[test]
fn m21_a_peer_is_replicated_to_as_soon_as_its_snapshot_is_in() {
    let mut cluster = Cluster::led(3);
    cluster.isolate(3);
    cluster.commit(1, "a");
    cluster.compact(1);
    cluster.heal();
    cluster.tick_all(1);
    assert_eq!(cluster.committed(3), 3);
    assert_eq!(progress(&cluster, 1, 3), (3, 4, ReplicationState::Replicate));
}

/// A follower died while a snapshot was on its way; nobody reported it, and the leader waited for ever.
#[test]
fn m22_an_unanswered_snapshot_is_not_waited_for_for_ever() {
    let mut cluster = led_with(3, |config| config.settings_mut().snapshot_stall_ticks = Some(20));
    cluster.isolate(3);
    cluster.commit(1, "a");
    cluster.compact(1);
    cluster.heal();
    cluster.node(1).tick().unwrap();
    while !cluster.pool.iter().any(is_snapshot) {
        cluster.deliver();
        drain_all(&mut cluster, &[1, 2, 3]);
    }
    cluster.pool.clear();
    cluster.restart(3);
    cluster.tick_all(19);
    assert_eq!(
        progress(&cluster, 1, 3).2,
        ReplicationState::Snapshot {
            pending: EntryId { term: 1, index: 3 }
        }
    );
    cluster.tick_all(5);
    assert_eq!(progress(&cluster, 1, 3), (3, 4, ReplicationState::Replicate));
}

/// The message that told a commit index was lost, and without a write there was no other.
#[test]
fn m23_a_lost_commit_index_is_told_again() {
    let mut cluster = Cluster::led(3);
    let _ = cluster.propose(1, "a");
    cluster.drain(1);
    cluster.deliver();
    drain_all(&mut cluster, &[2, 3]);
    cluster.deliver();
    cluster.drain(1);
    assert!(!cluster.take(is_append).is_empty(), "the notice is lost");
    cluster.settle();
    assert_eq!((cluster.committed(1), cluster.committed(2)), (3, 2));
    cluster.tick_all(2);
    assert_eq!((cluster.committed(2), cluster.committed(3)), (3, 3));
}

/// A long tail of other entries was walked back one index a round trip.
#[test]
fn m24_a_divergent_tail_costs_a_probe_a_term_at_most() {
    let run = |term: u64, count: usize| repeat_n(term, count);
    let zigzag = |first: u64| (0..40_u64).flat_map(move |step| repeat_n(first + 2 * step, 25));
    let shapes: [(Vec<u64>, Vec<u64>, usize); 4] = [
        (
            run(1, 10).chain(run(3, 1000)).collect(),
            run(1, 10).chain(run(2, 5000)).collect(),
            2,
        ),
        (run(1, 2000).collect(), run(1, 10).chain(run(2, 5000)).collect(), 2),
        (run(1, 10).chain(run(9, 900)).collect(), run(1, 3).collect(), 1),
        (zigzag(2).collect(), zigzag(1).collect(), 41),
    ];
    for (leads, follows, most) in shapes {
        let mut cluster = Cluster::default();
        for (id, terms) in [(1, &leads), (2, &follows), (3, &leads)] {
            let storage = store_of(&[1, 2, 3], terms, hard_state(99, 0));
            cluster.add(plain(id), storage).unwrap();
        }
        cluster.cut(1, 2);
        cluster.elect(1);
        cluster.heal();
        cluster.node(1).tick().unwrap();
        let probes = settle_counting(&mut cluster, is_rejection);
        assert!(probes <= most, "{probes} rejections, {most} would do");
        cluster.tick_all(1);
        assert_eq!(cluster.raw(1).storage().log(), cluster.raw(2).storage().log());
    }
}

/// The cap on uncommitted bytes was counted from zero in every new term.
#[test]
fn m42_what_a_follower_holds_counts_when_it_leads() {
    let capped = |id| {
        let mut config = plain(id);
        config.settings_mut().max_uncommitted_bytes = 10;
        config
    };
    for restarts in [false, true] {
        let mut cluster = Cluster::new(3, capped);
        cluster.elect(1);
        cluster.isolate(3);
        cluster.cut_one_way(2, 1);
        cluster.commit(1, "ten bytes!"); // in the logs of 1 and 2, and 1 does not know of 2
        if restarts {
            cluster.restart(2);
        }
        let term = cluster.term(2) + 1;
        cluster.node(2).campaign().unwrap();
        cluster.drain(2);
        cluster.node(2).step(vote((3, 2), term, true)).unwrap();
        cluster.drain(2);
        assert_eq!(cluster.leader(), Some(2));
        let refused = cluster.node(2).propose("more");
        assert_eq!(refused, Err(ProposeError::Full { waiting: 10 }));
        // Whoever is deposed gets rid of what it overwrites, and of nothing else.
        cluster
            .node(2)
            .step(vote_request((3, 2), term + 1, (0, 0), false))
            .unwrap();
        cluster.drain(2);
        assert_eq!(cluster.raw(2).status().uncommitted_bytes, 10);
    }
}

/// A node was removed and added again within a term: the leader went on with what it knew of its
/// former self. Here it begins anew, and an acknowledgement that arrives in between is a stranger's.
/// So is one that arrives only after the node is back (R12).
#[test]
fn m43_a_node_added_again_begins_anew() {
    let mut cluster = single_leader(plain(1), store(&[1, 2, 3]));
    for peer in [2, 3] {
        cluster.step(accepted((peer, 1), 1, 2));
    }
    cluster.drain(1);
    assert_eq!(progress(&cluster, 1, 3).0, 2);
    for (index, kind) in [(3, ConfChangeKind::RemoveNode), (4, ConfChangeKind::AddNode)] {
        let _ = cluster
            .node(1)
            .propose_conf_change(ConfChangeV2::new([(kind, 3)]))
            .unwrap();
        cluster.drain(1);
        cluster.step(accepted((2, 1), 1, index));
        cluster.drain(1);
        let late = cluster.node(1).clone().step(accepted((3, 1), 1, 2));
        assert_eq!(
            late.is_err(),
            kind == ConfChangeKind::RemoveNode,
            "a stranger's word counts for nothing"
        );
    }
    // From before; and then from after, as it says.
    for (joined, known) in [(0, (0, ReplicationState::Probe)), (4, (4, ReplicationState::Replicate))] {
        cluster.step(accepted_as(joined, (3, 1), 1, 4));
        let (matched, _, state) = progress(&cluster, 1, 3);
        assert_eq!((matched, state), known);
    }
}

/// The same when one change both removes a learner and adds it again.
#[test]
fn m43_a_node_removed_and_added_by_one_change_begins_anew() {
    let mut cluster = single_leader(plain(1), store(&[1, 2]));
    let mut commit = |index: u64, changes: &[(ConfChangeKind, u64)]| {
        let change = ConfChangeV2::new(changes.iter().copied());
        let _ = cluster.node(1).propose_conf_change(change).unwrap();
        cluster.drain(1);
        cluster.step(accepted((2, 1), 1, index));
        cluster.drain(1);
        let fresh = progress(&cluster, 1, 4);
        cluster.step(accepted_as(index, (4, 1), 1, index));
        (fresh.0, fresh.2, progress(&cluster, 1, 4).0)
    };
    let added = commit(3, &[(ConfChangeKind::AddLearnerNode, 4)]);
    assert_eq!(added, (0, ReplicationState::Probe, 3));
    let again = [(ConfChangeKind::RemoveNode, 4), (ConfChangeKind::AddLearnerNode, 4)];
    assert_eq!(commit(4, &again), (0, ReplicationState::Probe, 4));
}
