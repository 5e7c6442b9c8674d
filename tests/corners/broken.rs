//! What a broken storage makes of each call that asks it something: the node is poisoned, or, where only a part of
//! the storage cannot be read, goes on without promises. The error of the call says which.

use quorate::error::{
    AcknowledgeError, ApplyError, CampaignError, Fault, NodeError, ProposeError, ReadyError, StepError, TransferError,
};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{AppendResponse, HeartbeatResponse, Payload, VoteResponse};
use quorate::ready::{NotAdvanced, TaskResponse};
use quorate::status::RoleKind;
use quorate::{Config, EntryId, Event, StorageError};

use crate::support::{message, plain};
use crate::{Node, handle, install, node};

/// What a call says of the node that it was made to; panics at what it says of the call.
trait OfNode {
    fn of_node(self) -> NodeError;
}

macro_rules! of_node {
    ($($error:ident),*) => {$(
        impl OfNode for $error {
            fn of_node(self) -> NodeError {
                match self {
                    Self::Node(error) => error,
                    error => panic!("{error}"),
                }
            }
        }
    )*};
}

of_node!(
    StepError,
    ProposeError,
    CampaignError,
    TransferError,
    ReadyError,
    ApplyError,
    AcknowledgeError
);

impl OfNode for NodeError {
    fn of_node(self) -> NodeError {
        self
    }
}

impl OfNode for NotAdvanced {
    fn of_node(self) -> NodeError {
        assert!(self.batch.is_none(), "it counts");
        self.reason.of_node()
    }
}

fn outcome<T, E: OfNode>(outcome: Result<T, E>) -> Option<NodeError> {
    outcome.map(drop).map_err(OfNode::of_node).err()
}

/// Makes a call while nothing but `error` comes from the storage.
fn call<T, E: OfNode>(
    mut node: Node,
    error: &StorageError,
    act: impl FnOnce(&mut Node) -> Result<T, E>,
) -> (Node, Option<NodeError>) {
    node.storage_mut().entries_error = Some(error.clone());
    node.storage_mut().snapshot_answer = Some(Err(error.clone()));
    let outcome = outcome(act(&mut node));
    (node, outcome)
}

/// A follower in term 1 which has not applied what is committed: it looks there for changes before it campaigns.
fn follower() -> Node {
    let mut node = node(plain(2), &[(1, 2), (1, 3)], 3);
    node.set_election_timeout_draw(1);
    node
}

fn says(node: &mut Node, from: u64, payload: Payload) -> Result<(), StepError> {
    let term = node.status().hard_state.term;
    node.step(message(from, 2, term, payload))
}

fn stores(node: &mut Node, index: u64) -> Result<(), StepError> {
    let stored = AppendResponse::accepted(index, Some(0));
    says(node, 1, Payload::AppendResponse(stored))
}

/// A leader which has applied all of its log but the last entries. Node 3 needs a snapshot, which cannot be had yet.
fn leader(change: fn(&mut Config)) -> Node {
    let mut config = plain(2);
    config.settings_mut().disable_conf_change_validation = true;
    change(&mut config);
    let mut node = node(config, &[(1, 2), (1, 3)], 1);
    node.campaign().unwrap();
    done(&mut node);
    let vote = Payload::VoteResponse(VoteResponse::new(true));
    says(&mut node, 1, vote).unwrap();
    done(&mut node);
    assert_eq!(node.status().soft_state.role, RoleKind::Leader);
    node.storage_mut().snapshot_answer = Some(Err(StorageError::TemporarilyUnavailable));
    let rejected = AppendResponse::rejected(3, EntryId::default());
    says(&mut node, 3, Payload::AppendResponse(rejected)).unwrap();
    let last = node.status().last_index;
    stores(&mut node, last).unwrap();
    done(&mut node);
    assert_eq!(node.status().applied, last);
    node
}

/// The storage has a snapshot that does not reach as far as it must, or just so.
#[test]
fn an_old_snapshot_is_of_no_use() {
    for (index, needed) in [(2, true), (3, false)] {
        let mut node = leader(|_| ());
        let last = node.status().last_index;
        node.storage_mut().memory.compact(3).unwrap();
        let Payload::InstallSnapshot(snapshot) = install(2, (1, index)).payload else {
            panic!("a snapshot");
        };
        node.storage_mut().snapshot_answer = Some(Ok(*snapshot));
        node.take_events();
        let rejected = AppendResponse::rejected(last, EntryId::default());
        says(&mut node, 3, Payload::AppendResponse(rejected)).unwrap();
        let heartbeat = Payload::HeartbeatResponse(HeartbeatResponse::new(""));
        says(&mut node, 3, heartbeat).unwrap();
        let events = node.take_events();
        let asked = |event: &Event| matches!(event, Event::SnapshotNeeded { peer: 3, at_least: 3 });
        let sent = |event: &Event| matches!(event, Event::SnapshotSent { peer: 3, .. });
        assert_eq!(
            (events.iter().any(asked), events.iter().any(sent)),
            (needed, !needed),
            "{events:?}"
        );
    }
}

/// Everything that is to be done.
fn done(node: &mut Node) {
    if !node.config().settings().async_storage_writes {
        while handle(node).is_some() {}
        return;
    }
    while let Some(mut ready) = node.ready().unwrap() {
        if let Some(task) = ready.take_append_task() {
            node.storage_mut().memory.persist_task(&task).unwrap();
            let acks = task.done().into_iter().filter_map(|response| match response {
                TaskResponse::Ack(ack) => Some(ack),
                TaskResponse::Message(_) => None,
            });
            acks.for_each(|ack| node.acknowledge(ack).unwrap());
        }
        if let Some(task) = ready.take_apply_task() {
            node.acknowledge(task.done()).unwrap();
        }
    }
}

fn eager() -> Node {
    leader(|config| config.settings_mut().eager_appends = true)
}

fn lazy() -> Node {
    leader(|_| {})
}

fn add_learner() -> ConfChangeV2 {
    ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 4)])
}

type Outcome = (Node, Option<NodeError>);

/// Node 3 is behind, but the only one that was heard of since the last check of the quorum.
fn transfer_leader_to_most_up_to_date(error: &StorageError) -> Outcome {
    let mut node = leader(|config| config.settings_mut().check_quorum = true);
    (0..10).for_each(|_| node.tick().unwrap());
    let repeated = AppendResponse::rejected(0, EntryId::default());
    says(&mut node, 3, Payload::AppendResponse(repeated)).unwrap();
    call(node, error, Node::transfer_leader_to_most_up_to_date)
}

fn ready(error: &StorageError) -> Outcome {
    let mut node = lazy();
    let _ = node.propose("x").unwrap();
    call(node, error, Node::ready)
}

/// A Ready with an entry to persist, which commits then, and one that was applied.
fn advance(error: &StorageError) -> Outcome {
    let mut node = eager();
    let applied = node.status().applied;
    let _ = node.propose("x").unwrap();
    let mut ready = node.ready().unwrap().unwrap();
    ready.take_messages();
    node.storage_mut().memory.persist(&ready).unwrap();
    node.advance(ready.persisted()).unwrap();
    stores(&mut node, applied + 1).unwrap();
    let _ = node.propose("y").unwrap();
    let ready = node.ready().unwrap().unwrap();
    stores(&mut node, applied + 2).unwrap();
    node.storage_mut().memory.persist(&ready).unwrap();
    let mut persisted = ready.persisted();
    assert_eq!(persisted.take_committed_entries().len(), 1);
    let (node, outcome) = call(node, error, |node| node.advance(persisted));
    assert_eq!(node.status().hard_state.commit, applied + 2);
    assert_eq!(node.status().applied, applied + 1, "all of it counts");
    (node, outcome)
}

fn acknowledge(error: &StorageError) -> Outcome {
    let mut node = leader(|config| {
        (
            config.settings_mut().eager_appends,
            config.settings_mut().async_storage_writes,
        ) = (true, true);
    });
    let _ = node.propose("x").unwrap();
    let task = node.ready().unwrap().unwrap().take_append_task().unwrap();
    let last = node.status().last_index;
    stores(&mut node, last).unwrap();
    node.storage_mut().memory.persist_task(&task).unwrap();
    let ack = task.done().into_iter().find_map(|response| match response {
        TaskResponse::Ack(ack) => Some(ack),
        TaskResponse::Message(_) => None,
    });
    let ack = ack.unwrap();
    let (mut node, outcome) = call(node, error, |node| node.acknowledge(&ack));
    assert_eq!(node.status().hard_state.commit, last);
    if node.poisoned().is_none() {
        let number = ack.number();
        assert_eq!(
            node.acknowledge(ack),
            Err(AcknowledgeError::Repeated { number }),
            "it counts"
        );
    }
    (node, outcome)
}

fn apply_conf_change(error: &StorageError) -> Outcome {
    let mut node = lazy();
    let _ = node.propose_conf_change(add_learner()).unwrap();
    let ready = node.ready().unwrap().unwrap();
    node.storage_mut().memory.persist(&ready).unwrap();
    node.advance(ready.persisted()).unwrap();
    let last = node.status().last_index;
    stores(&mut node, last).unwrap();
    let ready = node.ready().unwrap().unwrap();
    node.storage_mut().memory.persist(&ready).unwrap();
    let mut persisted = ready.persisted();
    let committed = persisted.take_committed_entries();
    let (mut node, outcome) = call(node, error, |node| node.apply_conf_change(&committed[0]));
    assert!(node.membership().is_learner(4), "it is made");
    if node.poisoned().is_none() {
        node.advance(persisted).unwrap();
    }
    (node, outcome)
}

/// When the node was started, it could not look for committed changes in its log.
fn storage_ready_after_an_early_start(error: &StorageError) -> Outcome {
    let mut storage = node(plain(2), &[(1, 2), (1, 3)], 1).into_storage();
    storage.entries_error = Some(StorageError::TemporarilyUnavailable);
    let node = Node::new(plain(2), storage).unwrap();
    call(node, error, Node::storage_ready)
}

/// Each call that may ask the storage something.
#[test]
fn every_call_says_whether_the_node_is_poisoned() {
    type Case = (&'static str, fn(&StorageError) -> Outcome);
    let cases: [Case; 18] = [
        ("tick", |error| call(follower(), error, Node::tick)),
        ("advance_ticks", |error| {
            call(follower(), error, |node| node.advance_ticks(100))
        }),
        ("campaign", |error| call(follower(), error, Node::campaign)),
        ("step", |error| {
            call(follower(), error, |node| says(node, 1, Payload::TimeoutNow))
        }),
        ("step at a leader", |error| {
            let response = Payload::HeartbeatResponse(HeartbeatResponse::new(""));
            call(lazy(), error, |node| says(node, 3, response))
        }),
        ("propose", |error| call(eager(), error, |node| node.propose("x"))),
        ("propose_batch", |error| {
            call(eager(), error, |node| node.propose_batch(["x", "y"]))
        }),
        ("propose_conf_change", |error| {
            call(eager(), error, |node| node.propose_conf_change(add_learner()))
        }),
        ("propose_conf_change_if_unchanged", |error| {
            call(lazy(), error, |node| {
                node.propose_conf_change_if_unchanged(add_learner(), 1)
            })
        }),
        ("transfer_leader", |error| {
            call(lazy(), error, |node| node.transfer_leader(3))
        }),
        ("transfer_leader_to_most_up_to_date", transfer_leader_to_most_up_to_date),
        ("ready", ready),
        ("advance", advance),
        ("acknowledge", acknowledge),
        ("apply_conf_change", apply_conf_change),
        ("storage_ready", |error| call(lazy(), error, Node::storage_ready)),
        ("storage_ready after an early start", storage_ready_after_an_early_start),
        ("step with a forwarded proposal", |error| {
            let entries = vec![crate::entry((0, 0))];
            let proposal = message(3, 2, 0, Payload::propose(entries));
            call(eager(), error, |node| match node.step(proposal) {
                Err(StepError::Proposal(error)) => panic!("{error}"),
                outcome => outcome,
            })
        }),
    ];
    for (name, case) in cases {
        let (mut node, outcome) = case(&StorageError::Corrupt(2));
        assert_eq!(outcome, Some(NodeError::Corrupt { index: 2 }), "{name}");
        assert_eq!((node.poisoned(), node.status().corrupt), (None, Some(2)), "{name}");
        let events = node.take_events();
        let told = events
            .iter()
            .filter(|event| matches!(event, Event::StorageCorrupt { .. }));
        assert_eq!(told.count(), 1, "{name}: {events:?}");
        assert_eq!(node.tick(), Ok(()), "{name}: it goes on");

        let error = StorageError::Broken("on purpose".to_owned());
        let fault = Fault::Storage(error.clone());
        let (mut node, outcome) = case(&error);
        assert_eq!(outcome, Some(NodeError::Poisoned(fault.clone())), "{name}");
        assert_eq!((node.poisoned(), node.status().corrupt), (Some(&fault), None), "{name}");
        assert_eq!(node.tick(), Err(NodeError::Poisoned(fault)), "{name}: it is finished");
    }
}

/// The two in words.
#[test]
fn both_say_what_happened() {
    let poisoned = NodeError::Poisoned(Fault::Storage(StorageError::Broken("no disk".to_owned())));
    for (error, text) in [
        (poisoned, "this node is poisoned: storage: broken storage: no disk"),
        (NodeError::Corrupt { index: 7 }, "the storage is corrupt at index 7"),
    ] {
        assert_eq!(ProposeError::from(error.clone()).to_string(), text);
        assert_eq!(error.to_string(), text);
    }
}
