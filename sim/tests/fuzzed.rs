//! The fuzz targets as property tests: over the committed corpora, and over bytes that proptest makes up and shrinks.
#![allow(unreachable_pub, reason = "what is shared is public in the crate of the targets")]

#[path = "../../fuzz/src/decode.rs"]
mod decode;
#[path = "../../fuzz/src/group.rs"]
mod group;
#[path = "../../fuzz/src/hostile.rs"]
mod hostile;
#[path = "../../fuzz/src/log.rs"]
mod log;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../../tests/hostile/recipe.rs"]
mod recipe;
#[path = "../../fuzz/src/script.rs"]
mod script;
#[path = "../../fuzz/src/seeds.rs"]
mod seeds;
#[path = "../../tests/hostile/session.rs"]
mod session;
#[allow(dead_code, reason = "other tests use more of it")]
#[path = "../../tests/hostile/subjects.rs"]
mod subjects;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any};
use proptest::test_runner::TestRunner;

/// A target over its seeds, its corpus, and so many random inputs.
fn try_all(name: &str, target: fn(&[u8]), cases: u32, longest: usize) {
    for bytes in seeds::of(name) {
        target(&bytes);
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    for file in fs::read_dir(&corpus).expect("a corpus") {
        target(&fs::read(file.expect("a file").path()).expect("its bytes"));
    }
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let tried = TestRunner::new(config).run(&vec(any::<u8>(), 0..longest), |bytes| {
        target(&bytes);
        Ok(())
    });
    tried.unwrap_or_else(|found| panic!("{name}: {found}"));
}

/// What the corpora begin with, written to where `QUORATE_FUZZ_SEEDS` says, if it does.
#[test]
fn seeds_are_written_where_they_are_wanted() {
    let Some(directory) = std::env::var_os("QUORATE_FUZZ_SEEDS") else {
        return;
    };
    for target in ["decode", "step", "calls", "cluster", "script", "log"] {
        let directory = Path::new(&directory).join(target);
        fs::create_dir_all(&directory).expect("space");
        for (number, bytes) in seeds::of(target).iter().enumerate() {
            fs::write(directory.join(format!("seed-{number:03}")), bytes).expect("space");
        }
    }
}

#[test]
fn decode_reads_what_it_writes() {
    try_all("decode", decode::run, 2_000, 200);
}

#[test]
fn step_is_refused_without_a_trace() {
    try_all("step", hostile::run, 200, 400);
}

#[test]
fn calls_in_any_order_keep_the_promises() {
    try_all("calls", group::listed, 200, 1_600);
}

#[test]
fn clusters_that_bytes_steer_keep_them_too() {
    try_all("cluster", group::steered, 50, 2_000);
}

#[test]
fn scripts_are_read_as_what_they_are_written_as() {
    try_all("script", script::run, 2_000, 200);
}

#[test]
fn a_log_is_a_vector() {
    try_all("log", log::run, 300, 400);
}
