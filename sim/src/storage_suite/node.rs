//! A [`RawNode`] runs over the storage, and the power fails at each of its writes and syncs.

use quorate::message::{Append, Payload, RequestVote};
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, Entry, EntryId, NodeId, RawNode, Snapshot};

use super::host::{Host, Outage, Shared, Stop, Way};
use super::words::Verdict;
use super::{Make, Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule!(
        Node,
        a_node_keeps_what_it_committed,
        "A node that is alone in its group, whose power fails at any write or sync, has everything that it had \
         committed, and its term."
    ),
    rule!(
        Node,
        a_node_never_votes_twice,
        "A node whose power fails at any write or sync gives no second vote in a term."
    ),
    rule!(
        Node,
        what_is_persisted_is_kept,
        "What `Disk::persist_task` has stored is there, and survives if the task must be synced: entries, hard state \
         and snapshot."
    ),
];

/// Some of a node's life; it can be called again after it was cut short.
pub(super) type Life = fn(&mut Host, &mut RawNode<Shared>) -> Result<(), Stop>;

/// Runs a life with the power failing at each write and sync in turn, in each way.
fn at_every_outage(make: &mut Make<'_>, way: Way, voters: &[NodeId], life: Life) -> Verdict {
    for power in 0.. {
        for outage in [Outage::LosesAll, Outage::LosesNothing, Outage::Tears(power as u64)] {
            let failed = match run(make, way, voters, life, (power, outage)) {
                Ok(failed) => failed,
                Err(stop) => return Err(stop.within(power, outage)),
            };
            if !failed {
                return Ok(()); // the life is shorter
            }
        }
    }
    Ok(())
}

/// Whether the power failed.
pub(super) fn run(
    make: &mut Make<'_>,
    way: Way,
    voters: &[NodeId],
    life: Life,
    (power, outage): (usize, Outage),
) -> Result<bool, Stop> {
    let mut host = Host::new(make, way, voters, power, outage)?;
    let mut failed = false;
    loop {
        let mut node = host.start()?;
        match life(&mut host, &mut node) {
            Ok(()) => break,
            Err(Stop::Power) => {
                host.crash();
                failed = true;
            }
            Err(wrong) => return Err(wrong),
        }
    }
    host.crash();
    host.start()?;
    Ok(failed)
}

fn a_node_keeps_what_it_committed(make: &mut Make<'_>) -> Verdict {
    at_every_outage(make, Way::Writes, &[1], commits)
}

fn a_node_never_votes_twice(make: &mut Make<'_>) -> Verdict {
    at_every_outage(make, Way::Writes, &[1, 2, 3], votes)
}

fn what_is_persisted_is_kept(make: &mut Make<'_>) -> Verdict {
    at_every_outage(make, Way::Tasks, &[1], commits)?;
    at_every_outage(make, Way::Tasks, &[1, 2, 3], votes)?;
    at_every_outage(make, Way::Tasks, &[1, 2, 3], follows)
}

/// It is alone, and commits what it proposes.
pub(super) fn commits(host: &mut Host, node: &mut RawNode<Shared>) -> Result<(), Stop> {
    node.campaign()?;
    host.drain(node)?;
    for number in 1..=6 {
        let _ = node.propose(format!("value {number}"))?;
        host.drain(node)?;
        if number % 3 == 0 {
            host.compact()?;
        }
    }
    Ok(())
}

/// It is asked for votes.
pub(super) fn votes(host: &mut Host, node: &mut RawNode<Shared>) -> Result<(), Stop> {
    for term in 2..=5 {
        // First one, then the other; after an outage the other way round, so that a vote which was
        // given and forgotten is given again.
        let candidates = if host.starts > 1 { [3, 2] } else { [2, 3] };
        for from in candidates {
            let payload = Payload::RequestVote(RequestVote::new(EntryId {
                term: term - 1,
                index: 10,
            }));
            host.hear(node, from, term, payload)?;
        }
    }
    Ok(())
}

/// A leader sends it snapshots, and entries behind them.
pub(super) fn follows(host: &mut Host, node: &mut RawNode<Shared>) -> Result<(), Stop> {
    for index in [10, 20, 30] {
        let last = EntryId { term: 2, index };
        let metadata = SnapshotMetadata::new(last, ConfState::of_voters(host.voters.iter().copied()));
        let snapshot = Snapshot::new(metadata, format!("state at {index}"));
        host.hear(node, 2, 2, Payload::install_snapshot(snapshot))?;
        let entries = (1..=3).map(|next| Entry::new(2, index + next, format!("value {next}")));
        let append = Append::new(last, index + 2, entries.collect::<Vec<_>>());
        host.hear(node, 2, 2, Payload::Append(append))?;
    }
    Ok(())
}
