//! Compares what a command printed with what it should have, log lines aside.

use std::fmt;

use crate::parse::Block;

/// Equal lines shown around a difference.
const CONTEXT: usize = 3;

/// Lines shown of one block.
const SHOWN_MAX: usize = 200;

/// Above this many pairs of lines, all of one side is taken to differ from all of the other.
const PAIRS_MAX: usize = 1 << 22;

/// Where a command printed something else than expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    line: usize,
    command: String,
    edits: Vec<Edit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Edit {
    Same { line: usize, text: String },
    Missing { line: usize, text: String },
    Extra { text: String },
}

impl Edit {
    fn missing(line: usize, text: &str) -> Self {
        let text = text.to_owned();
        Self::Missing { line, text }
    }

    fn extra(text: &str) -> Self {
        let text = text.to_owned();
        Self::Extra { text }
    }
}

impl Difference {
    /// The line of the command, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

/// What the output of a block says otherwise than the file, if anything.
pub(crate) fn compare(block: &Block, output: &str) -> Option<Difference> {
    let expected = block.expected.iter().map(String::as_str);
    let expected = normalized((block.expected_line..).zip(expected));
    let actual = normalized((1..).zip(output.lines()));
    let same = |(left, right): (&Line<'_>, &Line<'_>)| left.1 == right.1;
    if expected.len() == actual.len() && expected.iter().zip(&actual).all(same) {
        return None;
    }
    Some(Difference {
        line: block.line,
        command: block.head.clone(),
        edits: edits(&expected, &actual),
    })
}

/// A line and its number in the file.
type Line<'a> = (usize, &'a str);

/// Without log lines and trailing white space; nothing left is a quiet success.
fn normalized<'a>(lines: impl Iterator<Item = Line<'a>>) -> Vec<Line<'a>> {
    let first = |text: &'a str| text.split_whitespace().next();
    let mut number = 0;
    let mut kept: Vec<Line<'a>> = Vec::new();
    for (line, text) in lines {
        if !matches!(first(text), Some("DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL")) {
            kept.push((line, text.trim_end()));
        }
        number = line;
    }
    while kept.last().is_some_and(|(_, text)| text.is_empty()) {
        kept.pop();
    }
    if kept.is_empty() {
        kept.push((number, "ok"));
    }
    kept
}

/// A shortest list of edits that leads from the expected lines to the actual ones.
fn edits(expected: &[Line<'_>], actual: &[Line<'_>]) -> Vec<Edit> {
    if expected.len().saturating_mul(actual.len()) > PAIRS_MAX {
        let missing = expected.iter().map(|&(line, text)| Edit::missing(line, text));
        let extra = actual.iter().map(|&(_, text)| Edit::extra(text));
        return missing.chain(extra).collect();
    }
    // common[i][j]: how many lines of expected[i..] and actual[j..] can be paired, in order.
    let mut common = vec![vec![0_usize; actual.len() + 1]; expected.len() + 1];
    for i in (0..expected.len()).rev() {
        for j in (0..actual.len()).rev() {
            common[i][j] = if expected[i].1 == actual[j].1 {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut edits = Vec::new();
    while i < expected.len() || j < actual.len() {
        let (left, right) = (expected.get(i), actual.get(j));
        match (left, right) {
            (Some(&(line, text)), Some(other)) if text == other.1 => {
                let text = text.to_owned();
                edits.push(Edit::Same { line, text });
                (i, j) = (i + 1, j + 1);
            }
            (Some(&(line, text)), _) if right.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                edits.push(Edit::missing(line, text));
                i += 1;
            }
            (_, Some(&(_, text))) => {
                edits.push(Edit::extra(text));
                j += 1;
            }
            // Guarded by the loop's condition: one of the two is there.
            _ => break,
        }
    }
    edits
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "@@ line {}: {} @@", self.line, self.command.trim())?;
        let is_change = |edit: &Edit| !matches!(edit, Edit::Same { .. });
        let mut skipping = false;
        let mut shown = 0;
        for (position, edit) in self.edits.iter().enumerate() {
            let from = position.saturating_sub(CONTEXT);
            let to = (position + CONTEXT + 1).min(self.edits.len());
            if !self.edits[from..to].iter().any(is_change) {
                if !skipping {
                    writeln!(f, "        ...")?;
                }
                skipping = true;
                continue;
            }
            skipping = false;
            if shown == SHOWN_MAX {
                return writeln!(f, "        ... and more");
            }
            shown += 1;
            match edit {
                Edit::Same { line, text } => writeln!(f, " {line:>6} {text}")?,
                Edit::Missing { line, text } => writeln!(f, "-{line:>6} {text}")?,
                Edit::Extra { text } => writeln!(f, "+{:>6} {text}", "")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use crate::parse::Script;

    fn difference(expected: &str, output: &str) -> Option<String> {
        let script = Script::parse(&format!("cmd\n----\n{expected}")).unwrap();
        let block = script.blocks().next()?;
        compare(block, output).map(|difference| difference.to_string())
    }

    #[test]
    fn log_lines_and_trailing_blanks_do_not_count() {
        assert_eq!(difference("INFO x\n  DEBUG y\n", "ok\n"), None);
        assert_eq!(difference("", "ok\n"), None);
        assert_eq!(difference("a  \nb\n", "a\n WARN z\nb \n"), None);
        assert!(difference("INFORMATION\n", "ok").is_some());
    }

    #[test]
    fn differences_show_lines_and_context() {
        let text = difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\nx\nf\n").unwrap();
        let shown =
            "@@ line 1: cmd @@\n        ...\n      4 b\n      5 c\n      6 d\n-     7 e\n+       x\n      8 f\n";
        assert_eq!(text, shown);
    }
}
