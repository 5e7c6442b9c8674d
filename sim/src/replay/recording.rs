//! A list of steps as a text, one a line, that can be kept in a file and done again.
//!
//! The first lines say which seed and profile the parameters are drawn from, and what was made plainer by
//! shrinking; the steps follow. Messages are named as in [`MessageRef::Nth`](crate::step::MessageRef::Nth), bytes are hexadecimal, and
//! `#` begins a comment.

mod line;

use std::fmt::{self, Write};
use std::str::FromStr;

use crate::judge::Violation;
use crate::parameters::{Parameters, Spread};
use crate::shrink::Shrunk;
use crate::step::Step;
pub(crate) use line::of as in_words;

/// Steps, and the parameters of the cluster that they are done to.
///
/// ```
/// use quorate_sim::parameters::{Parameters, Profile};
/// use quorate_sim::replay::Recording;
/// use quorate_sim::step::Step;
///
/// let parameters = Parameters::draw(7, Profile::Disk);
/// let recording = Recording { parameters, steps: vec![Step::Campaign { node: 1 }], property: None };
/// let text = recording.to_text().expect("parameters that a seed draws");
/// assert_eq!(text.lines().last(), Some("campaign 1"));
/// assert_eq!(text.parse(), Ok(recording));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The parameters: of all that a seed draws, only what shrinking makes plainer may be another.
    pub parameters: Parameters,
    /// The steps.
    pub steps: Vec<Step>,
    /// What they break.
    pub property: Option<String>,
}

/// A line that says nothing of that kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Which, from 1; 0 if something is missing.
    pub line: usize,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for Unreadable {}

/// A place in the parameters.
type Place<T> = fn(&mut Parameters) -> &mut T;

/// What shrinking makes plainer.
const SPREADS: [(&str, Place<Spread>); 5] = [
    ("asynchronous", |parameters| &mut parameters.asynchronous),
    ("forwarding", |parameters| &mut parameters.forwarding),
    ("pre-vote", |parameters| &mut parameters.pre_vote),
    ("leases", |parameters| &mut parameters.leases),
    ("accept-unnamed", |parameters| &mut parameters.accept_unnamed),
];
const SWITCHES: [(&str, Place<bool>); 2] = [
    ("small-messages", |parameters| &mut parameters.small_messages),
    ("small-windows", |parameters| &mut parameters.small_windows),
];

impl Recording {
    /// What is left of a failing run.
    pub fn of(shrunk: &Shrunk) -> Self {
        let Violation { property, .. } = shrunk.violation;
        Self {
            parameters: shrunk.parameters.clone(),
            steps: shrunk.steps.clone(),
            property: Some(property.to_owned()),
        }
    }

    /// The text; `None` where the parameters are not what the seed draws, but for what shrinking changes.
    pub fn to_text(&self) -> Option<String> {
        let mut wanted = self.parameters.clone();
        let mut drawn = Parameters::draw(wanted.seed, wanted.profile);
        let mut text = String::new();
        let _ = writeln!(text, "seed {}\nprofile {}", wanted.seed, wanted.profile);
        if let Some(property) = &self.property {
            let _ = writeln!(text, "breaks {property}");
        }
        if wanted.voters != drawn.voters {
            let _ = writeln!(text, "voters {}", wanted.voters);
            drawn.voters = wanted.voters;
        }
        for (name, place) in SPREADS {
            let value = *place(&mut wanted);
            if value != std::mem::replace(place(&mut drawn), value) {
                let _ = writeln!(text, "{name} {}", word(value));
            }
        }
        for (name, place) in SWITCHES {
            let value = *place(&mut wanted);
            if value != std::mem::replace(place(&mut drawn), value) {
                let _ = writeln!(text, "{name} {}", word(if value { Spread::On } else { Spread::Off }));
            }
        }
        text.push('\n');
        for step in &self.steps {
            let _ = writeln!(text, "{}", line::of(step));
        }
        (wanted == drawn).then_some(text)
    }
}

fn word(spread: Spread) -> &'static str {
    match spread {
        Spread::On => "on",
        Spread::Off => "off",
        Spread::Mixed => "mixed",
    }
}

fn spread(word: &str) -> Option<Spread> {
    match word {
        "on" => Some(Spread::On),
        "off" => Some(Spread::Off),
        "mixed" => Some(Spread::Mixed),
        _ => None,
    }
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    seed: Option<u64>,
    parameters: Option<Parameters>,
    steps: Vec<Step>,
    property: Option<String>,
}

impl Reader {
    /// `None` if the line makes no sense, here at least.
    fn read(&mut self, line: &str) -> Option<()> {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let Some(parameters) = &mut self.parameters else {
            match (name, self.seed) {
                ("seed", None) => self.seed = Some(rest.parse().ok()?),
                ("profile", Some(seed)) => self.parameters = Some(Parameters::draw(seed, rest.parse().ok()?)),
                _ => return None,
            }
            return Some(());
        };
        let spreads = SPREADS.iter().find(|(known, _)| *known == name);
        let switches = SWITCHES.iter().find(|(known, _)| *known == name);
        match (name, spreads, switches) {
            ("breaks", ..) => self.property = Some(rest.to_owned()),
            ("voters", ..) => parameters.voters = rest.parse().ok()?,
            (_, Some((_, place)), _) => *place(parameters) = spread(rest)?,
            (_, _, Some((_, place))) => *place(parameters) = spread(rest)? == Spread::On,
            _ => self.steps.push(line::read(line)?),
        }
        Some(())
    }
}

impl FromStr for Recording {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let mut reader = Reader::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                reader.read(line).ok_or_else(|| Unreadable {
                    line: at + 1,
                    what: format!("{line:?} is not understood"),
                })?;
            }
        }
        let Reader {
            parameters,
            steps,
            property,
            ..
        } = reader;
        let parameters = parameters.ok_or_else(|| Unreadable {
            line: 0,
            what: "no seed and profile".to_owned(),
        })?;
        Ok(Self {
            parameters,
            steps,
            property,
        })
    }
}
