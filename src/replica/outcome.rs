//! What clients are told, and what goes wrong.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::MachineError;
use crate::error::{AcknowledgeError, ApplyError, ConfigError, NodeError, ReadyError, SnapshotError};
use crate::pending::Fate;
use crate::ready::ReadRefusal;
use crate::recover::RecoverError;
use crate::storage::StorageError;
use crate::types::ConfState;

/// What became of a proposal or a read. Each token has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome<R> {
    /// The command is applied, and this is the state machine's response.
    Applied(R),
    /// The barrier is passed: all commands before it are applied.
    Passed,
    /// The change of the members is applied, and these are the members now. (If it could not be made, as
    /// [`Event::ChangeIgnored`](crate::Event::ChangeIgnored) tells, they are as before.)
    Changed(ConfState),
    /// It is applied, but the response is not known here: it came with a snapshot.
    Covered,
    /// It will never be applied, on any node: it may be proposed again.
    Superseded,
    /// It may have been applied, or not: see [`Fate::Unknown`].
    Unknown,
    /// The read may be served now, from the state machine.
    Readable,
    /// The read may not be served: ask again.
    NotReadable(ReadRefusal),
}

/// What became of what several clients wanted, with their tokens.
pub type Outcomes<T, R> = Vec<(T, Outcome<R>)>;

impl<R> From<Fate> for Outcome<R> {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::Applied => Self::Covered,
            Fate::Superseded => Self::Superseded,
            Fate::Unknown => Self::Unknown,
        }
    }
}

impl<R> From<Result<(), ReadRefusal>> for Outcome<R> {
    fn from(outcome: Result<(), ReadRefusal>) -> Self {
        outcome.map_or_else(Self::NotReadable, |()| Self::Readable)
    }
}

/// Why a replica did not start, or a turn was not finished. What it had done is kept: outcomes come with the next turn,
/// or from [`into_parts`](super::Replica::into_parts).
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReplicaError {
    /// The settings, or the store, are not fit to start with.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store could not write, or be read. The next [turn](super::Replica::turn) tries the same again: a disk that
    /// was full may have room by then. If it goes on failing, start again on the store.
    #[error("storage: {0}")]
    Storage(#[from] StorageError),
    /// The state machine could not make a snapshot, and will be asked again, or could not be restored: then the replica
    /// stopped.
    #[error("state machine: {0}")]
    Machine(String),
    /// A [survivor](super::Survivor) cannot be made a new group this way.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// Somebody else took a Ready of this node.
    #[error(transparent)]
    Ready(ReadyError),
    /// A snapshot was [asked for](super::Replica::take_snapshot) when there was none to take.
    #[error(transparent)]
    Snapshot(SnapshotError),
    /// The node is finished, or met something that it cannot read: see [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
    /// An entry was handed out that the node does not know: a bug here, please report it. The replica stopped.
    #[error(transparent)]
    Apply(ApplyError),
    /// A batch was refused that the node had handed out: a bug here, please report it. The replica stopped.
    #[error(transparent)]
    Advance(AcknowledgeError),
    /// It stopped in an earlier turn.
    #[error("the replica has stopped")]
    Stopped,
}

impl ReplicaError {
    pub(super) fn machine(error: &MachineError) -> Self {
        Self::Machine(error.to_string())
    }
}

/// Errors that may be the node's: that is then said in one way.
macro_rules! unless_the_node {
    ($($error:ident => $variant:ident),+) => {
        $(impl From<$error> for ReplicaError {
            fn from(error: $error) -> Self {
                match error {
                    $error::Node(error) => Self::Node(error),
                    error => Self::$variant(error),
                }
            }
        })+
    };
}

unless_the_node!(ReadyError => Ready, SnapshotError => Snapshot, ApplyError => Apply, AcknowledgeError => Advance);
