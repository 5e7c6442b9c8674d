//! What a record holds, and how it looks as bytes.

use quorate::error::DecodeError;
use quorate::types::{ClusterId, Identity};
use quorate::{ConfState, Entry, HardState, Index, MemoryStorage, Snapshot, StorageError};

/// One change of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    /// The store belongs to this group and has this identity (zero: none).
    Made(ClusterId, Identity),
    /// The log begins anew after a snapshot.
    Install(Snapshot),
    /// The log ends with this entry, whatever it held from there on.
    Entry(Entry),
    /// Term, vote, commit index and promise.
    HardState(HardState),
    /// The snapshot to hand to others from now on; its configuration is the one to start with.
    Snapshot(Snapshot),
    /// The configuration, with all changes up to this index.
    ConfState(Index, ConfState),
    /// The log begins after this index.
    Compact(Index),
}

/// Bytes of a number.
const NUMBER: usize = 8;

impl Change {
    /// Makes the change.
    pub(crate) fn apply_to(self, memory: &mut MemoryStorage) -> Result<(), StorageError> {
        match self {
            Self::Made(cluster_id, identity) => {
                let unmade = std::mem::take(memory);
                *memory = unmade.with_cluster_id(cluster_id).with_identity(identity);
            }
            Self::Install(snapshot) => memory.install_snapshot(snapshot)?,
            Self::Entry(entry) => memory.append(&[entry])?,
            Self::HardState(hard_state) => memory.set_hard_state(hard_state),
            Self::Snapshot(snapshot) => {
                let (conf_state, index) = (snapshot.metadata.conf_state.clone(), snapshot.metadata.index);
                memory.set_snapshot(snapshot)?;
                memory.set_conf_state(conf_state, index);
            }
            Self::ConfState(index, conf_state) => memory.set_conf_state(conf_state, index),
            Self::Compact(to) => memory.compact(to)?,
        }
        Ok(())
    }

    fn tag(&self) -> u8 {
        match self {
            Self::Made(..) => 1,
            Self::Install(_) => 2,
            Self::Entry(_) => 3,
            Self::HardState(_) => 4,
            Self::Snapshot(_) => 5,
            Self::ConfState(..) => 6,
            Self::Compact(_) => 7,
        }
    }

    fn parts(&self) -> Vec<u8> {
        match self {
            Self::Made(cluster_id, identity) => [cluster_id.to_le_bytes(), identity.to_le_bytes()].concat(),
            Self::Install(snapshot) | Self::Snapshot(snapshot) => snapshot.encode(),
            Self::Entry(entry) => entry.encode(),
            Self::HardState(hard_state) => hard_state.encode(),
            Self::ConfState(index, conf_state) => [&index.to_le_bytes()[..], &conf_state.encode()].concat(),
            Self::Compact(to) => to.to_le_bytes().to_vec(),
        }
    }

    /// The content of its record: what it is, and its parts.
    pub(crate) fn encode(&self) -> Vec<u8> {
        [&[self.tag()], self.parts().as_slice()].concat()
    }

    /// What [`encode`](Self::encode) wrote.
    pub(crate) fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let (tag, parts) = content.split_first().ok_or(CUT_SHORT)?;
        Self::of_parts(*tag, parts)
    }

    fn of_parts(tag: u8, content: &[u8]) -> Result<Self, DecodeError> {
        Ok(match tag {
            1 => {
                let (cluster_id, rest) = number(content)?;
                Self::Made(cluster_id, number(rest)?.0)
            }
            2 => Self::Install(Snapshot::decode(content)?),
            3 => Self::Entry(Entry::decode(content)?),
            4 => Self::HardState(HardState::decode(content)?),
            5 => Self::Snapshot(Snapshot::decode(content)?),
            6 => {
                let (index, rest) = number(content)?;
                Self::ConfState(index, ConfState::decode(rest)?)
            }
            7 => Self::Compact(number(content)?.0),
            _ => {
                let number = i32::from(tag);
                return Err(DecodeError::Unknown { what: "change", number });
            }
        })
    }
}

const CUT_SHORT: DecodeError = DecodeError::Malformed("a change that is cut short");

fn number(bytes: &[u8]) -> Result<(u64, &[u8]), DecodeError> {
    let (number, rest) = bytes.split_first_chunk::<NUMBER>().ok_or(CUT_SHORT)?;
    Ok((u64::from_le_bytes(*number), rest))
}
