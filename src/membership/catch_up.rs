//! How far a learner is on its way to being a voter (thesis 4.2.1).

use core::fmt;

use crate::types::{Index, NodeId};

/// How fast a learner catches up with its leader's log: what
/// [`RawNode::catch_up`](crate::RawNode::catch_up) tells.
///
/// It is fed in rounds. Each replicates what is in the leader's log when the round begins; what is proposed meanwhile
/// is the next round's. When a round takes less than an election timeout, the learner is so near that as a voter it
/// would hold up no commit for longer than an election does. A round for which there is no entry is over at once; then
/// the next one begins with an entry. Rounds are counted by the leader of this term, in its ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct CatchUp {
    /// The learner.
    pub id: NodeId,
    /// Rounds that it has completed.
    pub rounds: u64,
    /// Ticks that the last of them took, if there was one.
    pub last_round_ticks: Option<u64>,
    /// Ticks that the present round has taken until now; 0 while it waits for an entry.
    pub round_ticks: u64,
    /// Entries that it has to acknowledge to complete the present round.
    pub round_entries: u64,
    /// Entries of the leader's log that it has not acknowledged.
    pub entries: u64,
    /// The last round took less than an election timeout, the present one has not taken as much, and the learner is not
    /// [silent](crate::Event::PeerUnreachable).
    pub caught_up: bool,
}

impl fmt::Display for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id, rounds, entries, ..
        } = self;
        write!(f, "node {id} is {entries} entries behind, after {rounds} rounds")?;
        if let Some(ticks) = self.last_round_ticks {
            write!(f, ", the last of {ticks} ticks")?;
        }
        match self.round_ticks {
            0 => Ok(()),
            ticks => write!(f, ", {ticks} ticks into the next"),
        }
    }
}

/// The rounds of one learner, as they are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Course {
    /// The present round ends when the learner has the log up to here; there is none while it has.
    target: Index,
    /// Ticks since it began.
    ticks: u64,
    completed: u64,
    last_ticks: Option<u64>,
}

impl Course {
    /// The first round of a learner that has the log up to `matched`; the log ends at `last`.
    pub(crate) fn new(matched: Index, last: Index) -> Self {
        let mut course = Self {
            target: last,
            ticks: 0,
            completed: 0,
            last_ticks: None,
        };
        course.pass_empty(matched, last);
        course
    }

    /// Ticks pass. An entry that came since the last round ended begins the next.
    pub(crate) fn pass(&mut self, ticks: u64, matched: Index, last: Index) {
        if matched >= last {
            return;
        }
        if matched >= self.target {
            self.target = last;
        }
        self.ticks = self.ticks.saturating_add(ticks);
    }

    /// The learner, which had the log up to `before`, has it up to `matched`.
    pub(crate) fn matched(&mut self, before: Index, matched: Index, last: Index) {
        if before < self.target && matched >= self.target {
            self.complete();
            self.target = last;
            self.pass_empty(matched, last);
        }
    }

    fn complete(&mut self) {
        self.completed = self.completed.saturating_add(1);
        self.last_ticks = Some(self.ticks);
        self.ticks = 0;
    }

    /// A round of no entries.
    fn pass_empty(&mut self, matched: Index, last: Index) {
        if matched >= last {
            self.complete();
        }
    }

    /// What there is to tell of learner `id`.
    pub(crate) fn tell(&self, id: NodeId, matched: Index, last: Index, election_timeout: u64, heard: bool) -> CatchUp {
        let fast = self.last_ticks.is_some_and(|ticks| ticks < election_timeout);
        CatchUp {
            id,
            rounds: self.completed,
            last_round_ticks: self.last_ticks,
            round_ticks: self.ticks,
            round_entries: self.target.saturating_sub(matched),
            entries: last.saturating_sub(matched),
            caught_up: fast && self.ticks < election_timeout && heard,
        }
    }
}
