//! The pasts that are worth going on with.

use super::path::Path;
use crate::dice::Dice;

/// So many pasts are kept.
const ROOM: usize = 400;
/// So many are compared for each pick.
const COMPARED: usize = 6;
/// Places for counts: as many as the digest has values.
const PLACES: usize = 1 << 18;

/// How often each pair of features was seen together: a table of counts by digest, in which two pairs may share a
/// place. (As in the edge maps of coverage-guided fuzzers: what matters is that looking is cheap.)
pub(super) struct Seen {
    counts: Vec<u32>,
    distinct: usize,
}

impl Default for Seen {
    fn default() -> Self {
        let (counts, distinct) = (vec![0; PLACES], 0);
        Self { counts, distinct }
    }
}

impl Seen {
    pub(super) fn len(&self) -> usize {
        self.distinct
    }

    /// Counts what is seen now; true if some of it was never seen before.
    pub(super) fn note(&mut self, features: &[u32]) -> bool {
        let before = self.distinct;
        for place in pairs(features) {
            let count = &mut self.counts[place];
            self.distinct += usize::from(*count == 0);
            *count = count.saturating_add(1);
        }
        self.distinct > before
    }

    /// How often the rarest was seen.
    fn rarest(&self, features: &[u32]) -> u32 {
        pairs(features).map(|place| self.counts[place]).min().unwrap_or(0)
    }
}

/// The place of each two of them, and of each with itself.
fn pairs(features: &[u32]) -> impl Iterator<Item = usize> + '_ {
    let place = |one: u32, other: u32| {
        let mixed = (u64::from(one) << 32 | u64::from(other)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(mixed >> 46).unwrap_or(0)
    };
    features.iter().enumerate().flat_map(move |(position, one)| {
        let others = features.iter().skip(position);
        others.map(move |other| place(*one, *other))
    })
}

/// A past.
pub(super) struct Kept<R> {
    pub(super) run: R,
    pub(super) path: Path,
    features: Vec<u32>,
    picks: u32,
}

impl<R> Kept<R> {
    pub(super) fn new(run: R, path: Path, features: Vec<u32>) -> Self {
        Self {
            run,
            path,
            features,
            picks: 0,
        }
    }

    /// The lower the better: what was picked often, or has become common, has had its turn.
    fn merit(&self, seen: &Seen) -> u64 {
        u64::from(seen.rarest(&self.features)).saturating_mul(u64::from(self.picks) + 1)
    }
}

pub(super) struct Pool<R> {
    kept: Vec<Kept<R>>,
    merits: Vec<u64>,
    next: usize,
}

impl<R> Default for Pool<R> {
    fn default() -> Self {
        Self {
            kept: Vec::new(),
            merits: Vec::new(),
            next: 0,
        }
    }
}

impl<R> Pool<R> {
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The best of a few.
    pub(super) fn pick(&mut self, dice: &mut Dice) -> Option<&Kept<R>> {
        if self.kept.is_empty() {
            return None;
        }
        let tried = (0..COMPARED).map(|_| dice.position(self.kept.len()));
        let best = tried.min_by_key(|position| self.merits[*position])?;
        let picked = self.kept.get_mut(best)?;
        self.merits[best] = self.merits[best].saturating_mul(2).saturating_add(1);
        picked.picks += 1;
        Some(picked)
    }

    /// Where there is no room, the worst of the next few goes.
    pub(super) fn keep(&mut self, kept: Kept<R>, seen: &Seen) {
        let merit = kept.merit(seen);
        if self.kept.len() < ROOM {
            self.kept.push(kept);
            self.merits.push(merit);
            return;
        }
        let first = self.next;
        let few = (0..COMPARED).map(|ahead| (first + ahead) % ROOM);
        for position in few.clone() {
            self.merits[position] = self.kept[position].merit(seen);
        }
        self.next = (first + COMPARED) % ROOM;
        if let Some(worst) = few.max_by_key(|position| self.merits[*position]) {
            (self.kept[worst], self.merits[worst]) = (kept, merit);
        }
    }
}
