//! Values in the words of a violation: bytes, escaped and shortened.

use bytes::Bytes;

/// Bytes that are shown at most.
const SHOWN: usize = 96;

/// The bytes as a byte string; of long ones the beginning, and how many there are.
pub(crate) fn shown(bytes: &[u8]) -> String {
    match bytes.get(..SHOWN) {
        Some(first) if bytes.len() > SHOWN => format!("{:?}... ({} bytes)", escaped(first), bytes.len()),
        _ => format!("{:?}", escaped(bytes)),
    }
}

/// Two that differ: both whole, or from a little before the first byte that differs.
pub(crate) fn both(one: &[u8], other: &[u8]) -> (String, String) {
    const BEFORE: usize = 16;
    if one.len().max(other.len()) <= SHOWN {
        return (shown(one), shown(other));
    }
    let differ = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let from = differ.saturating_sub(BEFORE);
    let part = |bytes: &[u8]| {
        let end = bytes.len().min(from + SHOWN);
        let (part, length) = (escaped(bytes.get(from..end).unwrap_or_default()), bytes.len());
        format!("{part:?} from byte {from} on, of {length} bytes")
    };
    (part(one), part(other))
}

/// Whether both are made of the same bytes, in whatever order.
pub(crate) fn are_reordered(one: &[u8], other: &[u8]) -> bool {
    let counted = |bytes: &[u8]| {
        let mut counts = [0_usize; 256];
        for byte in bytes {
            counts[usize::from(*byte)] += 1;
        }
        counts
    };
    one.len() == other.len() && counted(one) == counted(other)
}

fn escaped(bytes: &[u8]) -> Bytes {
    Bytes::copy_from_slice(bytes)
}
