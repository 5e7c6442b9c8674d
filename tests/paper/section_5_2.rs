//! Section 5.2, "Leader election", beyond what Figure 2 says.

use std::collections::BTreeSet;

use quorate::status::RoleKind;

use crate::bench::{Bench, ME, append, granted, heartbeat, only, plain_group, recipients, refused, request_vote};
use crate::support::{Cluster, plain};

/// Servers start up as followers, restarted ones too.
#[test]
fn servers_start_as_followers() {
    assert_eq!(Bench::follower(3, &[], 0).role(), RoleKind::Follower);
    let mut bench = Bench::leader(3);
    bench.group.restart(ME);
    assert_eq!((bench.role(), bench.known_leader()), (RoleKind::Follower, None));
}

/// A server stays a follower as long as it hears from a leader or candidate.
#[test]
fn a_follower_that_hears_a_leader_stays_one() {
    let mut bench = Bench::follower(3, &[], 0);
    for _ in 0..20 {
        bench.tick(9);
        bench.hear(2, 1, heartbeat(0));
    }
    assert_eq!((bench.role(), bench.term()), (RoleKind::Follower, 1));
}

/// Leaders send periodic heartbeats to all followers, as often as the setting says.
#[test]
fn leaders_send_heartbeats_periodically() {
    let mut config = plain(ME);
    config.settings_mut().heartbeat_interval_ticks = 3;
    let mut bench = Bench::new(config, 4);
    bench.win();
    let heard: Vec<bool> = (0..9)
        .map(|_| recipients(&bench.tick(1), "Heartbeat") == [2, 3, 4])
        .collect();
    assert_eq!(heard, [false, false, true, false, false, true, false, false, true]);
}

/// A candidate that is the whole group has its majority by its own vote.
#[test]
fn a_group_of_one_elects_itself() {
    let mut bench = Bench::follower(1, &[], 0);
    assert_eq!(bench.campaign(), []);
    assert_eq!((bench.role(), bench.applied()), (RoleKind::Leader, vec![1]));
}

/// A majority of the *full* group wins, not of those that answered; a majority of refusals ends the
/// candidacy (the paper lets it time out).
#[test]
fn a_majority_of_the_full_group_wins() {
    for servers in 2..=7 {
        let majority = servers / 2 + 1;
        for yes in 0..servers {
            for no in 0..servers - yes {
                let mut bench = Bench::follower(servers, &[], 0);
                bench.campaign();
                (2..2 + yes).for_each(|id| drop(bench.hear(id, 1, granted())));
                (2 + yes..2 + yes + no).for_each(|id| drop(bench.hear(id, 1, refused())));
                let expected = if yes + 1 >= majority {
                    RoleKind::Leader
                } else if servers - no < majority {
                    RoleKind::Follower
                } else {
                    RoleKind::Candidate
                };
                assert_eq!(bench.role(), expected, "{yes} grant and {no} refuse of {servers}");
            }
        }
    }
}

/// Only votes of the same term count.
#[test]
fn votes_of_another_term_do_not_count() {
    let mut bench = Bench::follower(3, &[], 0);
    bench.campaign();
    bench.group.node(ME).set_election_timeout_draw(10);
    bench.tick(10);
    assert_eq!((bench.role(), bench.term()), (RoleKind::Candidate, 2));
    bench.hear(2, 1, granted());
    bench.hear(3, 1, granted());
    assert_eq!(bench.role(), RoleKind::Candidate);
    bench.hear(2, 2, granted());
    assert_eq!(bench.role(), RoleKind::Leader);
}

/// Each server votes for at most one candidate in a term: first come, first served.
#[test]
fn the_first_candidate_of_a_term_gets_the_vote() {
    let mut bench = Bench::follower(5, &[], 0);
    for (candidate, term, answer) in [
        (3, 1, granted()),
        (2, 1, refused()),
        (4, 1, refused()),
        (3, 1, granted()),
        (4, 2, granted()),
        (3, 2, refused()),
    ] {
        let said = only(bench.hear(candidate, term, request_vote((0, 0))));
        assert_eq!(said.payload, answer, "candidate {candidate} in term {term}");
    }
}

/// Once elected, a leader lets all other servers know, which prevents new elections.
#[test]
fn a_new_leader_is_known_to_all() {
    let group = plain_group(5);
    for id in 1..=5 {
        assert_eq!(group.raw(id).status().soft_state.leader, Some(ME));
    }
}

/// A candidate that hears a leader whose term is at least its own recognizes it; one whose term is
/// smaller it refuses and goes on.
#[test]
fn a_candidate_recognizes_a_leader_of_at_least_its_term() {
    for (term, role) in [
        (3, RoleKind::Candidate),
        (4, RoleKind::Follower),
        (5, RoleKind::Follower),
    ] {
        for payload in [append((0, 0), &[], 0), heartbeat(0)] {
            let mut bench = Bench::follower(3, &[], 3);
            bench.campaign();
            bench.hear(2, term, payload);
            assert_eq!(bench.role(), role, "a leader of term {term}, a candidate of term 4");
        }
    }
}

/// If nobody wins, each candidate times out and begins a new election with a higher term.
#[test]
fn candidates_without_a_winner_time_out() {
    let mut group = Cluster::new(3, plain);
    for id in 1..=3 {
        group.node(id).campaign().unwrap();
        group.drain(id);
    }
    group.settle();
    assert_eq!(group.leader(), None, "everybody voted for itself");
    group.tick_all(200);
    let leader = group.leader().expect("the timeouts differ");
    assert!(group.term(leader) > 1);
}

/// Election timeouts are drawn from a fixed interval: never below the setting, below twice of it,
/// all of the interval, and another one for each election.
#[test]
fn election_timeouts_are_drawn_from_an_interval() {
    let mut drawn = BTreeSet::new();
    for id in 1..=30 {
        let mut group = Cluster::new(30, plain);
        for _ in 0..5 {
            let before = group.term(id);
            let ticks = (1..100).find(|_| {
                group.tick(id, 1);
                group.term(id) > before
            });
            drawn.insert(ticks.expect("it stands for election at last"));
        }
    }
    assert_eq!(drawn, (10..20).collect());
}

/// The timeouts of different servers differ, so that in most cases one is ahead of the others and wins
/// before any other stands.
#[test]
fn split_votes_are_rare_and_resolved() {
    let groups = 40;
    let mut elections = 0;
    for seed in 0..groups {
        let mut group = Cluster::new(5, |id| {
            let mut config = plain(id);
            config.seed = seed * 100 + id;
            config
        });
        group.tick_all(200);
        let leader = group.leader().expect("a leader at last");
        elections += group.term(leader);
    }
    assert!(elections < 2 * groups, "{elections} elections for {groups} leaders");
}
