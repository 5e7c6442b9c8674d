//! A node's log as the simulator remembers it: terms and digests, beside what the node says of itself.

use std::collections::VecDeque;

use quorate::{Entry, EntryId, HardState, Index, Snapshot, Term};

use crate::disk::Write;

/// What one write did, without its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The log begins after this.
    Install(EntryId),
    /// An entry and its digest; it ends the log.
    Entry(EntryId, u64),
    /// The hard state is this.
    HardState(HardState),
    /// A snapshot of the own state machine, or a compaction: what is remembered here stays.
    Other,
}

/// One mark for each write that [`Disk::unsynced`](crate::disk::Disk::unsynced) counts.
pub(crate) fn marks(write: &Write) -> Vec<Mark> {
    match write {
        Write::Install(snapshot) => vec![Mark::Install(snapshot.id())],
        Write::Entries(entries) => entries.iter().map(Mark::entry).collect(),
        Write::HardState(hard_state) => vec![Mark::HardState(*hard_state)],
        Write::Snapshot(_) | Write::Compact(_) => vec![Mark::Other],
    }
}

/// Of everything in an entry.
pub(crate) fn digest(entry: &Entry) -> u64 {
    let seed = entry.term.rotate_left(32) ^ entry.index ^ ((entry.kind as u64) << 60);
    digest_of(seed, &entry.data)
}

/// Of bytes; not to be trusted with ones that somebody made up to collide.
pub(crate) fn digest_of(seed: u64, bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(seed, |digest, chunk| {
        let mut bytes = [0; 8];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let mixed = (digest ^ u64::from_le_bytes(bytes)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 32)).wrapping_add(chunk.len() as u64)
    })
}

impl Mark {
    /// That this entry was written.
    pub fn entry(entry: &Entry) -> Self {
        Self::Entry(entry.id(), digest(entry))
    }
}

/// A log that begins after `base`, and the hard state beside it. It is never compacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shadow {
    base: EntryId,
    entries: VecDeque<(Term, u64)>,
    /// Beside it.
    pub hard_state: HardState,
}

impl Shadow {
    /// A log that begins after a snapshot.
    pub fn of_snapshot(snapshot: &Snapshot) -> Self {
        Self {
            base: snapshot.id(),
            ..Self::default()
        }
    }

    /// A write changes it.
    pub fn apply(&mut self, mark: Mark) {
        match mark {
            Mark::Install(id) => {
                self.base = id;
                self.entries.clear();
            }
            Mark::Entry(id, digest) => {
                if let Some(position) = self.position(id.index) {
                    self.entries.truncate(position);
                    self.entries.push_back((id.term, digest));
                }
            }
            Mark::HardState(hard_state) => self.hard_state = hard_state,
            Mark::Other => {}
        }
    }

    fn position(&self, index: Index) -> Option<usize> {
        usize::try_from(index.checked_sub(self.base.index)?.checked_sub(1)?).ok()
    }

    /// What the log begins after.
    pub fn base(&self) -> EntryId {
        self.base
    }

    /// Its last entry, or what it begins after.
    pub fn last(&self) -> EntryId {
        match self.entries.back() {
            Some((term, _)) => EntryId {
                term: *term,
                index: self.base.index + self.entries.len() as u64,
            },
            None => self.base,
        }
    }

    /// Term and digest of the entry at `index`.
    pub fn entry(&self, index: Index) -> Option<(Term, u64)> {
        self.entries.get(self.position(index)?).copied()
    }

    /// The term at `index`, or of what the log begins after.
    pub fn term(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.entry(index).map(|(term, _)| term)
    }

    /// Whether this log holds the entry, or a snapshot that covers it.
    pub fn holds(&self, id: EntryId) -> bool {
        id.index < self.base.index || self.term(id.index) == Some(id.term)
    }
}
