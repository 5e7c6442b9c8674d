//! What is counted and remembered for people: messages that are ignored, votes, silence, lags, and what really left.

use quorate::error::TransferRefusal;
use quorate::event::IgnoredReason;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{AppendResponse, Payload};
use quorate::types::SnapshotMetadata;
use quorate::{Config, EntryId, Event, HardState, Message, NodeId, Snapshot, StorageError};

use crate::explain::{granted, moody, moody_leader, stored_in, tell, voters};
use crate::support::{Cluster, config, message, plain, store};
use crate::{
    accepted, alone, append, events, hear, heartbeat, heartbeat_answer, leading, rejected, request, says, store_with,
};

/// It follows node 2 in term 3, and its log ends with an entry of term 1 at index 2.
fn follower(settings: Config) -> Cluster {
    let mut cluster = alone(settings, store_with(3, &[1], HardState::new(3, None, 1)));
    hear(&mut cluster, 2, 3, heartbeat(1));
    cluster
}

fn forgetful() -> Cluster {
    let mut cluster = follower(plain(1));
    cluster.node(1).forget_leader().expect("a sound node");
    cluster
}

/// A leader contradicted it.
fn diverged() -> Cluster {
    let mut cluster = follower(plain(1));
    hear(&mut cluster, 2, 3, append((1, 2), &[3], 3));
    assert!(cluster.node(1).step(message(2, 1, 3, append((2, 3), &[], 3))).is_err());
    cluster.drain(1);
    cluster
}

fn candidate() -> Cluster {
    let mut cluster = alone(plain(1), store(&[1, 2, 3]));
    cluster.node(1).campaign().expect("it may");
    cluster.drain(1);
    cluster
}

fn leader() -> Cluster {
    leading(3, plain(1))
}

/// It leads, and has removed node 3 and added it again.
fn rejoined() -> Cluster {
    let mut cluster = leader();
    hear(&mut cluster, 2, 1, accepted(2));
    for kind in [ConfChangeKind::RemoveNode, ConfChangeKind::AddNode] {
        let change = ConfChangeV2::new([(kind, 3)]);
        let _ = cluster.node(1).propose_conf_change(change).expect("it may");
        cluster.drain(1);
        let last = cluster.raw(1).status().last_index;
        hear(&mut cluster, 2, 1, accepted(last));
    }
    cluster
}

/// From before that.
fn accepted_before() -> Payload {
    Payload::AppendResponse(AppendResponse::accepted(2, Some(0)))
}

fn install() -> Payload {
    let metadata = SnapshotMetadata::new(EntryId { term: 1, index: 9 }, voters(&[1, 2, 3]));
    Payload::install_snapshot(Snapshot::new(metadata, "state"))
}

fn read() -> Payload {
    Payload::read_index("r")
}

fn read_answer() -> Payload {
    Payload::read_index_response(2, "r")
}

fn transfer() -> Payload {
    Payload::transfer_leader(None)
}

fn transfer_refused() -> Payload {
    Payload::transfer_refused(2, TransferRefusal::Learner)
}

/// A node, and a message of which it uses nothing.
#[test]
fn what_is_ignored_is_counted_by_reason() {
    use IgnoredReason::{Diverged, EarlierTerm, NoLeader, NotAsked, Rejoined, WrongRole};
    let cases: [(Cluster, NodeId, u64, Payload, IgnoredReason); 24] = [
        (follower(plain(1)), 2, 2, append((1, 2), &[2], 1), EarlierTerm),
        (follower(plain(1)), 2, 2, heartbeat(1), EarlierTerm),
        (follower(plain(1)), 2, 2, install(), EarlierTerm),
        (follower(config(1)), 2, 2, accepted(2), EarlierTerm),
        (follower(config(1)), 2, 2, granted(false, true), EarlierTerm),
        (follower(config(1)), 2, 2, Payload::TimeoutNow, EarlierTerm),
        (follower(config(1)), 3, 2, request(false, (1, 9), false), EarlierTerm),
        (leader(), 3, 1, granted(false, true), WrongRole),
        (leader(), 3, 1, granted(true, false), WrongRole),
        (leader(), 3, 1, heartbeat(1), WrongRole),
        (leader(), 3, 1, append((1, 2), &[], 2), WrongRole),
        (leader(), 3, 1, Payload::TimeoutNow, WrongRole),
        (leader(), 3, 1, read_answer(), WrongRole),
        (leader(), 3, 1, transfer_refused(), WrongRole),
        (follower(plain(1)), 2, 3, accepted(2), WrongRole),
        (follower(plain(1)), 2, 3, heartbeat_answer(), WrongRole),
        (candidate(), 2, 1, granted(true, true), WrongRole),
        (candidate(), 2, 1, Payload::TimeoutNow, WrongRole),
        (candidate(), 2, 1, transfer(), NoLeader),
        (forgetful(), 3, 3, transfer(), NoLeader),
        (follower(plain(1)), 2, 3, read_answer(), NotAsked),
        (leader(), 1, 0, read(), NotAsked),
        (rejoined(), 3, 1, accepted_before(), Rejoined),
        (diverged(), 2, 3, install(), Diverged),
    ];
    for (cluster, from, term, payload, reason) in cases {
        check_ignored(cluster, from, term, &payload, reason);
    }
}

fn check_ignored(mut cluster: Cluster, from: NodeId, term: u64, payload: &Payload, reason: IgnoredReason) {
    let kind = payload.name();
    let name = format!("{kind} of term {term}: {reason}");
    // What happened before is told.
    cluster.node(1).tick().expect("a sound node");
    says(&mut cluster);
    events(&mut cluster);
    let before = cluster.raw(1).counters();
    let message = || Message::new(from, 1, term, payload.clone());
    cluster.node(1).step(message()).expect("legal");
    let told = events(&mut cluster);
    let ignored = Event::MessageIgnored {
        from,
        kind,
        term,
        reason,
    };
    assert!(told.contains(&ignored), "{name}: {told:?}");
    assert_eq!(says(&mut cluster), Vec::<String>::new(), "{name}: nothing is answered");
    // Again, in the same tick: counted, and not told; and told again in the next.
    cluster.node(1).step(message()).expect("legal");
    assert!(!events(&mut cluster).contains(&ignored), "{name}");
    let counted = |reason| cluster.raw(1).counters().ignored(reason) - before.ignored(reason);
    for other in IgnoredReason::ALL {
        let expected = if other == reason { 2 } else { 0 };
        assert_eq!(counted(other), expected, "{name}: {other}");
    }
    // Whichever way the tick passes.
    if term.is_multiple_of(2) {
        cluster.node(1).tick().expect("a sound node");
    } else {
        assert_eq!(cluster.node(1).advance_ticks(1), Ok(1));
    }
    says(&mut cluster);
    events(&mut cluster);
    cluster.node(1).step(message()).expect("legal");
    assert!(events(&mut cluster).contains(&ignored), "{name}");
}

/// What cannot be compared with the log now is not answered, and counted.
#[test]
fn what_cannot_be_compared_is_ignored() {
    let mut node = moody(1, plain(1));
    node.storage_mut().cold_term = Some(2);
    tell(&mut node, 2, append((1, 2), &[1], 1));
    tell(&mut node, 2, append((1, 2), &[1], 1));
    assert_eq!(node.counters().ignored(IgnoredReason::LogUnavailable), 2);
    node.storage_mut().cold_term = None;
    tell(&mut node, 2, append((1, 2), &[1], 1));
    assert_eq!(node.counters().ignored(IgnoredReason::LogUnavailable), 2);
}

/// What is answered, acted upon or refused is not ignored.
#[test]
fn what_is_not_ignored() {
    let mut cluster = Cluster::led(3);
    cluster.tick_all(5);
    let before = [1, 2, 3].map(|id| cluster.raw(id).counters());
    cluster.commit(1, "a");
    cluster.node(2).read_index("r").expect("it knows the leader");
    cluster.tick_all(5);
    // A leader of an earlier term is told of the later one.
    cluster.step(message(3, 2, 1, heartbeat(1)));
    assert!(cluster.node(2).step(message(9, 2, 1, accepted(1))).is_err());
    for (id, before) in (1..).zip(before) {
        for reason in IgnoredReason::ALL {
            assert_eq!(
                cluster.raw(id).counters().ignored(reason),
                before.ignored(reason),
                "{id}: {reason}"
            );
        }
    }
}

/// A voter tells whom it voted for, and a candidate who voted.
#[test]
fn votes_are_told() {
    for pre_vote in [true, false] {
        let mut cluster = alone(plain(1), store(&[1, 2, 3]));
        cluster
            .node(1)
            .step(message(2, 1, 5, request(pre_vote, (1, 9), false)))
            .expect("legal");
        let granted = Event::VoteGranted {
            candidate: 2,
            term: 5,
            pre_vote,
        };
        assert!(events(&mut cluster).contains(&granted));
    }
    let mut cluster = alone(plain(1), stored_in(voters(&[1, 2, 3, 4, 5])));
    let votes = |cluster: &Cluster| cluster.raw(1).votes().collect::<Vec<_>>();
    cluster.node(1).campaign().expect("it may");
    assert_eq!(votes(&cluster), [], "its own is not durable");
    cluster.drain(1);
    assert_eq!(votes(&cluster), [(1, true)]);
    hear(&mut cluster, 4, 1, granted(false, false));
    hear(&mut cluster, 2, 1, granted(false, true));
    hear(&mut cluster, 4, 1, granted(false, true));
    assert_eq!(
        votes(&cluster),
        [(1, true), (2, true), (4, false)],
        "the first answer counts"
    );
    hear(&mut cluster, 3, 1, granted(false, true));
    assert_eq!(votes(&cluster), [], "it leads");
}

/// Ticks since the leader was heard, however they pass, and beyond the timeout where nothing comes of that.
#[test]
fn how_long_the_leader_is_silent() {
    let silent = |cluster: &Cluster| cluster.raw(1).status().leader_silent_ticks;
    let learner = || {
        let mut cluster = alone(plain(1), stored_in(voters(&[2]).with_learners([1])));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster
    };
    assert_eq!(silent(&alone(plain(1), store(&[1, 2]))), None);
    for chunk in [1, 2, 7, 100, 1000] {
        let mut cluster = learner();
        for passed in (chunk..=1000).step_by(usize::try_from(chunk).expect("small")) {
            assert_eq!(cluster.node(1).advance_ticks(chunk), Ok(chunk));
            assert_eq!(silent(&cluster), Some(passed));
        }
        let mut ticked = learner();
        let passed = silent(&cluster).expect("a leader");
        (0..passed).for_each(|_| ticked.node(1).tick().expect("a sound node"));
        assert_eq!(silent(&ticked), Some(passed));
        assert!(ticked.raw(1) == cluster.raw(1), "{chunk}");
        hear(&mut cluster, 2, 1, heartbeat(1));
        assert_eq!(silent(&cluster), Some(0));
    }
    let mut endless = learner();
    assert_eq!(endless.node(1).advance_ticks(u64::MAX), Ok(u64::MAX));
    assert!(silent(&endless) >= Some(u64::from(u32::MAX)));
    // A promise outlasts the timer, which begins anew: the leader is as silent as it is.
    let mut promised = config(1);
    promised.settings_mut().pre_vote = false;
    let mut cluster = alone(promised, store(&[1, 2, 3]));
    hear(&mut cluster, 2, 1, heartbeat(1));
    cluster.node(1).set_election_timeout_draw(4);
    cluster.tick(1, 9);
    assert_eq!(silent(&cluster), Some(9));
    let mut leader = leading(3, plain(1));
    leader.tick(1, 5);
    assert_eq!(silent(&leader), None);
}

/// Ticks since a peer was heard, and how long it was away when it comes back.
#[test]
fn how_long_a_peer_is_silent() {
    for chunk in [1, 3] {
        let mut cluster = leading(3, plain(1));
        let silent = |cluster: &Cluster| -> Vec<u64> {
            let progress = cluster.raw(1).progress();
            progress.map(|member| member.silent_ticks).collect()
        };
        hear(&mut cluster, 2, 1, accepted(2));
        for _ in 0..6 / chunk {
            let mut left = chunk;
            while left > 0 {
                left -= cluster.node(1).advance_ticks(left).expect("a sound node");
            }
            says(&mut cluster);
        }
        assert_eq!(silent(&cluster), [0, 6, 6]);
        hear(&mut cluster, 2, 1, heartbeat_answer());
        assert_eq!(silent(&cluster), [0, 0, 6]);
        events(&mut cluster);
        cluster.node(1).report_unreachable(3).expect("a sound node");
        cluster.tick(1, 2);
        hear(&mut cluster, 3, 1, heartbeat_answer());
        let back = Event::PeerReachable {
            peer: 3,
            silent_ticks: 8,
        };
        assert_eq!(events(&mut cluster), [Event::PeerUnreachable { peer: 3 }, back]);
        assert_eq!(silent(&cluster), [0, 2, 0]);
        let unreachable = |cluster: &Cluster| cluster.raw(1).progress().any(|member| member.unreachable);
        assert!(!unreachable(&cluster));
        cluster.node(1).report_unreachable(3).expect("a sound node");
        assert!(unreachable(&cluster));
    }
}

/// How far commit and apply lag, here and at a peer.
#[test]
fn lags() {
    let mut cluster = leading(3, plain(1));
    hear(&mut cluster, 2, 1, accepted(2));
    for _ in 0..3 {
        let _ = cluster.propose(1, "a");
    }
    cluster.drain(1);
    let lags = |cluster: &Cluster| {
        let status = cluster.raw(1).status();
        (status.commit_lag(), status.apply_lag())
    };
    assert_eq!(lags(&cluster), (3, 0));
    cluster.node(1).step(message(2, 1, 1, accepted(4))).expect("legal");
    assert_eq!(lags(&cluster), (1, 2));
    let behind: Vec<u64> = cluster.raw(1).progress().map(|member| member.commit_lag).collect();
    assert_eq!(behind, [0, 0, 4]);
    cluster.drain(1);
    assert_eq!(lags(&cluster), (1, 0));
}

/// What a corrupt or contradicted node withdraws, and what a poisoned one does not send any more, did not leave.
#[test]
fn what_does_not_leave_is_not_sent() {
    let sent = |cluster: &Cluster| cluster.raw(1).counters().messages_sent;
    let mut cluster = alone(plain(1), store_with(3, &[1], HardState::new(1, None, 2)));
    hear(&mut cluster, 2, 1, heartbeat(2));
    let before = sent(&cluster);
    cluster
        .node(1)
        .step(message(2, 1, 1, append((1, 2), &[1], 2)))
        .expect("legal");
    assert_eq!(sent(&cluster), before + 1, "an answer waits for the disk");
    assert!(cluster.node(1).step(message(2, 1, 2, append((2, 2), &[], 2))).is_err());
    assert_eq!(says(&mut cluster), ["1->2 AppendResponse term=2 diverged=1/2"]);
    assert_eq!(sent(&cluster), before + 1, "it was withdrawn, and this one left");
    hear(&mut cluster, 2, 1, append((1, 3), &[1], 2));
    assert_eq!(sent(&cluster), before + 1, "it promises nothing any more");

    let mut settings = plain(1);
    settings.settings_mut().eager_appends = true;
    let mut node = moody_leader(settings);
    let sent = node.counters().messages_sent;
    node.storage_mut().entries_error = Some(StorageError::Broken("no disk".to_owned()));
    node.read_index("r").expect("it leads");
    assert_eq!(node.counters().messages_sent, sent + 2, "heartbeats are queued");
    assert!(node.step(message(3, 1, 2, rejected(3, (1, 1)))).is_err());
    assert_eq!(node.counters().messages_sent, sent, "nothing left");
}
