//! Configuration changes (thesis chapter 4): which are proposed, what they do when they are applied,
//! and what they mean for whoever leads.

use quorate::error::{ChangeRefusal, ProposeError};
use quorate::event::StepDownReason;
use quorate::membership::{AnyConfChange, ChangeError, ConfChangeKind, ConfChangeV2, Transition};
use quorate::status::RoleKind::{Follower, Leader};
use quorate::{ConfState, Config, Event, HardState, NodeId};

use crate::support::{Cluster, plain, store};
use crate::{accepted, alone, asked, events, hear, lead, leading, progress, says, store_with};
use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode, UpdateNode};

fn voters(ids: &[NodeId]) -> ConfState {
    ConfState::of_voters(ids.iter().copied())
}

/// Node 1 leads this configuration; every member has its opening entry.
fn leading_in(settings: Config, conf_state: ConfState) -> Cluster {
    let mut storage = store(&[1]);
    storage.set_conf_state(conf_state, 1);
    storage.sync();
    let mut cluster = lead(alone(settings, storage), 9);
    everyone_has(&mut cluster, 2);
    events(&mut cluster);
    cluster
}

/// Every member there is now accepts up to here, as long as it is one.
fn everyone_has(cluster: &mut Cluster, index: u64) {
    for peer in cluster
        .raw(1)
        .membership()
        .members()
        .into_iter()
        .filter(|peer| *peer != 1)
    {
        if cluster.role(1) == Leader && cluster.raw(1).membership().contains(peer) {
            hear(cluster, peer, 1, accepted(index));
        }
    }
}

fn change(changes: &[(ConfChangeKind, NodeId)]) -> ConfChangeV2 {
    ConfChangeV2::new(changes.iter().copied())
}

fn through_joint(changes: &[(ConfChangeKind, NodeId)], transition: Transition) -> ConfChangeV2 {
    change(changes).with_transition(transition)
}

/// Proposes; everyone gets what the log holds then, the change is applied.
fn make(cluster: &mut Cluster, change: impl Into<AnyConfChange>) {
    let _ = cluster.node(1).propose_conf_change(change).expect("it may");
    says(cluster);
    let last = cluster.raw(1).status().last_index;
    everyone_has(cluster, last);
}

fn three() -> ConfState {
    voters(&[1, 2, 3])
}

fn joint() -> ConfState {
    three().with_voters_outgoing([1, 2])
}

const EXPLICIT: Transition = Transition::JointExplicit;

/// A configuration, a change, and the configuration when it is applied.
#[test]
fn changes_that_are_made() {
    let learner = || three().with_learners([4]);
    let cases: [(ConfState, ConfChangeV2, &str); 16] = [
        (three(), change(&[(AddNode, 4)]), "voters=(1 2 3 4)"),
        (three(), change(&[(AddNode, 3)]), "voters=(1 2 3)"),
        (three(), change(&[(AddNode, 0)]), "voters=(1 2 3)"),
        (three(), change(&[(UpdateNode, 3)]), "voters=(1 2 3)"),
        (three(), change(&[(RemoveNode, 3)]), "voters=(1 2)"),
        (three(), change(&[(RemoveNode, 9)]), "voters=(1 2 3)"),
        (three(), change(&[(AddLearnerNode, 4)]), "voters=(1 2 3) learners=(4)"),
        (three(), change(&[(AddLearnerNode, 3)]), "voters=(1 2) learners=(3)"),
        (learner(), change(&[(AddNode, 4)]), "voters=(1 2 3 4)"),
        (learner(), change(&[(RemoveNode, 4)]), "voters=(1 2 3)"),
        (learner(), change(&[(AddLearnerNode, 4)]), "voters=(1 2 3) learners=(4)"),
        // Two at once go through a joint configuration, and out of it by themselves.
        (
            three(),
            change(&[(AddNode, 4), (RemoveNode, 3)]),
            "voters=(1 2 4)&&(1 2 3) autoleave",
        ),
        (
            three(),
            change(&[(AddNode, 4), (AddLearnerNode, 3)]),
            "voters=(1 2 4)&&(1 2 3) learners_next=(3) autoleave",
        ),
        (
            three(),
            through_joint(&[(AddNode, 4)], Transition::JointImplicit),
            "voters=(1 2 3 4)&&(1 2 3) autoleave",
        ),
        (
            three(),
            through_joint(&[(AddNode, 4)], EXPLICIT),
            "voters=(1 2 3 4)&&(1 2 3)",
        ),
        (joint(), ConfChangeV2::leave_joint(), "voters=(1 2 3)"),
    ];
    for (before, change, then) in cases {
        let name = format!("{change} in {before:?}");
        let mut cluster = leading_in(plain(1), before);
        make(&mut cluster, change);
        let conf_state = cluster.nodes[&1].conf_state.clone();
        assert_eq!(cluster.raw(1).membership().conf_state(), conf_state, "{name}");
        let told = events(&mut cluster);
        let joint = then.contains("&&");
        assert!(
            told.contains(&Event::MembershipChanged { index: 3, joint }),
            "{name}: {told:?}"
        );
        assert_eq!(cluster.raw(1).membership().to_string(), then, "{name}");
    }
}

/// A configuration, a change, and why it is refused when it is proposed.
#[test]
fn changes_that_are_refused() {
    let cases: [(ConfState, ConfChangeV2, ChangeRefusal); 8] = [
        (joint(), change(&[(AddNode, 4)]), ChangeRefusal::Joint),
        (joint(), change(&[(AddNode, 4), (AddNode, 5)]), ChangeRefusal::Joint),
        (joint(), through_joint(&[(AddNode, 4)], EXPLICIT), ChangeRefusal::Joint),
        (three(), ConfChangeV2::leave_joint(), ChangeRefusal::NotJoint),
        (three(), through_joint(&[], EXPLICIT), ChangeRefusal::NotJoint),
        (
            voters(&[1]),
            change(&[(RemoveNode, 1)]),
            ChangeRefusal::Invalid(ChangeError::RemovedAllVoters),
        ),
        (
            voters(&[1]),
            change(&[(AddLearnerNode, 1)]),
            ChangeRefusal::Invalid(ChangeError::RemovedAllVoters),
        ),
        (
            three(),
            change(&[(RemoveNode, 1), (RemoveNode, 2), (RemoveNode, 3)]),
            ChangeRefusal::Invalid(ChangeError::RemovedAllVoters),
        ),
    ];
    for (before, change, refusal) in cases {
        let name = format!("{change} in {before:?}");
        let mut cluster = leading_in(plain(1), before);
        let outcome = cluster.node(1).propose_conf_change(change);
        assert_eq!(outcome, Err(ProposeError::Change(refusal)), "{name}");
        assert_eq!(cluster.raw(1).status().last_index, 2, "{name}: nothing is appended");
    }
}

/// One change at a time: the next one is refused until the last one is applied, whatever it was.
#[test]
fn one_change_at_a_time() {
    let mut cluster = leading_in(plain(1), voters(&[1, 2, 3]));
    let _ = cluster
        .node(1)
        .propose_conf_change(change(&[(AddNode, 4)]))
        .expect("it may");
    let pending = |index, applied| Err(ProposeError::Change(ChangeRefusal::Pending { index, applied }));
    let next = || change(&[(UpdateNode, 2)]);
    assert_eq!(cluster.node(1).propose_conf_change(next()), pending(3, 2));
    assert!(cluster.node(1).propose("a").is_ok(), "other proposals are not held up");
    says(&mut cluster);
    assert_eq!(
        cluster.node(1).propose_conf_change(next()),
        pending(3, 2),
        "stored, and not committed"
    );
    everyone_has(&mut cluster, 4);
    assert!(cluster.node(1).propose_conf_change(next()).is_ok(), "applied");
    assert_eq!(cluster.node(1).propose_conf_change(next()), pending(5, 4));
    // A new leader does not know whether one is in its log: up to its opening entry all must be
    // applied.
    let hard_state = HardState::new(1, None, 1);
    let mut cluster = lead(alone(plain(1), store_with(2, &[1, 1], hard_state)), 2);
    assert_eq!(cluster.node(1).propose_conf_change(next()), pending(3, 1));
    hear(&mut cluster, 2, 2, accepted(4));
    assert!(cluster.node(1).propose_conf_change(next()).is_ok());
    // Unless told not to check.
    let mut settings = plain(1);
    settings.settings_mut().disable_conf_change_validation = true;
    let mut cluster = leading(2, settings);
    assert!((0..3).all(|_| cluster.node(1).propose_conf_change(next()).is_ok()));
    assert!(cluster.node(1).propose_conf_change(ConfChangeV2::leave_joint()).is_ok());
}

/// Committed changes that cannot be made, or that the application cancels, change nothing, with an
/// event, and hold nothing up.
#[test]
fn changes_that_are_ignored() {
    for (bad, reason) in [
        (
            ConfChangeV2::leave_joint(),
            ChangeRefusal::Invalid(ChangeError::NotJoint),
        ),
        (
            change(&[(RemoveNode, 1), (RemoveNode, 2)]),
            ChangeRefusal::Invalid(ChangeError::RemovedAllVoters),
        ),
    ] {
        let mut cluster = Cluster::new(2, |id| {
            let mut settings = plain(id);
            settings.settings_mut().disable_conf_change_validation = true;
            settings
        });
        cluster.elect(1);
        let _ = cluster.node(1).propose_conf_change(bad).expect("unchecked");
        cluster.settle();
        for node in cluster.nodes.values() {
            assert_eq!(node.conf_state, voters(&[1, 2]));
            assert!(node.events.contains(&Event::ChangeIgnored {
                index: 3,
                reason: Some(reason.clone())
            }));
        }
        let _ = cluster
            .node(1)
            .propose_conf_change(change(&[(RemoveNode, 2)]))
            .expect("the next one");
        cluster.settle();
        assert_eq!(cluster.nodes[&1].conf_state, voters(&[1]));
    }
    let mut cluster = leading_in(plain(1), voters(&[1]));
    let _ = cluster
        .node(1)
        .propose_conf_change(change(&[(AddNode, 2)]))
        .expect("it may");
    let node = cluster.node(1);
    for _ in 0..2 {
        let ready = node.ready().expect("a sound node").expect("something to do");
        node.storage_mut().persist(&ready).expect("it works");
        let mut done = ready.persisted();
        for entry in done.take_committed_entries() {
            node.cancel_conf_change(&entry).expect("a sound node");
        }
        node.advance(done).expect("the one that is out");
    }
    assert!(
        node.take_events()
            .contains(&Event::ChangeIgnored { index: 3, reason: None })
    );
    assert_eq!(node.membership().conf_state(), voters(&[1]));
    assert!(
        node.propose_conf_change(change(&[(AddNode, 2)])).is_ok(),
        "it is out of the way"
    );
}

/// What a change makes of the leader's view of a peer, who had everything before.
#[test]
fn members_come_and_go() {
    for (changes, peer, then) in [
        (&[(AddNode, 4)][..], 4, "Probe 0..3 paused"),
        (&[(AddLearnerNode, 4)], 4, "Probe 0..3 learner paused"),
        (&[(RemoveNode, 3)], 3, "none"),
        (&[(AddLearnerNode, 3)], 3, "Replicate 3..4 learner"),
        (&[(AddNode, 3)], 3, "Replicate 3..4"),
        (&[(UpdateNode, 3)], 3, "Replicate 3..4"),
        (&[(RemoveNode, 3), (AddLearnerNode, 3)], 3, "Replicate 3..5 inflight=1"),
        (&[(RemoveNode, 3), (AddNode, 4)], 3, "Replicate 3..5 inflight=1"),
    ] {
        let mut cluster = leading_in(plain(1), voters(&[1, 2, 3]));
        make(&mut cluster, change(changes));
        assert_eq!(progress(&cluster, peer), then, "{changes:?}");
    }
}

/// A new member gets an append at once, not with the next proposal.
#[test]
fn a_new_member_is_greeted() {
    let mut cluster = leading_in(plain(1), voters(&[1]));
    let _ = cluster
        .node(1)
        .propose_conf_change(change(&[(AddNode, 2)]))
        .expect("it may");
    assert_eq!(
        says(&mut cluster),
        ["1->2 Append term=1 prev=1/2 commit=3 joined=3 entries=[1/3 ConfChangeV2 v2]"]
    );
    let _ = cluster.propose(1, "a");
    says(&mut cluster);
    assert_eq!(cluster.committed(1), 3, "two voters now");
    hear(&mut cluster, 2, 1, accepted(4));
    assert_eq!(cluster.committed(1), 4);
}

/// The quorum that counts is the one that is applied: what waits is committed when it shrinks.
#[test]
fn a_smaller_quorum_commits_what_waits() {
    for (n, gone) in [(2, 2), (4, 4)] {
        let mut cluster = leading_in(plain(1), voters(&(1..=n).collect::<Vec<_>>()));
        let _ = cluster
            .node(1)
            .propose_conf_change(change(&[(RemoveNode, gone)]))
            .expect("it may");
        let _ = cluster.propose(1, "waits");
        says(&mut cluster);
        for peer in (2..=n).take(if n == 4 { 2 } else { 1 }) {
            hear(&mut cluster, peer, 1, accepted(3));
        }
        assert_eq!(cluster.committed(1), if n == 2 { 4 } else { 3 });
        if n == 4 {
            hear(&mut cluster, 2, 1, accepted(4));
            assert_eq!(cluster.committed(1), 4, "two of three");
        }
    }
}

/// A leader that is removed, or demoted, stops leading, and says once more what is committed; unless
/// it is told to go on.
#[test]
fn a_leader_that_is_removed() {
    for kind in [RemoveNode, AddLearnerNode] {
        for (steps_down, notice) in [(true, true), (true, false), (false, true)] {
            let mut settings = plain(1);
            (
                settings.settings_mut().step_down_on_removal,
                settings.settings_mut().commit_notice_on_removal,
            ) = (steps_down, notice);
            let mut cluster = leading_in(settings, voters(&[1, 2, 3]));
            let _ = cluster
                .node(1)
                .propose_conf_change(change(&[(kind, 1)]))
                .expect("it may");
            says(&mut cluster);
            let said = asked(&mut cluster, 2, 1, accepted(3));
            let told = events(&mut cluster);
            assert_eq!(cluster.role(1) == Follower, steps_down);
            let stepped_down = Event::SteppedDown {
                reason: StepDownReason::Removed,
                term: 1,
            };
            assert_eq!(told.contains(&stepped_down), steps_down);
            assert_eq!(told.contains(&Event::Removed { index: 3 }), kind == RemoveNode);
            let heard = said
                .iter()
                .filter(|text| text.starts_with("1->3 Append") && text.contains("commit=3"));
            let times = if steps_down && notice { 2 } else { 1 };
            assert_eq!(heard.count(), times, "{kind:?}: {said:?}");
            if !steps_down {
                cluster.tick(1, 1);
                assert!(!says(&mut cluster).is_empty(), "its heartbeats go on");
                let removed = cluster.node(1).propose("a") == Err(ProposeError::Removed);
                assert_eq!(removed, kind == RemoveNode);
            }
        }
    }
}
