//! Rules that a storage has to keep, as tests for your own.
//!
//! Implement [`Disk`] for your storage, say how a new one is made, and each rule is a test:
//!
//! ```
//! use quorate_sim::{disk::MemoryDisk, storage_suite};
//!
//! // In `tests/storage.rs`: a module `storage_rules` with a `#[test]` for each rule.
//! storage_suite!(|_number| MemoryDisk::default());
//!
//! // Or by hand.
//! for rule in storage_suite::RULES {
//!     rule.run(|_number| MemoryDisk::default())?;
//! }
//! # Ok::<(), String>(())
//! ```
//!
//! What makes a storage takes a number that no other storage of the suite gets: the name of a
//! directory, say. The storages of a rule are made one after the other, and dropped.
//!
//! # What is asked
//!
//! The [groups](Group) of rules follow the contract of [`quorate::storage`] and the words of [`Disk`].
//! The model is [`MemoryStorage`](quorate::MemoryStorage). After a power failure a storage has to hold
//! everything up to its last sync and then the first so many of the writes after it, however these were
//! torn and reordered: what of a torn tail is not there whole has to be detected, by a checksum for
//! instance, and dropped. How many there are is the storage's affair (but for the rules on
//! [`Disk::unsynced`] and [`Disk::crash`], on whose exact count the simulator relies).
//!
//! Writes are those of a node that works: an append overlaps only what is not committed, compaction
//! stays below the latest snapshot.
//!
//! # What cannot be tried
//!
//! The rules of the groups [`Sync`](Group::Sync) and [`Space`](Group::Space) need a storage that can be
//! told to [fail](Disk::inject), those of [`Inside`](Group::Inside) one whose
//! [power can fail](Disk::fail_power_after) at any operation on files. One that cannot fails them, so that nobody
//! believes that they hold.
//! They can be left out by name: `storage_suite!(make, except: [a_failing_write_changes_nothing])`.

mod bench;
mod compaction;
mod continuity;
mod contract;
mod crash;
mod faults;
mod host;
mod inside;
mod limits;
mod node;
mod restart;
mod snapshot;
mod steps;
mod view;
mod words;

use crate::disk::Disk;
use crate::panics::caught;

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// What is answered, and that the answers agree.
    Contract,
    /// What may be appended, and what it replaces.
    Continuity,
    /// How many entries are given at once.
    Limits,
    /// Dropping the log's beginning.
    Compaction,
    /// A leader's snapshot, and an own one.
    Snapshot,
    /// What is read after a restart.
    Restart,
    /// The power fails after any write, and parts of writes are durable.
    Crash,
    /// The power fails inside of a call.
    Inside,
    /// A sync fails.
    Sync,
    /// A write fails, the disk is full.
    Space,
    /// A [`RawNode`](quorate::RawNode) runs over it.
    Node,
}

/// Makes the storages that a rule is tried on: each call gives a new and empty one.
pub type Make<'a> = dyn FnMut() -> Box<dyn Disk> + 'a;

/// A rule, and how to try it.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its name, which is the name of the test.
    pub name: &'static str,
    /// What it is about.
    pub group: Group,
    /// The rule.
    pub doc: &'static str,
    /// Tries it; an error says what was expected and what was found.
    pub check: fn(&mut Make<'_>) -> Result<(), String>,
}

/// Every rule, in the order of their groups.
pub const RULES: &[Rule] = &rules();

/// How many there are.
const COUNT: usize = contract::RULES.len()
    + continuity::RULES.len()
    + limits::RULES.len()
    + compaction::RULES.len()
    + snapshot::RULES.len()
    + restart::RULES.len()
    + crash::RULES.len()
    + inside::RULES.len()
    + faults::RULES.len()
    + node::RULES.len();

const fn rules() -> [Rule; COUNT] {
    let groups: [&[Rule]; 10] = [
        contract::RULES,
        continuity::RULES,
        limits::RULES,
        compaction::RULES,
        snapshot::RULES,
        restart::RULES,
        crash::RULES,
        inside::RULES,
        faults::RULES,
        node::RULES,
    ];
    let mut rules = [contract::RULES[0]; COUNT];
    let (mut group, mut done) = (0, 0);
    while group < groups.len() {
        let mut position = 0;
        while position < groups[group].len() {
            rules[done] = groups[group][position];
            position += 1;
            done += 1;
        }
        group += 1;
    }
    rules
}

/// The storages that one rule may make before their numbers run into the next rule's.
const STORAGES_MAX: u64 = 1_000_000;

impl Rule {
    /// The rule of this name.
    pub fn named(name: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.name == name)
    }

    /// Tries the rule on storages that `make` makes; the error names the rule.
    pub fn run<D: Disk + 'static>(&self, mut make: impl FnMut(u64) -> D) -> Result<(), String> {
        let place = RULES.iter().take_while(|rule| rule.name != self.name).count();
        let mut number = place as u64 * STORAGES_MAX;
        let mut next = || -> Box<dyn Disk> {
            number += 1;
            Box::new(make(number))
        };
        let tried = caught(|| "the storage".to_owned(), || Ok((self.check)(&mut next)));
        let tried = tried.unwrap_or_else(|panic| Err(panic.detail));
        tried.map_err(|what| format!("rule `{}` is broken. {} But: {what}", self.name, self.doc))
    }
}

/// For [`storage_suite!`](crate::storage_suite!): the test of one rule.
///
/// # Panics
///
/// If the rule is broken, or there is none of this name.
#[doc(hidden)]
pub fn assert_rule<D: Disk + 'static>(name: &str, except: &[&str], make: impl FnMut(u64) -> D) {
    let rule = Rule::named(name).expect("a rule of this name");
    if except.contains(&name) {
        return;
    }
    if let Err(what) = rule.run(make) {
        panic!("{what}");
    }
}

/// For [`storage_suite!`](crate::storage_suite!): the tests are the rules, and so are the exceptions.
///
/// # Panics
///
/// If one is missing or too many.
#[doc(hidden)]
pub fn assert_complete(tested: &[&str], except: &[&str]) {
    let names: Vec<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(tested, names, "the macro's list and RULES");
    for name in except {
        assert!(names.contains(name), "there is no rule `{name}` to leave out");
    }
}

/// A rule of this module, named as its function.
macro_rules! rule {
    ($group:ident, $name:ident, $doc:literal) => {
        $crate::storage_suite::Rule {
            name: stringify!($name),
            group: $crate::storage_suite::Group::$group,
            doc: $doc,
            check: $name,
        }
    };
}
use rule;

/// Expands to a module `storage_rules` with a test for each [rule](crate::storage_suite::RULES).
///
/// `make` is a path or a closure that takes a number and gives a new and empty [`Disk`]; each number comes once.
/// Rules can be left out: `storage_suite!(make, except: [rule, …])`. See the
/// [module](mod@crate::storage_suite).
#[macro_export]
macro_rules! storage_suite {
    ($make:expr $(,)?) => {
        $crate::storage_suite!($make, except: []);
    };
    ($make:expr, except: [$($except:ident),* $(,)?] $(,)?) => {
        $crate::storage_suite! {
            @rules $make, [$($except)*],
            a_new_store_is_empty
            the_hard_state_is_replaced
            a_kept_promise_comes_back
            a_group_stays
            an_identity_stays
            entries_come_back_whole
            entries_and_terms_agree
            the_compacted_is_compacted
            the_missing_is_unavailable
            a_snapshot_covers_what_is_asked
            a_snapshot_names_the_peer
            a_gap_is_refused
            falling_terms_are_refused
            an_overlap_replaces_the_rest
            the_compacted_is_skipped
            an_empty_append_changes_nothing
            a_limit_counts_encoded_bytes
            one_entry_is_always_given
            an_empty_range_is_empty
            a_range_ends_with_the_last
            no_limit_gives_all
            compaction_keeps_the_rest
            compaction_keeps_the_term_before
            a_whole_log_can_be_compacted
            compaction_twice_is_refused
            compaction_beyond_the_log_is_refused
            an_installed_snapshot_replaces_the_log
            an_older_snapshot_is_refused
            the_conf_state_follows_snapshots
            the_conf_state_keeps_its_index
            the_conf_state_keeps_identities
            snapshots_leave_the_hard_state
            an_own_snapshot_leaves_the_log
            the_latest_snapshot_is_the_last
            what_is_synced_is_read_again
            a_second_restart_reads_the_same
            a_sync_covers_every_earlier_write
            an_idle_sync_succeeds
            unsynced_is_counted
            a_crash_at_every_write_keeps_a_prefix
            a_crash_keeps_what_it_is_told
            a_crash_in_random_writes_keeps_a_prefix
            torn_and_reordered_writes_are_dropped
            what_a_restart_read_stays
            writing_goes_on_after_a_crash
            a_crash_inside_a_write_keeps_a_prefix
            a_crash_inside_persisting_keeps_what_was_promised
            a_crash_inside_an_opening_loses_nothing
            a_failing_sync_keeps_what_was_synced
            a_sync_after_a_failed_one_does_not_lie
            a_failing_write_changes_nothing
            a_full_disk_changes_nothing
            writing_goes_on_after_space_is_made
            a_node_keeps_what_it_committed
            a_node_never_votes_twice
            what_is_persisted_is_kept
        }
    };
    (@rules $make:expr, $except:tt, $($rule:ident)*) => {
        mod storage_rules {
            #[allow(unused_imports)]
            use super::*;

            $(
                #[test]
                fn $rule() {
                    $crate::storage_suite!(@one $make, $except, $rule);
                }
            )*

            #[test]
            fn every_rule_is_tried() {
                $crate::storage_suite!(@complete $except, $($rule)*);
            }
        }
    };
    (@one $make:expr, [$($except:ident)*], $rule:ident) => {
        $crate::storage_suite::assert_rule(stringify!($rule), &[$(stringify!($except)),*], $make)
    };
    (@complete [$($except:ident)*], $($rule:ident)*) => {
        $crate::storage_suite::assert_complete(&[$(stringify!($rule)),*], &[$(stringify!($except)),*])
    };
}
