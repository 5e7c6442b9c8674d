//! The voter's half of the lease: what it promises to whom, what the promise forbids, and for how
//! long. Nothing but time ends a promise.

use quorate::error::{CampaignError, CampaignRefusal};
use quorate::event::VoteRefusal;
use quorate::message::{Payload, VoteResponse};
use quorate::status::RoleKind;
use quorate::status::RoleKind::{Candidate, Follower, Leader, PreCandidate};
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, EntryId, Event, HardState, Snapshot};

use crate::support::{Cluster, config, message, plain, store};
use crate::{accepted, alone, append, asked, events, hear, heartbeat, request, says, store_with};

/// A follower of three in term 2 that promises (and neither asks for pre-votes nor checks a quorum, so that
/// nothing but its promise speaks against a candidate).
fn promising() -> Cluster {
    let mut settings = plain(1);
    settings.settings_mut().lease_promises = true;
    let hard_state = HardState::new(2, None, 1).with_promised_ticks(10);
    let mut cluster = alone(settings, store_with(3, &[1], hard_state));
    cluster.node(1).set_election_timeout_draw(1000);
    cluster.tick(1, 10); // the silence is over
    cluster
}

fn promised(cluster: &Cluster) -> u64 {
    cluster.raw(1).status().promised_ticks
}

fn snapshot(index: u64) -> Payload {
    let conf_state = ConfState::of_voters([1, 2, 3]);
    let metadata = SnapshotMetadata::new(
        EntryId {
            term: index.min(2),
            index,
        },
        conf_state,
    );
    Payload::InstallSnapshot(Box::new(Snapshot::new(metadata, "")))
}

/// A message, its term, and the ticks promised after it: where nothing was promised, and where six
/// were left.
#[test]
fn what_makes_a_promise() {
    let cases: [(&str, u64, Payload, u64, u64); 15] = [
        ("a heartbeat", 2, heartbeat(1), 10, 10),
        ("an append", 2, append((1, 2), &[2], 1), 10, 10),
        ("an empty append", 2, append((1, 2), &[], 1), 10, 10),
        ("an append that does not fit", 2, append((2, 9), &[2], 1), 10, 10),
        ("a snapshot", 2, snapshot(9), 10, 10),
        ("a snapshot that brings nothing", 2, snapshot(1), 10, 10),
        ("a heartbeat of a later term", 3, heartbeat(1), 10, 10),
        ("an append of a later term", 3, append((1, 2), &[3], 1), 10, 10),
        ("a heartbeat of an earlier term", 1, heartbeat(1), 0, 6),
        ("an append of an earlier term", 1, append((1, 2), &[1], 1), 0, 6),
        ("a vote request", 3, request(false, (2, 9), false), 0, 6),
        ("a pre-vote", 3, request(true, (2, 9), false), 0, 6),
        ("a later term", 3, accepted(0), 0, 6),
        ("a wish to lead", 2, Payload::transfer_leader(None), 0, 6),
        ("an answer to a read", 2, Payload::read_index_response(1, ""), 0, 6),
    ];
    for (name, term, payload, fresh, renewed) in cases {
        for (before, expected) in [(false, fresh), (true, renewed)] {
            let mut cluster = promising();
            if before {
                hear(&mut cluster, 2, 2, heartbeat(1));
                cluster.tick(1, 4);
            }
            hear(&mut cluster, 2, term, payload.clone());
            assert_eq!(promised(&cluster), expected, "{name}");
        }
    }
    // Not with promises off.
    let mut cluster = alone(plain(1), store(&[1, 2, 3]));
    hear(&mut cluster, 2, 1, heartbeat(1));
    assert_eq!(promised(&cluster), 0);
}

/// What happens after a promise, and what is left of it then.
#[test]
fn nothing_but_time_ends_a_promise() {
    type Then = fn(&mut Cluster);
    let cases: [(&str, Then, u64, RoleKind); 9] = [
        ("one tick", |cluster| cluster.tick(1, 1), 9, Follower),
        ("nine ticks", |cluster| cluster.tick(1, 9), 1, Follower),
        ("ten ticks", |cluster| cluster.tick(1, 10), 0, Follower),
        (
            "ticks at once",
            |cluster| drop(cluster.node(1).advance_ticks(7)),
            3,
            Follower,
        ),
        (
            "a forgotten leader",
            |cluster| cluster.node(1).forget_leader().expect("sound"),
            10,
            Follower,
        ),
        (
            "a later term without a leader",
            |cluster| hear(cluster, 3, 7, accepted(0)),
            10,
            Follower,
        ),
        (
            "the earlier leader again",
            |cluster| hear(cluster, 3, 1, heartbeat(1)),
            10,
            Follower,
        ),
        (
            "an ordered campaign",
            |cluster| hear(cluster, 2, 2, Payload::TimeoutNow),
            10,
            Candidate,
        ),
        (
            "an ordered campaign that is won",
            |cluster| {
                hear(cluster, 2, 2, Payload::TimeoutNow);
                let payload = Payload::VoteResponse(VoteResponse::new(true));
                hear(cluster, 2, 3, payload);
            },
            10,
            Leader,
        ),
    ];
    for (name, then, left, role) in cases {
        let mut cluster = promising();
        hear(&mut cluster, 2, 2, heartbeat(1));
        then(&mut cluster);
        says(&mut cluster);
        assert_eq!((promised(&cluster), cluster.role(1)), (left, role), "{name}");
        // As long as some of it is left, nobody is voted for: no answer, no other term.
        let term = cluster.term(1);
        events(&mut cluster);
        for pre_vote in [true, false] {
            let said = asked(&mut cluster, 3, term + 1, request(pre_vote, (term, 9), false));
            assert_eq!(said.is_empty(), left > 0, "{name}");
            let reason = VoteRefusal::Promised(left);
            let refused = Event::VoteRefused {
                candidate: 3,
                term: term + 1,
                pre_vote,
                reason,
            };
            assert_eq!(events(&mut cluster).contains(&refused), left > 0, "{name}");
        }
        assert_eq!(cluster.term(1), term + u64::from(left == 0), "{name}");
        if left > 0 {
            assert_eq!(cluster.role(1), role, "{name}");
            // But for an election that the leader ordered.
            let said = asked(&mut cluster, 3, term + 1, request(false, (term, 9), true));
            assert_eq!(said, [format!("1->3 VoteResponse term={} granted", term + 1)], "{name}");
        }
    }
}

/// Requests of the very term that is promised for, and of an earlier one.
#[test]
fn requests_of_no_later_term() {
    let mut cluster = promising();
    hear(&mut cluster, 2, 2, heartbeat(1));
    assert!(
        asked(&mut cluster, 3, 2, request(false, (1, 9), false)).is_empty(),
        "dropped"
    );
    assert!(asked(&mut cluster, 3, 1, request(false, (1, 9), false)).is_empty());
    assert_eq!(cluster.raw(1).status().hard_state.vote, None);
}

/// Its own campaigns, too, are off: called for, or due, with or without a pre-vote.
#[test]
fn ones_own_campaign_is_off() {
    for pre_vote in [false, true] {
        let mut settings = plain(1);
        (
            settings.settings_mut().lease_promises,
            settings.settings_mut().pre_vote,
            settings.settings_mut().check_quorum,
        ) = (true, pre_vote, pre_vote);
        let mut cluster = alone(settings, store(&[1, 2, 3]));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster.node(1).set_election_timeout_draw(4);
        events(&mut cluster);
        let refused = CampaignError::Refused(CampaignRefusal::Promised(10));
        assert_eq!(cluster.node(1).campaign(), Err(refused));
        cluster.tick(1, 4);
        let reason = CampaignRefusal::Promised(6);
        assert_eq!(
            events(&mut cluster),
            [Event::CampaignRefused { reason }],
            "the one that was due"
        );
        let status = cluster.raw(1).status();
        assert_eq!((status.soft_state.role, status.soft_state.leader), (Follower, Some(2)));
        assert_eq!(status.hard_state.term, 1);
        cluster.tick(1, 5);
        assert!(cluster.node(1).campaign().is_err(), "one tick is left");
        cluster.tick(1, 1);
        let expected = if pre_vote { PreCandidate } else { Candidate };
        let _ = cluster.node(1).campaign();
        assert_eq!(cluster.role(1), expected);
    }
}

/// A heartbeat answer carries a promise only where a crash could not break it: once the term is
/// durable; and only where promises are made.
#[test]
fn promises_that_a_crash_keeps() {
    let answer = |cluster: &mut Cluster, term| {
        let node = cluster.node(1);
        node.step(message(2, 1, term, heartbeat(1))).expect("legal");
        let mut ready = node.ready().expect("a sound node").expect("something to do");
        let said = crate::texts(ready.take_messages());
        node.storage_mut().persist(&ready).expect("it works");
        node.advance(ready.persisted()).expect("the one that is out");
        said
    };
    let mut cluster = promising();
    let with = |term, ticks| vec![format!("1->2 HeartbeatResponse term={term}{ticks}")];
    assert_eq!(answer(&mut cluster, 2), with(2, " promised=10"), "a stored term");
    assert_eq!(
        answer(&mut cluster, 3),
        with(3, ""),
        "the first of another is not durable yet"
    );
    assert_eq!(answer(&mut cluster, 3), with(3, " promised=10"));
    // An append that raises the term is as good, once it is stored.
    let node = cluster.node(1);
    node.step(message(2, 1, 4, append((1, 2), &[], 1))).expect("legal");
    let ready = node.ready().expect("a sound node").expect("something to do");
    node.step(message(2, 1, 4, heartbeat(1))).expect("legal");
    node.storage_mut().persist(&ready).expect("it works");
    node.advance(ready.persisted()).expect("the one that is out");
    assert_eq!(
        says(&mut cluster),
        with(4, ""),
        "answered while the term was on its way to the disk"
    );
    assert_eq!(answer(&mut cluster, 4), with(4, " promised=10"));

    let mut silent = alone(plain(1), store(&[1, 2, 3]));
    for _ in 0..3 {
        assert_eq!(answer(&mut silent, 1), with(1, ""), "promises are off");
    }
}

/// Learners promise like everyone: by its own view a node may be one that votes already.
#[test]
fn learners_promise() {
    let mut storage = store(&[2, 3]);
    storage.set_conf_state(ConfState::of_voters([2, 3]).with_learners([1]), 1);
    let mut cluster = alone(config(1), storage);
    hear(&mut cluster, 2, 1, heartbeat(1));
    let said = asked(&mut cluster, 2, 1, heartbeat(1));
    assert_eq!(said, ["1->2 HeartbeatResponse term=1 promised=10"]);
    assert!(asked(&mut cluster, 3, 2, request(false, (1, 1), false)).is_empty());
    assert_eq!(cluster.term(1), 1);
}

/// Who is asked to forget its leader: a follower does, except where leases rest on it; and on the next
/// word of the leader it follows again.
#[test]
fn leaders_are_forgotten() {
    for (settings, forgets) in [(plain(1), true), (config(1), true), (crate::leases::leased(1), false)] {
        let mut cluster = alone(settings, store(&[1, 2, 3]));
        hear(&mut cluster, 2, 1, heartbeat(1));
        cluster.node(1).forget_leader().expect("a sound node");
        let told = Event::LeaderChanged { leader: None, term: 1 };
        assert_eq!(events(&mut cluster).contains(&told), forgets);
        let known = |cluster: &Cluster| cluster.raw(1).status().soft_state.leader;
        assert_eq!(known(&cluster), Some(2).filter(|_| !forgets));
        assert_eq!(cluster.node(1).propose("a").is_err(), forgets);
        hear(&mut cluster, 2, 1, heartbeat(1));
        assert_eq!(known(&cluster), Some(2));
    }
    // A leader does not forget itself, nor a candidate its candidacy.
    for voters in [1, 2] {
        let ids: Vec<u64> = (1..=voters).collect();
        let mut cluster = alone(plain(1), store(&ids));
        cluster.node(1).campaign().expect("it may");
        says(&mut cluster);
        let before = cluster.raw(1).clone();
        cluster.node(1).forget_leader().expect("a sound node");
        assert_eq!(*cluster.raw(1), before);
    }
}
