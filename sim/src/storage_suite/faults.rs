//! A sync fails, a write fails, the disk is full.

use quorate::{HardState, Storage};

use super::bench::Bench;
use super::crash::goes_on;
use super::words::{Verdict, entries, entry, hard_state, snapshot, with_data};
use super::{Make, Rule, rule};
use crate::disk::{Fault, Write};

pub(super) const RULES: &[Rule] = &[
    rule!(
        Sync,
        a_failing_sync_keeps_what_was_synced,
        "A sync that fails says so; after the power failed everything up to the sync before it is there."
    ),
    rule!(
        Sync,
        a_sync_after_a_failed_one_does_not_lie,
        "If a sync succeeds after one that failed, everything written before it is durable; it may fail until the \
         storage is opened again."
    ),
    rule!(
        Space,
        a_failing_write_changes_nothing,
        "A write that fails changes nothing, now and after a power failure."
    ),
    rule!(
        Space,
        a_full_disk_changes_nothing,
        "A write that the full disk has no space for fails and changes nothing, and reading goes on."
    ),
    rule!(
        Space,
        writing_goes_on_after_space_is_made,
        "After space is made on a full disk, writing goes on, and nothing is missing."
    ),
];

/// Crashes that are tried.
const SEEDS: u64 = 12;

/// With something synced, and something to sync.
fn bench(make: &mut Make<'_>) -> Result<Bench, String> {
    let mut bench = Bench::with(make, [entries(1, 1..=6), hard_state(1, Some(2), 4)])?;
    bench.sync()?;
    bench.write_all([
        entries(2, 5..=9),
        hard_state(2, None, 5),
        Write::Snapshot(snapshot(2, 5)),
    ])?;
    Ok(bench)
}

fn fail_to_sync(bench: &mut Bench) -> Verdict {
    bench.inject(Fault::SyncFails)?;
    if bench.try_sync()? {
        return bench.fails("a sync that fails has to say so");
    }
    Ok(())
}

fn a_failing_sync_keeps_what_was_synced(make: &mut Make<'_>) -> Verdict {
    for seed in 0..SEEDS {
        let mut bench = bench(make)?;
        fail_to_sync(&mut bench)?;
        if seed == 0 {
            bench.crash(0)?;
        } else {
            bench.crash_torn(seed)?;
        }
        goes_on(&mut bench)?;
    }
    Ok(())
}

fn a_sync_after_a_failed_one_does_not_lie(make: &mut Make<'_>) -> Verdict {
    for more in [false, true] {
        let mut bench = bench(make)?;
        fail_to_sync(&mut bench)?;
        if more {
            bench.try_write(entries(2, 10..=11));
        }
        bench.try_sync()?;
        bench.crash(0)?;
        goes_on(&mut bench)?;
    }
    Ok(())
}

/// One of each kind.
fn writes() -> [Write; 6] {
    [
        entries(2, 10..=12),
        entries(3, 7..=8),
        hard_state(4, Some(1), 6),
        Write::Snapshot(snapshot(2, 6)),
        Write::Compact(5),
        Write::Install(snapshot(3, 20)),
    ]
}

fn a_failing_write_changes_nothing(make: &mut Make<'_>) -> Verdict {
    for write in writes() {
        for seed in 0..SEEDS {
            let mut bench = bench(make)?;
            bench.inject(Fault::WriteFails)?;
            bench.refuse(write.clone())?;
            if seed % 2 == 0 && bench.try_write(entries(2, 10..=10)) {
                bench.try_sync()?; // if it takes more, nothing of that may be lost
            }
            match seed {
                0 => bench.crash(0)?,
                1 => bench.crash(bench.disk().unsynced())?,
                _ => bench.crash_torn(seed)?,
            }
            goes_on(&mut bench)?;
        }
    }
    Ok(())
}

/// Fills the disk; what was taken, was.
fn fill(bench: &mut Bench) -> Verdict {
    const TRIES: u64 = 2_000;
    bench.inject(Fault::Full)?;
    let first = 10;
    for index in first..first + TRIES {
        if !bench.try_write(Write::Entries(vec![with_data(2, index, vec![b'x'; 4_000])])) {
            return bench.is_model("after the refusal");
        }
    }
    bench.fails(&format!("the disk took {TRIES} entries and is not full"))
}

fn a_full_disk_changes_nothing(make: &mut Make<'_>) -> Verdict {
    for seed in 0..SEEDS {
        let mut bench = bench(make)?;
        fill(&mut bench)?;
        let last = bench.model()?.last_index().unwrap_or(0);
        let batch = Write::Entries((last + 1..=last + 4).map(|index| entry(2, index)).collect());
        let [_, overlap, hard_state, own_snapshot, compaction, _] = writes();
        for write in [batch, overlap, hard_state, own_snapshot, compaction] {
            bench.try_write(write);
            bench.is_model("on a full disk")?;
        }
        match seed {
            0 => bench.crash(0)?,
            1 => bench.crash(bench.disk().unsynced())?,
            _ => bench.crash_torn(seed)?,
        }
        bench.is_model("on a full disk that was opened again")?;
    }
    Ok(())
}

fn writing_goes_on_after_space_is_made(make: &mut Make<'_>) -> Verdict {
    for opened_again in [false, true] {
        let mut bench = bench(make)?;
        bench.sync()?;
        fill(&mut bench)?;
        if opened_again {
            bench.crash(bench.disk().unsynced())?;
        }
        bench.inject(Fault::Space)?;
        goes_on(&mut bench)?;
        let HardState { term, commit, .. } = bench.model()?.hard_state();
        bench.write_all([hard_state(term + 1, None, commit), Write::Compact(5)])?;
        bench.is_model("after space was made")?;
        bench.sync()?;
        bench.crash(0)?;
    }
    Ok(())
}
