//! Generates the wire structs from `proto/raft.proto`, in Rust alone: no `protoc` is needed.

use std::error::Error;

const SCHEMA: &str = "proto/raft.proto";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={SCHEMA}");
    let schema = protox::compile([SCHEMA], ["proto"])?;
    prost_build::Config::new().bytes(["."]).compile_fds(schema)?;
    Ok(())
}
