//! A storage that has not got something now, or not any more, is neither broken nor a witness.

use quorate::error::{CampaignError, CampaignRefusal, ConfigError};
use quorate::message::{AppendResponse, Heartbeat, Payload};
use quorate::status::{MembershipStatus, RoleKind};
use quorate::types::EntryKind;
use quorate::{ConfState, Entry, Event, Message, RawNode, StorageError};

use crate::moody::Moody;
use crate::support::{config, message, plain, store};
use crate::{Node, append, entry, handle, install, node};

/// Answers to the leader.
fn answers(node: &mut Node) -> Vec<AppendResponse> {
    let sent = std::iter::from_fn(|| handle(node)).flat_map(|done| done.sent);
    sent.filter_map(|payload| match payload {
        Payload::AppendResponse(response) => Some(response),
        _ => None,
    })
    .collect()
}

/// The stored configuration was older than the state machine, and the changes in between could not be read at the start:
/// the node began with the older one. Safe: it counted by a configuration that the group had left.
#[test]
fn a_configuration_that_cannot_be_brought_up_to_date_now() {
    let mut memory = store(&[1, 2, 3]);
    memory.append(&[(1, 2), (1, 3)].map(entry)).unwrap();
    let mut settings = config(2);
    for (applied, index, error) in [
        (3, 1, StorageError::TemporarilyUnavailable),
        (3, 2, StorageError::Compacted),
        (2, 1, StorageError::Corrupt(2)),
    ] {
        settings.applied = applied;
        memory.set_conf_state(ConfState::of_voters([1, 2, 3]), index);
        let mut storage = Moody::new(memory.clone());
        storage.entries_error = Some(error.clone());
        let refused = RawNode::new(settings.clone(), storage.clone()).err();
        assert_eq!(refused, Some(ConfigError::Storage(error.clone())));
        assert_eq!(MembershipStatus::read(&storage, applied).err(), refused);
        storage.entries_error = None;
        assert!(RawNode::new(settings.clone(), storage).is_ok());
    }
}

/// A follower that has acknowledged index 5 and cannot look up the term at `cold` now is told
/// something old. It says nothing and loses nothing; asked again later, it agrees.
fn keeps_its_log(cold: u64, told: &Message, accepted: u64) {
    let mut node = node(config(2), &[(1, 2), (1, 3), (1, 4), (2, 5)], 1);
    node.storage_mut().cold_term = Some(cold);
    node.step(told.clone()).unwrap();
    assert_eq!(answers(&mut node), [], "it cannot know");
    assert_eq!((node.status().last_index, node.status().hard_state.commit), (5, 1));

    node.storage_mut().cold_term = None;
    node.step(told.clone()).unwrap();
    assert_eq!(answers(&mut node), [AppendResponse::accepted(accepted, Some(0))]);
    assert_eq!(node.status().last_index, 5);
}

/// The unknown term was taken for another one, and a late append cut off entries that were
/// acknowledged, perhaps committed. Safe: leader completeness.
#[test]
fn a_term_that_is_being_fetched_is_no_conflict() {
    keeps_its_log(2, &append(2, (1, 1), &[(1, 2)], 1), 2); // among the entries
    keeps_its_log(2, &append(2, (1, 2), &[(1, 3)], 1), 3); // what they follow
}

/// The same with a snapshot of what the log holds already: it replaced the whole log.
#[test]
fn a_snapshot_below_a_term_that_is_being_fetched_replaces_nothing() {
    keeps_its_log(3, &install(2, (1, 3)), 3);
}

/// The application had applied a Ready and cut its log there, which it may, before it advanced. At
/// the next election timeout the node looked there for configuration changes and was poisoned.
/// Design, section 5: compacted is a normal answer.
#[test]
fn a_log_may_be_cut_at_what_is_applied_and_not_yet_advanced() {
    let mut node = node(plain(2), &[(1, 2), (1, 3)], 1);
    let heartbeat = Payload::Heartbeat(Heartbeat::new(3).with_context(""));
    node.step(message(1, 2, 1, heartbeat)).unwrap();
    let ready = node.ready().unwrap().expect("two entries to apply");
    node.storage_mut().memory.persist(&ready).unwrap();
    let mut done = ready.persisted();
    assert_eq!(done.take_committed_entries().len(), 2);

    node.storage_mut().memory.compact(3).unwrap();
    for _ in 0..2 * node.config().settings().election_timeout_ticks {
        node.tick().unwrap();
    }
    node.advance(done).unwrap();
    assert_eq!(node.status().applied, 3);
    node.campaign().unwrap();
}

/// The same, and then a leader asks for an entry with the wrong term: where the logs may agree is looked for below what
/// is left in the storage, in entries that are in memory.
#[test]
fn a_log_that_is_cut_below_what_is_compared() {
    for term in 0..5 {
        let mut node = node(plain(2), &[], 1);
        let entries = [2, 3, 4, 5, 6].map(|index| (5, index));
        node.step(append(5, (1, 1), &entries, 5)).unwrap();
        let ready = node.ready().unwrap().expect("entries");
        node.storage_mut().memory.persist(&ready).unwrap();
        let mut done = ready.persisted();
        assert_eq!(done.take_committed_entries().len(), 4);
        node.storage_mut().memory.compact(4).unwrap();
        node.step(append(5, (term, 6), &[], 5)).unwrap();
        node.advance(done).unwrap();
        assert_eq!(node.status().applied, 5);
    }
}

/// What is committed and not applied cannot be read: not now, or not any more. It may be a change of the configuration,
/// so the node does not campaign, on its own or when it is told to, until it can be read or is applied.
#[test]
fn no_campaign_past_what_cannot_be_read() {
    let reason = CampaignRefusal::UnappliedChange;
    let refused = Err(CampaignError::Refused(reason));
    for error in [StorageError::TemporarilyUnavailable, StorageError::Compacted] {
        for applies in [false, true] {
            let mut node = node(plain(2), &[(1, 2), (1, 3)], 3);
            node.storage_mut().entries_error = Some(error.clone());
            assert_eq!(node.campaign(), refused, "{error}");
            node.advance_ticks(2 * node.config().settings().election_timeout_ticks)
                .unwrap();
            let status = node.status();
            assert_eq!((status.soft_state.role, status.applied), (RoleKind::Follower, 1));
            assert_eq!(status.hard_state.term, 1, "{error}");

            node.storage_mut().entries_error = None;
            if applies {
                assert!(node.take_events().contains(&Event::CampaignRefused { reason }));
                while let Some(ready) = node.ready().unwrap() {
                    node.storage_mut().memory.persist(&ready).unwrap();
                    let mut done = ready.persisted();
                    done.take_committed_entries();
                    node.advance(done).unwrap();
                }
                assert_eq!(node.status().applied, 3);
                node.storage_mut().entries_error = Some(error.clone());
            }
            assert_eq!(node.campaign(), Ok(()), "nothing hides a change any more");
            assert_eq!(node.status().soft_state.role, RoleKind::Candidate);
        }
    }
}

/// What a stored log proves to be committed cannot be read at the start: the node does not campaign until it can.
#[test]
fn changes_that_are_read_later() {
    let leave = [0x80, 0x02, 0x01]; // the joint configuration, checked by its leader
    let change = |index| Entry::new(1, index, leave.to_vec()).with_kind(EntryKind::ConfChangeV2);
    let mut memory = store(&[1, 2, 3]);
    memory.append(&[change(2), change(3)]).expect("no gap");
    memory.sync();
    for heals_by_itself in [false, true] {
        let mut storage = Moody::new(memory.clone());
        storage.entries_error = Some(StorageError::TemporarilyUnavailable);
        let mut node = RawNode::new(config(1), storage).expect("a legal store");
        let refused = Err(CampaignError::Refused(CampaignRefusal::UnappliedChange));
        assert_eq!((node.campaign(), node.status().hard_state.commit), (refused, 1));
        node.storage_mut().entries_error = None;
        if heals_by_itself {
            node.advance_ticks(20).expect("sound"); // it would campaign
        } else {
            node.storage_ready().expect("sound");
        }
        assert_eq!((node.status().hard_state.commit, node.has_ready()), (2, true));
        assert_eq!(node.status().soft_state.role, RoleKind::Follower);
    }
}
