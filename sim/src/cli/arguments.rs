//! What can be said on the command line.

use std::iter::Take;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::Parser;

use crate::guided::Path;
use crate::parameters::{Parameters, Profile};

/// How many seeds there are where nothing is said.
const SEEDS: u64 = 1_000;

/// Simulates clusters of quorate nodes, one a seed, and judges every step.
#[derive(Debug, Parser)]
#[command(version)]
pub(super) struct Arguments {
    /// How many seeds to run [default: 1000; with --seed: 1]
    #[arg(long)]
    pub(super) seeds: Option<u64>,
    /// Steps a seed; what follows them, until a majority has recovered, is not counted.
    #[arg(long, default_value_t = 20_000)]
    pub(super) steps: u64,
    /// The first seed; with it alone, the only one.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// swarm, network, disk, membership, lease, elections, replaced-disks; or, to see something break:
    /// lease-beyond-drift, old-id-empty-disk. Without it, the sound ones in turn.
    #[arg(long)]
    pub(super) profile: Option<Profile>,
    /// Runs each seed twice and compares what happened.
    #[arg(long)]
    pub(super) twice: bool,
    /// Begins nothing more after so many seconds, whatever is left; a seed that has begun is run to its end.
    #[arg(long)]
    pub(super) seconds: Option<u64>,
    /// With one seed, or a path: writes what happens to this file, a line each.
    #[arg(long, conflicts_with = "replay")]
    pub(super) log: Option<PathBuf>,
    /// Writes a page to this file that shows the run in a browser: that of the only seed, of the path or of the replay, or
    /// else of the seed that fails and is cut down. A second page, `NAME.shrunk.html`, shows what is left of it.
    #[arg(long)]
    pub(super) timeline: Option<PathBuf>,
    /// Only says how to replay what fails, and cuts nothing down.
    #[arg(long, conflicts_with = "keep")]
    pub(super) no_shrink: bool,
    /// Writes what is left of the first seed that fails to this file, as a script; without it, to the standard output.
    #[arg(long, visible_alias = "script")]
    pub(super) keep: Option<PathBuf>,
    /// Explores the futures of rare moments in place of one future a seed: see the module `guided`. Each seed is a
    /// sitting of five million steps; --steps does not count.
    #[arg(long, conflicts_with_all = ["twice", "log"])]
    pub(super) guided: bool,
    /// Goes again where --guided found something: PROFILE/SEED/SEED.STEPS...
    #[arg(long, conflicts_with_all = ["profile", "seed", "seeds", "twice", "guided"])]
    pub(super) path: Option<Path>,
    /// Does again what such a file says, and nothing else.
    #[arg(long, conflicts_with_all = ["profile", "seed", "seeds", "twice", "guided", "path", "keep"])]
    pub(super) replay: Option<PathBuf>,
    /// Threads; each runs seeds of its own.
    #[arg(long, default_value_t = std::thread::available_parallelism().map_or(1, usize::from))]
    pub(super) threads: usize,
    /// Stops at the first seed that fails.
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Fails if a row of the coverage table is zero.
    #[arg(long)]
    pub(super) full_coverage: bool,
}

impl Arguments {
    pub(super) fn seeds(&self) -> Take<RangeInclusive<u64>> {
        let first = self.seed.unwrap_or(0);
        let default = if self.seed.is_some() { 1 } else { SEEDS };
        let seeds = usize::try_from(self.seeds.unwrap_or(default)).unwrap_or(usize::MAX);
        (first..=u64::MAX).take(seeds)
    }

    pub(super) fn is_single(&self) -> bool {
        let mut seeds = self.seeds();
        seeds.next().is_some() && seeds.next().is_none()
    }

    /// A file that two flags name, so that one of them would overwrite the other.
    pub(super) fn named_twice(&self) -> Option<&PathBuf> {
        let files: Vec<&PathBuf> = [&self.replay, &self.keep, &self.log, &self.timeline]
            .into_iter()
            .flatten()
            .collect();
        let twice = |(at, file): &(usize, &&PathBuf)| files[..*at].contains(*file);
        files.iter().enumerate().find(twice).map(|(_, file)| *file)
    }

    pub(super) fn profile(&self, seed: u64) -> Profile {
        let turn = usize::try_from(seed).unwrap_or(0) % Profile::SOUND.len();
        self.profile.unwrap_or(Profile::SOUND[turn])
    }

    /// Those that runs are drawn under.
    pub(super) fn profiles(&self) -> Vec<Profile> {
        self.profile
            .map_or_else(|| Profile::SOUND.to_vec(), |profile| vec![profile])
    }

    pub(super) fn parameters(&self, seed: u64) -> Parameters {
        Parameters::draw(seed, self.profile(seed))
    }
}
