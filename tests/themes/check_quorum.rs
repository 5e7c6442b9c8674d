//! A leader that nobody answers steps down, and who hears a leader listens to no candidate (thesis
//! 6.2 and 4.2.3).

use quorate::event::{StepDownReason, VoteRefusal};
use quorate::message::{Payload, VoteResponse};
use quorate::status::RoleKind::{Candidate, Follower, Leader};
use quorate::{ConfState, Config, Event, HardState, NodeId};

use crate::support::{Cluster, config, plain, store};
use crate::{
    accepted, alone, append, asked, events, hear, heartbeat, heartbeat_answer, leading, rejected, request, says,
    store_with,
};

/// Check-quorum alone: without promises, so that only what is heard counts.
fn guarded(id: NodeId) -> Config {
    let mut config = plain(id);
    config.settings_mut().check_quorum = true;
    config
}

/// Node 1 leads this configuration in term 1; the others are made up.
fn leading_in(conf_state: ConfState) -> Cluster {
    let mut storage = store(&[1]);
    storage.set_conf_state(conf_state, 1);
    storage.sync();
    crate::lead(alone(guarded(1), storage), 9)
}

/// A configuration, who answers heartbeats, and whether the leader survives two periods.
#[test]
fn a_quorum_must_answer() {
    let voters = |ids: &[NodeId]| ConfState::of_voters(ids.iter().copied());
    let learners = |conf_state: ConfState, ids: &[NodeId]| conf_state.with_learners(ids.to_vec());
    let joint = |incoming: &[NodeId], outgoing: &[NodeId]| voters(incoming).with_voters_outgoing(outgoing.to_vec());
    let cases: [(ConfState, &[NodeId], bool); 14] = [
        (voters(&[1]), &[], true),
        (learners(voters(&[1]), &[2, 3]), &[], true),
        (voters(&[1, 2]), &[], false),
        (voters(&[1, 2]), &[2], true),
        (voters(&[1, 2, 3]), &[], false),
        (voters(&[1, 2, 3]), &[3], true),
        (voters(&[1, 2, 3, 4]), &[2], false),
        (voters(&[1, 2, 3, 4]), &[2, 4], true),
        (learners(voters(&[1, 2, 3]), &[4, 5]), &[4, 5], false),
        (joint(&[1, 2, 3], &[1, 4, 5]), &[2, 3], false),
        (joint(&[1, 2, 3], &[1, 4, 5]), &[4, 5], false),
        (joint(&[1, 2, 3], &[1, 4, 5]), &[2, 5], true),
        (joint(&[1, 2], &[3, 4, 5]), &[2, 3], false),
        (joint(&[1, 2], &[3, 4, 5]), &[2, 3, 4], true),
    ];
    for (conf_state, answering, survives) in cases {
        let name = format!("{conf_state:?}, {answering:?} answer");
        let mut cluster = leading_in(conf_state);
        assert_eq!(cluster.role(1), Leader, "{name}");
        for _ in 0..20 {
            cluster.tick(1, 1);
            says(&mut cluster);
            for from in answering {
                if cluster.role(1) == Leader {
                    hear(&mut cluster, *from, 1, heartbeat_answer());
                }
            }
        }
        assert_eq!(cluster.role(1) == Leader, survives, "{name}");
    }
}

/// What counts as an answer, and when: ticks before it arrives, and how long the leader lasts then.
#[test]
fn what_counts_as_an_answer() {
    let cases: [(&str, u64, Payload, u64); 8] = [
        ("a heartbeat answer", 5, heartbeat_answer(), 20),
        ("an accepted append", 5, accepted(2), 20),
        ("a rejected one", 5, rejected(1, (1, 1)), 20),
        ("just before the check", 9, heartbeat_answer(), 20),
        ("just after it is too late", 10, heartbeat_answer(), 10),
        ("a late vote", 5, Payload::VoteResponse(VoteResponse::new(true)), 10),
        ("a forwarded read", 5, Payload::read_index("r"), 10),
        ("a wish to lead", 5, Payload::transfer_leader(None), 15),
    ];
    for (name, wait, payload, lasts) in cases {
        let mut cluster = leading(2, guarded(1));
        events(&mut cluster);
        cluster.tick(1, wait);
        let term = u64::from(payload.carries_term());
        if cluster.role(1) == Leader {
            hear(&mut cluster, 2, term, payload);
        }
        let left = (wait..wait + 100).take_while(|_| {
            let leads = cluster.role(1) == Leader;
            cluster.tick(1, u64::from(leads));
            leads
        });
        // (A transfer has an election timeout of its own, and restarts the period.)
        assert_eq!(left.last().map_or(wait, |tick| tick + 1), lasts, "{name}");
        let reason = StepDownReason::QuorumSilent;
        assert!(
            events(&mut cluster).contains(&Event::SteppedDown { reason, term: 1 }),
            "{name}"
        );
        let status = cluster.raw(1).status();
        assert_eq!(
            (status.soft_state.role, status.soft_state.leader),
            (Follower, None),
            "{name}"
        );
        assert_eq!(status.hard_state.term, 1, "{name}");
    }
}

/// Without the check a leader leads until somebody tells it otherwise.
#[test]
fn without_the_check() {
    let mut cluster = leading(3, plain(1));
    cluster.tick(1, 100);
    assert_eq!(cluster.role(1), Leader);
}

/// A follower of node 2 in term 1: ticks since it heard it, and whether it looks at a request of
/// node 3 for term 2: with the check on, with it off, and when the leader itself ordered it.
#[test]
fn who_hears_a_leader_votes_for_nobody_else() {
    for pre_vote in [false, true] {
        let cases: [(bool, u64, bool, bool); 8] = [
            (true, 0, false, false),
            (true, 1, false, false),
            (true, 9, false, false),
            (true, 10, false, true),
            (true, 0, true, true),
            (true, 9, true, true),
            (false, 0, false, true),
            (false, 9, false, true),
        ];
        for (check_quorum, ticks, forced, answers) in cases {
            let name = format!("pre-vote: {pre_vote}, check: {check_quorum}, after {ticks}, forced: {forced}");
            let mut settings = plain(1);
            settings.settings_mut().check_quorum = check_quorum;
            let mut cluster = alone(settings, store(&[1, 2, 3]));
            hear(&mut cluster, 2, 1, heartbeat(1));
            cluster.node(1).set_election_timeout_draw(19);
            cluster.tick(1, ticks);
            events(&mut cluster);
            let said = asked(&mut cluster, 3, 2, request(pre_vote, (1, 9), forced));
            assert_eq!(said.len(), usize::from(answers), "{name}");
            assert_eq!(cluster.term(1), if answers && !pre_vote { 2 } else { 1 }, "{name}");
            let refusal = Event::VoteRefused {
                candidate: 3,
                term: 2,
                pre_vote,
                reason: VoteRefusal::LeaderAlive,
            };
            assert_eq!(events(&mut cluster).contains(&refusal), !answers, "{name}");
        }
    }
}

/// Neither does who leads itself, but for an election that it ordered; any other word of a later
/// term deposes it.
#[test]
fn a_leader_is_not_voted_away() {
    let cases: [(Payload, bool); 6] = [
        (request(false, (1, 9), false), true),
        (request(true, (1, 9), false), true),
        (request(false, (1, 9), true), false),
        (accepted(0), false),
        (append((1, 1), &[], 1), false),
        (heartbeat_answer(), false),
    ];
    for (payload, stays) in cases {
        let mut cluster = leading(3, guarded(1));
        let name = payload.name();
        hear(&mut cluster, 2, 2, payload);
        assert_eq!(cluster.role(1) == Leader, stays, "{name}");
    }
}

/// A candidate with a term ahead of the group's: nobody listens, until the leader hears of its term
/// and steps down; then all are in one term again.
#[test]
fn a_stuck_candidate_gets_free() {
    let mut cluster = Cluster::new(3, guarded);
    cluster.elect(1);
    cluster.isolate(3);
    for _ in 0..4 {
        cluster.node(3).campaign().expect("it may");
        cluster.drain(3);
    }
    cluster.take(|_| true);
    cluster.heal();
    cluster.node(3).campaign().expect("it may");
    cluster.settle();
    let roles = [1, 2, 3].map(|id| (cluster.role(id), cluster.term(id)));
    assert_eq!(roles, [(Leader, 1), (Follower, 1), (Candidate, 6)], "nobody listens");
    cluster.tick_all(1);
    assert_eq!(
        (cluster.role(1), cluster.term(1)),
        (Follower, 6),
        "it heard of the term"
    );
    cluster.elect(1);
    assert_eq!([1, 2, 3].map(|id| cluster.term(id)), [7; 3]);
}

/// A leader on the wrong side steps down; the other side elects another; afterwards there is one.
#[test]
fn a_group_moves_on_without_its_leader() {
    for settings in [guarded as fn(NodeId) -> Config, config] {
        let mut cluster = Cluster::new(5, settings);
        cluster.elect(1);
        for (a, b) in [(1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5)] {
            cluster.cut(a, b);
        }
        let _ = cluster.propose(1, "lost");
        cluster.tick_all(60);
        assert_ne!(cluster.role(1), Leader);
        let leader = cluster.leader().expect("three of five elect one");
        assert!([3, 4, 5].contains(&leader));
        cluster.commit(leader, "kept");
        cluster.heal();
        cluster.tick_all(60);
        for id in 1..=5 {
            assert_eq!(cluster.data(id), ["kept"]);
        }
    }
}

/// A node that is a voter and does not know it votes like any other, and follows whom it helped.
#[test]
fn a_voter_that_does_not_know_it() {
    let hard_state = HardState::new(1, None, 1);
    for known in [ConfState::of_voters([2, 3]), ConfState::default()] {
        let mut storage = store_with(3, &[1], hard_state);
        storage.set_conf_state(known, 1);
        let mut cluster = alone(guarded(1), storage);
        let said = asked(&mut cluster, 2, 2, request(false, (1, 2), false));
        assert_eq!(said, ["1->2 VoteResponse term=2 granted"]);
        hear(&mut cluster, 2, 2, append((1, 2), &[2], 1));
        let status = cluster.raw(1).status();
        assert_eq!((status.soft_state.leader, status.last_index), (Some(2), 3));
    }
}

/// A member that has just joined counts as heard until the next check.
#[test]
fn a_new_member_has_a_period_to_be_heard() {
    use quorate::membership::ConfChangeKind::AddNode;
    use quorate::membership::ConfChangeV2;
    let mut cluster = leading(1, guarded(1));
    cluster.tick(1, 5);
    let _ = cluster
        .node(1)
        .propose_conf_change(ConfChangeV2::new([(AddNode, 2)]))
        .expect("it may");
    says(&mut cluster);
    assert!(cluster.raw(1).progress().all(|member| member.recent_active));
    cluster.tick(1, 5);
    assert_eq!(cluster.role(1), Leader, "the first check");
    cluster.tick(1, 10);
    assert_eq!(cluster.role(1), Follower, "the second");
}
