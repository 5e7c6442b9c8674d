//! What the fuzz targets do, each a function of bytes. `sim/tests/fuzzed.rs` runs the same as property tests.

pub mod decode;
pub mod group;
pub mod hostile;
pub mod log;
pub mod script;

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/hostile/recipe.rs"]
mod recipe;
#[path = "../../tests/hostile/session.rs"]
mod session;
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/hostile/subjects.rs"]
mod subjects;
#[path = "../../tests/support/mod.rs"]
mod support;

#[path = "seeds.rs"]
pub mod seeds;
