//! What leaders count on, compared with what the others say of themselves: the simulator's judges, in each state.

use quorate::{EntryId, NodeId};
use quorate_sim::Verdict;
use quorate_sim::judge::{Judge, Lease};

use super::State;
use crate::member::Member;

/// A voter keeps each promise that a leader counts on.
pub(super) fn promises(state: &State<'_>, skew: u8) -> Verdict {
    for leader in state.leaders() {
        let counted = leader.led.peers.iter().filter(|peer| peer.promised > 0);
        for peer in counted.filter(|peer| peer.id != leader.id) {
            if let Some(left) = elects_nobody_for(state, leader, peer.id) {
                Judge::promise_kept(leader.id, peer.id, peer.promised, left, slack(leader, skew))?;
            }
        }
    }
    Ok(())
}

/// Whenever a leader holds a lease, of each half of its configuration a quorum elects nobody else for as long.
pub(super) fn leases(state: &State<'_>, skew: u8) -> Verdict {
    for leader in state.leaders().filter(|leader| leader.led.lease > 0) {
        let Some(node) = leader.node() else { continue };
        let lease = Lease {
            leader: leader.id,
            ticks: leader.led.lease,
            margin: margin(leader),
            slack: slack(leader, skew),
        };
        Judge::lease_rests(lease, node.membership().voters(), |voter| {
            elects_nobody_for(state, leader, voter)
        })?;
    }
    Ok(())
}

/// For how many ticks a voter elects nobody but this leader; `None`: it is down, or has another store than is meant.
fn elects_nobody_for(state: &State<'_>, leader: &Member, voter: NodeId) -> Option<u64> {
    let voter = state.member(voter).filter(|voter| voter.is_up())?;
    let named = leader.node()?.membership().identity(voter.id);
    let same = named.is_none_or(|named| named == voter.identity);
    same.then_some(voter.seen.promised.max(voter.seen.silent))
}

fn margin(leader: &Member) -> u64 {
    leader
        .node()
        .map_or(0, |node| node.config().settings().lease_margin_ticks)
}

/// By how many ticks two clocks may differ over a promise: one that was ahead by the skew may fall behind by it, but
/// what the margin allows for is not exceeded.
fn slack(leader: &Member, skew: u8) -> u64 {
    margin(leader).min(2 * u64::from(skew))
}

/// What a leader knows to match is on the member's disk, unless that follows a later leader, who may have replaced it.
pub(super) fn matched(state: &State<'_>) -> Verdict {
    for leader in state.leaders() {
        let Some(node) = leader.node() else { continue };
        for peer in &leader.led.peers {
            let (Some(term), Some(other)) = (leader.log.term(peer.matched), state.member(peer.id)) else {
                continue;
            };
            let last = EntryId {
                term,
                index: peer.matched,
            };
            let terms = [
                other.log.hard_state.term,
                other.durable.hard_state.term,
                other.durable.last().term,
            ];
            let later = terms.into_iter().any(|other| other > leader.seen.term);
            let named = node.membership().identity(peer.id);
            Judge::matched_is_held(leader.id, peer.id, last, later || other.held_on(named, last))?;
        }
    }
    Ok(())
}
