//! How many entries are given at once.

use quorate::{Entries, Entry, MemoryStorage, Storage};

use super::bench::Bench;
use super::words::{ALL, Verdict, entries, equal, snapshot, with_data};
use super::{Make, Rule, rule};
use crate::disk::Write;

pub(super) const RULES: &[Rule] = &[
    rule!(
        Limits,
        a_limit_counts_encoded_bytes,
        "entries() gives as many as fit by Entry::encoded_len: none fewer, and never one too many."
    ),
    rule!(
        Limits,
        one_entry_is_always_given,
        "entries() gives one entry where even the first does not fit."
    ),
    rule!(
        Limits,
        an_empty_range_is_empty,
        "entries() with low == high is empty, at the log's beginning, within it and at its end."
    ),
    rule!(
        Limits,
        a_range_ends_with_the_last,
        "entries() up to the last index + 1 includes the last entry."
    ),
    rule!(
        Limits,
        no_limit_gives_all,
        "entries() with u64::MAX bytes, or a little less, gives the whole range."
    ),
];

/// Sizes around those at which a length needs another byte.
fn log() -> Vec<Entry> {
    let sizes = [0, 1, 40, 127, 128, 3, 0, 300];
    (1..)
        .zip(sizes)
        .map(|(index, size)| with_data(1, index, vec![b'x'; size]))
        .collect()
}

fn a_limit_counts_encoded_bytes(make: &mut Make<'_>) -> Verdict {
    let log = log();
    let bench = Bench::with(make, [Write::Entries(log.clone())])?;
    let model: MemoryStorage = bench.model()?;
    for low in 0..log.len() {
        let mut sum = 0;
        for entry in &log[low..] {
            sum += entry.encoded_len();
            let first = log[low].encoded_len();
            for max_bytes in [sum - 1, sum, sum + 1]
                .into_iter()
                .filter(|max_bytes| *max_bytes >= first)
            {
                for high in [entry.index, entry.index + 1, log.len() as u64 + 1] {
                    let low = low as u64 + 1;
                    let what = format!("entries({low}, {high}, {max_bytes})");
                    let expected = model.entries(low, high, max_bytes);
                    equal(&what, &bench.disk().entries(low, high, max_bytes), &expected)?;
                }
            }
        }
    }
    Ok(())
}

fn one_entry_is_always_given(make: &mut Make<'_>) -> Verdict {
    let log = log();
    let bench = Bench::with(make, [Write::Entries(log.clone())])?;
    for entry in &log {
        for max_bytes in [0, 1, entry.encoded_len() - 1] {
            let what = format!("entries({}, 9, {max_bytes})", entry.index);
            let found = bench.disk().entries(entry.index, 9, max_bytes);
            equal(&what, &found, &Ok(Entries::from([entry.clone()])))?;
        }
    }
    Ok(())
}

fn an_empty_range_is_empty(make: &mut Make<'_>) -> Verdict {
    let compacted = [entries(1, 1..=10), Write::Snapshot(snapshot(1, 5)), Write::Compact(5)];
    let installed = [Write::Install(snapshot(1, 10))];
    for (writes, first) in [(compacted.to_vec(), 6), (installed.to_vec(), 11)] {
        let bench = Bench::with(make, writes)?;
        for index in first..=11 {
            for max_bytes in [0, 1, ALL] {
                let what = format!("entries({index}, {index}, {max_bytes})");
                equal(
                    &what,
                    &bench.disk().entries(index, index, max_bytes),
                    &Ok(Entries::new()),
                )?;
            }
        }
    }
    Ok(())
}

fn a_range_ends_with_the_last(make: &mut Make<'_>) -> Verdict {
    let log = log();
    let bench = Bench::with(make, [Write::Entries(log.clone())])?;
    let end = log.len() as u64 + 1;
    let total: u64 = log.iter().map(Entry::encoded_len).sum();
    for low in 0..log.len() {
        let what = format!("entries({}, {end}, {total})", low + 1);
        let found = bench.disk().entries(low as u64 + 1, end, total);
        equal(&what, &found, &Ok(Entries::from(&log[low..])))?;
    }
    Ok(())
}

fn no_limit_gives_all(make: &mut Make<'_>) -> Verdict {
    let log = log();
    let bench = Bench::with(make, [Write::Entries(log.clone())])?;
    for max_bytes in [ALL, ALL - 1, ALL / 2] {
        let what = format!("entries(1, 8, {max_bytes})");
        let found = bench.disk().entries(1, 8, max_bytes);
        equal(&what, &found, &Ok(Entries::from(&log[..7])))?;
    }
    Ok(())
}
