//! A leader's snapshot, and an own one.

use quorate::storage::InitialState;
use quorate::{ConfState, HardState};

use super::bench::Bench;
use super::words::{IDENTITY, Verdict, entries, equal, hard_state, snapshot};
use super::{Make, Rule, rule};
use crate::disk::Write;

pub(super) const RULES: &[Rule] = &[
    rule!(
        Snapshot,
        an_installed_snapshot_replaces_the_log,
        "The log begins after an installed snapshot and is empty, whatever was there."
    ),
    rule!(
        Snapshot,
        an_older_snapshot_is_refused,
        "A snapshot that is older than the log's beginning is not installed, and changes nothing."
    ),
    rule!(
        Snapshot,
        the_conf_state_follows_snapshots,
        "initial_state() has the configuration of the latest snapshot, installed or own, and its index."
    ),
    rule!(
        Snapshot,
        the_conf_state_keeps_its_index,
        "The configuration and the index that it is as of are kept together, through a crash too."
    ),
    rule!(
        Snapshot,
        the_conf_state_keeps_identities,
        "A configuration that names the stores of its members comes back with all names, in initial_state() and in \
         the snapshot, through a crash too."
    ),
    rule!(
        Snapshot,
        snapshots_leave_the_hard_state,
        "A snapshot, installed or own, leaves the hard state."
    ),
    rule!(
        Snapshot,
        an_own_snapshot_leaves_the_log,
        "An own snapshot leaves the log, what it covers included."
    ),
    rule!(
        Snapshot,
        the_latest_snapshot_is_the_last,
        "latest_snapshot() is all of the one that was written last, installed or own."
    ),
];

fn an_installed_snapshot_replaces_the_log(make: &mut Make<'_>) -> Verdict {
    let log = [entries(1, 1..=5), entries(2, 6..=10)];
    for writes in [Vec::new(), log.to_vec()] {
        for (term, index) in [(3, 20), (3, 10), (3, 7), (2, 7)] {
            let mut bench = Bench::with(make, writes.clone())?;
            bench.write(Write::Install(snapshot(term, index)))?;
            equal("first_index()", &bench.disk().first_index(), &Ok(index + 1))?;
            equal("last_index()", &bench.disk().last_index(), &Ok(index))?;
            equal(&format!("term({index})"), &bench.disk().term(index), &Ok(term))?;
            bench.write(entries(4, index + 1..=index + 2))?;
            bench.is_model("after an append behind the snapshot")?;
            bench.sync()?;
            bench.crash(0)?;
        }
    }
    Ok(())
}

fn an_older_snapshot_is_refused(make: &mut Make<'_>) -> Verdict {
    let compacted = [entries(1, 1..=10), Write::Snapshot(snapshot(1, 6)), Write::Compact(5)];
    let installed = [Write::Install(snapshot(1, 5)), entries(1, 6..=10)];
    for writes in [compacted.to_vec(), installed.to_vec()] {
        let mut bench = Bench::with(make, writes)?;
        for index in [1, 4] {
            bench.refuse(Write::Install(snapshot(1, index)))?;
        }
    }
    Ok(())
}

fn the_conf_state_follows_snapshots(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, [entries(1, 1..=10)])?;
    for (index, install) in [(3, false), (5, false), (20, true), (22, true)] {
        let latest = snapshot(1, index);
        let write = if install { Write::Install } else { Write::Snapshot };
        bench.write(write(latest.clone()))?;
        let expected = InitialState::new(HardState::default(), latest.metadata.conf_state, index);
        equal("initial_state()", &bench.disk().initial_state(), &Ok(expected))?;
    }
    Ok(())
}

fn the_conf_state_keeps_its_index(make: &mut Make<'_>) -> Verdict {
    for (later, install) in [(5, false), (20, true)] {
        let write = || if install { Write::Install } else { Write::Snapshot }(snapshot(1, later));
        let mut bench = Bench::with(make, [entries(1, 1..=10), Write::Snapshot(snapshot(1, 3))])?;
        bench.sync()?;
        bench.write(write())?;
        bench.crash(0)?;
        // Which of the two it is, is another rule's business.
        let kept = bench.disk().initial_state().map(|initial| initial.conf_state_index);
        for index in [kept.unwrap_or(3), later] {
            let initial = bench.disk().initial_state();
            let found = initial.map(|initial| (initial.conf_state, initial.conf_state_index));
            let expected = Ok((snapshot(1, index).metadata.conf_state, index));
            equal("the configuration and its index", &found, &expected)?;
            if index != later {
                bench.write(write())?;
                bench.sync()?;
                bench.crash(0)?;
            }
        }
    }
    Ok(())
}

fn the_conf_state_keeps_identities(make: &mut Make<'_>) -> Verdict {
    let names = [
        vec![(1, IDENTITY)],
        vec![(1, IDENTITY), (2, 1), (107, u64::MAX)],
        Vec::new(),
    ];
    for install in [false, true] {
        let mut bench = Bench::with(make, [entries(1, 1..=10)])?;
        for (index, identities) in (5..).zip(&names) {
            let mut snapshot = snapshot(1, if install { 10 + index } else { index });
            let conf_state = ConfState::of_voters([1, 2, 3]).with_learners([107]);
            snapshot.metadata.conf_state = conf_state.with_identities(identities.iter().copied());
            let expected = snapshot.clone();
            bench.write(if install {
                Write::Install(snapshot)
            } else {
                Write::Snapshot(snapshot)
            })?;
            for when in ["", " after a crash"] {
                let conf_state = bench.disk().initial_state().map(|initial| initial.conf_state);
                let named = Ok(expected.metadata.conf_state.clone());
                equal(&format!("the configuration{when}"), &conf_state, &named)?;
                let latest = bench.disk().latest_snapshot();
                equal(&format!("the latest snapshot{when}"), &latest, &Ok(expected.clone()))?;
                bench.sync()?;
                bench.crash(0)?;
            }
        }
    }
    Ok(())
}

fn snapshots_leave_the_hard_state(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, [entries(1, 1..=10), hard_state(7, Some(3), 6)])?;
    let before = bench.disk().initial_state().map(|initial| initial.hard_state);
    for write in [Write::Snapshot(snapshot(1, 5)), Write::Install(snapshot(6, 20))] {
        bench.write(write)?;
        let found = bench.disk().initial_state().map(|initial| initial.hard_state);
        equal("the hard state", &found, &before)?;
    }
    Ok(())
}

fn an_own_snapshot_leaves_the_log(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, [entries(1, 1..=10)])?;
    for index in [4, 10] {
        bench.write(Write::Snapshot(snapshot(1, index)))?;
        equal("first_index()", &bench.disk().first_index(), &Ok(1))?;
        equal("last_index()", &bench.disk().last_index(), &Ok(10))?;
        bench.is_model("after an own snapshot")?;
    }
    Ok(())
}

fn the_latest_snapshot_is_the_last(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, [entries(1, 1..=10)])?;
    for (index, install) in [(3, false), (8, false), (30, true), (40, true)] {
        let latest = snapshot(1, index);
        let write = if install { Write::Install } else { Write::Snapshot };
        bench.write(write(latest.clone()))?;
        equal("latest_snapshot()", &bench.disk().latest_snapshot(), &Ok(latest))?;
    }
    Ok(())
}
