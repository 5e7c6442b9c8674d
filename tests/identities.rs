//! Stores that are lost and replaced, at any time and in any number, in groups whose members are named by them.
//! (The argument: D28 in `docs/etcd-differences.md`.)

#[path = "identities/found.rs"]
mod found;
mod support;
