//! Faults of this crate that were found from outside: by public bug reports tried on it, by a model checker,
//! and by programs as users write them.

use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2, Transition};
use quorate::message::{Heartbeat, Payload, RequestVote, VoteResponse};
use quorate::status::RoleKind::{Candidate, Follower, Leader};
use quorate::{EntryId, MemoryStorage, Message, NodeId, Storage};

use crate::support::{Cluster, config, store};
use crate::{append, drain_all, hard_state, install, is_append_response, message, single, store_of};

fn heartbeat((from, to): (NodeId, NodeId), term: u64, commit: u64) -> Message {
    let context = bytes::Bytes::new();
    message(
        from,
        to,
        term,
        Payload::Heartbeat(Heartbeat::new(commit).with_context(context)),
    )
}

fn is_pre_vote_request(message: &Message) -> bool {
    matches!(message.payload, Payload::RequestVote(request) if request.pre_vote)
}

fn is_vote_response(message: &Message) -> bool {
    matches!(message.payload, Payload::VoteResponse(_))
}

/// Delivers those messages of the pool that `pick` wants, once through.
fn pass(cluster: &mut Cluster, pick: impl Fn(&Message) -> bool) {
    for message in cluster.take(pick) {
        let to = message.to;
        cluster.step(message);
        if cluster.nodes.contains_key(&to) {
            cluster.drain(to);
        }
    }
}

/// Ticks on a perfect network until somebody leads; `None` after 100 election timeouts.
fn ticks_until_leader(cluster: &mut Cluster, ids: &[NodeId]) -> Option<u64> {
    (1..=1_000).find(|_| {
        cluster.tick_all(1);
        ids.iter().any(|id| cluster.role(*id) == Leader)
    })
}

/// Node 3 was removed, wiped and added again. Of what was on its way to its predecessor, an append of term 1 and
/// a heartbeat of term 2 arrive: together they made it commit what nobody ever committed.
#[test]
fn o01_a_late_heartbeat_commits_only_what_is_known_to_match() {
    let mut cluster = single(config(3), MemoryStorage::new());
    cluster.step(install((1, 3), 1, (1, 3)));
    cluster.drain(3);
    cluster.step(append((1, 3), 1, (1, 3), &[(1, 4), (1, 5), (1, 6)], 3));
    cluster.drain(3);
    cluster.step(heartbeat((2, 3), 2, 6));
    cluster.drain(3);
    assert_eq!(cluster.committed(3), 3);
}

/// How far a follower of term 2 believes a heartbeat that says 5. Its log has five entries.
#[test]
fn o01_what_proves_that_a_log_matches() {
    let believed = |terms: &[u64], steps: &[Message]| {
        let storage = store_of(&[1, 2, 3], terms, hard_state(2, 1));
        let mut cluster = single(config(3), storage);
        for message in steps {
            cluster.step(message.clone());
        }
        cluster.step(heartbeat((2, 3), 2, 5));
        cluster.drain(3);
        cluster.committed(3)
    };
    let (of_term_1, of_term_2) = ([1, 1, 1, 1, 1], [1, 1, 1, 1, 2]);
    assert_eq!(believed(&of_term_1, &[]), 1, "nothing is known");
    assert_eq!(
        believed(&of_term_2, &[]),
        5,
        "only the leader of term 2 made the last entry"
    );
    let probe = append((2, 3), 2, (1, 3), &[], 1);
    assert_eq!(
        believed(&of_term_1, std::slice::from_ref(&probe)),
        3,
        "a probe that matched"
    );
    let entries = append((2, 3), 2, (1, 3), &[(1, 4)], 1);
    assert_eq!(believed(&of_term_1, &[entries, probe]), 4, "the later one proves less");
    let rejected = append((2, 3), 2, (2, 4), &[], 1);
    assert_eq!(believed(&of_term_1, &[rejected]), 1, "a probe that did not");
    let held = install((2, 3), 2, (1, 4));
    assert_eq!(believed(&of_term_1, &[held]), 4, "a snapshot that the log holds");
    let of_term_3 = append((2, 3), 3, (1, 4), &[], 1);
    assert_eq!(
        believed(&of_term_1, &[of_term_3]),
        1,
        "the heartbeat is of an earlier term then"
    );
}

/// Into and out of a joint configuration that leaves 3 alone; 1 and 2 know it. 3 is a candidate of a later term, so
/// that the refusals which tell it are of an earlier one than its own.
#[test]
fn o02_a_refusal_of_an_earlier_term_tells_what_is_committed() {
    for pre_vote in [true, false] {
        let mut cluster = Cluster::new(3, |id| {
            let mut config = config(id);
            config.settings_mut().pre_vote = pre_vote;
            config
        });
        cluster.elect(1);
        let remove = |node_id| ConfChangeSingle::new(ConfChangeKind::RemoveNode, node_id);
        let change = ConfChangeV2::new(vec![remove(1), remove(2)]).with_transition(Transition::JointExplicit);
        let _ = cluster.node(1).propose_conf_change(change).expect("it leads");
        cluster.settle();
        cluster.tick_all(1);
        let leave = ConfChangeV2::leave_joint();
        let _ = cluster.node(1).propose_conf_change(leave).expect("it leads");
        cluster.drain(1);
        pass(&mut cluster, |message| message.from == 1);
        while cluster.role(3) == Follower {
            cluster.tick(2, 1);
            cluster.tick(3, 1);
        }
        if pre_vote {
            pass(&mut cluster, |message| message.to == 2 && is_pre_vote_request(message));
            pass(&mut cluster, |message| message.to == 3 && is_vote_response(message));
        }
        assert_eq!((cluster.role(3), cluster.term(3)), (Candidate, 2));
        cluster.take(|message| matches!(message.payload, Payload::RequestVote(_)));
        let _ = cluster.propose(1, "x");
        cluster.drain(1);
        pass(&mut cluster, |message| message.to == 2 && message.from == 1);
        for _ in 0..2 {
            pass(&mut cluster, |message| message.to == 1 && is_append_response(message));
        }
        cluster.take(|message| message.to == 3);
        pass(&mut cluster, |message| message.to == 2);
        cluster.take(|_| true);
        assert!(!cluster.raw(2).membership().contains(2) && cluster.raw(3).membership().contains(1));
        assert!(ticks_until_leader(&mut cluster, &[3]).is_some(), "pre-vote {pre_vote}");
    }
}

/// The change that adds 2 is committed by 1 and 3; 3 has the entry and not the news, 2 a snapshot that covers it, and 1
/// dies. 2 may lead only with 3's vote, whose log is longer; 3 does not ask 2, but is asked by it.
#[test]
fn o03_a_vote_request_tells_what_is_committed() {
    let mut cluster = Cluster::default();
    for id in [1, 3] {
        cluster.add(config(id), store(&[1, 3])).expect("a legal store");
    }
    cluster.elect(1);
    let add = ConfChangeV2::new([(ConfChangeKind::AddNode, 2)]);
    let _ = cluster.node(1).propose_conf_change(add).expect("it leads");
    cluster.drain(1);
    pass(&mut cluster, |message| message.to == 3);
    pass(&mut cluster, |message| message.to == 1);
    cluster.compact(1);
    let _ = cluster.propose(1, "y");
    cluster.drain(1);
    for append in cluster.take(|message| message.to == 3) {
        // The entry arrives without the news, as it does where appends overtake each other.
        if let Payload::Append(mut append) = append.payload {
            append.commit = append.commit.min(2);
            cluster.step(message(1, 3, 1, Payload::Append(append)));
        }
    }
    cluster.drain(3);
    cluster.take(|message| message.from == 3);
    cluster.add(config(2), MemoryStorage::new()).expect("an empty store");
    cluster.cut(1, 3);
    for _ in 0..40 {
        cluster.node(1).tick().expect("a sound node");
        drain_all(&mut cluster, &[1, 2]);
        pass(
            &mut cluster,
            |message| !matches!(&message.payload, Payload::Append(append) if !append.entries.is_empty()),
        );
        if cluster.raw(2).membership().contains(2) {
            break;
        }
    }
    cluster.take(|_| true);
    cluster.nodes.remove(&1);
    assert!(cluster.raw(2).membership().is_voter(2) && !cluster.raw(3).membership().contains(2));
    assert!(cluster.raw(3).status().last_index > cluster.raw(2).status().last_index);
    assert!(ticks_until_leader(&mut cluster, &[2, 3]).is_some());
}

/// A follower of term 5 with a committed entry of term 3 that the leader of term 5 does not have: a later leader
/// committed it, whose pre-vote request tells. The leader of term 5 must not hear that its own entry there is stored:
/// with the old answer of another follower, which the later leader has made up for since, it could commit it.
#[test]
fn o04_news_of_a_later_term_is_not_mixed_with_an_earlier_leader() {
    let told = EntryId { term: 3, index: 2 };
    let mut cluster = single(config(5), store_of(&[1, 2, 3, 4, 5], &[1, 3], hard_state(5, 1)));
    let request = RequestVote::new(EntryId { term: 7, index: 9 }).with_pre_vote(true);
    let pre_vote = |term| message(2, 5, term, Payload::RequestVote(request.with_committed(told)));
    let claims = |cluster: &mut Cluster| {
        cluster.step(append((1, 5), 5, (1, 1), &[(5, 2)], 1));
        cluster.drain(5);
        let accepts =
            |message: &Message| message.term == 5 && message.to == 1 && format!("{message}").contains("accepted=2");
        let claims = !cluster.take(accepts).is_empty();
        let holds = cluster.raw(5).storage().term(2) == Ok(5);
        (claims, holds)
    };
    let mut heeds = cluster.clone();
    heeds.step(heartbeat((1, 5), 5, 1));
    heeds.step(pre_vote(8));
    assert_eq!(
        (heeds.committed(5), heeds.term(5)),
        (1, 5),
        "its leader lives: the news can wait"
    );
    assert_eq!(claims(&mut heeds), (true, true), "and nothing contradicts it");
    cluster.step(pre_vote(8));
    assert_eq!(
        (cluster.committed(5), cluster.term(5)),
        (2, 7),
        "in the term of who told it"
    );
    assert_eq!(claims(&mut cluster), (false, false));
    let mut same = single(config(5), store_of(&[1, 2, 3, 4, 5], &[1, 3], hard_state(7, 1)));
    same.step(pre_vote(8));
    assert_eq!(
        (same.committed(5), same.term(5)),
        (2, 7),
        "of its own term it changes nothing else"
    );
}

/// Who grants a pre-vote for a term that it has reached itself does not tell: the candidate could not know that
/// the news is of that term.
#[test]
fn o04_a_granted_pre_vote_tells_only_what_the_candidate_may_believe() {
    for (ours, tells) in [(4, true), (5, false)] {
        let mut cluster = single(config(1), store_of(&[1, 2, 3], &[1], hard_state(ours, 1)));
        let request = RequestVote::new(EntryId { term: 4, index: 9 }).with_pre_vote(true);
        cluster.step(message(2, 1, 5, Payload::RequestVote(request)));
        cluster.drain(1);
        let told = |message: &Message| matches!(message.payload, Payload::VoteResponse(VoteResponse { granted: true, committed, .. }) if (committed.index == 1) == tells);
        assert!(cluster.pool.iter().any(told), "in term {ours}: {:?}", cluster.pool);
    }
}

/// x is committed on 1 and 2. With 2 down, 1 starts anew by the script of its first start: without names it leads
/// term 1 again with the vote of 3, and what it writes there has the term and index of x. With names in force nobody
/// leads until 2 is back.
#[test]
fn o05_a_wiped_node_does_not_lead_its_old_term_again() {
    for named in [false, true] {
        let mut cluster = Cluster::default();
        for id in 1..=3 {
            let mut config = config(id);
            config.settings_mut().accept_unnamed_store = true;
            let storage = store(&[1, 2, 3]).with_identity(0xd0 + id);
            cluster.add(config, storage).expect("a legal store");
        }
        cluster.elect(2);
        for id in (1..=3).filter(|_| named) {
            let name =
                ConfChangeV2::new([ConfChangeSingle::new(ConfChangeKind::UpdateNode, id).with_identity(0xd0 + id)]);
            let _ = cluster.node(2).propose_conf_change(name).expect("a legal change");
            cluster.tick_all(2);
        }
        cluster.commit(2, "known to all");
        assert_eq!(cluster.raw(2).status().identities_in_force, named);
        cluster.isolate(3);
        cluster.commit(2, "x");
        cluster.tick_all(2);
        assert_eq!(cluster.data(1), ["known to all", "x"]);

        let two = cluster.nodes.remove(&2).expect("a node");
        cluster.nodes.remove(&1);
        let mut anew = config(1);
        anew.seed = 99;
        cluster.add(anew, store(&[1, 2, 3])).expect("a legal store");
        cluster
            .nodes
            .get_mut(&3)
            .expect("a node")
            .raw
            .forget_leader()
            .expect("a sound node");
        cluster.heal();
        let leads = ticks_until_leader(&mut cluster, &[1, 3]).is_some();
        assert_eq!(leads, !named);
        cluster.nodes.insert(2, two);
        cluster.restart(2);
        cluster.tick_all(100);
        let leader = cluster.leader().expect("a majority is up");
        assert_eq!(cluster.data(leader).contains(&"x".to_string()), named);
    }
}
