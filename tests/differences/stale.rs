//! D24: candidates and leaders of an earlier term.

use quorate::error::{CampaignError, CampaignRefusal};
use quorate::message::{Append, Heartbeat, Payload, RequestVote, VoteResponse};
use quorate::status::RoleKind::{self, Candidate, Follower, PreCandidate};
use quorate::{Entry, EntryId, Event, HardState, NodeId};

use crate::single;
use crate::support::{Cluster, config, message, plain, store};

#[test]
fn d24_a_candidate_of_an_earlier_term_learns_the_term() {
    let answer = |leader: bool, setting: bool| {
        let mut settings = config(2);
        settings.settings_mut().refuse_stale_candidates = setting;
        let mut cluster = single(settings, store(&[1, 2, 3]));
        let request = RequestVote::new(EntryId { term: 1, index: 1 });
        if leader {
            let payload = Payload::Heartbeat(Heartbeat::new(0).with_context(bytes::Bytes::new()));
            cluster.step(message(1, 2, 9, payload));
        } else {
            let other = RequestVote::new(EntryId::default());
            cluster.step(message(1, 2, 9, Payload::RequestVote(other)));
        }
        cluster.drain(2);
        cluster.take(|_| true);
        cluster.step(message(3, 2, 4, Payload::RequestVote(request)));
        cluster.drain(2);
        cluster.take(|message| message.to == 3 && message.term == 9).len()
    };
    assert_eq!(answer(false, true), 1);
    assert_eq!(answer(true, true), 0, "a leader will be heard");
    assert_eq!(answer(false, false), 0, "as etcd");
}

/// Who cannot campaign would be behind a leader of an earlier term for ever, where nothing else makes it speak.
#[test]
fn d24_a_leader_of_an_earlier_term_learns_the_term() {
    let heard = |voters: &[u64], setting: bool| {
        let mut config = config(2);
        let settings = config.settings_mut();
        (settings.pre_vote, settings.check_quorum, settings.lease_promises) = (false, false, false);
        settings.refuse_stale_candidates = setting;
        let mut cluster = single(config, store(voters));
        let other = RequestVote::new(EntryId::default());
        cluster.step(message(3, 2, 9, Payload::RequestVote(other)));
        cluster.drain(2);
        cluster.take(|_| true);
        cluster.step(message(1, 2, 4, Payload::Heartbeat(Heartbeat::new(0))));
        cluster.step(message(
            1,
            2,
            4,
            Payload::Append(Append::new(EntryId::default(), 0, vec![])),
        ));
        cluster.drain(2);
        cluster.take(|message| message.to == 1 && message.term == 9).len()
    };
    assert_eq!(heard(&[1, 3], true), 2);
    assert_eq!(heard(&[1, 2, 3], true), 0, "it will campaign");
    assert_eq!(heard(&[1, 3], false), 0, "as etcd");
}

/// A candidate that is refused for its term stands again at once, in a term above that; but not twice in a row.
#[test]
fn d24_a_candidate_that_is_behind_stands_again() {
    /// Who refuses, in which term; and what the candidate of term 1 is then.
    type Case = (bool, bool, [(u64, (RoleKind, u64)); 2]);
    let cases: [Case; 4] = [
        (false, true, [(5, (Candidate, 6)), (9, (Follower, 9))]),
        (true, true, [(5, (PreCandidate, 5)), (9, (Follower, 9))]),
        (false, false, [(5, (Follower, 5)), (9, (Follower, 9))]),
        (true, false, [(5, (Follower, 5)), (9, (Follower, 9))]),
    ];
    for (pre_vote, setting, refusals) in cases {
        let mut settings = config(1);
        settings.settings_mut().pre_vote = pre_vote;
        settings.settings_mut().refuse_stale_candidates = setting;
        let mut cluster = single(settings, store(&[1, 2, 3]));
        cluster.node(1).campaign().expect("it may");
        cluster.drain(1);
        for (term, then) in refusals {
            cluster.pool.clear();
            let refused = VoteResponse::new(false).with_pre_vote(pre_vote);
            cluster.step(message(2, 1, term, Payload::VoteResponse(refused)));
            cluster.drain(1);
            assert_eq!((cluster.role(1), cluster.term(1)), then, "{pre_vote} {setting}");
            let asked = if then.0 == Follower { 0 } else { 2 };
            assert_eq!(cluster.pool.len(), asked, "{pre_vote} {setting}");
        }
    }
}

/// Who won the pre-vote of such a candidacy does not stand a third time; after its timeout it begins anew.
#[test]
fn d24_standing_again_is_bounded() {
    let mut cluster = single(config(1), store(&[1, 2, 3]));
    let answer = |pre_vote, granted| Payload::VoteResponse(VoteResponse::new(granted).with_pre_vote(pre_vote));
    cluster.node(1).campaign().expect("it may");
    for t in [0, 10, 20] {
        cluster.tick(1, 9);
        let answers = [
            (t + 5, answer(true, false), (PreCandidate, t + 5)),
            (t + 6, answer(true, true), (Candidate, t + 6)),
            (t + 9, answer(false, false), (Follower, t + 9)),
        ];
        for (term, answer, then) in answers {
            cluster.drain(1);
            cluster.step(message(2, 1, term, answer));
            assert_eq!((cluster.role(1), cluster.term(1)), then);
            let wait = cluster.raw(1).next_deadline().expect("a voter");
            assert!(
                wait >= 10 || then.0 == Follower,
                "who stands again waits as long as after a timeout"
            );
        }
        let wait = cluster.raw(1).next_deadline().expect("a voter");
        cluster.tick(1, wait);
        assert_eq!(cluster.role(1), PreCandidate);
    }
}

/// What it promised to the leader that handed over to it keeps it from standing again, and nobody is told: nobody asked.
#[test]
fn d24_who_may_not_stand_again_says_nothing() {
    let mut cluster = single(config(1), store(&[1, 2, 3]));
    let append = Append::new(EntryId::default(), 0, vec![]);
    for payload in [Payload::Append(append), Payload::TimeoutNow] {
        cluster.step(message(2, 1, 4, payload));
        cluster.drain(1);
    }
    assert_eq!((cluster.role(1), cluster.term(1)), (Candidate, 5));
    cluster.step(message(3, 1, 9, Payload::VoteResponse(VoteResponse::new(false))));
    cluster.drain(1);
    assert_eq!((cluster.role(1), cluster.term(1)), (Follower, 9));
    let told = |event: &Event| matches!(event, Event::CampaignRefused { .. });
    assert!(!cluster.nodes[&1].events.iter().any(told));
    let refused = cluster.node(1).campaign();
    assert!(
        matches!(refused, Err(CampaignError::Refused(CampaignRefusal::Promised(_)))),
        "{refused:?}"
    );
}

/// The refusals of the first pre-vote come in the term of the second, and do not count against it.
#[test]
fn d24_refusals_of_the_first_pre_vote_decide_nothing() {
    let mut cluster = single(config(1), store(&[1, 2, 3, 4, 5]));
    cluster.node(1).campaign().expect("it may");
    let refusals = [2, 3, 4, 5, 2].map(|from| (from, 9, false, (PreCandidate, 9)));
    let grants = [(2, 10, true, (PreCandidate, 9)), (3, 10, true, (Candidate, 10))];
    for (from, term, granted, then) in refusals.into_iter().chain(grants) {
        cluster.drain(1);
        let answer = VoteResponse::new(granted).with_pre_vote(true);
        cluster.step(message(from, 1, term, Payload::VoteResponse(answer)));
        assert_eq!((cluster.role(1), cluster.term(1)), then, "{from} {granted}");
    }
}

/// A voter that voted in the very term that a pre-vote asks for may have elected a leader by that.
#[test]
fn d24_who_is_refused_in_the_term_asked_for_waits() {
    let mut cluster = Cluster::new(3, config);
    let pass = |cluster: &mut Cluster, from, to| {
        cluster.drain(from);
        for message in cluster.take(|message| (message.from, message.to) == (from, to)) {
            cluster.step(message);
        }
        cluster.drain(to);
    };
    cluster.node(1).campaign().expect("it may");
    for (from, to) in [(1, 2), (2, 1), (1, 2)] {
        pass(&mut cluster, from, to);
    }
    cluster.take(|message| message.to == 3); // lost
    cluster.node(3).campaign().expect("it may");
    for (from, to) in [(3, 2), (2, 1), (2, 3), (3, 2), (2, 3)] {
        pass(&mut cluster, from, to);
    }
    assert_eq!([cluster.role(1), cluster.role(3)], [RoleKind::Leader, Follower]);
    cluster.settle();
    assert_eq!((cluster.leader(), cluster.term(1)), (Some(1), 1));
}

/// The last node has the longest log and needs the votes of all others that live. They missed that it votes: each asks
/// somebody who is gone, and its timeout is half of that of the last, or less.
#[test]
fn d24_voters_that_ask_somebody_else_are_overtaken() {
    /// Whether the last of these nodes leads, by whose configuration `new` vote and by that of the others `old`.
    fn leads(nodes: u64, old: &[NodeId], new: &[NodeId], pre_vote: bool, setting: bool) -> bool {
        let mut cluster = Cluster::default();
        for id in 1..=nodes {
            let last = id == nodes;
            let mut config = plain(id);
            let settings = config.settings_mut();
            settings.election_timeout_ticks = if last { 10 * (1 + nodes) } else { 10 };
            settings.refuse_stale_candidates = setting;
            (settings.pre_vote, settings.check_quorum) = (pre_vote && last, pre_vote && last);
            let mut storage = store(if last { new } else { old });
            if last {
                storage.append(&[Entry::new(1, 2, "")]).expect("the next entry");
                storage.set_hard_state(HardState::new(1, None, 1));
            }
            cluster.add(config, storage).expect("a legal store");
        }
        cluster.tick_all(2_000);
        cluster.leader() == Some(nodes) && cluster.committed(1) == 3
    }
    for pre_vote in [false, true] {
        for (nodes, old, new) in [(2, &[1, 3][..], &[1, 2][..]), (3, &[1, 2, 4, 5], &[1, 2, 3, 4, 5])] {
            assert!(leads(nodes, old, new, pre_vote, true), "{nodes} {pre_vote}");
            assert!(!leads(nodes, old, new, pre_vote, false), "{nodes} {pre_vote}: as etcd");
        }
    }
}
