//! Partial partitions, by name: a network that is cut so that some nodes reach each other and some do
//! not, and one node at least still reaches a majority. How long is a group without a commit then?
//!
//! Nothing else goes wrong: no message is lost on a link that is up, and all clocks run alike. What comes
//! out is in `docs/partitions.md`.
//!
//! ```
//! use quorate_sim::partitions::{Scenario, Settings, measure};
//! let row = measure(Scenario::QuorumLoss, Settings::DEFAULT, 0..4)?;
//! assert_eq!(row.recovered, 4);
//! println!("{row}");
//! # Ok::<(), quorate_sim::judge::Violation>(())
//! ```

mod row;
mod run;
mod scenario;

use std::ops::Range;

pub use row::{Row, Spread};
pub use scenario::{Aid, Scenario, Settings};

use self::run::Run;
use crate::judge::Violation;

/// The election timeout of every node, in ticks.
pub const ELECTION_TIMEOUT: u64 = 10;

/// How long a cut lasts, in election timeouts: what has not recovered by then never does, for our purpose.
pub const WINDOW: u64 = 100;

/// How long an operator watches a cut before he does something, in election timeouts.
pub const PATIENCE: u64 = 20;

/// What one seed came to, from the cut (or from what the operator did) to the end of the window.
#[derive(Clone, Copy, Debug)]
struct Outcome {
    /// Ticks until something that was proposed since was committed.
    recovered: Option<u64>,
    /// Ticks on which something that was proposed since was committed.
    busy: u64,
    /// The longest stretch without such a tick.
    gap: u64,
    /// Leaders elected since.
    leaders: u64,
    /// Terms begun since.
    terms: u64,
}

/// Cuts the network once for each seed and lets it be.
///
/// # Errors
///
/// The judges that watch every run of the simulator watch these too.
pub fn measure(scenario: Scenario, settings: Settings, seeds: Range<u64>) -> Result<Row, Violation> {
    measure_aided(scenario, settings, Aid::Nothing, seeds)
}

/// Cuts the network once for each seed; an operator does something about it after [`PATIENCE`]. All
/// figures count from then.
///
/// # Errors
///
/// The judges that watch every run of the simulator watch these too.
pub fn measure_aided(scenario: Scenario, settings: Settings, aid: Aid, seeds: Range<u64>) -> Result<Row, Violation> {
    let outcomes: Result<Vec<Outcome>, Violation> = seeds.map(|seed| one(scenario, settings, aid, seed)).collect();
    Ok(Row::new(scenario, settings, aid, &outcomes?))
}

fn one(scenario: Scenario, settings: Settings, aid: Aid, seed: u64) -> Result<Outcome, Violation> {
    let mut run = Run::warmed_up(scenario, settings, seed)?;
    run.cut();
    if aid != Aid::Nothing {
        for _ in 0..PATIENCE * ELECTION_TIMEOUT {
            run.tick()?;
        }
        run.aid(aid)?;
    }
    let before = run.tally();
    let (mut recovered, mut busy, mut gap, mut since) = (None, 0, 0, 0);
    for tick in 1..=WINDOW * ELECTION_TIMEOUT {
        since += 1;
        if run.tick()? > before.proposed {
            recovered = recovered.or(Some(tick));
            busy += 1;
            since = 0;
        }
        gap = gap.max(since);
    }
    let after = run.tally();
    Ok(Outcome {
        recovered,
        busy,
        gap,
        leaders: after.leaders - before.leaders,
        terms: after.term - before.term,
    })
}
