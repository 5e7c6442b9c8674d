//! Who must confirm a round of heartbeats before reads are answered, and what if that changes.

use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::{ConfState, NodeId};

use crate::reads::{answered, answers, confirm, read, rounds, settled};
use crate::support::{plain, store};
use crate::{accepted, alone, hear, lead, leading, says};

/// A configuration, who confirms, and whether that is a quorum.
#[test]
fn quorums_of_rounds() {
    let voters = |ids: &[NodeId]| ConfState::of_voters(ids.iter().copied());
    let learners = |conf_state: ConfState, ids: &[NodeId]| conf_state.with_learners(ids.to_vec());
    let joint = |a: &[NodeId], b: &[NodeId]| voters(a).with_voters_outgoing(b.to_vec());
    let cases: [(ConfState, &[NodeId], bool); 13] = [
        (learners(voters(&[1]), &[2]), &[], true),
        (learners(voters(&[1, 2]), &[3, 4]), &[3, 4], false),
        (learners(voters(&[1, 2]), &[3, 4]), &[2], true),
        (voters(&[1, 2, 3, 4]), &[2], false),
        (voters(&[1, 2, 3, 4]), &[2, 3], true),
        (voters(&[1, 2, 3, 4, 5]), &[5], false),
        (voters(&[1, 2, 3, 4, 5]), &[4, 5], true),
        (joint(&[1, 2, 3], &[1, 4, 5]), &[2, 3], false),
        (joint(&[1, 2, 3], &[1, 4, 5]), &[4, 5], false),
        (joint(&[1, 2, 3], &[1, 4, 5]), &[2, 4], true),
        (joint(&[2, 3], &[1]), &[2], false),
        (joint(&[2, 3], &[1]), &[2, 3], true),
        (joint(&[1], &[1, 2]), &[], false),
    ];
    for (conf_state, confirming, expected) in cases {
        let name = format!("{conf_state:?}, {confirming:?}");
        let mut storage = store(&[1]);
        storage.set_conf_state(conf_state, 1);
        let mut cluster = lead(alone(plain(1), storage), 5);
        for peer in cluster
            .raw(1)
            .membership()
            .members()
            .into_iter()
            .filter(|peer| *peer != 1)
        {
            hear(&mut cluster, peer, 1, accepted(2));
        }
        read(&mut cluster, 1, "r");
        let sent = rounds(&mut cluster);
        let others = cluster.raw(1).membership().voters().ids().into_iter().any(|id| id != 1);
        assert_eq!(sent.len(), usize::from(others), "{name}: learners are not asked");
        for from in confirming {
            confirm(&mut cluster, *from, &sent[0]);
        }
        assert_eq!(answers(&mut cluster).len(), usize::from(expected), "{name}");
    }
}

/// The configuration changes while a read waits that these voters confirmed: is it answered then?
#[test]
fn quorums_that_change() {
    use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
    for (n, confirmed, change, expected) in [
        (2, &[][..], (RemoveNode, 2), true),
        (2, &[], (AddLearnerNode, 2), true),
        (4, &[2], (RemoveNode, 4), true),
        (4, &[2], (RemoveNode, 2), false),
        (4, &[2], (AddLearnerNode, 3), true),
        (4, &[2], (AddNode, 5), false),
        (3, &[], (RemoveNode, 3), false),
    ] {
        let mut cluster = settled(n);
        let _ = cluster
            .node(1)
            .propose_conf_change(ConfChangeV2::new([change]))
            .expect("it may");
        cluster.drain(1);
        read(&mut cluster, 1, "r");
        let sent = rounds(&mut cluster);
        for from in confirmed {
            confirm(&mut cluster, *from, &sent[0]);
        }
        assert_eq!(answers(&mut cluster), [], "{change:?}");
        // The change is committed and applied.
        for peer in 2..=n {
            if cluster.raw(1).membership().contains(peer) {
                hear(&mut cluster, peer, 1, accepted(3));
            }
        }
        assert_eq!(
            answers(&mut cluster).len(),
            usize::from(expected),
            "{n}, {confirmed:?}, {change:?}"
        );
    }
}

/// A leader that was removed and leads on is not alone: the one voter left must confirm.
#[test]
fn a_removed_leader_is_no_quorum() {
    let mut settings = plain(1);
    settings.settings_mut().step_down_on_removal = false;
    let mut cluster = leading(2, settings);
    hear(&mut cluster, 2, 1, accepted(2));
    let change = ConfChangeV2::new([(ConfChangeKind::RemoveNode, 1)]);
    let _ = cluster.node(1).propose_conf_change(change).expect("it may");
    says(&mut cluster);
    hear(&mut cluster, 2, 1, accepted(3));
    assert!(!cluster.raw(1).membership().contains(1));
    read(&mut cluster, 1, "r");
    let sent = rounds(&mut cluster);
    assert_eq!(answers(&mut cluster), []);
    confirm(&mut cluster, 2, &sent[0]);
    assert_eq!(answers(&mut cluster), answered(&["r"], Ok(3)));
}
