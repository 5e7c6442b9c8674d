//! The settings that nodes may share, their safe defaults and their bounds.

use core::fmt;

use super::CommitGroups;
use crate::types::NUMBER_MAX;

/// How linearizable reads are confirmed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum ReadMode {
    /// By a round of heartbeats (thesis 6.4): needs no clock.
    #[default]
    ReadIndex,
    /// By a measured lease (thesis 6.4.1) where one is held, else by a round of heartbeats. Needs
    /// clocks that drift less than [`Settings::lease_margin_ticks`] allows.
    Lease,
}

impl fmt::Display for ReadMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadIndex => "by a round of heartbeats",
            Self::Lease => "by the lease",
        })
    }
}

/// All of a node's settings but those that are its own. Many nodes share them: see [`Config`](crate::Config).
///
/// All times are in ticks: how long a tick is, is up to whoever calls
/// [`tick`](crate::RawNode::tick). Byte limits count [`Entry::encoded_len`](crate::Entry::encoded_len),
/// but for uncommitted and in-flight bytes, which count payloads.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(default, deny_unknown_fields)
)]
#[non_exhaustive]
pub struct Settings {
    /// A follower that hears nothing for one to two of these campaigns. Default 10. Promises to leaders, and the
    /// check of the quorum, last for one.
    pub election_timeout_ticks: u64,
    /// The least of the timeouts that a node draws from before it campaigns: at least `election_timeout_ticks`, for as
    /// long as which it promises a leader not to. `None`, the default, is the same.
    pub min_election_timeout_ticks: Option<u64>,
    /// They stay below this, which is above the least. `None`, the default, is the least and `election_timeout_ticks`.
    /// The more of them there are, the fewer elections are tied; where nodes have but one, and ticks at the same time,
    /// there may never be a leader.
    pub max_election_timeout_ticks: Option<u64>,
    /// Who is to lead: 0, the default, before 1, and so on. A node of rank *n* that does not hear its leader any more
    /// waits longer, by *n* times as much as its longest timeout is above its shortest (one election timeout, unless
    /// the two settings above say otherwise), so that it stands for election when none of a lower rank has. It waits
    /// so once for each leader that it loses: where nobody leads, ranks do not count. Nobody's vote is refused because
    /// of its rank. A node that is the only voter waits, too, when it starts.
    pub election_rank: u8,
    /// A leader hands over to the voter of the lowest rank below its own that has responded, and kept up with what is
    /// committed, for so many ticks; an attempt that fails refuses proposals for an election timeout, costs the lease,
    /// and is followed by the next after as many ticks. At least two election timeouts; many more where nodes come and
    /// go, for each handover costs an election. Needs `check_quorum`. `None`, the default, is never. (A node that does
    /// not say its rank, of etcd-io/raft, has 0.)
    pub transfer_to_preferred_ticks: Option<u64>,
    /// A leader sends heartbeats this often. Default 1; at least 1, less than the election timeout.
    pub heartbeat_interval_ticks: u64,
    /// Ask whether an election could be won before standing (pre-vote, thesis 9.6), so that a node that cannot win
    /// disturbs nobody. Default on.
    pub pre_vote: bool,
    /// A leader that does not hear from a quorum for an election timeout steps down, and nodes
    /// that hear a leader ignore candidates (thesis 6.2, 4.2.3). Default on. The same in the whole
    /// group: where some have it and some have not, a node can be kept out.
    pub check_quorum: bool,
    /// Allows pre-vote without check-quorum, with which a group *never* recovers from some partial
    /// partitions. Default off.
    pub allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions: bool,
    /// How reads are confirmed, unless [`read_index_with`](crate::RawNode::read_index_with) says otherwise for one.
    /// Default [`ReadMode::ReadIndex`].
    pub read_mode: ReadMode,
    /// Ticks by which a lease ends early: in lease mode, and for single reads that want a lease, 2 or more and less
    /// than the election timeout. One tick pays for rounding; drift over one election timeout must stay within the
    /// rest. Default 2.
    pub lease_margin_ticks: u64,
    /// Promise the leader, with each heartbeat response, to elect nobody else for an election
    /// timeout; another node's lease rests on it, whatever this node's read mode. Default on.
    pub lease_promises: bool,
    /// After a restart, neither vote nor campaign for this long, or for as long as the stored hard state says
    /// that a promise may be outstanding, if that is longer. (The only voter of a group may campaign at once, unless
    /// the group was [recovered](crate::recover); a candidate of an earlier term is told so.) `None`, the default, is
    /// the election timeout; 0 is none.
    ///
    /// What is stored counts ticks. If those of the next start are shorter, set this to as many of them as the
    /// longest promise of the earlier starts lasts.
    pub restart_silence_ticks: Option<u64>,
    /// Reads that may wait at once, 1 or more. Default 4096.
    pub max_pending_reads: usize,
    /// Bytes of entries in one append; one entry is always allowed. Default 1 MiB.
    pub max_message_bytes: u64,
    /// Bytes of committed entries handed out and not yet applied; one entry is always allowed.
    /// 0 means `max_message_bytes`. Default 0.
    pub max_committed_bytes_per_ready: u64,
    /// Payload bytes that may wait to be committed before proposals are refused; 0 is no bound. With asynchronous
    /// writes what is committed by the others counts until this node's own disk has acknowledged it too. One
    /// proposal is always taken while nothing waits. Default 1 GiB.
    pub max_uncommitted_bytes: u64,
    /// Payload bytes of one proposed entry; a larger one is refused. 0 is no bound. Default 64 MiB.
    pub max_entry_bytes: u64,
    /// Appends in flight to one peer, 1 or more. Default 256.
    pub max_inflight_messages: usize,
    /// Payload bytes in flight to one peer, which the last append may exceed; 0 is no bound, else at
    /// least `max_message_bytes`. Default 0.
    pub max_inflight_bytes: u64,
    /// Send appends at once for each proposal, and heartbeats for each read. Off, the default, what
    /// comes between two Readies shares them.
    pub eager_appends: bool,
    /// Ticks for which followers may wait to be told of what is committed, less than `election_timeout_ticks`: the next
    /// append or heartbeat tells it, and a message of its own only when neither came so long. A round of proposals then
    /// costs a message and a `Ready` less for each follower. The leader applies and answers as ever; followers apply
    /// later, and answer later for what was proposed there. A change of the configuration, and what a follower's read
    /// waits for, is told at once. 0, the default, tells everything at once.
    pub commit_notice_ticks: u64,
    /// Ticks to wait for the response to a snapshot before the peer is probed again; the wait doubles
    /// with each further snapshot, up to 16 times the setting, until the peer makes headway. `None`, the default, is
    /// ten election timeouts; 0 waits for ever.
    pub snapshot_stall_ticks: Option<u64>,
    /// Hand out typed tasks for the storage instead of one batch at a time. Default off.
    pub async_storage_writes: bool,
    /// With asynchronous writes, a leader whose own disk lags by an election timeout
    /// ([`Event::DiskLagging`](crate::Event::DiskLagging)) hands over to the most up-to-date voter, and tries again
    /// after every second election timeout for as long as it lags. Default off: it leads on, by what the others
    /// store.
    pub transfer_when_disk_lags: bool,
    /// A leader counts an entry as committed only when voters of two different commit groups have it too, if there
    /// are voters of two: what is acknowledged outlives the loss of either. It concerns the node that leads, so that
    /// all need it. None by default.
    pub commit_groups: CommitGroups,
    /// Where a leader hears a quorum, and no voter of any other commit group for an election timeout, the quorum
    /// commits alone ([`Event::CommitGroupsSuspended`](crate::Event::CommitGroupsSuspended)), until one is heard again.
    /// (One that answers and stores nothing is waited for.) Needs `check_quorum`. Off, the default, nothing is
    /// committed while all groups but one are down, changes of the configuration included, until the groups are set
    /// otherwise.
    pub commit_without_silent_groups: bool,
    /// Followers refuse proposals instead of passing them on. Default off.
    pub disable_proposal_forwarding: bool,
    /// Append configuration changes unchecked; those that cannot be made are ignored when they are
    /// applied. Default off. It may differ from node to node and change, where
    /// [`mark_checked_changes`](Self::mark_checked_changes) is on in the whole group.
    pub disable_conf_change_validation: bool,
    /// A leader marks the configuration changes that it checked (an extension field in the entry's data), and only a
    /// marked one proves in a torn log that the change before it is committed. Default on. Off, no change is marked,
    /// and each proves that, unless validation is disabled, which must then be the same in the whole group and for
    /// good: for groups with members of etcd-io/raft, some releases of which do not know a marked change
    /// that leaves a joint configuration.
    pub mark_checked_changes: bool,
    /// Begin the election timeout anew whenever a higher term is heard of, as etcd-io/raft does. Off, the
    /// default, only a granted vote and a leader's message begin it anew (Figure 2), so that a candidate
    /// that cannot win does not keep others from campaigning.
    pub higher_term_resets_timer: bool,
    /// A candidate of an earlier term is told so by who hears no leader (Figure 2), so that it catches up with
    /// the terms of others who campaign and cannot win; and so is a leader, by who cannot campaign. A candidate that is
    /// refused because the term that it asked for is past stands again at once, once in a row. Default on.
    pub refuse_stale_candidates: bool,
    /// Votes and requests for them tell what is known to be committed, so that a node that missed a
    /// change of the configuration learns of it even when nobody leads. Default on.
    pub votes_tell_commit: bool,
    /// A node with a [`cluster_id`](crate::Config::cluster_id) takes messages without one too. For as long as a group
    /// is given its id node by node, or has nodes of etcd-io/raft. Default off. A [recovered](crate::recover) group
    /// never does: such a message may be from the group that it was.
    pub accept_without_cluster_id: bool,
    /// Take part though the store has an [identity](crate::storage::InitialState::identity) and the configuration
    /// does not name it: while the stores of an existing group get their names. Turn it off before you rely on names,
    /// and never on for a store that takes the place of a lost one. Default `false`, for the name may have been lost.
    pub accept_unnamed_store: bool,
    /// Start in the term of the store's snapshot if that is beyond index 1 and the store says no term: a crash may
    /// have torn the two apart. Default `true`; off, a snapshot of term 1 is taken for the one that a group began with.
    pub snapshot_tells_term: bool,
    /// A follower refuses a transfer that its own configuration does not allow, instead of asking the leader for
    /// it; and where it asks, it wants to hear if the leader refuses. Default on.
    pub transfer_refusals: bool,
    /// Believe no append response that a node gave before it was removed and added again in one term
    /// (nodes of etcd-io/raft do not say which it is, and are believed). Default on.
    pub fence_rejoined: bool,
    /// A leader that is removed, or demoted, stops leading when it applies that. Default on.
    pub step_down_on_removal: bool,
    /// Before it does, it sends the commit index once more. Default on.
    pub commit_notice_on_removal: bool,
}

impl Default for Settings {
    /// Safe ones.
    fn default() -> Self {
        Self {
            election_timeout_ticks: 10,
            min_election_timeout_ticks: None,
            max_election_timeout_ticks: None,
            election_rank: 0,
            transfer_to_preferred_ticks: None,
            heartbeat_interval_ticks: 1,
            pre_vote: true,
            check_quorum: true,
            allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions: false,
            read_mode: ReadMode::ReadIndex,
            lease_margin_ticks: 2,
            lease_promises: true,
            restart_silence_ticks: None,
            max_pending_reads: 4096,
            max_message_bytes: 1 << 20,
            max_committed_bytes_per_ready: 0,
            max_uncommitted_bytes: 1 << 30,
            max_entry_bytes: 64 << 20,
            max_inflight_messages: 256,
            max_inflight_bytes: 0,
            eager_appends: false,
            commit_notice_ticks: 0,
            snapshot_stall_ticks: None,
            async_storage_writes: false,
            transfer_when_disk_lags: false,
            commit_groups: CommitGroups::default(),
            commit_without_silent_groups: false,
            disable_proposal_forwarding: false,
            disable_conf_change_validation: false,
            mark_checked_changes: true,
            higher_term_resets_timer: false,
            refuse_stale_candidates: true,
            votes_tell_commit: true,
            accept_without_cluster_id: false,
            accept_unnamed_store: false,
            snapshot_tells_term: true,
            transfer_refusals: true,
            fence_rejoined: true,
            step_down_on_removal: true,
            commit_notice_on_removal: true,
        }
    }
}

impl Settings {
    /// As etcd-io/raft has them: see [`Config::like_etcd`](crate::Config::like_etcd).
    pub(crate) fn like_etcd() -> Self {
        Self {
            pre_vote: false,
            check_quorum: false,
            allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions: true,
            lease_promises: false,
            restart_silence_ticks: Some(0),
            max_message_bytes: NUMBER_MAX,
            max_uncommitted_bytes: 0,
            max_entry_bytes: 0,
            max_inflight_messages: usize::MAX,
            eager_appends: true,
            snapshot_stall_ticks: Some(0),
            higher_term_resets_timer: true,
            snapshot_tells_term: false,
            refuse_stale_candidates: false,
            votes_tell_commit: false,
            transfer_refusals: false,
            mark_checked_changes: false,
            fence_rejoined: false,
            step_down_on_removal: false,
            commit_notice_on_removal: false,
            ..Self::default()
        }
    }

    /// Whether a lease may be relied on at all.
    pub(crate) fn allow_leases(&self) -> bool {
        self.check_quorum && (2..self.election_timeout_ticks).contains(&self.lease_margin_ticks)
    }

    /// Ticks for which a leader is promised, whenever it is heard, that nobody else is elected.
    pub(crate) fn promise(&self) -> u64 {
        if self.lease_promises {
            self.election_timeout_ticks
        } else {
            0
        }
    }

    /// Ticks of silence after a restart, if no longer promise is stored.
    pub(crate) fn restart_silence(&self) -> u64 {
        self.restart_silence_ticks.unwrap_or(self.election_timeout_ticks)
    }

    /// Ticks until an unanswered snapshot counts as lost; `None`: never.
    pub(crate) fn snapshot_stall(&self) -> Option<u64> {
        let ticks = self
            .snapshot_stall_ticks
            .unwrap_or(self.election_timeout_ticks.saturating_mul(10));
        (ticks > 0).then_some(ticks)
    }

    /// Bytes of committed entries that may be out for applying.
    pub(crate) fn max_applying_bytes(&self) -> u64 {
        match self.max_committed_bytes_per_ready {
            0 => self.max_message_bytes.max(1),
            bytes => bytes,
        }
    }

    /// Payload bytes that may wait to be committed.
    pub(crate) fn uncommitted_cap(&self) -> u64 {
        match self.max_uncommitted_bytes {
            0 => u64::MAX,
            bytes => bytes,
        }
    }

    /// Payload bytes of one proposed entry.
    pub(crate) fn entry_cap(&self) -> u64 {
        match self.max_entry_bytes {
            0 => u64::MAX,
            bytes => bytes,
        }
    }

    /// Payload bytes in flight to one peer.
    pub(crate) fn inflight_byte_cap(&self) -> u64 {
        match self.max_inflight_bytes {
            0 => u64::MAX,
            bytes => bytes,
        }
    }
}
