//! Linearizable reads (thesis 6.4): those that wait at the leader, and those that were forwarded.
//!
//! Reads are named by numbers of our own within this start; the caller's contexts never leave the
//! node that they were given to.

mod forwarded;
mod queue;
mod rounds;
mod waiting;

pub(crate) use forwarded::ForwardedReads;
pub(crate) use rounds::Rounds;
pub(crate) use waiting::{WaitingRead, WaitingReads};

use bytes::Bytes;

/// What is sent to others to recognise their answer by: which start asked, and its number.
pub(crate) fn context(seed: u64, number: u64) -> Bytes {
    let mut bytes = [0; 16];
    for (half, word) in bytes.chunks_exact_mut(8).zip([seed, number]) {
        half.copy_from_slice(&word.to_le_bytes());
    }
    Bytes::copy_from_slice(&bytes)
}

/// The number, if the context is of this start.
pub(crate) fn number(context: &[u8], seed: u64) -> Option<u64> {
    let (start, number) = context.split_first_chunk::<8>()?;
    (u64::from_le_bytes(*start) == seed).then_some(())?;
    Some(u64::from_le_bytes(number.try_into().ok()?))
}
