//! Storages that cannot be read for a while.

use quorate::NodeId;

use super::Cluster;
use crate::disk::{Disk, Fault};
use crate::judge::Verdict;
use crate::machine::StateMachine;
use crate::member::Member;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// Whether entries and snapshots can be read; when they can again, the node is told. (A crash makes them so, too.)
    pub(super) fn storage_is(&mut self, id: NodeId, available: bool) -> Verdict {
        let Some(node) = self.member_mut(id).and_then(Member::node_mut) else {
            return Ok(());
        };
        let fault = if available {
            Fault::Available
        } else {
            Fault::Unavailable
        };
        if !node.storage_mut().inject(fault) {
            return Ok(());
        }
        if available {
            let told = node.storage_ready();
            self.unless_corrupt(id, "its storage, which is available again", told)?;
        } else {
            self.coverage.storages_unavailable += 1;
        }
        self.members[Self::position(id)].unavailable = !available;
        self.observe(id)
    }
}
