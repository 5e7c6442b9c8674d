//! Batches of which a crash kept the entries and not the hard state that says what is committed.

use quorate::error::{CampaignError, CampaignRefusal};
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::Payload;
use quorate::status::RoleKind;
use quorate::types::{EntryKind, SnapshotMetadata};
use quorate::{ConfState, Entry, EntryId, MemoryStorage, RawNode, Ready, Snapshot};

use crate::alone;
use crate::support::{Cluster, config, message, plain, store};

/// A change in the log says that the one before it is committed, even if the commit index that came with it
/// is lost: a leader appends it only when it has applied the other. Whoever campaigns in the configuration
/// before both needs nobody of the quorum by which a leader goes on in the one after both.
#[test]
fn a_second_change_says_that_the_first_is_committed() {
    let mut cluster = Cluster::default();
    for id in 1..=5 {
        let mut settings = config(id);
        settings.settings_mut().lease_promises = false; // or whoever restarts keeps silent
        cluster.add(settings, store(&[1, 2, 3])).expect("a legal store");
    }
    cluster.elect(3);
    let add = |id| ConfChangeV2::new([(ConfChangeKind::AddNode, id)]);
    // The first change is at all nodes; node 1 does not hear that it is committed.
    let _ = cluster.node(3).propose_conf_change(add(4)).expect("it may");
    cluster.drain(3);
    cluster.deliver();
    cluster.drain(1);
    cluster.cut_one_way(3, 1);
    cluster.settle();
    assert_eq!((cluster.committed(3), cluster.committed(1)), (3, 2));
    // It hears that with the second change, and crashes between the entry and the hard state.
    cluster.heal();
    let _ = cluster.node(3).propose_conf_change(add(5)).expect("it may");
    cluster.drain(3);
    cluster.deliver();
    let ready = cluster.node(1).ready().expect("sound").expect("the change is there");
    tear(&mut cluster, 1, &ready);
    cluster.isolate(1);
    cluster.settle();
    assert_eq!(cluster.raw(3).membership().to_string(), "voters=(1 2 3 4 5)");
    // Nodes 1 and 2 are cut off from the rest, which goes on.
    cluster.heal();
    for (one, other) in [(1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)] {
        cluster.cut(one, other);
    }
    cluster.tick(2, 10);
    assert_eq!(cluster.raw(1).membership().to_string(), "voters=(1 2 3 4)");
    assert_eq!(cluster.committed(1), 3);
    cluster.node(1).campaign().expect("it has applied what is committed");
    cluster.settle();
    let _ = cluster.node(1).propose("one");
    let _ = cluster.node(3).propose("other");
    cluster.settle();
    assert_eq!(cluster.data(3), ["other"]);
    cluster.assert_consistent();
    // Node 2, which grants its pre-vote, told it of the second change.
    assert_eq!((cluster.committed(1), cluster.role(1)), (4, RoleKind::PreCandidate));
}

/// Of what a Ready wants written the entries reach the disk and nothing else; the node starts again.
fn tear(cluster: &mut Cluster, id: u64, ready: &Ready) {
    assert!(ready.hard_state().is_some() && !ready.entries().is_empty());
    let storage = cluster.node(id).storage_mut();
    storage.append(ready.entries()).expect("memory");
    storage.sync();
    cluster.restart(id);
}

/// Of the changes in a stored log all but the last are committed, unless the group appends them unchecked.
#[test]
fn all_changes_but_the_last_are_committed() {
    for (log, committed) in [
        ("", 1),
        ("nn", 1),
        ("c", 1),
        ("ncn", 1),
        ("cc", 2),
        ("ncnncn", 3),
        ("ccnc", 3),
        ("cccc", 4),
    ] {
        for unchecked in [false, true] {
            let mut storage = store(&[1, 2, 3]);
            let entry = |(index, kind)| {
                Entry::new(1, index, "").with_kind(if kind == 'c' {
                    EntryKind::ConfChangeV2
                } else {
                    EntryKind::Normal
                })
            };
            let entries: Vec<_> = (2..).zip(log.chars()).map(entry).collect();
            storage.append(&entries).expect("in order");
            storage.sync();
            let mut config = config(1);
            config.settings_mut().disable_conf_change_validation = unchecked;
            config.settings_mut().mark_checked_changes = false;
            let mut node = RawNode::new(config, storage).expect("a legal store");
            let expected = if unchecked { 1 } else { committed };
            assert_eq!(node.status().hard_state.commit, expected, "{log}");
            let refused = Err(CampaignError::Refused(CampaignRefusal::UnappliedChange));
            assert_eq!(node.campaign(), if expected > 1 { refused } else { Ok(()) }, "{log}");
        }
    }
}

/// Changes 2 and 3 at one node, appended by a leader that checks changes or by one that does not, whatever the node's own
/// setting; up to where it takes them for committed when it starts again. Only what its leader checked is proof: node 2
/// of five, with two changes that were appended unchecked and reached nobody else, once applied the first.
#[test]
fn only_a_checked_change_proves_the_one_before() {
    for (unchecked, marks, then_unchecked, committed) in [
        (true, true, false, 2),
        (true, true, true, 2),
        (false, true, false, 3),
        (false, true, true, 3),
        (false, false, false, 3),
        (false, false, true, 2),
    ] {
        let mut cluster = Cluster::new(5, |id| {
            let mut settings = config(id);
            settings.settings_mut().disable_conf_change_validation = unchecked;
            settings.settings_mut().mark_checked_changes = marks;
            settings
        });
        cluster.elect(1);
        let remove = |id| ConfChangeV2::new([(ConfChangeKind::RemoveNode, id)]);
        let claims = [&remove(5).encode()[..], &[0x80, 0x02, 0x01]].concat();
        let claimed = Entry::new(0, 0, claims).with_kind(EntryKind::ConfChangeV2);
        // Forwarded by a proposer that claims what only a leader may.
        let entries = vec![claimed];
        cluster.step(message(3, 1, 0, Payload::propose(entries)));
        if unchecked {
            let _ = cluster.node(1).propose_conf_change(remove(4)).expect("unchecked");
            cluster.drain(1);
            cluster.deliver();
            cluster.drain(2);
        } else {
            cluster.drain(1);
            cluster.deliver();
            cluster.drain(2);
            cluster.cut_one_way(1, 2);
            cluster.settle();
            cluster.heal();
            let _ = cluster
                .node(1)
                .propose_conf_change(remove(4))
                .expect("it has applied the first");
            cluster.drain(1);
            cluster.deliver();
            let ready = cluster.node(2).ready().expect("sound").expect("the change is there");
            let storage = cluster.node(2).storage_mut();
            storage.append(ready.entries()).expect("memory");
            storage.sync();
        }
        let mut settings = cluster.raw(2).config().clone();
        settings.settings_mut().disable_conf_change_validation = then_unchecked;
        settings.seed += 1;
        cluster.restart_with(settings);
        let case = format!("unchecked {unchecked}, marks {marks}, then unchecked {then_unchecked}");
        assert_eq!(cluster.committed(2), committed, "{case}");
    }
}

/// What the first term left, without the hard state: an entry, or a snapshot that a leader sent. That term had a
/// leader, so this node stands for the next.
#[test]
fn a_torn_first_batch() {
    let snapshot = |index| {
        let metadata = SnapshotMetadata::new(EntryId { term: 1, index }, ConfState::of_voters([1, 2, 3]));
        MemoryStorage::from_snapshot(Snapshot::new(metadata, ""))
    };
    for (index, terms, like_etcd, term) in [
        (1, &[][..], false, 0),
        (1, &[1], false, 1),
        (5, &[], false, 1),
        (5, &[], true, 0),
        (5, &[1], true, 1),
    ] {
        let mut storage = snapshot(index);
        storage.append(&crate::entries(index + 1, terms)).expect("in order");
        storage.sync();
        let mut settings = plain(1);
        settings.settings_mut().snapshot_tells_term = !like_etcd;
        let mut cluster = alone(settings, storage);
        assert_eq!(cluster.term(1), term, "{index} {terms:?}");
        cluster.node(1).campaign().expect("it may");
        assert_eq!(cluster.term(1), term + 1);
    }
}
