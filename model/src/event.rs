//! What can happen to one node.

use bytes::Bytes;
use quorate::membership::ConfChangeV2;
use quorate::types::Identity;
use quorate::{EntryId, Message, NodeId, Snapshot};

/// One thing that happens to one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A message arrives.
    Deliver(Message),
    /// So many ticks pass.
    Tick(u64),
    /// It is made to campaign.
    Campaign,
    /// A client proposes a command.
    Propose(Bytes),
    /// A client reads, and names the read.
    Read(u64),
    /// An operator changes the configuration.
    Change(ConfChangeV2),
    /// An operator hands leadership over.
    Transfer(NodeId),
    /// It is made to forget its leader.
    ForgetLeader,
    /// Its state machine asks for a snapshot.
    RequestSnapshot,
    /// Its transport reports a peer unreachable.
    ReportUnreachable(NodeId),
    /// Its transport reports that a snapshot did not arrive.
    ReportLost(NodeId, EntryId),
    /// An operator gives it the election timeout with which it would start again.
    Configure,
    /// A snapshot of its state machine is stored, and the log compacted up to there.
    Compact,
    /// It stops, and the first so many of its unsynced writes survive.
    Crash(usize),
    /// It starts on what its disk holds.
    Restart,
    /// Its disk is lost.
    Wipe,
    /// It starts with an empty disk of this name.
    Join(Identity),
    /// It starts with a disk that holds the snapshot with which the group is founded.
    Found(Snapshot, Identity),
    /// It hands out a batch.
    Ready,
    /// The batch is stored, synced if it must be, and advanced; or the storage's oldest task is written.
    Write,
    /// With asynchronous writes: the disk is synced, and what was written is done.
    Sync,
    /// With asynchronous writes: the oldest of its own acknowledgements gets back to it.
    Acknowledge,
    /// With asynchronous writes: the oldest committed entries that wait are applied.
    Apply,
}

/// Where a crash interrupts what an event brings about: the batch that was handed out as the `ready`-th is being
/// stored, and the first `kept` of the writes that are not synced survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tear {
    /// Which batch, from 0.
    pub ready: usize,
    /// How many writes.
    pub kept: usize,
}

/// An event, and how it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Happening {
    /// The event.
    pub event: Event,
    /// A crash on the way.
    pub tear: Option<Tear>,
    /// Everything written is synced at the end: no crash will come any more that could lose it.
    pub(crate) settle: bool,
}
