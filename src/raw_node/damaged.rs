//! A state machine that is damaged, on a node whose log is not.

use super::RawNode;
use crate::error::{NodeError, SnapshotRequestError};
use crate::raft::Raft;
use crate::storage::Storage;

impl<S: Storage> RawNode<S> {
    /// Asks the leader for a snapshot of the state, because this node's own state machine is damaged: its log, its vote
    /// and its store stay as they are.
    ///
    /// Until it has come, no committed entries are handed out for applying, and the node does not campaign: as a
    /// leader it would serve what is damaged. It appends, acknowledges and votes as ever. The leader, or the next one,
    /// sends a snapshot that covers all that was handed out before, when this node answers a heartbeat (where the
    /// leader's storage has none, [`Event::SnapshotNeeded`](crate::Event::SnapshotNeeded) asks for it).
    ///
    /// When all that was handed out before is acknowledged, the snapshot comes, and nothing else to apply with it, as
    /// [`Persisted::snapshot`](crate::ready::Persisted::snapshot) or
    /// [`ApplyTask::snapshot`](crate::ready::ApplyTask::snapshot): *the state machine becomes what it says, whole*.
    /// The entries after it follow. Should the log lack the last entry that it covers, it takes the log's place too, as
    /// any other snapshot (section 7).
    ///
    /// What the application has to see to:
    ///
    /// * Reads of what is damaged are not served, though their index is applied.
    /// * What was handed out before is acknowledged as ever: whether it was applied does not matter any more.
    /// * A stored snapshot that may be damaged is replaced by this one (`docs/snapshots.md`); and so is the stored
    ///   configuration, where changes may have been [cancelled](Self::cancel_conf_change), no later than the state
    ///   machine's own state.
    /// * The request is forgotten at a restart: ask again.
    ///
    /// # Errors
    ///
    /// [`SnapshotRequestError`]; nothing is changed then.
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::SnapshotRequestError;
    /// # use quorate::message::{Heartbeat, Payload};
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(node.request_snapshot(), Err(SnapshotRequestError::NoLeader));
    /// # let heartbeat = Message::new(2, 1, 1, Payload::Heartbeat(Heartbeat::new(0)));
    /// node.step(heartbeat)?; // node 2 leads
    /// node.request_snapshot()?;
    /// assert_eq!(node.status().snapshot_request, Some(1));
    /// assert_eq!(node.request_snapshot(), Err(SnapshotRequestError::Pending));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request_snapshot(&mut self) -> Result<(), SnapshotRequestError> {
        self.raft.enter(Raft::request_snapshot)
    }

    /// No longer asks for a snapshot; `false` if none is asked for, or it has come already, and is or was handed out.
    ///
    /// Committed entries are handed out again, and the node campaigns. A leader that does not know such requests (of
    /// etcd-io/raft, or of an earlier version) never answers; and a group may need this very node to have a leader
    /// (`docs/snapshots.md`).
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert!(!node.withdraw_snapshot_request()?); // there is none
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn withdraw_snapshot_request(&mut self) -> Result<bool, NodeError> {
        self.raft.enter(|raft| Ok(raft.withdraw_snapshot_request()))
    }
}
