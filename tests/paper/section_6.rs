//! Section 6, "Cluster membership changes": joint consensus, and servers that are not in the group.
//!
//! In the paper a server uses the latest configuration in its log. In quorate, as in etcd, a
//! configuration takes effect at a server when the server applies it, that is, after it is committed;
//! what makes that safe is in `thesis_4`.

use quorate::membership::ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
use quorate::membership::{ConfChangeV2, Transition};
use quorate::status::RoleKind;
use quorate::{ConfState, NodeId};

use crate::bench::{
    Bench, ME, append, granted, heartbeat, only, plain_group, recipients, request_pre_vote, request_vote,
};
use crate::support::{Cluster, config, plain};

/// Server 1 in a joint configuration.
fn joint(incoming: &[NodeId], outgoing: &[NodeId]) -> Bench {
    let conf_state = ConfState::of_voters(incoming.iter().copied()).with_voters_outgoing(outgoing.to_vec());
    Bench::member(plain(ME), conf_state)
}

/// All pairs of halves that the tests below try.
const HALVES: [(&[NodeId], &[NodeId]); 4] = [
    (&[1, 2, 3], &[1, 4, 5]),
    (&[1, 2, 3, 4], &[1, 2, 5]),
    (&[2, 3], &[1, 4, 5]),
    (&[1, 2], &[3]),
];

fn subsets(ids: &[NodeId]) -> impl Iterator<Item = Vec<NodeId>> + '_ {
    (0..1_u32 << ids.len()).map(|bits| {
        let chosen = ids
            .iter()
            .enumerate()
            .filter(move |(place, _)| bits & (1 << place) != 0);
        chosen.map(|(_, id)| *id).collect()
    })
}

/// Whether these and server 1 itself are a majority of both halves.
fn both_majorities(chosen: &[NodeId], (incoming, outgoing): (&[NodeId], &[NodeId])) -> bool {
    let majority = |half: &[NodeId]| {
        let members = half.iter().filter(|id| **id == ME || chosen.contains(id));
        members.count() > half.len() / 2
    };
    majority(incoming) && majority(outgoing)
}

/// While the configuration is joint, entries go to all servers of both halves.
#[test]
fn joint_entries_go_to_the_servers_of_both_configurations() {
    for halves in HALVES {
        let mut bench = joint(halves.0, halves.1);
        let others = bench.others();
        bench.win();
        for peer in &others {
            bench.ack(*peer, 1);
        }
        let said = bench.propose("x");
        assert_eq!(recipients(&said, "Append"), others);
    }
}

/// Elections need a majority of the old *and* of the new configuration, so that neither decides
/// alone; and a server of either may lead.
#[test]
fn joint_elections_need_both_majorities() {
    for halves in HALVES {
        let others = joint(halves.0, halves.1).others();
        for voters in subsets(&others) {
            let mut bench = joint(halves.0, halves.1);
            bench.campaign();
            for voter in &voters {
                bench.hear(*voter, 1, granted());
            }
            let leads = bench.role() == RoleKind::Leader;
            assert_eq!(leads, both_majorities(&voters, halves), "{voters:?} of {halves:?}");
        }
    }
}

/// So does agreement on entries. A leader counts itself only in the half where it is a member.
#[test]
fn joint_agreement_needs_both_majorities() {
    for halves in HALVES {
        let others = joint(halves.0, halves.1).others();
        for acknowledging in subsets(&others) {
            let mut bench = joint(halves.0, halves.1);
            bench.win();
            for peer in &acknowledging {
                bench.ack(*peer, 1);
            }
            let expected = u64::from(both_majorities(&acknowledging, halves));
            assert_eq!(bench.committed(), expected, "{acknowledging:?} of {halves:?}");
        }
    }
}

/// Once the joint configuration is committed, the leader goes on to the new one: by itself, or, if it
/// was asked for like that, when it is told to. Never before, and client commands are served
/// meanwhile.
#[test]
fn the_new_configuration_follows_the_committed_joint_one() {
    for (transition, by_itself) in [(Transition::Auto, true), (Transition::JointExplicit, false)] {
        let mut group = plain_group(3);
        for id in [4, 5] {
            group.add(plain(id), quorate::MemoryStorage::new()).unwrap();
        }
        let mut change = ConfChangeV2::new([(AddNode, 4), (AddNode, 5), (RemoveNode, 2), (RemoveNode, 3)]);
        change.transition = transition;
        group.isolate(4);
        group.isolate(5);
        let _ = group.node(ME).propose_conf_change(change).unwrap();
        group.settle();
        let membership = |group: &Cluster| group.raw(ME).membership().to_string();
        assert!(group.raw(ME).membership().is_joint());
        group.commit(ME, "x");
        assert_eq!(group.data(ME), [""; 0], "the new half has no majority yet");
        group.heal();
        group.tick_all(3);
        assert_eq!(group.data(4), ["x"]);
        assert_eq!(group.raw(ME).membership().is_joint(), !by_itself);
        if !by_itself {
            let _ = group.node(ME).propose_conf_change(ConfChangeV2::leave_joint()).unwrap();
            group.settle();
        }
        assert_eq!(membership(&group), "voters=(1 4 5)");
        group.assert_consistent();
    }
}

/// The paper: a server uses a configuration as soon as it is in its log. quorate: as soon as it is
/// applied there; before that, the old one decides, on the leader too.
#[test]
fn a_configuration_takes_effect_when_it_is_applied() {
    let mut bench = Bench::leader(3);
    bench.ack(2, 1);
    let change = ConfChangeV2::new([(AddNode, 4)]);
    let _ = bench.group.node(ME).propose_conf_change(change).unwrap();
    bench.said();
    assert_eq!(bench.others(), [2, 3], "in the log, not committed");
    bench.ack(2, 2);
    assert_eq!(bench.others(), [2, 3, 4], "committed by the old majority, and applied");
}

/// New servers join as non-voting members, which get the log and are not counted; when they have
/// caught up they are made voters.
#[test]
fn new_servers_catch_up_before_they_vote() {
    let mut group = plain_group(3);
    group.commit(ME, "x");
    group.add(plain(4), quorate::MemoryStorage::new()).unwrap();
    let _ = group
        .node(ME)
        .propose_conf_change(ConfChangeV2::new([(AddLearnerNode, 4)]))
        .unwrap();
    group.settle();
    group.tick_all(2);
    assert_eq!(group.data(4), ["x"], "it gets the log");
    group.isolate(2);
    group.cut(ME, 3);
    group.commit(ME, "y");
    assert_eq!(group.data(ME), ["x"], "it is not counted");
    group.heal();
    group.tick_all(2);
    let _ = group
        .node(ME)
        .propose_conf_change(ConfChangeV2::new([(AddNode, 4)]))
        .unwrap();
    group.settle();
    group.isolate(2);
    group.commit(ME, "z");
    assert_eq!(group.data(4), ["x", "y", "z"], "three of four, of which it is one");
}

/// A learner does not stand for election, however long it hears nothing.
#[test]
fn non_voting_members_do_not_stand() {
    let conf_state = ConfState::of_voters([2, 3]).with_learners([ME]);
    let mut bench = Bench::member(plain(ME), conf_state);
    assert_eq!(bench.tick(100), []);
    assert_eq!((bench.role(), bench.term()), (RoleKind::Follower, 0));
}

/// A leader that is not in the new configuration manages the change, counting itself only among the
/// old, and steps down when the new configuration is committed; then one of the new servers wins.
#[test]
fn a_leader_outside_the_new_configuration_steps_down_at_the_end() {
    let mut group = plain_group(3);
    group.add(plain(4), quorate::MemoryStorage::new()).unwrap();
    let change = ConfChangeV2::new([(AddNode, 4), (RemoveNode, ME)]);
    let _ = group.node(ME).propose_conf_change(change).unwrap();
    group.settle();
    group.tick_all(2);
    assert_eq!(group.role(ME), RoleKind::Follower);
    assert_eq!(
        group.raw(2).membership().to_string(),
        "voters=(2 3 4)",
        "the others learned of it"
    );
    group.tick_all(200);
    let leader = group.leader().expect("one of those that are left");
    assert_ne!(leader, ME);
    group.commit(leader, "x");
    assert_eq!(group.data(4), ["x"]);
}

/// Servers that hear from a leader within the minimum election timeout disregard vote requests: no
/// term is adopted and no vote cast, so that removed servers disrupt nothing. (With check-quorum, as
/// by default. A request is not even answered.)
#[test]
fn vote_requests_are_disregarded_while_a_leader_is_heard() {
    let mut promises = config(ME);
    promises.settings_mut().lease_promises = false; // check-quorum alone does it
    for settings in [promises, config(ME)] {
        for request in [request_vote((9, 1)), request_pre_vote((9, 1))] {
            let mut bench = Bench::new(settings.clone(), 3);
            bench.group.node(ME).set_election_timeout_draw(19);
            bench.hear(2, 1, append((0, 0), &[1], 0));
            for _ in 0..9 {
                bench.tick(1);
                assert_eq!(bench.hear(3, 7, request.clone()), []);
                assert_eq!((bench.term(), bench.vote(), bench.known_leader()), (1, None, Some(2)));
            }
        }
        let mut leader = Bench::new(settings, 3);
        leader.win();
        assert_eq!(leader.hear(3, 7, request_vote((9, 6))), [], "a leader hears itself");
        assert_eq!(leader.role(), RoleKind::Leader);
    }
}

/// Normal elections are not affected: each server waits at least a minimum election timeout before
/// it stands, and then the others do not hear a leader any more either.
#[test]
fn normal_elections_are_not_affected() {
    let mut bench = Bench::new(config(ME), 3);
    bench.group.node(ME).set_election_timeout_draw(19);
    bench.hear(2, 1, heartbeat(0));
    bench.group.node(ME).set_election_timeout_draw(19);
    bench.tick(10);
    assert_eq!(only(bench.hear(3, 2, request_vote((0, 0)))).payload, granted());

    let mut group = Cluster::led(3);
    group.isolate(ME);
    group.tick_all(200);
    let leader = group.leader().expect("a new leader");
    assert_ne!(leader, ME);
}
