//! What is read after a restart.

use super::bench::Bench;
use super::words::{Verdict, entries, equal, hard_state, snapshot};
use super::{Make, Rule, rule};
use crate::disk::Write;

pub(super) const RULES: &[Rule] = &[
    rule!(
        Restart,
        what_is_synced_is_read_again,
        "After a sync and a power failure everything is read as before."
    ),
    rule!(
        Restart,
        a_second_restart_reads_the_same,
        "What was read after a restart is read after another one, too."
    ),
    rule!(
        Restart,
        a_sync_covers_every_earlier_write,
        "A sync makes every earlier write durable: hard states, snapshots and compactions as well as entries."
    ),
    rule!(
        Restart,
        an_idle_sync_succeeds,
        "A sync with nothing to do, in a new store too, succeeds and changes nothing."
    ),
    rule!(
        Restart,
        unsynced_is_counted,
        "unsynced() is the number of writes since the last sync, each entry counted as one."
    ),
];

/// All kinds of writes.
fn life() -> Vec<Write> {
    vec![
        Write::Install(snapshot(1, 5)),
        entries(2, 6..=12),
        hard_state(3, Some(2), 10),
        Write::Snapshot(snapshot(2, 10)),
        entries(3, 11..=14),
        Write::Compact(8),
        hard_state(4, None, 11),
    ]
}

fn what_is_synced_is_read_again(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::new(make);
    for write in life() {
        bench.write(write)?;
        bench.sync()?;
        bench.crash(0)?;
    }
    Ok(())
}

fn a_second_restart_reads_the_same(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, life())?;
    bench.sync()?;
    (0..3).try_for_each(|_| bench.crash(0))
}

fn a_sync_covers_every_earlier_write(make: &mut Make<'_>) -> Verdict {
    let log = entries(1, 1..=6);
    let last = [
        hard_state(2, Some(3), 0),
        hard_state(1, None, 4),
        entries(2, 7..=8),
        Write::Snapshot(snapshot(1, 4)),
        Write::Install(snapshot(1, 9)),
    ];
    for write in &last {
        // Before another write, after it, and alone.
        let befores = vec![log.clone(), write.clone(), hard_state(3, Some(1), 4)];
        let mut bench = Bench::with(make, befores)?;
        bench.sync()?;
        bench.crash(0)?;
        let mut bench = Bench::with(make, [log.clone()])?;
        bench.sync()?;
        bench.write(write.clone())?;
        bench.sync()?;
        bench.crash(0)?;
    }
    let mut bench = Bench::with(make, [log.clone(), Write::Snapshot(snapshot(1, 4))])?;
    bench.sync()?;
    bench.write_all([Write::Compact(4), hard_state(2, None, 4), entries(2, 7..=7)])?;
    bench.sync()?;
    bench.crash(0)
}

fn an_idle_sync_succeeds(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::new(make);
    bench.sync()?;
    bench.crash(0)?;
    bench.write_all(life())?;
    for _ in 0..3 {
        bench.sync()?;
    }
    bench.is_model("after three syncs")?;
    bench.crash(0)
}

fn unsynced_is_counted(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::new(make);
    let mut written = 0;
    for write in life() {
        bench.write(write.clone())?;
        written += write.parts().len();
        equal("unsynced()", &bench.disk().unsynced(), &written)?;
    }
    bench.sync()?;
    equal("unsynced() after a sync", &bench.disk().unsynced(), &0)?;
    bench.write(entries(4, 13..=13))?;
    bench.crash(0)?;
    equal("unsynced() after a crash", &bench.disk().unsynced(), &0)
}
