//! Errors, one enum for each decision a caller has to make: whose fault, and who can act.
//!
//! [`StepError`]: a peer's message. [`ProposeError`], [`ReadError`], [`TransferError`], [`SnapshotError`]: the
//! caller's request. [`ConfigError`]: the settings or the store they meet. [`ReadyError`],
//! [`ApplyError`], [`AcknowledgeError`]: the order of calls. In each of them, and by itself where nothing else can go
//! wrong, [`NodeError`]: this node, or its storage, is broken.

use alloc::string::String;

use crate::membership::{CatchUp, ChangeError};
use crate::storage::StorageError;
use crate::types::{ClusterId, Identity, Index, NodeId, Term};

/// Why a call failed through no fault of its own: the node is broken, or its storage is. Other nodes in the
/// process are not touched.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The node stopped for good: it answers every call with this, and does nothing any more. Drop it and, once
    /// its storage works, make a new one from that ([`RawNode::new`](crate::RawNode::new)).
    #[error("this node is poisoned: {0}")]
    Poisoned(Fault),
    /// This call met something that the storage cannot read ([`StorageError::Corrupt`]). The node is not poisoned:
    /// keep it, and go on calling it as before. It serves what it can read, but promises nothing more until it is
    /// rebuilt ([`Status::corrupt`](crate::Status::corrupt)): no votes, candidacies or acknowledgements. Remove it
    /// from the group, and add it again with an empty storage, under a new id, or with a new identity where members
    /// are named. (Where what is to be applied cannot be read, no call fails:
    /// [`Event::StorageCorrupt`](crate::Event::StorageCorrupt) tells.)
    ///
    /// What was asked may have been done in part, as if the answer had been lost: a proposal may be in the log, and a
    /// configuration change is made. An acknowledgement counts, and so does a batch that is advanced. After
    /// [`ready`](crate::RawNode::ready), ask again.
    #[error("the storage is corrupt at index {index}")]
    Corrupt {
        /// Where.
        index: Index,
    },
}

/// What poisons a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The storage failed, or broke its contract. ([`StorageError::Corrupt`] poisons nobody.)
    #[error("storage: {0}")]
    Storage(#[from] StorageError),
    /// An invariant of this crate does not hold: a bug here, please report it.
    #[error("broken invariant: {0}")]
    Invariant(&'static str),
}

/// Why a message was refused. The node is as it was before, but for [`Diverged`](Self::Diverged), after which it makes
/// no promises, and, where the configuration names its store by an [identity](crate::storage::InitialState::identity),
/// [`BeyondLog`](Self::BeyondLog) of a heartbeat, after which it votes for nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The message is from a node of another group, or of one without an id.
    #[error("the message is of group {theirs}, this is a node of group {ours}")]
    ForeignCluster {
        /// The group that the message names; zero for none.
        theirs: ClusterId,
        /// Ours.
        ours: ClusterId,
    },
    /// The message is for another node.
    #[error("the message is for node {to}, this is node {id}")]
    Misrouted {
        /// Whom it is for.
        to: NodeId,
        /// Who we are.
        id: NodeId,
    },
    /// The sender is zero, or claims to be this node.
    #[error("node {from} cannot have sent this")]
    ImpossibleSender {
        /// Who it claims to be from.
        from: NodeId,
    },
    /// A response from a node that is not in the configuration.
    #[error("a response from node {from}, which is not in the configuration")]
    UnknownPeer {
        /// Who it is from.
        from: NodeId,
    },
    /// A response, in the name of a member, from another store than the one that the configuration names for it.
    #[error("a response from node {from} with store {identity:x}, the configuration names {known:x}")]
    OtherIdentity {
        /// Who it is from.
        from: NodeId,
        /// The store that the configuration names.
        known: Identity,
        /// The store that answered; zero for none.
        identity: Identity,
    },
    /// The message carries no term, but its kind must.
    #[error("a message of this kind needs a term")]
    MissingTerm,
    /// The message carries a term, but its kind must not.
    #[error("a message of this kind carries no term, this one says {0}")]
    UnexpectedTerm(Term),
    /// A number is larger than [`NUMBER_MAX`](crate::types::NUMBER_MAX).
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// The parts of the message contradict each other.
    #[error("malformed: {0}")]
    Malformed(&'static str),
    /// The message speaks of an index that this log does not have: a store was lost or mixed up. Not to be passed over
    /// in a log of warnings: without [identities](crate::storage::InitialState::identity) a store that was lost and
    /// founded anew goes on to vote, and what is committed may be lost with it.
    #[error("index {index} is beyond the last index {last}")]
    BeyondLog {
        /// The index in the message.
        index: Index,
        /// Our last index.
        last: Index,
    },
    /// The leader's message contradicts what is committed here: one of the two stores lost something, or
    /// history was made twice. This node promises and applies nothing more until it is rebuilt
    /// ([`Status::diverged`](crate::Status::diverged)); its term and timers are as they were.
    #[error("entry {index} is committed here in term {ours}, the leader has it of term {theirs}")]
    Diverged {
        /// Where.
        index: Index,
        /// The term of the committed entry here.
        ours: Term,
        /// The term of the leader's; the same if only the data differs.
        theirs: Term,
    },
    /// The snapshot's configuration is not one.
    #[error("the snapshot's configuration: {0}")]
    ConfState(#[from] ChangeError),
    /// A forwarded proposal was refused.
    #[error("forwarded proposal: {0}")]
    Proposal(#[from] ProposeError),
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a proposal was refused. Nothing was appended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError {
    /// No leader is known; try again later.
    #[error("no leader is known")]
    NoLeader,
    /// This node does not lead, and forwarding is switched off (or not possible for this call).
    #[error("this node does not lead, node {leader} does")]
    NotLeader {
        /// Who leads.
        leader: NodeId,
    },
    /// Leadership is being handed over.
    #[error("leadership is being handed to node {to}")]
    Transferring {
        /// To whom.
        to: NodeId,
    },
    /// [`Settings::max_uncommitted_bytes`](crate::Settings::max_uncommitted_bytes) is reached; try again when
    /// something has committed, or with asynchronous writes when the disk has acknowledged something.
    #[error("{waiting} bytes that wait to be committed and stored leave no room")]
    Full {
        /// Payload bytes that count: [`Status::uncommitted_bytes`](crate::Status::uncommitted_bytes).
        waiting: u64,
    },
    /// An entry is larger than [`Settings::max_entry_bytes`](crate::Settings::max_entry_bytes).
    #[error("an entry of {bytes} bytes, the bound is {max}")]
    TooLarge {
        /// Bytes of its payload.
        bytes: u64,
        /// The bound.
        max: u64,
    },
    /// There are no more indexes.
    #[error("there are no more indexes")]
    Exhausted,
    /// This leader is no longer in the configuration.
    #[error("this node is not in the configuration")]
    Removed,
    /// A forwarded message without entries.
    #[error("nothing is proposed")]
    Empty,
    /// The configuration change cannot be made now, or at all.
    #[error("configuration change: {0}")]
    Change(#[from] ChangeRefusal),
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a configuration change was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum ChangeRefusal {
    /// An earlier change, or whatever was in the log at the election, is not applied yet.
    #[error("the log up to index {index} may hold a change and is applied to {applied} only")]
    Pending {
        /// Up to here the log may hold a change.
        index: Index,
        /// Up to here it is applied.
        applied: Index,
    },
    /// The joint configuration must be left first.
    #[error("the joint configuration must be left first")]
    Joint,
    /// There is no joint configuration to leave.
    #[error("there is no joint configuration to leave")]
    NotJoint,
    /// The change does not fit the configuration.
    #[error(transparent)]
    Invalid(#[from] ChangeError),
    /// The entry's bytes are not a configuration change.
    #[error("not a configuration change: {0}")]
    Undecodable(DecodeError),
    /// Only a learner can be made a voter by [`propose_promotion`](crate::RawNode::propose_promotion).
    #[error("node {id} is no learner")]
    NotLearner {
        /// Who was to be a voter.
        id: NodeId,
    },
    /// The learner that was to be a voter has not caught up with the log; this is how far it is.
    #[error("{0}")]
    NotCaughtUp(CatchUp),
    /// Compare-and-set: the configuration changed after the expected index.
    #[error("the configuration changed at index {changed}, after the expected index {expected}")]
    Changed {
        /// The index that the caller expected.
        expected: Index,
        /// Where a later change is.
        changed: Index,
    },
    /// Compare-and-set: the log does not reach back to the expected index.
    #[error("the log does not tell whether the configuration changed after index {expected}")]
    Unknown {
        /// The index that the caller expected.
        expected: Index,
    },
}

/// Why a read was refused at once. (A read may also come back refused later, in a
/// [`ReadState`](crate::ready::ReadState).)
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// No leader is known; try again later.
    #[error("no leader is known")]
    NoLeader,
    /// Too many reads wait for an answer ([`Settings::max_pending_reads`](crate::Config)).
    #[error("{pending} reads wait already")]
    Full {
        /// Reads that wait.
        pending: usize,
    },
    /// A leader contradicts what is committed here, and so perhaps what was applied
    /// ([`Status::diverged`](crate::Status::diverged)).
    #[error("a leader contradicts what is committed here")]
    Diverged,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a node cannot be handed leadership.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum TransferRefusal {
    /// It is not in the configuration.
    #[error("it is not in the configuration")]
    Unknown,
    /// It is a learner.
    #[error("it is a learner")]
    Learner,
}

/// Why leadership is not being handed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// No leader is known; or this node, which does not lead, was asked to choose a successor.
    #[error("no leader is known")]
    NoLeader,
    /// Only the leader can choose a transferee.
    #[error("this node does not lead, node {leader} does")]
    NotLeader {
        /// Who leads.
        leader: NodeId,
    },
    /// The node is not in the configuration as this node knows it; a follower may lag behind.
    #[error("node {to} is not in the configuration")]
    Unknown {
        /// The transferee.
        to: NodeId,
    },
    /// A learner, as far as this node knows, cannot lead.
    #[error("node {to} is a learner")]
    Learner {
        /// The transferee.
        to: NodeId,
    },
    /// There is no other voter.
    #[error("there is no other voter")]
    Nobody,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why this node did not campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum CampaignRefusal {
    /// It leads already.
    #[error("this node leads already")]
    Leading,
    /// It is no voter.
    #[error("this node is no voter")]
    NotVoter,
    /// It has a snapshot to install first.
    #[error("a snapshot waits to be stored")]
    SnapshotPending,
    /// A committed configuration change waits to be applied: the next term needs it.
    #[error("a committed configuration change waits to be applied")]
    UnappliedChange,
    /// It promised a leader not to (the lease), for so many ticks.
    #[error("a leader's lease is promised for {0} ticks")]
    Promised(u64),
    /// It restarted and may have promised before, for so many ticks.
    #[error("silent for {0} ticks after a restart")]
    Silent(u64),
    /// Its storage is corrupt.
    #[error("the storage is corrupt at index {0}")]
    Corrupt(Index),
    /// The configuration names another store for it.
    #[error("the configuration names another store for this node")]
    Disowned,
    /// A leader counts on its log up to here, which does not reach there.
    #[error("a leader counts on this log up to index {0}, which does not reach there")]
    EntriesLost(Index),
    /// There are no more terms, or no index for the entry that opens the next.
    #[error("there are no more terms, or indexes")]
    Exhausted,
}

/// Why a campaign call failed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum CampaignError {
    /// The node may not campaign now.
    #[error(transparent)]
    Refused(#[from] CampaignRefusal),
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why no [`Ready`](crate::Ready) was handed out.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ReadyError {
    /// The last one was not advanced. If it was dropped because persisting failed, the node must
    /// be rebuilt from storage.
    #[error("the last Ready was not advanced")]
    Outstanding,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why there is no snapshot to take now ([`RawNode::snapshot_metadata`](crate::RawNode::snapshot_metadata)).
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Nothing is applied: the store is new.
    #[error("nothing is applied yet")]
    NothingApplied,
    /// A Ready with committed entries is out: the state machine may be ahead of what is acknowledged. Advance it, and
    /// ask again.
    #[error("entries up to index {handed_out} are handed out, and applied only to {applied}")]
    Applying {
        /// Applied and acknowledged.
        applied: Index,
        /// Handed out for applying.
        handed_out: Index,
    },
    /// The configuration is as of later than what is applied, and the one as of that is not known any more. It ends
    /// when the state machine gets there: when the snapshot that was received is stored, when the change that is being
    /// applied is acknowledged.
    #[error("the configuration is as of index {configured_at}, and only {applied} is applied")]
    ConfigurationAhead {
        /// Applied and acknowledged.
        applied: Index,
        /// Up to here the configuration has all changes.
        configured_at: Index,
    },
    /// A leader contradicts what is committed here, and so perhaps what was applied
    /// ([`Status::diverged`](crate::Status::diverged)).
    #[error("a leader contradicts what is committed here")]
    Diverged,
    /// The storage did not tell the term of what is applied. The node is as it was before, and not poisoned by that.
    #[error("storage: {0}")]
    Storage(#[from] StorageError),
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a configuration change was neither applied nor cancelled. The node is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// No such change was handed out for applying, or it was applied or cancelled before.
    #[error("the change at index {index} of term {term} is not handed out, or was applied or cancelled before")]
    NotHandedOut {
        /// The entry's index.
        index: Index,
        /// The entry's term.
        term: Term,
    },
    /// An earlier change is to be applied or cancelled first.
    #[error("the change at index {index} comes after the one at index {expected}")]
    OutOfOrder {
        /// The entry's index.
        index: Index,
        /// Where the change is that is next.
        expected: Index,
    },
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why an acknowledgement was refused. The node is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AcknowledgeError {
    /// This Ready is not the one that is outstanding on this node.
    #[error("Ready number {number} is not outstanding here")]
    NotOutstanding {
        /// The Ready's number.
        number: u64,
    },
    /// It belongs to another node, to an earlier start of this one, or to a clone that went another
    /// way.
    #[error("this belongs to another node, to an earlier start, or to a clone")]
    Foreign,
    /// This acknowledgement was given before.
    #[error("acknowledgement number {number} was given before")]
    Repeated {
        /// The acknowledgement's number.
        number: u64,
    },
    /// An earlier task was not acknowledged yet, or this acknowledgement was never handed out here.
    #[error("acknowledgement number {number} is out of order, {expected} is next")]
    OutOfOrder {
        /// The acknowledgement's number.
        number: u64,
        /// Which is next.
        expected: u64,
    },
    /// The node left the configuration, so that its own acknowledgement counts for nothing.
    #[error("node {id} is not in the configuration")]
    Removed {
        /// The node.
        id: NodeId,
    },
    /// A committed configuration change was neither applied nor cancelled.
    #[error("the configuration change at index {index} is neither applied nor cancelled")]
    UnhandledChange {
        /// Where the first such change is.
        index: Index,
    },
    /// The Ready's committed entries were not taken, so that they cannot have been applied.
    #[error("the committed entries from index {index} on were not taken")]
    NotTaken {
        /// The first of them.
        index: Index,
    },
    /// The Ready has a snapshot that nobody asked for, so that the state machine cannot have begun anew with it
    /// ([`Persisted::snapshot`](crate::ready::Persisted::snapshot)).
    #[error("the state machine has not begun anew with the snapshot at index {index}")]
    NotRestored {
        /// The last index that it covers.
        index: Index,
    },
    /// The Ready has something to persist that nobody has looked at.
    #[error("there is something to persist that nobody has looked at")]
    NotPersisted,
    /// With [`Settings::async_storage_writes`](crate::Settings::async_storage_writes), tasks are
    /// acknowledged and nothing is advanced; without, the other way round.
    #[error("the node is configured for the other way of writing")]
    WrongMode,
    /// See [`NodeError`].
    #[error(transparent)]
    Node(#[from] NodeError),
}

/// Why a node cannot be made (or set) this way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting is outside its bounds.
    #[error("{setting} must be {bound}")]
    Bound {
        /// The field of [`Config`](crate::Config).
        setting: &'static str,
        /// What it must be.
        bound: &'static str,
    },
    /// A setting that does not change while the node runs.
    #[error("{0} cannot change while the node runs")]
    Fixed(&'static str),
    /// The state machine is behind the snapshot that the log begins with.
    #[error("applied is {applied}, but the log begins after index {snapshot}")]
    AppliedBehindSnapshot {
        /// `Config::applied`.
        applied: Index,
        /// The index before the first entry.
        snapshot: Index,
    },
    /// The state machine is ahead of the log: a store was lost or mixed up.
    #[error("applied is {applied}, but the last index is {last}")]
    AppliedBeyondLog {
        /// `Config::applied`.
        applied: Index,
        /// The last index.
        last: Index,
    },
    /// The stored commit index is ahead of the log.
    #[error("the stored commit index is {commit}, but the last index is {last}")]
    CommitBeyondLog {
        /// The stored commit index.
        commit: Index,
        /// The last index.
        last: Index,
    },
    /// The stored configuration is older than the log reaches back: changes after it may be lost.
    #[error("the stored configuration is as of index {index}, but the log begins after index {snapshot}")]
    ConfStateBehindSnapshot {
        /// What the configuration is as of.
        index: Index,
        /// The index before the first entry.
        snapshot: Index,
    },
    /// The stored configuration is ahead of the log: a store was lost or mixed up.
    #[error("the stored configuration is as of index {index}, but the last index is {last}")]
    ConfStateBeyondLog {
        /// What the configuration is as of.
        index: Index,
        /// The last index.
        last: Index,
    },
    /// The stored configuration is not one.
    #[error("the stored configuration: {0}")]
    ConfState(#[from] ChangeError),
    /// The storage failed, or its answers contradict each other.
    #[error("storage: {0}")]
    Storage(#[from] StorageError),
    /// The store is another group's: a directory was mixed up. (Zero: no id.)
    #[error("the store is of group {stored}, the settings name group {configured}")]
    ForeignStore {
        /// The group that the store was made for.
        stored: ClusterId,
        /// [`Config::cluster_id`](crate::Config::cluster_id).
        configured: ClusterId,
    },
    /// Bootstrap by a node that is none of the new group's voters: a learner, and whoever joins later, starts with an
    /// empty store instead.
    #[error("node {id} is no voter of the group that it is to found")]
    NotFounder {
        /// The node.
        id: NodeId,
    },
    /// Bootstrap with another store than the one that the configuration names for this node: give the store its
    /// identity first.
    #[error("the store with identity {identity:x} is not the one that the configuration names for this node")]
    Stranger {
        /// [`InitialState::identity`](crate::storage::InitialState::identity); zero for none.
        identity: Identity,
    },
    /// Bootstrap needs an unused store.
    #[error("the store has been used: {0}")]
    Used(String),
}

/// A buffer that does not grow has too little room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{needed} bytes do not fit into {room}")]
#[non_exhaustive]
pub struct EncodeError {
    /// Bytes that are to be written.
    pub needed: usize,
    /// Bytes that there is room for.
    pub room: usize,
}

/// Why bytes are not a message, or not the entry, snapshot, state or change that they should be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not protobuf of this schema, or are cut short.
    #[error("{0}")]
    Protobuf(String),
    /// A kind that only travels inside a node.
    #[error("kind {0} does not travel between nodes")]
    LocalKind(i32),
    /// A number that names nothing.
    #[error("{what} {number} is unknown")]
    Unknown {
        /// What the number should name.
        what: &'static str,
        /// The number.
        number: i32,
    },
    /// A part that this kind needs is missing, or a part that it must not have is there.
    #[error("malformed: {0}")]
    Malformed(&'static str),
}
