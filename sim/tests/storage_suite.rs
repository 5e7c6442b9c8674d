//! The storage suite, on storages that keep its rules and on storages that do not.

#[path = "storage_suite/broken.rs"]
mod broken;
#[path = "storage_suite/codec.rs"]
mod codec;
#[path = "storage_suite/defect.rs"]
mod defect;
#[path = "storage_suite/misread.rs"]
mod misread;
#[path = "storage_suite/wal.rs"]
mod wal;

use quorate_sim::disk::Disk;
use quorate_sim::storage_suite::{Group, RULES, Rule};

use crate::broken::Broken;
use crate::defect::{BROKEN, Defect};
use crate::wal::{Care, WalDisk};

/// `MemoryDisk` keeps every rule.
mod memory {
    use quorate_sim::disk::MemoryDisk;
    quorate_sim::storage_suite!(|_number| MemoryDisk::default());
}

/// So does a log of records whose unsynced bytes are torn and reordered.
mod log {
    use super::WalDisk;
    quorate_sim::storage_suite!(WalDisk::new);
}

/// A storage that cannot be told to fail keeps the rules that do not need it.
mod untold {
    use super::{Broken, Defect};
    quorate_sim::storage_suite!(
        |_number| Broken::new(Some(Defect::CannotBeTold)),
        except: [
            a_failing_sync_keeps_what_was_synced,
            a_sync_after_a_failed_one_does_not_lie,
            a_failing_write_changes_nothing,
            a_full_disk_changes_nothing,
            writing_goes_on_after_space_is_made,
            a_crash_inside_a_write_keeps_a_prefix,
            a_crash_inside_persisting_keeps_what_was_promised,
            a_crash_inside_an_opening_loses_nothing,
        ]
    );
}

/// The names of the rules that a storage breaks.
fn broken<D: Disk + 'static>(make: impl Fn(u64) -> D) -> Vec<&'static str> {
    let broken = RULES.iter().filter(|rule| rule.run(&make).is_err());
    broken.map(|rule| rule.name).collect()
}

#[test]
fn each_defect_breaks_its_rules() {
    for (defect, rules) in BROKEN {
        for name in *rules {
            let rule = Rule::named(name).expect("a rule");
            let what = rule
                .run(|_number| Broken::new(Some(*defect)))
                .expect_err(&format!("{defect:?} {name}"));
            assert!(what.contains(name) && what.contains(rule.doc), "{what}");
        }
    }
    assert_eq!(broken(|_number| Broken::new(None)), [""; 0], "without a defect");
}

#[test]
fn each_rule_is_broken_by_a_defect() {
    let table: Vec<_> = BROKEN.iter().flat_map(|(_, rules)| rules.iter().copied()).collect();
    let missing: Vec<_> = RULES.iter().filter(|rule| !table.contains(&rule.name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_log_without_its_cares_breaks_rules() {
    let table = [
        (Care::Checksum, "torn_and_reordered_writes_are_dropped"),
        (Care::Length, "torn_and_reordered_writes_are_dropped"),
        (Care::Cut, "torn_and_reordered_writes_are_dropped"),
        (Care::CutSync, "torn_and_reordered_writes_are_dropped"),
        (Care::FailedSync, "a_sync_after_a_failed_one_does_not_lie"),
        (Care::FailedWrite, "a_failing_write_changes_nothing"),
    ];
    for (care, rule) in table {
        let found = broken(|number| WalDisk::forgetting(care, number));
        assert!(found.contains(&rule), "{care:?} breaks {found:?}");
    }
}

#[test]
fn a_storage_that_cannot_be_told_to_fail_is_told_so() {
    let found = broken(|_number| Broken::new(Some(Defect::CannotBeTold)));
    let needs_faults = |rule: &&Rule| matches!(rule.group, Group::Inside | Group::Sync | Group::Space);
    let expected: Vec<_> = RULES.iter().filter(needs_faults).map(|rule| rule.name).collect();
    assert_eq!(found, expected);
}
