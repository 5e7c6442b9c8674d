//! The file format: comments, and blocks of a command, its input and its expected output.
//!
//! (The crate `datadriven` does not fit: it reads only files it finds itself, forgets the order of arguments, and pulls in `futures`.)

use std::fmt;

use quorate_sim::command::{Command, Misuse};

const SEPARATOR: &str = "----";

/// A file, taken apart so that it can be put together again.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug)]
enum Piece {
    /// A comment or a blank line.
    Verbatim(String),
    Block(Block),
}

/// A command with its input and what it is expected to print.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The line of the command in the file, from 1.
    pub(crate) line: usize,
    /// The command line as written.
    pub(crate) head: String,
    pub(crate) command: Command,
    pub(crate) input: Vec<String>,
    pub(crate) expected: Vec<String>,
    /// The line of the first expected line.
    pub(crate) expected_line: usize,
}

/// Why a text is not a script.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParseError {
    line: usize,
    reason: String,
}

impl ParseError {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for ParseError {}

impl Script {
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut reader = Reader {
            lines: text.lines().collect(),
            next: 0,
        };
        let mut pieces = Vec::new();
        while let Some(line) = reader.peek() {
            if is_blank(line) || line.trim_start().starts_with('#') {
                pieces.push(Piece::Verbatim(line.to_owned()));
                reader.next += 1;
            } else {
                pieces.push(Piece::Block(reader.block()?));
            }
        }
        Ok(Self { pieces })
    }

    pub(crate) fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Block(block) => Some(block),
            Piece::Verbatim(_) => None,
        })
    }

    /// The file with these outputs, one for each block, in place of the expected ones.
    pub(crate) fn render(&self, outputs: &[String]) -> String {
        let mut text = String::new();
        let mut outputs = outputs.iter();
        for piece in &self.pieces {
            match piece {
                Piece::Verbatim(line) => push_line(&mut text, line),
                Piece::Block(block) => {
                    push_line(&mut text, &block.head);
                    for line in &block.input {
                        push_line(&mut text, line);
                    }
                    push_output(&mut text, outputs.next().map_or("", String::as_str));
                }
            }
        }
        text
    }
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// The separator and the output, in doubled separators if a blank line in it would end it.
fn push_output(text: &mut String, output: &str) {
    push_line(text, SEPARATOR);
    let doubled = output.lines().any(is_blank);
    if doubled {
        push_line(text, SEPARATOR);
    }
    for line in output.lines() {
        push_line(text, line);
    }
    if doubled {
        push_line(text, SEPARATOR);
        push_line(text, SEPARATOR);
    }
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    /// Position of the next line, from 0.
    next: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.next).copied()
    }

    fn take(&mut self) -> Option<&'a str> {
        let line = self.peek()?;
        self.next += 1;
        Some(line)
    }

    fn at_separator(&self) -> bool {
        self.peek().is_some_and(|line| line.trim_end() == SEPARATOR)
    }

    fn block(&mut self) -> Result<Block, ParseError> {
        let line = self.next + 1;
        let error = |reason: &str| ParseError {
            line,
            reason: reason.to_owned(),
        };
        let head = self.take().unwrap_or_default();
        if head.trim_end() == SEPARATOR {
            return Err(error("`----` without a command above it"));
        }
        let command = head.parse().map_err(|reason: Misuse| error(&reason.to_string()))?;
        let mut input = Vec::new();
        while !self.at_separator() {
            match self.take() {
                Some(text) if !is_blank(text) => input.push(text.to_owned()),
                _ => return Err(error("no `----` follows this command")),
            }
        }
        self.next += 1;
        let doubled = self.at_separator();
        self.next += usize::from(doubled);
        let expected_line = self.next + 1;
        let expected = if doubled {
            self.until_doubled(line)?
        } else {
            self.until_blank()
        };
        Ok(Block {
            line,
            head: head.to_owned(),
            command,
            input,
            expected,
            expected_line,
        })
    }

    fn until_blank(&mut self) -> Vec<String> {
        let mut expected = Vec::new();
        while let Some(line) = self.peek().filter(|line| !is_blank(line)) {
            expected.push(line.to_owned());
            self.next += 1;
        }
        expected
    }

    fn until_doubled(&mut self, line: usize) -> Result<Vec<String>, ParseError> {
        let mut expected = Vec::new();
        loop {
            if self.at_separator() {
                self.next += 1;
                if self.at_separator() {
                    self.next += 1;
                    break;
                }
                expected.push(SEPARATOR.to_owned());
            } else if let Some(line) = self.take() {
                expected.push(line.to_owned());
            } else {
                let reason = "the doubled `----` below this command is never closed".to_owned();
                return Err(ParseError { line, reason });
            }
        }
        if self.peek().is_some_and(|line| !is_blank(line)) {
            let reason = "a blank line must follow the doubled `----`".to_owned();
            return Err(ParseError {
                line: self.next + 1,
                reason,
            });
        }
        Ok(expected)
    }
}

#[cfg(test)]
mod tests {
    use super::Script;

    fn rerendered(text: &str) -> String {
        let script = Script::parse(text).unwrap();
        let outputs: Vec<String> = script.blocks().map(|block| block.expected.join("\n")).collect();
        script.render(&outputs)
    }

    #[test]
    fn a_file_survives_being_taken_apart() {
        let text =
            "# why\n\ncmd 1 a=(2, 3)\ninput\n----\nout\n  put\n\n\nother\n----\n----\na\n\nb\n----\n----\n\n# end\n";
        assert_eq!(rerendered(text), text);
    }

    #[test]
    fn blocks_know_their_lines() {
        let script = Script::parse("# c\nx\ni\n----\na\nb\n\ny\n----\n----\n\nc\n----\n----\n").unwrap();
        let blocks: Vec<_> = script.blocks().collect();
        assert_eq!((blocks[0].line, blocks[0].expected_line), (2, 5));
        assert_eq!((blocks[1].line, blocks[1].expected_line), (8, 11));
        assert_eq!(blocks[1].expected, ["", "c"]);
        assert_eq!(blocks[0].input, ["i"]);
    }

    #[test]
    fn malformed_files_are_refused_with_their_line() {
        for (text, line) in [
            ("a\n\n", 1),
            ("a\n----\n\nb\n", 4),
            ("\n----\n", 2),
            ("a\n----\n----\nb\n", 1),
            ("a\n----\n----\nb\n----\n----\nc\n", 7),
            ("\n\na x=(1\n----\n", 3),
            ("a x=(1)y\n----\n", 1),
            ("a =1\n----\n", 1),
        ] {
            assert_eq!(Script::parse(text).unwrap_err().line(), line, "{text:?}");
        }
    }
}
