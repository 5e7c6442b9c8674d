//! Why a node does not do what one would like it to: why it knows no leader, why an entry is not committed, why a
//! peer is not fed, why there is no lease.
//!
//! [`RawNode::explain`](crate::RawNode::explain) answers all of it, and its text is what a bug report needs.
//! [`explain_index`](crate::RawNode::explain_index) and [`explain_peer`](crate::RawNode::explain_peer) answer one
//! question.
//!
//! The answers come from the rules that decide, asked at the moment of the call: each names the section of the paper or
//! the thesis, or the entry of `docs/etcd-differences.md`, where its rule is. They are what *this* node knows. Why a
//! voter does not answer, the voter knows: ask it for its own explanation.
//!
//! At the leader of a group of five, of which two are cut off and one is slow, the text begins like this:
//!
//! ```text
//! node 1 leads term 1
//! index 5 is not committed: acknowledged by (1 2), lacking (3 4 5), 1 more needed [section 5.3]
//!   node 3 (matched 4): all was sent, and is not acknowledged, 1 append in flight [section 5.3]; ...
//!   node 4 (matched 3): all was sent, and is not acknowledged, 2 appends in flight [section 5.3]; ...
//!   node 5 (matched 3): nothing is in the way, entries from index 4 on are due [section 5.3]; ...
//! status of node 1: leader, term=1 vote=1 commit=4 applied=4 last=5 uncommitted_bytes=1
//! configuration as of index 4: voters=(1 2 3 4 5)
//!   node 1: replicate, matched=5 next=6
//! ```

mod commit;
mod half;
mod leader;
mod lease;
mod peer;
mod text;

use alloc::vec::Vec;

pub use self::commit::{IndexExplanation, IndexFinding};
pub use self::half::Half;
pub use self::leader::NoLeader;
pub use self::lease::{NoLease, Promise};
pub use self::peer::{PeerExplanation, PeerFinding};

use crate::config::Settings;
use crate::counters::Counters;
use crate::error::Fault;
use crate::event::Event;
use crate::membership::Membership;
use crate::raw_node::RawNode;
use crate::status::{ProgressStatus, Status};
use crate::storage::Storage;
use crate::types::{Index, NodeId};

/// A node, and what keeps it from more. Its text is of 20 to 40 lines in a group of five.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The node.
    pub status: Status,
    /// Why it is finished, if it is.
    pub poisoned: Option<Fault>,
    /// The configuration that it has applied, ...
    pub membership: Membership,
    /// ... with all changes up to here.
    pub configured_at: Index,
    /// Its settings.
    pub settings: Settings,
    /// At a leader: the members.
    pub progress: Vec<ProgressStatus>,
    /// Why no leader is known; empty if one is.
    pub no_leader: Vec<NoLeader>,
    /// Ticks until it campaigns if it hears no leader, as far as its role and its configuration allow that.
    pub election_ticks: Option<u64>,
    /// At a leader: why the first entry that is not committed is not, if there is one.
    pub uncommitted: Option<IndexExplanation>,
    /// At a leader: the members that have not acknowledged the whole log, itself included.
    pub behind: Vec<PeerExplanation>,
    /// Ticks for which reads are answered by the lease, or why they are not.
    pub lease: Result<u64, NoLease>,
    /// What was refused, ignored or missed since the events were last fetched, oldest first.
    pub refusals: Vec<Event>,
    /// How often things happened.
    pub counters: Counters,
}

impl Explanation {
    /// Asks everything. A poisoned node's storage is not read.
    pub(crate) fn of<S: Storage>(node: &RawNode<S>) -> Self {
        let raft = node.raft();
        let leads = raft.role().as_leader().is_some();
        let status = node.status();
        let next = status.hard_state.commit.saturating_add(1);
        let behind = |member: &ProgressStatus| member.matched < status.last_index;
        let progress: Vec<_> = node.progress().collect();
        Self {
            poisoned: node.poisoned().cloned(),
            membership: node.membership().clone(),
            configured_at: node.configured_at(),
            settings: node.config().settings().clone(),
            no_leader: leader::find(raft),
            election_ticks: leader::election_ticks(raft),
            uncommitted: (leads && next <= status.last_index).then(|| commit::find(raft, next)),
            behind: progress
                .iter()
                .filter(|member| behind(member))
                .map(|member| peer::find(raft, member.id))
                .collect(),
            lease: lease::find(raft),
            refusals: raft
                .server
                .outbox
                .events()
                .iter()
                .filter(|event| is_refusal(event))
                .cloned()
                .collect(),
            counters: node.counters(),
            progress,
            status,
        }
    }
}

pub(crate) fn index<S: Storage>(node: &RawNode<S>, index: Index) -> IndexExplanation {
    commit::find(node.raft(), index)
}

pub(crate) fn peer<S: Storage>(node: &RawNode<S>, id: NodeId) -> PeerExplanation {
    peer::find(node.raft(), id)
}

fn is_refusal(event: &Event) -> bool {
    match event {
        Event::CampaignRefused { .. }
        | Event::VoteRefused { .. }
        | Event::MessageIgnored { .. }
        | Event::SnapshotNeeded { .. }
        | Event::SnapshotStalled { .. }
        | Event::ReadDropped { .. }
        | Event::TransferRefused { .. }
        | Event::TransferAborted { .. }
        | Event::ChangeIgnored { .. }
        | Event::Diverged { .. }
        | Event::PeerDiverged { .. }
        | Event::SecondLeader { .. }
        | Event::Disowned { .. }
        | Event::Unnamed { .. }
        | Event::EntriesLost { .. }
        | Event::PeerLostEntries { .. }
        | Event::PeerUnnamed { .. }
        | Event::StorageCorrupt { .. }
        | Event::DiskLagging { .. }
        | Event::CommitGroupsSuspended { .. }
        | Event::PeerUnreachable { .. }
        | Event::SteppedDown { .. } => true,
        Event::LeaderChanged { .. }
        | Event::BecameCandidate { .. }
        | Event::BecameLeader { .. }
        | Event::VoteGranted { .. }
        | Event::PeerReachable { .. }
        | Event::LogTruncated { .. }
        | Event::CommitGroupsRestored { .. }
        | Event::SnapshotSent { .. }
        | Event::SnapshotRequested { .. }
        | Event::SnapshotServed { .. }
        | Event::TransferStarted { .. }
        | Event::TransferOrdered { .. }
        | Event::MembershipChanged { .. }
        | Event::Removed { .. } => false,
    }
}
