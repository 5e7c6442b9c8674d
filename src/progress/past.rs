//! What is remembered of a peer's past: nearly always nothing, and one word then.

use crate::membership::Course;
use crate::seldom::Seldom;
use crate::types::EntryId;

/// The wait for the answer to a snapshot grows to so many times the setting, and no further.
const STALLS_MAX: u64 = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Past(Seldom<Kept>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Kept {
    stalls: Stalls,
    /// Of a learner.
    course: Option<Course>,
}

/// What is remembered of snapshots that were not answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Stalls {
    /// Snapshots sent since the peer last made headway; each doubles the wait for the next.
    sent: u32,
    /// The last one: the point to probe at even when the log does not reach back to it.
    last: Option<EntryId>,
}

impl Past {
    // ----- snapshots

    /// A snapshot goes out. How long to wait for its answer, given how long for the first.
    pub(super) fn snapshot_sent(&mut self, first: Option<u64>) -> Option<u64> {
        let sent = self.stalls().sent;
        let times = 1_u64.checked_shl(sent).unwrap_or(STALLS_MAX).min(STALLS_MAX);
        let sent = sent.saturating_add(1);
        self.0.edit(|kept| kept.stalls = Stalls { sent, last: None });
        first.map(|ticks| ticks.saturating_mul(times))
    }

    /// Nobody answered it in time.
    pub(super) fn snapshot_unanswered(&mut self, id: EntryId) {
        self.0.edit(|kept| kept.stalls.last = Some(id));
    }

    pub(super) fn unanswered_snapshot(&self) -> Option<EntryId> {
        self.stalls().last
    }

    /// The peer made headway: the next snapshot has the first's time.
    pub(super) fn forget_snapshots(&mut self) {
        if self.0.get().is_some() {
            self.0.edit(|kept| kept.stalls = Stalls::default());
        }
    }

    fn stalls(&self) -> Stalls {
        self.0.get().map_or_else(Stalls::default, |kept| kept.stalls)
    }

    // ----- catching up

    pub(super) fn course(&self) -> Option<&Course> {
        self.0.get()?.course.as_ref()
    }

    /// Changes the course, if there is one.
    pub(super) fn edit_course(&mut self, act: impl FnOnce(&mut Course)) {
        if self.course().is_some() {
            self.0.edit(|kept| kept.course.as_mut().map(act));
        }
    }

    pub(super) fn set_course(&mut self, course: Option<Course>) {
        self.0.edit(|kept| kept.course = course);
    }
}
