//! Dropping the log's beginning.

use super::bench::Bench;
use super::words::{ALL, Verdict, entries, entry, equal, hard_state, snapshot};
use super::{Make, Rule, rule};
use crate::disk::Write;

pub(super) const RULES: &[Rule] = &[
    rule!(
        Compaction,
        compaction_keeps_the_rest,
        "A compaction drops the entries up to and including its index, and nothing else."
    ),
    rule!(
        Compaction,
        compaction_keeps_the_term_before,
        "The term of the last compacted entry can still be read."
    ),
    rule!(
        Compaction,
        a_whole_log_can_be_compacted,
        "A log that is compacted to its last entry is empty, and goes on after it."
    ),
    rule!(
        Compaction,
        compaction_twice_is_refused,
        "A compaction to what is compacted already is refused and changes nothing."
    ),
    rule!(
        Compaction,
        compaction_beyond_the_log_is_refused,
        "A compaction to beyond the last entry is refused and changes nothing."
    ),
];

/// Two terms, and an own snapshot of all of it.
fn bench(make: &mut Make<'_>) -> Result<Bench, String> {
    let log = [entries(1, 1..=4), entries(2, 5..=10)];
    let rest = [hard_state(2, Some(2), 10), Write::Snapshot(snapshot(2, 10))];
    Bench::with(make, log.into_iter().chain(rest))
}

fn compaction_keeps_the_rest(make: &mut Make<'_>) -> Verdict {
    let mut bench = bench(make)?;
    for to in [1, 5, 9] {
        let before = bench.disk().initial_state();
        bench.write(Write::Compact(to))?;
        let disk = bench.disk();
        equal("first_index()", &disk.first_index(), &Ok(to + 1))?;
        equal("last_index()", &disk.last_index(), &Ok(10))?;
        equal("initial_state()", &disk.initial_state(), &before)?;
        equal("latest_snapshot()", &disk.latest_snapshot(), &Ok(snapshot(2, 10)))?;
        let rest = (to + 1..=10)
            .map(|index| entry(if index < 5 { 1 } else { 2 }, index))
            .collect();
        equal("the entries that are left", &disk.entries(to + 1, 11, ALL), &Ok(rest))?;
    }
    Ok(())
}

fn compaction_keeps_the_term_before(make: &mut Make<'_>) -> Verdict {
    let mut bench = bench(make)?;
    for (to, term) in [(3, 1), (4, 1), (5, 2), (10, 2)] {
        bench.write(Write::Compact(to))?;
        equal(&format!("term({to})"), &bench.disk().term(to), &Ok(term))?;
    }
    bench.sync()?;
    bench.crash(0)?;
    equal("term(10) after a restart", &bench.disk().term(10), &Ok(2))
}

fn a_whole_log_can_be_compacted(make: &mut Make<'_>) -> Verdict {
    let mut bench = bench(make)?;
    bench.write(Write::Compact(10))?;
    equal("first_index()", &bench.disk().first_index(), &Ok(11))?;
    equal("last_index()", &bench.disk().last_index(), &Ok(10))?;
    bench.write(entries(3, 11..=12))?;
    bench.is_model("after an append to the empty log")
}

fn compaction_twice_is_refused(make: &mut Make<'_>) -> Verdict {
    let mut bench = bench(make)?;
    bench.refuse(Write::Compact(0))?;
    bench.write(Write::Compact(5))?;
    for to in [5, 4, 0] {
        bench.refuse(Write::Compact(to))?;
    }
    bench.write(Write::Install(snapshot(3, 20)))?;
    bench.refuse(Write::Compact(20))
}

fn compaction_beyond_the_log_is_refused(make: &mut Make<'_>) -> Verdict {
    let mut bench = bench(make)?;
    bench.refuse(Write::Compact(11))?;
    bench.write(Write::Compact(10))?;
    bench.refuse(Write::Compact(11))?;
    bench.refuse(Write::Compact(u64::MAX >> 1))
}
