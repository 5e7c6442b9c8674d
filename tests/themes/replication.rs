//! From a proposal to a commit: what a follower takes into its log, where two logs meet, and what
//! counts as committed (section 5.3, 5.4.2).

use quorate::error::{ProposeError, StepError};
use quorate::message::Payload;
use quorate::status::RoleKind::{Candidate, Follower, Leader};
use quorate::{Config, HardState, NodeId, Proposed};

use crate::support::{Cluster, config, message, plain, store};
use crate::{
    accepted, alone, append, asked, entries, hear, heartbeat, heartbeat_answer, lead, leading, rejected, says,
    store_with,
};

/// A follower in term 3 whose log holds 1/2, 2/3 and 2/4, committed up to 2.
fn follower() -> Cluster {
    let hard_state = HardState::new(3, None, 2);
    alone(plain(1), store_with(3, &[1, 2, 2], hard_state))
}

fn terms(cluster: &Cluster, id: NodeId) -> Vec<u64> {
    cluster.raw(id).storage().log().iter().map(|entry| entry.term).collect()
}

/// An append to that follower (what precedes it, the entries' terms, the leader's commit index), its
/// answer, and the log and commit index then.
#[test]
fn what_a_follower_appends() {
    type Case = ((u64, u64), &'static [u64], u64, &'static str, &'static [u64], u64);
    let cases: [Case; 22] = [
        // It fits at the end.
        ((2, 4), &[], 2, "accepted=4", &[1, 2, 2], 2),
        ((2, 4), &[], 4, "accepted=4", &[1, 2, 2], 4),
        ((2, 4), &[], 9, "accepted=4", &[1, 2, 2], 4),
        ((2, 4), &[3], 2, "accepted=5", &[1, 2, 2, 3], 2),
        ((2, 4), &[3, 3], 5, "accepted=6", &[1, 2, 2, 3, 3], 5),
        ((2, 4), &[2, 3], 9, "accepted=6", &[1, 2, 2, 2, 3], 6),
        // It is there already, as a whole or in part: nothing is cut.
        ((2, 3), &[2], 2, "accepted=4", &[1, 2, 2], 2),
        ((1, 2), &[2], 4, "accepted=3", &[1, 2, 2], 3),
        ((1, 2), &[2, 2, 3], 2, "accepted=5", &[1, 2, 2, 3], 2),
        ((1, 2), &[], 4, "accepted=2", &[1, 2, 2], 2),
        // It contradicts what is not committed, which goes.
        ((2, 3), &[3], 2, "accepted=4", &[1, 2, 3], 2),
        ((1, 2), &[3], 3, "accepted=3", &[1, 3], 3),
        ((1, 2), &[2, 3, 3], 2, "accepted=5", &[1, 2, 3, 3], 2),
        // It begins below what is committed, and that matches for ever.
        ((1, 1), &[1], 2, "accepted=2", &[1, 2, 2], 2),
        ((0, 0), &[1], 2, "accepted=2", &[1, 2, 2], 2),
        // It leaves a gap, or what precedes it is another entry: where could the logs agree?
        ((3, 9), &[3], 9, "rejected=9 hint=2/4", &[1, 2, 2], 2),
        ((2, 5), &[], 9, "rejected=5 hint=2/4", &[1, 2, 2], 2),
        ((1, 9), &[3], 2, "rejected=9 hint=1/2", &[1, 2, 2], 2),
        ((3, 4), &[3], 4, "rejected=4 hint=2/4", &[1, 2, 2], 2),
        ((1, 4), &[3], 4, "rejected=4 hint=1/2", &[1, 2, 2], 2),
        ((1, 3), &[3], 4, "rejected=3 hint=1/2", &[1, 2, 2], 2),
        ((3, 3), &[3], 4, "rejected=3 hint=2/3", &[1, 2, 2], 2),
    ];
    for (prev, new, commit, answer, log, committed) in cases {
        let mut cluster = follower();
        let said = asked(&mut cluster, 2, 3, append(prev, new, commit));
        let name = format!("{new:?} after {prev:?}");
        assert_eq!(said, [format!("1->2 AppendResponse term=3 {answer}")], "{name}");
        assert_eq!(terms(&cluster, 1), log, "{name}");
        assert_eq!(cluster.committed(1), committed, "{name}");
        let applied = cluster.nodes[&1].applied.last().map(|entry| entry.index);
        assert_eq!(applied, Some(committed), "{name}");
    }
}

/// The commit index that a heartbeat tells, and what that follower makes of it. (A leader tells
/// none beyond what was acknowledged.)
#[test]
fn what_a_heartbeat_commits() {
    for (commit, expected) in [(0, Ok(2)), (2, Ok(2)), (3, Ok(3)), (4, Ok(4)), (5, Err(4))] {
        let mut cluster = follower();
        asked(&mut cluster, 2, 3, append((2, 4), &[], 2)); // else nothing is known to match
        let outcome = cluster.node(1).step(message(2, 1, 3, heartbeat(commit)));
        let expected = expected.map_err(|last| StepError::BeyondLog { index: commit, last });
        assert_eq!(outcome.map(|()| cluster.committed(1)), expected);
    }
}

/// The terms of a leader's log from index 2 on before it opened its term, up to where peers 2, 3, …
/// hold it, and what is committed then. Its own disk has all of it.
#[test]
fn what_is_committed() {
    let cases: [(u64, &[u64], &[u64], u64); 16] = [
        (1, &[], &[], 2),
        (1, &[1, 1], &[], 4),
        (2, &[], &[], 1),
        (2, &[], &[2], 2),
        (2, &[1], &[2], 1), // of an earlier term
        (2, &[1], &[3], 3),
        (3, &[1, 1], &[0, 0], 1),
        (3, &[1, 1], &[3, 3], 1), // everywhere, but of an earlier term
        (3, &[1, 1], &[4, 0], 4),
        (3, &[1, 1], &[4, 4], 4),
        (3, &[1, 2, 2], &[4, 5], 5),
        (4, &[1], &[3, 0, 0], 1),
        (4, &[1], &[3, 2, 3], 3),
        (5, &[1], &[3, 2, 0, 0], 1),
        (5, &[1], &[3, 3, 0, 0], 3),
        (5, &[1], &[2, 2, 2, 2], 1),
    ];
    for (n, log, matched, expected) in cases {
        let hard_state = HardState::new(3, None, 1);
        let mut cluster = lead(alone(plain(1), store_with(n, log, hard_state)), n);
        for (peer, index) in (2..).zip(matched).filter(|(_, index)| **index > 0) {
            hear(&mut cluster, peer, 4, accepted(*index));
        }
        assert_eq!(cluster.committed(1), expected, "{n} voters, {log:?}, {matched:?}");
    }
}

/// A leader's own disk is one of the quorum, and no more than that: peers that hold the entry before
/// the leader's disk does, and whether it is committed before and after that.
#[test]
fn a_leader_counts_itself_when_its_disk_does() {
    for (n, peers, before, after) in [
        (1, &[][..], false, true),
        (2, &[2], false, true),
        (3, &[2], false, true),
        (3, &[2, 3], true, true),
        (5, &[2, 3], false, true),
        (5, &[2, 3, 4], true, true),
        (5, &[2], false, false),
    ] {
        let mut cluster = leading(n, plain(1));
        let _ = cluster.propose(1, "a");
        let node = cluster.node(1);
        let ready = node.ready().expect("a sound node").expect("something to do");
        node.storage_mut().persist(&ready).expect("it works");
        for peer in peers {
            node.step(message(*peer, 1, 1, accepted(3))).expect("legal");
        }
        assert_eq!(node.status().hard_state.commit == 3, before, "{n}, {peers:?}");
        node.advance(ready.persisted()).expect("the one that is out");
        assert_eq!(node.status().hard_state.commit == 3, after, "{n}, {peers:?}");
    }
}

/// The disk of a leader that was deposed meanwhile: what it acknowledges commits nothing.
#[test]
fn a_disk_that_is_late_commits_nothing() {
    let mut cluster = leading(3, plain(1));
    let _ = cluster.propose(1, "a");
    let node = cluster.node(1);
    let ready = node.ready().expect("a sound node").expect("something to do");
    node.storage_mut().persist(&ready).expect("it works");
    node.step(message(2, 1, 1, accepted(2))).expect("legal");
    node.step(message(2, 1, 2, append((1, 2), &[2], 2))).expect("legal");
    node.advance(ready.persisted()).expect("the one that is out");
    says(&mut cluster);
    assert_eq!((cluster.role(1), cluster.committed(1)), (Follower, 2));
    assert_eq!(terms(&cluster, 1), [1, 2]);
}

/// Leader and follower with these terms from index 2 on: how many appends are rejected until the
/// follower has the leader's log. A rejection steps over a whole term, at either side.
#[test]
fn logs_meet() {
    let cases: [(&[u64], &[u64], usize); 10] = [
        (&[1, 1, 1], &[1, 1, 1], 0),
        (&[1, 1, 1], &[], 1),
        (&[1], &[1, 1, 1], 0),
        (&[2, 2, 2, 2], &[1, 1, 1, 1], 1),
        (&[1, 1, 1, 1], &[2, 2, 2, 2], 1),
        (&[1, 1, 1, 1], &[2, 2, 2, 2, 2, 2, 2, 2], 1),
        (&[1, 3, 3, 5, 5], &[1, 2, 2, 4, 4, 4], 2),
        (&[1, 1, 1, 4, 4, 4], &[1, 1, 2, 2, 3, 3], 2),
        (&[3, 3, 3, 3, 3, 3], &[1, 1, 2, 2], 1),
        (&[2, 4, 6, 8], &[3, 5, 7], 4),
    ];
    for (leader, follower, expected) in cases {
        let mut cluster = Cluster::default();
        for (id, log) in [(1, leader), (2, follower), (3, leader)] {
            let hard_state = HardState::new(8, None, 1);
            cluster
                .add(plain(id), store_with(3, log, hard_state))
                .expect("a legal store");
        }
        cluster.node(1).campaign().expect("it may");
        let mut rejections = 0;
        for _ in 0..40 {
            for id in 1..=3 {
                cluster.drain(id);
            }
            let said = crate::texts(cluster.pool.iter().cloned());
            rejections += said.iter().filter(|text| text.contains("rejected")).count();
            cluster.deliver();
        }
        assert_eq!(cluster.role(1), Leader);
        assert_eq!(terms(&cluster, 2), terms(&cluster, 1), "{leader:?}, {follower:?}");
        assert_eq!(rejections, expected, "{leader:?}, {follower:?}");
        cluster.commit(1, "and on");
        cluster.assert_consistent();
    }
}

/// Groups with nodes down, and whether a proposal at the leader, or at a follower, is committed.
#[test]
fn what_a_group_commits() {
    for (n, down, at, commits) in [
        (1, &[][..], 1, true),
        (3, &[], 1, true),
        (3, &[], 2, true),
        (3, &[3], 1, true),
        (3, &[3], 2, true),
        (3, &[2, 3], 1, false),
        (4, &[3, 4], 1, false),
        (5, &[3, 4], 2, true),
        (5, &[3, 4, 5], 2, false),
    ] {
        let mut cluster = Cluster::new(n, config);
        cluster.elect(1);
        for id in down {
            cluster.isolate(*id);
        }
        let proposed = cluster.propose(at, "a");
        let expected = Proposed::At { term: 1, index: 3 };
        assert_eq!(
            proposed,
            if at == 1 {
                expected
            } else {
                Proposed::Forwarded { leader: 1 }
            }
        );
        cluster.settle();
        for id in (1..=n).filter(|id| !down.contains(id)) {
            assert_eq!(cluster.data(id) == ["a"], commits, "{down:?} of {n} down, at {at}");
        }
        cluster.heal();
        cluster.tick_all(2);
        assert!((1..=n).all(|id| cluster.data(id) == ["a"]), "in the end all have it");
    }
}

/// Who takes no proposal, and why.
#[test]
fn proposals_that_are_refused() {
    let mut closed = plain(1);
    closed.settings_mut().disable_proposal_forwarding = true;
    let followed = |config: Config| {
        let mut cluster = alone(config, store(&[1, 2, 3]));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster
    };
    let mut candidate = alone(plain(1), store(&[1, 2, 3]));
    candidate.node(1).campaign().expect("it may");
    assert_eq!(candidate.role(1), Candidate);
    let mut transferring = leading(3, plain(1));
    transferring.node(1).transfer_leader(2).expect("a voter");
    let mut removed = plain(1);
    removed.settings_mut().step_down_on_removal = false;
    let mut removed = leading(2, removed);
    hear(&mut removed, 2, 1, accepted(2));
    let change = quorate::membership::ConfChangeV2::new([(quorate::membership::ConfChangeKind::RemoveNode, 1)]);
    let _ = removed.node(1).propose_conf_change(change).expect("it may");
    hear(&mut removed, 2, 1, accepted(3));
    let cases = [
        (alone(plain(1), store(&[1, 2, 3])), ProposeError::NoLeader),
        (candidate, ProposeError::NoLeader),
        (followed(closed), ProposeError::NotLeader { leader: 2 }),
        (transferring, ProposeError::Transferring { to: 2 }),
        (removed, ProposeError::Removed),
    ];
    for (mut cluster, reason) in cases {
        let before = cluster.raw(1).status().last_index;
        assert_eq!(cluster.node(1).propose("a"), Err(reason.clone()));
        // A forwarded one is refused for the same reason.
        let payload = Payload::propose(entries(0, &[0]));
        let outcome = cluster.node(1).step(message(3, 1, 0, payload));
        assert_eq!(outcome, Err(StepError::Proposal(reason)));
        assert_eq!(cluster.raw(1).status().last_index, before);
    }
    assert!(followed(plain(1)).node(1).propose("a").is_ok(), "else it is forwarded");
}

/// Appends out of order, and twice: in the end the log is the same.
#[test]
fn appends_in_any_order() {
    let appends = [
        append((1, 1), &[1], 1),
        append((1, 2), &[1], 2),
        append((1, 3), &[1], 3),
    ];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]] {
        let mut cluster = alone(plain(1), store(&[1, 2, 3]));
        for round in 0..3 {
            for position in order {
                hear(&mut cluster, 2, 1, appends[position].clone());
            }
            assert!(round < 2 || terms(&cluster, 1) == [1, 1, 1], "{order:?}");
        }
        let applied: Vec<u64> = cluster.nodes[&1].applied.iter().map(|entry| entry.index).collect();
        assert_eq!(applied, [2, 3], "each once, in order");
    }
}

/// Answers out of order: a rejection from long ago does not set a stream back.
#[test]
fn answers_in_any_order() {
    let mut cluster = leading(2, plain(1));
    for _ in 0..3 {
        let _ = cluster.propose(1, "a");
    }
    says(&mut cluster);
    for answer in [
        accepted(2),
        accepted(5),
        rejected(1, (1, 1)),
        accepted(3),
        rejected(4, (1, 1)),
    ] {
        hear(&mut cluster, 2, 1, answer);
    }
    assert_eq!(crate::progress(&cluster, 2), "Replicate 5..6");
    assert_eq!(cluster.committed(1), 5);
}

/// Heartbeats: how often, and that each peer is told a commit index only up to what it holds.
#[test]
fn heartbeats() {
    for (interval, beats) in [(1, 9), (2, 4), (3, 3), (5, 1)] {
        let mut settings = plain(1);
        settings.settings_mut().heartbeat_interval_ticks = interval;
        let mut cluster = leading(3, settings);
        hear(&mut cluster, 2, 1, accepted(2));
        cluster.tick(1, 9);
        let said = says(&mut cluster);
        let to_2 = said.iter().filter(|text| *text == "1->2 Heartbeat term=1 commit=2");
        let to_3 = said.iter().filter(|text| *text == "1->3 Heartbeat term=1 commit=0");
        assert_eq!((to_2.count(), to_3.count()), (beats, beats));
        assert_eq!(said.len(), 2 * beats, "and nothing else");
    }
    // Nobody else has any; an answer without a question is no harm.
    let mut cluster = follower();
    cluster.tick(1, 5);
    hear(&mut cluster, 2, 3, heartbeat_answer());
    assert!(says(&mut cluster).is_empty());
}
