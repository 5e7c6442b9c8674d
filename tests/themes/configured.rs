//! A stored configuration that is as of another index than the state machine: what it lacks is made up for, what it
//! has already is not made again.

use quorate::error::{CampaignError, CampaignRefusal, ConfigError};
use quorate::membership::{ConfChangeKind, ConfChangeV2, Membership, Transition};
use quorate::status::MembershipStatus;
use quorate::types::EntryKind;
use quorate::{ConfState, Config, Entry, EntryId, HardState, Index, MemoryStorage, RawNode, Storage};

use crate::support::{Cluster, config, plain, store};

const VOTERS: [u64; 3] = [1, 2, 3];

fn change(changes: &[(ConfChangeKind, u64)]) -> Entry {
    let mut change = ConfChangeV2::new(changes.iter().copied());
    if changes.len() > 1 {
        change.transition = Transition::JointExplicit;
    }
    Entry::new(0, 0, change.encode()).with_kind(EntryKind::ConfChangeV2)
}

/// Entries from index 2 on: single changes, a joint one that is entered and left, one that is impossible (there is
/// nothing to leave), bytes that are none, and others in between.
/// From index 2 on, in term 1.
fn numbered(entries: impl IntoIterator<Item = Entry>) -> Vec<Entry> {
    let at = |(index, entry): (Index, Entry)| Entry::new(1, index, entry.data).with_kind(entry.kind);
    (2..).zip(entries).map(at).collect()
}

fn entries() -> Vec<Entry> {
    use ConfChangeKind::{AddLearnerNode, AddNode, RemoveNode};
    let nonsense = Entry::new(0, 0, "\u{7f}").with_kind(EntryKind::ConfChangeV2);
    let all = [
        Entry::default(),
        change(&[(AddLearnerNode, 4)]),
        change(&[(RemoveNode, 3)]),
        Entry::default(),
        change(&[(AddNode, 4), (AddNode, 5), (RemoveNode, 2)]),
        Entry::default(),
        change(&[]),
        change(&[]),
        nonsense,
        change(&[(AddNode, 3)]),
        Entry::default(),
        change(&[(RemoveNode, 3)]),
    ];
    numbered(all)
}

/// The configuration as of each index from 1 on.
fn states(entries: &[Entry]) -> Vec<ConfState> {
    let mut states = vec![ConfState::of_voters(VOTERS)];
    for entry in entries {
        let before = states.last().expect("the first");
        let membership = Membership::restore(before).expect("a configuration");
        let changed = entry
            .conf_change()
            .and_then(|change| membership.change(&change.ok()?.into_v2()).ok());
        states.push(changed.map_or(before.clone(), |changed| changed.membership.conf_state()));
    }
    states
}

fn stored(entries: &[Entry], commit: Index) -> MemoryStorage {
    let mut storage = store(&VOTERS);
    storage.append(entries).expect("in order");
    storage.set_hard_state(HardState::new(1, None, commit));
    storage.sync();
    storage
}

fn started_at(applied: Index) -> Config {
    let mut config = plain(1);
    config.applied = applied;
    config
}

/// Applies what is committed; where each change was made.
fn apply_all(node: &mut RawNode<MemoryStorage>) -> Vec<Index> {
    let mut made = Vec::new();
    while let Some(ready) = node.ready().expect("a sound node") {
        let done = ready.persisted_by(|task| node.storage_mut().persist_task(task));
        let mut done = done.expect("legal writes");
        for entry in done
            .take_committed_entries()
            .iter()
            .filter(|entry| entry.is_conf_change())
        {
            let before = node.configured_at();
            let _ = node.apply_conf_change(entry).expect("it is out");
            made.extend((node.configured_at() != before).then_some(entry.index));
        }
        node.advance(done).expect("all is done");
    }
    made
}

/// Wherever the configuration and the state machine stopped, with whatever commit index.
#[test]
fn all_ways_to_be_behind_or_ahead() {
    let entries = entries();
    let (states, last) = (states(&entries), 13);
    assert_eq!(states[12], ConfState::of_voters([1, 4, 5]));
    assert!(states.iter().any(|state| !state.voters_outgoing.is_empty()));
    let state = |index: Index| &states[usize::try_from(index).expect("a small number") - 1];
    for (index, applied) in (1..=last).flat_map(|index| (1..=last).map(move |applied| (index, applied))) {
        let row = format!("as of {index}, applied {applied}");
        let mut storage = stored(&entries, 1);
        storage.set_conf_state(state(index).clone(), index);
        storage.sync();
        let told = MembershipStatus::read(&storage, applied).expect("a legal store");
        let mut node = RawNode::new(started_at(applied), storage).expect("a legal store");
        let ahead = index.max(applied);
        assert_eq!(node.membership().conf_state(), *state(ahead), "{row}");
        assert_eq!(node.membership_status(), Ok(told.clone()), "{row}");
        assert_eq!(
            (&told.applied, told.index, node.configured_at()),
            (state(ahead), ahead, ahead)
        );
        // What the configuration has was committed; and a change proves the one before it.
        let committed = node.status().hard_state.commit;
        assert!(committed >= ahead, "{row}");
        let expected: Vec<Index> = entries
            .iter()
            .filter(|entry| entry.is_conf_change() && entry.index > ahead && entry.index <= committed)
            .map(|entry| entry.index)
            .collect();
        assert_eq!(apply_all(&mut node), expected, "{row}");
        assert_eq!(node.membership().conf_state(), *state(committed), "{row}");
        assert_eq!(node.status().applied, committed, "{row}");
    }
}

/// A store whose log begins after `base` cannot make up for what it does not hold.
#[test]
fn what_cannot_be_made_up_for_is_refused() {
    let entries = entries();
    let states = states(&entries);
    let mut storage = stored(&entries, 13);
    storage.compact(4).expect("in the log");
    let initial = storage.initial_state().expect("it works");
    assert_eq!((initial.conf_state, initial.conf_state_index), (states[0].clone(), 1));
    let behind = ConfigError::ConfStateBehindSnapshot { index: 1, snapshot: 4 };
    for applied in [0, 4, 7] {
        assert_eq!(
            RawNode::new(started_at(applied), storage.clone()).err(),
            Some(behind.clone())
        );
        assert_eq!(MembershipStatus::read(&storage, applied), Err(behind.clone()));
    }
    storage.set_conf_state(states[3].clone(), 4);
    assert!(RawNode::new(started_at(7), storage.clone()).is_ok());
    let beyond = ConfigError::ConfStateBeyondLog { index: 14, last: 13 };
    storage.set_conf_state(states[3].clone(), 14);
    assert_eq!(RawNode::new(started_at(7), storage.clone()).err(), Some(beyond.clone()));
    assert_eq!(MembershipStatus::read(&storage, 7), Err(beyond));
}

/// A change that the application cancelled is not made again if that was stored, and the store cannot know otherwise.
#[test]
fn a_cancelled_change() {
    let entries = entries();
    for remembered in [true, false] {
        let mut node = RawNode::new(started_at(1), stored(&entries[..2], 3)).expect("a legal store");
        let ready = node.ready().expect("a sound node").expect("a change");
        let mut done = ready.persisted();
        let _ = done.take_committed_entries();
        node.cancel_conf_change(&entries[1]).expect("it is out");
        assert_eq!(node.configured_at(), 3);
        let conf_state = node.membership().conf_state();
        node.advance(done).expect("all is done");
        if remembered {
            node.storage_mut().set_conf_state(conf_state, 3);
        }
        let node = RawNode::new(started_at(3), node.into_storage()).expect("a legal store");
        assert_eq!(node.membership().contains(4), !remembered);
    }
}

/// Who is the only voter by a configuration that is ahead of its state machine is so when it has applied as much.
#[test]
fn an_only_voter_ahead_of_its_state_machine() {
    use ConfChangeKind::RemoveNode;
    let removals = [change(&[(RemoveNode, 2)]), change(&[(RemoveNode, 3)])];
    let removals = numbered(removals);
    let mut storage = stored(&removals, 1);
    storage.set_conf_state(ConfState::of_voters([1]), 3);
    let mut settings = config(1);
    settings.settings_mut().restart_silence_ticks = None;
    let mut node = RawNode::new(settings, storage).expect("a legal store");
    let silent = CampaignRefusal::Silent(node.config().settings().election_timeout_ticks);
    assert_eq!(node.campaign(), Err(CampaignError::Refused(silent)));
    assert_eq!(apply_all(&mut node), [] as [Index; 0]);
    assert_eq!(node.campaign(), Ok(()));
    apply_all(&mut node);
    assert!(node.status().soft_state.leader == Some(1) && node.propose("x").is_ok());
}

/// A snapshot of what is applied, or configured, already is no news.
#[test]
fn a_snapshot_below_the_configuration_changes_nothing() {
    let mut cluster = Cluster::led(3);
    let _ = cluster
        .node(1)
        .propose_conf_change(ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 4)]))
        .expect("it may");
    cluster.commit(1, "x");
    let mut storage = cluster.raw(2).storage().clone();
    storage.set_conf_state(cluster.raw(2).membership().conf_state(), 3);
    let mut config = cluster.raw(2).config().clone();
    (config.seed, config.applied) = (99, 1);
    let mut node = RawNode::new(config, storage).expect("a legal store");
    let metadata = quorate::types::SnapshotMetadata::new(EntryId { term: 1, index: 2 }, ConfState::of_voters(VOTERS));
    let snapshot = quorate::Snapshot::new(metadata, "");
    let payload = quorate::message::Payload::InstallSnapshot(Box::new(snapshot));
    node.step(crate::support::message(1, 2, 1, payload)).expect("legal");
    assert_eq!((node.configured_at(), node.membership().contains(4)), (3, true));
}

/// What a compaction leaves of the index: it goes along as long as no change is lost.
#[test]
fn the_index_in_memory() {
    let entries = entries();
    let mut storage = stored(&entries, 13);
    let index = |storage: &MemoryStorage| storage.initial_state().expect("it works").conf_state_index;
    assert_eq!(index(&storage), 1, "the snapshot's");
    storage.compact(2).expect("in the log");
    assert_eq!(index(&storage), 2, "no change was dropped");
    storage.compact(3).expect("in the log");
    assert_eq!(index(&storage), 2, "one was");
    storage.set_conf_state(ConfState::of_voters(VOTERS), 9);
    storage.compact(4).expect("in the log");
    assert_eq!(index(&storage), 9, "it has that one");
    storage.sync();
    storage.set_conf_state(ConfState::of_voters([1]), 12);
    storage.crash();
    let initial = storage.initial_state().expect("it works");
    assert_eq!(
        (initial.conf_state, initial.conf_state_index),
        (ConfState::of_voters(VOTERS), 9)
    );
}
