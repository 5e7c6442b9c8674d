//! Events and reasons in plain words.

use core::fmt;

use super::{Event, IgnoredReason, StepDownReason, TransferAbort, VoteRefusal};
use crate::text::ticks;

/// What a pre-vote is called, or a vote.
fn vote(pre_vote: bool) -> &'static str {
    if pre_vote { "pre-vote" } else { "vote" }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeaderChanged { leader: None, term } => write!(f, "no leader is known in term {term}"),
            Self::LeaderChanged {
                leader: Some(leader),
                term,
            } => write!(f, "node {leader} leads term {term}"),
            Self::BecameCandidate { term, pre_vote: true } => write!(f, "began a pre-vote for term {term}"),
            Self::BecameCandidate { term, .. } => write!(f, "became a candidate in term {term}"),
            Self::BecameLeader { term } => write!(f, "became the leader of term {term}"),
            Self::SteppedDown { reason, term } => write!(f, "stepped down as the leader of term {term}: {reason}"),
            Self::CampaignRefused { reason } => write!(f, "did not campaign: {reason}"),
            Self::VoteRefused { .. } | Self::VoteGranted { .. } => self.fmt_vote(f),
            Self::MessageIgnored {
                from,
                kind,
                term,
                reason,
            } => write!(f, "ignored {kind} of term {term} from node {from}: {reason}"),
            Self::PeerUnreachable { .. }
            | Self::PeerReachable { .. }
            | Self::PeerDiverged { .. }
            | Self::PeerLostEntries { .. }
            | Self::PeerUnnamed { .. }
            | Self::SnapshotNeeded { .. }
            | Self::SnapshotSent { .. }
            | Self::SnapshotStalled { .. } => self.fmt_peer(f),
            Self::ReadDropped { .. }
            | Self::SnapshotRequested { .. }
            | Self::SnapshotServed { .. }
            | Self::TransferStarted { .. }
            | Self::TransferOrdered { .. }
            | Self::TransferRefused { .. }
            | Self::TransferAborted { .. } => self.fmt_call(f),
            Self::MembershipChanged { .. }
            | Self::ChangeIgnored { .. }
            | Self::LogTruncated { .. }
            | Self::CommitGroupsSuspended { .. }
            | Self::CommitGroupsRestored { .. }
            | Self::Removed { .. }
            | Self::DiskLagging { .. }
            | Self::Diverged { .. }
            | Self::SecondLeader { .. }
            | Self::Disowned { .. }
            | Self::Unnamed { .. }
            | Self::EntriesLost { .. }
            | Self::StorageCorrupt { .. } => self.fmt_store(f),
        }
    }
}

impl Event {
    /// What a candidate was told.
    fn fmt_vote(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::VoteRefused {
                candidate,
                term,
                pre_vote,
                reason,
            } => write!(
                f,
                "refused node {candidate} a {} for term {term}: {reason}",
                vote(*pre_vote)
            ),
            Self::VoteGranted {
                candidate,
                term,
                pre_vote,
            } => write!(f, "granted node {candidate} a {} for term {term}", vote(*pre_vote)),
            _ => Ok(()),
        }
    }

    /// What a leader sees of a peer.
    fn fmt_peer(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerUnreachable { peer } => write!(f, "node {peer} is silent, or cannot be reached"),
            Self::PeerReachable { peer, silent_ticks } => {
                write!(f, "node {peer} is heard again, after {}", ticks(*silent_ticks))
            }
            Self::PeerDiverged { peer, committed } => write!(
                f,
                "node {peer} says that entry {committed}, committed there, contradicts this leader"
            ),
            Self::PeerUnnamed { peer, identity } => {
                write!(
                    f,
                    "the configuration does not name the store of node {peer}: {identity:x}"
                )
            }
            Self::PeerLostEntries { peer, matched, agreed } => write!(
                f,
                "node {peer} had acknowledged the log up to index {matched} and agrees only up to {agreed}"
            ),
            Self::SnapshotNeeded { peer, at_least } => write!(
                f,
                "node {peer} needs a snapshot that names it and covers index {at_least}, and the storage has none"
            ),
            Self::SnapshotSent { peer, snapshot } => write!(f, "sent node {peer} the snapshot {snapshot}"),
            Self::SnapshotStalled { peer, snapshot } => {
                write!(f, "node {peer} did not answer the snapshot {snapshot} in time")
            }
            _ => Ok(()),
        }
    }

    /// What became of calls.
    fn fmt_call(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadDropped { from } => write!(f, "dropped a read that node {from} forwarded"),
            Self::SnapshotRequested { at_least } => {
                write!(
                    f,
                    "asks for a snapshot that covers index {at_least}, for its state machine alone"
                )
            }
            Self::SnapshotServed { snapshot } => write!(f, "received the snapshot {snapshot}, which it asked for"),
            Self::TransferStarted { to } => write!(f, "began to hand leadership to node {to}"),
            Self::TransferOrdered { to } => write!(f, "told node {to} to campaign"),
            Self::TransferRefused { to, reason } => write!(f, "leadership is not handed to node {to}: {reason}"),
            Self::TransferAborted { to, reason } => write!(f, "leadership was not handed to node {to}: {reason}"),
            _ => Ok(()),
        }
    }

    /// What became of the configuration, and of this node's own store.
    fn fmt_store(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MembershipChanged { index, joint } => {
                let joint = if *joint { ", and is joint" } else { "" };
                write!(f, "the configuration changed at index {index}{joint}")
            }
            Self::LogTruncated { from, to } => {
                write!(f, "the log from index {from} to {to} gave way to the leader's")
            }
            Self::CommitGroupsSuspended { index } => {
                write!(
                    f,
                    "only one commit group is heard, and commits alone after index {index}"
                )
            }
            Self::CommitGroupsRestored { index } => {
                write!(
                    f,
                    "two commit groups are heard, and hold what is committed after index {index}"
                )
            }
            Self::ChangeIgnored { index, reason: None } => write!(f, "the change at index {index} was cancelled"),
            Self::ChangeIgnored {
                index,
                reason: Some(reason),
            } => write!(f, "the change at index {index} was ignored: {reason}"),
            Self::Removed { index } => write!(f, "this node was removed at index {index}"),
            Self::DiskLagging { ticks: passed } => {
                write!(f, "this leader's disk owes what it owed {} ago", ticks(*passed))
            }
            Self::Diverged { index, leader } => {
                write!(
                    f,
                    "node {leader}, a leader, contradicts what is committed here at index {index}"
                )
            }
            Self::SecondLeader { leader, term } => write!(f, "node {leader} leads term {term}, too"),
            Self::Disowned { index, named } => write!(
                f,
                "the configuration of index {index} names another store for this node: {named:x}"
            ),
            Self::Unnamed { index } => {
                write!(f, "the configuration of index {index} does not name this node's store")
            }
            Self::EntriesLost { index, leader } => write!(
                f,
                "node {leader}, a leader, counts on this log up to index {index}, which does not reach there"
            ),
            Self::StorageCorrupt { index } => write!(f, "the storage is corrupt at index {index}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for StepDownReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HigherTerm => "there is a higher term",
            Self::QuorumSilent => "a quorum was silent for an election timeout",
            Self::Removed => "it is no voter any more, or another store is named in its place",
            Self::Diverged => "a later leader contradicts what is committed here",
        })
    }
}

impl fmt::Display for VoteRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeaderAlive => f.write_str("a leader is heard"),
            Self::Promised(left) => write!(f, "a leader's lease is promised for {}", ticks(*left)),
            Self::Silent(left) => write!(f, "silent for {} after a restart", ticks(*left)),
            Self::Corrupt => f.write_str("the storage is corrupt"),
            Self::Disowned => f.write_str("the configuration names another store for this node"),
            Self::Unnamed => f.write_str("the configuration does not name this node's store"),
            Self::EntriesLost(index) => write!(
                f,
                "a leader counts on this log up to index {index}, which does not reach there"
            ),
            Self::OtherIdentity(0) => {
                f.write_str("the configuration names a store for the candidate, which names none")
            }
            Self::OtherIdentity(identity) => write!(
                f,
                "the configuration names another store for the candidate than {identity:x}"
            ),
            Self::UnappliedChange => {
                f.write_str("a committed change, which may name the candidate, waits to be applied")
            }
            Self::AlreadyVoted(other) => write!(f, "the vote of this term went to node {other}"),
            Self::HasLeader(leader) => write!(f, "node {leader} leads this term"),
            Self::LogBehind => f.write_str("the candidate's log is behind"),
            Self::TermBehind => f.write_str("the candidate's term is behind"),
        }
    }
}

impl fmt::Display for TransferAbort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "it took longer than an election timeout",
            Self::Replaced => "another transferee was named",
            Self::NotVoter => "it is no voter any more",
            Self::SteppedDown => "this node stopped leading before",
        })
    }
}

impl fmt::Display for IgnoredReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EarlierTerm => "it is of an earlier term",
            Self::WrongRole => "it does not fit the role",
            Self::NoLeader => "there is no leader to pass it on to",
            Self::NotAsked => "nobody waits for it",
            Self::Rejoined => "it is from before its sender was removed and added again",
            Self::LogUnavailable => "the log cannot be read now",
            Self::Diverged => "a leader contradicted what is committed here",
        })
    }
}
