//! Pre-votes (thesis 9.6): what they must not disturb, and that they never get stuck.

use quorate::event::VoteRefusal;
use quorate::message::{Payload, VoteResponse};
use quorate::ready::{Ack, AckKind, TaskResponse};
use quorate::status::RoleKind;
use quorate::status::RoleKind::{Candidate, Follower, Leader, PreCandidate};
use quorate::{Config, HardState, NodeId};

use crate::support::{Cluster, config, message, plain, store};
use crate::{alone, append, asked, events, hear, heartbeat, request, says, store_with};

/// Pre-votes, and nothing else that keeps followers from voting.
fn asking_first(id: NodeId) -> Config {
    let mut config = plain(id);
    config.settings_mut().pre_vote = true;
    config
        .settings_mut()
        .allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions = true;
    config
}

/// A voter in term 3 whose log ends with 2/3: whom it voted for and whom it follows, for which term
/// is asked about and with which log; the refusal. Whatever the answer, the voter stays as it was.
#[test]
fn the_rule_for_pre_votes() {
    type Case = (Option<NodeId>, Option<NodeId>, u64, (u64, u64), Result<(), VoteRefusal>);
    let cases: [Case; 12] = [
        (None, None, 4, (2, 3), Ok(())),
        (Some(3), None, 4, (2, 3), Ok(())),
        (Some(3), Some(3), 4, (2, 3), Ok(())),
        (None, Some(3), 9, (2, 4), Ok(())),
        (None, None, 4, (2, 2), Err(VoteRefusal::LogBehind)),
        (None, Some(3), 9, (1, 9), Err(VoteRefusal::LogBehind)),
        (None, None, 3, (2, 3), Ok(())),
        (Some(2), None, 3, (2, 3), Ok(())),
        (Some(3), None, 3, (2, 3), Err(VoteRefusal::AlreadyVoted(3))),
        (None, Some(3), 3, (2, 3), Err(VoteRefusal::HasLeader(3))),
        (None, None, 2, (2, 3), Err(VoteRefusal::TermBehind)),
        (None, None, 2, (2, 1), Err(VoteRefusal::TermBehind)),
    ];
    for (row, (vote, leader, term, last, expected)) in cases.into_iter().enumerate() {
        let hard_state = HardState::new(3, vote, 1);
        let mut cluster = alone(asking_first(1), store_with(3, &[1, 2], hard_state));
        if let Some(leader) = leader {
            hear(&mut cluster, leader, 3, heartbeat(1));
        }
        cluster.tick(1, 3);
        events(&mut cluster);
        let (before, deadline) = (cluster.raw(1).status(), cluster.raw(1).next_deadline());
        let said = asked(&mut cluster, 2, term, request(true, last, false));
        // A grant is in the term that is asked about, a refusal in the voter's own.
        let answer = match expected {
            Ok(()) => format!("1->2 PreVoteResponse term={term} granted"),
            Err(_) => "1->2 PreVoteResponse term=3 refused".to_string(),
        };
        assert_eq!(said, [answer], "row {row}");
        assert_eq!(cluster.raw(1).status(), before, "row {row}");
        assert_eq!(
            cluster.raw(1).next_deadline(),
            deadline,
            "row {row}: its own patience too"
        );
    }
}

/// There is no way to say no in term 0.
#[test]
fn a_new_node_refuses_by_silence() {
    for (last, expected) in [((1, 1), "granted"), ((0, 0), "")] {
        let mut cluster = alone(asking_first(1), store(&[1, 2, 3]));
        let said = asked(&mut cluster, 2, 1, request(true, last, false));
        assert_eq!(said.len(), usize::from(!expected.is_empty()));
        assert!(said.iter().all(|text| text.ends_with(expected)), "{said:?}");
        assert_eq!(cluster.term(1), 0);
    }
}

/// Responses to a pre-candidate of five for term 2, and what comes of it: role, term.
#[test]
fn pre_votes_are_counted() {
    type Case = (&'static str, &'static [(NodeId, bool, u64)], (RoleKind, u64));
    let cases: [Case; 8] = [
        ("one is missing", &[(2, true, 2)], (PreCandidate, 1)),
        ("a majority", &[(2, true, 2), (3, true, 2)], (Candidate, 2)),
        ("a minority refuses", &[(2, false, 1), (3, false, 1)], (PreCandidate, 1)),
        (
            "a majority refuses",
            &[(2, false, 1), (3, false, 1), (4, false, 1)],
            (Follower, 1),
        ),
        ("nobody twice", &[(2, true, 2), (2, true, 2)], (PreCandidate, 1)),
        ("a refusal with the term asked for", &[(2, false, 2)], (Follower, 2)),
        ("a refusal with a later term", &[(2, false, 7)], (PreCandidate, 7)),
        ("two of them", &[(2, false, 7), (3, false, 8)], (Follower, 8)),
    ];
    for (name, answers, then) in cases {
        let hard_state = HardState::new(1, Some(5), 1);
        let mut cluster = alone(asking_first(1), store_with(5, &[], hard_state));
        cluster.node(1).campaign().expect("it may");
        says(&mut cluster);
        for (from, granted, term) in answers {
            let (pre_vote, granted) = (true, *granted);
            hear(
                &mut cluster,
                *from,
                *term,
                Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote)),
            );
        }
        assert_eq!((cluster.role(1), cluster.term(1)), then, "{name}");
        let kept = cluster.term(1) == 1;
        assert_eq!(
            cluster.raw(1).status().hard_state.vote == Some(5),
            kept,
            "{name}: its vote"
        );
    }
}

/// A pre-vote that nobody responds to is repeated after an election timeout, not sooner, in the same
/// term.
#[test]
fn pre_votes_are_repeated() {
    let mut cluster = alone(asking_first(1), store(&[1, 2, 3]));
    for times in 1..5 {
        cluster.node(1).set_election_timeout_draw(12);
        cluster.tick(1, 11);
        assert_eq!(says(&mut cluster), [""; 0]);
        cluster.tick(1, 1);
        let asked = [2, 3].map(|to| format!("1->{to} PreVote term=1 last=1/1"));
        assert_eq!(says(&mut cluster), asked, "for the {times}th time");
    }
}

/// Each pre-vote draws another timeout, also where a refusal of a higher term ends it, which resets no timer (D19):
/// else it may be behind the terms of one that does not ask first, for ever.
#[test]
fn pre_votes_are_not_in_step() {
    let mut cluster = alone(asking_first(1), store(&[1, 2, 3]));
    let mut waits = std::collections::BTreeSet::new();
    for term in 1..20 {
        let wait = cluster.raw(1).next_deadline().expect("a voter");
        cluster.tick(1, wait);
        assert_eq!(cluster.role(1), PreCandidate);
        let refused = Payload::VoteResponse(VoteResponse::new(false).with_pre_vote(true));
        hear(&mut cluster, 2, term, refused);
        assert_eq!((cluster.role(1), cluster.term(1)), (Follower, term));
        waits.insert(wait);
    }
    assert!(waits.len() > 5, "{waits:?}");
}

/// A pre-vote may be asked for at once; a vote waits for the disk (D12).
#[test]
fn what_is_asked_before_the_disk_knows() {
    for (settings, at_once) in [(asking_first(1), true), (plain(1), false)] {
        let mut cluster = alone(settings, store(&[1, 2, 3]));
        let node = cluster.node(1);
        node.campaign().expect("it may");
        let mut ready = node.ready().expect("a sound node").expect("something to do");
        assert_eq!(ready.take_messages().len() == 2, at_once);
        assert_eq!(ready.must_sync(), !at_once);
        node.storage_mut().persist(&ready).expect("it works");
        let mut done = ready.persisted();
        assert_eq!(done.take_messages().len() == 2, !at_once);
        node.advance(done).expect("the one that is out");
    }
}

/// A node that was cut off for long and comes back: does its term grow meanwhile, and does it depose
/// the leader?
#[test]
fn who_comes_back_disturbs_nobody() {
    type Settings = fn(NodeId) -> Config;
    let guarded = |id| {
        let mut config = config(id);
        config.settings_mut().pre_vote = false;
        config
    };
    let cases: [(&str, Settings, bool, bool); 4] = [
        ("plain", plain, true, true),
        ("asking for pre-votes", asking_first, false, false),
        ("check-quorum alone", guarded, true, true),
        ("both", config, false, false),
    ];
    for (name, settings, grows, deposes) in cases {
        let mut cluster = Cluster::new(3, settings);
        cluster.elect(1);
        cluster.isolate(3);
        cluster.tick_all(60);
        cluster.commit(1, "while it was away");
        assert_eq!(cluster.term(3) > 1, grows, "{name}");
        cluster.heal();
        cluster.tick_all(40);
        let leader = cluster.leader().expect("there is one again");
        assert_eq!(cluster.term(leader) > 1, deposes, "{name}");
        assert_eq!(cluster.data(3), ["while it was away"], "{name}");
        cluster.assert_consistent();
    }
}

/// Two candidates who cannot hear each other: one wins, the other's log is behind when they meet.
/// Who leads then, with a pre-vote and without.
#[test]
fn duels() {
    for (settings, leader) in [(plain as fn(NodeId) -> Config, None), (asking_first, Some(1))] {
        let mut cluster = Cluster::new(3, settings);
        cluster.cut(1, 3);
        cluster.node(1).campaign().expect("it may");
        cluster.node(3).campaign().expect("it may");
        cluster.settle();
        assert_eq!((cluster.role(1), cluster.role(2)), (Leader, Follower));
        assert_ne!(cluster.role(3), Leader);
        cluster.heal();
        cluster.node(3).campaign().expect("it may");
        cluster.settle();
        assert_eq!(cluster.leader(), leader, "the log of node 3 is short");
        assert_eq!(cluster.role(3), Follower);
        assert_eq!(cluster.term(1), if leader.is_none() { 2 } else { 1 });
    }
}

/// Two of three ask for pre-votes at once and both are told yes: the votes are split, and the next to time
/// out wins.
#[test]
fn a_split_vote_is_repeated() {
    let mut cluster = Cluster::new(3, asking_first);
    cluster.elect(1);
    cluster.isolate(1);
    for id in [2, 3] {
        cluster.node(id).campaign().expect("it may");
    }
    cluster.settle();
    let terms = [2, 3].map(|id| (cluster.term(id), cluster.role(id)));
    assert_eq!(terms, [(2, Candidate), (2, Candidate)]);
    cluster.node(3).campaign().expect("it may");
    cluster.settle();
    assert_eq!((cluster.role(3), cluster.term(3)), (Leader, 3));
    assert_eq!(cluster.role(2), Follower);
}

/// A group that is switched to pre-votes node by node, while one of them is in a later term with a
/// shorter log: it is heard, and everybody ends in its term with the longer log.
#[test]
fn a_later_term_with_a_shorter_log_gets_free() {
    for restarted in [&[1, 2, 3][..], &[1, 3], &[2, 3], &[3]] {
        let mut cluster = Cluster::new(3, plain);
        cluster.elect(1);
        cluster.isolate(3);
        cluster.commit(1, "beyond node 3");
        for _ in 0..3 {
            cluster.node(3).campaign().expect("it may");
            cluster.drain(3);
        }
        cluster.take(|_| true);
        for id in restarted {
            let mut settings = asking_first(*id);
            settings.seed = 100 + id;
            cluster.restart_with(settings);
        }
        assert_eq!(cluster.term(3), 4);
        cluster.heal();
        cluster.tick_all(80);
        let leader = cluster.leader().expect("one is elected");
        assert_ne!(leader, 3, "its log is behind");
        assert!(cluster.term(leader) > 4, "{restarted:?}");
        assert_eq!(cluster.data(3), ["beyond node 3"], "{restarted:?}");
    }
}

/// A leader of an earlier term hears of the later one where pre-votes or check-quorum are on, and
/// nowhere else.
#[test]
fn an_old_leader_is_told() {
    for (settings, told) in [(plain(1), false), (asking_first(1), true), (config(1), true)] {
        for payload in [append((1, 1), &[], 1), heartbeat(1)] {
            let hard_state = HardState::new(5, None, 1);
            let mut cluster = alone(settings.clone(), store_with(3, &[], hard_state));
            let said = asked(&mut cluster, 2, 3, payload);
            let expected = "1->2 AppendResponse term=5 accepted=0".to_string();
            assert_eq!(said, Vec::from_iter(told.then_some(expected)));
        }
    }
}

// ----- a node's own vote

/// What a node with asynchronous writes owes itself now; what it says to others is forgotten.
fn owed(cluster: &mut Cluster) -> Vec<Ack> {
    let node = cluster.node(1);
    let mut acks = Vec::new();
    while let Some(mut ready) = node.ready().expect("a sound node") {
        let task = ready.take_append_task();
        let task = task.inspect(|task| node.storage_mut().persist_task(task).expect("it works"));
        acks.extend(task.into_iter().flat_map(quorate::ready::AppendTask::done).filter_map(
            |response| match response {
                TaskResponse::Ack(ack) => Some(ack),
                TaskResponse::Message(_) => None,
            },
        ));
    }
    acks
}

/// The vote for oneself counts when it is durable, and only in the campaign that it was cast in.
#[test]
fn ones_own_vote_waits_for_the_disk() {
    let mut settings = asking_first(1);
    settings.settings_mut().async_storage_writes = true;
    let mut cluster = alone(settings, store(&[1, 2, 3, 4, 5]));
    cluster.node(1).campaign().expect("it may");
    let pre_voted = owed(&mut cluster);
    assert!(matches!(
        pre_voted[0].kind(),
        AckKind::Vote {
            pre_vote: true,
            term: 1,
            ..
        }
    ));
    let vote = |cluster: &mut Cluster, from, pre_vote| {
        let granted = true;
        let payload = Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote));
        cluster.node(1).step(message(from, 1, 1, payload)).expect("legal");
    };
    for from in [2, 3, 4] {
        vote(&mut cluster, from, true);
    }
    assert_eq!((cluster.role(1), cluster.term(1)), (Candidate, 1));
    let voted = owed(&mut cluster);
    // The pre-vote is late, and no vote.
    for ack in pre_voted {
        cluster.node(1).acknowledge(ack).expect("in order");
    }
    vote(&mut cluster, 2, false);
    vote(&mut cluster, 3, false);
    assert_eq!(cluster.role(1), Candidate, "two of five");
    for ack in voted {
        cluster.node(1).acknowledge(ack).expect("in order");
    }
    assert_eq!(cluster.role(1), Leader, "and its own");
}

/// A vote for oneself that becomes durable after the election was lost, or another term began, does
/// nothing.
#[test]
fn ones_own_vote_comes_late() {
    for payload in [heartbeat(1), append((1, 1), &[], 1), request(false, (1, 9), false)] {
        for term in [1, 2] {
            let mut cluster = alone(plain(1), store(&[1]));
            let node = cluster.node(1);
            node.campaign().expect("it may");
            let ready = node.ready().expect("a sound node").expect("something to do");
            node.storage_mut().persist(&ready).expect("it works");
            assert_eq!(node.status().soft_state.role, Candidate);
            node.step(message(2, 1, term, payload.clone())).expect("legal");
            let role = node.status().soft_state.role;
            node.advance(ready.persisted()).expect("the one that is out");
            // Of these only the request of this very term left it a candidate, who wins now.
            let expected = if role == Candidate { Leader } else { Follower };
            assert_eq!(node.status().soft_state.role, expected, "{} in {term}", payload.name());
        }
    }
}
