//! Joint configurations (thesis 4.3) and what hangs on a change that is on its way: how they are
//! left, elections meanwhile, compare-and-set.

use quorate::error::{CampaignError, CampaignRefusal, ChangeRefusal, ProposeError};
use quorate::membership::{ConfChange, ConfChangeKind, ConfChangeV2, Transition};
use quorate::status::MembershipStatus;
use quorate::status::RoleKind::{Candidate, Follower, Leader};
use quorate::{ConfState, Event, HardState, MemoryStorage, NodeId, Proposed};

use crate::support::{Cluster, config, message, plain, store};
use crate::{accepted, alone, append, asked, hear, heartbeat, leading, request, says, store_with};
use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode, UpdateNode};

fn change(changes: &[(ConfChangeKind, NodeId)]) -> ConfChangeV2 {
    ConfChangeV2::new(changes.iter().copied())
}

/// Nodes 1 to 5 run, of which the first three vote; node 1 leads.
fn five_of_which_three() -> Cluster {
    let mut cluster = Cluster::default();
    for id in 1..=5 {
        cluster.add(config(id), store(&[1, 2, 3])).expect("a legal store");
    }
    cluster.elect(1);
    cluster
}

/// How a joint configuration is left: by itself, or when the application says so; and what it is
/// then.
#[test]
fn joint_configurations_are_left() {
    let swap = [(AddNode, 4), (RemoveNode, 3)];
    for (transition, changes, by_itself, then) in [
        (Transition::Auto, &swap[..], true, "voters=(1 2 4)"),
        (Transition::JointImplicit, &swap, true, "voters=(1 2 4)"),
        (Transition::JointImplicit, &swap[..1], true, "voters=(1 2 3 4)"),
        (Transition::JointExplicit, &swap, false, "voters=(1 2 4)"),
        (
            Transition::JointExplicit,
            &[(AddLearnerNode, 3), (AddNode, 5)],
            false,
            "voters=(1 2 5) learners=(3)",
        ),
        (
            Transition::Auto,
            &[(RemoveNode, 1), (AddNode, 4)],
            true,
            "voters=(2 3 4)",
        ),
        (
            Transition::Auto,
            &[(AddLearnerNode, 1), (AddLearnerNode, 4)],
            true,
            "voters=(2 3) learners=(1 4)",
        ),
    ] {
        let mut cluster = five_of_which_three();
        let entering = change(changes).with_transition(transition);
        let _ = cluster.node(1).propose_conf_change(entering).expect("it may");
        cluster.settle();
        assert_eq!(
            cluster.raw(2).membership().is_joint(),
            !by_itself,
            "{transition:?}, {changes:?}"
        );
        if !by_itself {
            let pending = cluster.node(1).propose_conf_change(change(&[(UpdateNode, 1)]));
            assert_eq!(pending, Err(ProposeError::Change(ChangeRefusal::Joint)));
            let _ = cluster
                .node(1)
                .propose_conf_change(ConfChangeV2::leave_joint())
                .expect("it may");
            cluster.settle();
        }
        assert_eq!(
            cluster.raw(2).membership().to_string(),
            then,
            "{transition:?}, {changes:?}"
        );
        assert_eq!(
            cluster.role(1) == Leader,
            cluster.raw(2).membership().is_voter(1),
            "{changes:?}"
        );
        // Whoever leads, the group goes on.
        if cluster.leader().is_none() {
            cluster.tick_all(40);
        }
        let leader = cluster.leader().expect("somebody leads");
        cluster.commit(leader, "on");
        assert_eq!(cluster.data(2), ["on"]);
    }
}

/// Nobody but both halves together decides: which nodes hold an entry, and whether it is committed.
#[test]
fn both_halves_commit() {
    for (holders, commits) in [
        (&[][..], false),
        (&[2], false),
        (&[2, 3], false),
        (&[4, 5], false),
        (&[4], false),
        (&[2, 4], true),
        (&[3, 5], true),
    ] {
        let mut storage = store(&[1]);
        storage.set_conf_state(ConfState::of_voters([1, 2, 3]).with_voters_outgoing([1, 4, 5]), 1);
        let mut cluster = crate::lead(alone(plain(1), storage), 5);
        for peer in holders {
            hear(&mut cluster, *peer, 1, accepted(2));
        }
        assert_eq!(cluster.committed(1) == 2, commits, "{holders:?}");
    }
}

/// A new leader leaves the joint configuration that an earlier one entered; a transfer delays that.
#[test]
fn another_leader_leaves_it() {
    let mut cluster = five_of_which_three();
    let swap = change(&[(AddNode, 4), (RemoveNode, 3)]);
    let _ = cluster.node(1).propose_conf_change(swap).expect("it may");
    // The change is committed everywhere; node 1 is lost before it proposes the next step.
    cluster.drain(1);
    cluster.deliver();
    for id in 2..=5 {
        cluster.drain(id);
    }
    cluster.deliver();
    cluster.isolate(1);
    cluster.settle();
    cluster.tick_all(60);
    let leader = cluster.leader().expect("another one");
    assert!(leader != 1);
    assert_eq!(cluster.raw(leader).membership().to_string(), "voters=(1 2 4)");
    cluster.heal();
    cluster.tick_all(40);
    assert!(
        [1, 2, 4]
            .into_iter()
            .all(|id| cluster.raw(id).membership().to_string() == "voters=(1 2 4)")
    );

    let mut storage = store(&[1]);
    storage.set_conf_state(
        ConfState::of_voters([1, 2, 3])
            .with_voters_outgoing([1, 2])
            .with_auto_leave(true),
        1,
    );
    let mut cluster = crate::lead(alone(plain(1), storage), 3);
    cluster.node(1).transfer_leader(3).expect("a voter");
    hear(&mut cluster, 2, 1, accepted(2));
    assert_eq!(
        cluster.raw(1).status().last_index,
        2,
        "not while leadership is handed over"
    );
    cluster.tick(1, 10);
    hear(&mut cluster, 3, 1, accepted(2));
    assert_eq!(
        cluster.raw(1).status().last_index,
        2,
        "tried again when something is applied"
    );
    let _ = cluster.propose(1, "a");
    says(&mut cluster);
    for peer in [2, 3] {
        hear(&mut cluster, peer, 1, accepted(3));
    }
    assert_eq!(cluster.raw(1).status().last_index, 4);
}

/// It is left once, even if nothing checks what is proposed and what came before it is applied entry
/// by entry.
#[test]
fn joint_configurations_are_left_once() {
    let mut settings = plain(1);
    settings.settings_mut().disable_conf_change_validation = true;
    settings.settings_mut().max_committed_bytes_per_ready = 1;
    let mut cluster = leading(1, settings);
    let entering = change(&[(AddLearnerNode, 2)]).with_transition(Transition::JointImplicit);
    let _ = cluster.node(1).propose_conf_change(entering).expect("it may");
    let _ = cluster.propose(1, "a");
    let _ = cluster.propose(1, "b");
    says(&mut cluster);
    let kinds: Vec<bool> = cluster.nodes[&1]
        .applied
        .iter()
        .map(quorate::Entry::is_conf_change)
        .collect();
    assert_eq!(kinds, [false, true, false, false, true]);
    assert_eq!(cluster.raw(1).membership().to_string(), "voters=(1) learners=(2)");
}

/// Nobody campaigns while a committed change waits to be applied, in whatever form it was proposed,
/// called for, due or ordered by the leader.
#[test]
fn no_campaign_before_a_change_is_applied() {
    let forms: [quorate::membership::AnyConfChange; 3] = [
        ConfChange::new(AddNode, 4).into(),
        change(&[(AddNode, 4)]).into(),
        change(&[(AddNode, 4)])
            .with_transition(Transition::JointExplicit)
            .into(),
    ];
    for form in forms {
        let mut cluster = leading(3, plain(1));
        let _ = cluster.node(1).propose_conf_change(form).expect("it may");
        says(&mut cluster);
        hear(&mut cluster, 2, 1, accepted(2));
        let entries = cluster.raw(1).storage().log().to_vec();
        let mut settings = plain(1);
        settings.settings_mut().max_committed_bytes_per_ready = 1; // one entry at a time
        let mut follower = alone(settings, store(&[1, 2, 3]));
        let append = quorate::message::Append::new(crate::id(1, 1), 3, entries);
        let node = follower.node(1);
        node.step(message(2, 1, 1, quorate::message::Payload::Append(append)))
            .expect("legal");
        node.set_election_timeout_draw(1);
        for applied in [1, 2] {
            assert_eq!(node.status().applied, applied);
            let refused = CampaignRefusal::UnappliedChange;
            assert_eq!(node.campaign(), Err(CampaignError::Refused(refused)));
            node.tick().expect("a sound node");
            node.step(message(2, 1, 1, quorate::message::Payload::TimeoutNow))
                .expect("legal");
            assert_eq!(node.status().soft_state.role, Follower);
            let reason = refused;
            let told = node.take_events();
            let refusals = told.iter().filter(|event| **event == Event::CampaignRefused { reason });
            assert_eq!(
                refusals.count(),
                2,
                "the one that was due, and the one that was ordered"
            );
            follower_ready(node);
        }
        assert_eq!(node.campaign(), Ok(()));
        assert_eq!(node.status().soft_state.role, Candidate);
    }
}

/// One Ready of a node by itself.
fn follower_ready(node: &mut quorate::RawNode<MemoryStorage>) {
    let ready = node.ready().expect("a sound node").expect("something to do");
    node.storage_mut().persist(&ready).expect("it works");
    let mut done = ready.persisted();
    for entry in done
        .take_committed_entries()
        .iter()
        .filter(|entry| entry.is_conf_change())
    {
        node.apply_conf_change(entry).expect("a sound node");
    }
    node.advance(done).expect("the one that is out");
}

/// Learners hear all, decide nothing, and may be asked to vote; promoted they count.
#[test]
fn learners() {
    let mut cluster = five_of_which_three();
    let learners = change(&[(AddLearnerNode, 4), (AddLearnerNode, 5)]);
    let _ = cluster.node(1).propose_conf_change(learners).expect("it may");
    cluster.settle();
    cluster.commit(1, "a");
    assert_eq!(cluster.data(5), ["a"]);
    cluster.isolate(2);
    cluster.isolate(3);
    let _ = cluster.propose(1, "b");
    cluster.settle();
    assert_eq!(cluster.data(1), ["a"], "one of three voters");
    cluster.heal();
    cluster.tick_all(2);
    let _ = cluster
        .node(1)
        .propose_conf_change(change(&[(AddNode, 4)]))
        .expect("it may");
    cluster.settle();
    let _ = cluster
        .node(1)
        .propose_conf_change(change(&[(AddNode, 5)]))
        .expect("it may");
    cluster.settle();
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.commit(1, "c");
    assert_eq!(cluster.data(5), ["a", "b", "c"], "three of five voters");

    let hard_state = HardState::new(1, None, 1);
    let mut storage = store_with(3, &[1], hard_state);
    storage.set_conf_state(ConfState::of_voters([2, 3]).with_learners([1]), 1);
    let mut learner = alone(plain(1), storage);
    let said = asked(&mut learner, 2, 2, request(false, (1, 2), false));
    assert_eq!(said, ["1->2 VoteResponse term=2 granted"]);
    hear(&mut learner, 2, 2, heartbeat(1));
    hear(&mut learner, 2, 2, append((1, 2), &[2], 2));
    assert_eq!(learner.committed(1), 2);
}

/// A change for a configuration that was looked at: refused if there is a later one in the log, or
/// if the log cannot tell. Only the leader can.
#[test]
fn compare_and_set() {
    let mut cluster = leading(1, plain(1));
    let first = cluster.node(1).propose_conf_change(change(&[(UpdateNode, 1)]));
    assert_eq!(first, Ok(Proposed::At { term: 1, index: 3 }));
    cluster.commit(1, "a");
    assert_eq!(cluster.raw(1).membership_status().expect("readable").index, 4);
    let mut at = |expected| {
        cluster
            .node(1)
            .propose_conf_change_if_unchanged(change(&[(UpdateNode, 1)]), expected)
    };
    let refused = |refusal| Err(ProposeError::Change(refusal));
    assert_eq!(at(0), refused(ChangeRefusal::Unknown { expected: 0 }));
    assert_eq!(
        at(1),
        refused(ChangeRefusal::Changed {
            expected: 1,
            changed: 3
        })
    );
    assert_eq!(
        at(2),
        refused(ChangeRefusal::Changed {
            expected: 2,
            changed: 3
        })
    );
    assert_eq!(at(3), Ok(Proposed::At { term: 1, index: 5 }));
    assert_eq!(
        at(4),
        refused(ChangeRefusal::Changed {
            expected: 4,
            changed: 5
        }),
        "not committed, and yet a change"
    );
    let mut follower = alone(plain(1), store(&[1, 2]));
    hear(&mut follower, 2, 1, heartbeat(1));
    let outcome = follower
        .node(1)
        .propose_conf_change_if_unchanged(change(&[(UpdateNode, 1)]), 1);
    assert_eq!(outcome, Err(ProposeError::NotLeader { leader: 2 }));
}

/// What is applied, and what comes next, is told by a node and by its store alone.
#[test]
fn the_configuration_is_told() {
    let mut cluster = leading(2, plain(1));
    hear(&mut cluster, 2, 1, accepted(2));
    let next = change(&[(AddNode, 3)]);
    let _ = cluster.node(1).propose_conf_change(next.clone()).expect("it may");
    says(&mut cluster);
    let told = cluster.raw(1).membership_status().expect("readable");
    assert_eq!((told.applied.clone(), told.index), (ConfState::of_voters([1, 2]), 2));
    let pending = told.pending.clone().expect("one is in the log");
    assert_eq!((pending.index, pending.change), (3, Some(next)));
    let store = cluster.raw(1).storage().clone();
    assert_eq!(MembershipStatus::read(&store, 2).expect("readable"), told);
    assert!(MembershipStatus::read(&store, 9).is_err(), "beyond the log");
    hear(&mut cluster, 2, 1, accepted(3));
    let told = cluster.raw(1).membership_status().expect("readable");
    assert_eq!((told.applied, told.pending), (ConfState::of_voters([1, 2, 3]), None));
}
