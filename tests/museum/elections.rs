//! Elections that nobody could win, and votes that counted though they must not.

use quorate::error::{CampaignError, CampaignRefusal, ProposeError, StepError};
use quorate::message::{HeartbeatResponse, Payload, RequestVote, VoteResponse};
use quorate::status::RoleKind;
use quorate::{ConfState, Config, Message, RawNode, bootstrap};

use crate::support::{Cluster, config, message, plain, store};
use crate::{
    accepted, append, hard_state, id, led_with, rejected, single, single_leader, store_of, vote, vote_request,
};

/// Pre-vote without check-quorum, which a group that is being switched over may have for a while.
fn pre_vote_only(id: u64) -> Config {
    let mut config = plain(id);
    config.settings_mut().pre_vote = true;
    config
        .settings_mut()
        .allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions = true;
    config
}

/// One leader, one term, and everybody follows it; and it still can write.
fn assert_healed(cluster: &mut Cluster) {
    let leader = cluster.leader().expect("a leader");
    cluster.commit(leader, "healed");
    for id in cluster.nodes.keys().copied().collect::<Vec<_>>() {
        assert_eq!(cluster.term(id), cluster.term(leader));
        assert_eq!(cluster.raw(id).status().soft_state.leader, Some(leader));
        assert_eq!(cluster.data(id).last().map(String::as_str), Some("healed"));
    }
    cluster.assert_consistent();
}

/// Two of three are left: one with the longer log, the other with the higher term. The first one's
/// pre-votes were refused, and it never learnt of the term it had to exceed.
#[test]
fn m25_a_node_of_a_smaller_term_learns_of_the_higher_one_and_wins() {
    let mut cluster = Cluster::default();
    cluster
        .add(config(1), store_of(&[1, 2, 3], &[1; 9], hard_state(1, 1)))
        .unwrap();
    cluster
        .add(config(2), store_of(&[1, 2, 3], &[1; 4], hard_state(5, 1)))
        .unwrap();
    cluster.tick_all(100);
    assert_eq!(cluster.leader(), Some(1));
    assert_healed(&mut cluster);
}

/// A node that had campaigned without pre-vote, and came back with it, was ignored for ever: its log
/// was too short to win, and its term too high to follow.
#[test]
fn m26_a_node_with_a_higher_term_and_a_shorter_log_comes_back() {
    for config_after in [config, pre_vote_only] {
        let mut cluster = Cluster::new(3, plain);
        cluster.elect(1);
        cluster.isolate(3);
        cluster.commit(1, "a");
        for _ in 0..4 {
            cluster.node(3).campaign().unwrap();
            cluster.drain(3);
        }
        assert!(cluster.term(3) > cluster.term(1));
        for id in 1..=3 {
            let mut next = config_after(id);
            next.seed += 1000;
            cluster.restart_with(next);
        }
        cluster.heal();
        cluster.tick_all(100);
        assert_healed(&mut cluster);
    }
}

/// Two that asked for pre-votes at once still named their dead leader, so that each ignored the other.
#[test]
fn m27_two_that_ask_for_pre_votes_at_once_do_not_block_each_other() {
    let mut cluster = Cluster::led(3);
    cluster.tick_all(2);
    cluster.isolate(1);
    for id in [2, 3] {
        cluster.node(id).set_election_timeout_draw(10);
    }
    cluster.tick(2, 10);
    cluster.tick(3, 10);
    for id in [2, 3] {
        assert_eq!(cluster.role(id), RoleKind::PreCandidate);
        assert_eq!(cluster.raw(id).status().soft_state.leader, None);
    }
    cluster.tick_all(60);
    cluster.heal();
    cluster.tick_all(20);
    assert_ne!(cluster.leader(), Some(1));
    assert_healed(&mut cluster);
}

/// A node of a higher term could not win, because the others heard a leader, nor follow that leader,
/// because its term was lower.
#[test]
fn m28_a_candidate_that_is_stuck_in_a_higher_term_is_freed() {
    let mut cluster = led_with(3, |config| config.settings_mut().pre_vote = false);
    cluster.isolate(3);
    cluster.tick_all(60);
    assert!(cluster.term(3) > cluster.term(1));
    assert_eq!(
        (cluster.role(1), cluster.role(3)),
        (RoleKind::Leader, RoleKind::Candidate)
    );
    cluster.heal();
    cluster.tick_all(60);
    assert_healed(&mut cluster);
}

/// Whoever sent a message of a higher term was taken for its leader.
#[test]
fn m29_only_a_leaders_message_names_a_leader() {
    let heartbeat = Payload::HeartbeatResponse(HeartbeatResponse::new(""));
    let others = [
        accepted((2, 1), 9, 1),
        rejected((2, 1), 9, 1, (1, 1)),
        vote_request((2, 1), 9, (9, 9), false),
        vote((2, 1), 9, false),
        message(2, 1, 9, heartbeat),
        message(2, 1, 9, Payload::transfer_leader(None)),
    ];
    for message in others {
        let mut node = single(plain(1), store(&[1, 2, 3]));
        node.step(message.clone());
        assert_eq!(
            (node.term(1), node.raw(1).status().soft_state.leader),
            (9, None),
            "{message}"
        );
    }
    let mut node = single(plain(1), store(&[1, 2, 3]));
    node.step(append((2, 1), 9, (1, 1), &[], 1));
    assert_eq!((node.term(1), node.raw(1).status().soft_state.leader), (9, Some(2)));
}

/// The longer log won, whatever its last term was.
#[test]
fn m31_the_last_term_decides_before_the_length() {
    let ours = (3, 5);
    for (theirs, granted) in [
        ((3, 5), true),
        ((3, 6), true),
        ((4, 2), true),
        ((3, 4), false),
        ((2, 9), false),
    ] {
        let mut cluster = single(plain(1), store_of(&[1, 2, 3], &[1, 1, 2, 3, 3], hard_state(3, 0)));
        cluster.step(vote_request((2, 1), 7, theirs, false));
        cluster.drain(1);
        assert_eq!(cluster.pool, [vote((1, 2), 7, granted)], "{theirs:?} asks {ours:?}");
    }
}

/// A pre-vote was refused because the voter still took the candidate for its leader.
#[test]
fn m32_a_leader_that_was_deposed_by_itself_may_ask_for_pre_votes() {
    let mut cluster = Cluster::led(3);
    cluster.isolate(1);
    cluster.restart(1);
    cluster.heal();
    for id in [2, 3] {
        cluster.node(id).set_election_timeout_draw(100);
        cluster.tick(id, 10);
        assert_eq!(cluster.raw(id).status().soft_state.leader, Some(1));
    }
    cluster.elect(1);
}

/// Granting a pre-vote put off the voter's own candidacy, so that one that could not win held up the
/// one that could.
#[test]
fn m32_granting_a_pre_vote_does_not_put_off_an_election() {
    let mut cluster = single(plain(1), store(&[1, 2, 3]));
    cluster.tick(1, 5);
    let before = cluster.raw(1).next_deadline();
    let request = RequestVote::new(id((1, 9))).with_pre_vote(true);
    cluster.step(message(2, 1, 1, Payload::RequestVote(request)));
    cluster.drain(1);
    let granted = Payload::VoteResponse(VoteResponse::new(true).with_pre_vote(true).with_committed(id((1, 1))));
    assert_eq!(cluster.pool, [message(1, 2, 1, granted)]);
    assert_eq!(cluster.raw(1).next_deadline(), before);
}

/// Nodes that do not vote campaigned, bootstrapped themselves, and their votes counted.
#[test]
fn m33_who_does_not_vote_does_not_campaign_either() {
    let with_learner = ConfState::of_voters([1, 2, 3]).with_learners([4]);
    for conf_state in [
        with_learner.clone(),
        ConfState::of_voters([1, 2, 3]),
        ConfState::default(),
    ] {
        let mut storage = quorate::MemoryStorage::new();
        storage.set_conf_state(conf_state, 0);
        let mut node = RawNode::new(config(4), storage).unwrap();
        assert_eq!(node.campaign(), Err(CampaignError::Refused(CampaignRefusal::NotVoter)));
        assert_eq!(node.advance_ticks(1_000), Ok(1_000));
        node.step(message(1, 4, 1, Payload::TimeoutNow)).unwrap();
        assert_eq!(node.status().soft_state.role, RoleKind::Follower);
    }
    let learners_only = ConfState::default().with_learners([4]);
    assert!(bootstrap(1, &quorate::MemoryStorage::new(), &learners_only).is_err());

    let mut storage = quorate::MemoryStorage::new();
    storage.set_conf_state(with_learner, 0);
    let mut cluster = single(plain(1), storage);
    cluster.node(1).campaign().unwrap();
    cluster.drain(1);
    cluster.step(vote((4, 1), 1, true));
    cluster.step(vote((9, 1), 1, true));
    assert_eq!(cluster.role(1), RoleKind::Candidate);
    assert_eq!(cluster.errors, [StepError::UnknownPeer { from: 9 }]);
    cluster.step(vote((2, 1), 1, true));
    assert_eq!(cluster.role(1), RoleKind::Leader);
}

/// With an even number of voters the median was off by one, so that half of them committed.
#[test]
fn m34_half_of_the_voters_is_no_quorum() {
    for (voters, needed) in [(vec![1, 2], 1), (vec![1, 2, 3, 4], 2), (vec![1, 2, 3, 4, 5, 6], 3)] {
        let mut cluster = single_leader(plain(1), store(&voters));
        let _ = cluster.propose(1, "a");
        cluster.drain(1);
        for (answers, peer) in (1..).zip(2..=*voters.last().unwrap()) {
            cluster.step(accepted((peer, 1), 1, 3));
            assert_eq!(
                cluster.committed(1),
                if answers < needed { 1 } else { 3 },
                "{answers} of {voters:?}"
            );
        }
    }
}

/// Entries of an earlier term were committed because a majority held them: Figure 8.
#[test]
fn m34_an_earlier_terms_entries_are_not_committed_by_counting() {
    let mut cluster = single_leader(plain(1), store_of(&[1, 2, 3], &[1, 2, 2], hard_state(3, 1)));
    for (index, committed) in [(2, 1), (3, 1), (4, 4)] {
        cluster.step(accepted((2, 1), 4, index));
        assert_eq!(cluster.committed(1), committed);
    }
}

/// Writes went on while leadership was handed over, so that the transferee's log was behind.
#[test]
fn m44_nothing_is_written_during_a_transfer() {
    let mut cluster = Cluster::led(3);
    cluster.cut_one_way(1, 2);
    cluster.commit(1, "a");
    cluster.node(1).transfer_leader(2).unwrap();
    assert_eq!(cluster.node(1).propose("b"), Err(ProposeError::Transferring { to: 2 }));
    cluster.heal();
    cluster.tick_all(3);
    assert_eq!(cluster.leader(), Some(2));
    assert_healed(&mut cluster);
}

/// That a transfer was under way was remembered for ever, after it had failed or the term had ended.
#[test]
fn m44_a_failed_transfer_is_forgotten() {
    for steps_down in [false, true] {
        let mut cluster = Cluster::new(3, plain);
        cluster.elect(1);
        cluster.cut_one_way(1, 2);
        cluster.tick(1, 5);
        cluster.node(1).transfer_leader(2).unwrap();
        cluster.tick(1, 9);
        assert_eq!(
            cluster.raw(1).status().transferee,
            Some(2),
            "it has one election timeout"
        );
        if steps_down {
            cluster.step(vote_request((3, 1), 9, (0, 0), false));
            cluster.elect(1);
        } else {
            cluster.tick(1, 1);
        }
        assert_eq!(cluster.raw(1).status().transferee, None);
        cluster.commit(1, "b");
        assert_eq!(cluster.data(3), ["b"]);
    }
}

/// The random timeout was drawn anew at every tick; and nodes of one seed all drew the same.
#[test]
fn m45_a_timeout_is_drawn_once_and_by_every_node_for_itself() {
    let mut node = RawNode::new(config(1), store(&[1, 2, 3])).unwrap();
    let drawn = node.next_deadline().unwrap();
    for left in (1..drawn).rev() {
        node.tick().unwrap();
        assert_eq!(node.next_deadline(), Some(left));
        assert!(!node.has_ready());
    }
    let draws = |seed: u64| -> Vec<u64> {
        let nodes = (1..=9).map(|id| RawNode::new(Config::new(id, seed), store(&[1, 2, 3, 4, 5, 6, 7, 8, 9])));
        nodes.map(|node| node.unwrap().next_deadline().unwrap()).collect()
    };
    for seed in 0..20 {
        let mut distinct = draws(seed);
        assert_eq!(distinct, draws(seed));
        assert!(distinct.iter().all(|ticks| (10..20).contains(ticks)));
        distinct.sort_unstable();
        distinct.dedup();
        assert!(distinct.len() > 2, "seed {seed}: {distinct:?}");
    }
}

/// A refusal that showed a higher term was counted as a vote.
#[test]
fn m46_only_a_vote_for_this_term_counts() {
    let answers: [(Message, RoleKind, u64); 4] = [
        (vote((2, 1), 9, false), RoleKind::Candidate, 10), // again, with no vote but its own
        (vote((2, 1), 9, true), RoleKind::Follower, 9),
        (vote((2, 1), 1, true), RoleKind::Candidate, 2),
        (vote((2, 1), 2, true), RoleKind::Leader, 2),
    ];
    for (answer, role, term) in answers {
        let mut cluster = single(plain(1), store_of(&[1, 2, 3], &[1], hard_state(1, 1)));
        cluster.node(1).campaign().unwrap();
        cluster.drain(1);
        cluster.step(answer.clone());
        assert_eq!((cluster.role(1), cluster.term(1)), (role, term), "{answer}");
    }
}

/// Stepping down within a term erased the vote, so that there was a second one.
#[test]
fn m46_a_candidate_that_steps_down_has_still_voted() {
    let mut cluster = single(plain(1), store(&[1, 2, 3]));
    cluster.node(1).campaign().unwrap();
    cluster.drain(1);
    cluster.step(append((2, 1), 1, (1, 1), &[], 1));
    cluster.drain(1);
    cluster.pool.clear();
    for restarts in [false, true] {
        if restarts {
            cluster.restart(1);
        }
        assert_eq!(cluster.raw(1).status().hard_state.vote, Some(1));
        cluster.step(vote_request((3, 1), 1, (1, 9), false));
        cluster.drain(1);
        let said: Vec<String> = cluster.take(|_| true).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["1->3 VoteResponse term=1 refused"]);
    }
}
