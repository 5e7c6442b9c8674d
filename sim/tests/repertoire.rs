//! Everything that a node can be asked for, and every setting, is in the simulator's repertoire; or it is said here why
//! not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Calls that no run makes.
const CALLS: &[(&str, &str)] = &[
    ("catch_up", "only tells"),
    ("explain_index", "only tells"),
    ("explain_peer", "only tells"),
    (
        "set_election_timeout_draw",
        "for tests and scripts: leases rest on what is drawn",
    ),
    ("renumber", "for model checkers: numbers that decide nothing"),
    ("snapshot_metadata", "only tells"),
    ("with_logger", "logs are for people"),
];

/// Settings that all nodes have as they are by default.
const SETTINGS: &[(&str, &str)] = &[
    (
        "disable_conf_change_validation",
        "unchecked changes may break a group: theirs to check",
    ),
    (
        "fence_rejoined",
        "without it old acknowledgements count: unsound where disks are lost",
    ),
    (
        "mark_checked_changes",
        "off, validation has to be on in the whole group and for good",
    ),
    (
        "snapshot_tells_term",
        "off, a torn batch may leave a store without its term: unsound where power fails",
    ),
];

fn sources(folder: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut text = String::new();
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else {
                text.push_str(&fs::read_to_string(&path).expect("a text"));
            }
        }
    }
    text
}

/// What follows `before` in each line, as far as it is a name.
fn names<'a>(text: &'a str, before: &'a str) -> BTreeSet<&'a str> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(before));
    let end = |rest: &str| {
        rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len())
    };
    lines.map(|rest| &rest[..end(rest)]).collect()
}

fn compare(all: &BTreeSet<&str>, used: impl Fn(&str) -> bool, exempt: &[(&str, &str)]) {
    assert!(all.len() > 20, "{all:?}");
    let is_exempt = |name: &str| exempt.iter().any(|(known, _)| *known == name);
    let forgotten: Vec<_> = all.iter().filter(|name| !used(name) && !is_exempt(name)).collect();
    assert!(forgotten.is_empty(), "not in the repertoire: {forgotten:?}");
    let needless: Vec<_> = exempt
        .iter()
        .filter(|(name, _)| used(name) || !all.contains(name))
        .collect();
    assert!(needless.is_empty(), "in the repertoire, or gone: {needless:?}");
}

#[test]
fn every_call_of_a_node_is_made() {
    let (core, world) = (sources("../src/raw_node"), sources("src"));
    let calls = names(&core, "    pub fn ");
    compare(
        &calls,
        |name| world.contains(&format!(".{name}(")) || name == "new",
        CALLS,
    );
}

#[test]
fn every_setting_is_drawn() {
    let settings = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/config/settings.rs"));
    let (settings, drawn) = (settings.expect("a text"), sources("src/parameters"));
    let parameters = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/parameters.rs"));
    let drawn = drawn + &parameters.expect("a text") + &sources("src/cluster");
    let fields: BTreeSet<&str> = names(&settings, "    pub ")
        .into_iter()
        .filter(|name| !["fn", "struct"].contains(name))
        .collect();
    compare(&fields, |name| drawn.contains(&format!(".{name} =")), SETTINGS);
}
