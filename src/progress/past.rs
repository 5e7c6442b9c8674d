//! What is remembered of a peer's past: nearly always nothing, and one word then.

use crate::membership::Course;
use crate::seldom::Seldom;
use crate::types::{EntryId, Identity, Index};

/// The wait for the answer to a snapshot grows to so many times the setting, and no further.
const STALLS_MAX: u64 = 16;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Past(Seldom<Kept>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Kept {
    stalls: Stalls,
    asked: Asked,
    /// Of a learner.
    course: Option<Course>,
    /// Its store, if that has an identity and the configuration names none for it; else 0.
    unnamed: Identity,
}

/// A snapshot that the peer asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// It must cover this; 0: none is asked for.
    pub(super) at_least: Index,
    /// So many were sent for this request; each doubles the wait for the next.
    sent: u32,
    /// The last one, ...
    pub(super) last: Option<EntryId>,
    /// ... and the ticks until another goes out; `None`: never.
    pub(super) wait: Option<u64>,
}

/// What is remembered of snapshots that were not answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Stalls {
    /// Snapshots sent since the peer last made headway; each doubles the wait for the next.
    sent: u32,
    /// The last one: the point to probe at even when the log does not reach back to it.
    last: Option<EntryId>,
}

/// How much longer than for the first, when so many were sent before.
fn times(sent: u32) -> u64 {
    1_u64.checked_shl(sent).unwrap_or(STALLS_MAX).min(STALLS_MAX)
}

impl Past {
    // ----- snapshots

    /// A snapshot goes out. How long to wait for its answer, given how long for the first.
    pub(super) fn snapshot_sent(&mut self, first: Option<u64>) -> Option<u64> {
        let before = self.stalls().sent;
        let sent = before.saturating_add(1);
        self.0.edit(|kept| kept.stalls = Stalls { sent, last: None });
        first.map(|ticks| ticks.saturating_mul(times(before)))
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

    // ----- snapshots that are asked for

    pub(super) fn asked(&self) -> Asked {
        self.0.get().map_or_else(Asked::default, |kept| kept.asked)
    }

    /// The peer asks for this, which is not what it asked for before: nothing was sent for it.
    pub(super) fn set_request(&mut self, at_least: Index) {
        let asked = Asked {
            at_least,
            ..Asked::default()
        };
        self.0.edit(|kept| kept.asked = asked);
    }

    /// One goes out. `first`: how long the first has until another does.
    pub(super) fn asked_sent(&mut self, id: EntryId, first: Option<u64>) {
        self.0.edit(|Kept { asked, .. }| {
            asked.last = Some(id);
            asked.wait = first.map(|ticks| ticks.saturating_mul(times(asked.sent)));
            asked.sent = asked.sent.saturating_add(1);
        });
    }

    /// Ticks pass.
    pub(super) fn pass_asked(&mut self, ticks: u64) {
        if self.asked().last.is_some() {
            let pass = |wait: u64| wait.saturating_sub(ticks);
            self.0.edit(|Kept { asked, .. }| asked.wait = asked.wait.map(pass));
        }
    }

    /// Another may go out.
    pub(super) fn end_wait_for_asked(&mut self) {
        self.0.edit(|Kept { asked, .. }| asked.wait = Some(0));
    }

    // ----- its store

    pub(super) fn unnamed(&self) -> Identity {
        self.0.get().map_or(0, |kept| kept.unnamed)
    }

    pub(super) fn set_unnamed(&mut self, identity: Identity) {
        self.0.edit(|kept| kept.unnamed = identity);
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
