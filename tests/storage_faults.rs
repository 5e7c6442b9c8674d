//! A storage that fails once, at each of its calls in turn and in each way: the node answers with an
//! error or is poisoned and says so, it never panics or breaks a promise, and the others go on.

#[path = "storage_faults/faulty.rs"]
mod faulty;
#[path = "storage_faults/group.rs"]
mod group;
#[path = "support/mod.rs"]
mod support;

use std::rc::Rc;

use quorate::error::{CampaignError, NodeError, ProposeError, ReadError, ReadyError, StepError, TransferError};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::status::SnapshotStatus;
use quorate::{Entry, EntryId, NodeId, RawNode};

use crate::faulty::{FAULTS, Fault, Faulty, Plan};
use crate::group::{Group, is_sound};
use crate::support::mode::Mode;

enum Step {
    Campaign(NodeId),
    /// At whoever leads.
    Propose(u32),
    Change(ConfChangeKind, NodeId),
    Isolate(NodeId),
    Heal,
    Compact(NodeId),
    Restart(NodeId),
    Read(NodeId),
    Transfer(NodeId),
    StorageReady,
    Ticks(u64),
}

/// Elections, proposals, reads, a restart, a change of the configuration, a snapshot, a transfer.
const SCRIPT: &[Step] = &[
    Step::Campaign(1),
    Step::Propose(3),
    Step::Read(1),
    Step::Read(2),
    Step::Change(ConfChangeKind::AddLearnerNode, 4),
    Step::Restart(2),
    Step::Ticks(2),
    Step::Isolate(3),
    Step::Propose(3),
    Step::Compact(1),
    Step::Compact(2),
    Step::Heal,
    Step::Ticks(25),
    Step::StorageReady,
    Step::Change(ConfChangeKind::RemoveNode, 4),
    Step::Transfer(2),
    Step::Propose(2),
    Step::Restart(3),
    Step::Isolate(1),
    Step::Ticks(25),
    Step::Propose(2),
    Step::Read(2),
    Step::Heal,
    Step::Ticks(25),
    Step::Restart(1),
    Step::Ticks(25),
    Step::Read(3),
    Step::Propose(1),
];

fn take(group: &mut Group, step: &Step) {
    match step {
        Step::Campaign(id) => drop(group.node(*id).campaign()),
        Step::Propose(count) => {
            for _ in 0..*count {
                if let Some(leader) = group.leader() {
                    let _ = group.node(leader).propose("some data that fills a message");
                    group.settle();
                }
            }
        }
        Step::Change(kind, id) => {
            if let Some(leader) = group.leader() {
                let _ = group
                    .node(leader)
                    .propose_conf_change(ConfChangeV2::new([(*kind, *id)]));
            }
        }
        Step::Isolate(id) => group.isolated = Some(*id),
        Step::Heal => group.isolated = None,
        Step::Compact(id) => group.compact(*id),
        Step::Restart(id) => group.restart(*id),
        Step::Read(id) => group.read(*id),
        Step::Transfer(id) => {
            if let Some(leader) = group.leader() {
                let _ = group.node(leader).transfer_leader(*id);
            }
        }
        Step::StorageReady => (1..=3).for_each(|id| drop(group.node(id).storage_ready())),
        Step::Ticks(ticks) => group.tick(*ticks),
    }
    group.settle();
}

/// Names the case that failed.
struct Case<'a>(Mode, NodeId, u64, Fault, &'a Plan);

impl Drop for Case<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self(mode, victim, call, fault, plan) = self;
            println!(
                "{mode:?}, node {victim}, call {call} ({:?}): {fault:?}",
                plan.fired.get()
            );
        }
    }
}

/// Runs the script to its end; then the others must commit, and all, when the victim is rebuilt.
fn run(mode: Mode, victim: NodeId, plan: &Rc<Plan>) -> Group {
    let mut group = Group::new(mode, victim, plan);
    for step in SCRIPT {
        let before = plan.fired.get();
        take(&mut group, step);
        assert_finished_or_sound(group.node(victim));
        // A node that is started again was given another storage by now.
        if let (None, Some(call), Some((_, fault))) = (before, plan.fired.get(), plan.fault) {
            let survives = matches!(step, Step::Restart(_)) || !fault.is_fatal(call);
            assert!(
                survives || !is_sound(group.node(victim)),
                "nobody noticed {fault:?} at {call}"
            );
        }
    }
    let others: Vec<NodeId> = (1..=3).filter(|id| *id != victim).collect();
    assert_commits(&mut group, "without it", &others);
    group.restart(victim);
    assert_commits(&mut group, "with it", &[1, 2, 3]);
    group
}

fn assert_commits(group: &mut Group, data: &'static str, nodes: &[NodeId]) {
    for _ in 0..20 {
        for id in nodes {
            if !is_sound(group.node(*id)) {
                group.restart(*id); // the storage failed only now
            }
        }
        group.tick(5);
        if let Some(leader) = group.leader() {
            let _ = group.node(leader).propose(data);
        }
        group.tick(5);
        let has_it = |id: &NodeId| group.nodes[id].applied.values().any(|entry| entry.data == data);
        if nodes.iter().all(has_it) {
            return;
        }
    }
    let states: Vec<_> = group.nodes.values().map(|member| member.raw.status()).collect();
    panic!("nodes {nodes:?} do not commit {data:?}: {states:#?}");
}

/// A poisoned node answers every call with `Poisoned`, and has nothing to do.
fn assert_finished_or_sound(node: &mut RawNode<Faulty>) {
    if node.poisoned().is_none() {
        return;
    }
    assert!(!node.has_ready());
    let message = support::message(1, 2, 9, quorate::message::Payload::TimeoutNow);
    let entry = Entry::default();
    let finished = [
        matches!(node.ready(), Err(ReadyError::Node(NodeError::Poisoned(_)))),
        matches!(node.step(message), Err(StepError::Node(NodeError::Poisoned(_)))),
        matches!(node.propose("x"), Err(ProposeError::Node(NodeError::Poisoned(_)))),
        matches!(
            node.propose_conf_change(ConfChangeV2::leave_joint()),
            Err(ProposeError::Node(NodeError::Poisoned(_)))
        ),
        matches!(
            node.propose_conf_change_if_unchanged(ConfChangeV2::leave_joint(), 1),
            Err(ProposeError::Node(NodeError::Poisoned(_)))
        ),
        matches!(node.campaign(), Err(CampaignError::Node(NodeError::Poisoned(_)))),
        matches!(
            node.transfer_leader(2),
            Err(TransferError::Node(NodeError::Poisoned(_)))
        ),
        matches!(
            node.transfer_leader_to_most_up_to_date(),
            Err(TransferError::Node(NodeError::Poisoned(_)))
        ),
        matches!(node.read_index("x"), Err(ReadError::Node(NodeError::Poisoned(_)))),
        node.tick().is_err(),
        node.advance_ticks(5).is_err(),
        node.apply_conf_change(&entry).is_err(),
        node.cancel_conf_change(&entry).is_err(),
        node.forget_leader().is_err(),
        node.report_unreachable(2).is_err(),
        node.report_snapshot(2, EntryId::default(), SnapshotStatus::Failed)
            .is_err(),
        node.storage_ready().is_err(),
    ];
    assert_eq!(finished, [true; 17], "a poisoned node must say so");
    assert!(node.status().id > 0);
}

fn plan(fault: Option<(u64, Fault)>) -> Rc<Plan> {
    Rc::new(Plan {
        fault,
        ..Plan::default()
    })
}

#[test]
fn the_script_does_what_it_is_for() {
    for mode in Mode::ALL {
        let counted = plan(None);
        let group = run(mode, 1, &counted);
        assert!(group.answered >= 4, "{mode:?}: reads answered: {}", group.answered);
        let calls = counted.calls.get();
        assert!(calls > 100, "{mode:?}: the storage is asked: {calls}");
        assert!(group.nodes.values().all(|member| is_sound(&member.raw)));
    }
}

/// Runs the script with a failure at every call of the storage, in each way.
fn fail_everywhere(mode: Mode, victim: NodeId) {
    let counted = plan(None);
    run(mode, victim, &counted);
    for call in 0..counted.calls.get() {
        for fault in FAULTS {
            let plan = plan(Some((call, fault)));
            let _case = Case(mode, victim, call, fault, &plan);
            run(mode, victim, &plan);
        }
    }
}

#[test]
fn the_first_leader_may_fail_anywhere() {
    for mode in Mode::ALL {
        fail_everywhere(mode, 1);
    }
}

#[test]
fn the_second_leader_may_fail_anywhere() {
    for mode in Mode::ALL {
        fail_everywhere(mode, 2);
    }
}

#[test]
fn a_follower_may_fail_anywhere() {
    for mode in Mode::ALL {
        fail_everywhere(mode, 3);
    }
}
