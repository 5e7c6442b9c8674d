//! The power fails inside of a storage operation, which takes more than one operation on files.

use super::bench::Bench;
use super::crash::{goes_on, take};
use super::host::{Outage, Way};
use super::node::{commits, follows, run, votes};
use super::steps::script;
use super::words::{Verdict, entries, hard_state, snapshot};
use super::{Make, Rule, rule};
use crate::disk::Write;

pub(super) const RULES: &[Rule] = &[
    rule!(
        Inside,
        a_crash_inside_a_write_keeps_a_prefix,
        "The power fails at any operation on files of a write or a sync: everything that was synced is there, then the \
         first so many of the writes after it, parts of that one included."
    ),
    rule!(
        Inside,
        a_crash_inside_persisting_keeps_what_was_promised,
        "The power fails at any operation on files of a `Disk::persist_task`: what was persisted before is there."
    ),
    rule!(
        Inside,
        a_crash_inside_an_opening_loses_nothing,
        "The power fails at any operation on files of the opening after a crash: what was synced before is there."
    ),
];

/// How what was not synced fares.
const SEEDS: u64 = 3;

/// More operations on files than an opening has.
const OPENING: u64 = 12;

fn a_crash_inside_a_write_keeps_a_prefix(make: &mut Make<'_>) -> Verdict {
    let steps = script();
    for at in 0..steps.len() {
        for seed in 0..SEEDS {
            let mut operations = 0;
            loop {
                let mut bench = Bench::new(make);
                steps[..at].iter().try_for_each(|step| take(&mut bench, step))?;
                bench.fail_power_after(operations)?;
                let survives = bench.try_step(&steps[at])?;
                if survives {
                    break; // it takes no more operations
                }
                crash(&mut bench, seed)?;
                goes_on(&mut bench)?;
                operations += 1;
            }
        }
    }
    Ok(())
}

/// Nothing of what was not synced is there, or any parts of it.
fn crash(bench: &mut Bench, seed: u64) -> Verdict {
    match seed {
        0 => bench.crash(0),
        seed => bench.crash_torn(seed),
    }
}

fn a_crash_inside_persisting_keeps_what_was_promised(make: &mut Make<'_>) -> Verdict {
    let lives = [
        (vec![1], commits as _),
        (vec![1, 2, 3], votes as _),
        (vec![1, 2, 3], follows as _),
    ];
    for (voters, life) in lives {
        for power in 0.. {
            let mut failed = false;
            for outage in [Outage::LosesAll, Outage::Tears(power as u64)] {
                let ran = run(make, Way::Inside, &voters, life, (power, outage));
                failed |= ran.map_err(|stop| stop.within(power, outage))?;
            }
            if !failed {
                break; // the life is shorter
            }
        }
    }
    Ok(())
}

fn a_crash_inside_an_opening_loses_nothing(make: &mut Make<'_>) -> Verdict {
    for operations in 0..OPENING {
        for seed in 0..SEEDS {
            let mut bench = Bench::with(make, [entries(1, 1..=6), hard_state(1, Some(2), 4)])?;
            bench.sync()?;
            bench.write_all([Write::Snapshot(snapshot(1, 4)), Write::Compact(2)])?;
            bench.sync()?;
            bench.write_all([entries(2, 5..=9), hard_state(2, None, 5)])?;
            bench.fail_power_after(operations)?;
            crash(&mut bench, seed + 1)?;
            bench.fail_power_after(u64::MAX)?;
            goes_on(&mut bench)?;
        }
    }
    Ok(())
}
