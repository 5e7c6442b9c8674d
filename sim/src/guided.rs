//! Guided exploration: instead of one future for each seed, many futures of the pasts that are rare.
//!
//! A run under way can be cloned. An [`Explorer`] keeps a pool of such runs, each at a moment that showed something
//! that had hardly been seen (`features` says what is looked at), picks those that are rare and were not picked
//! often, and lets them go on with other dice and other rates of what goes wrong. What is newly seen on the way is
//! kept in its turn. So corners that a run gets into once in a million steps are where the next million steps begin.
//!
//! Nothing is lost by that: how a run got where it is, is a [`Path`] of seeds and numbers of steps. Going it again gives
//! the same steps, one after the other, as those of a plain run.

mod features;
mod path;
mod pool;

pub use path::{BadPath, Path, Segment};

use crate::coverage::Coverage;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::driver::{Driver, Report};
use crate::judge::Violation;
use crate::parameters::{Parameters, Profile};
use crate::workload::Workload;

use pool::{Kept, Pool, Seen};

/// Steps between two looks at what there is to see.
const LOOK: u64 = 50;
/// Looks before another past is picked.
const LOOKS: u64 = 12;
/// A path as long as this is not gone on with: what it finds has to be cut down by somebody.
const LONGEST: u64 = 5_000;
/// Of a million picks: a new run is begun in place of an old one.
const ROOTS: u64 = 150_000;
/// Of a million futures: a majority is healed at their end and has to make progress.
const ENDS: u64 = 20_000;

/// What was found, and how to get there again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// From the beginning to where it broke.
    pub path: Path,
    /// What broke.
    pub violation: Violation,
}

/// Explores the futures of what is rare. The same seed, and the same clients and disks, explore the same.
pub struct Explorer<W: Workload, D, F> {
    dice: Dice,
    profiles: Vec<Profile>,
    begin: F,
    seed: u64,
    roots: u64,
    pool: Pool<Driver<W, D>>,
    seen: Seen,
    coverage: Coverage,
}

impl<W: Workload, D, F> std::fmt::Debug for Explorer<W, D, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (seed, kept) = (self.seed, self.pool.len());
        write!(f, "Explorer {{ seed: {seed}, roots: {}, kept: {kept} }}", self.roots)
    }
}

impl<W, D, F> Explorer<W, D, F>
where
    W: Workload + Clone,
    D: Disk + Clone + 'static,
    F: Fn(&Parameters) -> Result<Driver<W, D>, Violation>,
{
    /// `begin` gives the run that begins with these parameters; they are drawn under each of the profiles in turn.
    pub fn new(seed: u64, profiles: &[Profile], begin: F) -> Self {
        Self {
            dice: Dice::new(seed ^ 0x67_7569_6465),
            profiles: profiles.to_vec(),
            begin,
            seed,
            roots: 0,
            pool: Pool::default(),
            seen: Seen::default(),
            coverage: Coverage::default(),
        }
    }

    /// Explores for so many steps, or until something breaks.
    pub fn explore(&mut self, steps: u64) -> Option<Find> {
        let until = self.coverage.steps.saturating_add(steps);
        while self.coverage.steps < until {
            if let Some(find) = self.try_one() {
                return Some(find);
            }
        }
        None
    }

    /// What was seen so far, each step counted once.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// How many different things were seen, of those that are looked for.
    pub fn features(&self) -> usize {
        self.seen.len()
    }

    /// One more future of one past.
    fn try_one(&mut self) -> Option<Find> {
        let picked = if self.dice.chance_per_million(ROOTS) {
            None
        } else {
            self.pool.pick(&mut self.dice)
        };
        let (mut run, mut path) = match picked {
            Some(kept) => (kept.run.clone(), kept.path.clone()),
            None => match self.root() {
                Ok(root) => root,
                Err(find) => return Some(find),
            },
        };
        let before = run.seen();
        let found = self.go_on(&mut run, &mut path);
        self.coverage.add(&run.seen().since(&before));
        let violation = match found {
            Some(violation) => violation,
            None if self.dice.chance_per_million(ENDS) => {
                path.ends = true;
                run.finish().violation?
            }
            None => return None,
        };
        Some(Find { path, violation })
    }

    /// A new run.
    fn root(&mut self) -> Result<(Driver<W, D>, Path), Find> {
        let seed = self.seed.wrapping_shl(20).wrapping_add(self.roots);
        let turn = usize::try_from(self.roots % self.profiles.len().max(1) as u64).unwrap_or(0);
        self.roots += 1;
        let path = Path::of(seed, self.profiles.get(turn).copied().unwrap_or(Profile::Swarm));
        match (self.begin)(&path.parameters()) {
            Ok(run) => Ok((run, path)),
            Err(violation) => Err(Find { path, violation }),
        }
    }

    /// Other dice; on the way what is new is kept.
    fn go_on(&mut self, run: &mut Driver<W, D>, path: &mut Path) -> Option<Violation> {
        let seed = self.dice.number();
        path.segments.push(Segment { seed, steps: 0 });
        run.turn(seed);
        for _ in 0..LOOKS {
            let taken = run.take(LOOK);
            path.lengthen(LOOK);
            if let Err(violation) = taken {
                return Some(violation);
            }
            let features = features::of(run);
            if self.seen.note(&features) && path.steps() < LONGEST {
                let kept = Kept::new(run.clone(), path.clone(), features);
                self.pool.keep(kept, &self.seen);
            }
        }
        None
    }
}

impl Path {
    /// Goes it again: `begin` gives the run that its parameters begin.
    pub fn go<W: Workload, D: Disk + 'static>(
        &self,
        begin: impl FnOnce(&Parameters) -> Result<Driver<W, D>, Violation>,
    ) -> Report {
        let mut run = match begin(&self.parameters()) {
            Ok(run) => run,
            Err(violation) => return Report::broken(violation),
        };
        for segment in &self.segments {
            run.turn(segment.seed);
            if let Err(violation) = run.take(segment.steps) {
                return run.report(Some(violation), 0);
            }
        }
        if self.ends { run.finish() } else { run.report(None, 0) }
    }
}
