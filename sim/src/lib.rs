//! A deterministic simulator for [`quorate`].

pub mod cluster;
pub mod coverage;
pub mod disk;
pub mod history;
pub mod judge;
pub mod machine;
mod member;
mod shadow;
pub mod step;
pub mod trace;
