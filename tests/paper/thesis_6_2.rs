//! Thesis 6.2: a leader that cannot reach a majority steps down (check-quorum, on by default).

use quorate::event::StepDownReason;
use quorate::ready::ReadRefusal;
use quorate::status::RoleKind;
use quorate::{Event, NodeId};

use crate::bench::{Bench, ME, accepted, heartbeat_answer};
use crate::support::{Cluster, config, plain};

/// A leader steps down if an election timeout passes without an answer from a majority; any answer
/// counts, and each period anew.
#[test]
fn a_leader_needs_answers_of_a_majority_in_each_election_timeout() {
    for answering in 0..=4_u64 {
        for answer in [heartbeat_answer(), accepted(1)] {
            let mut bench = Bench::new(config(ME), 5);
            bench.win();
            for _ in 0..3 {
                for peer in 2..2 + answering {
                    let term = bench.term();
                    bench.hear(peer, term, answer.clone());
                }
                bench.tick(10);
            }
            let leads = bench.role() == RoleKind::Leader;
            assert_eq!(leads, answering >= 2, "{answering} of four others answer");
        }
    }
}

/// It does so in time and says why; without check-quorum it goes on for ever.
#[test]
fn an_isolated_leader_steps_down_after_an_election_timeout() {
    for settings in [config, plain] {
        let mut group = Cluster::new(3, settings);
        group.elect(ME);
        group.isolate(ME);
        group.tick(ME, 20);
        let guarded = settings(ME).settings().check_quorum;
        assert_eq!(group.role(ME) == RoleKind::Leader, !guarded);
        let (reason, term) = (StepDownReason::QuorumSilent, 1);
        let told = group.nodes[&ME].events.contains(&Event::SteppedDown { reason, term });
        assert_eq!(told, guarded);
    }
}

/// Learners are no part of the majority.
#[test]
fn learners_do_not_keep_a_leader() {
    let learners: Vec<NodeId> = vec![4, 5, 6];
    let mut bench = Bench::member(
        config(ME),
        quorate::ConfState::of_voters([1, 2, 3]).with_learners(learners.clone()),
    );
    bench.win();
    for _ in 0..20 {
        for learner in &learners {
            bench.hear(*learner, 1, heartbeat_answer());
        }
        bench.tick(1);
    }
    assert_eq!(bench.role(), RoleKind::Follower);
}

/// So that clients do not wait for ever on a leader that is cut off: its reads come back refused.
#[test]
fn a_leader_that_steps_down_lets_nobody_wait() {
    let mut bench = Bench::new(config(ME), 3);
    bench.win();
    bench.read("r");
    bench.tick(10);
    assert_eq!(bench.reads(), [("r", Err(ReadRefusal::LeaderChanged))]);
}
