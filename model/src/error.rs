//! Worlds that make no sense.

use std::fmt;

use quorate::NodeId;
use quorate::error::ConfigError;

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
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(id, error) => write!(f, "node {id}: {error}"),
            Self::NotSymmetric(why) => write!(f, "voters are told apart: {why}"),
            Self::Nodes(nodes) => write!(f, "a world has 1 to 8 nodes, among them a voter, and not {nodes}"),
            Self::UnknownNode(id) => write!(f, "there is no node {id}"),
        }
    }
}

impl std::error::Error for WorldError {}
