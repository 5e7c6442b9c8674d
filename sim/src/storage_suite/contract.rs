//! What is answered, and that the answers agree.

use quorate::storage::InitialState;
use quorate::types::{EntryKind, NUMBER_MAX};
use quorate::{Entries, Entry, HardState, Snapshot, StorageError};

use super::bench::Bench;
use super::words::{ALL, GROUP, IDENTITY, Verdict, brief, entries, entry, equal, hard_state, snapshot, with_data};
use super::{Make, Rule, rule};
use crate::disk::{Disk, Write};

pub(super) const RULES: &[Rule] = &[
    rule!(
        Contract,
        a_new_store_is_empty,
        "A new store has no hard state, no configuration, no entries from index 1 on, and no snapshot."
    ),
    rule!(
        Contract,
        the_hard_state_is_replaced,
        "The hard state that is read is all of the one that was written last, a missing vote included."
    ),
    rule!(
        Contract,
        a_kept_promise_comes_back,
        "A store that says that it keeps promises gives back the promised ticks, longer or shorter, after a crash too."
    ),
    rule!(
        Contract,
        a_group_stays,
        "A store that is made for a group names it from then on, whatever is written, and after every crash."
    ),
    rule!(
        Contract,
        an_identity_stays,
        "A store that was given an identity has it from then on, whatever is written, and after every crash."
    ),
    rule!(
        Contract,
        entries_come_back_whole,
        "Entries come back with their term, index, kind and data, empty and large data included."
    ),
    rule!(
        Contract,
        entries_and_terms_agree,
        "entries() of any range, term() of any index, and the first and last index tell of one log."
    ),
    rule!(
        Contract,
        the_compacted_is_compacted,
        "What is below the log, after a compaction or an installed snapshot, is `Compacted`."
    ),
    rule!(
        Contract,
        the_missing_is_unavailable,
        "What is above the log is `Unavailable`; a range that is only partly there is, too."
    ),
    rule!(
        Contract,
        a_snapshot_covers_what_is_asked,
        "snapshot() is one that was written and covers at least what is asked, or `TemporarilyUnavailable`."
    ),
    rule!(
        Contract,
        a_snapshot_names_the_peer,
        "A snapshot for a peer is one whose configuration names it, where the latest does: one that does not is not sent."
    ),
];

fn a_new_store_is_empty(make: &mut Make<'_>) -> Verdict {
    let disk = make();
    equal("initial_state()", &disk.initial_state(), &Ok(InitialState::default()))?;
    equal("first_index()", &disk.first_index(), &Ok(1))?;
    equal("last_index()", &disk.last_index(), &Ok(0))?;
    equal("term(0)", &disk.term(0), &Ok(0))?;
    equal("term(1)", &disk.term(1), &Err(StorageError::Unavailable))?;
    equal("entries(1, 1, no limit)", &disk.entries(1, 1, ALL), &Ok(Entries::new()))?;
    let missing = Err(StorageError::Unavailable);
    equal("entries(1, 2, no limit)", &disk.entries(1, 2, ALL), &missing)?;
    let later = Err(StorageError::TemporarilyUnavailable);
    equal("snapshot(2, 1)", &disk.snapshot(2, 1), &later)?;
    equal("latest_snapshot()", &disk.latest_snapshot(), &Ok(Snapshot::default()))
}

fn the_hard_state_is_replaced(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, [entries(1, 1..=9)])?;
    for (term, vote, commit) in [
        (1, Some(1), 0),
        (1, Some(1), 4),
        (2, None, 4),
        (3, Some(u64::MAX - 2), 9),
        (NUMBER_MAX, None, 9),
    ] {
        bench.write(hard_state(term, vote, commit))?;
        let found = bench.disk().initial_state().map(|initial| initial.hard_state);
        equal("the hard state", &found, &Ok(HardState::new(term, vote, commit)))?;
    }
    Ok(())
}

fn a_kept_promise_comes_back(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, [entries(1, 1..=3)])?;
    if !bench.disk().keeps_promises() {
        return Ok(());
    }
    for ticks in [10, 300, u64::from(u32::MAX), 5, 0] {
        let written = HardState::new(1, Some(2), 3).with_promised_ticks(ticks);
        bench.write(Write::HardState(written))?;
        bench.sync()?;
        for when in ["the hard state", "the hard state after a crash"] {
            let found = bench.disk().initial_state().map(|initial| initial.hard_state);
            equal(when, &found, &Ok(written))?;
            bench.crash(0)?;
        }
    }
    Ok(())
}

fn a_group_stays(make: &mut Make<'_>) -> Verdict {
    let mut disk = make();
    if !disk.set_cluster_id(GROUP) {
        return Ok(());
    }
    stays(&mut *disk, "the group", GROUP, |initial| initial.cluster_id)
}

fn an_identity_stays(make: &mut Make<'_>) -> Verdict {
    let mut disk = make();
    if !disk.set_identity(IDENTITY) {
        return Ok(());
    }
    stays(&mut *disk, "the identity", IDENTITY, |initial| initial.identity)?;
    let mut disk = make();
    let both = disk.set_cluster_id(GROUP) && disk.set_identity(IDENTITY);
    let of = |initial: InitialState| (initial.cluster_id, initial.identity);
    disk.crash(0);
    if both {
        equal(
            "the group and the identity",
            &disk.initial_state().map(of),
            &Ok((GROUP, IDENTITY)),
        )?;
    }
    let another = make().initial_state().map(|initial| initial.identity);
    equal("the identity of another new store", &another, &Ok(0))
}

/// What a new store was told is there after each write and each crash.
fn stays(disk: &mut dyn Disk, what: &str, told: u64, of: fn(InitialState) -> u64) -> Verdict {
    let writes = [
        Write::Install(snapshot(1, 5)),
        hard_state(1, Some(2), 5),
        entries(2, 6..=12),
        Write::Snapshot(snapshot(2, 10)),
        Write::Compact(8),
        Write::Install(snapshot(3, 20)),
    ];
    equal(
        &format!("unsynced() of a store that was only told {what}"),
        &disk.unsynced(),
        &0,
    )?;
    disk.crash(0);
    for write in writes {
        equal(what, &disk.initial_state().map(of), &Ok(told))?;
        let written = disk.write(write).and_then(|()| disk.sync());
        equal("a write and a sync", &written, &Ok(()))?;
        equal(
            &format!("{what} after a write"),
            &disk.initial_state().map(of),
            &Ok(told),
        )?;
        disk.crash(0);
    }
    equal(
        &format!("{what} after all of it"),
        &disk.initial_state().map(of),
        &Ok(told),
    )
}

fn entries_come_back_whole(make: &mut Make<'_>) -> Verdict {
    let kinds = [EntryKind::Normal, EntryKind::ConfChange, EntryKind::ConfChangeV2];
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let datas = [Vec::new(), vec![0], every_byte, vec![0xa5; 100_000]];
    let both = kinds
        .iter()
        .flat_map(|kind| datas.iter().map(move |data| (*kind, data.clone())));
    let log: Vec<Entry> = (1..)
        .zip(both)
        .map(|(index, (kind, data))| with_data(index * 1_000, index, data).with_kind(kind))
        .collect();
    let mut bench = Bench::with(make, [Write::Entries(log.clone())])?;
    for restarted in [false, true] {
        if restarted {
            bench.sync()?;
            bench.crash(0)?;
        }
        for entry in &log {
            let what = format!("the entry at {}", entry.index);
            let found = bench.disk().entries(entry.index, entry.index + 1, ALL);
            equal(&what, &found, &Ok(Entries::from([entry.clone()])))?;
        }
    }
    Ok(())
}

fn entries_and_terms_agree(make: &mut Make<'_>) -> Verdict {
    let terms = [1, 1, 2, 5, 5, 5, 9];
    let log: Vec<Entry> = (1..).zip(terms).map(|(index, term)| entry(term, index)).collect();
    let mut bench = Bench::with(make, [Write::Entries(log.clone())])?;
    bench.is_model("after an append of several terms")?;
    for low in 0..log.len() {
        for high in low..=log.len() {
            let range = (low as u64 + 1, high as u64 + 1);
            let found = bench.disk().entries(range.0, range.1, ALL);
            let what = format!("entries({}, {}, no limit)", range.0, range.1);
            equal(&what, &found, &Ok(Entries::from(&log[low..high])))?;
        }
    }
    bench.write_all([Write::Snapshot(snapshot(2, 3)), Write::Compact(3)])?;
    bench.is_model("after a compaction")?;
    bench.write(Write::Install(snapshot(9, 20)))?;
    bench.write(entries(9, 21..=22))?;
    bench.is_model("after a snapshot was installed and entries followed")
}

fn the_compacted_is_compacted(make: &mut Make<'_>) -> Verdict {
    let own = [entries(1, 1..=10), Write::Snapshot(snapshot(1, 5)), Write::Compact(5)];
    let installed = [Write::Install(snapshot(1, 5)), entries(1, 6..=10)];
    for writes in [own.to_vec(), installed.to_vec()] {
        let bench = Bench::with(make, writes)?;
        let disk = bench.disk();
        equal("first_index()", &disk.first_index(), &Ok(6))?;
        for index in [0, 1, 4] {
            equal(
                &format!("term({index})"),
                &disk.term(index),
                &Err(StorageError::Compacted),
            )?;
        }
        for (low, high) in [(1, 3), (5, 6), (3, 8), (5, 11)] {
            let what = format!("entries({low}, {high}, no limit)");
            equal(&what, &disk.entries(low, high, ALL), &Err(StorageError::Compacted))?;
        }
    }
    Ok(())
}

fn the_missing_is_unavailable(make: &mut Make<'_>) -> Verdict {
    let compacted = [entries(1, 1..=10), Write::Snapshot(snapshot(1, 10)), Write::Compact(10)];
    for writes in [vec![entries(1, 1..=10)], compacted.to_vec()] {
        let bench = Bench::with(make, writes)?;
        let disk = bench.disk();
        for index in [11, 12, NUMBER_MAX] {
            equal(
                &format!("term({index})"),
                &disk.term(index),
                &Err(StorageError::Unavailable),
            )?;
        }
        for (low, high) in [(11, 12), (11, 13), (11, NUMBER_MAX), (12, 14)] {
            let what = format!("entries({low}, {high}, no limit)");
            equal(&what, &disk.entries(low, high, ALL), &Err(StorageError::Unavailable))?;
        }
    }
    let bench = Bench::with(make, [entries(1, 1..=10)])?;
    for max_bytes in [1, ALL] {
        let what = format!("entries(9, 12, {max_bytes})");
        let missing = Err(StorageError::Unavailable);
        equal(&what, &bench.disk().entries(9, 12, max_bytes), &missing)?;
    }
    Ok(())
}

fn a_snapshot_names_the_peer(make: &mut Make<'_>) -> Verdict {
    // Each names a learner of its own, beside the voters.
    let writes = [5, 8].map(|index| Write::Snapshot(snapshot(1, index)));
    let mut bench = Bench::with(make, [entries(1, 1..=10)])?;
    let mut latest = Snapshot::default();
    for write in writes.into_iter().chain([Write::Install(snapshot(3, 20))]) {
        if let Write::Snapshot(snapshot) | Write::Install(snapshot) = &write {
            latest = snapshot.clone();
        }
        bench.write(write)?;
        let (index, id) = (latest.metadata.index, latest.id());
        for peer in [1, 2, 3, 100 + index] {
            match bench.disk().snapshot(peer, 1) {
                Err(StorageError::TemporarilyUnavailable) => {}
                Ok(found) if found.metadata.conf_state.contains(peer) => {}
                other => {
                    let found = brief(&other);
                    return bench.fails(&format!(
                        "snapshot({peer}, 1) is {found}; the latest, {id}, names the peer"
                    ));
                }
            }
        }
    }
    Ok(())
}

fn a_snapshot_covers_what_is_asked(make: &mut Make<'_>) -> Verdict {
    let mut bench = Bench::with(make, [entries(1, 1..=10), Write::Snapshot(snapshot(1, 5))])?;
    let mut latest = snapshot(1, 5);
    for round in 0..2 {
        if round == 1 {
            latest = snapshot(3, 20);
            bench.write(Write::Install(latest.clone()))?;
        }
        for at_least in [1, 4, 5, 6, 10, 20, 21] {
            match bench.disk().snapshot(2, at_least) {
                Err(StorageError::TemporarilyUnavailable) => {}
                Ok(found) if at_least <= latest.metadata.index && found == latest => {}
                other => {
                    let (found, id) = (brief(&other), latest.id());
                    return bench.fails(&format!("snapshot(2, {at_least}) is {found}; the latest is {id}"));
                }
            }
        }
    }
    Ok(())
}
