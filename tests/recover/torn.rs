//! What becomes of a recovery that is interrupted. To make a new store and to put it in the place of the old one in one
//! step is never torn; here are the other orders.

use quorate::error::{CampaignError, CampaignRefusal, ConfigError};
use quorate::recover::{self, RecoverError};
use quorate::status::RoleKind;
use quorate::{HardState, MemoryStorage, RawNode};

use crate::support::Cluster;
use crate::{OLD, config, data, recovered, store, three};

fn survivor() -> MemoryStorage {
    let state = HardState::new(4, Some(2), 6).with_promised_ticks(10);
    store(three(), &[data(2, 6), data(4, 7)], state)
}

/// Nothing is written by any step but the caller's: until then everything can be given up, and done again.
#[test]
fn before_anything_is_written() {
    let storage = survivor();
    let plan = recover::plan(&storage, 2, 5).expect("a member");
    for random in 1..4 {
        let mut recovery = recover::apply(&plan, &storage).expect("as it was");
        while recovery.take_entries(1 << 20).expect("works").is_some() {}
        let recovered = recovery.finish("state".into(), random).expect("all is applied");
        assert_eq!(recovered, crate::recovered_with(&storage, 2, 5, random).0);
    }
    assert_eq!(storage, survivor());
    // And the node may go on as what it was.
    assert!(RawNode::new(config(2, OLD), storage).is_ok());
}

/// The group's id first, alone: the node does not start as a member of the old group. It starts in the new one with the
/// old configuration, has no majority there, and its store can be recovered with a new plan.
#[test]
fn the_id_alone() {
    let recovered = recovered(&survivor(), 2, 1);
    let plan = recover::plan(&survivor(), 2, 0).expect("a member");
    let torn = survivor().with_cluster_id(recovered.cluster_id);
    assert!(recovered.verify(&torn).is_err());
    let foreign = ConfigError::ForeignStore {
        stored: recovered.cluster_id,
        configured: OLD,
    };
    assert_eq!(RawNode::new(config(2, OLD), torn.clone()).map(|_| ()), Err(foreign));
    let mut cluster = Cluster::default();
    cluster
        .add(config(2, recovered.cluster_id), torn.clone())
        .expect("legal");
    cluster.tick_all(100);
    assert_eq!(cluster.leader(), None);
    let cluster_id = recovered.cluster_id;
    let again = recover::apply(&plan, &torn).map(|_| ());
    assert_eq!(again, Err(RecoverError::AppliedBefore { cluster_id }));
    assert!(recover::plan(&torn, 2, 0).is_ok());
}

/// The id and the snapshot, without the hard state: the term is the snapshot's and there is no vote in it, as it should
/// be. The promise is forgotten, and the silence is what the settings say.
#[test]
fn all_but_the_hard_state() {
    let recovered = recovered(&survivor(), 2, 1);
    let whole = MemoryStorage::from(recovered.clone());
    for stale in [HardState::default(), survivor().hard_state()] {
        let mut torn = whole.clone();
        torn.set_hard_state(stale);
        let mut node = RawNode::new(config(2, recovered.cluster_id), torn).expect("legal");
        let status = node.status();
        assert_eq!((status.hard_state.term, status.hard_state.vote), (5, None));
        assert_eq!((status.hard_state.commit, status.applied), (7, 7));
        let silent = CampaignError::Refused(CampaignRefusal::Silent(10));
        assert_eq!(node.campaign(), Err(silent), "{stale}");
        node.advance_ticks(10).expect("sound");
        assert_eq!(node.campaign(), Ok(()));
    }
}

/// What must not be done, because nothing can tell: the snapshot before the id. The node is then the only member of the
/// *old* group, by its id.
#[test]
fn the_id_last_is_the_wrong_order() {
    let recovered = recovered(&survivor(), 2, 1);
    let torn = MemoryStorage::from(recovered.clone()).with_cluster_id(OLD);
    assert!(recovered.verify(&torn).is_err(), "and so it is noticed");
    let mut cluster = Cluster::default();
    cluster.add(config(2, OLD), torn).expect("nothing is wrong with it");
    cluster.elect(2);
    assert_eq!(cluster.role(2), RoleKind::Leader);
}
