//! The states that are known, in as few bytes as it needs.

use hashbrown::HashTable;

/// A state's shard, in the lowest four bits, and its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StateId(u32);

impl StateId {
    /// No state.
    pub(super) const NONE: Self = Self(u32::MAX);

    pub(super) fn new(shard: usize, index: usize) -> Self {
        let word = u32::try_from(index << 4 | shard);
        Self(word.unwrap_or(u32::MAX - 1))
    }

    fn shard(self) -> usize {
        self.0 as usize & 15
    }

    fn index(self) -> usize {
        self.0 as usize >> 4
    }
}

/// All known states.
pub(super) struct Known {
    shards: Vec<Shard>,
}

/// A part of them.
#[derive(Default)]
pub(super) struct Shard {
    words: Vec<u32>,
    ends: Vec<u32>,
    parents: Vec<StateId>,
    /// Place and half of the fingerprint.
    table: HashTable<(u32, u32)>,
}

impl Known {
    pub(super) fn new(shards: usize) -> Self {
        Self {
            shards: (0..shards).map(|_| Shard::default()).collect(),
        }
    }

    pub(super) fn shard_of(fingerprint: u64, shards: usize) -> usize {
        usize::try_from(fingerprint % shards as u64).unwrap_or(0)
    }

    pub(super) fn shard_mut(&mut self, fingerprint: u64) -> &mut Shard {
        let shard = Self::shard_of(fingerprint, self.shards.len());
        &mut self.shards[shard]
    }

    pub(super) fn shards_mut(&mut self) -> &mut [Shard] {
        &mut self.shards
    }

    pub(super) fn get(&self, id: StateId) -> &[u32] {
        self.shards[id.shard()].get(id.index())
    }

    pub(super) fn parent(&self, id: StateId) -> StateId {
        self.shards[id.shard()].parents[id.index()]
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.ends.len()).sum()
    }

    pub(super) fn lens(&self) -> Vec<usize> {
        self.shards.iter().map(|shard| shard.ends.len()).collect()
    }

    pub(super) fn bytes(&self) -> usize {
        let bytes = |shard: &Shard| {
            4 * (shard.words.capacity() + shard.ends.capacity() + shard.parents.capacity())
                + shard.table.allocation_size()
        };
        self.shards.iter().map(bytes).sum()
    }

    pub(super) fn all(&self) -> Vec<StateId> {
        self.since(&vec![0; self.shards.len()])
    }

    /// Those that came since the shards had these lengths.
    pub(super) fn since(&self, lens: &[usize]) -> Vec<StateId> {
        let shards = self.shards.iter().zip(lens).enumerate();
        let new = shards.flat_map(|(number, (shard, before))| {
            (*before..shard.ends.len()).map(move |index| StateId::new(number, index))
        });
        new.collect()
    }
}

impl Shard {
    fn get(&self, index: usize) -> &[u32] {
        let from = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.words[from..self.ends[index] as usize]
    }

    /// Its place, if it is new.
    pub(super) fn insert(&mut self, state: &[u32], fingerprint: u64, parent: StateId) -> Option<usize> {
        let tag = (fingerprint >> 32) as u32;
        let (ends, words) = (&self.ends, &self.words);
        let same = |&(index, other): &(u32, u32)| {
            let index = index as usize;
            let from = || index.checked_sub(1).map_or(0, |before| ends[before] as usize);
            other == tag && words[from()..ends[index] as usize] == *state
        };
        if self.table.find(spread(tag), same).is_some() {
            return None;
        }
        let index = self.ends.len();
        self.words.extend_from_slice(state);
        // More than a shard can hold would need more memory than any machine has that this runs on.
        self.ends.push(u32::try_from(self.words.len()).unwrap_or(u32::MAX));
        self.parents.push(parent);
        let place = (u32::try_from(index).unwrap_or(u32::MAX), tag);
        self.table.insert_unique(spread(tag), place, |&(_, tag)| spread(tag));
        Some(index)
    }
}

fn spread(tag: u32) -> u64 {
    u64::from(tag).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
