//! Thesis 6.4.1, "Using clocks to reduce messaging for read-only queries" (leases), with quorate's rule,
//! which is stricter: a lease rests on what voters promised and told, is counted from when the heartbeat
//! was sent, ends early by a margin, and survives neither a transfer nor a voter's restart.

use quorate::error::{CampaignError, CampaignRefusal};
use quorate::message::{HeartbeatResponse, Payload};
use quorate::status::RoleKind;
use quorate::{ConfState, Config, Event, HardState, Message, NodeId, ReadMode};

use crate::bench::{
    Bench, ME, answer_to, append, granted, heartbeat, in_term, install_snapshot, only, recipients, request_forced_vote,
    request_pre_vote, request_vote,
};
use crate::support::{Cluster, config, message, plain};

/// Election timeout 10 and margin 2, as by default.
fn lease(id: NodeId) -> Config {
    let mut config = config(id);
    config.settings_mut().read_mode = ReadMode::Lease;
    config
}

/// Promises are all that keeps this server from voting.
fn promising(id: NodeId) -> Config {
    let mut config = plain(id);
    config.settings_mut().lease_promises = true;
    config
}

/// A leader of `servers` that has committed in its term, and the round of heartbeats that it just sent.
fn leader(servers: u64) -> (Bench, Vec<Message>) {
    let mut bench = Bench::new(lease(ME), servers);
    bench.win();
    (2..=servers).for_each(|peer| drop(bench.ack(peer, 1)));
    let round = bench.tick(1);
    (bench, round)
}

fn lease_ticks(bench: &Bench) -> u64 {
    bench.group.raw(ME).status().lease_ticks
}

// ----- the leader's half

/// Once a majority answered its heartbeats, the leader answers reads without any message; its lease ends
/// an election timeout after, less the margin.
#[test]
fn a_majority_makes_a_lease() {
    for answering in 0..=4 {
        let (mut bench, round) = leader(5);
        (2..2 + answering).for_each(|peer| drop(bench.hear(peer, 1, answer_to(&round, peer, Some(10)))));
        let holds = answering >= 2;
        assert_eq!(lease_ticks(&bench), if holds { 8 } else { 0 });
        let said = bench.read("r");
        assert_eq!(
            (said.is_empty(), bench.reads().len()),
            (holds, usize::from(holds)),
            "{answering} of four"
        );
    }
}

/// The time counts from when the round was *sent*, however late its answers come.
#[test]
fn a_lease_counts_from_the_sending_of_the_heartbeat() {
    for late in 0..9 {
        let (mut bench, round) = leader(3);
        bench.tick(late);
        bench.hear(2, 1, answer_to(&round, 2, Some(10)));
        assert_eq!(
            lease_ticks(&bench),
            8_u64.saturating_sub(late),
            "the answer comes after {late} ticks"
        );
    }
}

/// What counts is what the voter promised; an answer without a promise (of another implementation, say)
/// counts for nothing.
#[test]
fn a_lease_needs_promises() {
    for (promised, ticks) in [
        (None, 0),
        (Some(0), 0),
        (Some(2), 0),
        (Some(3), 1),
        (Some(10), 8),
        (Some(99), 8),
    ] {
        let (mut bench, round) = leader(3);
        bench.hear(2, 1, answer_to(&round, 2, promised));
        assert_eq!(lease_ticks(&bench), ticks, "{promised:?}");
    }
}

/// Without answers the lease runs out; then a read takes a round of heartbeats, as without leases.
#[test]
fn without_a_lease_a_read_takes_a_round() {
    let (mut bench, round) = leader(3);
    bench.hear(2, 1, answer_to(&round, 2, Some(10)));
    bench.tick(7);
    assert_eq!(lease_ticks(&bench), 1);
    assert_eq!(bench.read("lease"), []);
    bench.tick(1);
    assert_eq!(lease_ticks(&bench), 0);
    let round = bench.read("round");
    assert_eq!(recipients(&round, "Heartbeat"), [2, 3]);
    assert_eq!(bench.reads(), [("lease", Ok(1))]);
    bench.hear(3, 1, answer_to(&round, 3, Some(10)));
    assert_eq!(bench.reads()[1..], [("round", Ok(1))]);
}

/// A lease does not replace the commit in the leader's own term.
#[test]
fn a_lease_read_needs_a_commit_in_the_term() {
    let mut bench = Bench::new(lease(ME), 3);
    bench.win();
    let round = bench.tick(1);
    bench.hear(2, 1, answer_to(&round, 2, Some(10)));
    bench.read("early");
    assert_eq!(bench.reads(), []);
    bench.ack(2, 1);
    bench.read("late");
    assert!(bench.reads().contains(&("late", Ok(1))));
}

/// Joint: the earlier end of both halves; the leader counts itself where it votes, learners nowhere.
#[test]
fn a_joint_lease_needs_both_majorities() {
    let conf_state = ConfState::of_voters([2, 3])
        .with_voters_outgoing([1, 4, 5])
        .with_learners([6, 7]);
    for (answering, holds) in [
        (&[2, 3, 4][..], true),
        (&[2, 3, 5], true),
        (&[2, 4, 5], false), // one of two, and 1, 4, 5
        (&[2, 3], false),    // both of two, and 1 alone
        (&[2, 3, 6, 7], false),
    ] {
        let mut bench = Bench::member(lease(ME), conf_state.clone());
        bench.win();
        let round = bench.tick(1);
        for peer in answering {
            bench.hear(*peer, 1, answer_to(&round, *peer, Some(10)));
        }
        assert_eq!(lease_ticks(&bench) > 0, holds, "{answering:?}");
    }
}

/// A leader that orders another server to stand gives its lease up, for the rest of its term: the vote
/// that it ordered passes by everybody's promise. (3.10 says no more than that it must.)
#[test]
fn a_transfer_ends_the_lease_for_good() {
    let (mut bench, round) = leader(3);
    bench.hear(2, 1, answer_to(&round, 2, Some(10)));
    assert_eq!(lease_ticks(&bench), 8);
    bench.group.node(ME).transfer_leader(3).unwrap();
    assert_eq!(recipients(&bench.said(), "TimeoutNow"), [3]);
    for _ in 0..30 {
        assert_eq!(lease_ticks(&bench), 0);
        let round = bench.tick(1);
        bench.hear(2, 1, answer_to(&round, 2, Some(10)));
    }
    assert_eq!(
        (bench.role(), bench.group.raw(ME).status().transferee),
        (RoleKind::Leader, None)
    );
}

// ----- the voter's half

/// A voter elects nobody else, and answers no such request, for an election timeout after it accepted a
/// message of the leader.
#[test]
fn a_voter_keeps_its_promise() {
    for heard in [
        append((0, 0), &[1], 0),
        heartbeat(0),
        install_snapshot((4, 1), &[1, 2, 3]),
    ] {
        for request in [request_vote((9, 1)), request_pre_vote((9, 1))] {
            for ticks in 0..=10 {
                let mut bench = Bench::new(promising(ME), 3);
                bench.hear(2, 1, heartbeat(0));
                bench.group.node(ME).set_election_timeout_draw(30);
                bench.tick(6);
                bench.hear(2, 1, heard.clone());
                bench.tick(ticks);
                let said = bench.hear(3, 7, request.clone());
                assert_eq!(said.len(), usize::from(ticks == 10), "{ticks} ticks after {heard:?}");
                assert!(ticks == 10 || bench.term() == 1);
            }
        }
    }
}

/// The promise is the voter's, not its role's: it outlives a later term, a forgotten leader, and messages
/// of an earlier term do not renew it.
#[test]
fn only_time_runs_a_promise_down() {
    type Change = fn(&mut Bench);
    let changes: [(&str, Change); 4] = [
        ("nothing", |_| {}),
        ("a later term", |bench| {
            drop(bench.hear(3, 6, crate::bench::accepted(0)));
        }),
        ("no leader", |bench| bench.group.node(ME).forget_leader().unwrap()),
        ("an old leader", |bench| drop(bench.hear(3, 4, heartbeat(0)))),
    ];
    for (name, change) in changes {
        let mut bench = Bench::new(promising(ME), 3);
        bench.hear(2, 5, heartbeat(0));
        bench.group.node(ME).set_election_timeout_draw(30);
        bench.tick(4);
        change(&mut bench);
        bench.group.node(ME).set_election_timeout_draw(30);
        bench.tick(5);
        assert_eq!(bench.hear(3, 8, request_vote((9, 1))), [], "after {name}");
        bench.tick(1);
        assert_eq!(
            only(bench.hear(3, 8, request_vote((9, 1)))).payload,
            granted(),
            "after {name}"
        );
    }
}

/// Nor does it stand for election itself.
#[test]
fn who_promised_does_not_stand() {
    let mut bench = Bench::new(promising(ME), 3);
    bench.hear(2, 1, heartbeat(0));
    bench.tick(3);
    let refusal = CampaignRefusal::Promised(7);
    assert_eq!(bench.group.node(ME).campaign(), Err(CampaignError::Refused(refusal)));
    assert_eq!((bench.role(), bench.term()), (RoleKind::Follower, 1));
    bench.group.node(ME).set_election_timeout_draw(4);
    bench.tick(1);
    assert_eq!(bench.role(), RoleKind::Follower);
    let reason = CampaignRefusal::Promised(6);
    assert!(bench.events().contains(&Event::CampaignRefused { reason }));
}

/// A promise is told only when the term is durable: after a crash nothing else would make it hold.
#[test]
fn a_promise_is_told_when_the_term_is_durable() {
    let mut bench = Bench::new(config(ME), 3);
    let promised = |said: Vec<Message>| match only(said).payload {
        Payload::HeartbeatResponse(HeartbeatResponse { promised_ticks, .. }) => promised_ticks,
        other => panic!("an answer to a heartbeat: {other:?}"),
    };
    assert_eq!(promised(bench.hear(2, 1, heartbeat(0))), None);
    assert_eq!(promised(bench.hear(2, 1, heartbeat(0))), Some(10));
    assert_eq!(
        promised(bench.hear(2, 2, heartbeat(0))),
        None,
        "term 2 is not durable yet"
    );
}

/// After a restart a voter does not know what it promised: it is silent for an election timeout, while it
/// serves a leader as always.
#[test]
fn a_restarted_voter_is_silent() {
    let asked = [
        request_vote((9, 3)),
        request_pre_vote((9, 3)),
        request_forced_vote((9, 3)),
        Payload::TimeoutNow,
    ];
    for (term, restarted) in [(3, true), (0, false)] {
        for request in &asked {
            let mut bench = Bench::with_log(Config::new(ME, 5), 3, &[], in_term(term));
            bench.group.node(ME).set_election_timeout_draw(30);
            let campaign = bench.group.node(ME).clone().campaign();
            assert_eq!(campaign.is_err(), restarted);
            let said = bench.hear(2, term + 3, request.clone());
            assert_eq!(said.is_empty(), restarted, "{request:?}");
            if restarted {
                assert_eq!(bench.term(), term);
                bench.tick(10);
                assert_ne!(bench.hear(2, term + 3, request.clone()), [], "{request:?}");
            }
        }
    }
    let mut bench = Bench::with_log(Config::new(ME, 5), 3, &[], in_term(3));
    assert_eq!(recipients(&bench.hear(2, 3, heartbeat(0)), "HeartbeatResponse"), [2]);
    assert_eq!(
        recipients(&bench.hear(2, 3, append((0, 0), &[3], 1)), "AppendResponse"),
        [2]
    );
    assert_eq!(bench.applied(), [1]);
}

/// A restarted server that is the whole group promised nobody anything.
#[test]
fn a_group_of_one_is_not_silent() {
    let hard_state = HardState::new(3, None, 1);
    let mut bench = Bench::with_log(Config::new(ME, 5), 1, &[3], hard_state);
    bench.campaign();
    assert_eq!((bench.role(), bench.term()), (RoleKind::Leader, 4));
}

// ----- both

/// What all this is for: with clocks that agree, nobody leads a later term while an earlier leader holds
/// a lease, whatever is cut, and whoever restarts.
#[test]
fn no_lease_outlives_its_leaders_reign() {
    let (mut leases, mut successors) = (0, 0);
    for case in 0..60_u64 {
        let mut group = Cluster::new(3, |id| {
            let mut config = lease(id);
            config.seed = case * 31 + id;
            config.settings_mut().restart_silence_ticks = None;
            config
        });
        group.elect(ME);
        group.tick_all(case % 12);
        match case % 3 {
            0 => group.isolate(ME),
            1 => group.cut_one_way(2 + case % 2, ME),
            _ => {
                group.cut(ME, 2);
                group.cut(ME, 3);
                group.restart(2 + case % 2);
            }
        }
        for _ in 0..60 {
            group.tick_all(1);
            let leader = group.leader();
            for (id, node) in &group.nodes {
                let status = node.raw.status();
                leases += u64::from(status.lease_ticks > 0 && case % 3 != 1);
                if leader != Some(*id) {
                    assert_eq!(status.lease_ticks, 0, "case {case}: server {id} while {leader:?} leads");
                }
            }
            successors += u64::from(leader.is_some_and(|leader| leader != ME));
        }
    }
    assert!(
        leases > 100 && successors > 100,
        "{leases} and {successors}: both were there"
    );
}

/// The same where the leader hands over: once the order is out, nobody reads by a lease of the old term.
#[test]
fn no_lease_read_while_a_successor_may_be_elected() {
    let mut group = Cluster::new(3, lease);
    group.elect(ME);
    group.tick_all(3);
    assert!(group.raw(ME).status().lease_ticks > 0);
    group.node(ME).transfer_leader(2).unwrap();
    group.drain(ME);
    group.cut_one_way(2, ME); // it never learns that server 2 won
    group.cut_one_way(3, ME);
    group.settle();
    assert_eq!((group.role(ME), group.role(2)), (RoleKind::Leader, RoleKind::Leader));
    group.commit(2, "new");
    group.node(ME).read_index("r").unwrap();
    group.settle();
    assert_eq!(group.nodes[&ME].reads, [], "server 1 does not know of the new entry");
    assert_eq!(group.errors, []);
    let stale = message(ME, 3, 1, heartbeat(0));
    group.step(stale);
    group.settle();
    assert_eq!(group.nodes[&ME].reads, []);
}
