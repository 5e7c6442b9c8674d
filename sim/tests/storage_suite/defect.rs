//! What can be wrong with a storage, and the rule that has to say so.

use Defect::*;

/// One thing that a storage does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// An empty log begins at index 0.
    BeginsAtZero,
    /// A hard state without a vote leaves the old vote.
    VoteStays,
    /// Promises are said to be kept, and are not.
    PromiseIsLost,
    /// So they are, until a crash.
    PromiseIsNotDurable,
    /// The group is known until a crash.
    GroupIsNotDurable,
    /// The identity is known until a crash.
    IdentityIsNotDurable,
    /// A configuration comes back without the identities of its members' stores.
    NamesAreLost,
    /// Configuration changes come back as normal entries.
    KindIsLost,
    /// `term` answers for the entry before.
    TermLags,
    /// What is compacted is `Unavailable`.
    CompactedIsUnavailable,
    /// A range that is partly there gives that part.
    MissingIsLeftOut,
    /// Any snapshot will do.
    SnapshotIgnoresAsked,
    /// An append with a gap is ignored.
    GapIsIgnored,
    /// What is refused is done as far as it can be.
    RefusalIsHalf,
    /// Entries are appended one by one, whatever their terms.
    TermsMayFall,
    /// An append overwrites entries and leaves those behind.
    OverlapKeepsTail,
    /// An append that begins below the log fails.
    BelowIsRefused,
    /// So does an append of nothing.
    EmptyAppendFails,
    /// `max_bytes` counts payloads.
    LimitCountsPayload,
    /// The entry that exceeds the limit is given.
    LimitGivesOneMore,
    /// The first entry may be too large.
    LimitGivesNothing,
    /// `low == high` is unavailable.
    EmptyRangeIsUnavailable,
    /// `last + 1` is too high.
    LastIsUnavailable,
    /// Adds to the limit, which wraps.
    NoLimitWraps,
    /// Compacts one entry more.
    CompactsOneMore,
    /// The term of the last compacted entry is gone.
    CompactionForgetsTerm,
    /// The last entry cannot be compacted.
    CompactionLeavesOne,
    /// What is compacted already is compacted again with success.
    CompactsTwice,
    /// Compacts what is there.
    CompactsBeyond,
    /// Entries behind an installed snapshot stay.
    InstallKeepsLog,
    /// An old snapshot is ignored.
    OldInstallIsIgnored,
    /// The configuration is the last installed one.
    ConfStateStays,
    /// The configuration is said to be as of the last installed one.
    ConfStateIndexStays,
    /// A snapshot resets the hard state.
    InstallResetsHardState,
    /// An own snapshot compacts the log.
    OwnSnapshotCompacts,
    /// Own snapshots are not found again.
    OwnSnapshotIsLost,
    /// After a crash the last sync but one is read.
    SyncIsOneBehind,
    /// The second of two crashes loses everything.
    SecondRestartIsEmpty,
    /// A sync covers hard states only together with entries.
    HardStateAloneIsNotSynced,
    /// A sync with nothing to do fails.
    IdleSyncFails,
    /// `unsynced` counts all writes.
    UnsyncedNeverFalls,
    /// The hard state is durable at once, before the entries written earlier.
    HardStateIsAhead,
    /// A compaction is durable at once.
    CompactionIsAhead,
    /// Nothing but what was synced survives, whatever is to be kept.
    CrashKeepsNothing,
    /// A later write that is durable is believed without the one before it.
    HoleIsBelieved,
    /// What was read after a crash is not durable.
    RecoveredIsNotDurable,
    /// After a crash nothing can be written.
    ReadOnlyAfterCrash,
    /// A sync that fails says nothing.
    FailedSyncIsSilent,
    /// A sync that fails destroys what was synced before.
    FailedSyncDestroys,
    /// After a sync that failed the next one succeeds, and what was written before is not durable.
    FailedSyncIsForgotten,
    /// A write that fails has written its first part.
    FailedWriteIsHalf,
    /// A full disk takes a part of a write.
    FullTakesHalf,
    /// On a full disk nothing can be read.
    FullIsUnreadable,
    /// Space comes too late.
    FullForever,
    /// The vote is not durable.
    VoteIsNotDurable,
    /// Persisting a task never syncs.
    PersistForgetsSync,
    /// Nor stores it a hard state.
    PersistForgetsHardState,
    /// Nor a snapshot.
    PersistForgetsSnapshot,
    /// A snapshot is handed out without the peer that it is for.
    SnapshotForgetsPeer,
    /// What the power cut short is durable, and what was written before it is not.
    CutShortIsAhead,
    /// A task that the power cuts short takes everything along.
    CutShortDestroys,
    /// So does an opening.
    OpeningDestroys,
    /// None, but it cannot be told to fail.
    CannotBeTold,
}

/// Each defect, and rules that it breaks.
pub(crate) const BROKEN: &[(Defect, &[&str])] = &[
    (BeginsAtZero, &["a_new_store_is_empty"]),
    (VoteStays, &["the_hard_state_is_replaced"]),
    (PromiseIsLost, &["a_kept_promise_comes_back"]),
    (PromiseIsNotDurable, &["a_kept_promise_comes_back"]),
    (GroupIsNotDurable, &["a_group_stays", "a_node_keeps_what_it_committed"]),
    (IdentityIsNotDurable, &["an_identity_stays"]),
    (NamesAreLost, &["the_conf_state_keeps_identities"]),
    (KindIsLost, &["entries_come_back_whole"]),
    (TermLags, &["entries_and_terms_agree"]),
    (CompactedIsUnavailable, &["the_compacted_is_compacted"]),
    (MissingIsLeftOut, &["the_missing_is_unavailable"]),
    (SnapshotIgnoresAsked, &["a_snapshot_covers_what_is_asked"]),
    (GapIsIgnored, &["a_gap_is_refused"]),
    (
        RefusalIsHalf,
        &[
            "a_gap_is_refused",
            "falling_terms_are_refused",
            "compaction_beyond_the_log_is_refused",
        ],
    ),
    (TermsMayFall, &["falling_terms_are_refused"]),
    (OverlapKeepsTail, &["an_overlap_replaces_the_rest"]),
    (BelowIsRefused, &["the_compacted_is_skipped"]),
    (EmptyAppendFails, &["an_empty_append_changes_nothing"]),
    (LimitCountsPayload, &["a_limit_counts_encoded_bytes"]),
    (LimitGivesOneMore, &["a_limit_counts_encoded_bytes"]),
    (LimitGivesNothing, &["one_entry_is_always_given"]),
    (EmptyRangeIsUnavailable, &["an_empty_range_is_empty"]),
    (LastIsUnavailable, &["a_range_ends_with_the_last"]),
    (NoLimitWraps, &["no_limit_gives_all"]),
    (CompactsOneMore, &["compaction_keeps_the_rest"]),
    (CompactionForgetsTerm, &["compaction_keeps_the_term_before"]),
    (CompactionLeavesOne, &["a_whole_log_can_be_compacted"]),
    (CompactsTwice, &["compaction_twice_is_refused"]),
    (CompactsBeyond, &["compaction_beyond_the_log_is_refused"]),
    (InstallKeepsLog, &["an_installed_snapshot_replaces_the_log"]),
    (OldInstallIsIgnored, &["an_older_snapshot_is_refused"]),
    (ConfStateStays, &["the_conf_state_follows_snapshots"]),
    (ConfStateIndexStays, &["the_conf_state_keeps_its_index"]),
    (InstallResetsHardState, &["snapshots_leave_the_hard_state"]),
    (OwnSnapshotCompacts, &["an_own_snapshot_leaves_the_log"]),
    (OwnSnapshotIsLost, &["the_latest_snapshot_is_the_last"]),
    (
        SyncIsOneBehind,
        &["what_is_synced_is_read_again", "a_node_keeps_what_it_committed"],
    ),
    (SecondRestartIsEmpty, &["a_second_restart_reads_the_same"]),
    (HardStateAloneIsNotSynced, &["a_sync_covers_every_earlier_write"]),
    (IdleSyncFails, &["an_idle_sync_succeeds"]),
    (UnsyncedNeverFalls, &["unsynced_is_counted"]),
    (HardStateIsAhead, &["a_crash_at_every_write_keeps_a_prefix"]),
    (CrashKeepsNothing, &["a_crash_keeps_what_it_is_told"]),
    (CompactionIsAhead, &["a_crash_in_random_writes_keeps_a_prefix"]),
    (HoleIsBelieved, &["torn_and_reordered_writes_are_dropped"]),
    (RecoveredIsNotDurable, &["what_a_restart_read_stays"]),
    (ReadOnlyAfterCrash, &["writing_goes_on_after_a_crash"]),
    (FailedSyncIsSilent, &["a_failing_sync_keeps_what_was_synced"]),
    (FailedSyncDestroys, &["a_failing_sync_keeps_what_was_synced"]),
    (FailedSyncIsForgotten, &["a_sync_after_a_failed_one_does_not_lie"]),
    (FailedWriteIsHalf, &["a_failing_write_changes_nothing"]),
    (FullTakesHalf, &["a_full_disk_changes_nothing"]),
    (FullIsUnreadable, &["a_full_disk_changes_nothing"]),
    (FullForever, &["writing_goes_on_after_space_is_made"]),
    (VoteIsNotDurable, &["a_node_never_votes_twice"]),
    (PersistForgetsSync, &["what_is_persisted_is_kept"]),
    (PersistForgetsHardState, &["what_is_persisted_is_kept"]),
    (PersistForgetsSnapshot, &["what_is_persisted_is_kept"]),
    (SnapshotForgetsPeer, &["a_snapshot_names_the_peer"]),
    (CutShortIsAhead, &["a_crash_inside_a_write_keeps_a_prefix"]),
    (CutShortDestroys, &["a_crash_inside_persisting_keeps_what_was_promised"]),
    (OpeningDestroys, &["a_crash_inside_an_opening_loses_nothing"]),
];
