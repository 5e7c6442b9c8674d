//! D35: a group that was recovered from a lost quorum.

use quorate::error::StepError;
use quorate::message::Payload;
use quorate::types::RECOVERED;
use quorate::{Config, MemoryStorage, Message, RawNode};

use crate::support::{plain, store};
use crate::{append, message, single, vote_request};

/// Our group, theirs, whether messages without an id are accepted, and whether this one is taken.
#[test]
fn d35_a_recovered_group_and_any_other_never_meet() {
    let recovered = RECOVERED | 7;
    let cases = [
        (recovered, recovered, false, true),
        (recovered, 0, false, false),
        (recovered, 0, true, false), // the setting is not for it
        (recovered, 7, true, false), // what it was
        (7, recovered, true, false),
        (recovered, RECOVERED | 8, true, false), // recovered twice
        (0, recovered, false, false),            // what it was, without an id
        (0, recovered, true, false),
    ];
    for (ours, theirs, without, taken) in cases {
        let mut settings = plain(1);
        (settings.cluster_id, settings.settings_mut().accept_without_cluster_id) = (ours, without);
        let mut cluster = single(settings, store(&[1, 2, 3]).with_cluster_id(ours));
        let of_any_kind = [
            append(2, 1, 5, (1, 1)),
            vote_request(2, 1, 5, true),
            message(2, 1, 5, Payload::TimeoutNow),
            message(2, 9, 5, Payload::TimeoutNow), // misrouted: not looked at
        ];
        for message in of_any_kind {
            let before = cluster.raw(1).clone();
            let outcome = cluster.node(1).step(message.with_cluster_id(theirs));
            let refused = outcome == Err(StepError::ForeignCluster { theirs, ours });
            assert_eq!(refused, !taken, "{ours:x} {theirs:x} {without}: {outcome:?}");
            assert!(taken || *cluster.raw(1) == before);
        }
    }
}

/// A wiped node that joins knows what it may take from its first start, before it has heard anything.
#[test]
fn d35_who_joins_knows_it_from_the_start() {
    let mut settings = Config::new(3, 1);
    (settings.cluster_id, settings.settings_mut().accept_without_cluster_id) = (RECOVERED | 7, true);
    let storage = MemoryStorage::new().with_cluster_id(RECOVERED | 7);
    let mut node = RawNode::new(settings, storage).expect("an empty store");
    for theirs in [0, 7, RECOVERED | 8] {
        let said = Message::new(1, 3, 9, Payload::TimeoutNow).with_cluster_id(theirs);
        assert!(matches!(node.step(said), Err(StepError::ForeignCluster { .. })));
    }
}
