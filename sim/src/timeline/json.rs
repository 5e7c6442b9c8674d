//! A run as JSON that may stand inside a page.
//!
//! Written by hand: it is one object of one shape, and what the page needs beyond JSON (no `<`, no
//! number that JavaScript rounds) would have to be added to any library. The tests read it with one.

use std::fmt::Write;

use crate::trace::{Record, Trace, What};

/// The largest number that JavaScript holds exactly, 2^53 - 1.
const EXACT_MAX: u64 = (1 << 53) - 1;

/// The run as an object, a line for each record: `[at, node, type, ...]`.
pub(super) fn of_trace(trace: &Trace) -> String {
    let mut json = Json(String::with_capacity(trace.records.len() * 96 + 1024));
    json.raw("{\"seed\":").text(&trace.seed.to_string()); // a name, not a quantity
    json.raw(",\n\"profile\":").text(&trace.profile);
    json.raw(",\n\"parameters\":").text(&trace.parameters);
    json.raw(",\n\"violation\":").optional_text(trace.violation.as_deref());
    json.raw(",\n\"nodes\":[");
    for (position, node) in trace.nodes.iter().enumerate() {
        json.raw(if position == 0 { "" } else { "," }).number(*node);
    }
    json.raw("],\n\"records\":[");
    for (position, record) in trace.records.iter().enumerate() {
        json.raw(if position == 0 { "\n" } else { ",\n" }).record(record);
    }
    json.raw("\n]}");
    json.0
}

struct Json(String);

impl Json {
    fn raw(&mut self, json: &str) -> &mut Self {
        self.0.push_str(json);
        self
    }

    /// A number, as a string if JavaScript would round it.
    fn number(&mut self, number: u64) -> &mut Self {
        let digits = number.to_string();
        if number <= EXACT_MAX {
            self.raw(&digits)
        } else {
            self.text(&digits)
        }
    }

    /// A string. `<` is escaped too: the HTML parser, which comes first, ends the block at `</script`.
    fn text(&mut self, text: &str) -> &mut Self {
        self.0.push('"');
        for letter in text.chars() {
            match letter {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\n' => self.0.push_str("\\n"),
                '<' | '\0'..='\x1f' | '\x7f' => {
                    // Writing to a string does not fail.
                    let _ = write!(self.0, "\\u{:04x}", u32::from(letter));
                }
                letter => self.0.push(letter),
            }
        }
        self.0.push('"');
        self
    }

    fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    fn record(&mut self, record: &Record) -> &mut Self {
        self.raw("[").number(record.at).raw(",").number(record.node).raw(",\"");
        self.raw(name(&record.what)).raw("\"");
        match &record.what {
            What::Role { role, term, leader } => {
                self.raw(",").text(&format!("{role:?}")).raw(",").number(*term);
                match leader {
                    Some(leader) => self.raw(",").number(*leader),
                    None => self.raw(",null"),
                };
            }
            What::Sent {
                message,
                to,
                kind,
                text,
            } => {
                self.raw(",").number(*message).raw(",").number(*to);
                self.raw(",").text(kind).raw(",").text(text);
            }
            What::Dropped { message, why } => {
                self.raw(",").number(*message).raw(",").text(why);
            }
            What::Crashed { lost } => {
                self.raw(",").number(u64::try_from(*lost).unwrap_or(u64::MAX));
            }
            What::Delivered { message: number }
            | What::Cut { to: number }
            | What::Mended { to: number }
            | What::Committed { index: number }
            | What::Applied { index: number } => {
                self.raw(",").number(*number);
            }
            What::Configured { text } => {
                self.raw(",").text(text);
            }
            What::Called { operation, text } | What::Answered { operation, text } => {
                self.raw(",").number(*operation).raw(",").text(text);
            }
            What::Note { kind, text } => {
                self.raw(",").text(kind).raw(",").text(text);
            }
            What::Restarted | What::Paused | What::Resumed => {}
        }
        self.raw("]")
    }
}

/// What the page calls it; `model.js` has the fields of each.
fn name(what: &What) -> &'static str {
    match what {
        What::Role { .. } => "role",
        What::Sent { .. } => "sent",
        What::Delivered { .. } => "delivered",
        What::Dropped { .. } => "dropped",
        What::Crashed { .. } => "crashed",
        What::Restarted => "restarted",
        What::Paused => "paused",
        What::Resumed => "resumed",
        What::Cut { .. } => "cut",
        What::Mended { .. } => "mended",
        What::Committed { .. } => "committed",
        What::Applied { .. } => "applied",
        What::Configured { .. } => "configured",
        What::Called { .. } => "called",
        What::Answered { .. } => "answered",
        What::Note { .. } => "note",
    }
}
