//! Assumes that over one election timeout no two clocks of the group drift apart by more than the
//! lease margin less one tick. Thesis 6.4.1 and 4.2.3: who promises not to elect another leader,
//! and how long a leader may rely on that. Both halves are here.
//!
//! A promise is said only up to what the durable hard state tells of; any restart keeps silent for at least so long,
//! and a running node only lets time end it; so nobody else is elected within it, whatever settings change. (Proof
//! sketch: D29 in `docs/etcd-differences.md`.) A leader's own share needs no promise: it reads by its lease only while
//! it leads, and votes for nobody then.

use super::read::ReadPermit;
use crate::event::VoteRefusal;
use crate::quorum::Joint;
use crate::types::{Index, NodeId};

/// What a voter has to consider before it looks at a vote request at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VoterState {
    /// Ticks of silence left after a restart: an earlier start may have promised something.
    pub(crate) silent: u64,
    /// Ticks left of what it promised to a leader.
    pub(crate) promised: u64,
    /// It heard a leader within the election timeout, and check-quorum is on.
    pub(crate) hears_leader: bool,
    /// The storage cannot be read.
    pub(crate) corrupt: bool,
}

/// What a leader has to consider before it relies on any promise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaderState {
    /// Its heartbeats ask for promises.
    pub(crate) measured: bool,
    /// It ordered another node to campaign in this term.
    pub(crate) given_up: bool,
    /// It is a voter itself.
    pub(crate) votes: bool,
    /// Up to here its log may hold a change of the configuration that is not applied.
    pub(crate) last_change: Index,
    pub(crate) applied: Index,
}

/// What a voter has to consider before it says what it promised.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Promise {
    /// Ticks left of it.
    pub(crate) left: u64,
    /// Ticks for which this node would be silent if it restarted now.
    pub(crate) kept: u64,
    /// The term in which it is said is durable: else a restart could go back to one with another leader.
    pub(crate) term_durable: bool,
    /// This node's vote counts: its storage can be read, and is the one that the configuration names.
    pub(crate) counts: bool,
}

/// Why a leader may not read by a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeaseRefusal {
    /// It measures none.
    NotMeasured,
    /// It ordered another node to campaign.
    GivenUp,
    NotVoter,
    /// The log may hold a change up to here, which is not applied.
    UnappliedChange(Index),
    /// No quorum promises anything beyond the margin.
    NotPromised,
    /// It has not committed in its term.
    NothingCommitted,
}

/// The voter's half: whether a vote request is looked at. Otherwise it is dropped unanswered and
/// raises no term. A `forced` one was ordered by the leader itself, who has given up its lease.
pub(crate) fn may_vote(state: VoterState, forced: bool) -> Result<(), VoteRefusal> {
    match state {
        VoterState {
            silent: ticks @ 1.., ..
        } => Err(VoteRefusal::Silent(ticks)),
        VoterState { corrupt: true, .. } => Err(VoteRefusal::Corrupt),
        _ if forced => Ok(()),
        VoterState {
            promised: ticks @ 1.., ..
        } => Err(VoteRefusal::Promised(ticks)),
        VoterState { hears_leader: true, .. } => Err(VoteRefusal::LeaderAlive),
        VoterState { .. } => Ok(()),
    }
}

/// Whether a leader may rely on promises at all: it asks for them, has ordered nobody to campaign, is a voter, and has
/// applied the last change of the configuration that its log may hold.
///
/// After a restart the only voter of a group may campaign at once, whatever it promised before (not in a group that was
/// recovered: `rules/history.rs`). It has applied
/// the change that made it the only one, which is committed. If our log holds that change, we are no voter by
/// it, or have not applied it; or have applied a later one, which is committed only if that node has it in its
/// own log, and then it may not. If our log does not hold it, a later leader's does, and to elect that one a
/// quorum had to break its promise.
pub(crate) fn may_be_held(state: LeaderState) -> Result<(), LeaseRefusal> {
    match state {
        LeaderState { measured: false, .. } => Err(LeaseRefusal::NotMeasured),
        LeaderState { given_up: true, .. } => Err(LeaseRefusal::GivenUp),
        LeaderState { votes: false, .. } => Err(LeaseRefusal::NotVoter),
        LeaderState {
            last_change, applied, ..
        } if last_change > applied => Err(LeaseRefusal::UnappliedChange(last_change)),
        LeaderState { .. } => Ok(()),
    }
}

/// Ticks of silence after a restart: as long as an earlier start may have promised by what it `stored`, or as
/// long as the settings say.
pub(crate) fn silence(stored: u64, by_settings: u64) -> u64 {
    stored.max(by_settings)
}

/// Ticks of its promise that a voter may say: no more than what it would be silent for if it restarted now, under
/// whatever settings.
pub(crate) fn sayable(promise: Promise) -> Option<u64> {
    let ticks = promise.left.min(promise.kept);
    (promise.term_durable && promise.counts && ticks > 0).then_some(ticks)
}

/// How long a promise the stored one, `kept`, has to be, given what is promised from now on. It becomes shorter
/// when nothing that is outstanding is longer: neither a promise nor the silence in place of an earlier one.
pub(crate) fn to_keep(kept: u64, from_now_on: u64, outstanding: u64) -> u64 {
    if outstanding <= from_now_on {
        kept.min(from_now_on)
    } else {
        kept
    }
}

/// The leader's half: ticks for which a quorum still promises to elect nobody else, less the
/// margin; one at least. `promised` counts from when the heartbeat that a voter answered was *sent*.
pub(crate) fn ticks_left(
    voters: &Joint,
    promised: impl Fn(NodeId) -> Option<u64>,
    margin: u64,
) -> Result<u64, LeaseRefusal> {
    if voters.incoming().is_empty() {
        return Err(LeaseRefusal::NotVoter);
    }
    let ticks = voters.committed_index(promised).saturating_sub(margin);
    if ticks == 0 {
        return Err(LeaseRefusal::NotPromised);
    }
    Ok(ticks)
}

/// Whether a promise of so many ticks counts now: those of a quorum give a lease.
pub(crate) fn counts(promised: u64, margin: u64) -> bool {
    promised > margin
}

/// A read at a leader that holds a lease and had committed in its term up to `index`.
pub(crate) fn by_lease(index: Option<Index>, lease: Result<u64, LeaseRefusal>) -> Result<ReadPermit, LeaseRefusal> {
    lease.and_then(|_| index.map(ReadPermit::new).ok_or(LeaseRefusal::NothingCommitted))
}
