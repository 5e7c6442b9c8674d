//! Leadership is handed over (thesis 3.10): to whom, when the order to campaign goes out, and what
//! ends the attempt.

use quorate::error::TransferRefusal::{Learner, Unknown};
use quorate::error::{ProposeError, TransferError};
use quorate::event::TransferAbort;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::Payload;
use quorate::status::RoleKind::Leader;
use quorate::{ConfState, Event, NodeId};

use crate::support::{Cluster, message, plain, store};
use crate::{accepted, alone, asked, events, hear, heartbeat, heartbeat_answer, lead, leading, request, says};

/// A leader of voters 1 to 4 and learner 5 in term 1: peer 2 has all of its log, peer 3 nothing of
/// it, peer 4 all.
fn leader() -> Cluster {
    let conf_state = ConfState::of_voters([1, 2, 3, 4]).with_learners([5]);
    let mut storage = store(&[1]);
    storage.set_conf_state(conf_state, 1);
    let mut cluster = lead(alone(plain(1), storage), 5);
    for peer in [2, 4, 5] {
        hear(&mut cluster, peer, 1, accepted(2));
    }
    events(&mut cluster);
    cluster
}

fn transfer(cluster: &mut Cluster, to: NodeId) {
    cluster.node(1).transfer_leader(to).expect("a voter");
}

fn aborted(to: NodeId, reason: TransferAbort) -> Event {
    Event::TransferAborted { to, reason }
}

/// Who can be asked for, and what is sent at once.
#[test]
fn to_whom() {
    let order = |to| vec![format!("1->{to} TimeoutNow term=1")];
    let reminder = vec!["1->3 Append term=1 prev=1/1 commit=2 entries=[1/2 Normal \"\"]".to_string()];
    for (to, outcome, sent, transferee) in [
        (2, Ok(()), order(2), Some(2)),
        (4, Ok(()), order(4), Some(4)),
        (3, Ok(()), reminder, Some(3)),
        (1, Ok(()), vec![], None),
        (5, Err(TransferError::Learner { to: 5 }), vec![], None),
        (9, Err(TransferError::Unknown { to: 9 }), vec![], None),
        (0, Err(TransferError::Unknown { to: 0 }), vec![], None),
    ] {
        let mut cluster = leader();
        hear(&mut cluster, 3, 1, crate::rejected(9, (1, 9)));
        cluster.node(1).report_unreachable(3).expect("a sound node");
        // Asked here, and asked by the transferee itself: then there is nobody to tell an error to.
        let mut forwarded = cluster.clone();
        assert_eq!(cluster.node(1).transfer_leader(to), outcome);
        if to == 3 {
            // It is paused, like any probe, until it answers a heartbeat.
            assert!(says(&mut cluster).is_empty());
            cluster
                .node(1)
                .step(message(3, 1, 1, heartbeat_answer()))
                .expect("legal");
        }
        assert_eq!(says(&mut cluster), sent);
        assert_eq!(cluster.raw(1).status().transferee, transferee);
        if to != 0 {
            forwarded
                .node(1)
                .step(message(to, 1, 1, Payload::transfer_leader(None)))
                .expect("legal");
            assert_eq!(forwarded.raw(1).status().transferee, transferee, "by node {to}");
        }
    }
}

/// The order to campaign goes out when the transferee has the whole log, and not before.
#[test]
fn when_the_order_goes_out() {
    let mut cluster = leader();
    let _ = cluster.propose(1, "a");
    says(&mut cluster);
    transfer(&mut cluster, 3);
    for (payload, ordered) in [
        (heartbeat_answer(), false),
        (accepted(1), false),
        (accepted(2), false),
        (heartbeat_answer(), false),
        (accepted(3), true),
        (accepted(3), false),
    ] {
        let said = asked(&mut cluster, 3, 1, payload);
        assert_eq!(
            said.contains(&"1->3 TimeoutNow term=1".to_string()),
            ordered,
            "{said:?}"
        );
    }
    let told = events(&mut cluster);
    let expected = [Event::TransferStarted { to: 3 }, Event::TransferOrdered { to: 3 }];
    assert_eq!(
        told.into_iter()
            .filter(|event| expected.contains(event))
            .collect::<Vec<_>>(),
        expected
    );
    // Another peer's answer is no reason.
    let mut cluster = leader();
    transfer(&mut cluster, 3);
    assert!(!asked(&mut cluster, 2, 1, accepted(2)).join(" ").contains("TimeoutNow"));
}

/// Via a snapshot, if the log does not reach back.
#[test]
fn after_a_snapshot() {
    let mut cluster = leader();
    cluster.compact(1);
    transfer(&mut cluster, 3);
    says(&mut cluster);
    let said = asked(&mut cluster, 3, 1, heartbeat_answer());
    assert_eq!(said, ["1->3 InstallSnapshot term=1 snapshot=1/2 bytes=5"]);
    assert_eq!(asked(&mut cluster, 3, 1, accepted(2)), ["1->3 TimeoutNow term=1"]);
}

/// While leadership is on its way nothing is proposed, configuration changes included; reads are as
/// always.
#[test]
fn nothing_is_proposed_meanwhile() {
    let mut cluster = leader();
    transfer(&mut cluster, 3);
    let refused = Err(ProposeError::Transferring { to: 3 });
    assert_eq!(cluster.node(1).propose("a"), refused);
    assert_eq!(cluster.node(1).propose(""), refused);
    let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 6)]);
    assert_eq!(cluster.node(1).propose_conf_change(change), refused);
    assert_eq!(cluster.node(1).read_index("r"), Ok(()));
    assert_eq!(cluster.raw(1).counters().proposals_refused, 3);
}

type Changes = &'static [(ConfChangeKind, NodeId)];

/// A change on its way when the transfer begins, what happens then, why the transfer is given up,
/// and to whom leadership is being handed afterwards.
type End = (
    &'static str,
    NodeId,
    Changes,
    fn(&mut Cluster),
    Option<TransferAbort>,
    Option<NodeId>,
);

fn commit(cluster: &mut Cluster) {
    hear(cluster, 2, 1, accepted(3));
    hear(cluster, 4, 1, accepted(3));
}

/// Transfers to node 3 (which lags) or 2 (which is ordered to campaign at once).
const ENDS: [End; 15] = [
    ("nothing", 3, &[], |_| (), None, Some(3)),
    ("nine ticks", 3, &[], |cluster| cluster.tick(1, 9), None, Some(3)),
    (
        "ten ticks",
        3,
        &[],
        |cluster| cluster.tick(1, 10),
        Some(TransferAbort::Timeout),
        None,
    ),
    (
        "ten ticks after the order",
        2,
        &[],
        |cluster| cluster.tick(1, 10),
        Some(TransferAbort::Timeout),
        None,
    ),
    ("the same again", 3, &[], |cluster| transfer(cluster, 3), None, Some(3)),
    (
        "the same again is no new attempt",
        3,
        &[],
        |cluster| {
            cluster.tick(1, 5);
            transfer(cluster, 3);
            cluster.tick(1, 5);
        },
        Some(TransferAbort::Timeout),
        None,
    ),
    (
        "another",
        3,
        &[],
        |cluster| transfer(cluster, 2),
        Some(TransferAbort::Replaced),
        Some(2),
    ),
    (
        "another has its own time",
        3,
        &[],
        |cluster| {
            cluster.tick(1, 5);
            transfer(cluster, 2);
            cluster.tick(1, 9);
        },
        Some(TransferAbort::Replaced),
        Some(2),
    ),
    (
        "oneself",
        3,
        &[],
        |cluster| transfer(cluster, 1),
        Some(TransferAbort::Replaced),
        None,
    ),
    (
        "a later term, before the order",
        3,
        &[],
        |cluster| hear(cluster, 4, 2, request(false, (1, 9), false)),
        Some(TransferAbort::SteppedDown),
        None,
    ),
    (
        "the transferee's vote",
        2,
        &[],
        |cluster| hear(cluster, 2, 2, request(false, (1, 9), true)),
        None,
        None,
    ),
    (
        "its removal",
        3,
        &[(ConfChangeKind::RemoveNode, 3)],
        commit,
        Some(TransferAbort::NotVoter),
        None,
    ),
    (
        "its demotion",
        3,
        &[(ConfChangeKind::AddLearnerNode, 3)],
        commit,
        Some(TransferAbort::NotVoter),
        None,
    ),
    (
        "another's removal",
        3,
        &[(ConfChangeKind::RemoveNode, 4)],
        commit,
        None,
        Some(3),
    ),
    (
        "its demotion in the other half only",
        3,
        &[(ConfChangeKind::AddLearnerNode, 3), (ConfChangeKind::AddNode, 6)],
        commit,
        None,
        Some(3),
    ),
];

#[test]
fn what_ends_a_transfer() {
    for (name, to, changes, then, abort, transferee) in ENDS {
        let mut cluster = leader();
        if !changes.is_empty() {
            let change = ConfChangeV2::new(changes.iter().copied());
            let _ = cluster.node(1).propose_conf_change(change).expect("it may");
            says(&mut cluster);
        }
        transfer(&mut cluster, to);
        says(&mut cluster);
        then(&mut cluster);
        let told = events(&mut cluster);
        let aborts: Vec<&Event> = told
            .iter()
            .filter(|event| matches!(event, Event::TransferAborted { .. }))
            .collect();
        assert_eq!(
            aborts,
            Vec::from_iter(abort.map(|reason| aborted(to, reason)).as_ref()),
            "{name}"
        );
        assert_eq!(cluster.raw(1).status().transferee, transferee, "{name}");
        let free = cluster.role(1) == Leader && transferee.is_none();
        assert_eq!(cluster.node(1).propose("a").is_ok(), free, "{name}");
    }
}

/// Asked of a follower: it passes the wish on in the transferee's name. Without a leader it cannot.
#[test]
fn asked_of_others() {
    let mut cluster = alone(plain(1), store(&[1, 2, 3]));
    assert_eq!(cluster.node(1).transfer_leader(3), Err(TransferError::NoLeader));
    assert_eq!(
        cluster.node(1).transfer_leader_to_most_up_to_date(),
        Err(TransferError::NoLeader)
    );
    hear(&mut cluster, 2, 1, heartbeat(1));
    for to in [1, 3] {
        assert_eq!(cluster.node(1).transfer_leader(to), Ok(()));
        assert_eq!(says(&mut cluster), [format!("{to}->2 TransferLeader term=1 asker=1")]);
        cluster
            .node(1)
            .step(message(3, 1, 1, Payload::transfer_leader(None)))
            .expect("legal");
        assert_eq!(says(&mut cluster), ["3->2 TransferLeader term=1"], "another's wish");
        let asked = Payload::transfer_leader(Some(3));
        cluster.node(1).step(message(1, 1, 1, asked)).expect("legal");
        assert_eq!(says(&mut cluster), ["1->2 TransferLeader term=1 asker=3"], "and asker");
    }
    assert_eq!(
        cluster.node(1).transfer_leader_to_most_up_to_date(),
        Err(TransferError::NotLeader { leader: 2 })
    );
    cluster.node(1).campaign().expect("it may");
    assert_eq!(cluster.node(1).transfer_leader(3), Err(TransferError::NoLeader));
}

/// What this node knows to be impossible is refused here, though it does not lead.
#[test]
fn what_a_follower_refuses() {
    let mut storage = store(&[1, 2, 3]);
    let with_learner = ConfState::of_voters([1, 2, 3]).with_learners([4]);
    storage.set_conf_state(with_learner, 1);
    let mut cluster = alone(plain(1), storage);
    hear(&mut cluster, 2, 1, heartbeat(1));
    for (to, refusal) in [
        (4, TransferError::Learner { to: 4 }),
        (5, TransferError::Unknown { to: 5 }),
        (0, TransferError::Unknown { to: 0 }),
    ] {
        assert_eq!(cluster.node(1).transfer_leader(to), Err(refusal));
        assert!(says(&mut cluster).is_empty());
        let mut like_etcd = cluster.raw(1).config().clone();
        like_etcd.settings_mut().transfer_refusals = false;
        let mut cluster = cluster.clone();
        cluster.node(1).set_config(like_etcd).expect("legal");
        assert_eq!(cluster.node(1).transfer_leader(to), Ok(()));
        assert_eq!(says(&mut cluster), [format!("{to}->2 TransferLeader term=1")]);
    }
}

/// What the leader refuses of what was passed on: it says so itself, and tells who asked, if that is a member
/// (a node of etcd-io/raft never asks).
#[test]
fn what_a_leader_refuses() {
    let answer = |to, why| vec![format!("1->2 TransferRefused term=1 to={to}: {why}")];
    for (to, asker, said) in [
        (5, Some(2), answer(5, "it is a learner")),
        (9, Some(2), answer(9, "it is not in the configuration")),
        (5, None, vec![]),
        (5, Some(9), vec![]),
        (5, Some(1), vec![]),
    ] {
        let mut cluster = leader();
        let wish = Payload::transfer_leader(asker);
        cluster.node(1).step(message(to, 1, 1, wish)).expect("legal");
        assert_eq!(says(&mut cluster), said, "{to}, {asker:?}");
        let reason = if to == 5 { Learner } else { Unknown };
        assert_eq!(events(&mut cluster), [Event::TransferRefused { to, reason }]);
        assert_eq!(cluster.raw(1).status().transferee, None);
    }
}

/// The answer, at who asked: an event, unless it is of an earlier term or of a stranger.
#[test]
fn a_refusal_comes_back() {
    let (to, reason) = (4, Learner);
    let told = Event::TransferRefused { to, reason };
    for (from, term, expected) in [
        (2, 3, Some(told.clone())),
        (2, 4, Some(told)),
        (2, 2, None),
        (9, 3, None),
    ] {
        let mut cluster = alone(plain(1), store(&[1, 2, 3]));
        hear(&mut cluster, 2, 3, heartbeat(1));
        events(&mut cluster);
        let answer = message(from, 1, term, Payload::transfer_refused(to, reason));
        assert_eq!(cluster.node(1).step(answer).is_ok(), from == 2);
        assert!(says(&mut cluster).is_empty());
        let refused = |event: &Event| matches!(event, Event::TransferRefused { .. });
        assert_eq!(
            events(&mut cluster).into_iter().find(refused),
            expected,
            "{from} {term}"
        );
    }
}

/// The leader knows already that node 3 is out; whoever asks node 2, which does not, hears it all the same.
#[test]
fn a_follower_that_lags_behind_hears_it() {
    let mut cluster = Cluster::new(3, plain);
    cluster.elect(1);
    let change = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 3)]);
    let _ = cluster.node(1).propose_conf_change(change).expect("it may");
    cluster.drain(1);
    cluster.deliver();
    cluster.drain(2);
    cluster.cut_one_way(1, 2);
    cluster.settle();
    cluster.heal();
    assert_eq!(cluster.raw(1).membership().to_string(), "voters=(1 2)");
    assert_eq!(cluster.node(2).transfer_leader(3), Ok(()));
    cluster.settle();
    let (to, reason) = (3, Unknown);
    for id in [1, 2] {
        assert!(
            cluster.nodes[&id]
                .events
                .contains(&Event::TransferRefused { to, reason }),
            "{id}"
        );
    }
}

/// The best transferee: of the voters that were heard lately the one with the longest log.
#[test]
fn the_most_up_to_date() {
    let mut cluster = leader();
    assert_eq!(
        cluster.node(1).transfer_leader_to_most_up_to_date(),
        Ok(2),
        "the lowest of equals"
    );
    let mut cluster = leader();
    let _ = cluster.propose(1, "a");
    says(&mut cluster);
    hear(&mut cluster, 4, 1, accepted(3));
    hear(&mut cluster, 5, 1, accepted(3));
    assert_eq!(cluster.node(1).transfer_leader_to_most_up_to_date(), Ok(4));
    let mut cluster = leading(1, plain(1));
    assert_eq!(
        cluster.node(1).transfer_leader_to_most_up_to_date(),
        Err(TransferError::Nobody)
    );
}
