//! Configuration changes that let two quorums miss each other, or left a group without any.

use quorate::error::{AcknowledgeError, ChangeRefusal, ProposeError};
use quorate::membership::{ConfChangeKind, ConfChangeV2, Transition};
use quorate::message::Payload;
use quorate::ready::{Ack, AckKind, TaskResponse};
use quorate::status::{RoleKind, SnapshotStatus};
use quorate::{EntryId, Event, MemoryStorage, Proposed, RawNode};

use crate::support::{Cluster, config, message, plain, store};
use crate::{accepted, drain_all, is_append, led_with, single_leader, step_all, vote};

fn change(kind: ConfChangeKind, id: u64) -> ConfChangeV2 {
    ConfChangeV2::new([(kind, id)])
}

fn joint(transition: Transition, kind: ConfChangeKind, id: u64) -> ConfChangeV2 {
    change(kind, id).with_transition(transition)
}

fn propose(cluster: &mut Cluster, id: u64, change: ConfChangeV2) -> Result<Proposed, ProposeError> {
    cluster.node(id).propose_conf_change(change)
}

fn membership(cluster: &Cluster, id: u64) -> String {
    cluster.raw(id).membership().to_string()
}

/// A new leader changed the configuration while one that its predecessor had left behind might still
/// be committed: two majorities without a common voter.
#[test]
fn m35_a_new_leader_changes_nothing_before_it_has_committed_what_it_found() {
    let mut cluster = Cluster::new(5, plain);
    cluster.elect(1);
    let _ = propose(&mut cluster, 1, change(ConfChangeKind::AddNode, 6)).unwrap();
    cluster.drain(1);
    cluster.deliver();
    cluster.drain(2); // the others never hear of it
    cluster.pool.clear();
    cluster.isolate(1);
    cluster.node(2).campaign().unwrap();
    while cluster.role(2) != RoleKind::Leader {
        drain_all(&mut cluster, &[2, 3, 4, 5]);
        cluster.deliver();
    }
    let removal = change(ConfChangeKind::RemoveNode, 5);
    let pending = ChangeRefusal::Pending { index: 3, applied: 2 };
    assert_eq!(propose(&mut cluster, 2, removal.clone()), Err(pending.into()));
    cluster.settle();
    assert_eq!(membership(&cluster, 2), "voters=(1 2 3 4 5 6)");
    assert!(propose(&mut cluster, 2, removal).is_ok());
}

/// `TimeoutNow` made a peer lead that had not applied a committed change: two configurations back, its
/// quorum and the present one need not meet.
#[test]
fn m36_nobody_stands_with_a_committed_change_that_is_not_applied() {
    let mut cluster = Cluster::led(3);
    let removal = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 3)]);
    let _ = cluster.node(1).propose_conf_change(removal).unwrap();
    cluster.drain(1);
    cluster.deliver();
    drain_all(&mut cluster, &[2, 3]);
    cluster.deliver();
    cluster.drain(1);
    let notices = cluster.take(is_append);
    step_all(&mut cluster, notices); // and nothing is applied yet
    assert_eq!(cluster.committed(2), 3);
    cluster.step(message(1, 2, 1, Payload::TimeoutNow));
    assert_eq!((cluster.role(2), cluster.term(2)), (RoleKind::Follower, 1));
    cluster.drain(2);
    cluster.step(message(1, 2, 1, Payload::TimeoutNow));
    assert_eq!(cluster.role(2), RoleKind::Candidate);
    assert_eq!(cluster.raw(2).membership().to_string(), "voters=(1 2)");
}

/// Two voters were added at once, one change after the other: the first new quorum and the last need
/// not have met.
#[test]
fn m37_the_next_change_waits_until_the_last_one_is_applied() {
    let mut cluster = Cluster::led(3);
    let _ = propose(&mut cluster, 1, change(ConfChangeKind::AddNode, 4)).unwrap();
    let second = change(ConfChangeKind::AddNode, 5);
    let pending = ProposeError::Change(ChangeRefusal::Pending { index: 3, applied: 2 });
    for apply in [false, true] {
        assert_eq!(
            propose(&mut cluster, 1, second.clone()),
            Err(pending.clone()),
            "committed: {apply}"
        );
        cluster.drain(1);
        cluster.deliver();
        drain_all(&mut cluster, &[2, 3]);
        cluster.deliver();
    }
    assert_eq!(cluster.committed(1), 3, "committed is not enough");
    cluster.drain(1);
    assert!(propose(&mut cluster, 1, second).is_ok());
}

/// The leader that had entered a joint configuration was gone before it had left it, and nobody else
/// did.
#[test]
fn m38_whoever_leads_leaves_a_joint_configuration() {
    let mut cluster = Cluster::new(3, plain);
    cluster.elect(1);
    let _ = propose(
        &mut cluster,
        1,
        joint(Transition::JointImplicit, ConfChangeKind::AddLearnerNode, 3),
    )
    .unwrap();
    cluster.drain(1);
    cluster.deliver();
    drain_all(&mut cluster, &[2, 3]);
    cluster.deliver();
    cluster.drain(1);
    assert_eq!(
        membership(&cluster, 1),
        "voters=(1 2)&&(1 2 3) learners_next=(3) autoleave"
    );
    cluster.isolate(1);
    cluster.heal();
    cluster.pool.clear();
    cluster.restart(1);
    cluster.elect(2);
    assert_eq!(membership(&cluster, 2), "voters=(1 2) learners=(3)");
    assert_eq!(membership(&cluster, 1), membership(&cluster, 2));
}

/// The change with which a joint configuration is left was appended and not sent.
#[test]
fn m38_leaving_needs_no_further_write() {
    for eager in [false, true] {
        let mut cluster = led_with(3, |config| config.settings_mut().eager_appends = eager);
        let swap = joint(Transition::JointImplicit, ConfChangeKind::RemoveNode, 3);
        let _ = propose(&mut cluster, 1, swap).unwrap();
        cluster.settle();
        assert_eq!(membership(&cluster, 1), "voters=(1 2)");
        assert_eq!(membership(&cluster, 2), "voters=(1 2)");
    }
}

/// A joint configuration was left twice, which every replica panicked on.
#[test]
fn m38_leaving_twice_is_ignored_by_all_alike() {
    let mut cluster = led_with(3, |config| config.settings_mut().disable_conf_change_validation = true);
    let _ = propose(
        &mut cluster,
        1,
        joint(Transition::JointExplicit, ConfChangeKind::RemoveNode, 3),
    )
    .unwrap();
    for _ in 0..2 {
        let _ = propose(&mut cluster, 1, ConfChangeV2::leave_joint()).unwrap();
    }
    cluster.settle();
    for id in [1, 2] {
        let ignored = |event: &Event| {
            matches!(
                event,
                Event::ChangeIgnored {
                    index: 5,
                    reason: Some(_)
                }
            )
        };
        assert_eq!(
            cluster.nodes[&id].events.iter().filter(|event| ignored(event)).count(),
            1
        );
        assert_eq!(membership(&cluster, id), "voters=(1 2)");
    }
    cluster.commit(1, "lives");
    assert_eq!(cluster.data(2), ["lives"]);
}

/// {A, B} plus C: A applied that and died, and B and C, who both held the change, did not know that it
/// was committed. C is told with the entry itself; B and C go on without A.
#[test]
fn m39_a_new_voter_that_holds_its_own_addition_knows_that_it_is_committed() {
    for reached in [true, false] {
        let mut cluster = Cluster::led(2);
        cluster.add(config(3), store(&[1, 2])).unwrap();
        let _ = propose(&mut cluster, 1, change(ConfChangeKind::AddNode, 3)).unwrap();
        cluster.drain(1);
        cluster.deliver();
        cluster.drain(2);
        cluster.deliver();
        cluster.cut(1, 2); // which does not learn of the commit
        if !reached {
            cluster.cut(1, 3);
        }
        cluster.settle();
        assert_eq!(membership(&cluster, 1), "voters=(1 2 3)");
        assert_eq!(membership(&cluster, 2), "voters=(1 2)");
        cluster.isolate(1);
        cluster.tick_all(100);
        assert_eq!(cluster.leader(), reached.then_some(3));
        // If C never heard of it, only {A, B} may decide: they wait for A, and nothing is lost.
        cluster.restart(1);
        cluster.heal();
        cluster.tick_all(100);
        let leader = cluster.leader().unwrap();
        cluster.commit(leader, "lives");
        for id in 1..=3 {
            assert_eq!(membership(&cluster, id), "voters=(1 2 3)");
            assert_eq!(cluster.data(id), ["lives"]);
        }
    }
}

/// A leader that had removed itself sent heartbeats for ever, and nobody else could be elected.
#[test]
fn m40_a_removed_leader_is_silent_and_succeeded() {
    let mut cluster = Cluster::led(3);
    let _ = propose(&mut cluster, 1, change(ConfChangeKind::RemoveNode, 1)).unwrap();
    cluster.settle();
    assert_eq!(cluster.role(1), RoleKind::Follower);
    cluster.tick(1, 100);
    assert_eq!(cluster.pool.len(), 0, "it says nothing more");
    cluster.tick_all(60);
    assert!(matches!(cluster.leader(), Some(2 | 3)));
}

/// Then it stepped down too early: while the configuration was joint, and its vote still needed.
#[test]
fn m40_a_leader_that_is_being_removed_leads_until_the_joint_configuration_is_left() {
    let mut cluster = Cluster::led(3);
    let _ = propose(
        &mut cluster,
        1,
        joint(Transition::JointExplicit, ConfChangeKind::RemoveNode, 1),
    )
    .unwrap();
    cluster.settle();
    cluster.tick_all(30);
    assert_eq!(membership(&cluster, 1), "voters=(2 3)&&(1 2 3)");
    assert_eq!(cluster.leader(), Some(1));
    cluster.commit(1, "joint");
    let _ = propose(&mut cluster, 1, ConfChangeV2::leave_joint()).unwrap();
    cluster.settle();
    assert_eq!(cluster.role(1), RoleKind::Follower);
    assert_eq!(cluster.data(2), ["joint"]);
}

/// A voter was removed and its data destroyed before the others had applied that, and then the leader
/// died: the rest still counted the destroyed one. Demoted first, it is missed by nobody.
#[test]
fn m41_a_voter_that_was_demoted_first_can_be_destroyed_at_once() {
    let mut cluster = Cluster::led(4);
    let _ = propose(&mut cluster, 1, change(ConfChangeKind::AddLearnerNode, 4)).unwrap();
    cluster.settle();
    assert_eq!(membership(&cluster, 2), "voters=(1 2 3) learners=(4)");
    let _ = propose(&mut cluster, 1, change(ConfChangeKind::RemoveNode, 4)).unwrap();
    cluster.drain(1);
    cluster.deliver();
    drain_all(&mut cluster, &[2, 3]);
    cluster.deliver();
    cluster.drain(1);
    assert_eq!(membership(&cluster, 1), "voters=(1 2 3)");
    cluster.isolate(1);
    cluster.isolate(4);
    cluster.tick_all(60);
    assert!(matches!(cluster.leader(), Some(2 | 3)));
}

/// An acknowledgement of the disk came back to a node that had been removed meanwhile, and reports
/// came in about peers that were no members any more: both panicked.
#[test]
fn m50_late_news_of_and_to_a_removed_node_is_harmless() {
    let mut cluster = single_leader(plain(1), store(&[1, 2]));
    cluster.step(accepted((2, 1), 1, 2));
    cluster.drain(1);
    let _ = propose(&mut cluster, 1, change(ConfChangeKind::RemoveNode, 2)).unwrap();
    cluster.drain(1);
    cluster.step(accepted((2, 1), 1, 3));
    cluster.drain(1);
    assert_eq!(membership(&cluster, 1), "voters=(1)");
    let node = cluster.node(1);
    node.report_unreachable(2).unwrap();
    let snapshot = EntryId { term: 1, index: 1 };
    node.report_snapshot(2, snapshot, SnapshotStatus::Failed).unwrap();
    node.report_snapshot(2, snapshot, SnapshotStatus::Finished).unwrap();
    assert!(node.step(accepted((2, 1), 1, 3)).is_err());
    assert!(node.transfer_leader(2).is_err());
}

/// The disk of a leader acknowledges an entry after it has applied its own removal.
#[test]
fn m50_a_removed_leaders_own_acknowledgement_is_refused() {
    let mut config = plain(1);
    (
        config.settings_mut().async_storage_writes,
        config.settings_mut().step_down_on_removal,
    ) = (true, false);
    let mut node = RawNode::new(config, store(&[1, 2, 3])).unwrap();
    node.campaign().unwrap();
    acknowledge_all(&mut node);
    node.step(vote((2, 1), 1, true)).unwrap();
    acknowledge_all(&mut node);
    let _ = node.propose_conf_change(change(ConfChangeKind::RemoveNode, 1)).unwrap();
    acknowledge_all(&mut node);
    let _ = node.propose("written while it is removed").unwrap();
    let mut late = async_round(&mut node);
    node.step(accepted((2, 1), 1, 3)).unwrap();
    late.extend(async_round(&mut node));
    assert_eq!(node.membership().to_string(), "voters=(2 3)");
    for ack in late {
        let own = matches!(ack.kind(), AckKind::Append { .. });
        let outcome = node.acknowledge(ack);
        let refused = Err(AcknowledgeError::Removed { id: 1 });
        assert_eq!(outcome, if own { refused } else { Ok(()) });
    }
}

fn acknowledge_all(node: &mut RawNode<MemoryStorage>) {
    for ack in async_round(node) {
        node.acknowledge(ack).unwrap();
    }
}

/// Does the tasks of one Ready; the acknowledgements that are to be given.
fn async_round(node: &mut RawNode<MemoryStorage>) -> Vec<Ack> {
    let mut acks = Vec::new();
    while let Some(mut ready) = node.ready().unwrap() {
        if let Some(task) = ready.take_append_task() {
            node.storage_mut().persist_task(&task).unwrap();
            acks.extend(task.done().into_iter().filter_map(|response| match response {
                TaskResponse::Ack(ack) => Some(ack),
                TaskResponse::Message(_) => None,
            }));
        }
        if let Some(task) = ready.take_apply_task() {
            for entry in task.entries().iter().filter(|entry| entry.is_conf_change()) {
                node.apply_conf_change(entry).unwrap();
            }
            acks.push(task.done());
        }
    }
    acks
}
