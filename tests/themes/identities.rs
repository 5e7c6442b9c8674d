//! Members whose stores are named: another store under the same id counts for nothing.

use quorate::error::{CampaignError, CampaignRefusal, ChangeRefusal, ConfigError, ProposeError, StepError};
use quorate::event::VoteRefusal;
use quorate::membership::{ChangeError, ConfChangeKind, ConfChangeSingle, ConfChangeV2};
use quorate::message::{AppendResponse, Heartbeat, HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::status::RoleKind;
use quorate::types::Identity;
use quorate::{
    ConfState, EntryId, Event, HardState, Index, MemoryStorage, Message, NodeId, RawNode, Storage, bootstrap,
};

use crate::support::{Cluster, config, message, plain, store};
use crate::{alone, leading};

/// The identity of the first store that a node has.
fn first(id: NodeId) -> Identity {
    0xd0 + id
}

fn named(ids: &[NodeId]) -> ConfState {
    ConfState::of_voters(ids.to_vec()).with_identities(ids.iter().map(|id| (*id, first(*id))))
}

/// A store that is bootstrapped with this configuration.
fn founded(conf_state: &ConfState, identity: Identity) -> MemoryStorage {
    let unused = MemoryStorage::new().with_identity(identity);
    let owner = conf_state.identities.iter().find(|(_, named)| *named == identity);
    let snapshot = bootstrap(owner.map_or(1, |(id, _)| *id), &unused, conf_state).expect("unused, and a member's");
    MemoryStorage::from_snapshot(snapshot).with_identity(identity)
}

/// Nodes 1 to `n`, all stores named from the beginning.
pub(crate) fn group(n: u64) -> Cluster {
    let ids: Vec<NodeId> = (1..=n).collect();
    let mut cluster = Cluster::default();
    for id in &ids {
        let storage = founded(&named(&ids), first(*id));
        cluster.add(config(*id), storage).expect("a legal store");
    }
    cluster
}

/// Nodes 1 to 3 whose stores have identities and are not named.
fn unnamed() -> Cluster {
    let mut cluster = Cluster::default();
    for id in 1..=3 {
        let mut config = config(id);
        config.settings_mut().accept_unnamed_store = true;
        let storage = store(&[1, 2, 3]).with_identity(first(id));
        cluster.add(config, storage).expect("to be named");
    }
    cluster
}

fn change(kind: ConfChangeKind, id: NodeId, identity: Identity) -> ConfChangeV2 {
    ConfChangeV2::new([ConfChangeSingle::new(kind, id).with_identity(identity)])
}

pub(crate) fn make(cluster: &mut Cluster, kind: ConfChangeKind, id: NodeId, identity: Identity) {
    let leader = cluster.leader().expect("a leader");
    let change = change(kind, id, identity);
    let _ = cluster
        .node(leader)
        .propose_conf_change(change)
        .expect("a legal change");
    cluster.tick_all(2);
}

/// The node is there again, with this store.
fn replace(cluster: &mut Cluster, id: NodeId, storage: MemoryStorage) {
    let mut config = config(id);
    config.seed = 900 + id;
    cluster.nodes.remove(&id);
    cluster.add(config, storage).expect("a legal store");
}

/// 1 and 2 commit x while 3 is away. The store of one of them is lost, the other is down: nobody leads. When it is
/// back, x is there.
#[test]
fn a_lost_store_loses_nothing() {
    for wiped in [1, 2] {
        let other = 3 - wiped;
        let mut cluster = group(3);
        cluster.isolate(3);
        cluster.elect(other);
        cluster.commit(other, "x");
        cluster.tick_all(2);
        assert_eq!(cluster.data(wiped), ["x"]);

        replace(&mut cluster, wiped, MemoryStorage::new().with_identity(0xe0));
        cluster.heal();
        cluster.isolate(other);
        cluster.cut(other, wiped);
        for _ in 0..600 {
            cluster.tick_all(1);
            assert_ne!(cluster.role(3), RoleKind::Leader);
            assert_ne!(cluster.role(wiped), RoleKind::Leader);
        }
        cluster.heal();
        cluster.tick_all(100);
        assert_eq!(cluster.leader(), Some(other), "wiped: {wiped}");
        cluster.commit(other, "later");
        assert_eq!(cluster.data(3), ["x", "later"]);
        cluster.assert_consistent();
    }
}

/// What the script of the first start does to a store that was made anew.
#[test]
fn who_may_found() {
    let conf_state = named(&[1, 2, 3]).with_learners([4]);
    let partly = ConfState::of_voters([1, 2]).with_identities([(1, 7)]);
    let stranger = |identity| Err(ConfigError::Stranger { identity });
    for (id, identity, founders, expected) in [
        (2, first(2), &conf_state, Ok(())),
        (2, first(1), &conf_state, stranger(first(1))),
        (2, 0, &conf_state, stranger(0)),
        (2, 0xe0, &conf_state, stranger(0xe0)),
        (4, 0, &conf_state, Err(ConfigError::NotFounder { id: 4 })),
        (5, 0, &conf_state, Err(ConfigError::NotFounder { id: 5 })),
        (1, 7, &partly, Ok(())),
        (1, 0, &partly, stranger(0)),
        (2, 0, &partly, Ok(())),
        (2, 7, &partly, stranger(7)),
    ] {
        let unused = MemoryStorage::new().with_identity(identity);
        let founded = bootstrap(id, &unused, founders).map(|_| ());
        assert_eq!(founded, expected, "node {id} with store {identity:x}");
    }
}

/// A node whose configuration lost the name of its store, or names another, starts, for its log may say better; and
/// takes part in nothing. One whose store has no name yet does, if that is wanted.
#[test]
fn what_a_store_must_say_of_itself() {
    let start = |conf_state: &ConfState, identity, accept| {
        let storage =
            MemoryStorage::from_snapshot(bootstrap(9, &MemoryStorage::new(), &ConfState::of_voters([9])).unwrap());
        let mut storage = storage.with_identity(identity);
        storage.set_conf_state(conf_state.clone(), 1);
        storage.sync();
        let mut config = config(1);
        config.settings_mut().accept_unnamed_store = accept;
        RawNode::new(config, storage).map(|node| node.status().disowned)
    };
    let (unnamed, three) = (ConfState::of_voters([1, 2, 3]), named(&[1, 2, 3]));
    assert_eq!(start(&unnamed, 0xd1, false), Ok(true));
    assert_eq!(start(&unnamed, 0xd1, true), Ok(false));
    assert_eq!(start(&unnamed, 0, false), Ok(false));
    assert_eq!(start(&three, 0xd1, false), Ok(false));
    assert_eq!(start(&three, 0xe1, false), Ok(true));
    assert_eq!(start(&three, 0, false), Ok(true));
    assert_eq!(start(&named(&[2, 3]), 0xd1, false), Ok(false), "no member");
}

fn responses(term: u64) -> [Payload; 6] {
    let accepted = AppendResponse::accepted(2, None);
    let rejected = AppendResponse::rejected(2, EntryId::default());
    let vote = |pre_vote| {
        Payload::VoteResponse(
            VoteResponse::new(true)
                .with_pre_vote(pre_vote)
                .with_committed(EntryId { term, index: 1 }),
        )
    };
    let heartbeat = Payload::HeartbeatResponse(HeartbeatResponse::new("").with_promised_ticks(Some(10)));
    let read = Payload::read_index_response(1, "");
    let append = [accepted, rejected].map(Payload::AppendResponse);
    let [accepted, rejected] = append;
    [accepted, rejected, vote(true), vote(false), heartbeat, read]
}

/// A response counts if its store is the one that is named, or none is; otherwise not even its term does.
#[test]
fn whose_response_counts() {
    let conf_state = named(&[1, 2, 3]);
    let conf_state = ConfState::of_voters(conf_state.voters).with_identities([(1, first(1)), (2, first(2))]);
    for term in [1, 9] {
        for payload in responses(term) {
            let mut cluster = alone(plain(1), founded(&conf_state, first(1)));
            for (from, identity, taken) in [
                (2, first(2), true),
                (2, 0xe2, false),
                (2, 0, false),
                (3, 0, true),
                (3, 0xe3, true),
            ] {
                let before = cluster.raw(1).clone();
                let response = message(from, 1, term, payload.clone()).with_identity(identity);
                let outcome = cluster.node(1).step(response);
                if taken {
                    assert_eq!(outcome, Ok(()), "{payload:?}");
                    continue;
                }
                let known = first(2);
                assert_eq!(outcome, Err(StepError::OtherIdentity { from, known, identity }));
                assert!(*cluster.raw(1) == before, "without a trace");
            }
        }
    }
}

/// The true voter's slot is free when a stranger has answered in its name.
#[test]
fn a_stranger_takes_no_slot() {
    let mut cluster = alone(plain(1), founded(&named(&[1, 2, 3]), first(1)));
    cluster.node(1).campaign().expect("it may");
    cluster.drain(1);
    let vote = |granted, identity| {
        let payload = Payload::VoteResponse(VoteResponse::new(granted));
        message(2, 1, 1, payload).with_identity(identity)
    };
    for granted in [false, true] {
        assert!(cluster.node(1).step(vote(granted, 0xe2)).is_err());
        cluster.drain(1);
        assert_eq!(cluster.role(1), RoleKind::Candidate);
    }
    cluster.step(vote(true, first(2)));
    assert_eq!(cluster.role(1), RoleKind::Leader);
}

/// Requests of candidate 2 for term 5 at a voter whose configuration is as of index 1: by the store that it says it
/// has, and the index that its configuration is as of.
#[test]
fn who_is_voted_for() {
    let partly = ConfState::of_voters([1, 2, 3]).with_identities([(1, first(1))]);
    for pre_vote in [true, false] {
        for (conf_state, identity, configured_at, refusal) in [
            (named(&[1, 2, 3]), first(2), 0, None),
            (named(&[1, 2, 3]), 0xe2, 0, Some(VoteRefusal::OtherIdentity(0xe2))),
            (named(&[1, 2, 3]), 0xe2, 1, Some(VoteRefusal::OtherIdentity(0xe2))),
            (named(&[1, 2, 3]), 0, 1, Some(VoteRefusal::OtherIdentity(0))),
            (named(&[1, 2, 3]), 0xe2, 2, None),
            (named(&[1, 2, 3]), 0, 2, None),
            (partly.clone(), 0, 0, None),
            (partly.clone(), 0xe2, 0, None),
            (named(&[1, 3]), 0xe2, 0, None),
        ] {
            let mut cluster = alone(plain(1), founded(&conf_state, first(1)));
            let request = RequestVote::new(EntryId { term: 4, index: 9 }).with_pre_vote(pre_vote);
            let payload = Payload::RequestVote(request.with_configured_at(configured_at));
            cluster.step(message(2, 1, 5, payload).with_identity(identity));
            cluster.drain(1);
            let refused = cluster.nodes[&1].events.iter().find_map(|event| match event {
                Event::VoteRefused { reason, .. } => Some(*reason),
                _ => None,
            });
            assert_eq!(refused, refusal, "{identity:x} {configured_at}");
            let term = if pre_vote || refusal.is_some() { 0 } else { 5 };
            assert_eq!(
                (cluster.term(1), cluster.pool.len()),
                (term, usize::from(refusal.is_none()))
            );
        }
    }
}

/// A node that is named by another store than it has: neither votes nor campaigns, acknowledges what is committed
/// and no more, promises and confirms nothing.
#[test]
fn a_disowned_node_takes_part_in_nothing() {
    let mut settings = config(1);
    settings.settings_mut().pre_vote = false;
    let storage = founded(&named(&[1, 2, 3]), first(1)).with_identity(0xe1);
    let mut cluster = alone(settings, storage);
    cluster.drain(1);
    assert!(!cluster.raw(1).status().unnamed);
    let disowned = Event::Disowned {
        index: 1,
        named: first(1),
    };
    assert_eq!(cluster.nodes[&1].events, [disowned]);
    let refusal = cluster.node(1).campaign();
    assert_eq!(refusal, Err(CampaignError::Refused(CampaignRefusal::Disowned)));
    cluster.tick(1, 100);
    assert_eq!(
        (cluster.role(1), cluster.term(1), cluster.pool.len()),
        (RoleKind::Follower, 0, 0)
    );
    let request = Payload::RequestVote(RequestVote::new(EntryId { term: 4, index: 9 }));
    cluster.step(message(2, 1, 5, request).with_identity(first(2)));
    cluster.drain(1);
    assert_eq!((cluster.term(1), cluster.pool.len()), (0, 0));

    let said = |cluster: &mut Cluster, message: Message| -> Vec<Payload> {
        cluster.step(message);
        cluster.drain(1);
        cluster.pool.drain(..).map(|message| message.payload).collect()
    };
    let accepted = |index| vec![Payload::AppendResponse(AppendResponse::accepted(index, Some(0)))];
    let append = |commit| message(2, 1, 5, crate::append((1, 1), &[5, 5], commit));
    assert_eq!(said(&mut cluster, append(1)), accepted(1));
    assert_eq!(cluster.raw(1).status().last_index, 3);
    let heartbeat = Payload::Heartbeat(Heartbeat::new(1).with_context("round"));
    let response = Payload::HeartbeatResponse(HeartbeatResponse::new(""));
    assert_eq!(said(&mut cluster, message(2, 1, 5, heartbeat)), [response]);
    assert_eq!(said(&mut cluster, append(2)), accepted(2));
    assert!(cluster.raw(1).status().disowned);
}

/// Back under its id, with another store: after it was removed, and added with that one; by the log or by a snapshot.
#[test]
fn back_after_two_changes() {
    for compacted in [false, true] {
        let mut cluster = group(3);
        cluster.elect(1);
        cluster.commit(1, "x");
        replace(&mut cluster, 3, MemoryStorage::new().with_identity(0xe3));
        cluster.commit(1, "z");
        cluster.tick_all(5);
        assert_eq!(cluster.data(3), [""; 0]);
        let strangers = cluster
            .errors
            .iter()
            .filter(|error| matches!(error, StepError::OtherIdentity { from: 3, .. }));
        assert!(strangers.count() > 0);

        let leader = cluster.node(1);
        let at_once = [ConfChangeKind::RemoveNode, ConfChangeKind::AddNode]
            .map(|kind| ConfChangeSingle::new(kind, 3).with_identity(0xe3));
        let refused = leader.propose_conf_change(ConfChangeV2::new(at_once)).map(|_| ());
        let other = ChangeError::OtherIdentity {
            id: 3,
            known: first(3),
            named: 0xe3,
        };
        assert_eq!(refused, Err(ProposeError::Change(ChangeRefusal::Invalid(other))));
        make(&mut cluster, ConfChangeKind::RemoveNode, 3, 0);
        if compacted {
            cluster.compact(1);
        }
        make(&mut cluster, ConfChangeKind::AddNode, 3, 0xe3);
        if compacted {
            cluster.compact(1); // a snapshot that names the new member
        }
        cluster.tick_all(20);
        cluster.commit(1, "y");
        let data: &[&str] = if compacted { &["y"] } else { &["x", "z", "y"] };
        assert_eq!(cluster.data(3), data, "compacted: {compacted}");
        assert_eq!(cluster.raw(3).membership().identity(3), Some(0xe3));
        let status = cluster.raw(1).status();
        assert!(status.identities_in_force && !cluster.raw(3).status().disowned);

        cluster.isolate(2);
        cluster.commit(1, "by 1 and 3");
        cluster.node(1).transfer_leader(3).expect("a voter");
        cluster.settle();
        assert_eq!(cluster.leader(), Some(3));
        cluster.commit(3, "by 3 and 1");
        assert!(cluster.data(1).ends_with(&["by 1 and 3".into(), "by 3 and 1".into()]));
        cluster.heal();
        cluster.tick_all(5);
        cluster.assert_consistent();
    }
}

/// 2 was replaced while 3 was away, and 1 dies: 3 gives its vote to a store that its own configuration does not name.
#[test]
fn a_later_configuration_names_the_candidate() {
    let mut cluster = group(3);
    cluster.elect(1);
    cluster
        .add(config(4), MemoryStorage::new().with_identity(first(4)))
        .expect("no member");
    make(&mut cluster, ConfChangeKind::AddNode, 4, first(4));
    cluster.compact(1);
    cluster.tick_all(10);
    cluster.isolate(3);
    make(&mut cluster, ConfChangeKind::RemoveNode, 2, 0);
    replace(&mut cluster, 2, MemoryStorage::new().with_identity(0xe2));
    cluster.compact(1);
    make(&mut cluster, ConfChangeKind::AddNode, 2, 0xe2);
    cluster.compact(1);
    cluster.tick_all(10);
    cluster.isolate(1);
    cluster.nodes.remove(&1);
    cluster.heal();
    let known = cluster.raw(3).membership().identity(2);
    assert_eq!(known, Some(first(2)), "3 does not know");
    cluster.cut(4, 3); // nobody else tells it
    for _ in 0..300 {
        cluster.tick_all(1);
    }
    assert_eq!(cluster.leader(), Some(2));
    cluster.commit(2, "with 3");
    assert_eq!(cluster.raw(3).status().hard_state.commit, cluster.committed(2));
}

/// 3 is added again with another store, and is fed the log from before that; then the leader dies. Its vote is needed,
/// though by what it knows so far it is another.
#[test]
fn a_later_configuration_names_the_voter() {
    let mut cluster = group(3);
    cluster.elect(1);
    make(&mut cluster, ConfChangeKind::UpdateNode, 1, first(1)); // a change that is not in the first snapshot
    cluster.compact(1);
    cluster.compact(2);
    make(&mut cluster, ConfChangeKind::RemoveNode, 3, 0);
    let earlier = cluster.raw(1).storage().snapshot(3, 0).expect("made before");
    make(&mut cluster, ConfChangeKind::AddNode, 3, 0xe3);
    let mut storage = MemoryStorage::from_snapshot(earlier).with_identity(0xe3);
    storage.set_hard_state(HardState::new(1, None, 3));
    storage.sync();
    replace(&mut cluster, 3, storage);
    assert!(cluster.raw(3).status().disowned);
    cluster.pool.clear();
    cluster.nodes.remove(&1);
    for _ in 0..300 {
        cluster.tick_all(1);
    }
    assert_eq!(cluster.leader(), Some(2));
    cluster.commit(2, "with 3");
    assert!(!cluster.raw(3).status().disowned);
    assert_eq!(cluster.data(3), ["with 3"]);
}

/// Stores that are named one by one. Only when every member has an entry from after that, they are in force.
#[test]
fn an_existing_group_is_named() {
    let mut cluster = unnamed();
    cluster.elect(1);
    for id in 1..=3 {
        assert!(!cluster.raw(1).status().identities_in_force, "some have no name");
        make(&mut cluster, ConfChangeKind::UpdateNode, id, first(id));
        assert!(
            !cluster.raw(1).status().identities_in_force,
            "nobody has heard that they have"
        );
        if id < 3 {
            cluster.commit(1, "heard by all");
        }
    }
    cluster.isolate(2);
    cluster.commit(1, "heard by 3 alone");
    assert!(!cluster.raw(1).status().identities_in_force);
    cluster.heal();
    cluster.tick_all(5);
    cluster.commit(1, "heard by all");
    assert!(cluster.raw(1).status().identities_in_force);
    for id in 1..=3 {
        assert_eq!(cluster.raw(id).membership().conf_state(), named(&[1, 2, 3]));
        cluster.compact(id);
        let mut config = cluster.raw(id).config().clone();
        (config.seed, config.settings_mut().accept_unnamed_store) = (70 + id, false);
        config.applied = cluster.raw(id).status().applied;
        cluster.restart_with(config);
    }
    cluster.tick_all(60);
    assert!(
        cluster
            .leader()
            .is_some_and(|leader| cluster.raw(leader).status().identities_in_force)
    );
}

/// No leader names its own store by what it is not; another's name may be wrong, and then that node is out.
#[test]
fn wrong_names() {
    let mut cluster = unnamed();
    cluster.elect(1);
    let wrong = change(ConfChangeKind::UpdateNode, 1, 0xe1);
    let refused = cluster.node(1).propose_conf_change(wrong).map(|_| ());
    let other = ChangeError::OtherIdentity {
        id: 1,
        known: first(1),
        named: 0xe1,
    };
    assert_eq!(refused, Err(ProposeError::Change(ChangeRefusal::Invalid(other))));
    make(&mut cluster, ConfChangeKind::UpdateNode, 2, 0xe2);
    assert!(cluster.raw(2).status().disowned);
    cluster.commit(1, "without 2");
    assert_eq!(cluster.data(3), ["without 2"]);
    make(&mut cluster, ConfChangeKind::RemoveNode, 2, 0);
    make(&mut cluster, ConfChangeKind::AddNode, 2, first(2));
    cluster.tick_all(5);
    assert!(!cluster.raw(2).status().disowned);
    assert_eq!(cluster.data(2), ["without 2"]);
}

/// Added without its name, a node whose store has an identity takes part in nothing, and says so.
#[test]
fn added_without_its_name() {
    for accept in [true, false] {
        let mut cluster = group(3);
        cluster.elect(1);
        let mut settings = config(4);
        settings.settings_mut().accept_unnamed_store = accept;
        let storage = MemoryStorage::new().with_identity(0xd4);
        cluster.add(settings, storage).expect("it is no member yet");
        make(&mut cluster, ConfChangeKind::AddNode, 4, 0);
        cluster.compact(1);
        cluster.tick_all(20);
        assert!(
            cluster.nodes[&4]
                .events
                .iter()
                .any(|event| matches!(event, Event::Unnamed { .. }))
        );
        let status = cluster.raw(4).status();
        assert_eq!((status.disowned, status.unnamed), (!accept, true));
        assert_eq!(
            cluster.node(4).campaign() == Err(CampaignError::Refused(CampaignRefusal::Unnamed)),
            !accept
        );
        // Named after all.
        make(&mut cluster, ConfChangeKind::UpdateNode, 4, 0xd4);
        cluster.tick_all(5);
        let status = cluster.raw(4).status();
        assert_eq!((status.disowned, status.unnamed), (false, false));
        cluster.isolate(2);
        cluster.commit(1, "3 of 4");
        assert_eq!(cluster.data(4), ["3 of 4"]);
    }
}

/// A leader that applies a wrong name for itself, which an earlier one proposed, steps down.
#[test]
fn a_disowned_leader_steps_down() {
    let mut cluster = unnamed();
    cluster.elect(2);
    cluster.isolate(2);
    cluster.cut_one_way(3, 1);
    let wrong = change(ConfChangeKind::UpdateNode, 1, 0xe1);
    let _ = cluster.node(2).propose_conf_change(wrong).expect("nobody knows better");
    cluster.heal();
    cluster.drain(2);
    // It gets to 1, which leads before it knows that this is committed.
    let appends = cluster.take(|message| message.to == 1);
    for message in appends {
        cluster.step(message);
        cluster.drain(1);
    }
    cluster.pool.clear();
    cluster.nodes.remove(&2);
    for _ in 0..300 {
        cluster.tick_all(1);
    }
    assert!(
        cluster.nodes[&1]
            .events
            .iter()
            .any(|event| matches!(event, Event::Disowned { named: 0xe1, .. }))
    );
    assert_ne!(cluster.role(1), RoleKind::Leader);
}

/// Voter 1 restarted: it knows that the name of 2 is committed, and has not applied it.
#[test]
fn a_name_that_is_committed_is_applied_before_a_vote() {
    for (name_committed, votes) in [(true, false), (false, true)] {
        let mut cluster = unnamed();
        cluster.elect(3);
        make(&mut cluster, ConfChangeKind::UpdateNode, 2, first(2));
        let index: Index = cluster.committed(1);
        let mut storage = cluster.raw(1).storage().clone();
        let commit = if name_committed { index } else { 2 };
        storage.set_hard_state(HardState::new(1, None, commit)); // which promised nothing
        let mut config = cluster.raw(1).config().clone();
        config.seed = 70;
        let mut cluster = alone(config, storage);
        let request = RequestVote::new(EntryId { term: 4, index }).with_configured_at(1);
        cluster.step(message(2, 1, 5, Payload::RequestVote(request)).with_identity(0xe2));
        assert_eq!(cluster.term(1), if votes { 5 } else { 1 }, "{name_committed}");
        cluster.drain(1);
        let granted = |message: &Message| {
            matches!(
                message.payload,
                Payload::VoteResponse(VoteResponse { granted: true, .. })
            )
        };
        assert_eq!(cluster.pool.iter().any(granted), votes);
    }
}

/// Node 2 is set back to an earlier state of its store. It votes for nobody until its log reaches what a leader
/// counts on; the leader says so too.
#[test]
fn an_earlier_state_of_the_store() {
    let mut cluster = group(3);
    cluster.elect(1);
    let earlier = cluster.raw(2).storage().clone();
    for data in ["a", "b"] {
        cluster.commit(1, data);
    }
    cluster.tick_all(2);
    let counted_on = cluster.raw(1).status().last_index;
    let mut settings = config(2);
    settings.seed = 77;
    cluster.nodes.remove(&2);
    cluster.add(settings, earlier).expect("a legal store");
    cluster.tick_all(1);
    assert_eq!(cluster.raw(2).status().lost_entries, Some(counted_on));
    let lost = Event::EntriesLost {
        index: counted_on,
        leader: 1,
    };
    assert!(cluster.nodes[&2].events.contains(&lost));
    assert_eq!(
        cluster.node(2).campaign(),
        Err(CampaignError::Refused(CampaignRefusal::EntriesLost(counted_on)))
    );
    cluster.commit(1, "c");
    cluster.tick_all(2);
    let told =
        |event: &Event| matches!(event, Event::PeerLostEntries { peer: 2, matched, .. } if *matched == counted_on);
    assert!(cluster.nodes[&1].events.iter().any(told));

    // 1 is gone: 3 has everything, and does not get 2's vote before 2's log is long enough.
    cluster.isolate(1);
    let term = cluster.term(2) + 1;
    let request = RequestVote::new(EntryId { term, index: 9 });
    cluster.node(2).forget_leader().expect("a sound node");
    cluster.tick(2, 30);
    cluster.pool.clear();
    cluster.step(message(3, 2, term, Payload::RequestVote(request)).with_identity(first(3)));
    cluster.drain(2);
    assert!(cluster.pool.is_empty() && cluster.term(2) < term);

    // A new leader begins to feed it anew.
    cluster.heal();
    cluster.tick_all(30);
    cluster.node(1).transfer_leader(3).expect("a voter");
    cluster.settle();
    cluster.tick_all(5);
    assert_eq!(cluster.leader(), Some(3));
    assert_eq!(cluster.raw(2).status().lost_entries, None);
    assert_eq!(cluster.data(2), ["a", "b", "c"]);
    cluster.assert_consistent();
}

/// What is asked for and what answers it says whose store it is; nothing else does.
#[test]
fn which_messages_carry_it() {
    let mut cluster = group(3);
    cluster.node(1).campaign().expect("it may");
    let mut kinds = std::collections::BTreeSet::new();
    for step in 0..40 {
        (1..=3).for_each(|id| cluster.drain(id));
        for message in &cluster.pool {
            let carries = message.payload.carries_identity();
            let identity = if carries { first(message.from) } else { 0 };
            assert_eq!(message.identity, identity, "{message}");
            kinds.insert((message.payload.name(), carries));
        }
        cluster.deliver();
        if step == 20 {
            cluster.commit(1, "x");
            cluster.node(2).read_index("read").expect("a leader is known");
            cluster.node(1).tick().expect("sound");
        }
    }
    assert!(cluster.errors.is_empty());
    assert_eq!(kinds.iter().filter(|(_, carries)| *carries).count(), 7, "{kinds:?}");
}

/// A group without names is as it was, whatever identities the messages say.
#[test]
fn without_names_nothing_changes() {
    let mut cluster = leading(3, plain(1));
    let accepted = AppendResponse::accepted(2, Some(0));
    let response = message(2, 1, 1, Payload::AppendResponse(accepted)).with_identity(5);
    cluster.step(response);
    assert!(cluster.errors.is_empty());
    assert_eq!(cluster.committed(1), 2);
    let status = cluster.raw(1).status();
    assert_eq!(
        (status.identity, status.disowned, status.identities_in_force),
        (0, false, false)
    );
}
