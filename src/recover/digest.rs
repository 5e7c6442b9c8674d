//! A checksum against mistakes: FNV-1a with 64 bits. It is not meant to withstand anybody who means ill.

use crate::types::{Entry, EntryKind};

/// A digest of what was added so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest(u64);

impl Digest {
    pub(super) const EMPTY: Self = Self(0xcbf2_9ce4_8422_2325);

    pub(super) fn bytes(self, bytes: &[u8]) -> Self {
        let step = |digest: u64, byte: &u8| (digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Self(bytes.iter().fold(self.0, step))
    }

    fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub(super) fn entry(self, entry: &Entry) -> Self {
        let kind = match entry.kind {
            EntryKind::Normal => 0,
            EntryKind::ConfChange => 1,
            EntryKind::ConfChangeV2 => 2,
        };
        self.number(entry.term)
            .number(entry.index)
            .number(kind)
            .number(entry.payload_len())
            .bytes(&entry.data)
    }

    pub(super) fn value(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As published with the function.
    #[test]
    fn known_digests() {
        for (text, digest) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(Digest::EMPTY.bytes(text.as_bytes()).value(), digest, "{text}");
        }
    }
}
