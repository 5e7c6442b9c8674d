//! The bounds on bytes: of an append, on their way to a peer, and waiting to be committed.

use quorate::Entry;
use quorate::error::ProposeError;
use quorate::message::Payload;
use quorate::status::RoleKind;

use crate::flow::Step::{Accept, Propose};
use crate::flow::take;
use crate::support::{Cluster, config, message, plain};
use crate::{hear, leading, says};

/// Proposals of one Ready, and the entries of each append that peer 2 gets.
#[test]
fn bytes_of_appends_and_windows() {
    /// A setting of: bytes of a message, bytes in flight, eager appends; proposals by their payload
    /// bytes (an entry is six bytes longer); the appends to peer 2.
    type Case = (&'static str, u64, u64, bool, &'static [usize], &'static str);
    let cases: [Case; 8] = [
        (
            "proposals share an append",
            1 << 20,
            0,
            false,
            &[1, 1, 1],
            "A1/2[3,4,5]c2",
        ),
        (
            "eager ones do not",
            1 << 20,
            0,
            true,
            &[1, 1, 1],
            "A1/2[3]c2 A1/3[4]c2 A1/4[5]c2",
        ),
        (
            "no bytes at all: an entry each",
            0,
            0,
            false,
            &[1, 1, 1],
            "A1/2[3]c2 A1/3[4]c2 A1/4[5]c2",
        ),
        ("two fit exactly", 32, 0, false, &[10, 10, 10], "A1/2[3,4]c2 A1/4[5]c2"),
        (
            "a byte less and they do not",
            31,
            0,
            false,
            &[10, 10, 10],
            "A1/2[3]c2 A1/3[4]c2 A1/4[5]c2",
        ),
        (
            "one that is too large goes alone",
            20,
            0,
            false,
            &[1, 99, 1],
            "A1/2[3]c2 A1/3[4]c2 A1/4[5]c2",
        ),
        (
            "the window counts payloads, and one append may overshoot",
            16,
            16,
            false,
            &[10, 10, 10],
            "A1/2[3]c2 A1/3[4]c2",
        ),
        (
            "a window that is just full",
            16,
            20,
            false,
            &[10, 10, 10],
            "A1/2[3]c2 A1/3[4]c2",
        ),
    ];
    for (name, message_bytes, window_bytes, eager, proposals, expected) in cases {
        let mut config = plain(1);
        (
            config.settings_mut().max_message_bytes,
            config.settings_mut().max_inflight_bytes,
        ) = (message_bytes, window_bytes);
        config.settings_mut().eager_appends = eager;
        let mut cluster = leading(3, config);
        take(&mut cluster, Accept(2));
        for bytes in proposals {
            let _ = cluster.node(1).propose(vec![b'x'; *bytes]).expect("there is room");
        }
        let sent = take(&mut cluster, Propose(0, 0));
        assert_eq!(sent, expected, "{name}");
    }
}

/// The cap on payload bytes that wait to be committed: what was proposed, what is proposed now, and
/// whether there is room.
#[test]
fn uncommitted_bytes() {
    let cases: [(&str, &[usize], usize, Option<u64>); 7] = [
        ("up to the cap", &[6], 4, None),
        ("one byte more", &[6], 5, Some(6)),
        ("the first may be larger than the cap", &[], 11, None),
        ("after which nothing fits", &[11], 1, Some(11)),
        ("but what is empty", &[11], 0, None),
        ("at the cap", &[10], 1, Some(10)),
        ("empty ones add nothing", &[0, 0, 10], 1, Some(10)),
    ];
    for (name, before, bytes, full) in cases {
        let mut config = plain(1);
        config.settings_mut().max_uncommitted_bytes = 10;
        let mut cluster = leading(3, config);
        take(&mut cluster, Accept(2));
        for bytes in before {
            drop(take(&mut cluster, Propose(1, *bytes)));
        }
        let outcome = cluster.node(1).propose(vec![b'x'; bytes]).map(|_| ());
        let expected = full.map_or(Ok(()), |waiting| Err(ProposeError::Full { waiting }));
        assert_eq!(outcome, expected, "{name}");
        // Once all of it is committed there is room again.
        let last = cluster.raw(1).status().last_index;
        says(&mut cluster);
        take(&mut cluster, Accept(last));
        assert_eq!(cluster.raw(1).status().uncommitted_bytes, 0, "{name}");
        assert!(cluster.node(1).propose("0123456789").is_ok(), "{name}");
    }
}

/// Entries that wait to be committed count for whoever leads next, and across a restart (D6).
#[test]
fn uncommitted_bytes_survive_elections() {
    for restart in [false, true] {
        let mut config = plain(1);
        config.settings_mut().max_uncommitted_bytes = 10;
        let mut cluster = leading(3, config);
        take(&mut cluster, Propose(1, 8));
        if restart {
            cluster.restart(1);
        } else {
            let term = cluster.term(1) + 1;
            hear(&mut cluster, 2, term, crate::heartbeat(0));
        }
        assert_eq!(cluster.role(1), RoleKind::Follower);
        cluster = crate::lead(cluster, 3);
        let refused = cluster.node(1).propose("abc");
        assert_eq!(refused, Err(ProposeError::Full { waiting: 8 }), "restart: {restart}");
        assert!(cluster.node(1).propose("ab").is_ok());
    }
}

/// One entry larger than the bound, alone or in a batch, at the leader or at a follower that would pass it on; a change
/// too. The bound itself is legal, and 0 is none.
#[test]
fn an_entry_has_a_bound() {
    for (max, len, fits) in [(4, 4, true), (4, 5, false), (0, 100, true)] {
        let mut cluster = Cluster::new(3, |id| {
            let mut settings = config(id);
            settings.settings_mut().max_entry_bytes = max;
            settings
        });
        cluster.elect(1);
        let refused = ProposeError::TooLarge { bytes: len, max };
        let data = vec![7; usize::try_from(len).expect("small")];
        for id in [1, 2] {
            let single = cluster.node(id).propose(data.clone()).map(|_| ());
            let batch = cluster.node(id).propose_batch([vec![7], data.clone()]).map(|_| ());
            let expected = if fits { Ok(()) } else { Err(refused.clone()) };
            assert_eq!((&single, &batch), (&expected, &expected), "node {id}, {max}");
        }
        cluster.settle();
        let entries = vec![Entry::new(0, 0, data)];
        let forwarded = message(3, 1, 0, Payload::propose(entries));
        let outcome = cluster.node(1).step(forwarded);
        assert_eq!(outcome.is_ok(), fits);
    }
}
