//! Faults of this crate that a review of its differences from etcd-io/raft found.

use quorate::error::{ApplyError, CampaignError, CampaignRefusal, ProposeError, ReadError, StepError};
use quorate::event::StepDownReason;
use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use quorate::message::{Payload, VoteResponse};
use quorate::ready::ReadRefusal;
use quorate::status::RoleKind::{Candidate, Follower, Leader};
use quorate::types::{EntryKind, NUMBER_MAX};
use quorate::{ConfState, Event, HardState};

use crate::support::{Cluster, config, message, plain, store};
use crate::{append, hard_state, install, single, single_leader, snapshot, store_of};

/// A node that is contradicted has perhaps applied what is wrong: it answers no read, and installs nothing.
#[test]
fn a_diverged_node_serves_nobody() {
    let mut cluster = single(plain(3), store_of(&[1, 2, 3], &[1, 1, 1], hard_state(1, 3)));
    cluster.step(append((1, 3), 2, (1, 3), &[], 3));
    cluster.drain(3);
    assert_eq!(cluster.raw(3).status().applied, 3);
    cluster.node(3).read_index("waits").expect("a leader is known");
    let contradiction = append((1, 3), 2, (2, 3), &[], 3);
    let outcome = cluster.node(3).step(contradiction);
    assert!(matches!(outcome, Err(StepError::Diverged { index: 3, .. })));
    cluster.drain(3);
    let refused = cluster.nodes[&3].reads.iter().map(|read| read.outcome);
    assert_eq!(refused.collect::<Vec<_>>(), [Err(ReadRefusal::Diverged)]);
    assert_eq!(cluster.node(3).read_index("later"), Err(ReadError::Diverged));
    cluster.step(install((1, 3), 2, (2, 9)));
    cluster.drain(3);
    assert_eq!(cluster.raw(3).status().applied, 3, "nothing more is applied");
}

/// Nor does it lead: it has no lease, and takes no proposals.
#[test]
fn a_diverged_leader_steps_down() {
    let mut cluster = single_leader(plain(1), store(&[1]));
    let committed = cluster.committed(1);
    assert_eq!((cluster.role(1), committed), (Leader, 2));
    let term = cluster.term(1);
    let outcome = cluster.node(1).step(append((2, 1), term + 4, (term + 4, 2), &[], 2));
    assert!(matches!(outcome, Err(StepError::Diverged { index: 2, .. })));
    cluster.drain(1);
    assert_eq!((cluster.role(1), cluster.term(1)), (Follower, term));
    let reason = StepDownReason::Diverged;
    assert!(cluster.nodes[&1].events.contains(&Event::SteppedDown { reason, term }));
    assert_eq!(cluster.node(1).propose("x").map(|_| ()), Err(ProposeError::NoLeader));
    assert_eq!(cluster.node(1).read_index("x"), Err(ReadError::Diverged));
}

/// What is applied is what was handed out, not another change under its name.
#[test]
fn another_change_of_the_same_name_is_not_applied() {
    let mut cluster = single_leader(plain(1), store(&[1]));
    let add = ConfChangeV2::new([(ConfChangeKind::AddNode, 2)]);
    let _ = cluster.node(1).propose_conf_change(add).expect("a legal change");
    let raw = cluster.node(1);
    let (mut change, mut done) = loop {
        let mut done = raw
            .ready()
            .unwrap()
            .expect("a change to apply")
            .persisted_by(|_| Ok::<_, ()>(()))
            .unwrap();
        let entries = done.take_committed_entries();
        match entries.iter().find(|entry| entry.is_conf_change()) {
            Some(change) => break (change.clone(), done),
            None => raw.advance(done).unwrap(),
        }
    };
    let handed_out = change.clone();
    let refused = |index, term| Err(ApplyError::NotHandedOut { index, term });
    let _ = done.take_committed_entries();
    change.data = ConfChangeV2::new([(ConfChangeKind::AddNode, 3)]).encode().into();
    assert_eq!(
        raw.apply_conf_change(&change).map(|_| ()),
        refused(change.index, change.term)
    );
    change.kind = EntryKind::Normal;
    assert_eq!(
        raw.apply_conf_change(&change).map(|_| ()),
        refused(change.index, change.term)
    );
    assert_eq!(raw.cancel_conf_change(&change), refused(change.index, change.term));
    let conf_state = raw.apply_conf_change(&handed_out).expect("as it was handed out");
    assert_eq!(conf_state.voters, [1, 2]);
}

/// The log ends where numbers end.
#[test]
fn no_index_is_left() {
    for (index, campaigns) in [(NUMBER_MAX, false), (NUMBER_MAX - 1, true)] {
        let storage = quorate::MemoryStorage::from_snapshot(snapshot((1, index), &[1]));
        let mut cluster = single(plain(1), storage);
        let outcome = cluster.node(1).campaign();
        if !campaigns {
            assert_eq!(outcome, Err(CampaignError::Refused(CampaignRefusal::Exhausted)));
            continue;
        }
        cluster.drain(1);
        assert_eq!(
            (cluster.role(1), cluster.raw(1).status().last_index),
            (Leader, NUMBER_MAX)
        );
        assert_eq!(cluster.node(1).propose("x").map(|_| ()), Err(ProposeError::Exhausted));
    }
}

/// A change that a snapshot covers is in force: to cancel it says nothing.
#[test]
fn a_covered_change_is_not_ignored() {
    let mut storage = store_of(&[1, 2, 3], &[1, 1], hard_state(1, 1));
    storage.set_conf_state(ConfState::of_voters([1, 2, 3]), 0);
    let mut cluster = single(plain(3), storage);
    let mut change = append((1, 3), 1, (1, 2), &[(1, 3)], 3);
    if let Payload::Append(append) = &mut change.payload {
        let mut entries: Vec<_> = append.entries.iter().cloned().collect();
        entries[0].kind = EntryKind::ConfChangeV2;
        entries[0].data = ConfChangeV2::new([(ConfChangeKind::AddNode, 4)]).encode().into();
        append.entries = entries.into();
    }
    cluster.step(change);
    let raw = cluster.node(3);
    let ready = raw.ready().unwrap().expect("a change to apply");
    raw.storage_mut().persist(&ready).unwrap();
    let mut done = ready.persisted();
    let entries = done.take_committed_entries();
    let change = entries.iter().find(|entry| entry.is_conf_change()).expect("handed out");
    let covering = Box::new(snapshot((1, 9), &[1, 2, 3, 4]));
    raw.step(message(1, 3, 1, Payload::InstallSnapshot(covering)))
        .expect("legal");
    raw.cancel_conf_change(change).expect("it was handed out");
    raw.advance(done).unwrap();
    cluster.drain(3);
    assert!(
        !cluster.nodes[&3]
            .events
            .iter()
            .any(|event| matches!(event, Event::ChangeIgnored { .. }))
    );
}

/// Of a change that was not checked, names that are not to be given are ignored and the rest is made: who does not
/// know names makes the same of it.
#[test]
fn an_unchecked_change_with_another_name() {
    let mut cluster = Cluster::default();
    let founded = ConfState::of_voters([1, 2, 3]).with_identities([(2, 7)]);
    for id in 1..=3 {
        let mut settings = config(id);
        settings.settings_mut().disable_conf_change_validation = true;
        let identity = if id == 2 { 7 } else { 0 };
        let mut storage = store(&[1, 2, 3]).with_identity(identity);
        storage.set_conf_state(founded.clone(), 1);
        storage.sync();
        cluster.add(settings, storage).expect("a legal store");
    }
    cluster.elect(1);
    let change = ConfChangeV2::new([
        ConfChangeSingle::new(ConfChangeKind::RemoveNode, 2).with_identity(8),
        ConfChangeSingle::new(ConfChangeKind::AddNode, 2).with_identity(8),
        ConfChangeSingle::new(ConfChangeKind::AddNode, 4).with_identity(9),
    ]);
    let change = change.with_transition(Transition::JointExplicit);
    let _ = cluster.node(1).propose_conf_change(change).expect("nobody checks");
    cluster.settle();
    for id in 1..=3 {
        let membership = cluster.raw(id).membership();
        assert_eq!(membership.to_string(), "voters=(1 2 3 4)&&(1 2 3) identities=(2#7 4#9)");
    }
}

/// A candidate that hears of a committed change which names another store for it stands no more.
#[test]
fn a_candidate_that_is_disowned_stands_no_more() {
    let mut storage = store_of(&[1, 2, 3], &[1, 1], HardState::new(1, None, 1));
    let mut name = crate::entry((1, 3), "");
    name.kind = EntryKind::ConfChangeV2;
    name.data = ConfChangeV2::new([ConfChangeSingle::new(ConfChangeKind::UpdateNode, 1).with_identity(8)])
        .encode()
        .into();
    storage.append(&[name]).expect("no gap");
    storage.sync();
    let mut cluster = single(plain(1), storage);
    cluster.drain(1);
    cluster.node(1).campaign().expect("it may");
    cluster.drain(1);
    assert_eq!(cluster.role(1), Candidate);
    let payload = Payload::VoteResponse(VoteResponse::new(false).with_committed(crate::id((1, 3))));
    cluster.step(message(2, 1, 2, payload));
    cluster.drain(1);
    assert!(cluster.raw(1).status().disowned);
    assert_eq!(cluster.role(1), Follower);
}

/// A read that was forwarded comes back to its sender, who leads by now. It was refused when that began to campaign.
#[test]
fn a_read_that_comes_back_is_not_answered_twice() {
    let mut cluster = single_leader(plain(1), store(&[1]));
    let context = bytes::Bytes::from_static(b"as it was forwarded");
    cluster.step(message(1, 1, 0, Payload::read_index(context)));
    cluster.drain(1);
    assert!(cluster.nodes[&1].reads.is_empty() && cluster.errors.is_empty());
}
