//! The state machine: a digest of everything it was given.

/// What a replica has applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Machine {
    digest: u64,
    /// Entries with a payload.
    pub(crate) entries: u64,
    /// The last index.
    pub(crate) applied: u64,
    /// Reads that may be served, or were refused.
    pub(crate) reads: usize,
}

impl Machine {
    pub(crate) fn apply(&mut self, index: u64, payload: &[u8]) {
        self.applied = index;
        if !payload.is_empty() {
            self.entries += 1;
            // Odd multiplier and a rotation: the order of payloads counts.
            self.digest = (self.digest.rotate_left(5) ^ sum(payload)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    pub(crate) fn read(&mut self, answers: usize) {
        self.reads += answers;
    }

    /// The same for the same payloads in the same order.
    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }
}

/// Every byte counts, and as little time passes as reading them takes.
fn sum(bytes: &[u8]) -> u64 {
    const LANES: usize = 8;
    let mut lanes = [0_u64; LANES];
    let (blocks, rest) = bytes.as_chunks::<{ 8 * LANES }>();
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks().0) {
            *lane = lane.wrapping_add(u64::from_le_bytes(*word));
        }
    }
    let (words, rest) = rest.as_chunks();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    let rest = rest.iter().map(|byte| u64::from(*byte));
    lanes.into_iter().chain(words).chain(rest).fold(0, u64::wrapping_add)
}
