//! Runs every scenario script: our own, and the recorded ones where they are.
//!
//! `RAFT_SCRIPTS` names the directory of the recorded ones; without it they are looked for next to
//! the checkout, and left out where they are not.

use std::fmt::Write;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use quorate_script::Kind;

#[test]
fn our_own_scripts() {
    check(&root().join("tests/scripts"));
}

#[test]
fn recorded_scripts() {
    match std::env::var_os("RAFT_SCRIPTS") {
        Some(directory) => check(&root().join(directory)),
        None => println!("left out: RAFT_SCRIPTS names no directory"),
    }
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Fails with all differences of all files.
fn check(directory: &Path) {
    let files = scripts_in(directory);
    assert!(!files.is_empty(), "no scripts in {}", directory.display());
    let failures: Vec<String> = files.iter().filter_map(|file| failure(file)).collect();
    let (failed, all) = (failures.len(), files.len());
    println!("{} of {all} scripts pass in {}", all - failed, directory.display());
    assert!(
        failures.is_empty(),
        "{failed} of {all} scripts differ:\n{}",
        failures.concat()
    );
}

/// All text files below a directory, sorted.
fn scripts_in(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a directory entry").path()).collect();
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(scripts_in(&path));
        } else if path.extension().is_some_and(|extension| extension == "txt") {
            files.push(path);
        }
    }
    files
}

/// What is wrong with a file, if anything. A panic is one file's affair too.
fn failure(file: &Path) -> Option<String> {
    let outcome = catch_unwind(AssertUnwindSafe(|| differences(file)));
    let problem = outcome.unwrap_or_else(|_| Some("it panics, see above\n".to_owned()))?;
    Some(format!(
        "--- {} (expected)\n+++ our engine\n{problem}\n",
        file.display()
    ))
}

fn differences(file: &Path) -> Option<String> {
    let Some(kind) = Kind::of_path(file) else {
        return Some("its folder does not tell its kind\n".to_owned());
    };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return Some(format!("{error}\n")),
    };
    let differences = match quorate_script::run(kind, &text) {
        Ok(run) => run.differences(),
        Err(error) => return Some(format!("{error}\n")),
    };
    let mut problem = String::new();
    for difference in &differences {
        let _ = write!(problem, "{difference}");
    }
    (!problem.is_empty()).then_some(problem)
}
