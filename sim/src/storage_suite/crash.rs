//! The power fails after any write, and parts of writes are durable.

use super::bench::Bench;
use super::steps::{Step, Steps, script};
use super::words::{Verdict, entries, hard_state};
use super::{Make, Rule, rule};
use quorate::Storage;

pub(super) const RULES: &[Rule] = &[
    rule!(
        Crash,
        a_crash_at_every_write_keeps_a_prefix,
        "After a power failure at any write everything that was synced is there, then the first so many of the writes \
         after it."
    ),
    rule!(
        Crash,
        a_crash_keeps_what_it_is_told,
        "crash(kept) keeps exactly the first `kept` of the unsynced writes, each entry counted as one."
    ),
    rule!(
        Crash,
        a_crash_in_random_writes_keeps_a_prefix,
        "The same, for random sequences of writes and syncs."
    ),
    rule!(
        Crash,
        torn_and_reordered_writes_are_dropped,
        "The same where the unsynced writes are torn and reordered, again and again over one storage."
    ),
    rule!(
        Crash,
        what_a_restart_read_stays,
        "What was read after a power failure is there after the next one: a node relies on what it reads."
    ),
    rule!(
        Crash,
        writing_goes_on_after_a_crash,
        "After a power failure at any write the storage can be written, synced, and opened again."
    ),
];

/// Random sequences that are tried at every write, and their length.
const SEQUENCES: u64 = 4;
const SEQUENCE_STEPS: usize = 25;

/// Storages that live through many torn crashes, and their length.
const LIVES: u64 = 96;
const LIFE_STEPS: usize = 60;

/// A crash that keeps so many of the unsynced writes, and what has to hold after it.
type Judge = fn(&mut Bench, usize) -> Verdict;

/// Tries each number of writes that are kept after each step.
fn at_every_write(make: &mut Make<'_>, steps: &[Step], judge: Judge) -> Verdict {
    for end in 1..=steps.len() {
        let mut kept = 0;
        loop {
            let mut bench = Bench::new(make);
            for step in &steps[..end] {
                take(&mut bench, step)?;
            }
            let unsynced = bench.disk().unsynced();
            judge(&mut bench, kept)?;
            if kept >= unsynced {
                break;
            }
            kept += 1;
        }
    }
    Ok(())
}

pub(super) fn take(bench: &mut Bench, step: &Step) -> Verdict {
    match step {
        Step::Write(write) => bench.write(write.clone()),
        Step::Sync => bench.sync(),
    }
}

fn a_crash_at_every_write_keeps_a_prefix(make: &mut Make<'_>) -> Verdict {
    at_every_write(make, &script(), Bench::crash)
}

fn a_crash_keeps_what_it_is_told(make: &mut Make<'_>) -> Verdict {
    at_every_write(make, &script(), |bench, kept| {
        let told = bench.prefix(kept)?;
        bench.crash(kept)?;
        bench.holds(&told, "after that")
    })
}

fn a_crash_in_random_writes_keeps_a_prefix(make: &mut Make<'_>) -> Verdict {
    (0..SEQUENCES).try_for_each(|seed| {
        let steps = Steps::new(seed).take(SEQUENCE_STEPS);
        at_every_write(make, &steps, Bench::crash).map_err(|what| format!("with seed {seed}, {what}"))
    })
}

fn torn_and_reordered_writes_are_dropped(make: &mut Make<'_>) -> Verdict {
    (0..LIVES).try_for_each(|seed| live(make, seed).map_err(|what| format!("with seed {seed}, {what}")))
}

/// One storage, written and crashed for a while.
fn live(make: &mut Make<'_>, seed: u64) -> Verdict {
    let mut bench = Bench::new(make);
    let mut steps = Steps::new(seed);
    for _ in 0..LIFE_STEPS {
        if steps.chance_per_million(15) {
            bench.crash_torn(steps.number())?;
            steps.forget();
        } else {
            let step = steps.step(&bench.model()?);
            take(&mut bench, &step)?;
            bench.is_model("after that")?;
        }
    }
    bench.sync()?;
    bench.crash_torn(seed)
}

fn what_a_restart_read_stays(make: &mut Make<'_>) -> Verdict {
    at_every_write(make, &script(), |bench, kept| {
        bench.crash(kept)?;
        bench.crash(0)
    })
}

fn writing_goes_on_after_a_crash(make: &mut Make<'_>) -> Verdict {
    at_every_write(make, &script(), |bench, kept| {
        bench.crash(kept)?;
        goes_on(bench)
    })
}

/// Writes more, syncs, and opens the storage again.
pub(super) fn goes_on(bench: &mut Bench) -> Verdict {
    let last = bench.model()?.last_index().unwrap_or(0);
    bench.write_all([entries(9, last + 1..=last + 2), hard_state(9, Some(2), last + 1)])?;
    bench.is_model("after going on")?;
    bench.sync()?;
    bench.crash(0)
}
