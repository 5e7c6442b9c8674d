//! What a node wants stored, stored by the code that ships.

use quorate::NodeId;
use quorate::ready::AppendTask;

use super::{Cluster, unexpected};
use crate::disk::{Disk, writes_of};
use crate::judge::{Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::Member;
use crate::shadow::marks;

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// The oldest batch or task that is not written is stored by [`Disk::persist_task`], and is done.
    pub(super) fn persist(&mut self, id: NodeId) -> Verdict {
        if !self.member(id).is_some_and(Member::has_unwritten) {
            return Ok(());
        }
        self.coverage.persisted_at_once += 1;
        let member = &mut self.members[Self::position(id)];
        if let Some((ready, _)) = member.work.batch.take() {
            if let Some(task) = ready.append_task() {
                self.store(id, task)?;
            }
            return self.finish_batch(id, ready);
        }
        let Some(task) = member.work.tasks.pop_front() else {
            return Ok(());
        };
        let is_synced = self.store(id, &task)?;
        let written = &mut self.members[Self::position(id)].work.written;
        let alone = written.is_empty();
        written.push_back(task);
        if !is_synced && !alone {
            return Ok(()); // what comes before it is not durable
        }
        let done = std::mem::take(written);
        done.into_iter().try_for_each(|task| self.finish_task(id, task))
    }

    /// Whether all is durable then.
    fn store(&mut self, id: NodeId, task: &AppendTask) -> Result<bool, Violation> {
        let member = &mut self.members[Self::position(id)];
        let Some(node) = member.node_mut() else {
            return Ok(false);
        };
        let stored = node.storage_mut().persist_task(task);
        let unsynced = node.storage().unsynced();
        stored.map_err(|error| unexpected(id, "persist_task", &error))?;
        member.marks.extend(writes_of(task).iter().flat_map(marks));
        if unsynced > 0 && task.must_sync() {
            let detail = format!("{id}: persist_task returns, the task must be synced, and {unsynced} writes are not");
            return Err(Violation::new("what must be synced is synced", detail));
        }
        if unsynced == 0 {
            let written: Vec<_> = member.marks.drain(..).collect();
            self.settle(id, written)?;
        }
        Ok(unsynced == 0)
    }
}
