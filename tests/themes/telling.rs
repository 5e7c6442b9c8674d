//! What a node tells of itself: status, counters, events.

use quorate::message::Payload;
use quorate::status::RoleKind::{Follower, Leader};
use quorate::status::{Counters, SoftState};
use quorate::{Event, HardState};

use crate::support::{Cluster, config, message, plain, store};
use crate::{accepted, alone, hear, leading, says};

/// Numbers in `Status`, role by role.
#[test]
fn status_tells() {
    let mut cluster = Cluster::new(3, config);
    let fresh = cluster.raw(2).status();
    assert_eq!(
        (fresh.id, fresh.last_index, fresh.applied, fresh.uncommitted_bytes),
        (2, 1, 1, 0)
    );
    assert_eq!(fresh.hard_state, HardState::new(0, None, 1));
    assert_eq!(fresh.soft_state, SoftState::new(None, Follower));
    cluster.elect(1);
    cluster.isolate(1);
    let _ = cluster.propose(1, "12345");
    cluster.drain(1);
    cluster.node(1).read_index("r").expect("it leads");
    cluster.node(1).transfer_leader(3).expect("a voter");
    let leader = cluster.raw(1).status();
    assert_eq!((leader.last_index, leader.applied, leader.uncommitted_bytes), (3, 2, 5));
    assert_eq!(leader.hard_state, HardState::new(1, Some(1), 2));
    assert_eq!(leader.soft_state, SoftState::new(Some(1), Leader));
    assert_eq!(
        (leader.transferee, leader.pending_reads, leader.corrupt),
        (Some(3), 1, None)
    );
    assert_eq!((leader.promised_ticks, leader.lease_ticks), (0, 0));
    let follower = cluster.raw(3).status();
    assert_eq!(
        follower.hard_state,
        HardState::new(1, Some(1), 2).with_promised_ticks(10)
    );
    assert_eq!((follower.soft_state.leader, follower.promised_ticks), (Some(1), 10));
    assert_eq!(cluster.raw(3).progress().count(), 0);
}

/// What is counted, and by how much each thing raises it.
#[test]
fn counters_count() {
    let mut cluster = leading(2, plain(1));
    let led = cluster.raw(1).counters();
    assert_eq!((led.campaigns, led.elections_won, led.entries_proposed), (1, 1, 1));
    hear(&mut cluster, 2, 1, accepted(2));
    let before = cluster.raw(1).counters();
    let _ = cluster.propose(1, "a");
    cluster.node(1).transfer_leader(2).expect("a voter");
    assert!(cluster.node(1).propose("b").is_err());
    assert!(cluster.node(1).step(message(9, 1, 1, accepted(2))).is_err());
    let said = says(&mut cluster).len();
    let after = cluster.raw(1).counters();
    assert_eq!(after.entries_proposed, before.entries_proposed + 1);
    assert_eq!(after.proposals_refused, before.proposals_refused + 1);
    assert_eq!(after.messages_received, before.messages_received + 1);
    assert_eq!(after.messages_refused, before.messages_refused + 1);
    assert_eq!(
        after.messages_sent,
        before.messages_sent + u64::try_from(said).expect("few")
    );
    assert_eq!(alone(plain(1), store(&[1])).raw(1).counters(), Counters::default());
}

/// Events ride along or are fetched, make no Ready, and are kept only so long.
#[test]
fn events_make_no_ready() {
    // A read that cannot be passed on brings an event, and nothing else.
    let mut cluster = alone(plain(1), store(&[1, 2, 3]));
    let read = || message(3, 1, 0, Payload::read_index("r"));
    let node = cluster.node(1);
    node.step(read()).expect("legal");
    assert!(!node.has_ready());
    assert_eq!(node.take_events(), [Event::ReadDropped { from: 3 }]);
    assert_eq!(node.take_events(), []);
    for _ in 0..1_000 {
        node.step(read()).expect("legal");
    }
    let kept = node.take_events().len();
    assert!((1..1_000).contains(&kept));
    assert_eq!(
        node.counters().events_dropped,
        1_000 - u64::try_from(kept).expect("few")
    );
    node.step(read()).expect("legal");
    node.campaign().expect("it may");
    let ready = node.ready().expect("a sound node").expect("something to do");
    assert_eq!(
        ready.events()[0],
        Event::ReadDropped { from: 3 },
        "they ride along, oldest first"
    );
    assert!(ready.events().contains(&Event::BecameCandidate {
        term: 1,
        pre_vote: false
    }));
}
