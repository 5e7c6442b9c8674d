//! One entry of the log.

use core::fmt;

use bytes::Bytes;

use super::{EntryId, Index, Term};

/// What an entry's data is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// The application's bytes; empty for the entry with which a leader opens its term.
    #[default]
    Normal,
    /// An encoded [`ConfChange`](crate::membership::ConfChange), the older form that changes one node.
    ConfChange,
    /// An encoded [`ConfChangeV2`](crate::membership::ConfChangeV2).
    ConfChangeV2,
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Normal => "normal",
            Self::ConfChange => "configuration change",
            Self::ConfChangeV2 => "configuration change, version 2",
        })
    }
}

/// One entry of the replicated log.
///
/// ```
/// use quorate::{Entry, EntryId};
/// use quorate::types::EntryKind;
/// let entry = Entry::new(1, 7, "x = 1");
/// assert_eq!(entry.kind, EntryKind::Normal);
/// assert_eq!(entry.id(), EntryId { term: 1, index: 7 });
/// assert_eq!(entry.to_string(), "1/7 Normal \"x = 1\"");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Entry {
    /// Term in which a leader created the entry.
    pub term: Term,
    /// Position in the log.
    pub index: Index,
    /// What the data is.
    pub kind: EntryKind,
    /// The payload; shared, never copied.
    pub data: Bytes,
}

impl Entry {
    /// An entry with the application's bytes.
    pub fn new(term: Term, index: Index, data: impl Into<Bytes>) -> Self {
        Self {
            term,
            index,
            kind: EntryKind::Normal,
            data: data.into(),
        }
    }

    /// The same with data of this kind.
    #[must_use]
    pub fn with_kind(self, kind: EntryKind) -> Self {
        Self { kind, ..self }
    }

    /// The application's bytes; term and index are given by the leader.
    pub(crate) fn of(data: Bytes) -> Self {
        Self {
            data,
            ..Self::default()
        }
    }

    /// The entry's term and index.
    pub fn id(&self) -> EntryId {
        EntryId {
            term: self.term,
            index: self.index,
        }
    }

    /// Whether the entry changes the configuration.
    pub fn is_conf_change(&self) -> bool {
        self.kind != EntryKind::Normal
    }

    /// Whether the entry has a command for the state machine: no configuration change, and not empty, as the entry is
    /// with which a leader opens its term.
    pub fn is_command(&self) -> bool {
        !self.is_conf_change() && !self.data.is_empty()
    }

    /// Bytes of the payload.
    pub fn payload_len(&self) -> u64 {
        self.data.len().try_into().unwrap_or(u64::MAX)
    }

    /// Bytes of the entry as a protobuf message, which is what byte limits count: a zero field
    /// costs nothing.
    pub fn encoded_len(&self) -> u64 {
        let field = |value: u64| {
            if value == 0 {
                0
            } else {
                varint_len(value).saturating_add(1)
            }
        };
        let kind = if self.is_conf_change() { 2 } else { 0 };
        let data = match self.payload_len() {
            0 => 0,
            len => varint_len(len).saturating_add(1).saturating_add(len),
        };
        field(self.term)
            .saturating_add(field(self.index))
            .saturating_add(kind)
            .saturating_add(data)
    }
}

impl From<&Entry> for EntryId {
    fn from(entry: &Entry) -> Self {
        entry.id()
    }
}

/// Bytes of a protobuf varint.
fn varint_len(value: u64) -> u64 {
    // Seven bits a byte: (9 * bits + 64) / 64 is bits / 7, rounded up, for 1 to 64 bits.
    let bits = (value | 1).ilog2().wrapping_add(1);
    u64::from(bits.wrapping_mul(9).wrapping_add(64) >> 6)
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.id(), self.kind)?;
        match self.kind {
            EntryKind::Normal => write!(f, " \"{}\"", self.data.escape_ascii()),
            EntryKind::ConfChange | EntryKind::ConfChangeV2 => match crate::wire::decode_change(self) {
                Ok(change) => write!(f, " {change}"),
                Err(error) => write!(f, " ({error})"),
            },
        }
    }
}
