//! What can be told from one node alone, with nothing to remember.

use quorate::{EntryId, Index, NodeId};

use super::{Judge, Verdict, check};

impl Judge {
    /// *Leader append-only*: a leader never overwrites or deletes what is in its log, whose last entry is
    /// `last`.
    pub fn leader_writes(node: NodeId, entry: EntryId, last: EntryId) -> Verdict {
        check(entry.index == last.index + 1, "leader append-only", || {
            format!("{node} writes {entry} as the leader, its log ends with {last}")
        })
    }

    /// Terms, commit indexes and what is applied never fall while a node runs.
    pub fn monotone(node: NodeId, what: &'static str, before: u64, now: u64) -> Verdict {
        check(before <= now, "monotone", || {
            format!("{node}: {what} falls from {before} to {now}")
        })
    }

    /// Entries are applied one after the other, none left out.
    pub fn applies_next(node: NodeId, entry: EntryId, applied: Index) -> Verdict {
        check(entry.index == applied + 1, "applied in order", || {
            format!("{node} applies {entry} after {applied}")
        })
    }

    /// A linearizable read is answered at an index not below what was committed when it was asked.
    pub fn reads(node: NodeId, index: Index, committed_before: Index) -> Verdict {
        check(index >= committed_before, "stale read", || {
            format!("{node} reads at {index}, {committed_before} was committed before it was asked")
        })
    }

    /// While a leader holds a lease nobody leads a later term: so two leases never overlap.
    pub fn leases(holder: NodeId, held: bool, later: NodeId) -> Verdict {
        check(!held, "leases do not overlap", || {
            format!("{holder} holds a lease, and {later} leads a later term")
        })
    }

    /// Whoever is elected has applied each change in its log but the last one: else the configuration by
    /// which it was elected is not next to the one that others may go by already.
    pub fn elected(node: NodeId, unapplied_changes: usize) -> Verdict {
        check(unapplied_changes < 2, "elected one change behind at most", || {
            format!("{node} is elected with {unapplied_changes} changes in its log that it has not applied")
        })
    }
}
