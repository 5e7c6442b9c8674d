//! Writes as bytes.

use bytes::Bytes;
use quorate::types::{EntryKind, Identity, SnapshotMetadata};
use quorate::{ConfState, Entry, EntryId, HardState, NodeId, Snapshot};
use quorate_sim::disk::Write;

/// A write as bytes. Entries come one by one.
pub(crate) fn encode(write: &Write) -> Vec<u8> {
    let mut out = Vec::new();
    match write {
        Write::Install(snapshot) => put_snapshot(&mut out, 1, snapshot),
        Write::Snapshot(snapshot) => put_snapshot(&mut out, 2, snapshot),
        Write::HardState(state) => {
            out.push(3);
            let vote = state.vote.unwrap_or(0);
            put(&mut out, &[state.term, vote, state.commit, state.promised_ticks]);
        }
        Write::Compact(to) => {
            out.push(4);
            put(&mut out, &[*to]);
        }
        Write::Entries(entries) => {
            for entry in entries {
                out.push(match entry.kind {
                    EntryKind::Normal => 5,
                    EntryKind::ConfChange => 6,
                    EntryKind::ConfChangeV2 => 7,
                });
                put(&mut out, &[entry.term, entry.index]);
                out.extend_from_slice(&entry.data);
            }
        }
    }
    out
}

/// The write that was encoded; `None` if this is no write.
pub(crate) fn decode(bytes: &[u8]) -> Option<Write> {
    let (tag, mut rest) = bytes.split_first()?;
    let rest = &mut rest;
    let write = match tag {
        1 => Write::Install(snapshot(rest)?),
        2 => Write::Snapshot(snapshot(rest)?),
        3 => Write::HardState(
            HardState::new(
                number(rest)?,
                Some(number(rest)?).filter(|vote| *vote > 0),
                number(rest)?,
            )
            .with_promised_ticks(number(rest)?),
        ),
        4 => Write::Compact(number(rest)?),
        5..=7 => Write::Entries(vec![
            Entry::new(number(rest)?, number(rest)?, Bytes::copy_from_slice(rest))
                .with_kind([EntryKind::Normal, EntryKind::ConfChange, EntryKind::ConfChangeV2][usize::from(tag - 5)]),
        ]),
        _ => return None,
    };
    Some(write)
}

fn put(out: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn put_snapshot(out: &mut Vec<u8>, tag: u8, snapshot: &Snapshot) {
    let SnapshotMetadata {
        conf_state,
        index,
        term,
        ..
    } = &snapshot.metadata;
    out.push(tag);
    put(out, &[*index, *term, u64::from(conf_state.auto_leave)]);
    let lists = [
        &conf_state.voters,
        &conf_state.learners,
        &conf_state.voters_outgoing,
        &conf_state.learners_next,
    ];
    for list in lists {
        put(out, &[list.len() as u64]);
        put(out, list);
    }
    put(out, &[conf_state.identities.len() as u64]);
    for (id, identity) in &conf_state.identities {
        put(out, &[*id, *identity]);
    }
    out.extend_from_slice(&snapshot.data);
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (number, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(u64::from_le_bytes(*number))
}

fn list(rest: &mut &[u8]) -> Option<Vec<u64>> {
    let count = number(rest)?;
    (0..count).map(|_| number(rest)).collect()
}

fn identities(rest: &mut &[u8]) -> Option<Vec<(NodeId, Identity)>> {
    let count = number(rest)?;
    (0..count).map(|_| Some((number(rest)?, number(rest)?))).collect()
}

fn snapshot(rest: &mut &[u8]) -> Option<Snapshot> {
    let (index, term, auto_leave) = (number(rest)?, number(rest)?, number(rest)? > 0);
    let conf_state = ConfState::of_voters(list(rest)?)
        .with_learners(list(rest)?)
        .with_voters_outgoing(list(rest)?)
        .with_learners_next(list(rest)?)
        .with_auto_leave(auto_leave)
        .with_identities(identities(rest)?);
    Some(Snapshot::new(
        SnapshotMetadata::new(EntryId { term, index }, conf_state),
        Bytes::copy_from_slice(rest),
    ))
}
