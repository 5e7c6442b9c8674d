//! A command line: its name, then words and `key=value` or `key=(value, value)`.

use std::str::FromStr;

use quorate::types::NodeId;

use crate::output::Failure;

/// A command line, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    args: Vec<Arg>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Arg {
    Word(String),
    Named { key: String, values: Vec<String> },
}

/// `true` or `false`, and the shorter words for them.
pub(crate) struct Switch(pub(crate) bool);

impl FromStr for Switch {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Self(true)),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Self(false)),
            _ => Err(()),
        }
    }
}

impl Command {
    pub(crate) fn parse(line: &str) -> Result<Self, String> {
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

    /// Arguments that are mere words, in order.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        self.args.iter().filter_map(|arg| match arg {
            Arg::Word(word) => Some(word.as_str()),
            Arg::Named { .. } => None,
        })
    }

    /// The words, when there must be exactly so many.
    pub(crate) fn exactly<const N: usize>(&self, usage: &str) -> Result<[&str; N], Failure> {
        let words: Vec<&str> = self.words().collect();
        let expected = || Failure::new(format!("expected: {} {usage}", self.name));
        words.try_into().map_err(|_| expected())
    }

    /// The words as ids.
    pub(crate) fn ids(&self) -> Result<Vec<NodeId>, Failure> {
        self.words().map(number).collect()
    }

    /// All values under a key; none if it is not there.
    pub(crate) fn list<T: FromStr>(&self, wanted: &str) -> Result<Vec<T>, Failure> {
        let named = self.args.iter().filter_map(|arg| match arg {
            Arg::Named { key, values } if key == wanted => Some(values),
            _ => None,
        });
        named
            .flatten()
            .map(|value| {
                value
                    .parse()
                    .map_err(|_| Failure::new(format!("{wanted}: {value:?} is not valid")))
            })
            .collect()
    }

    /// The value under a key.
    pub(crate) fn value<T: FromStr>(&self, key: &str) -> Result<Option<T>, Failure> {
        Ok(self.list(key)?.pop())
    }

    pub(crate) fn switch(&self, key: &str) -> Result<bool, Failure> {
        Ok(self.value::<Switch>(key)?.is_some_and(|switch| switch.0))
    }

    pub(crate) fn has(&self, wanted: &str) -> bool {
        self.keys().any(|key| key == wanted)
    }

    /// Refuses keys that the command does not know.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Failure> {
        match self.keys().find(|key| !known.contains(key)) {
            None => Ok(()),
            Some(key) => Err(Failure::new(format!("unknown argument {key}"))),
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
pub(crate) fn number(word: &str) -> Result<u64, Failure> {
    word.parse()
        .map_err(|_| Failure::new(format!("{word:?} is not a number")))
}

impl Arg {
    /// The argument that `text` starts with, and what follows it.
    fn parse(text: &str) -> Result<(Self, &str), String> {
        let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
        let (key, rest) = text.split_at(end);
        let Some(rest) = rest.strip_prefix('=') else {
            return Ok((Self::Word(key.to_owned()), rest));
        };
        if key.is_empty() {
            return Err("a value without a key".to_owned());
        }
        let (values, rest) = match rest.strip_prefix('(') {
            None => {
                let (value, rest) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
                (vec![value.to_owned()], rest)
            }
            Some(list) => {
                let Some((list, rest)) = list.split_once(')') else {
                    return Err(format!("the bracket after {key}= is never closed"));
                };
                if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
                    return Err(format!("a blank must follow the bracket after {key}="));
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

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn words_and_lists() {
        let command = Command::parse(" deliver 1  drop=(2, 3) type=MsgApp 4 x=() y=a=b ").unwrap();
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
}
