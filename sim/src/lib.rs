//! A deterministic simulator for [`quorate`].

pub mod disk;
pub mod trace;
