//! Traces as steps of the simulator, and as scripts of the conformance runner.

mod script;
mod steps;

pub use script::recording;
pub use steps::steps;
