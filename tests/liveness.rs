//! Whether a majority that is well gets a leader: worlds of three nodes, each reached by real nodes, one
//! configuration change, and messages that are delivered in any order or lost. See docs/liveness.md.

#[path = "liveness/judge.rs"]
mod judge;
#[path = "liveness/known.rs"]
mod known;
#[path = "liveness/profile.rs"]
mod profile;
#[path = "liveness/scenario.rs"]
mod scenario;
#[path = "liveness/search.rs"]
mod search;
mod support;
#[path = "liveness/world.rs"]
mod world;
