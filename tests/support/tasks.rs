//! The disk and the state machine of a node with asynchronous storage writes: tasks that wait to be
//! done, and what the finished ones owe. A crash is to drop it.

use std::collections::VecDeque;

use quorate::ready::{AppendTask, ApplyTask, TaskResponse};
use quorate::{Entry, Ready};

#[derive(Clone, Debug, Default)]
pub struct Tasks {
    appends: VecDeque<AppendTask>,
    applies: VecDeque<ApplyTask>,
    /// What finished writes owe, oldest first.
    pub owed: VecDeque<TaskResponse>,
    /// The acknowledgements of what was applied, oldest first.
    pub applied: VecDeque<TaskResponse>,
}

impl Tasks {
    /// Queues what a Ready wants done; the entries that it wants applied.
    pub fn queue(&mut self, ready: &mut Ready) -> &[Entry] {
        self.appends.extend(ready.take_append_task());
        let Some(task) = ready.take_apply_task() else {
            return &[];
        };
        self.applies.push_back(task);
        self.applies.back().map_or(&[], |task| task.entries())
    }

    /// The disk does the oldest write.
    pub fn write(&mut self, persist: impl FnOnce(&AppendTask)) -> bool {
        let Some(task) = self.appends.pop_front() else {
            return false;
        };
        persist(&task);
        self.owed.extend(task.done());
        true
    }

    /// The state machine is given the oldest entries that are not yet applied; `apply` says whether
    /// it could apply them.
    pub fn apply(&mut self, apply: impl FnOnce(&[Entry]) -> bool) -> bool {
        self.apply_task(|task| apply(task.entries()))
    }

    /// The same with the whole task.
    pub fn apply_task(&mut self, apply: impl FnOnce(&ApplyTask) -> bool) -> bool {
        let Some(task) = self.applies.pop_front() else {
            return false;
        };
        if apply(&task) {
            self.applied.push_back(TaskResponse::Ack(task.done()));
        }
        true
    }

    /// The next message or acknowledgement that is due: those of the disk before those of the state
    /// machine.
    pub fn due(&mut self) -> Option<TaskResponse> {
        self.owed.pop_front().or_else(|| self.applied.pop_front())
    }

    pub fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.applies.is_empty() && self.owed.is_empty() && self.applied.is_empty()
    }
}
