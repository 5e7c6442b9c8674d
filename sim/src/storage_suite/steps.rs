//! Sequences of writes and syncs, as a node that works could make them: a written one, and random ones.

use quorate::{Index, MemoryStorage, Storage, Term};

use super::words::{entries, hard_state, snapshot, with_data};
use crate::dice::Dice;
use crate::disk::Write;

/// Bytes of an entry's data: often the same, so that one record fits where another was; some larger than
/// a sector.
const SIZES: [usize; 6] = [0, 7, 7, 7, 40, 2_000];

/// A write or a sync.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(Write),
    Sync,
}

/// Every kind of write, synced and not, with what is known to break storages: an overlap of what is
/// synced, a snapshot over unsynced entries, a compaction right before the power fails.
pub(super) fn script() -> Vec<Step> {
    use Step::{Sync, Write as W};
    vec![
        W(Write::Install(snapshot(1, 1))),
        W(hard_state(1, Some(1), 1)),
        Sync,
        W(entries(1, 2..=6)),
        W(hard_state(1, Some(1), 3)),
        Sync,
        W(hard_state(2, None, 3)),
        W(entries(2, 4..=5)), // overlaps what is synced
        Sync,
        W(entries(2, 6..=7)),
        W(entries(3, 6..=6)), // overlaps what is not
        W(hard_state(3, Some(2), 5)),
        W(Write::Snapshot(snapshot(2, 5))),
        Sync,
        W(Write::Compact(4)),
        W(entries(3, 7..=8)),
        Sync,
        W(hard_state(4, None, 5)),
        W(Write::Install(snapshot(4, 12))), // over synced entries
        W(entries(4, 13..=14)),
        W(hard_state(4, None, 13)),
        Sync,
        W(Write::Snapshot(snapshot(4, 13))),
        W(Write::Compact(13)),
        W(entries(4, 15..=16)),
        W(Write::Install(snapshot(5, 20))), // over entries that are not
        W(hard_state(5, Some(3), 20)),
        Sync,
    ]
}

/// Draws steps that fit to what is stored.
#[derive(Debug)]
pub(super) struct Steps {
    dice: Dice,
    /// What has to follow.
    next: Option<Step>,
}

/// What is stored, as far as steps depend on it.
struct Stored {
    base: Index,
    last: Index,
    commit: Index,
    term: Term,
    snapshot: Index,
}

impl Stored {
    fn of(model: &MemoryStorage) -> Self {
        let last = model.last_index().unwrap_or(0);
        let base = model.first_index().unwrap_or(1) - 1;
        let hard_state = model.hard_state();
        Self {
            base,
            last,
            commit: hard_state.commit.max(base),
            term: model.term(last).unwrap_or(0).max(hard_state.term).max(1),
            snapshot: model.snapshot(0, 0).map_or(0, |snapshot| snapshot.metadata.index),
        }
    }
}

impl Steps {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            next: None,
        }
    }

    /// So many steps of a storage that is new.
    pub(super) fn take(mut self, count: usize) -> Vec<Step> {
        let mut model = MemoryStorage::new();
        let mut steps = Vec::new();
        while steps.len() < count {
            let step = self.step(&model);
            if let Step::Write(write) = &step
                && write.clone().apply_to(&mut model).is_err()
            {
                continue; // cannot be: steps fit
            }
            steps.push(step);
        }
        steps
    }

    /// A number from `low` to `high`, if there is one.
    fn within(&mut self, low: u64, high: u64) -> Option<u64> {
        (low <= high).then(|| self.dice.between(low, high))
    }

    pub(super) fn chance_per_million(&mut self, percent: u64) -> bool {
        self.dice.below(100) < percent
    }

    /// What had to follow does not, since the power failed.
    pub(super) fn forget(&mut self) {
        self.next = None;
    }

    pub(super) fn number(&mut self) -> u64 {
        self.dice.number()
    }

    /// The next step.
    pub(super) fn step(&mut self, model: &MemoryStorage) -> Step {
        let stored = Stored::of(model);
        if let Some(step) = self.next.take() {
            return step;
        }
        let write = match self.dice.below(100) {
            0..20 => return Step::Sync,
            20..35 => self.overlap(&stored),
            35..52 => self.hard_state(&stored),
            52..62 => self.own_snapshot(model, &stored),
            62..70 => self.within(stored.base + 1, stored.snapshot).map(Write::Compact),
            70..75 => self.install(&stored),
            _ => None,
        };
        Step::Write(write.unwrap_or_else(|| self.append(&stored)))
    }

    fn append(&mut self, stored: &Stored) -> Write {
        let term = stored.term + self.dice.below(2);
        self.batch(term, stored.last + 1)
    }

    fn overlap(&mut self, stored: &Stored) -> Option<Write> {
        let from = self.within(stored.commit + 1, stored.last)?;
        Some(self.batch(stored.term + 1, from))
    }

    /// One to four entries.
    fn batch(&mut self, term: Term, from: Index) -> Write {
        let count = 1 + self.dice.below(4);
        let entries = (from..from + count).map(|index| {
            let byte = self.dice.number().to_le_bytes()[0];
            let size = self.dice.pick(&SIZES).copied().unwrap_or(0);
            let data = vec![byte; size];
            with_data(term, index, data)
        });
        Write::Entries(entries.collect())
    }

    fn hard_state(&mut self, stored: &Stored) -> Option<Write> {
        let commit = self.within(stored.commit, stored.last)?;
        let vote = self.within(0, 3).filter(|vote| *vote > 0);
        let term = stored.term + self.dice.below(2);
        Some(hard_state(term, vote, commit))
    }

    fn own_snapshot(&mut self, model: &MemoryStorage, stored: &Stored) -> Option<Write> {
        let index = self.within(stored.base.max(stored.snapshot) + 1, stored.commit)?;
        Some(Write::Snapshot(snapshot(model.term(index).ok()?, index)))
    }

    /// A leader's snapshot, and the hard state that comes with it.
    fn install(&mut self, stored: &Stored) -> Option<Write> {
        let index = self.within(stored.commit.max(stored.snapshot) + 1, stored.last + 6)?;
        self.next = Some(Step::Write(hard_state(stored.term, None, index)));
        Some(Write::Install(snapshot(stored.term, index)))
    }
}
