//! A read-only picture of a node: cheap to take, and progress on request.

mod text;

pub use crate::counters::Counters;
pub use crate::membership_status::{MembershipStatus, PendingChange};
use crate::progress::{Inflights, Progress};
pub use crate::progress::{ReplicationState, SnapshotStatus};
use crate::server::Server;
pub use crate::soft_state::{RoleKind, SoftState};
use crate::storage::Storage;
use crate::types::{HardState, Identity, Index, NodeId};

/// A node at a glance; taking it allocates nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Status {
    /// The node.
    pub id: NodeId,
    /// Term, vote and commit index, persisted or about to be.
    pub hard_state: HardState,
    /// Leader and role.
    pub soft_state: SoftState,
    /// At a follower: ticks since the leader that it knows was heard, up to 2^32; `None` where it knows none.
    pub leader_silent_ticks: Option<u64>,
    /// Last index of the log.
    pub last_index: Index,
    /// Applied and acknowledged up to here.
    pub applied: Index,
    /// Payload bytes that wait to be committed, or with asynchronous writes to be stored here: what
    /// [`max_uncommitted_bytes`](crate::Settings::max_uncommitted_bytes) counts. `u64::MAX` while some of what a
    /// restart found is not measured, and 0 if there is no bound on them.
    pub uncommitted_bytes: u64,
    /// To whom a leader is handing over.
    pub transferee: Option<NodeId>,
    /// Reads that wait for a response, here or at the leader that they were forwarded to.
    pub pending_reads: usize,
    /// Ticks for which this leader may answer reads by its lease, once it has committed in its term. Measured in lease
    /// mode, or since a [read](crate::RawNode::read_index_with) wanted it.
    pub lease_ticks: u64,
    /// Ticks for which this node promised a leader to elect nobody else.
    pub promised_ticks: u64,
    /// Ticks for which it stays silent after a restart, because an earlier start may have promised as much: it neither
    /// votes nor campaigns.
    pub silent_ticks: u64,
    /// The state machine waits for a snapshot that was [asked for](crate::RawNode::request_snapshot), and must cover
    /// this; until it has become that.
    pub snapshot_request: Option<Index>,
    /// Where the storage cannot be read, if that was noticed.
    pub corrupt: Option<Index>,
    /// Whether `corrupt` is where a leader contradicted what is committed here.
    pub diverged: bool,
    /// What tells this node's store from others of its id; zero if it has no identity.
    pub identity: Identity,
    /// Whether the configuration names another store for this node, or none though its store has an identity, so that
    /// it takes part in nothing until it is removed, and added with its own identity; or named, if it is `unnamed`.
    pub disowned: bool,
    /// Whether the store has an identity, and the configuration has this node as a member and names no store for it:
    /// then it is `disowned`, unless [`accept_unnamed_store`](crate::Settings::accept_unnamed_store) is set, until an
    /// `UpdateNode` names the store.
    pub unnamed: bool,
    /// At a leader: the configuration names every member's store, and every member has acknowledged an entry from
    /// after the last name. In a group that was not founded with names, these protect it only from then on: propose
    /// something, an empty entry will do, when the last is named.
    pub identities_in_force: bool,
    /// Up to here a leader counts on this node's log, which does not reach there though its store is the one that
    /// is named: it is an earlier state of itself.
    pub lost_entries: Option<Index>,
}

impl Status {
    /// Entries in the log that are not known to be committed.
    pub fn commit_lag(&self) -> u64 {
        self.last_index.saturating_sub(self.hard_state.commit)
    }

    /// Entries that are committed and not applied.
    pub fn apply_lag(&self) -> u64 {
        self.hard_state.commit.saturating_sub(self.applied)
    }
}

/// A member of the group as the leader sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ProgressStatus {
    /// The member.
    pub id: NodeId,
    /// Its log matches the leader's, durably, up to here.
    pub matched: Index,
    /// The next append begins here.
    pub next: Index,
    /// How it is fed.
    pub state: ReplicationState,
    /// Whether it only learns.
    pub learner: bool,
    /// No append is sent until it responds.
    pub paused: bool,
    /// Heard of since the last check of the quorum.
    pub recent_active: bool,
    /// Ticks since it was heard, or since this node began to lead, or it joined; up to 2^32. 0 of the leader itself.
    pub silent_ticks: u64,
    /// It was silent for an election timeout, or the caller reported that it cannot be reached, and it was not heard
    /// since.
    pub unreachable: bool,
    /// So many entries are committed that it has not acknowledged.
    pub commit_lag: u64,
    /// Ticks for which this leader counts on the member's promise to elect nobody else; 0 of the leader itself.
    pub promised_ticks: u64,
    /// It [asks for a snapshot](crate::RawNode::request_snapshot) beside the log, which must cover this.
    pub snapshot_request: Option<Index>,
    /// Appends on their way.
    pub inflight: usize,
    /// Whether there are as many as there may be.
    pub inflight_full: bool,
}

impl ProgressStatus {
    pub(crate) fn new<S: Storage>(id: NodeId, progress: &Progress, server: &Server<S>) -> Self {
        let own = id == server.id();
        Self {
            id,
            matched: progress.matched(),
            next: progress.next(),
            state: progress.state(),
            learner: server.membership.is_learner(id),
            paused: progress.is_paused(),
            recent_active: progress.is_recent_active(),
            silent_ticks: if own { 0 } else { progress.silent_ticks() },
            unreachable: progress.is_missing(),
            commit_lag: server.log.committed().saturating_sub(progress.matched()),
            promised_ticks: progress.promised(),
            snapshot_request: progress.asks_for(),
            inflight: progress.inflights().map_or(0, Inflights::len),
            inflight_full: progress.is_window_full(&server.config),
        }
    }
}
