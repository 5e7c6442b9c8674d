//! What a node says of itself when something does not happen.

use super::RawNode;
use crate::explain::{self, Explanation, IndexExplanation, PeerExplanation};
use crate::storage::Storage;
use crate::types::{Index, NodeId};

impl<S: Storage> RawNode<S> {
    /// Why no leader is known, why entries are not committed, why peers are not fed, why there is no lease; with the
    /// status, the configuration, the members and what was refused since the events were last fetched. Its text is
    /// what to paste into a bug report.
    ///
    /// Changes nothing and works on a poisoned node too. It allocates, and it may read the storage, as the questions
    /// that it asks do: entries, their terms, and a snapshot for a peer that needs one.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// node.campaign()?;
    /// let text = node.explain().to_string();
    /// assert_eq!(text, "\
    /// node 1 knows no leader in term 0
    ///   it asks for pre-votes for term 1: not answered by (1 2 3), 2 more needed; its own vote is not durable yet; \
    /// it tries again in 10 ticks [thesis 9.6]
    /// status of node 1: pre-candidate, term=0 commit=1 applied=1 last=1
    /// configuration as of index 1: voters=(1 2 3)
    /// settings: election_timeout_ticks=10 heartbeat_interval_ticks=1, pre_vote on, check_quorum on, \
    /// lease_promises on, lease reads off, async_storage_writes off
    /// messages: received=0 refused=0 sent=2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self) -> Explanation {
        Explanation::of(self)
    }

    /// Whether an index is committed, and if not, why: at a leader, who has acknowledged it, who has not, and what
    /// they wait for.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(node.explain_index(1).to_string(), "index 1 is committed [section 5.3]");
    /// assert_eq!(
    ///     node.explain_index(9).to_string(),
    ///     "index 9 is not committed: the log ends at index 1 [section 5.3]"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain_index(&self, index: Index) -> IndexExplanation {
        explain::index(self, index)
    }

    /// What a member is fed by this leader, and if nothing, why.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(
    ///     node.explain_peer(2).to_string(),
    ///     "node 2 (matched 0): this node does not lead, and knows no leader [section 5.3]"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain_peer(&self, peer: NodeId) -> PeerExplanation {
        explain::peer(self, peer)
    }
}
