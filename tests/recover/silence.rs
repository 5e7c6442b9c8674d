//! A leader of the old group may still rely on what the survivor promised: that is waited for.

use quorate::error::{CampaignError, CampaignRefusal, StepError};
use quorate::{Config, HardState, MemoryStorage, RawNode, ReadMode};

use crate::support::Cluster;
use crate::{OLD, config, data, recovered, started, store, three};

fn survivor(promised: u64) -> MemoryStorage {
    let state = HardState::new(2, None, 6).with_promised_ticks(promised);
    store(three(), &[data(2, 6)], state)
}

fn silence(config: Config, storage: MemoryStorage) -> u64 {
    let mut node = RawNode::new(config, storage).expect("a legal store");
    match node.campaign() {
        Ok(()) => 0,
        Err(CampaignError::Refused(CampaignRefusal::Silent(ticks))) => ticks,
        Err(other) => panic!("{other}"),
    }
}

/// The silence is what is stored or what the settings say, whichever is longer, though there is no other voter. By row:
/// the stored promise, the setting, and the silence.
#[test]
fn the_whole_silence() {
    for (promised, setting, expected) in [
        (0, None, 10),
        (10, None, 10),
        (30, None, 30),
        (10, Some(0), 10),
        (0, Some(0), 0),
        (0, Some(25), 25),
    ] {
        let recovered = recovered(&survivor(promised), 2, 1);
        assert_eq!(recovered.hard_state.promised_ticks, promised);
        let mut config = config(2, recovered.cluster_id);
        config.settings_mut().restart_silence_ticks = setting;
        assert_eq!(silence(config, recovered.into()), expected, "{promised} {setting:?}");
    }
}

/// The whole of it again after each crash in it, and after each later one: there is no trace in the store of whether it
/// has passed, and none is needed.
#[test]
fn crashes() {
    let mut cluster = started(&recovered(&survivor(10), 2, 1));
    for _ in 0..5 {
        cluster.tick(2, 9);
        assert_eq!(cluster.leader(), None);
        assert_eq!(
            cluster.node(2).campaign(),
            Err(CampaignError::Refused(CampaignRefusal::Silent(1)))
        );
        cluster.restart(2);
    }
    cluster.tick(2, 30);
    assert_eq!(cluster.leader(), Some(2));
    cluster.commit(2, "x");
    cluster.restart(2);
    assert_eq!(
        cluster.node(2).campaign(),
        Err(CampaignError::Refused(CampaignRefusal::Silent(10)))
    );
    cluster.tick(2, 30);
    assert_eq!((cluster.leader(), cluster.data(2)), (Some(2), vec!["x".to_owned()]));
}

/// Only who was recovered is silent: an only voter that is so by the group's own changes is not, nor is a new member of
/// a recovered group, which never heard anybody.
#[test]
fn who_is_not_silent() {
    let alone = quorate::ConfState::of_voters([2]);
    let storage = store(alone, &[data(2, 6)], HardState::new(2, None, 6));
    assert_eq!(silence(config(2, OLD), storage), 0);

    let group = recovered(&survivor(10), 2, 1).cluster_id;
    let joining = MemoryStorage::new().with_cluster_id(group);
    let mut node = RawNode::new(config(1, group), joining).expect("an empty store");
    let refused = CampaignError::Refused(CampaignRefusal::NotVoter);
    assert_eq!(node.campaign(), Err(refused), "and not for its silence");
    let mut cluster = started(&recovered(&survivor(10), 2, 1));
    cluster.tick(2, 30);
    crate::join(&mut cluster, 2, &[1], quorate::membership::ConfChangeKind::AddNode);
    let transferred = cluster.node(2).transfer_leader(1);
    assert_eq!(transferred, Ok(()));
    cluster.settle();
    assert_eq!(cluster.leader(), Some(1));
}

fn leasing(id: u64) -> Config {
    let mut config = config(id, OLD);
    config.settings_mut().read_mode = ReadMode::Lease;
    config
}

/// The reason for all this. 1 leads 1, 2 and 3 and reads by a lease, which 2 promised and 3 did not answer for. 3 is
/// lost; 1 hears nobody any more and does not know why; 2 is recovered at once. When 2 begins to lead, the lease is over:
/// nobody reads at 1 what 2 has overwritten.
#[test]
fn a_lease_of_the_old_group() {
    let mut old = Cluster::default();
    for id in 1..=3 {
        let storage = crate::support::store(&[1, 2, 3]).with_cluster_id(OLD);
        old.add(leasing(id), storage).expect("a legal store");
    }
    old.elect(1);
    old.isolate(3);
    old.commit(1, "x = 1");
    old.tick_all(3);
    let survivor = old.nodes.remove(&2).expect("a node").raw.into_storage();
    let promised = survivor.hard_state().promised_ticks;
    assert_eq!(promised, 10);
    assert!(old.raw(1).status().lease_ticks > 0);

    let mut new = started(&recovered(&survivor, 2, 1));
    let mut held = 0;
    while new.leader().is_none() {
        held = old.raw(1).status().lease_ticks;
        let _ = new.node(2).campaign(); // by a hasty operator
        old.tick(1, 1);
        new.tick(2, 1);
    }
    assert_eq!((held, old.raw(1).status().lease_ticks), (0, 0));
    // Nor does what they say reach each other.
    old.node(1).tick().expect("sound");
    for message in old.pool.drain(..).collect::<Vec<_>>() {
        let outcome = new.node(2).step(message);
        assert!(matches!(outcome, Err(StepError::ForeignCluster { .. })), "{outcome:?}");
    }
}
