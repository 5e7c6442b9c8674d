//! Why a peer is not fed.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use crate::error::Fault;
use crate::progress::{Inflights, Progress, Stranger};
use crate::raft::Raft;
use crate::role::{Leader, NoSnapshot, Obstacle};
use crate::server::Server;
use crate::storage::{Storage, StorageError};
use crate::text::{Count, ticks};
use crate::types::{EntryId, Identity, Index, NodeId};

/// What a node is fed by this leader, and if nothing, why.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerExplanation {
    /// The node.
    pub id: NodeId,
    /// Its log matches this leader's, durably, up to here, as far as this leader knows.
    pub matched: Index,
    /// What is with it. The first says whether something keeps it from being sent entries.
    pub findings: Vec<PeerFinding>,
}

/// What is with a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerFinding {
    /// Only a leader feeds anybody.
    NotLeader {
        /// Whom to ask, if a leader is known.
        leader: Option<NodeId>,
    },
    /// This node is poisoned: it sends nothing any more.
    Poisoned(Fault),
    /// It is not in the configuration that this node has applied.
    NotMember,
    /// This leader's own disk has acknowledged no more than [`matched`](PeerExplanation::matched).
    OwnDisk {
        /// The log ends here.
        last: Index,
        /// Whether the storage is corrupt, so that its word counts no more.
        corrupt: bool,
    },
    /// It has acknowledged the whole log: there is nothing to feed.
    UpToDate,
    /// All there is was sent, and is not acknowledged.
    AllSent {
        /// Appends on their way.
        inflight: usize,
    },
    /// Nothing is in the way: it is fed with the next Ready, or when it answers a heartbeat.
    Due {
        /// From here on.
        next: Index,
    },
    /// Where the logs agree is not known: nothing more is sent until a probe, or a heartbeat, is answered.
    Probing {
        /// The probe begins here.
        next: Index,
    },
    /// As much is on its way as may be.
    WindowFull {
        /// Appends.
        messages: usize,
        /// Payload bytes in them.
        bytes: u64,
    },
    /// A snapshot was sent: nothing until it is answered, reported or counts as lost.
    SnapshotSent {
        /// The last entry that it covers.
        snapshot: EntryId,
        /// Ticks until it counts as lost; `None`: never.
        ticks_left: Option<u64>,
    },
    /// A snapshot was sent, and reported as delivered or given up: whether it arrived is asked when a heartbeat is
    /// answered.
    SnapshotUnanswered {
        /// The last entry that it covers.
        snapshot: EntryId,
    },
    /// It needs a snapshot, and gets one when it answers a heartbeat.
    SnapshotDue,
    /// It needs a snapshot, and gets one only when it is heard of.
    SnapshotUnheard,
    /// It needs a snapshot, and the storage has none that names it and covers so much: make one.
    SnapshotMissing {
        /// It must cover at least this index.
        at_least: Index,
    },
    /// It asks for a snapshot beside the log, for its state machine alone.
    SnapshotRequested {
        /// It must cover at least this index.
        at_least: Index,
        /// The one that was sent; `None`: the storage has none that names the peer and covers so much, or another one
        /// is on its way.
        sent: Option<EntryId>,
    },
    /// The storage cannot read this entry now; [`storage_ready`](crate::RawNode::storage_ready) tries again.
    StorageUnavailable {
        /// The entry.
        index: Index,
    },
    /// The storage cannot read what is to be sent.
    CannotRead(StorageError),
    /// The storage does not tell what is to be sent.
    Unreadable(Fault),
    /// It answered no heartbeat for two intervals, or counts as unreachable.
    Silent {
        /// Ticks since it was heard of, or since this node began to lead, or it joined.
        ticks: u64,
        /// Whether it was silent for an election timeout, or reported by the caller.
        unreachable: bool,
    },
    /// Since it was heard of, another store answered in its name, and was refused.
    OtherStore {
        /// The store that the configuration names.
        named: Identity,
    },
    /// Since it was heard of, a message in its name was refused as of another group.
    OtherGroup {
        /// Whether the message names no group: a store that was made without the group's id takes this group's
        /// messages, and is not taken for a member of it.
        without_id: bool,
    },
    /// Its store has an identity that the configuration does not name, so that it takes part in nothing new, unless
    /// [`accept_unnamed_store`](crate::Settings::accept_unnamed_store) is set there: name it by an
    /// [`UpdateNode`](crate::membership::ConfChangeKind::UpdateNode).
    Unnamed {
        /// The identity.
        identity: Identity,
    },
}

impl PeerFinding {
    /// Where the rule is: a section of the paper or the thesis, or an entry of `docs/etcd-differences.md`.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::NotLeader { .. }
            | Self::UpToDate
            | Self::AllSent { .. }
            | Self::Due { .. }
            | Self::Probing { .. } => "section 5.3",
            Self::Poisoned(_) | Self::StorageUnavailable { .. } | Self::CannotRead(_) | Self::Unreadable(_) => "D4",
            Self::NotMember => "section 6",
            Self::OwnDisk { .. } | Self::WindowFull { .. } => "thesis 10.2",
            Self::SnapshotSent { .. } | Self::SnapshotUnanswered { .. } => "D14",
            Self::SnapshotDue | Self::SnapshotUnheard => "section 7",
            Self::SnapshotMissing { .. } => "D17",
            Self::SnapshotRequested { .. } => "D38",
            Self::Silent { .. } => "thesis 6.2",
            Self::OtherGroup { .. } => "D27",
            Self::OtherStore { .. } | Self::Unnamed { .. } => "D28",
        }
    }
}

pub(super) fn find<S: Storage>(raft: &Raft<S>, id: NodeId) -> PeerExplanation {
    let of = |matched, findings| PeerExplanation { id, matched, findings };
    let Some(leader) = raft.role().as_leader() else {
        let leader = raft.soft_state().leader;
        return of(0, vec![PeerFinding::NotLeader { leader }]);
    };
    let Some(progress) = leader.peer(id) else {
        return of(0, vec![PeerFinding::NotMember]);
    };
    let matched = progress.matched();
    if let Some(fault) = raft.poisoned() {
        return of(matched, vec![PeerFinding::Poisoned(fault.clone())]);
    }
    let server = &raft.server;
    if id == server.id() {
        let (last, corrupt) = (server.log.last_index(), server.corrupt.is_some());
        let finding = if matched >= last {
            PeerFinding::UpToDate
        } else {
            PeerFinding::OwnDisk { last, corrupt }
        };
        return of(matched, vec![finding]);
    }
    let mut findings = vec![feeding(raft, leader, id, progress)];
    if let Some(at_least) = progress.asks_for() {
        let sent = progress.asked_on_its_way().map(|(sent, _)| sent);
        findings.push(PeerFinding::SnapshotRequested { at_least, sent });
    }
    let two_heartbeats = server.config.settings().heartbeat_interval_ticks.saturating_mul(2);
    if progress.is_missing() || progress.silent_ticks() > two_heartbeats {
        findings.push(PeerFinding::Silent {
            ticks: progress.silent_ticks(),
            unreachable: progress.is_missing(),
        });
    }
    findings.extend(store(server, leader, id, progress));
    of(matched, findings)
}

/// What is with its store.
fn store<S: Storage>(
    server: &Server<S>,
    leader: &Leader,
    id: NodeId,
    progress: &Progress,
) -> impl Iterator<Item = PeerFinding> {
    let stranger = match progress.stranger() {
        Stranger::Nobody => None,
        Stranger::OtherStore => {
            let named = server.membership.identity(id);
            named.map(|named| PeerFinding::OtherStore { named })
        }
        Stranger::OtherGroup { without_id } => Some(PeerFinding::OtherGroup { without_id }),
    };
    let unnamed = leader.unnamed_store(server, id);
    let unnamed = unnamed.map(|identity| PeerFinding::Unnamed { identity });
    stranger.into_iter().chain(unnamed)
}

fn feeding<S: Storage>(raft: &Raft<S>, leader: &Leader, id: NodeId, progress: &Progress) -> PeerFinding {
    let (server, next) = (&raft.server, progress.next());
    if progress.matched() >= server.log.last_index() {
        return PeerFinding::UpToDate;
    }
    let inflight = progress.inflights().map_or(0, Inflights::len);
    let obstacle = match leader.obstacle(server, id) {
        Ok(None) => return PeerFinding::Due { next },
        Ok(Some(obstacle)) => obstacle,
        Err(fault) => return PeerFinding::Unreadable(fault),
    };
    match obstacle {
        Obstacle::NothingNew => PeerFinding::AllSent { inflight },
        Obstacle::Probing => PeerFinding::Probing { next },
        Obstacle::WindowFull => PeerFinding::WindowFull {
            messages: inflight,
            bytes: progress.inflights().map_or(0, Inflights::bytes),
        },
        Obstacle::SnapshotSent(snapshot) => PeerFinding::SnapshotSent {
            snapshot,
            ticks_left: progress.snapshot_wait(),
        },
        Obstacle::SnapshotUnanswered(snapshot) => PeerFinding::SnapshotUnanswered { snapshot },
        Obstacle::SnapshotDue => PeerFinding::SnapshotDue,
        Obstacle::NoSnapshot(NoSnapshot::Unheard) => PeerFinding::SnapshotUnheard,
        Obstacle::NoSnapshot(NoSnapshot::Missing { at_least }) => PeerFinding::SnapshotMissing { at_least },
        Obstacle::NotNow(index) => PeerFinding::StorageUnavailable { index },
        Obstacle::CannotRead(error) => PeerFinding::CannotRead(error),
    }
}

impl fmt::Display for PeerExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} (matched {})", self.id, self.matched)?;
        for (position, finding) in self.findings.iter().enumerate() {
            write!(f, "{} {finding}", if position == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl fmt::Display for PeerFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader { leader: None } => f.write_str("this node does not lead, and knows no leader")?,
            Self::NotLeader { leader: Some(leader) } => write!(f, "this node does not lead: ask node {leader}")?,
            Self::Poisoned(fault) => write!(f, "this node is poisoned: {fault}")?,
            Self::NotMember => f.write_str("it is not in the configuration")?,
            Self::OwnDisk { last, corrupt: false } => {
                write!(
                    f,
                    "this leader's own disk has not acknowledged the log up to index {last}"
                )?;
            }
            Self::OwnDisk { corrupt: true, .. } => {
                f.write_str("this leader's storage is corrupt, and its own word counts no more")?;
            }
            Self::UpToDate => f.write_str("it is up to date")?,
            Self::AllSent { inflight } => {
                let appends = Count(u64::try_from(*inflight).unwrap_or(u64::MAX), "append");
                write!(f, "all was sent, and is not acknowledged, {appends} in flight")?;
            }
            Self::Due { next } => write!(f, "nothing is in the way, entries from index {next} on are due")?,
            Self::Probing { next } => write!(
                f,
                "where the logs agree is not known, and a probe from index {next} on, or a heartbeat, is to be answered"
            )?,
            Self::WindowFull { messages, bytes } => {
                let appends = Count(u64::try_from(*messages).unwrap_or(u64::MAX), "append");
                write!(f, "the window is full, {appends} with {bytes} bytes in flight")?;
            }
            Self::SnapshotSent { .. }
            | Self::SnapshotUnanswered { .. }
            | Self::SnapshotDue
            | Self::SnapshotUnheard
            | Self::SnapshotRequested { .. }
            | Self::SnapshotMissing { .. } => self.fmt_snapshot(f)?,
            Self::StorageUnavailable { .. } | Self::CannotRead(_) | Self::Unreadable(_) => self.fmt_storage(f)?,
            Self::Silent {
                ticks: silent,
                unreachable,
            } => {
                let known = if *unreachable {
                    ", and counts as unreachable"
                } else {
                    ""
                };
                write!(f, "it was not heard for {}{known}", ticks(*silent))?;
            }
            Self::OtherStore { .. } | Self::OtherGroup { .. } | Self::Unnamed { .. } => self.fmt_store(f)?,
        }
        write!(f, " [{}]", self.rule())
    }
}

impl PeerFinding {
    fn fmt_storage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StorageUnavailable { index } => write!(f, "the storage cannot read index {index} now"),
            Self::CannotRead(error) => write!(f, "the storage cannot read what it needs: {error}"),
            Self::Unreadable(fault) => write!(f, "what it needs cannot be told: {fault}"),
            _ => Ok(()),
        }
    }

    fn fmt_store(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherStore { named } => write!(
                f,
                "another store answers in its name than {named:x}, which the configuration names"
            ),
            Self::OtherGroup { without_id: true } => f.write_str(
                "messages in its name are refused, which do not name the group: is its store made with the group's id?",
            ),
            Self::OtherGroup { without_id: false } => {
                f.write_str("messages in its name are refused, which name another group")
            }
            Self::Unnamed { identity } => write!(
                f,
                "its store has an identity that the configuration does not name, {identity:x}: it takes part in \
                 nothing new, unless accept_unnamed_store is set there"
            ),
            _ => Ok(()),
        }
    }

    fn fmt_snapshot(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SnapshotSent { snapshot, ticks_left } => {
                write!(f, "the snapshot {snapshot} is not answered")?;
                match ticks_left {
                    Some(left) => write!(f, ", and counts as lost in {}", ticks(*left)),
                    None => Ok(()),
                }
            }
            Self::SnapshotUnanswered { snapshot } => {
                write!(
                    f,
                    "whether the snapshot {snapshot} arrived is asked when a heartbeat is answered"
                )
            }
            Self::SnapshotDue => f.write_str("it needs a snapshot, and gets one when it answers a heartbeat"),
            Self::SnapshotUnheard => f.write_str("it needs a snapshot, and gets one when it is heard"),
            Self::SnapshotRequested { at_least, sent } => {
                write!(f, "its state machine waits for a snapshot that covers index {at_least}")?;
                sent.map_or(Ok(()), |sent| write!(f, ", and was sent {sent}"))
            }
            Self::SnapshotMissing { at_least } => write!(
                f,
                "it needs a snapshot that names it and covers index {at_least}, and the storage has none"
            ),
            _ => Ok(()),
        }
    }
}
