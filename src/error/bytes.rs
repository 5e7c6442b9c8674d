//! Bytes that are no message, or do not fit.

use alloc::string::String;

/// A buffer that does not grow has too little room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{needed} bytes do not fit into {room}")]
#[non_exhaustive]
pub struct EncodeError {
    /// Bytes that are to be written.
    pub needed: usize,
    /// Bytes that there is room for.
    pub room: usize,
}

/// Why bytes are not a message, or not the entry, snapshot, state or change that they should be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not protobuf of this schema, or are cut short.
    #[error("{0}")]
    Protobuf(String),
    /// A kind that only travels inside a node.
    #[error("kind {0} does not travel between nodes")]
    LocalKind(i32),
    /// A number that names nothing.
    #[error("{what} {number} is unknown")]
    Unknown {
        /// What the number should name.
        what: &'static str,
        /// The number.
        number: i32,
    },
    /// A part that this kind needs is missing, or a part that it must not have is there.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}
