//! Reads that were taken: none is forgotten, and each is confirmed after it was asked.

use quorate::error::StepError;
use quorate::quorum::Joint;
use quorate::{NodeId, ReadMode};

use super::{Judge, Verdict, check};

impl Judge {
    /// Each read that a node has taken, and not given back, waits there.
    pub fn reads_wait(node: NodeId, taken: usize, pending: usize) -> Verdict {
        check(taken <= pending, "no read is forgotten", || {
            format!("{node} has taken {taken} reads that did not come back, and {pending} wait there")
        })
    }

    /// A read that was forwarded comes back within an election timeout.
    pub fn read_comes_back(node: NodeId, operation: u64, ticks: u64, election_timeout: u64) -> Verdict {
        check(ticks <= election_timeout, "reads come back", || {
            format!(
                "{node} has waited for read {operation} for {ticks} ticks, its election timeout is {election_timeout}"
            )
        })
    }

    /// A leader that answers a read by a round knows of a quorum of each half that it led when it was asked:
    /// `confirmed` says whether a voter responded to a heartbeat that was sent after that.
    pub fn read_is_confirmed(leader: NodeId, voters: &Joint, confirmed: impl Fn(NodeId) -> bool) -> Verdict {
        let holds = |voter: &&NodeId| **voter == leader || confirmed(**voter);
        let half = |half: &[NodeId]| 2 * half.iter().filter(holds).count() > half.len() || half.is_empty();
        let all = half(voters.incoming().ids()) && half(voters.outgoing().ids());
        check(all, "reads are confirmed after they were asked", || {
            let heard: Vec<_> = voters.ids().into_iter().filter(|id| confirmed(*id)).collect();
            format!("{leader} answers a read, of {voters}; since it was asked {heard:?} confirmed that it leads")
        })
    }

    /// A read that wants a round of heartbeats rests on no clock.
    pub fn reads_as_asked(node: NodeId, by_lease: bool, mode: Option<ReadMode>) -> Verdict {
        let round = mode == Some(ReadMode::ReadIndex);
        check(!(by_lease && round), "a read by a round rests on no lease", || {
            format!("{node} answers by its lease what was to be confirmed by a round of heartbeats")
        })
    }

    /// What counts as the response to a read was asked by this start of the node.
    pub fn read_was_asked(node: NodeId, asked: bool, counts: bool) -> Verdict {
        check(asked || !counts, "responses are to what was asked", || {
            format!("{node} takes a response for one to a read of its own, which it never sent")
        })
    }

    /// Whom a node asks it hears, though a leader that was removed may lead on.
    pub fn hears_its_leader(node: NodeId, awaited: bool, refusal: &StepError) -> Verdict {
        let unknown = matches!(refusal, StepError::UnknownPeer { .. });
        check(!(awaited && unknown), "who is followed is heard", || {
            format!("{node} refuses the response to its own read, by the leader that it follows: {refusal}")
        })
    }
}
