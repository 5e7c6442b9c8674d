//! A run as one page for a browser, for people who look at a failing seed.
//!
//! The page is whole in itself: its style, its script and the run are inside, it fetches nothing, and
//! forbids itself to. The run is JSON in a block that is not run; nothing of the run is ever written
//! as HTML but the title, and that escaped.

mod json;

use std::io;
use std::path::Path;

use crate::trace::Trace;

const PAGE: &str = include_str!("timeline/page.html");
const STYLE: &str = include_str!("timeline/style.css");

/// The parts of the script, one scope, in the order in which they are run.
const SCRIPT: [&str; 11] = [
    include_str!("timeline/model.js"),
    include_str!("timeline/network.js"),
    include_str!("timeline/words.js"),
    include_str!("timeline/theme.js"),
    include_str!("timeline/view.js"),
    include_str!("timeline/lanes.js"),
    include_str!("timeline/arrows.js"),
    include_str!("timeline/scene.js"),
    include_str!("timeline/pointer.js"),
    include_str!("timeline/panel.js"),
    include_str!("timeline/main.js"),
];

/// The page that shows a run.
///
/// What is in view is kept behind the `#` of its address, so that a view can be linked: `t0` and `t1`
/// in microseconds, `pin` the number of a record (the first is 0), `q` a text to find, `off` kinds that
/// are not shown.
///
/// ```
/// use quorate_sim::{timeline, trace::Trace};
/// let page = timeline::page(&Trace { seed: 42, nodes: vec![1, 2, 3], ..Trace::default() });
/// assert!(page.starts_with("<!doctype html>"));
/// ```
pub fn page(trace: &Trace) -> String {
    let title = format!("quorate-sim: seed {}, {}", trace.seed, trace.profile);
    let script = SCRIPT.concat();
    let data = json::of_trace(trace);
    let parts = [
        ("{{title}}", escape(&title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{data}}", data),
        ("{{script}}", script),
    ];
    fill(PAGE, &parts)
}

/// Writes [`page`] to a file.
pub fn write_page(trace: &Trace, path: &Path) -> io::Result<()> {
    std::fs::write(path, page(trace))
}

/// Puts each value in its place, each place once and in this order: what is put in is not searched, so
/// that a run may hold the name of a place.
fn fill(template: &str, parts: &[(&str, String)]) -> String {
    let mut page = String::with_capacity(parts.iter().map(|(_, value)| value.len()).sum::<usize>() + template.len());
    let mut rest = template;
    for (place, value) in parts {
        if let Some((before, after)) = rest.split_once(place) {
            page.push_str(before);
            page.push_str(value);
            rest = after;
        }
    }
    page.push_str(rest);
    page
}

/// A text as HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
