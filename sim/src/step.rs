//! What can be done to a cluster, one thing at a time. A run is a list of these: it can be recorded,
//! replayed, cut down, and written as a script. Each is a command of the script language.

mod parse;
mod text;

pub use parse::transition;
pub use text::KINDS;

#[cfg(any(feature = "arbitrary", feature = "proptest"))]
mod drawn;

#[cfg(feature = "proptest")]
pub use drawn::any_step;

use bytes::Bytes;
use quorate::membership::ConfChangeV2;
use quorate::{EntryId, Index, NodeId, ReadMode};

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Time passes at a node.
    Tick {
        /// The node.
        node: NodeId,
        /// How much.
        ticks: u64,
    },
    /// A node hands out a batch; what may leave at once leaves.
    Ready {
        /// The node.
        node: NodeId,
    },
    /// The oldest batch (or storage task) is written to the disk, not synced. If it need not be synced
    /// it is done.
    Write {
        /// The node.
        node: NodeId,
    },
    /// The disk is synced, and everything written is done: what had to wait leaves.
    Sync {
        /// The node.
        node: NodeId,
    },
    /// The oldest batch (or storage task) that is not written yet is stored by the code that ships,
    /// [`Disk::persist_task`](crate::disk::Disk::persist_task), and is done.
    Persist {
        /// The node.
        node: NodeId,
    },
    /// With asynchronous writes: the oldest of a node's own acknowledgements gets back to it.
    Acknowledge {
        /// The node.
        node: NodeId,
    },
    /// With asynchronous writes: the oldest committed entries that wait are applied.
    Apply {
        /// The node.
        node: NodeId,
    },
    /// A message arrives.
    Deliver {
        /// Which.
        message: MessageRef,
        /// Another copy stays in flight.
        keep: bool,
    },
    /// A message arrives from another group: like this one, which stays in flight.
    Stray {
        /// Which it is like.
        message: MessageRef,
        /// It names the other group, and a later term; else it names none.
        named: bool,
    },
    /// A message is lost.
    Lose {
        /// Which.
        message: MessageRef,
    },
    /// A node stops at once.
    Crash {
        /// The node.
        node: NodeId,
        /// How many of its unsynced writes survive.
        kept: usize,
    },
    /// A node starts on what its disk holds.
    Restart {
        /// The node.
        node: NodeId,
    },
    /// The same, with a state machine that survived by itself, with all that it had applied: it may be ahead of the
    /// commit index on the disk. (A state machine that is damaged, or may have applied what the disk lost, begins anew.)
    RestartDurable {
        /// The node.
        node: NodeId,
    },
    /// A node starts with an empty disk: a new one, or one that is to join.
    Join {
        /// The node.
        node: NodeId,
    },
    /// A node's process stands still until its next tick. Nothing happens in it; but what it would answer
    /// by a lease counts for nothing until it knows the time.
    Pause {
        /// The node.
        node: NodeId,
    },
    /// An operator changes what a node promises its leaders: the election timeout at once if it runs, all of it from
    /// its next start on.
    Configure {
        /// The node.
        node: NodeId,
        /// From now on.
        promises: Promises,
    },
    /// A node's disk is lost.
    Wipe {
        /// The node.
        node: NodeId,
    },
    /// A client proposes a command.
    Propose {
        /// To this node.
        node: NodeId,
        /// The client's name for it.
        operation: u64,
        /// What is proposed.
        command: Bytes,
    },
    /// Clients propose commands that are to follow each other.
    ProposeBatch {
        /// To this node.
        node: NodeId,
        /// The name of the first; those of the others count on from there.
        operation: u64,
        /// What is proposed.
        commands: Vec<Bytes>,
    },
    /// A client reads.
    Read {
        /// From this node.
        node: NodeId,
        /// The client's name for it.
        operation: u64,
        /// What is asked.
        query: Bytes,
        /// How it is to be confirmed, if not as the settings say.
        mode: Option<ReadMode>,
    },
    /// An operator changes the configuration.
    Change {
        /// At this node.
        node: NodeId,
        /// The change.
        change: ConfChangeV2,
        /// Only if the configuration is as of this index.
        expected: Option<Index>,
    },
    /// An operator promotes a learner that has caught up.
    Promote {
        /// At this node.
        node: NodeId,
        /// The learner.
        learner: NodeId,
    },
    /// A node's storage cannot read entries and snapshots for now, or can again and says so.
    Storage {
        /// The node.
        node: NodeId,
        /// Whether it can.
        available: bool,
    },
    /// What a node's storage holds at an index cannot be read any more, until it crashes.
    Corrupt {
        /// The node.
        node: NodeId,
        /// Where; before the log's first entry: the snapshot.
        index: Index,
    },
    /// An operator hands leadership over.
    Transfer {
        /// At this node.
        node: NodeId,
        /// To whom; `None`: to the most up to date.
        to: Option<NodeId>,
    },
    /// A node is made to campaign.
    Campaign {
        /// The node.
        node: NodeId,
    },
    /// A node is made to forget its leader.
    ForgetLeader {
        /// The node.
        node: NodeId,
    },
    /// A node's state machine is damaged, and the node asks for a snapshot.
    RequestSnapshot {
        /// The node.
        node: NodeId,
    },
    /// It turns out that the state machine is not damaged: its node no longer asks, if no snapshot has come.
    WithdrawRequest {
        /// The node.
        node: NodeId,
    },
    /// A node's transport reports a peer unreachable.
    ReportUnreachable {
        /// The node.
        node: NodeId,
        /// The peer.
        peer: NodeId,
    },
    /// A node's transport reports what became of a snapshot.
    ReportSnapshot {
        /// The node.
        node: NodeId,
        /// The peer.
        peer: NodeId,
        /// Which snapshot.
        snapshot: EntryId,
        /// Whether it arrived.
        finished: bool,
    },
    /// A snapshot of the state machine is stored, and the log compacted.
    Compact {
        /// The node.
        node: NodeId,
        /// Applied entries that stay in the log.
        keep: u64,
    },
    /// The end of a replay: these nodes are well and cut off from all others, and if they are a quorum
    /// they must have a leader, and everything committed and applied, within 60 election timeouts.
    /// Messages take no time.
    Recover {
        /// The nodes.
        core: Vec<Well>,
    },
}

/// The settings that decide what a node promises its leaders, and how long it keeps silent after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// [`Settings::election_timeout_ticks`](quorate::Settings::election_timeout_ticks)
    pub election_ticks: u64,
    /// [`Settings::lease_promises`](quorate::Settings::lease_promises)
    pub lease_promises: bool,
    /// [`Settings::restart_silence_ticks`](quorate::Settings::restart_silence_ticks)
    pub silence_ticks: Option<u64>,
}

/// A node that is well at the end of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Well {
    /// The node.
    pub node: NodeId,
    /// How long its ticks are, in microseconds: only beside those of others does it matter.
    pub tick_us: u64,
}

impl Step {
    /// The node that it is done to, if it is one; for a message, its recipient.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Self::Deliver { message, .. } | Self::Stray { message, .. } | Self::Lose { message } => match message {
                MessageRef::Id(_) => None,
                MessageRef::Nth { to, .. } => Some(*to),
            },
            Self::Recover { .. } => None,
            Self::Tick { node, .. }
            | Self::Ready { node }
            | Self::Write { node }
            | Self::Sync { node }
            | Self::Persist { node }
            | Self::Acknowledge { node }
            | Self::Apply { node }
            | Self::Crash { node, .. }
            | Self::Restart { node }
            | Self::RestartDurable { node }
            | Self::Corrupt { node, .. }
            | Self::Join { node }
            | Self::Pause { node }
            | Self::Configure { node, .. }
            | Self::Wipe { node }
            | Self::Propose { node, .. }
            | Self::ProposeBatch { node, .. }
            | Self::Read { node, .. }
            | Self::Change { node, .. }
            | Self::Promote { node, .. }
            | Self::Storage { node, .. }
            | Self::Transfer { node, .. }
            | Self::Campaign { node }
            | Self::ForgetLeader { node }
            | Self::RequestSnapshot { node }
            | Self::WithdrawRequest { node }
            | Self::ReportUnreachable { node, .. }
            | Self::ReportSnapshot { node, .. }
            | Self::Compact { node, .. } => Some(*node),
        }
    }

    /// Whether this node has to do with it.
    pub fn concerns(&self, id: NodeId) -> bool {
        let sender = match self {
            Self::Deliver { message, .. } | Self::Stray { message, .. } | Self::Lose { message } => match message {
                MessageRef::Id(_) => None,
                MessageRef::Nth { from, .. } => Some(*from),
            },
            _ => None,
        };
        sender == Some(id) || self.node() == Some(id)
    }
}

/// Which message in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRef {
    /// By the number that the cluster gave it: while it runs.
    Id(u64),
    /// By what can be said of it in another run too.
    Nth {
        /// Its sender.
        from: NodeId,
        /// Its recipient.
        to: NodeId,
        /// Its kind, by [`quorate::message::Payload::name`].
        kind: &'static str,
        /// How many such messages were sent before it and are in flight; if there are fewer, the last.
        nth: usize,
    },
}
