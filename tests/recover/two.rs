//! Two recoveries of one group, and what is left of the group itself, never meet.

use std::collections::BTreeMap;

use quorate::error::StepError;
use quorate::membership::ConfChangeKind;
use quorate::types::ClusterId;
use quorate::{Message, NodeId};

use crate::support::Cluster;
use crate::{config, is_recovered, join, recovered, started};

/// Five nodes of this group, the last two of which are behind.
fn group(id: ClusterId, accept_without: bool) -> Cluster {
    let mut cluster = Cluster::default();
    for node in 1..=5 {
        let mut config = config(node, id);
        config.settings_mut().accept_without_cluster_id = accept_without;
        let storage = crate::support::store(&[1, 2, 3, 4, 5]).with_cluster_id(id);
        cluster.add(config, storage).expect("a legal store");
    }
    cluster.elect(1);
    cluster.commit(1, "a");
    cluster.isolate(5);
    cluster.commit(1, "b");
    cluster.isolate(4);
    cluster.commit(1, "c");
    cluster.heal();
    cluster
}

/// One step of every group; what its nodes said is delivered in it, and to the nodes of the others, who have the same ids.
fn live(groups: &mut [Cluster], refused: &mut BTreeMap<NodeId, u64>) {
    for at in 0..groups.len() {
        let ids: Vec<NodeId> = groups[at].nodes.keys().copied().collect();
        for id in &ids {
            groups[at].node(*id).tick().expect("sound");
            groups[at].drain(*id);
        }
        let said: Vec<Message> = groups[at].pool.iter().cloned().collect();
        for other in (0..groups.len()).filter(|other| *other != at) {
            for message in &said {
                *refused.entry(message.to).or_default() += stranger(&mut groups[other], message.clone());
            }
        }
        groups[at].settle();
    }
}

/// A message of one group at a node of another: refused as such, and nothing is changed by it.
fn stranger(cluster: &mut Cluster, message: Message) -> u64 {
    let Some(node) = cluster.nodes.get_mut(&message.to) else {
        return 0;
    };
    let before = node.raw.clone();
    let (theirs, ours) = (message.cluster_id, node.raw.config().cluster_id);
    let outcome = node.raw.step(message);
    assert_eq!(outcome, Err(StepError::ForeignCluster { theirs, ours }));
    assert!(node.raw == before && !node.raw.has_ready());
    1
}

/// 4 and 5 are recovered, each for itself, while 1, 2 and 3 were only cut off and come back: three groups with the same
/// ids that go on side by side, with every message delivered to all of them. Also where the group had no id, and its nodes
/// take messages without one.
#[test]
fn three_histories() {
    for (old, accept_without) in [(7, false), (7, true), (0, false), (0, true)] {
        let old_group = group(old, accept_without);
        let mut groups = Vec::new();
        for (survivor, random) in [(4, 11), (5, 12)] {
            let storage = old_group.raw(survivor).storage().clone();
            let mut recovered = started(&recovered(&storage, survivor, random));
            let mut settings = recovered.raw(survivor).config().clone();
            settings.settings_mut().accept_without_cluster_id = accept_without;
            recovered.restart_with(settings);
            groups.push(recovered);
        }
        groups.insert(0, old_group);
        groups[0].nodes.retain(|id, _| *id <= 3);
        let mut refused = BTreeMap::new();
        (0..40).for_each(|_| live(&mut groups, &mut refused));
        for (at, survivor) in [(1, 4), (2, 5)] {
            assert_eq!(groups[at].leader(), Some(survivor));
            let others: Vec<NodeId> = (1..=5).filter(|id| *id != survivor).collect();
            join(&mut groups[at], survivor, &others, ConfChangeKind::AddNode);
        }
        (0..40).for_each(|_| live(&mut groups, &mut refused));
        for (at, word) in ["old", "four", "five"].into_iter().enumerate() {
            let leader = groups[at].leader().expect("a majority is well");
            groups[at].commit(leader, word);
        }
        (0..40).for_each(|_| live(&mut groups, &mut refused));
        for (at, expected) in [vec!["a", "b", "c", "old"], vec!["four"], vec!["five"]]
            .into_iter()
            .enumerate()
        {
            groups[at].assert_consistent();
            for id in groups[at].nodes.keys().copied() {
                assert_eq!(groups[at].data(id), expected, "{id} of history {at} of group {old}");
            }
            let recovered = is_recovered(groups[at].raw(1).config().cluster_id);
            assert_eq!(recovered, at > 0);
        }
        let counts: Vec<u64> = (1..=5).map(|id| refused.get(&id).copied().unwrap_or(0)).collect();
        assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
    }
}
