//! What may be appended, and what it replaces.

use super::bench::Bench;
use super::words::{Verdict, entries, entry, hard_state, snapshot};
use super::{Make, Rule, rule};
use crate::disk::Write;

pub(super) const RULES: &[Rule] = &[
    rule!(
        Continuity,
        a_gap_is_refused,
        "An append that leaves a gap, before or between its entries, is refused and changes nothing."
    ),
    rule!(
        Continuity,
        falling_terms_are_refused,
        "An append in which terms fall is refused and changes nothing."
    ),
    rule!(
        Continuity,
        an_overlap_replaces_the_rest,
        "An append that overlaps replaces the log from its first entry on: what was behind it is gone, terms included."
    ),
    rule!(
        Continuity,
        the_compacted_is_skipped,
        "Of an append that begins below the log, what is compacted is skipped and the rest is stored."
    ),
    rule!(
        Continuity,
        an_empty_append_changes_nothing,
        "An append of no entries succeeds and changes nothing."
    ),
];

fn a_gap_is_refused(make: &mut Make<'_>) -> Verdict {
    let after_snapshot = [Write::Install(snapshot(1, 10))].to_vec();
    for writes in [Vec::new(), vec![entries(1, 1..=10)], after_snapshot] {
        let empty = writes.is_empty();
        let mut bench = Bench::with(make, writes)?;
        let last = if empty { 0 } else { 10 };
        bench.refuse(entries(2, last + 2..=last + 4))?;
        bench.refuse(Write::Entries(vec![entry(2, last + 1), entry(2, last + 3)]))?;
        bench.refuse(Write::Entries(vec![entry(2, last + 1), entry(2, last + 1)]))?;
        bench.write(entries(2, last + 1..=last + 2))?;
        bench.is_model("after an append without a gap")?;
    }
    Ok(())
}

fn falling_terms_are_refused(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, [entries(1, 1..=3)])?;
    bench.refuse(Write::Entries(vec![entry(3, 4), entry(2, 5)]))?;
    bench.refuse(Write::Entries(vec![entry(2, 3), entry(4, 4), entry(3, 5)]))
}

fn an_overlap_replaces_the_rest(make: &mut Make<'_>) -> Verdict {
    for (from, to) in [(10, 10), (5, 5), (5, 7), (5, 10), (5, 12), (1, 1)] {
        let mut bench = Bench::with(make, [entries(1, 1..=4), entries(2, 5..=10), hard_state(3, None, 0)])?;
        bench.write(entries(3, from..=to))?;
        bench.is_model("after the overlap")?;
        bench.write(entries(4, to + 1..=to + 2))?;
        bench.is_model("after an append that follows the overlap")?;
        bench.sync()?;
        bench.crash(0)?;
    }
    Ok(())
}

fn the_compacted_is_skipped(make: &mut Make<'_>) -> Verdict {
    for (from, to) in [(4, 7), (3, 12), (5, 6), (2, 4), (5, 5)] {
        let mut bench = Bench::with(
            make,
            [entries(1, 1..=8), Write::Snapshot(snapshot(1, 5)), Write::Compact(5)],
        )?;
        bench.write(entries(1, from..=to))?;
        bench.is_model("after an append that begins below the log")?;
    }
    Ok(())
}

fn an_empty_append_changes_nothing(make: &mut Make<'_>) -> Verdict {
    for writes in [Vec::new(), vec![entries(1, 1..=3), hard_state(1, Some(1), 2)]] {
        let mut bench = Bench::with(make, writes)?;
        bench.write(Write::Entries(Vec::new()))?;
        bench.is_model("after an append of nothing")?;
    }
    Ok(())
}
