//! Leases and the promises that they rest on, as each node counts them itself: no second leader need turn up.

use quorate::quorum::Joint;
use quorate::{Index, NodeId};

use super::{Judge, Verdict, check};

/// A lease that a leader says it holds.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    /// Who holds it.
    pub leader: NodeId,
    /// For so many of its ticks.
    pub ticks: u64,
    /// Its [margin](quorate::Settings::lease_margin_ticks), which is not in `ticks`.
    pub margin: u64,
    /// By so many ticks two clocks of the group may differ over a promise.
    pub slack: u64,
}

impl Judge {
    /// A voter keeps the promise that a leader counts on: `left`, of its promise or of its silence after a restart,
    /// ends no earlier than the `counted` ticks of the leader, but for what their clocks may differ.
    pub fn promise_kept(leader: NodeId, voter: NodeId, counted: u64, left: u64, slack: u64) -> Verdict {
        check(left + slack >= counted, "promises are kept", || {
            format!("{leader} counts on {voter} for {counted} ticks, which promises {left}, give or take {slack}")
        })
    }

    /// A quorum of each half elects nobody else for as long as the lease lasts, with its margin: `left` says for how
    /// many ticks a voter does not, and `None` for one that elects nobody at all (it is down, or has another store).
    pub fn lease_rests(lease: Lease, voters: &Joint, left: impl Fn(NodeId) -> Option<u64>) -> Verdict {
        let Lease {
            leader,
            ticks,
            margin,
            slack,
        } = lease;
        let holds = |voter: &&NodeId| {
            **voter == leader || left(**voter).is_none_or(|left| left + slack >= ticks + margin && left > 0)
        };
        let half = |half: &[NodeId]| 2 * half.iter().filter(holds).count() > half.len() || half.is_empty();
        let rests = half(voters.incoming().ids()) && half(voters.outgoing().ids());
        check(rests, "a lease rests on a quorum", || {
            let left: Vec<_> = voters.ids().into_iter().map(|id| (id, left(id))).collect();
            format!(
                "{leader} holds a lease for {ticks} ticks and a margin of {margin}, of {voters}; promised is {left:?}"
            )
        })
    }

    /// Who holds a lease is a voter, has applied each change in its log, and ordered nobody to campaign in its term.
    pub fn lease_may_be_held(leader: NodeId, voter: bool, unapplied: Option<Index>, gave_up: bool) -> Verdict {
        check(voter && unapplied.is_none() && !gave_up, "who may hold a lease", || {
            format!(
                "{leader} holds a lease: a voter: {voter}, an unapplied change: {unapplied:?}, handed over: {gave_up}"
            )
        })
    }

    /// The silence after a restart does not begin anew.
    pub fn silence_ends(node: NodeId, before: u64, now: u64) -> Verdict {
        check(now <= before, "promises run down", || {
            format!("{node} is silent for {now} ticks, and was for {before} before")
        })
    }

    /// What is left of a promise, or of the silence after a restart, becomes less with each tick, by one.
    pub fn runs_down(node: NodeId, what: &'static str, before: u64, ticks: u64, now: u64) -> Verdict {
        check(now == before.saturating_sub(ticks), "promises run down", || {
            format!("{node}: {ticks} ticks take its {what} from {before} to {now}")
        })
    }
}
