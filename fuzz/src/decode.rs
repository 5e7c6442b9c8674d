//! Bytes from anywhere into every decoder. What can be decoded is what its own bytes decode to, and
//! everything that was read can be shown.

use bytes::Bytes;
use quorate::membership::{ConfChange, ConfChangeV2};
use quorate::{ConfState, Entry, HardState, Message, Snapshot};

/// Reads the bytes as each of these types, out of a slice and out of shared bytes.
macro_rules! decode_as {
    ($bytes:ident: $($type:ident)*) => {$({
        let outcome = $type::decode($bytes);
        assert_eq!($type::decode(Bytes::copy_from_slice($bytes)), outcome);
        match outcome {
            Ok(value) => {
                let shown = format!("{value:?}");
                assert_eq!($type::decode(value.encode().as_slice()).as_ref(), Ok(&value), "{shown}");
            }
            Err(error) => drop(error.to_string()),
        }
    })*};
}

/// The target `decode`.
pub fn run(bytes: &[u8]) {
    decode_as!(bytes: Message Entry Snapshot HardState ConfState ConfChange ConfChangeV2);
    if let Ok(message) = Message::decode(bytes) {
        drop(message.to_string());
    }
    if let Ok(entry) = Entry::decode(bytes) {
        drop((entry.to_string(), entry.conf_change()));
        assert_eq!(entry.encoded_len(), entry.encode().len() as u64);
    }
    if let Ok(hard_state) = HardState::decode(bytes) {
        drop(hard_state.to_string());
    }
    if let Ok(change) = ConfChangeV2::decode(bytes) {
        drop(change.to_string());
    }
}
