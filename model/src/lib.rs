//! A model checker for groups of [`quorate`] nodes: it explores every order of events within the bounds of a
//! [`World`], over the code that ships, and says by which shortest way something wrong can happen.
//!
//! ```
//! use quorate_model::{Group, Kind, Limits, World, search};
//! // Two voters, two candidacies, one crash at any moment that may tear any write.
//! let world = World::new(2).allow(Kind::Campaign, 2).allow(Kind::Crash, 1).max_term(2).max_in_flight(3);
//! let outcome = search(&Group::new(world)?, Limits::default());
//! assert!(outcome.complete, "every state within the bounds was looked at");
//! assert!(outcome.found.is_none(), "and all is well in each");
//! # Ok::<(), quorate_model::WorldError>(())
//! ```
//!
//! * A [`World`] says who is in the group, what may happen how often, and what must hold: values, and no code but for invariants of one's own.
//! * A [`Group`] is a world made ready: the [`System`] that [`search()`] and [`walk()`] explore.
//! * What must hold are the judges of [`quorate_sim`], told of each move, and [`Invariant`]s of each state.
//! * What is found is a list of [moves](Move): [`trace`] makes steps of the simulator and a script of them.
//!
//! The program runs the [worlds](mod@worlds) that the project itself is checked with:
//! `cargo run --release -p quorate-model -- --list`.

mod budget;
mod disk;
mod error;
mod event;
mod group;
mod happen;
mod invariant;
mod member;
mod note;
mod rules;
mod search;
mod system;
mod tables;
pub mod trace;
mod walk;
mod world;
pub mod worlds;

pub use budget::{KINDS, Kind};
pub use disk::WorldDisk;
pub use error::WorldError;
pub use event::{Event, Happening, Tear};
pub use group::{Group, Memory, Move};
pub use invariant::{Invariant, State};
pub use member::{Led, Life, Member, Peer, Seen};
pub use note::History;
pub use rules::Storing;
pub use search::{Found, Limits, Outcome, search};
pub use system::{Next, System};
pub use walk::{Walk, walk};
pub use world::{Change, World};

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
#[derive(Debug)]
pub struct Readme;
