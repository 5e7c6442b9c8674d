#![doc = include_str!("../README.md")]

mod compare;
mod confchange;
mod interaction;
mod output;
mod parse;
mod quorum;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

pub use compare::Difference;
pub use parse::ParseError;

use parse::Script;

/// Which language a script speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Several nodes that exchange messages.
    Interaction,
    /// Configuration changes on a bare configuration.
    Confchange,
    /// Counting of votes and acknowledgements.
    Quorum,
}

impl Kind {
    /// The language of a file, told by the name of its folder.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.parent()?.file_name()?.to_str()? {
            "interaction" | "random" => Some(Self::Interaction),
            folder => folder.parse().ok(),
        }
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        match name {
            "interaction" => Ok(Self::Interaction),
            "confchange" => Ok(Self::Confchange),
            "quorum" => Ok(Self::Quorum),
            _ => Err(UnknownKind(name.to_owned())),
        }
    }
}

/// No language has this name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UnknownKind(String);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown kind {:?}: interaction, confchange or quorum", self.0)
    }
}

impl std::error::Error for UnknownKind {}

/// A script that was run: what it said, and what our engine said.
#[derive(Clone, Debug)]
pub struct Run {
    script: Script,
    /// One for each block of the script.
    outputs: Vec<String>,
}

/// Runs every command of a script, whatever the earlier ones printed.
pub fn run(kind: Kind, text: &str) -> Result<Run, ParseError> {
    let script = Script::parse(text)?;
    let blocks = script.blocks();
    let outputs = match kind {
        Kind::Interaction => {
            let mut interaction = interaction::Interaction::default();
            blocks.map(|block| interaction.run(block)).collect()
        }
        Kind::Confchange => {
            let mut group = confchange::Group::default();
            blocks.map(|block| group.run(block)).collect()
        }
        Kind::Quorum => blocks.map(quorum::run).collect(),
    };
    Ok(Run { script, outputs })
}

impl Run {
    /// What each command printed, in order.
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The script with our output filled in; comments and blank lines stay.
    pub fn render(&self) -> String {
        self.script.render(&self.outputs)
    }

    /// Where our output is not what the script expects.
    pub fn differences(&self) -> Vec<Difference> {
        let pairs = self.script.blocks().zip(&self.outputs);
        pairs
            .filter_map(|(block, output)| compare::compare(block, output))
            .collect()
    }
}
