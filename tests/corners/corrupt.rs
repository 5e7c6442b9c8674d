//! A node that cannot read its log any more promises nothing, and is quiet about it.

use quorate::StorageError;
use quorate::error::{CampaignError, NodeError};
use quorate::message::{Heartbeat, Payload, VoteResponse};
use quorate::status::RoleKind;

use crate::support::{config, message, plain};
use crate::{Node, handle, node};

/// It stands for election, by pre-vote or not, over committed entries that it has yet to read.
fn candidate(pre_vote: bool) -> Node {
    let config = if pre_vote { config(2) } else { plain(2) };
    let mut node = node(config, &[(1, 2), (1, 3)], 3);
    node.campaign().unwrap();
    node.storage_mut().entries_error = Some(StorageError::TemporarilyUnavailable);
    let asked = handle(&mut node).expect("votes to ask for").sent;
    assert_eq!(asked.len(), 2, "it asks both others: {asked:?}");
    node.storage_mut().entries_error = Some(StorageError::Corrupt(2));
    node
}

/// The votes that it asked for come too late.
fn does_not_win(node: &mut Node, pre_vote: bool) {
    assert_eq!(node.status().corrupt, Some(2));
    let term = node.status().hard_state.term;
    let vote = Payload::VoteResponse(VoteResponse::new(true).with_pre_vote(pre_vote));
    let voted_in = if pre_vote { term + 1 } else { term };
    node.step(message(3, 2, voted_in, vote)).unwrap();
    assert_eq!(node.status().soft_state.role, RoleKind::Follower);
    assert_eq!(node.status().hard_state.term, term, "nor does it stand again");
}

/// The node found out, while it stood for election, that it cannot read its log; it won all the
/// same, and led. Design, section 5: who is corrupt does not campaign.
#[test]
fn a_candidate_that_turns_out_to_be_corrupt_does_not_win() {
    for pre_vote in [true, false] {
        let mut node = candidate(pre_vote);
        node.storage_ready().unwrap();
        assert!(handle(&mut node).is_none_or(|done| done.applied.is_empty()));
        does_not_win(&mut node, pre_vote);
    }
}

/// The same, found out by a call that fails with it: the next one came before the candidacy ended.
#[test]
fn a_candidate_that_is_told_so_when_it_campaigns_again_does_not_win() {
    for pre_vote in [true, false] {
        let mut node = candidate(pre_vote);
        let told = CampaignError::Node(NodeError::Corrupt { index: 2 });
        assert_eq!(node.campaign(), Err(told));
        assert_eq!(node.poisoned(), None, "only its promises end");
        does_not_win(&mut node, pre_vote);
    }
}

/// What it promised its leader, and has not said when it finds out, stays unsaid: the simulator found it said.
#[test]
fn what_was_promised_to_a_leader_stays_unsaid() {
    let said = |corrupt: bool| {
        let mut node = node(config(2), &[(1, 2), (1, 3)], 3);
        let term = node.status().hard_state.term;
        let heartbeat = || Payload::Heartbeat(Heartbeat::new(0));
        node.storage_mut().entries_error = Some(StorageError::TemporarilyUnavailable);
        node.step(message(1, 2, term, heartbeat())).unwrap();
        let _ = handle(&mut node); // the promise is kept from here on
        node.step(message(1, 2, term, heartbeat())).unwrap();
        if corrupt {
            node.storage_mut().entries_error = Some(StorageError::Corrupt(2));
        }
        node.storage_ready().unwrap();
        let sent = handle(&mut node).expect("a response").sent;
        assert_eq!(node.status().corrupt, corrupt.then_some(2));
        let promised = sent.iter().find_map(|payload| match payload {
            Payload::HeartbeatResponse(response) => Some(response.promised_ticks),
            _ => None,
        });
        promised.expect("a response to the heartbeat")
    };
    assert!(said(false).is_some());
    assert_eq!(said(true), None);
}

/// What is corrupt does not mend by itself; it was asked for again at every tick, with a Ready each
/// time. Fast and small: cost grows with work.
#[test]
fn what_is_corrupt_is_not_asked_for_at_every_tick() {
    let mut node = node(config(2), &[(1, 2), (1, 3)], 3);
    node.storage_mut().entries_error = Some(StorageError::Corrupt(2));
    let _ = handle(&mut node);
    assert_eq!(node.status().corrupt, Some(2));
    let asked = node.storage().questions.get();
    for _ in 0..100 {
        node.tick().unwrap();
        assert!(handle(&mut node).is_none_or(|done| done.sent.is_empty()));
    }
    assert_eq!(node.storage().questions.get(), asked);
}

/// A poisoned node named a tick at which it would act, so that a host of many groups woke it for
/// nothing, for ever. Design, section 2: it does nothing any more.
#[test]
fn a_poisoned_node_has_no_deadline() {
    let mut node = node(config(2), &[(1, 2), (1, 3)], 3);
    assert!(node.next_deadline().is_some());
    node.storage_mut().entries_error = Some(StorageError::Broken("on purpose".to_owned()));
    assert!(node.ready().is_err());
    assert!(node.poisoned().is_some());
    assert_eq!(node.next_deadline(), None);
}
