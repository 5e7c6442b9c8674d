//! A deterministic simulator for [`quorate`].

pub mod disk;
mod draw;
pub mod file;
pub mod storage_suite;
pub mod trace;
