//! Handing over to preferred leaders: how often, to whom, and what a rank does not count for.

use quorate::NodeId;

use crate::support::{Cluster, config, store};
use crate::{alone, asked, hear, heartbeat, request};

const TIMEOUT: u64 = 10;

/// Preferred voters that are well connected and may not campaign (their stores are not those that the configuration
/// names): however many there are, proposals are refused for one election timeout in so many.
#[test]
fn handovers_that_fail_are_rare_whoever_is_chosen() {
    for (voters, preferred, periods) in [(5, 1, 2), (5, 2, 2), (5, 2, 4), (7, 3, 3), (7, 3, 6)] {
        let ids: Vec<NodeId> = (1..=voters).collect();
        let mut cluster = Cluster::default();
        for id in &ids {
            let cannot = (2..2 + preferred).contains(id);
            let storage = if cannot {
                store(&ids).with_identity(100 + id)
            } else {
                store(&ids)
            };
            let mut config = config(*id);
            config.settings_mut().election_rank = u8::from(!cannot);
            config.settings_mut().transfer_to_preferred_ticks = Some(periods * TIMEOUT);
            cluster.add(config, storage).expect("legal");
        }
        cluster.elect(1);
        let mut refused = 0;
        for _ in 0..24 * TIMEOUT {
            cluster.tick_all(1);
            refused += u64::from(cluster.node(1).propose("x").is_err());
            cluster.settle();
        }
        let most = (24 / periods) * TIMEOUT;
        assert!(
            (1..=most).contains(&refused),
            "{preferred} of {voters}: {refused} refused, at most {most}"
        );
    }
}

/// The first that is chosen cannot take over; the next time it is another's turn.
#[test]
fn one_that_cannot_take_over_keeps_no_other_from_it() {
    let ids = [1, 2, 3, 4, 5];
    let mut cluster = Cluster::default();
    for id in ids {
        let storage = if id == 2 {
            store(&ids).with_identity(102)
        } else {
            store(&ids)
        };
        let mut config = config(id);
        config.settings_mut().election_rank = [2, 0, 1, 2, 2][usize::try_from(id).expect("few") - 1];
        config.settings_mut().transfer_to_preferred_ticks = Some(2 * TIMEOUT);
        cluster.add(config, storage).expect("legal");
    }
    cluster.elect(1);
    cluster.tick_all(6 * TIMEOUT);
    assert_eq!(cluster.leader(), Some(3));
}

/// A leader whose own rank is lowered hands over to nobody of a higher one, of whom it heard before.
#[test]
fn leadership_goes_to_a_lower_rank_only() {
    let rank = |id: NodeId| [3, 2, 3][usize::try_from(id).expect("few") - 1];
    let mut handed_over = 0;
    for ticks in 0..5 * TIMEOUT {
        let mut cluster = Cluster::new(3, |id| {
            let mut config = config(id);
            config.settings_mut().election_rank = rank(id);
            config.settings_mut().transfer_to_preferred_ticks = Some(3 * TIMEOUT);
            config
        });
        cluster.elect(1);
        cluster.tick_all(ticks);
        if cluster.leader() != Some(1) {
            handed_over += 1;
            continue;
        }
        let mut next = cluster.raw(1).config().clone();
        next.settings_mut().election_rank = 1;
        cluster.node(1).set_config(next).expect("legal");
        let term = cluster.term(1);
        cluster.tick_all(9 * TIMEOUT);
        assert_eq!((cluster.leader(), cluster.term(1)), (Some(1), term), "{ticks}");
    }
    assert!(handed_over > TIMEOUT, "{handed_over}");
}

/// The network delivers the leader's request for a vote once more: the leader is heard as before, so that nobody else
/// is voted for because of it, whatever the voter's rank.
#[test]
fn a_repeated_request_of_the_leader_is_no_loss_of_it() {
    let said = |rank| {
        let mut config = config(1);
        config.settings_mut().election_rank = rank;
        config.settings_mut().lease_promises = false;
        let mut cluster = alone(config, store(&[1, 2, 3]));
        asked(&mut cluster, 2, 1, request(false, (1, 1), false));
        hear(&mut cluster, 2, 1, heartbeat(0));
        asked(&mut cluster, 2, 1, request(false, (1, 1), false));
        asked(&mut cluster, 3, 2, request(false, (1, 1), false))
    };
    assert_eq!(said(1), said(0));
}
