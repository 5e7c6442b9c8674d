//! Who obeys an order to campaign (thesis 3.10), and how leadership goes round in a group.

use quorate::message::Payload;
use quorate::status::RoleKind::{Candidate, Follower};
use quorate::{ConfState, HardState, NodeId};

use crate::support::{Cluster, config, plain};
use crate::{alone, asked, hear, heartbeat, store_with};

/// Who obeys an order to campaign: voters, at once, without a pre-vote, past every promise.
#[test]
fn who_obeys() {
    let learner = ConfState::of_voters([2, 3]).with_learners([1]);
    for (conf_state, obeys) in [
        (ConfState::of_voters([1, 2, 3]), true),
        (ConfState::of_voters([2, 3]).with_voters_outgoing([1, 2]), true),
        (learner, false),
        (ConfState::of_voters([2, 3]), false),
        (ConfState::default(), false),
    ] {
        let mut storage = store_with(3, &[1], HardState::new(1, None, 1));
        storage.set_conf_state(conf_state.clone(), 1);
        let mut cluster = alone(config(1), storage);
        hear(&mut cluster, 2, 1, heartbeat(1));
        let said = asked(&mut cluster, 2, 1, Payload::TimeoutNow);
        let role = if obeys { (Candidate, 2) } else { (Follower, 1) };
        assert_eq!((cluster.role(1), cluster.term(1)), role, "{conf_state:?}");
        let expected = "1->2 RequestVote term=2 last=1/2 forced".to_string();
        assert_eq!(said.contains(&expected), obeys, "{said:?}");
    }
}

/// All of it, in a group with every safeguard on: leadership goes round, and comes back.
#[test]
fn leadership_goes_round() {
    for settings in [plain as fn(NodeId) -> _, config, crate::leases::leased] {
        let mut cluster = Cluster::new(3, settings);
        cluster.elect(1);
        for (at, to) in [(1, 2), (1, 3), (3, 1), (1, 1), (2, 3), (2, 2)] {
            cluster.commit(at, "before");
            cluster.node(at).transfer_leader(to).expect("there is a leader");
            cluster.settle();
            assert_eq!(cluster.leader(), Some(to));
            cluster.commit(to, "after");
        }
        cluster.tick_all(1);
        assert_eq!(cluster.data(2).len(), 12);
        cluster.assert_consistent();
    }
}

/// A slow transferee gets the log first; one that is gone is given up, and the group goes on.
#[test]
fn slow_and_lost_transferees() {
    let mut cluster = Cluster::led(3);
    cluster.isolate(3);
    cluster.commit(1, "a");
    cluster.heal();
    cluster.node(1).transfer_leader(3).expect("a voter");
    cluster.tick_all(2);
    assert_eq!(cluster.leader(), Some(3));
    cluster.isolate(2);
    cluster.node(3).transfer_leader(2).expect("a voter");
    cluster.tick_all(12);
    assert_eq!((cluster.leader(), cluster.raw(3).status().transferee), (Some(3), None));
    cluster.commit(3, "b");
    assert_eq!(cluster.data(1), ["a", "b"]);
}
