//! Stores that are lost and replaced, at any time and in any number, in groups whose members are named by them.
//! (The argument: D28 in `docs/etcd-differences.md`.)

#[path = "identities/dice.rs"]
mod dice;
#[path = "identities/episode.rs"]
mod episode;
#[path = "identities/found.rs"]
mod found;
#[path = "identities/history.rs"]
mod history;
#[path = "identities/judge.rs"]
mod judge;
#[path = "identities/member.rs"]
mod member;
#[path = "identities/operator.rs"]
mod operator;
#[path = "identities/profile.rs"]
mod profile;
mod support;
#[path = "identities/walk.rs"]
mod walk;
#[path = "identities/world.rs"]
mod world;
