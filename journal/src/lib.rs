//! A store for one [`quorate`] node: everything in memory, and every write in one file.
//!
//! ```
//! use quorate::{Config, ConfState, RawNode};
//! use quorate_journal::Journal;
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("raft");
//! // Once, when the group is founded. (A node that joins later: `Journal::join`.)
//! Journal::found(&path, 1, &ConfState::of_voters([1]), 0)?;
//!
//! // At each start.
//! let journal = Journal::open(&path)?;
//! let state = journal.latest_snapshot(); // the state machine begins with this
//! # drop(state);
//! let mut node = RawNode::new(journal.configured(Config::new(1, 42)), journal)?;
//! node.campaign()?;
//! while let Some(ready) = node.ready()? {
//!     let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
//!     done.take_committed_entries();
//!     node.advance(done)?;
//! }
//! assert_eq!(node.status().last_index, 2);
//! drop(node);
//!
//! let journal = Journal::open(&path)?;
//! let again = RawNode::new(journal.configured(Config::new(1, 43)), journal)?;
//! assert_eq!(again.status().last_index, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Replica`](quorate::replica::Replica) has the loop, and begins with the latest snapshot by itself:
//!
//! ```
//! # use quorate::bytes::Bytes;
//! # use quorate::replica::{MachineError, Replica, StateMachine};
//! # use quorate::{Config, ConfState, Entry};
//! # use quorate_journal::Journal;
//! # struct Counter(u64);
//! # impl StateMachine for Counter {
//! #     type Response = u64;
//! #     fn apply(&mut self, _: &Entry) -> u64 { self.0 += 1; self.0 }
//! #     fn snapshot(&mut self) -> Result<Bytes, MachineError> { Ok(self.0.to_string().into()) }
//! #     fn restore(&mut self, _: &Bytes) -> Result<(), MachineError> { Ok(()) }
//! # }
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("raft");
//! # Journal::found(&path, 1, &ConfState::of_voters([1]), 0)?;
//! # let seed = 42;
//! let mut replica = Replica::new(Config::new(1, seed), Journal::open(&path)?, Counter(0))?;
//! # replica.propose("", ()).ok();
//! # replica.turn(|_| {})?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What it is for
//!
//! A group whose log, between two compactions, and whose snapshot fit into memory: a control plane, a lock service, a
//! queue's metadata. It reads nothing from the file but at start. A process that hosts many groups wants one file, and
//! one sync, for all of them; this is a file, and a sync, for each.
//!
//! # A founder, a joiner, a recovered store
//!
//! [`Journal::found`] for a founder, [`Journal::join`] for a node that joins, each once: never where a node merely starts.
//! A store whose file was lost would come back as a member that has forgotten what it acknowledged, and what is committed
//! could be lost with it. Where the members' stores are named, such a store counts nowhere (`docs/lost-disks.md` in the
//! repository): give each store an identity, and name it in the configuration that founds the group
//! ([`ConfState::with_identities`](quorate::ConfState::with_identities)), or in the change that adds its node
//! ([`ConfChangeSingle::with_identity`](quorate::membership::ConfChangeSingle::with_identity)). One without the other
//! takes no part in anything. A [recovered](quorate::recover) store is put in the place of the old one, in one step, by
//! [`Journal::replace_with`].
//!
//! # Against the storage suite
//!
//! `tests/rules.rs` runs `quorate-sim`'s storage suite over a journal whose file is torn, fails and is full: nothing of
//! that is left to you.
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
