//! Why an entry is not committed, and why there is no lease.

use quorate::HardState;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate::message::{HeartbeatResponse, Payload};

use crate::explain::{index, lease, stored_in, voters};
use crate::leases::leased;
use crate::reads::rounds;
use crate::support::{Cluster, plain, store};
use crate::{accepted, alone, append, entries, hear, heartbeat, lead, leading};

fn follower() -> Cluster {
    let mut cluster = alone(plain(1), store(&[1, 2, 3]));
    hear(&mut cluster, 2, 1, append((1, 1), &[1, 1], 2));
    cluster
}

/// A leader of five, of whose log two peers hold all but the last entry.
fn fed() -> Cluster {
    let mut cluster = leading(5, plain(1));
    hear(&mut cluster, 2, 1, accepted(2));
    hear(&mut cluster, 3, 1, accepted(2));
    let _ = cluster.propose(1, "a");
    cluster.drain(1);
    cluster
}

fn of_an_earlier_term() -> Cluster {
    let mut storage = store(&[1, 2, 3]);
    storage.append(&entries(2, &[1, 1])).expect("in order");
    storage.set_hard_state(HardState::new(1, None, 1));
    storage.sync();
    let mut cluster = lead(alone(plain(1), storage), 3);
    hear(&mut cluster, 2, 2, accepted(3));
    cluster
}

fn joint() -> Cluster {
    let conf_state = voters(&[1, 2]).with_voters_outgoing([1, 3, 4]);
    let mut cluster = lead(alone(plain(1), stored_in(conf_state)), 4);
    hear(&mut cluster, 2, 1, accepted(2));
    cluster
}

/// A leader whose disk has not stored what was proposed.
fn before_it_is_stored() -> Cluster {
    let mut settings = plain(1);
    settings.settings_mut().async_storage_writes = true;
    let mut cluster = lead(alone(settings, store(&[1, 2, 3])), 3);
    let _ = cluster.propose(1, "a");
    cluster
}

/// Why an index is not committed.
#[test]
fn what_is_not_committed() {
    let forgetful = || {
        let mut cluster = follower();
        cluster.node(1).forget_leader().expect("a sound node");
        cluster
    };
    for (cluster, asked, expected) in [
        (follower(), 2, "Committed: index 2 is committed [section 5.3]"),
        (
            follower(),
            4,
            "BeyondLog: index 4 is not committed: the log ends at index 3 [section 5.3]",
        ),
        (
            follower(),
            3,
            "NotLeader: index 3 is not known to be committed here: ask node 2, which leads [section 5.3]",
        ),
        (
            forgetful(),
            3,
            "NotLeader: index 3 is not known to be committed here, and no leader is known [section 5.3]",
        ),
        (
            fed(),
            3,
            "Waiting: index 3 is not committed: acknowledged by (1), lacking (2 3 4 5), 2 more needed [section 5.3]",
        ),
        (
            of_an_earlier_term(),
            3,
            "Waiting: index 3 is not committed: acknowledged by (1), lacking (2 3), 1 more needed; it is of an earlier \
             term, and committed with index 4 [section 5.4.2]",
        ),
        (
            joint(),
            2,
            "Waiting: index 2 is not committed: incoming half: acknowledged by (1 2), which is a majority; outgoing \
             half: acknowledged by (1), lacking (3 4), 1 more needed [section 5.3]",
        ),
        (
            before_it_is_stored(),
            3,
            "Waiting: index 3 is not committed: lacking (1 2 3), 2 more needed [section 5.3]",
        ),
    ] {
        assert_eq!(index(cluster.raw(1), asked), expected);
    }
    let text = before_it_is_stored().raw(1).explain_index(3).to_string();
    let own = "\n  node 1 (matched 2): this leader's own disk has not acknowledged the log up to index 3 [thesis 10.2]";
    assert!(text.contains(own), "{text}");
}

/// A leader by lease, whose first entry is committed, or not.
fn leads(committed: bool) -> Cluster {
    let mut cluster = leading(3, leased(1));
    if committed {
        hear(&mut cluster, 2, 1, accepted(2));
    }
    cluster
}

/// A tick passes, and a heartbeat, which is answered with a promise, or not.
fn beat(mut cluster: Cluster, answered: bool) -> Cluster {
    cluster.tick(1, 1);
    let context = rounds(&mut cluster).pop().expect("a heartbeat a tick");
    if answered {
        let promised_ticks = Some(10);
        let answer = Payload::HeartbeatResponse(HeartbeatResponse::new(context).with_promised_ticks(promised_ticks));
        hear(&mut cluster, 2, 1, answer);
    }
    cluster
}

fn changing(mut cluster: Cluster, kind: ConfChangeKind, id: u64) -> Cluster {
    let change = ConfChangeV2::new([(kind, id)]);
    let _ = cluster.node(1).propose_conf_change(change).expect("it may");
    cluster.drain(1);
    cluster
}

/// Why there is no lease.
#[test]
fn what_is_missing_for_a_lease() {
    let held = || beat(leads(true), true);
    assert_eq!(held().raw(1).explain().lease, Ok(8));
    let ran_out = || (0..8).fold(held(), |cluster, _| beat(cluster, false));
    let given_up = || {
        let mut cluster = held();
        cluster.node(1).transfer_leader(2).expect("a voter");
        cluster.drain(1);
        cluster
    };
    let removed = || {
        let mut settings = leased(1);
        settings.settings_mut().step_down_on_removal = false;
        let mut cluster = leading(3, settings);
        hear(&mut cluster, 2, 1, accepted(2));
        let mut cluster = changing(cluster, ConfChangeKind::RemoveNode, 1);
        hear(&mut cluster, 2, 1, accepted(3));
        cluster
    };
    let follower = || {
        let mut cluster = alone(leased(1), store(&[1, 2, 3]));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster
    };
    let beyond =
        "NotPromised: no lease beyond the margin of 2 ticks: promised by (1), not by (2 3), 1 more needed; left";
    for (cluster, expected) in [
        (
            leading(3, plain(1)),
            "NotMeasured: no lease: the read mode is another one [thesis 6.4.1]".to_owned(),
        ),
        (
            follower(),
            "NotLeader: no lease: this node does not lead, ask node 2 [thesis 6.4.1]".to_owned(),
        ),
        (
            leads(true),
            format!("{beyond} 1:10, 2:0 (never came), 3:0 (never came) [D1]"),
        ),
        (ran_out(), format!("{beyond} 1:10, 2:2, 3:0 (never came) [D1]")),
        (
            given_up(),
            "GivenUp: no lease: it was given up for a transfer, until the term ends [D1]".to_owned(),
        ),
        (
            changing(held(), ConfChangeKind::AddNode, 4),
            "UnappliedChange: no lease: the log up to index 3 may hold a change, and is applied up to 2 only [D1]"
                .to_owned(),
        ),
        (
            beat(leads(false), true),
            "NothingCommitted: no lease: index 2, the first of this term, is not committed [thesis 6.4]".to_owned(),
        ),
        (removed(), "NotVoter: no lease: this leader is no voter [D1]".to_owned()),
    ] {
        assert_eq!(lease(cluster.raw(1)), expected);
    }
}
