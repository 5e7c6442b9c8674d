//! Section 5.1, "Raft basics": roles and terms, beyond what Figure 2 says.

use quorate::message::Payload;
use quorate::status::RoleKind;

use crate::bench::{
    Bench, ME, accepted, append, granted, heartbeat, heartbeat_answer, in_term, plain_group, recipients,
    request_pre_vote, request_vote, vote_answer,
};
use crate::support::{Cluster, config, plain};

/// In normal operation there is exactly one leader, and all others are followers.
#[test]
fn one_leads_and_the_others_follow() {
    let mut group = plain_group(5);
    group.tick_all(50);
    let roles: Vec<_> = (1..=5).map(|id| group.role(id)).collect();
    assert_eq!(roles[0], RoleKind::Leader);
    assert_eq!(roles[1..], [RoleKind::Follower; 4]);
}

/// Followers are passive: without a message and before an election timeout they say nothing.
#[test]
fn followers_issue_no_requests() {
    let mut bench = Bench::follower(3, &[1], 1);
    assert_eq!(bench.tick(9), []);
    let said = bench.hear(2, 1, append((1, 1), &[1], 2));
    assert!(said.iter().all(|message| message.payload.is_response()), "{said:?}");
}

/// Terms are numbered with consecutive integers, and each begins with an election.
#[test]
fn each_election_begins_the_next_term() {
    let mut bench = Bench::follower(3, &[], 0);
    for term in 1..=5 {
        bench.campaign();
        assert_eq!(bench.term(), term);
        bench.hear(2, term, heartbeat(0));
    }
}

/// A split vote ends a term without a leader; a new term begins with a new election.
#[test]
fn a_split_vote_ends_a_term_without_a_leader() {
    let mut group = Cluster::new(4, plain);
    for candidate in [1, 2] {
        group.node(candidate).campaign().unwrap();
        group.drain(candidate);
    }
    // Servers 3 and 4 hear different candidates first.
    let early = group.take(|message| (message.from, message.to) == (1, 3) || (message.from, message.to) == (2, 4));
    for message in early {
        group.step(message);
    }
    group.settle();
    assert_eq!((group.leader(), group.term(1), group.term(2)), (None, 1, 1));
    group.elect(3);
    assert_eq!(group.term(3), 2);
}

/// The current term is exchanged whenever servers communicate: everything but forwarded calls, which
/// have no term of their own, carries the sender's term.
#[test]
fn every_message_carries_the_senders_term() {
    let mut said = Bench::follower(3, &[1], 6).campaign();
    let mut leader = Bench::leader_after(3, &[1], 6);
    said.extend(leader.tick(1));
    leader.ack(2, 2);
    said.extend(leader.propose("x"));
    for payload in [append((1, 1), &[], 0), heartbeat(0), request_vote((1, 1))] {
        said.extend(Bench::follower(3, &[1], 6).hear(2, 7, payload));
    }
    assert_eq!(said.len(), 8);
    for message in said {
        assert_eq!(message.term, 7, "{message}");
    }
}

/// A candidate or leader that learns that its term is over becomes a follower at once; who leads it
/// does not know unless a leader told it.
#[test]
fn candidates_and_leaders_of_an_old_term_revert_at_once() {
    let told = [
        (heartbeat(0), Some(2)),
        (heartbeat_answer(), None),
        (request_vote((0, 0)), None),
    ];
    for (payload, leader) in told {
        let mut candidate = Bench::follower(3, &[], 0);
        candidate.campaign();
        for mut bench in [candidate, Bench::leader(3)] {
            bench.hear(2, 5, payload.clone());
            assert_eq!((bench.role(), bench.term()), (RoleKind::Follower, 5));
            assert_eq!(bench.known_leader(), leader);
        }
    }
}

/// A request with a term that is over is rejected: it changes nothing, in no role.
#[test]
fn requests_of_an_old_term_change_nothing() {
    let stale: [Payload; 6] = [
        append((1, 1), &[2], 1),
        heartbeat(1),
        request_vote((9, 2)),
        request_pre_vote((9, 2)),
        accepted(1),
        granted(),
    ];
    for settings in [plain(ME), config(ME)] {
        for role in [
            RoleKind::Follower,
            RoleKind::PreCandidate,
            RoleKind::Candidate,
            RoleKind::Leader,
        ] {
            for payload in &stale {
                let Some(mut bench) = in_role(role, settings.clone()) else {
                    continue;
                };
                let before = (
                    bench.term(),
                    bench.vote(),
                    bench.committed(),
                    bench.log(),
                    bench.known_leader(),
                );
                bench.hear(2, 2, payload.clone());
                let after = (
                    bench.term(),
                    bench.vote(),
                    bench.committed(),
                    bench.log(),
                    bench.known_leader(),
                );
                assert_eq!((bench.role(), after), (role, before), "{payload:?}");
            }
        }
    }
}

/// A server with one entry of term 1, in term 3 or 4, if these settings know the role.
fn in_role(role: RoleKind, settings: quorate::Config) -> Option<Bench> {
    let pre_vote = settings.settings().pre_vote;
    let mut bench = Bench::with_log(settings, 3, &[1], in_term(3));
    match role {
        RoleKind::Follower => {}
        RoleKind::PreCandidate if !pre_vote => return None,
        RoleKind::PreCandidate => drop(bench.campaign()),
        RoleKind::Candidate | RoleKind::Leader => {
            bench.campaign();
            if pre_vote {
                bench.hear(3, 4, vote_answer(true, true));
            }
            if role == RoleKind::Leader {
                bench.hear(3, 4, granted());
            }
        }
    }
    assert_eq!(bench.role(), role);
    Some(bench)
}

/// Requests are issued in parallel: a leader waits for nobody's answer before it asks the next.
#[test]
fn requests_go_out_in_parallel() {
    let mut bench = Bench::leader(5);
    for peer in 2..=5 {
        bench.ack(peer, 1);
    }
    bench.propose("x");
    let said = bench.propose("y");
    assert_eq!(
        recipients(&said, "Append"),
        [2, 3, 4, 5],
        "the answers to x are still out"
    );
}
