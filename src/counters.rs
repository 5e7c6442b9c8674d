//! How often things happened, for metrics.

use crate::event::IgnoredReason;

/// How often things happened since the node was made. They wrap around: what is rare (campaigns, snapshots, what is
/// dropped or ignored) at 2^32, the rest at 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Counters {
    /// Messages taken in.
    pub messages_received: u64,
    /// Messages refused with an error.
    pub messages_refused: u64,
    /// Messages queued for other nodes, without those that were withdrawn before they left.
    pub messages_sent: u64,
    /// Entries appended as a leader.
    pub entries_proposed: u64,
    /// Proposals refused as a leader.
    pub proposals_refused: u64,
    /// Campaigns begun, pre-votes not counted.
    pub campaigns: u64,
    /// Elections won.
    pub elections_won: u64,
    /// Snapshots sent.
    pub snapshots_sent: u64,
    /// Reads answered by a round of heartbeats.
    pub reads_by_round: u64,
    /// Reads answered by the lease.
    pub reads_by_lease: u64,
    /// Events that nobody fetched in time.
    pub events_dropped: u64,
    /// Messages ignored: [`IgnoredReason::EarlierTerm`].
    pub ignored_earlier_term: u64,
    /// Messages ignored: [`IgnoredReason::WrongRole`].
    pub ignored_wrong_role: u64,
    /// Messages ignored: [`IgnoredReason::NoLeader`].
    pub ignored_no_leader: u64,
    /// Messages ignored: [`IgnoredReason::NotAsked`].
    pub ignored_not_asked: u64,
    /// Messages ignored: [`IgnoredReason::Rejoined`].
    pub ignored_rejoined: u64,
    /// Messages ignored: [`IgnoredReason::LogUnavailable`].
    pub ignored_log_unavailable: u64,
    /// Messages ignored: [`IgnoredReason::Diverged`].
    pub ignored_diverged: u64,
}

impl Counters {
    pub(crate) fn new(tally: &Tally, ignored: &Ignored) -> Self {
        let of = |reason| ignored.of(reason);
        Self {
            messages_received: tally.messages_received,
            messages_refused: tally.messages_refused,
            messages_sent: tally.messages_sent,
            entries_proposed: tally.entries_proposed,
            proposals_refused: tally.proposals_refused,
            campaigns: tally.campaigns.into(),
            elections_won: tally.elections_won.into(),
            snapshots_sent: tally.snapshots_sent.into(),
            reads_by_round: tally.reads_by_round,
            reads_by_lease: tally.reads_by_lease,
            events_dropped: tally.events_dropped.into(),
            ignored_earlier_term: of(IgnoredReason::EarlierTerm),
            ignored_wrong_role: of(IgnoredReason::WrongRole),
            ignored_no_leader: of(IgnoredReason::NoLeader),
            ignored_not_asked: of(IgnoredReason::NotAsked),
            ignored_rejoined: of(IgnoredReason::Rejoined),
            ignored_log_unavailable: of(IgnoredReason::LogUnavailable),
            ignored_diverged: of(IgnoredReason::Diverged),
        }
    }

    /// Messages that were ignored for this reason.
    pub fn ignored(&self, reason: IgnoredReason) -> u64 {
        match reason {
            IgnoredReason::EarlierTerm => self.ignored_earlier_term,
            IgnoredReason::WrongRole => self.ignored_wrong_role,
            IgnoredReason::NoLeader => self.ignored_no_leader,
            IgnoredReason::NotAsked => self.ignored_not_asked,
            IgnoredReason::Rejoined => self.ignored_rejoined,
            IgnoredReason::LogUnavailable => self.ignored_log_unavailable,
            IgnoredReason::Diverged => self.ignored_diverged,
        }
    }
}

/// The same as a node keeps it: an idle node is small, so that what is rare has half a word.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) messages_received: u64,
    pub(crate) messages_refused: u64,
    pub(crate) messages_sent: u64,
    pub(crate) entries_proposed: u64,
    pub(crate) proposals_refused: u64,
    pub(crate) campaigns: u32,
    pub(crate) elections_won: u32,
    pub(crate) snapshots_sent: u32,
    pub(crate) reads_by_round: u64,
    pub(crate) reads_by_lease: u64,
    pub(crate) events_dropped: u32,
}

/// Messages that were ignored, by the place of the reason in [`IgnoredReason::ALL`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Ignored([u32; IgnoredReason::ALL.len()]);

impl Ignored {
    /// One more.
    pub(crate) fn note(&mut self, reason: IgnoredReason) {
        let counts = IgnoredReason::ALL.iter().zip(&mut self.0);
        for (_, count) in counts.filter(|(known, _)| **known == reason) {
            *count = count.wrapping_add(1);
        }
    }

    fn of(&self, reason: IgnoredReason) -> u64 {
        let mut counts = IgnoredReason::ALL.iter().zip(&self.0);
        let found = counts.find(|(known, _)| **known == reason);
        found.map_or(0, |(_, count)| (*count).into())
    }
}
