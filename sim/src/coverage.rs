//! What a run got to see, counted: so that a profile that never reaches something shows.

use std::fmt;

macro_rules! coverage {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// How often things happened.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Coverage {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Coverage {
            /// Adds another run's.
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }

            /// What came since an earlier moment of the same run.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self { $($name: self.$name.saturating_sub(earlier.$name),)* }
            }

            /// Names and counts, in order.
            pub fn rows(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

coverage! {
    /// Leaders elected.
    elections,
    /// Pre-votes asked for.
    pre_campaigns,
    /// Campaigns begun.
    campaigns,
    /// Campaigns that were due and did not take place.
    campaigns_refused,
    /// Votes and pre-votes refused.
    votes_refused,
    /// Leaders that stepped down.
    steps_down,
    /// Transfers of leadership that were asked for.
    transfers_asked,
    /// Transferees that were told to campaign.
    transfers_ordered,
    /// Transfers that came to nothing.
    transfers_aborted,
    /// Transfers that a leader began by itself.
    transfers_of_its_own,
    /// Times that a leader's quorum went on without other commit groups.
    commit_groups_suspended,
    /// Learners that had caught up, and were promoted.
    promotions,
    /// Promotions that were refused: most have not caught up, or are no learners.
    promotions_refused,
    /// Storages that could not be read for a while.
    storages_unavailable,
    /// Storages that could not read any more what they held.
    storages_corrupted,
    /// Nodes that met that.
    corruptions_met,
    /// Leaders forgotten on demand.
    leaders_forgotten,
    /// Changes of the configuration that were proposed.
    changes_proposed,
    /// Changes that were refused.
    changes_refused,
    /// Changes applied, by any node.
    changes_applied,
    /// Changes that could not be made when they were applied.
    changes_ignored,
    /// Changes that the application vetoed.
    changes_vetoed,
    /// Changes applied when a snapshot had already brought a later configuration.
    changes_overtaken,
    /// Joint configurations entered, by any node.
    joint_states,
    /// Nodes that applied their own removal.
    nodes_removed,
    /// Nodes that joined with an empty disk.
    nodes_joined,
    /// Proposals that their client saw committed.
    proposals_committed,
    /// Proposals passed on to the leader.
    proposals_forwarded,
    /// Proposals of several commands at once.
    batches_proposed,
    /// Proposals refused at once.
    proposals_refused,
    /// Proposals that lost their place to another leader's entry.
    proposals_superseded,
    /// Operations that their client gave up.
    operations_unknown,
    /// Reads answered.
    reads_answered,
    /// Of these, by the lease.
    reads_by_lease,
    /// Reads that said how they want to be confirmed.
    reads_with_a_mode,
    /// Reads refused, at once or later.
    reads_refused,
    /// Forwarded reads dropped for want of a leader.
    reads_dropped,
    /// Reads that a deposed leader would have answered with old state: stale reads prevented.
    stale_reads_prevented,
    /// Times that a leader came to hold a lease.
    leases,
    /// Appends that replaced entries at a follower.
    truncations,
    /// Logs compacted.
    compactions,
    /// Of these, at leaders while a snapshot was on its way to a peer.
    compactions_beside_snapshots,
    /// Snapshots sent.
    snapshots_sent,
    /// Snapshots installed.
    snapshots_installed,
    /// State machines that were damaged, and whose nodes asked for a snapshot.
    snapshots_requested,
    /// Of these, those that became one, and whose log stayed.
    snapshots_served,
    /// Requests for a snapshot that were withdrawn before one came.
    requests_withdrawn,
    /// Nodes that were started again because nobody served them, or could lead without them.
    requests_given_up,
    /// Snapshots that nobody answered in time.
    snapshots_stalled,
    /// Snapshots that were missing when they were needed.
    snapshots_needed,
    /// Peers that leaders found silent.
    peers_unreachable,
    /// Messages delivered.
    delivered,
    /// Messages lost.
    dropped,
    /// Messages delivered more than once.
    duplicated,
    /// Messages that overtook another of the same link.
    reordered,
    /// Messages that were held for many ticks.
    messages_held,
    /// Links that became slow in one direction, or held all that was sent.
    links_upset,
    /// Messages refused by their recipient.
    messages_refused,
    /// Messages of another group, or of none, refused by their recipient.
    strays_refused,
    /// Messages that name no group, taken where that is allowed.
    unnamed_taken,
    /// Partitions of the network, whole ones.
    partitions,
    /// Partitions in one direction only.
    one_way_partitions,
    /// Partitions of some links.
    partial_partitions,
    /// Leaders that crashed or were cut off just when they had appended or committed something.
    leader_faults,
    /// Nodes that died when they were left as the only voter, and campaigned once they were back.
    last_faults,
    /// Power failures between a change of the configuration, or entries with a new term, and the hard state that was
    /// written with them.
    torn_batches,
    /// Crashes.
    crashes,
    /// Starts, the first ones included.
    restarts,
    /// Of these, those with a state machine that survived by itself.
    machines_survived,
    /// And that was ahead of the commit index on the disk.
    machines_ahead,
    /// Election timeouts that were changed at a node that ran.
    timeouts_changed,
    /// Starts with another election timeout, with other promises, or with another silence.
    promises_changed,
    /// Leaders that were cut off just when another node had begun to promise something else.
    promise_faults,
    /// Crashes that kept a part of what was not synced.
    torn_writes,
    /// Batches and tasks stored by `Disk::persist_task`.
    persisted_at_once,
    /// Writes lost.
    lost_writes,
    /// Syncs that failed.
    failed_syncs,
    /// Writes that found the disk full.
    full_disks,
    /// Disks lost.
    disks_lost,
    /// Nodes that came back under their old id, with another store that has an identity of its own.
    stores_replaced,
    /// Of these, those that became voters again, after they were removed and added with it.
    replacements_done,
    /// Disks lost though the others may be no quorum.
    reckless_losses,
    /// Times that a node found that it has another store than the one that is named.
    nodes_disowned,
    /// Responses of another store than the one that is named for its node, refused.
    strangers_refused,
    /// Rejections that came so late that a leader took their sender's store for an earlier state of itself.
    late_rejections,
    /// Members that were removed, to be wiped and added again under their ids.
    rejoins_begun,
    /// Of these, those that came back with an empty store without a name.
    stores_forgotten,
    /// Members whose stores were named one by one.
    stores_named,
    /// Leaders that said that the identities of all members are in force.
    identities_in_force,
    /// Pauses of a process.
    pauses,
    /// Clocks that stopped for a while.
    clock_stops,
    /// Clocks that jumped ahead.
    clock_jumps,
    /// Microseconds simulated.
    simulated_us,
    /// Steps taken.
    steps,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, count) in self.rows() {
            writeln!(f, "{:<24}{count:>16}", name.replace('_', " "))?;
        }
        Ok(())
    }
}
