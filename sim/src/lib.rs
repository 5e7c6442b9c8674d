//! A deterministic simulator for [`quorate`].

pub mod disk;
mod draw;
pub mod file;
pub mod trace;
