//! A store for one [`quorate`] node: everything in memory, and every write in one file.
//!
//! ```
//! use quorate::{Config, ConfState, RawNode, bootstrap};
//! use quorate_journal::Journal;
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("raft");
//! let mut journal = Journal::open(&path)?;
//! if journal.is_new() {
//!     journal.found(bootstrap(1, &journal, &ConfState::of_voters([1]))?)?;
//! }
//! let mut node = RawNode::new(Config::new(1, 42), journal)?;
//! node.campaign()?;
//! while let Some(ready) = node.ready()? {
//!     let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
//!     done.take_committed_entries();
//!     node.advance(done)?;
//! }
//! assert_eq!(node.status().last_index, 2);
//! drop(node);
//!
//! let again = RawNode::new(Config::new(1, 43), Journal::open(&path)?)?;
//! assert_eq!(again.status().last_index, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it is for
//!
//! A group whose log, between two compactions, and whose snapshot fit into memory: a control plane, a lock service, a
//! queue's metadata. It reads nothing from the file but at start. A process that hosts many groups wants one file, and
//! one sync, for all of them; this is a file, and a sync, for each.
//!
//! # The file
//!
//! A header (eight bytes), then records: a length and a checksum of length and content (four bytes each, little-endian),
//! then the content, which is one change. Opening replays the records up to the first that is not whole
//! and cuts off the rest, which nobody was promised. Where a record is whole but makes no sense, or the header is not
//! this version's, opening fails and changes nothing. [`Journal::rewrite`] writes all of it anew into another file that
//! then takes the place of this one.

mod change;
mod error;
mod file;
mod journal;
mod record;

pub use error::JournalError;
pub use file::{DiskFile, JournalFile};
pub use journal::Journal;
