//! A deterministic, sans-IO Raft consensus core.
//!
//! A [`RawNode`] is one member of one group. It has no clock, no disk, no network and no threads: you
//! tell it what happens, and it tells you what to do.
//!
//! ```
//! use quorate::{bootstrap, ConfState, Config, MemoryStorage, RawNode};
//!
//! // A group of one, so that the loop fits here.
//! let storage = MemoryStorage::from_snapshot(bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?);
//! let mut node = RawNode::new(Config::new(1, 42), storage)?;
//! node.campaign()?;
//!
//! let mut applied = Vec::new();
//! let mut proposed = false;
//! loop {
//!     while let Some(mut ready) = node.ready()? {
//!         for message in ready.drain_messages() { /* may leave at once */ }
//!         // Snapshot, entries, hard state; synced if it must.
//!         let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
//!         for message in done.drain_messages() { /* promises something durable */ }
//!         if let Some(snapshot) = done.snapshot() { /* the state machine begins anew with it */ }
//!         for entry in &done.take_committed_entries() {
//!             if entry.is_conf_change() {
//!                 node.apply_conf_change(entry)?;
//!             }
//!             applied.push(entry.data.clone());
//!         }
//!         node.advance(done)?;
//!     }
//!     if proposed {
//!         break;
//!     }
//!     node.propose("x = 1")?; // or tick(), or step(message)
//!     proposed = true;
//! }
//! assert_eq!(applied, ["", "x = 1"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`replica`] has this loop ready made, for a state machine of yours. The README has it with snapshots, reads and what
//! became of each proposal; `docs/snapshots.md`, `docs/membership.md` and `docs/lost-quorum.md` in the repository tell
//! the rest.
//!
//! # A tour
//!
//! * [`RawNode`]: the calls. [`Ready`]: what to do, in order. [`Config`] and [`Settings`].
//! * [`storage`]: what the core reads from your disk; [`MemoryStorage`]: one in memory.
//! * [`message`]: what nodes say to each other, and as bytes.
//! * [`membership`]: who is in the group, and how that changes. [`quorum`]: counting.
//! * [`event`] and [`status`]: what happened, and what is. [`error`]: what was refused, and why.
//! * [`replica`]: a node with its state machine and its clients.
//! * [`pending`]: what became of a proposal, and of a read.
//! * [`recover`]: what to do when a majority of the disks is lost.
//!
//! # Promises
//!
//! The same settings and the same calls in the same order give the same output, byte for byte, on
//! every platform. No input makes a node panic: a message or call that is wrong is refused with a
//! typed error and changes nothing. A storage that breaks its contract poisons its own node only.
#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::std_instead_of_core,
        clippy::std_instead_of_alloc,
        clippy::alloc_instead_of_core
    )
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod aside;
mod config;
mod counters;
mod entries;
pub mod error;
pub mod event;
pub mod explain;
mod log;
pub mod membership;
mod membership_status;
pub mod message;
pub mod pending;
mod progress;
pub mod quorum;
mod raft;
mod raw_node;
mod read;
pub mod ready;
pub mod recover;
pub mod replica;
mod role;
mod rules;
mod seldom;
mod server;
mod soft_state;
pub mod status;
mod stop;
pub mod storage;
mod text;
mod trace;
pub mod types;
mod wire;

/// The crate of [`Bytes`](bytes::Bytes), which payloads are.
pub use bytes;
pub use config::{CommitGroups, Config, ReadMode, Settings};
pub use entries::Entries;
#[doc(inline)]
pub use event::Event;
pub use membership_status::bootstrap;
#[doc(inline)]
pub use message::Message;
pub use raft::Proposed;
pub use raw_node::RawNode;
#[doc(inline)]
pub use ready::Ready;
#[doc(inline)]
pub use status::Status;
#[doc(inline)]
pub use storage::{MemoryStorage, Storage, StorageError};
#[doc(inline)]
pub use types::{ConfState, Entry, EntryId, HardState, Index, NodeId, Snapshot, Term};
pub use wire::proto;

/// So are those about who is in the group.
#[cfg(doctest)]
#[doc = include_str!("../docs/membership.md")]
#[derive(Debug)]
pub struct ChangingMembership;

/// So are those about snapshots.
#[cfg(doctest)]
#[doc = include_str!("../docs/snapshots.md")]
#[derive(Debug)]
pub struct Snapshots;

/// So are those of what to do about a lost disk.
#[cfg(doctest)]
#[doc = include_str!("../docs/lost-disks.md")]
#[derive(Debug)]
pub struct LostDisks;

/// And of a lost quorum.
#[cfg(doctest)]
#[doc = include_str!("../docs/lost-quorum.md")]
#[derive(Debug)]
pub struct LostQuorum;

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
pub struct Readme;
