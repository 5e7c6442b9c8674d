//! What can be told from one node alone, with nothing to remember.

use std::fmt;

use quorate::error::StepError;
use quorate::status::RoleKind;
use quorate::types::ClusterId;
use quorate::{EntryId, Event, Index, Message, NodeId};

use super::{Judge, Shadow, Verdict, check};

impl Judge {
    /// A node that says that there is nothing to do has nothing to do.
    pub fn idle(node: NodeId, ready: bool) -> Verdict {
        check(!ready, "who has nothing to do says so", || {
            format!("{node} hands out a batch, and said that it had none")
        })
    }

    /// A leader's proposal is where the leader said, as long as the entry there is of its term.
    pub fn is_placed(node: NodeId, entry: EntryId, same: bool) -> Verdict {
        check(same, "a proposal is where it was said to be", || {
            format!("{node} finds at {entry} another command than the one that it said would be there")
        })
    }

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

    /// Nothing is handed to a damaged state machine that was not handed out before its node asked for a snapshot, which
    /// covers so much.
    pub fn applies_to_damaged(node: NodeId, entry: EntryId, at_least: Option<Index>) -> Verdict {
        let covered = at_least.is_none_or(|at_least| entry.index <= at_least);
        check(covered, "nothing is applied to what is damaged", || {
            format!("{node} applies {entry}, and waits for a snapshot that covers {at_least:?}")
        })
    }

    /// One snapshot is asked for at a time.
    pub fn one_request(node: NodeId, open: Option<Index>, now: Option<Index>) -> Verdict {
        check(open.is_none() && now.is_some(), "one request at a time", || {
            format!("{node} asks for a snapshot that covers {now:?}, and asked for {open:?} before")
        })
    }

    /// What is withdrawn was asked for.
    pub fn withdraws(node: NodeId, at_least: Option<Index>) -> Verdict {
        check(at_least.is_some(), "a request is withdrawn once", || {
            format!("{node} withdraws a request for a snapshot, and asked for none")
        })
    }

    /// A state machine begins anew, beside its log, only if its node asked for that, with a snapshot that covers enough
    /// and no more than what is on the disk.
    pub fn restores(node: NodeId, snapshot: EntryId, at_least: Option<Index>, durable: &Shadow) -> Verdict {
        let wanted = at_least.is_some_and(|at_least| at_least <= snapshot.index);
        check(
            wanted && durable.holds(snapshot),
            "a state machine is no further than its log",
            || {
                let last = durable.last();
                format!("{node} begins anew with {snapshot}, where it asked for {at_least:?} and its disk holds {last}")
            },
        )
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

    /// Each message names its sender's group.
    pub fn names_group(node: NodeId, message: &Message, cluster_id: ClusterId) -> Verdict {
        check(message.cluster_id == cluster_id, "messages name their group", || {
            let named = message.cluster_id;
            format!("{node} of group {cluster_id} sends {message} in the name of group {named}")
        })
    }

    /// A message of another group, or of none, is refused as such, and leaves no trace.
    pub fn strangers(node: NodeId, stray: &Message, answer: &Result<(), StepError>, changed: bool) -> Verdict {
        let refused = matches!(answer, Err(StepError::ForeignCluster { theirs, .. }) if *theirs == stray.cluster_id);
        check(refused && !changed, "strangers leave no trace", || {
            let (group, traces) = (
                stray.cluster_id,
                if changed { "is not as before" } else { "is as before" },
            );
            format!("{node} answers {answer:?} to {stray} of group {group}, and {traces}")
        })
    }

    /// *State machine safety*, as the nodes see it themselves: none finds that another contradicts what is committed,
    /// or leads beside it. `excused`: a node came back without its disk, under its old id.
    pub fn agrees(node: NodeId, found: &dyn fmt::Display, excused: bool) -> Verdict {
        check(excused, "nobody diverges", || format!("{node} finds: {found}"))
    }

    /// Stores forget nothing that their node promised, and a lost one is not taken for an earlier state of another.
    /// `excused`: as in [`agrees`](Self::agrees).
    pub fn keeps_entries(node: NodeId, found: &Event, excused: bool) -> Verdict {
        check(excused, "no store is set back", || format!("{node} finds: {found}"))
    }

    /// Whoever has another store than the one that is named for it neither campaigns nor leads.
    pub fn disowned(node: NodeId, takes_part: bool, role: RoleKind) -> Verdict {
        check(!takes_part, "who is disowned takes no part", || {
            format!("{node} is a {role:?}, and has another store than the one that is named for it")
        })
    }
}
