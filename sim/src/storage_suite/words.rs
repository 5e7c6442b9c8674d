//! What rules write, and how they say what they found.

use quorate::{ConfState, Entry, EntryId, HardState, Index, NodeId, Snapshot, Term};
use std::fmt::Debug;
use std::ops::RangeInclusive;

use bytes::Bytes;
use quorate::types::{ClusterId, Identity, SnapshotMetadata};

use crate::disk::Write;

/// Whether a rule holds, and else what was found.
pub(super) type Verdict = Result<(), String>;

/// No limit on bytes.
pub(super) const ALL: u64 = u64::MAX;

/// The group that storages are made for.
pub(super) const GROUP: ClusterId = 77;

/// What tells them from others: all the bits of a number that somebody drew.
pub(super) const IDENTITY: Identity = 0xfedc_ba98_7654_3210;

pub(super) fn entry(term: Term, index: Index) -> Entry {
    with_data(term, index, format!("entry {term}/{index}"))
}

pub(super) fn with_data(term: Term, index: Index, data: impl Into<Bytes>) -> Entry {
    Entry::new(term, index, data)
}

/// Entries of one term.
pub(super) fn entries(term: Term, indexes: RangeInclusive<Index>) -> Write {
    Write::Entries(indexes.map(|index| entry(term, index)).collect())
}

pub(super) fn hard_state(term: Term, vote: Option<NodeId>, commit: Index) -> Write {
    Write::HardState(HardState::new(term, vote, commit))
}

/// A snapshot whose configuration is one of its own.
pub(super) fn snapshot(term: Term, index: Index) -> Snapshot {
    let conf_state = ConfState::of_voters([1, 2, 3]).with_learners([100 + index]);
    Snapshot::new(
        SnapshotMetadata::new(EntryId { term, index }, conf_state),
        format!("state at {term}/{index}"),
    )
}

pub(super) fn equal<T: PartialEq + Debug>(what: &str, found: &T, expected: &T) -> Verdict {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} is {}, expected {}", brief(found), brief(expected)))
}

/// The value as text, its middle left out where it is long.
pub(super) fn brief(value: &impl Debug) -> String {
    const LONG: usize = 400;
    let text = format!("{value:?}");
    let count = text.chars().count();
    if count <= LONG {
        return text;
    }
    let head: String = text.chars().take(LONG / 2).collect();
    let tail: String = text.chars().skip(count - LONG / 2).collect();
    format!("{head} ... {tail}")
}
