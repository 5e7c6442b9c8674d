//! A peer as the leader sees it (Figure 2: nextIndex, matchIndex), and how fast it is fed.
//!
//! * **Probe**: where the logs agree is not known; one append with entries at a time.
//! * **Replicate**: it is known; appends follow each other without waiting, within a window.
//! * **Snapshot**: the log does not reach back far enough; nothing until the snapshot is answered.

mod asked;
mod contact;
mod inflights;
mod past;

pub(crate) use contact::Stranger;
pub(crate) use inflights::Inflights;

use alloc::boxed::Box;
use core::fmt;

use self::past::Past;
use crate::aside::Aside;
use crate::config::Config;
use crate::membership::{CatchUp, Course};
use crate::types::{EntryId, Index, NodeId};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Progress {
    /// The log matches the leader's, durably, up to here.
    matched: Index,
    /// The next append begins here; always above `matched`.
    next: Index,
    /// The change by which the peer joined while this leader led; 0 if it was a member before.
    joined_at: Index,
    state: State,
    /// No append until an answer arrives.
    paused: bool,
    /// Heard of since the last check of the quorum.
    recent_active: bool,
    /// Was not heard of for a whole period, or reported as unreachable, and not since.
    missing: bool,
    /// Ticks since it was heard of, or since it is counted.
    silent: Aside<u32>,
    stranger: Aside<Stranger>,
    /// Highest commit index that was sent and that the peer can make use of.
    sent_commit: Index,
    /// Ticks for which the peer still promises to elect nobody else, counted from when the
    /// heartbeat that it answered was sent.
    promised: u64,
    /// The read round that it confirmed last.
    confirmed_round: u64,
    past: Past,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    Probe,
    Replicate(Inflights),
    Snapshot(Box<Awaited>),
}

/// A snapshot that was sent and not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Awaited {
    /// What it covers.
    pending: EntryId,
    /// Ticks until it counts as lost.
    stall_ticks: Option<u64>,
}

/// In which state a peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum ReplicationState {
    /// Where the logs agree is being found out.
    Probe,
    /// Entries are streamed.
    Replicate,
    /// A snapshot is on its way.
    Snapshot {
        /// The last entry that it covers.
        pending: EntryId,
    },
}

impl ReplicationState {
    /// The snapshot that is on its way, by the last entry that it covers.
    pub fn pending_snapshot(&self) -> Option<EntryId> {
        match self {
            Self::Snapshot { pending } => Some(*pending),
            Self::Probe | Self::Replicate => None,
        }
    }
}

impl fmt::Display for ReplicationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Probe => f.write_str("probe"),
            Self::Replicate => f.write_str("replicate"),
            Self::Snapshot { pending } => write!(f, "snapshot {pending} sent"),
        }
    }
}

/// What became of a snapshot, for [`RawNode::report_snapshot`](crate::RawNode::report_snapshot).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SnapshotStatus {
    /// It was delivered.
    Finished,
    /// It was not.
    Failed,
}

impl Progress {
    /// A peer of which nothing is known.
    pub(crate) fn new(next: Index, recent_active: bool) -> Self {
        Self {
            matched: 0,
            next: next.max(1),
            joined_at: 0,
            state: State::Probe,
            paused: false,
            recent_active,
            missing: false,
            silent: Aside::default(),
            stranger: Aside::default(),
            sent_commit: 0,
            promised: 0,
            confirmed_round: 0,
            past: Past::default(),
        }
    }

    /// A peer that joined by the change at `index`, its log yet to be compared from `next` on. The
    /// quorum check gives it a period to be heard of.
    pub(crate) fn of_joiner(next: Index, index: Index) -> Self {
        let mut progress = Self::new(next, true);
        progress.joined_at = index;
        progress
    }

    /// The leader itself.
    pub(crate) fn of_leader(last: Index) -> Self {
        let mut progress = Self::new(last.saturating_add(1), true);
        progress.matched = last;
        progress.become_replicate();
        progress
    }

    pub(crate) fn matched(&self) -> Index {
        self.matched
    }

    pub(crate) fn joined_at(&self) -> Index {
        self.joined_at
    }

    pub(crate) fn next(&self) -> Index {
        self.next
    }

    pub(crate) fn state(&self) -> ReplicationState {
        match &self.state {
            State::Probe => ReplicationState::Probe,
            State::Replicate(_) => ReplicationState::Replicate,
            State::Snapshot(awaited) => ReplicationState::Snapshot {
                pending: awaited.pending,
            },
        }
    }

    pub(crate) fn is_probing(&self) -> bool {
        matches!(self.state, State::Probe)
    }

    /// Whether all that was streamed to the peer is acknowledged.
    pub(crate) fn is_acknowledged(&self) -> bool {
        matches!(self.state, State::Replicate(_)) && self.next == self.matched.saturating_add(1)
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused || matches!(self.state, State::Snapshot(_))
    }

    /// Whether so much is on its way that the next entries wait.
    pub(crate) fn is_window_full(&self, config: &Config) -> bool {
        self.inflights().is_some_and(|window| window.is_full(config))
    }

    pub(crate) fn inflights(&self) -> Option<&Inflights> {
        match &self.state {
            State::Replicate(inflights) => Some(inflights),
            State::Probe | State::Snapshot(_) => None,
        }
    }

    /// An answer to a heartbeat: whatever was paused may be tried again.
    pub(crate) fn resume(&mut self) {
        self.paused = false;
        if let State::Replicate(inflights) = &mut self.state {
            inflights.put_away(); // rarely enough for a busy peer, often enough for an idle one
        }
    }

    // ----- catching up

    /// A learner's rounds are measured, nobody else's.
    pub(crate) fn measure(&mut self, learns: bool, last: Index) {
        if learns != self.past.course().is_some() {
            let course = learns.then(|| Course::new(self.matched, last));
            self.past.set_course(course);
        }
    }

    /// Ticks pass for a learner.
    pub(crate) fn pass_round(&mut self, ticks: u64, last: Index) {
        let matched = self.matched;
        self.past.edit_course(|course| course.pass(ticks, matched, last));
    }

    pub(crate) fn catch_up(&self, id: NodeId, last: Index, election_timeout: u64) -> Option<CatchUp> {
        let course = self.past.course()?;
        Some(course.tell(id, self.matched, last, election_timeout, !self.missing))
    }

    // ----- transitions

    fn enter(&mut self, state: State) {
        self.state = state;
        self.paused = false;
    }

    /// Find out anew where the logs agree.
    pub(crate) fn become_probe(&mut self) {
        let after_snapshot = match &self.state {
            State::Snapshot(awaited) => awaited.pending.index.saturating_add(1),
            State::Probe | State::Replicate(_) => 0,
        };
        self.enter(State::Probe);
        self.next = self.matched.saturating_add(1).max(after_snapshot);
        self.clamp_sent_commit();
    }

    pub(crate) fn become_replicate(&mut self) {
        self.enter(State::Replicate(Inflights::default()));
        self.next = self.matched.saturating_add(1);
        self.past.forget_snapshots();
    }

    /// A snapshot that covers `pending` goes out.
    pub(crate) fn become_snapshot(&mut self, pending: EntryId, config: &Config) {
        let stall_ticks = self.past.snapshot_sent(config.settings().snapshot_stall());
        self.enter(State::Snapshot(Box::new(Awaited { pending, stall_ticks })));
        self.next = pending.index.max(self.matched).saturating_add(1);
        self.sent_commit = pending.index;
    }

    /// Whether this very snapshot is on its way.
    pub(crate) fn awaits(&self, snapshot: EntryId) -> bool {
        matches!(&self.state, State::Snapshot(awaited) if awaited.pending == snapshot)
    }

    /// The caller reports that the snapshot arrived, or time has run out: probe right after it.
    pub(crate) fn snapshot_finished(&mut self) {
        if let State::Snapshot(awaited) = &self.state {
            self.past.snapshot_unanswered(awaited.pending);
            self.become_probe();
            self.paused = true; // until the next heartbeat answer
        }
    }

    /// Somebody under the peer's name has what the snapshot covers: probe right after it, at once.
    /// `true` if a snapshot up to `index` or below was on its way.
    pub(crate) fn snapshot_answered(&mut self, index: Index) -> bool {
        let answered = matches!(&self.state, State::Snapshot(awaited) if awaited.pending.index <= index);
        if answered {
            self.snapshot_finished();
            self.paused = false;
        }
        answered
    }

    /// The caller reports that the snapshot did not arrive.
    pub(crate) fn snapshot_failed(&mut self) {
        if matches!(self.state, State::Snapshot(_)) {
            self.state = State::Probe;
            self.become_probe();
            self.paused = true; // until the next heartbeat answer
        }
    }

    /// Time passes for an unanswered snapshot; which it is, if it counts as lost now.
    pub(crate) fn wait_for_snapshot(&mut self, ticks: u64) -> Option<EntryId> {
        let State::Snapshot(awaited) = &mut self.state else {
            return None;
        };
        let left = awaited.stall_ticks.as_mut()?;
        *left = left.saturating_sub(ticks);
        (*left == 0).then_some(awaited.pending)
    }

    /// Ticks until an unanswered snapshot counts as lost.
    pub(crate) fn snapshot_wait(&self) -> Option<u64> {
        match &self.state {
            State::Snapshot(awaited) => awaited.stall_ticks,
            State::Probe | State::Replicate(_) => None,
        }
    }

    /// The snapshot right before `next`, if one was sent and its fate is unknown.
    pub(crate) fn unanswered_snapshot(&self) -> Option<EntryId> {
        let id = self.past.unanswered_snapshot()?;
        (self.is_probing() && id.index.saturating_add(1) == self.next).then_some(id)
    }

    // ----- sending

    /// An append with so many entries and payload bytes left.
    pub(crate) fn sent(&mut self, entries: u64, bytes: u64, config: &Config) {
        match &mut self.state {
            State::Replicate(inflights) => {
                if entries > 0 {
                    self.next = self.next.saturating_add(entries);
                    inflights.add(self.next.saturating_sub(1), bytes);
                }
                self.paused = inflights.is_full(config);
            }
            // Probes without entries do not pause: they answer heartbeat answers, one for one.
            State::Probe => self.paused |= entries > 0,
            State::Snapshot(_) => {}
        }
    }

    /// The peer was told this commit index.
    pub(crate) fn sent_commit(&mut self, commit: Index) {
        self.sent_commit = commit;
    }

    /// Whether telling the peer this commit index helps: it was told a lower one, and holds (or is
    /// being sent) entries above that.
    pub(crate) fn can_use_commit(&self, commit: Index) -> bool {
        commit > self.sent_commit && self.sent_commit < self.next.saturating_sub(1)
    }

    fn clamp_sent_commit(&mut self) {
        self.sent_commit = self.sent_commit.min(self.next.saturating_sub(1));
    }

    // ----- answers

    /// The log, which ends at `last`, matches up to `index`: `true` if that is news.
    pub(crate) fn matched_to(&mut self, index: Index, last: Index) -> bool {
        if index <= self.matched {
            return false;
        }
        let before = self.matched;
        self.past.edit_course(|course| course.matched(before, index, last));
        self.matched = index;
        self.next = self.next.max(index.saturating_add(1));
        self.paused = false;
        if matches!(self.state, State::Snapshot(_)) {
            self.past.forget_snapshots(); // the peer made headway: the next snapshot has the first's time
        }
        true
    }

    /// Frees the window up to what is matched.
    pub(crate) fn free_inflights(&mut self) {
        if let State::Replicate(inflights) = &mut self.state {
            inflights.free_to(self.matched);
        }
    }

    /// Whether the peer, asked by the last probe, does not have what it had acknowledged.
    pub(crate) fn has_lost(&self, rejected: Index) -> bool {
        self.is_probing() && self.next.saturating_sub(1) == rejected && rejected <= self.matched
    }

    /// The entry before `rejected + 1` was not there, but the logs may agree at `hint`. `true` if
    /// that was not known, so that another append is due.
    pub(crate) fn rejected(&mut self, rejected: Index, hint: Index) -> bool {
        if matches!(self.state, State::Replicate(_)) {
            if rejected <= self.matched {
                return false; // an answer from long ago
            }
            self.become_probe();
            return true;
        }
        if self.next.saturating_sub(1) != rejected {
            return false; // an answer to another probe
        }
        if self.has_lost(rejected) {
            return false; // asking the same again at once would go on for ever
        }
        self.next = rejected.min(hint.saturating_add(1)).max(self.matched.saturating_add(1));
        self.clamp_sent_commit();
        self.paused = false;
        true
    }
}
