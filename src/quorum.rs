//! Counting votes and acknowledgements: what a majority says, and what two majorities say together.
//!
//! Nothing here knows messages, terms or roles. A caller asks about ids with a closure, so that
//! no map has to be built for a count.
//!
//! ```
//! use quorate::quorum::{Majority, VoteResult};
//! let group = Majority::new([1, 2, 3]);
//! // Nodes 1 and 3 have the log up to 5 and 4; nobody has heard of node 2.
//! let matched = |id| match id {
//!     1 => Some(5),
//!     3 => Some(4),
//!     _ => None,
//! };
//! assert_eq!(group.committed_index(matched), 4);
//! assert_eq!(group.vote_result(|id| (id == 1).then_some(true)), VoteResult::Pending);
//! ```

mod groups;
mod joint;
mod majority;

pub use joint::Joint;
pub use majority::Majority;
pub(crate) use majority::{insert_sorted, remove_sorted};

/// How an election stands (section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoteResult {
    /// Enough votes are granted; those that are missing cannot change it.
    Won,
    /// Enough votes are refused; those that are missing cannot change it.
    Lost,
    /// The missing votes decide.
    Pending,
}
