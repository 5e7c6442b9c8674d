//! A member whose store has an identity that the configuration does not name, and one that does not name the group.

use quorate::error::{ChangeRefusal, ProposeError};
use quorate::event::VoteRefusal;
use quorate::explain::PeerFinding;
use quorate::membership::ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode, UpdateNode};
use quorate::message::{HeartbeatResponse, Payload, RequestVote};
use quorate::types::Identity;
use quorate::{ConfState, EntryId, Event, MemoryStorage, NodeId, bootstrap};

use crate::accepted;
use crate::identities::{group, make};
use crate::support::{Cluster, config, message, plain};

/// A leader, two named voters, and learner 4, which was added without its name and has caught up.
fn with_learner(identity: Identity, accept: bool) -> Cluster {
    let mut cluster = group(3);
    if accept {
        let storage = cluster.raw(1).storage().clone();
        let mut settings = config(1);
        settings.settings_mut().accept_unnamed_store = true;
        cluster.nodes.remove(&1);
        cluster.add(settings, storage).expect("its own store");
    }
    cluster.elect(1);
    cluster
        .add(config(4), MemoryStorage::new().with_identity(identity))
        .expect("it is no member yet");
    make(&mut cluster, AddLearnerNode, 4, 0);
    cluster.compact(1);
    cluster.tick_all(20);
    assert!(cluster.raw(1).catch_up(4).is_some_and(|seen| seen.caught_up));
    cluster
}

fn promote(cluster: &mut Cluster) -> Result<(), ProposeError> {
    let outcome = cluster.node(1).propose_promotion(4).map(|_| ());
    cluster.settle();
    outcome
}

fn is_found(cluster: &Cluster, id: NodeId) -> bool {
    let found = cluster.raw(1).explain_peer(id).findings;
    found.contains(&PeerFinding::Unnamed { identity: 0xd4 })
}

/// How often the leader told of it.
fn told(cluster: &Cluster) -> usize {
    let unnamed = Event::PeerUnnamed {
        peer: 4,
        identity: 0xd4,
    };
    let events = &cluster.nodes[&1].events;
    events.iter().filter(|event| **event == unnamed).count()
}

/// It would acknowledge nothing as a voter: it is named first, or removed and added with its name.
#[test]
fn a_learner_without_its_name_is_not_promoted() {
    for removed in [false, true] {
        let mut cluster = with_learner(0xd4, false);
        let refusal = ChangeRefusal::Unnamed { id: 4, identity: 0xd4 };
        assert_eq!(promote(&mut cluster), Err(ProposeError::Change(refusal)));
        assert_eq!(cluster.raw(1).counters().proposals_refused, 1);
        assert_eq!((told(&cluster), is_found(&cluster, 4)), (1, true));
        assert!(!is_found(&cluster, 2), "it is named");

        if removed {
            make(&mut cluster, RemoveNode, 4, 0);
            make(&mut cluster, AddLearnerNode, 4, 0xd4);
        } else {
            make(&mut cluster, UpdateNode, 4, 0xd4);
        }
        cluster.tick_all(20);
        assert!(!is_found(&cluster, 4));
        assert_eq!(promote(&mut cluster), Ok(()));
        cluster.isolate(2);
        cluster.commit(1, "3 of 4");
        assert_eq!(cluster.data(4), ["3 of 4"]);
        assert_eq!(told(&cluster), 1);
    }
}

/// The name counts as soon as it is applied, whether or not the learner was heard since.
#[test]
fn the_name_counts_at_once() {
    let mut cluster = with_learner(0xd4, false);
    cluster.isolate(4);
    make(&mut cluster, UpdateNode, 4, 0xd4);
    assert!(!is_found(&cluster, 4));
    let refused = promote(&mut cluster);
    assert!(!matches!(
        refused,
        Err(ProposeError::Change(ChangeRefusal::Unnamed { .. }))
    ));
}

/// A store without an identity opts out; and while members are named one by one, nobody is refused for it.
#[test]
fn who_may_be_promoted_without_a_name() {
    for (identity, accept) in [(0, false), (0, true), (0xd4, true)] {
        let mut cluster = with_learner(identity, accept);
        assert_eq!((told(&cluster), is_found(&cluster, 4)), (0, identity != 0));
        assert_eq!(promote(&mut cluster), Ok(()), "{identity:x}, {accept}");
    }
}

/// Made a voter all the same: the leader says why the group stands still, and so does the node.
#[test]
fn a_voter_without_its_name() {
    let mut cluster = with_learner(0xd4, false);
    make(&mut cluster, AddNode, 4, 0);
    cluster.isolate(2);
    let _ = cluster.propose(1, "x");
    cluster.tick_all(3);
    let index = cluster.raw(1).status().last_index;
    let explained = cluster.raw(1).explain_index(index).to_string();
    let why = "its store has an identity that the configuration does not name, d4: it takes part in nothing new, unless \
               accept_unnamed_store is set there [D28]";
    let of_4 = explained.lines().find(|line| line.contains("node 4"));
    assert!(of_4.is_some_and(|line| line.ends_with(why)), "{explained}");
    assert!(told(&cluster) > 0);

    let node = cluster.node(4);
    let explained = node.explain().to_string();
    for line in [
        "the configuration does not name its store: it takes part in nothing new until an UpdateNode names that [D28]",
        "identity=d4, its store is not named",
    ] {
        assert!(explained.contains(line), "{explained}");
    }
    assert!(!explained.contains("names another store"), "{explained}");
    let term = node.status().hard_state.term + 1;
    let request = RequestVote::new(EntryId { term, index });
    node.forget_leader().expect("a sound node");
    for _ in 0..30 {
        node.tick().expect("a sound node");
    }
    node.take_events();
    let asks = message(3, 4, term, Payload::RequestVote(request)).with_identity(0xd3);
    node.step(asks).expect("it is refused, not illegal");
    let refused = |event: &Event| {
        matches!(
            event,
            Event::VoteRefused {
                reason: VoteRefusal::Unnamed,
                ..
            }
        )
    };
    assert!(node.take_events().iter().any(refused));
}

/// A joiner whose store was made without the group's id takes the leader's messages, and is not heard.
#[test]
fn a_joiner_that_does_not_name_the_group() {
    let mut cluster = Cluster::default();
    let mut settings = plain(1);
    settings.cluster_id = 7;
    let unused = MemoryStorage::new().with_cluster_id(7);
    let first = bootstrap(1, &unused, &ConfState::of_voters([1])).expect("it is unused");
    let storage = MemoryStorage::from_snapshot(first).with_cluster_id(7);
    cluster.add(settings, storage).expect("a legal store");
    cluster.add(plain(2), MemoryStorage::new()).expect("a legal store");
    cluster.elect(1);
    make(&mut cluster, AddLearnerNode, 2, 0);
    cluster.tick_all(20);
    let text = "messages in its name are refused, which do not name the group: is its store made with the group's id? \
                [D27]";
    let explained = cluster.raw(1).explain_peer(2).to_string();
    assert!(explained.ends_with(text), "{explained}");

    let others = |cluster: &Cluster| {
        let findings = cluster.raw(1).explain_peer(2).findings;
        let other = |finding: &&PeerFinding| matches!(finding, PeerFinding::OtherGroup { .. });
        findings.iter().find(other).cloned()
    };
    let answer = |from, to, group| {
        let payload = Payload::HeartbeatResponse(HeartbeatResponse::new(""));
        message(from, to, 1, payload).with_cluster_id(group)
    };
    cluster.step(answer(2, 1, 7));
    assert_eq!(others(&cluster), None, "it was heard");
    for stray in [answer(2, 3, 8), answer(3, 1, 8), answer(0, 1, 8), answer(1, 1, 8)] {
        assert!(cluster.node(1).step(stray).is_err());
        assert_eq!(others(&cluster), None, "not to this node, or not in its name");
    }
    let before = cluster.raw(1).clone();
    assert!(cluster.node(1).step(answer(2, 1, 8)).is_err());
    assert!(*cluster.raw(1) == before, "nothing but this");
    assert_eq!(others(&cluster), Some(PeerFinding::OtherGroup { without_id: false }));
    let text = "messages in its name are refused, which name another group [D27]";
    assert!(cluster.raw(1).explain_peer(2).to_string().ends_with(text));
    cluster.step(message(2, 1, 1, accepted(1)).with_cluster_id(7));
    assert_eq!(others(&cluster), None);
}
