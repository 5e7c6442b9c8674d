//! What happened that is worth knowing, as data: for logs, metrics and operators.
//!
//! Events never make a [`Ready`](crate::Ready) of their own: they ride along, or are taken with
//! [`RawNode::take_events`](crate::RawNode::take_events).

mod text;

use crate::error::{CampaignRefusal, ChangeRefusal, TransferRefusal};
use crate::types::{EntryId, Identity, Index, NodeId, Term};

/// Something that happened in this node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Event {
    /// Another leader is known, or none.
    LeaderChanged {
        /// Who leads now.
        leader: Option<NodeId>,
        /// In which term.
        term: Term,
    },
    /// This node campaigns.
    BecameCandidate {
        /// The term it campaigns for.
        term: Term,
        /// Only a pre-vote.
        pre_vote: bool,
    },
    /// This node leads.
    BecameLeader {
        /// In this term.
        term: Term,
    },
    /// This node led and does not any more.
    SteppedDown {
        /// Why.
        reason: StepDownReason,
        /// The term it led in.
        term: Term,
    },
    /// A campaign was due, or ordered by the leader, and did not take place. (The caller's own order
    /// is answered with an error instead.)
    CampaignRefused {
        /// Why.
        reason: CampaignRefusal,
    },
    /// A candidate did not get this node's vote.
    VoteRefused {
        /// Who asked.
        candidate: NodeId,
        /// For which term.
        term: Term,
        /// Only a pre-vote.
        pre_vote: bool,
        /// Why.
        reason: VoteRefusal,
    },
    /// A candidate got this node's vote. (Its own, as a candidate, goes without saying.)
    VoteGranted {
        /// Who asked.
        candidate: NodeId,
        /// For which term.
        term: Term,
        /// Only a pre-vote.
        pre_vote: bool,
    },
    /// A message was ignored: neither acted upon nor responded to, nor refused with an error. Told once a tick at most;
    /// [`Counters`](crate::status::Counters) count each.
    MessageIgnored {
        /// Who sent it.
        from: NodeId,
        /// Its kind: [`Payload::name`](crate::message::Payload::name).
        kind: &'static str,
        /// Its term.
        term: Term,
        /// Why.
        reason: IgnoredReason,
    },
    /// A peer was silent for an election timeout, or the caller reported that it cannot be reached.
    PeerUnreachable {
        /// The peer.
        peer: NodeId,
    },
    /// It responds again.
    PeerReachable {
        /// The peer.
        peer: NodeId,
        /// For how many ticks it was not heard, at most from when this node began to lead, or the peer joined.
        silent_ticks: u64,
    },
    /// A peer needs a snapshot, or [asks for one](crate::RawNode::request_snapshot), and the storage has none yet, or
    /// none that names the peer: make one of what is applied now
    /// ([`snapshot_metadata`](crate::RawNode::snapshot_metadata)). Told again whenever the peer responds, until the
    /// storage has one that covers `at_least` and names the peer: then call
    /// [`storage_ready`](crate::RawNode::storage_ready), which sends it at once (else it goes out when the peer next
    /// answers), and [`SnapshotSent`](Self::SnapshotSent) says so. The metadata of a snapshot names the peer as soon as
    /// the change that adds it is applied.
    SnapshotNeeded {
        /// The peer.
        peer: NodeId,
        /// It must cover at least this index.
        at_least: Index,
    },
    /// A snapshot goes out.
    SnapshotSent {
        /// The peer.
        peer: NodeId,
        /// Which: the last entry that it covers. [`report_snapshot`](crate::RawNode::report_snapshot) takes it.
        snapshot: EntryId,
    },
    /// A peer did not respond to a snapshot in time and is probed again.
    SnapshotStalled {
        /// The peer.
        peer: NodeId,
        /// Which: the last entry that it covers.
        snapshot: EntryId,
    },
    /// This node [asks for a snapshot](crate::RawNode::request_snapshot).
    SnapshotRequested {
        /// It must cover at least this index.
        at_least: Index,
    },
    /// The snapshot that this node asked for has come, and is handed out as soon as it may be.
    SnapshotServed {
        /// The last entry that it covers.
        snapshot: EntryId,
    },
    /// A forwarded read was dropped for want of room or of a leader.
    ReadDropped {
        /// Who sent it.
        from: NodeId,
    },
    /// Leadership is being handed over.
    TransferStarted {
        /// To whom.
        to: NodeId,
    },
    /// The transferee has the whole log and is told to campaign. What comes of it, the next
    /// [`LeaderChanged`](Self::LeaderChanged) tells.
    TransferOrdered {
        /// The transferee.
        to: NodeId,
    },
    /// A wish for a transfer that a follower had passed on was refused: at the leader, and at the follower that
    /// was asked. (The leader's own caller gets an error instead.)
    TransferRefused {
        /// Who was to lead.
        to: NodeId,
        /// Why not.
        reason: TransferRefusal,
    },
    /// Leadership was not handed over after all.
    TransferAborted {
        /// To whom it should have gone.
        to: NodeId,
        /// Why not.
        reason: TransferAbort,
    },
    /// With asynchronous writes: this leader's own disk has not acknowledged for an election timeout what was to be
    /// stored. The group goes on by what the others store; see
    /// [`transfer_when_disk_lags`](crate::Settings::transfer_when_disk_lags). Told again only after the disk caught up.
    DiskLagging {
        /// For how many ticks, at least.
        ticks: u64,
    },
    /// The leader has something else than this node's log had here, which is dropped: entries that were never known to
    /// be committed. An early hint, which decides nothing: another node may still have them, and commit them (Figure 8
    /// of the paper). What became of a proposal, [`pending::Proposals`](crate::pending::Proposals) tells.
    LogTruncated {
        /// From here on. Where a snapshot took the log's place, this is the first that was not known to be
        /// committed, and the snapshot may have covered some of them.
        from: Index,
        /// Up to here: where the log ended.
        to: Index,
    },
    /// At a leader with [commit groups](crate::Settings::commit_groups), which hears a quorum: all voters of all other
    /// groups were silent for an election timeout, and a quorum commits alone from here on
    /// ([`commit_without_silent_groups`](crate::Settings::commit_without_silent_groups)).
    CommitGroupsSuspended {
        /// What was committed before.
        index: Index,
    },
    /// That is over: another group is heard again, or the settings ask for something else. Where they ask for two
    /// groups, what is committed after this is held by two.
    CommitGroupsRestored {
        /// What was committed before.
        index: Index,
    },
    /// The configuration changed.
    MembershipChanged {
        /// The entry or snapshot that changed it.
        index: Index,
        /// Whether it is joint now.
        joint: bool,
    },
    /// A committed configuration change was ignored: it cannot be made, or the caller cancelled it.
    ChangeIgnored {
        /// The entry.
        index: Index,
        /// Why; `None`: cancelled by the caller.
        reason: Option<ChangeRefusal>,
    },
    /// This node is no longer in the configuration. If it led until now, it does not any more: keep it running until a
    /// successor has committed in its term, for it may still be needed to elect one, and that takes an election
    /// timeout. If it [handed over](crate::RawNode::transfer_leader) before it was removed, neither is so.
    Removed {
        /// The entry that removed it.
        index: Index,
    },
    /// The leader contradicts what is committed here: no more votes, candidacies, acknowledgements or
    /// applying from here.
    Diverged {
        /// Where.
        index: Index,
        /// The leader that contradicts.
        leader: NodeId,
    },
    /// A member says that what this leader sent contradicts what is committed there.
    PeerDiverged {
        /// The member.
        peer: NodeId,
        /// The entry that is committed there.
        committed: EntryId,
    },
    /// Another node leads in this leader's own term, which cannot be: a store was lost, or two nodes have one
    /// id. Stop the group and find out.
    SecondLeader {
        /// The other one.
        leader: NodeId,
        /// The term.
        term: Term,
    },
    /// The configuration names another store for this node, which takes part in nothing from here on until it is
    /// removed, and added with its own identity.
    Disowned {
        /// The configuration is as of this index.
        index: Index,
        /// The store that it names.
        named: Identity,
    },
    /// The store has an identity, and the configuration has this node as a member without naming it: it was added
    /// without its name, or the store lost that, and any other store could take its place. The node takes part in
    /// nothing, unless [`accept_unnamed_store`](crate::Settings::accept_unnamed_store) is set.
    Unnamed {
        /// The configuration is as of this index.
        index: Index,
    },
    /// A member answers this leader from a store with this identity, and the configuration does not name it: the member
    /// was added without its name. It takes part in nothing, and is of no use as a voter, until an `UpdateNode` names
    /// the store. (Not told where [`accept_unnamed_store`](crate::Settings::accept_unnamed_store) is set.)
    PeerUnnamed {
        /// The member.
        peer: NodeId,
        /// The identity of its store.
        identity: Identity,
    },
    /// A leader counts on entries that are not in this node's log, though its store is the one that is named: it is an
    /// earlier state of itself, or a copy of one. This node votes for nobody, nor campaigns, until its log reaches
    /// there.
    EntriesLost {
        /// Up to here the leader counts on the log.
        index: Index,
        /// The leader.
        leader: NodeId,
    },
    /// A member says that its log ends before what it had acknowledged to this leader: its store is an earlier
    /// state of itself, or the response is a late one.
    PeerLostEntries {
        /// The member.
        peer: NodeId,
        /// It acknowledged up to here.
        matched: Index,
        /// Its log may agree up to here.
        agreed: Index,
    },
    /// The storage reports corruption: no more votes, candidacies or acknowledgements from here.
    StorageCorrupt {
        /// Where.
        index: Index,
    },
}

/// Why a leader stopped leading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum StepDownReason {
    /// Somebody has a higher term.
    HigherTerm,
    /// A quorum was silent for an election timeout (thesis 6.2).
    QuorumSilent,
    /// It was removed, or demoted, or another store is named in its place.
    Removed,
    /// A later leader contradicts what is committed here.
    Diverged,
}

/// Why a vote was not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum VoteRefusal {
    /// A leader is heard (thesis 4.2.3); there is no response.
    LeaderAlive,
    /// A lease is promised for so many ticks; there is no response.
    Promised(u64),
    /// Silent for so many ticks after a restart; there is no response.
    Silent(u64),
    /// The storage is corrupt; there is no response.
    Corrupt,
    /// The configuration names another store for this node; there is no response.
    Disowned,
    /// The configuration does not name this node's store, which has an identity; there is no response.
    Unnamed,
    /// A leader counts on this node's log up to here, which does not reach there; there is no response.
    EntriesLost(Index),
    /// The configuration names another store for the candidate, which has this identity (zero for none); there
    /// is no response.
    OtherIdentity(Identity),
    /// A committed change waits to be applied, which may name another store for the candidate; there is no
    /// response.
    UnappliedChange,
    /// The vote of this term went to another (section 5.2).
    AlreadyVoted(NodeId),
    /// This term has a leader.
    HasLeader(NodeId),
    /// The candidate's log is behind ours (section 5.4.1).
    LogBehind,
    /// The candidate's term is behind ours.
    TermBehind,
}

/// Why a message was ignored: nothing is wrong with it, but it is of no use here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum IgnoredReason {
    /// Its term is behind ours (section 5.1). Who should hear of ours is answered instead, and that is not counted
    /// here: a leader, where pre-vote, check-quorum or promises are on, and a candidate.
    EarlierTerm,
    /// It does not fit the role: a response to what an earlier role asked (a vote after the election, say), or what
    /// only a follower is told.
    WrongRole,
    /// A wish for a transfer, and no leader to pass it on to.
    NoLeader,
    /// Nobody waits for it: the response to a read that this node does not ask (any more), or its own read that comes
    /// back to it.
    NotAsked,
    /// An append response from before its sender was removed and added again.
    Rejoined,
    /// An append or a snapshot, and the storage could not be read to compare it with the log. The leader says it again.
    LogUnavailable,
    /// A snapshot, and a leader has contradicted what is committed here: nothing more is installed.
    Diverged,
}

impl IgnoredReason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::EarlierTerm,
        Self::WrongRole,
        Self::NoLeader,
        Self::NotAsked,
        Self::Rejoined,
        Self::LogUnavailable,
        Self::Diverged,
    ];
}

/// Why leadership was not handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum TransferAbort {
    /// It took longer than an election timeout.
    Timeout,
    /// Another transferee was named.
    Replaced,
    /// The transferee is no longer a voter.
    NotVoter,
    /// This node stopped leading before the transferee was told to campaign.
    SteppedDown,
}
