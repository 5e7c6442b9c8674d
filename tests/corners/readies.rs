//! A Ready has something in it.

use quorate::ready::ReadState;
use quorate::status::RoleKind;
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, EntryId, MemoryStorage, RawNode, Snapshot, StorageError};

use crate::moody::Moody;
use crate::support::config;
use crate::{handle, node, write};

/// Committed entries were there to apply, but could not be read now: the Ready that announced them
/// was empty, and so was the next one. Design, section 2: `has_ready` says what is there.
#[test]
fn entries_that_cannot_be_read_now_make_no_ready() {
    let mut node = node(config(2), &[(1, 2), (1, 3)], 3);
    node.storage_mut().entries_error = Some(StorageError::TemporarilyUnavailable);
    assert!(node.ready().unwrap().is_none());
    assert!(!node.has_ready(), "not before a tick or storage_ready()");

    node.storage_mut().entries_error = None;
    let mut told = node.clone();
    told.storage_ready().unwrap();
    assert_eq!(node.next_deadline(), Some(1), "else it asks again by itself");
    node.tick().unwrap();
    for mut node in [told, node] {
        assert_eq!(handle(&mut node).expect("a Ready").applied, [2, 3]);
    }
}

/// A leader whose joint configuration has nobody but itself in both halves wanted to send a round of
/// heartbeats for a read, had nobody to send it to, and handed out an empty Ready again and again.
/// Fast and small: a loop that waits for the last Ready ends.
#[test]
fn a_round_of_heartbeats_to_nobody_makes_no_ready() {
    let conf_state = ConfState::of_voters([1]).with_voters_outgoing([1]);
    let metadata = SnapshotMetadata::new(EntryId { term: 1, index: 2 }, conf_state);
    let snapshot = Snapshot::new(metadata, "state");
    let mut config = config(1);
    config.settings_mut().async_storage_writes = true;
    let mut node = RawNode::new(config, Moody::new(MemoryStorage::from_snapshot(snapshot))).unwrap();
    node.campaign().unwrap();
    for _pre_vote_then_election in 0..2 {
        let mut own_vote = node.ready().unwrap().expect("its own vote");
        write(&mut node, &mut own_vote);
    }
    assert_eq!(node.status().soft_state.role, RoleKind::Leader);
    let mut first_entry = node.ready().unwrap().expect("an entry of its term");
    node.read_index("r").unwrap();
    assert!(!node.has_ready());
    assert!(node.ready().unwrap().is_none());

    write(&mut node, &mut first_entry);
    let ready = node.ready().unwrap().expect("the entry is committed");
    let answered = ReadState::new("r", Ok(3));
    assert_eq!(ready.read_states(), [answered]);
}
