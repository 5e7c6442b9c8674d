//! Who is elected, who gets a vote, and what turns a node into what (section 5.2, 5.4.1).

use std::collections::BTreeSet;

use quorate::error::{CampaignError, CampaignRefusal};
use quorate::event::VoteRefusal;
use quorate::message::{Payload, VoteResponse};
use quorate::status::RoleKind;
use quorate::status::RoleKind::{Candidate, Follower, Leader, PreCandidate};
use quorate::{ConfState, EntryId, Event, HardState, NodeId};

use crate::support::{Cluster, config, message, plain, store};
use crate::{
    accepted, alone, append, asked, events, hear, heartbeat, heartbeat_answer, id, leading, request, store_with,
};

/// Groups of so many voters, these of which are down; what becomes of node 1 when it campaigns, with
/// and without a pre-vote.
#[test]
fn a_majority_elects() {
    let cases: [(u64, &[NodeId], RoleKind, RoleKind); 9] = [
        (1, &[], Leader, Leader),
        (2, &[], Leader, Leader),
        (2, &[2], Candidate, PreCandidate),
        (3, &[], Leader, Leader),
        (3, &[3], Leader, Leader),
        (3, &[2, 3], Candidate, PreCandidate),
        (4, &[3, 4], Candidate, PreCandidate),
        (4, &[4], Leader, Leader),
        (5, &[2, 4], Leader, Leader),
    ];
    for (n, down, plainly, asked_first) in cases {
        for (settings, expected) in [(plain as fn(NodeId) -> _, plainly), (config, asked_first)] {
            let mut cluster = Cluster::new(n, settings);
            for id in down {
                cluster.isolate(*id);
            }
            cluster.node(1).campaign().expect("it may");
            cluster.settle();
            assert_eq!(cluster.role(1), expected, "{down:?} of {n} down");
            let term = u64::from(expected != PreCandidate);
            assert_eq!(cluster.term(1), term, "{down:?} of {n} down");
        }
    }
}

/// Answers of voters of a group of five, in this order, and what a candidate makes of them.
#[test]
fn votes_are_counted_once() {
    type Case = (&'static str, &'static [(NodeId, bool)], RoleKind);
    let cases: [Case; 8] = [
        ("one is missing", &[(2, true)], Candidate),
        ("a majority", &[(2, true), (3, true)], Leader),
        ("none may vote twice", &[(2, true), (2, true), (2, true)], Candidate),
        ("nor think better of it", &[(2, false), (2, true), (3, true)], Candidate),
        ("a minority refuses", &[(2, false), (3, false)], Candidate),
        ("a majority refuses", &[(2, false), (3, false), (4, false)], Follower),
        (
            "what comes later is not heard",
            &[(2, false), (3, false), (4, false), (5, true)],
            Follower,
        ),
        (
            "two against two",
            &[(2, false), (3, false), (4, true), (5, true)],
            Leader,
        ),
    ];
    for (name, votes, expected) in cases {
        let mut cluster = alone(plain(1), store(&[1, 2, 3, 4, 5]));
        cluster.node(1).campaign().expect("it may");
        crate::says(&mut cluster);
        for (from, granted) in votes {
            let pre_vote = false;
            let granted = *granted;
            hear(
                &mut cluster,
                *from,
                1,
                Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote)),
            );
        }
        assert_eq!(cluster.role(1), expected, "{name}");
        assert_eq!(cluster.term(1), 1, "{name}");
    }
}

/// A voter in term 3 whose log ends with 2/3: whom it voted for and whom it follows, who asks for
/// which term with which log, and the refusal.
#[test]
fn the_vote_rule() {
    type Case = (
        Option<NodeId>,
        Option<NodeId>,
        NodeId,
        u64,
        (u64, u64),
        Result<(), VoteRefusal>,
    );
    let cases: [Case; 16] = [
        (None, None, 2, 3, (2, 3), Ok(())),
        (None, None, 2, 3, (2, 4), Ok(())),
        (None, None, 2, 3, (3, 2), Ok(())),
        (None, None, 2, 3, (2, 2), Err(VoteRefusal::LogBehind)),
        (None, None, 2, 3, (1, 9), Err(VoteRefusal::LogBehind)),
        (None, None, 2, 4, (1, 9), Err(VoteRefusal::LogBehind)),
        (None, None, 2, 4, (3, 1), Ok(())),
        (Some(2), None, 2, 3, (2, 3), Ok(())),
        (Some(2), None, 2, 3, (2, 2), Err(VoteRefusal::LogBehind)),
        (Some(3), None, 2, 3, (2, 3), Err(VoteRefusal::AlreadyVoted(3))),
        (Some(3), None, 2, 4, (2, 3), Ok(())),
        (None, Some(3), 2, 3, (2, 3), Err(VoteRefusal::HasLeader(3))),
        (None, Some(3), 2, 4, (2, 3), Ok(())),
        (Some(3), Some(3), 2, 3, (3, 9), Err(VoteRefusal::AlreadyVoted(3))),
        (Some(2), Some(2), 2, 3, (2, 3), Ok(())),
        (None, None, 7, 3, (2, 3), Ok(())),
    ];
    for (row, (vote, leader, from, term, last, expected)) in cases.into_iter().enumerate() {
        let hard_state = HardState::new(3, vote, 1);
        let mut cluster = alone(plain(1), store_with(3, &[1, 2], hard_state));
        if let Some(leader) = leader {
            hear(&mut cluster, leader, 3, heartbeat(1));
        }
        events(&mut cluster);
        let said = asked(&mut cluster, from, term, request(false, last, false));
        let word = if expected.is_ok() { "granted" } else { "refused" };
        assert_eq!(
            said,
            [format!("1->{from} VoteResponse term={term} {word}")],
            "row {row}"
        );
        let status = cluster.raw(1).status();
        assert_eq!(status.hard_state.term, term, "row {row}");
        if expected.is_ok() {
            assert_eq!(status.hard_state.vote, Some(from), "row {row}");
        }
        let told = events(&mut cluster);
        let refusal = told.iter().find_map(|event| match event {
            Event::VoteRefused { reason, .. } => Some(*reason),
            _ => None,
        });
        assert_eq!(refusal, expected.err(), "row {row}");
    }
}

/// Node 1 of three, in term 1 (as a pre-candidate for 2), in each role.
fn in_role(role: RoleKind) -> Cluster {
    let settings = if role == PreCandidate { config(1) } else { plain(1) };
    let hard_state = HardState::new(1, None, 1);
    let mut cluster = match role {
        Leader => return leading(3, settings),
        Candidate => alone(settings, store(&[1, 2, 3])),
        Follower | PreCandidate => alone(settings, store_with(3, &[], hard_state)),
    };
    if role != Follower {
        cluster.node(1).campaign().expect("it may");
    }
    crate::says(&mut cluster);
    assert_eq!((cluster.role(1), cluster.term(1)), (role, 1));
    cluster
}

const ROLES: [RoleKind; 4] = [Follower, PreCandidate, Candidate, Leader];

/// A message, and what it turns node 1 into: in each of the four roles the role and the term then.
#[test]
fn what_turns_a_node_into_what() {
    type Then = [(RoleKind, u64); 4];
    const SAME: Then = [(Follower, 1), (PreCandidate, 1), (Candidate, 1), (Leader, 1)];
    const FOLLOWS: Then = [(Follower, 2); 4];
    /// A pre-candidate asked for term 2 itself.
    const AGAIN: Then = [(Follower, 2), (Follower, 2), (Candidate, 3), (Follower, 2)];
    let answer = |pre_vote, granted| Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote));
    let cases: [(&str, u64, Payload, Then); 19] = [
        ("append", 2, append((1, 1), &[], 1), FOLLOWS),
        ("heartbeat", 2, heartbeat(1), FOLLOWS),
        ("append response", 2, accepted(0), FOLLOWS),
        ("heartbeat response", 2, heartbeat_answer(), FOLLOWS),
        ("vote response, refused", 2, answer(false, false), AGAIN),
        ("vote response, granted", 2, answer(false, true), FOLLOWS),
        ("pre-vote response, refused", 2, answer(true, false), AGAIN),
        ("vote request", 2, request(false, (1, 9), false), FOLLOWS),
        (
            "vote request with a short log",
            2,
            request(false, (0, 0), false),
            FOLLOWS,
        ),
        ("pre-vote", 2, request(true, (1, 9), false), SAME),
        (
            "pre-vote response, granted",
            2,
            answer(true, true),
            [(Follower, 1), (Candidate, 2), (Candidate, 1), (Leader, 1)],
        ),
        ("order to campaign", 2, Payload::TimeoutNow, [(Candidate, 3); 4]),
        (
            "order of this term",
            1,
            Payload::TimeoutNow,
            [(Candidate, 2), (PreCandidate, 1), (Candidate, 1), (Leader, 1)],
        ),
        (
            "heartbeat of this term",
            1,
            heartbeat(1),
            [(Follower, 1), (Follower, 1), (Follower, 1), (Leader, 1)],
        ),
        (
            "append of this term",
            1,
            append((1, 1), &[], 1),
            [(Follower, 1), (Follower, 1), (Follower, 1), (Leader, 1)],
        ),
        (
            "vote of this term",
            1,
            answer(false, true),
            [(Follower, 1), (PreCandidate, 1), (Leader, 1), (Leader, 1)],
        ),
        (
            "pre-vote of this term",
            1,
            answer(true, true),
            [(Follower, 1), (Candidate, 2), (Candidate, 1), (Leader, 1)],
        ),
        ("vote request of this term", 1, request(false, (1, 9), false), SAME),
        ("append response of this term", 1, accepted(1), SAME),
    ];
    for (name, term, payload, expected) in cases {
        for (role, then) in ROLES.into_iter().zip(expected) {
            let mut cluster = in_role(role);
            hear(&mut cluster, 2, term, payload.clone());
            assert_eq!((cluster.role(1), cluster.term(1)), then, "{name} at a {role:?}");
        }
    }
}

/// Messages of an earlier term change nobody, and are not answered, without check-quorum and
/// pre-vote; but for a request for a vote, which is refused.
#[test]
fn earlier_terms_are_forgotten() {
    let payloads = [
        append((1, 1), &[1], 1),
        heartbeat(1),
        accepted(1),
        heartbeat_answer(),
        request(false, (1, 9), false),
        Payload::VoteResponse(VoteResponse::new(true)),
        Payload::TimeoutNow,
    ];
    for payload in payloads {
        let hard_state = HardState::new(2, None, 1);
        let mut cluster = alone(plain(1), store_with(3, &[], hard_state));
        let before = cluster.raw(1).status();
        let name = payload.name();
        let answers = usize::from(matches!(payload, Payload::RequestVote(_)));
        assert_eq!(asked(&mut cluster, 2, 1, payload).len(), answers, "{name}");
        assert_eq!(cluster.raw(1).status(), before, "{name}");
    }
}

/// Why a node does not stand for election.
#[test]
fn who_may_not_campaign() {
    let learner = ConfState::of_voters([2, 3]).with_learners([1]);
    let with = |conf_state: ConfState| {
        let mut storage = store(&[2, 3]);
        storage.set_conf_state(conf_state, 1);
        alone(config(1), storage)
    };
    let mut snapshot_pending = alone(config(1), store(&[1, 2]));
    let snapshot = quorate::Snapshot::new(
        quorate::types::SnapshotMetadata::new(EntryId { term: 1, index: 9 }, ConfState::of_voters([1, 2])),
        "",
    );
    let payload = Payload::InstallSnapshot(Box::new(snapshot));
    snapshot_pending.node(1).step(message(2, 1, 1, payload)).expect("legal");
    let mut forgetful = config(1);
    forgetful.settings_mut().restart_silence_ticks = None;
    let hard_state = HardState::new(1, None, 1);
    let mut promised = alone(config(1), store(&[1, 2, 3]));
    hear(&mut promised, 2, 1, heartbeat(1));
    let cases = [
        (with(learner), CampaignRefusal::NotVoter),
        (with(ConfState::of_voters([2, 3])), CampaignRefusal::NotVoter),
        (with(ConfState::default()), CampaignRefusal::NotVoter),
        (leading(3, config(1)), CampaignRefusal::Leading),
        (snapshot_pending, CampaignRefusal::SnapshotPending),
        (promised, CampaignRefusal::Promised(10)),
        (
            alone(forgetful, store_with(3, &[], hard_state)),
            CampaignRefusal::Silent(10),
        ),
    ];
    for (mut cluster, reason) in cases {
        let before = cluster.raw(1).clone();
        let outcome = cluster.node(1).campaign();
        assert_eq!(outcome, Err(CampaignError::Refused(reason)));
        assert_eq!(*cluster.raw(1), before, "{reason}: it is as it was");
    }
}

/// Time alone: who campaigns after its timeout.
#[test]
fn timeouts() {
    let learner = ConfState::of_voters([2]).with_learners([1]);
    for (name, conf_state, campaigns) in [
        ("a voter", ConfState::of_voters([1, 2]), true),
        ("a learner", learner, false),
        ("a stranger", ConfState::of_voters([2]), false),
    ] {
        let mut storage = store(&[1, 2]);
        storage.set_conf_state(conf_state, 1);
        let mut cluster = alone(plain(1), storage);
        cluster.node(1).set_election_timeout_draw(7);
        cluster.tick(1, 6);
        assert_eq!(cluster.role(1), Follower, "{name}");
        cluster.tick(1, 1);
        assert_eq!(cluster.role(1) == Candidate, campaigns, "{name}");
        cluster.tick(1, 40);
        assert_eq!(cluster.role(1) == Candidate, campaigns, "{name}");
        assert_eq!(
            cluster.term(1) > 1,
            campaigns,
            "{name}: again and again, in ever later terms"
        );
    }
}

/// Every timeout from the least to the longest comes up, and no other: from one to two election timeouts, unless
/// the settings say otherwise; at a start, and where they change.
#[test]
fn bounds_of_timeouts() {
    for (min, max, expected) in [
        (None, None, 10..20),
        (None, Some(30), 10..30),
        (Some(15), None, 15..25),
        (Some(40), Some(43), 40..43),
    ] {
        let drawn = |at_start: bool| {
            let due = (0..400).map(|seed| {
                let mut settings = plain(1);
                settings.seed = seed;
                let before = settings.clone();
                settings.settings_mut().min_election_timeout_ticks = min;
                settings.settings_mut().max_election_timeout_ticks = max;
                let mut cluster = alone(if at_start { settings.clone() } else { before }, store(&[1, 2]));
                cluster.node(1).set_config(settings).expect("they may change");
                cluster.raw(1).next_deadline().expect("a voter acts by itself")
            });
            due.collect::<BTreeSet<u64>>()
        };
        assert_eq!(drawn(true), expected.clone().collect());
        assert_eq!(drawn(false), expected.collect());
    }
}

/// 1 may not stand, for its configuration names another store for it. It heard leader 2 for the last time two election
/// timeouts ago: whenever it is asked from then on, it answers.
#[test]
fn who_may_not_stand_does_not_stand_in_the_way() {
    let mut storage = store(&[1, 2, 3]);
    storage.set_conf_state(ConfState::of_voters([1, 2, 3]).with_identities([(1, 7)]), 1);
    storage.sync();
    let mut settings = config(1);
    settings.settings_mut().lease_promises = false;
    let mut cluster = alone(settings, storage);
    hear(&mut cluster, 2, 1, heartbeat(0));
    cluster.tick(1, 20);
    events(&mut cluster);
    let later = quorate::message::RequestVote::new(id(1, 9))
        .with_pre_vote(true)
        .with_configured_at(5);
    for tick in 0..40 {
        let said = asked(&mut cluster, 3, 2, Payload::RequestVote(later));
        assert_eq!(said, ["1->3 PreVoteResponse term=2 granted"], "{tick}");
        cluster.tick(1, 1);
    }
    let refused = CampaignRefusal::Disowned;
    assert!(events(&mut cluster).contains(&Event::CampaignRefused { reason: refused }));
}
