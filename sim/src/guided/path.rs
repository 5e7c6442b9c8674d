//! How a run got where it is: short enough to be passed on, and the same steps every time.

use std::fmt;
use std::str::FromStr;

use crate::parameters::{Parameters, Profile};

/// From the beginning of a run: which seed it began with, and which dice it went on with, for how long.
///
/// Its text, `elections/4711/12.250/99.600/end`, is the profile, the seed of the parameters, then each segment's seed
/// and steps, and `end` if a majority was healed then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Of the [parameters](Parameters::draw).
    pub seed: u64,
    /// Of the parameters.
    pub profile: Profile,
    /// What came then.
    pub segments: Vec<Segment>,
    /// Whether a majority was healed at the end, and had to make progress.
    pub ends: bool,
}

/// A part of a run, with dice of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Of the dice.
    pub seed: u64,
    /// How long.
    pub steps: u64,
}

impl Path {
    /// A run that did not begin yet.
    pub fn of(seed: u64, profile: Profile) -> Self {
        let (segments, ends) = (Vec::new(), false);
        Self {
            seed,
            profile,
            segments,
            ends,
        }
    }

    /// What the run begins with.
    pub fn parameters(&self) -> Parameters {
        Parameters::draw(self.seed, self.profile)
    }

    /// How long it is, without what follows when a majority is healed.
    pub fn steps(&self) -> u64 {
        let steps = self.segments.iter().map(|segment| segment.steps);
        steps.fold(0, u64::saturating_add)
    }

    pub(super) fn lengthen(&mut self, steps: u64) {
        if let Some(last) = self.segments.last_mut() {
            last.steps = last.steps.saturating_add(steps);
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.profile, self.seed)?;
        for Segment { seed, steps } in &self.segments {
            write!(f, "/{seed}.{steps}")?;
        }
        f.write_str(if self.ends { "/end" } else { "" })
    }
}

/// This is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadPath {
    /// The part that cannot be read.
    pub part: String,
}

impl fmt::Display for BadPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = &self.part;
        write!(
            f,
            "{part:?} in a path: it is PROFILE/SEED, then /SEED.STEPS for each segment, then perhaps /end"
        )
    }
}

impl std::error::Error for BadPath {}

impl FromStr for Path {
    type Err = BadPath;

    fn from_str(text: &str) -> Result<Self, BadPath> {
        let bad = |part: &str| BadPath { part: part.to_owned() };
        let mut parts = text.split('/');
        let profile = parts.next().unwrap_or("");
        let profile = profile.parse().map_err(|_| bad(profile))?;
        let seed = parts.next().unwrap_or("");
        let mut path = Self::of(seed.parse().map_err(|_| bad(seed))?, profile);
        for part in parts {
            if path.ends {
                return Err(bad(part));
            }
            if part == "end" {
                path.ends = true;
                continue;
            }
            let (seed, steps) = part.split_once('.').ok_or_else(|| bad(part))?;
            path.segments.push(Segment {
                seed: seed.parse().map_err(|_| bad(part))?,
                steps: steps.parse().map_err(|_| bad(part))?,
            });
        }
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::{BadPath, Path, Segment};
    use crate::parameters::Profile;

    #[test]
    fn a_path_is_read_as_it_was_written() {
        let mut path = Path::of(7, Profile::ReplacedDisks);
        path.segments = vec![
            Segment {
                seed: u64::MAX,
                steps: 40,
            },
            Segment { seed: 0, steps: 1 },
        ];
        path.ends = true;
        assert_eq!(path.to_string(), "replaced-disks/7/18446744073709551615.40/0.1/end");
        assert_eq!(path.to_string().parse(), Ok(path));
    }

    #[test]
    fn what_is_no_path_is_refused_by_its_part() {
        for (text, part) in [
            ("", ""),
            ("swam/1", "swam"),
            ("swarm", ""),
            ("swarm/-1", "-1"),
            ("swarm/1/2", "2"),
            ("swarm/1/2.x", "2.x"),
            ("swarm/1/end/2.3", "2.3"),
        ] {
            let refused = BadPath { part: part.to_owned() };
            assert_eq!(text.parse::<Path>(), Err(refused), "{text}");
        }
    }
}
