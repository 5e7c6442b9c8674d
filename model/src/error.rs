//! Worlds that make no sense.

use std::fmt;

use quorate::NodeId;
use quorate::error::ConfigError;

/// Ticks that may pass at once: each may send something.
pub(crate) const TICKS_MAX: u64 = 1_000_000;

/// Nodes are counted up to here.
pub(crate) const COUNTED: usize = 1_000;

/// Why a world cannot be explored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WorldError {
    /// A node's settings are refused.
    Settings(NodeId, ConfigError),
    /// Voters are told apart, so that states which differ by them are not the same.
    NotSymmetric(&'static str),
    /// There are no voters, or more nodes than a world can have.
    Nodes(usize),
    /// This node is not in the world.
    UnknownNode(NodeId),
    /// A joiner is not the next node after those that there are.
    NotNext(NodeId),
    /// A node's settings say otherwise than [`World::storing`](crate::World::storing).
    Storing(NodeId),
    /// So many ticks pass at once.
    Ticks(u64),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(id, error) => write!(f, "node {id}: {error}"),
            Self::NotSymmetric(why) => write!(f, "voters are told apart: {why}"),
            Self::Nodes(COUNTED..) => write!(f, "a world has 1 to 8 nodes, and not {COUNTED} or more"),
            Self::Nodes(nodes) => write!(f, "a world has 1 to 8 nodes, among them a voter, and not {nodes}"),
            Self::UnknownNode(id) => write!(f, "there is no node {id}"),
            Self::NotNext(id) => write!(f, "joiner {id} is not the next node after those that there are"),
            Self::Storing(id) => write!(f, "node {id}: async_storage_writes is said by World::storing"),
            Self::Ticks(ticks) => write!(f, "at most {TICKS_MAX} ticks pass at once, and not {ticks}"),
        }
    }
}

impl std::error::Error for WorldError {}
