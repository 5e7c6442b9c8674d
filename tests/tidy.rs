//! The house rules of `src/`, as tests: layers, sizes, no panics, no leftovers.

use std::fs;
use std::path::{Path, PathBuf};

/// A file may use what is in its own row or below. Top first; see ARCHITECTURE.md.
const LAYERS: [(&str, &[&str]); 8] = [
    ("loop", &["replica"]),
    ("companion", &["pending"]),
    (
        "face",
        &["lib", "raw_node", "membership_status", "explain", "recover", "status"],
    ),
    ("machine", &["raft"]),
    ("roles", &["role"]),
    ("state", &["server", "log", "progress", "read"]),
    ("rules", &["rules"]),
    (
        "words",
        &[
            "aside",
            "config",
            "counters",
            "entries",
            "error",
            "event",
            "membership",
            "message",
            "quorum",
            "ready",
            "seldom",
            "soft_state",
            "stop",
            "storage",
            "text",
            "trace",
            "types",
            "wire",
        ],
    ),
];

/// Tables that are read by looking up one row; longer than other functions may be.
const TABLES: [&str; 3] = ["fn dispatch(", "fn from(message", "fn payload(wire"];

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 60;

struct Source {
    path: PathBuf,
    /// The first directory or file name under `src`, without the ending: the room it belongs to.
    room: String,
    /// Without its tests.
    lines: Vec<String>,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).expect("a text");
                let room = path
                    .strip_prefix(&root)
                    .expect("below src")
                    .iter()
                    .next()
                    .expect("a name");
                let room = room.to_string_lossy().trim_end_matches(".rs").to_owned();
                let lines = text
                    .lines()
                    .take_while(|line| *line != "#[cfg(test)]")
                    .map(str::to_owned)
                    .collect();
                sources.push(Source { path, room, lines });
            }
        }
    }
    assert!(sources.len() > 40, "where are the sources?");
    sources
}

/// The layer's place from the top.
fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, rooms)| rooms.contains(&room))
}

/// Rooms that a line of code names: `crate::room::...`.
fn rooms_named(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    code.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

fn report(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

#[test]
fn a_file_uses_only_its_own_layer_and_what_is_below() {
    let mut findings = Vec::new();
    for Source { path, room, lines } in sources() {
        let own = layer(&room).unwrap_or_else(|| panic!("{} is in no layer", path.display()));
        let imports = lines.iter().enumerate().filter(|_| room != "lib");
        for (number, line) in imports {
            let rooms = rooms_named(line).filter(|used| used.starts_with(|c: char| c.is_lowercase()));
            for used in rooms.filter(|used| !line.contains(&format!("$crate::{used}!"))) {
                if layer(used).is_none_or(|used| used < own) {
                    findings.push(format!("{}:{}: uses {used}", path.display(), number + 1));
                }
            }
        }
    }
    report(&findings);
}

#[test]
fn files_and_functions_fit_a_reader() {
    let mut findings = Vec::new();
    for Source { path, lines, .. } in sources() {
        if lines.len() > FILE_LINES_MAX {
            findings.push(format!("{}: {} lines", path.display(), lines.len()));
        }
        let mut open: Option<(usize, usize, &str)> = None;
        for (number, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let code = line.trim_start();
            let begins = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "const fn "];
            if open.is_none() && begins.iter().any(|begin| code.starts_with(begin)) {
                open = Some((number, indent, code));
            }
            if let Some((start, depth, name)) = open
                && line.trim() == "}"
                && indent == depth
            {
                let is_table = TABLES.iter().any(|table| name.contains(table));
                if number - start >= FUNCTION_LINES_MAX && !is_table {
                    findings.push(format!(
                        "{}:{}: {} lines: {name}",
                        path.display(),
                        start + 1,
                        number - start + 1
                    ));
                }
                open = None;
            }
        }
    }
    report(&findings);
}

#[test]
fn nothing_is_left_over() {
    let mut findings = Vec::new();
    for Source { path, lines, .. } in sources() {
        assert!(lines[0].starts_with("//! "), "{} says what it is for", path.display());
        for (number, line) in lines.iter().enumerate() {
            let words = ["TODO", "FIXME", "XXX", "dbg!", "unimplemented!", "todo!"];
            if words.iter().any(|word| line.contains(word)) || line.len() > 120 {
                findings.push(format!("{}:{}: {line}", path.display(), number + 1));
            }
        }
    }
    report(&findings);
}
