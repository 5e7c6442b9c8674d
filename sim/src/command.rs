//! The language of scripts, line by line: a command's name, then words and `key=value` or `key=(value, value)`.
//!
//! A word or value in double quotes may hold anything, by Go's escapes: see [`quote()`] and [`bytes_of`].

pub mod changes;
mod quote;

use std::fmt;
use std::str::FromStr;

use quorate::types::NodeId;

pub use quote::{bytes_of, quote, word_of};

/// A command line, taken apart.
///
/// ```
/// use quorate_sim::command::Command;
/// let command: Command = "deliver 1->2 MsgApp nth=1".parse()?;
/// assert_eq!(command.exactly("FROM->TO TYPE")?, ["1->2", "MsgApp"]);
/// assert_eq!(command.value("nth")?, Some(1));
/// # Ok::<(), quorate_sim::command::Misuse>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What it is to do.
    pub name: String,
    args: Vec<Arg>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Arg {
    Word(String),
    Named { key: String, values: Vec<String> },
}

/// Why a line is no command, or not one that can be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse(String);

impl Misuse {
    /// In these words.
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// `true` or `false`, and the shorter words for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(pub bool);

impl FromStr for Switch {
    type Err = Misuse;

    fn from_str(word: &str) -> Result<Self, Misuse> {
        match word {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Self(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Self(false)),
            _ => Err(Misuse::new(format!("{word:?} is neither true nor false"))),
        }
    }
}

impl FromStr for Command {
    type Err = Misuse;

    fn from_str(line: &str) -> Result<Self, Misuse> {
        let mut rest = line.trim();
        let mut args = Vec::new();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let (name, mut after) = rest.split_at(end);
        loop {
            rest = after.trim_start();
            if rest.is_empty() {
                break;
            }
            let arg;
            (arg, after) = Arg::parse(rest)?;
            args.push(arg);
        }
        Ok(Self {
            name: name.to_owned(),
            args,
        })
    }
}

impl Command {
    /// Arguments that are mere words, in order.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.args.iter().filter_map(|arg| match arg {
            Arg::Word(word) => Some(word.as_str()),
            Arg::Named { .. } => None,
        })
    }

    /// The words, when there must be exactly so many.
    pub fn exactly<const N: usize>(&self, usage: &str) -> Result<[&str; N], Misuse> {
        let words: Vec<&str> = self.words().collect();
        let expected = || Misuse::new(format!("expected: {} {usage}", self.name));
        words.try_into().map_err(|_| expected())
    }

    /// The words as ids.
    pub fn ids(&self) -> Result<Vec<NodeId>, Misuse> {
        self.words().map(number).collect()
    }

    /// All values under a key; none if it is not there.
    pub fn list<T: FromStr>(&self, wanted: &str) -> Result<Vec<T>, Misuse> {
        let named = self.args.iter().filter_map(|arg| match arg {
            Arg::Named { key, values } if key == wanted => Some(values),
            _ => None,
        });
        named
            .flatten()
            .map(|value| {
                value
                    .parse()
                    .map_err(|_| Misuse::new(format!("{wanted}: {value:?} is not valid")))
            })
            .collect()
    }

    /// The value under a key.
    pub fn value<T: FromStr>(&self, key: &str) -> Result<Option<T>, Misuse> {
        Ok(self.list(key)?.pop())
    }

    /// Whether it is `true` under a key; not if it is not there.
    pub fn switch(&self, key: &str) -> Result<bool, Misuse> {
        Ok(self.value::<Switch>(key)?.is_some_and(|switch| switch.0))
    }

    /// Whether the key is there.
    pub fn has(&self, wanted: &str) -> bool {
        self.keys().any(|key| key == wanted)
    }

    /// Refuses keys that the command does not know.
    pub fn only(&self, known: &[&str]) -> Result<(), Misuse> {
        match self.keys().find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => Err(Misuse::new(format!("unknown argument {key}"))),
        }
    }

    fn keys(&self) -> impl Iterator<Item = &str> {
        self.args.iter().filter_map(|arg| match arg {
            Arg::Word(_) => None,
            Arg::Named { key, .. } => Some(key.as_str()),
        })
    }
}

/// A word that must be a number.
pub fn number(word: &str) -> Result<u64, Misuse> {
    word.parse()
        .map_err(|_| Misuse::new(format!("{word:?} is not a number")))
}

impl Arg {
    /// The argument that `text` starts with, and what follows it.
    fn parse(text: &str) -> Result<(Self, &str), Misuse> {
        if text.starts_with('"') {
            let (word, rest) = text.split_at(quoted_end(text)?);
            return Ok((Self::Word(word.to_owned()), rest));
        }
        let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
        let (key, rest) = text.split_at(end);
        let Some(rest) = rest.strip_prefix('=') else {
            return Ok((Self::Word(key.to_owned()), rest));
        };
        if key.is_empty() {
            return Err(Misuse::new("a value without a key"));
        }
        let (values, rest) = match rest.strip_prefix('(') {
            None => {
                let end = if rest.starts_with('"') {
                    quoted_end(rest)?
                } else {
                    rest.find(char::is_whitespace).unwrap_or(rest.len())
                };
                let (value, rest) = rest.split_at(end);
                (vec![value.to_owned()], rest)
            }
            Some(list) => {
                let Some((list, rest)) = list.split_once(')') else {
                    return Err(Misuse::new(format!("the bracket after {key}= is never closed")));
                };
                if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
                    return Err(Misuse::new(format!("a blank must follow the bracket after {key}=")));
                }
                let separate = |c: char| c == ',' || c.is_whitespace();
                let values = list.split(separate).filter(|value| !value.is_empty());
                (values.map(str::to_owned).collect(), rest)
            }
        };
        let key = key.to_owned();
        Ok((Self::Named { key, values }, rest))
    }
}

/// Where a word in quotes ends.
fn quoted_end(text: &str) -> Result<usize, Misuse> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => {
                let end = at + 1;
                if text[end..].starts_with(|c: char| !c.is_whitespace()) {
                    return Err(Misuse::new("a blank must follow the closing quote"));
                }
                return Ok(end);
            }
            _ => escaped = c == '\\' && !escaped,
        }
    }
    Err(Misuse::new("a quote is never closed"))
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn words_and_lists() {
        let command = " deliver 1  drop=(2, 3) type=MsgApp 4 x=() y=a=b "
            .parse::<Command>()
            .unwrap();
        assert_eq!(command.name, "deliver");
        assert_eq!(command.ids().unwrap(), [1, 4]);
        assert_eq!(command.list::<u64>("drop").unwrap(), [2, 3]);
        assert_eq!(command.value::<String>("type").unwrap().as_deref(), Some("MsgApp"));
        assert_eq!(command.list::<u64>("x").unwrap(), []);
        assert_eq!(command.value::<String>("y").unwrap().as_deref(), Some("a=b"));
        assert!(command.has("x") && !command.has("z"));
        assert!(command.only(&["drop", "type", "x"]).is_err());
        assert!(command.value::<u64>("type").is_err());
        assert!(command.exactly::<3>("ID").is_err());
    }

    #[test]
    fn words_in_quotes() {
        let command: Command = r#"propose 1 "a =\"(b\\" context="\xff " x"#.parse().unwrap();
        assert_eq!(command.exactly("").unwrap(), ["1", r#""a =\"(b\\""#, "x"]);
        assert_eq!(
            command.value::<String>("context").unwrap().as_deref(),
            Some(r#""\xff ""#)
        );
        for mistaken in [
            r#"a "b"#,
            r#"a "b"c"#,
            r#"a x="b"#,
            r#"a "b\""#,
            "a =1",
            "a x=(1",
            "a x=(1)2",
        ] {
            assert!(mistaken.parse::<Command>().is_err(), "{mistaken}");
        }
    }
}
