//! What the loops ask of a Raft library, as a user of each would write it at its best.

mod floor;
mod quorate;
mod raft_rs;

use crate::machine::Machine;

pub(crate) use self::floor::Floor;

/// quorate, over its own storage in memory.
pub(crate) type Quorate = ::quorate::RawNode<::quorate::MemoryStorage>;

/// raft-rs, over its own storage in memory.
pub(crate) type RaftRs = ::raft::RawNode<::raft::storage::MemStorage>;

/// One member of a group.
pub(crate) trait Engine: Sized {
    /// The library's name.
    const NAME: &'static str;
    /// Whether [`quiet_ticks`](Self::quiet_ticks) can be asked.
    const TELLS_DEADLINE: bool;

    type Message;
    type Storage;

    /// A storage that holds this log.
    fn storage(settings: &Settings, log: &Log) -> Self::Storage;

    /// Opens the storage, of which so much is applied already.
    fn open(id: u64, settings: &Settings, storage: Self::Storage, applied: u64) -> Self;

    fn campaign(&mut self);

    /// Only at the leader.
    fn propose(&mut self, payload: Vec<u8>);

    fn read_index(&mut self, context: Vec<u8>);

    fn step(&mut self, message: Self::Message);

    fn tick(&mut self);

    /// The same; and whether there may be something to do then, by the cheapest way to ask.
    fn tick_and_ask(&mut self) -> bool;

    /// So many ticks pass in which it does nothing by itself.
    fn pass(&mut self, ticks: u64) {
        (0..ticks).for_each(|_| self.tick());
    }

    /// Ticks until it does something by itself.
    fn quiet_ticks(&self) -> u64 {
        1
    }

    fn has_ready(&self) -> bool;

    /// Handles one Ready, if there is any: persists, sends to `outbox`, applies to `machine`.
    fn handle_ready(&mut self, outbox: &mut Vec<Self::Message>, machine: &mut Machine) -> bool;

    /// Drops the log up to there, give or take one entry.
    fn compact(&mut self, to: u64);

    fn addressee(message: &Self::Message) -> u64;

    /// Whether it says that an append does not fit the log.
    fn is_rejection(message: &Self::Message) -> bool;
}

/// The settings that differ between workloads.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The voters are 1 to this.
    pub(crate) nodes: u64,
    pub(crate) election_ticks: u64,
    pub(crate) heartbeat_ticks: u64,
    /// raft-rs merges appends that wait to be sent, which it does not by default. (quorate does.)
    pub(crate) batch_append: bool,
    /// Followers are told of what is committed with the next append or heartbeat (TiKV has raft-rs do so).
    pub(crate) late_notice: bool,
    /// Reads go by a lease.
    pub(crate) lease: bool,
    /// Bytes of committed entries in one Ready, if not the default.
    pub(crate) page_bytes: Option<u64>,
    /// Messages in flight to one follower.
    pub(crate) inflight: usize,
}

/// Bytes of entries in one message.
const MESSAGE_BYTES: u64 = 1 << 20;

impl Settings {
    pub(crate) fn new(nodes: u64) -> Self {
        Self {
            nodes,
            election_ticks: 10,
            heartbeat_ticks: 1,
            batch_append: false,
            late_notice: false,
            lease: false,
            page_bytes: None,
            inflight: 256,
        }
    }

    /// No timer ends while something is measured.
    pub(crate) fn quiet(nodes: u64) -> Self {
        Self {
            election_ticks: 1_000_000_000,
            heartbeat_ticks: 100_000_000,
            ..Self::new(nodes)
        }
    }
}

/// A log that begins at index 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// So many entries of this term, one run after the other.
    pub(crate) runs: Vec<(u64, u64)>,
    /// Bytes in each entry.
    pub(crate) payload: usize,
    pub(crate) committed: u64,
}

impl Log {
    /// Entries of term 1, all of them committed.
    pub(crate) fn committed(entries: u64, payload: usize) -> Self {
        Self {
            runs: vec![(1, entries)],
            payload,
            committed: entries,
        }
    }

    fn last_term(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.0)
    }

    /// Term and index of each entry, in chunks that do not need much memory beside the log itself.
    fn chunks(&self) -> impl Iterator<Item = Vec<(u64, u64)>> {
        let terms = self
            .runs
            .iter()
            .flat_map(|&(term, count)| (0..count).map(move |_| term));
        let mut all = terms.zip(1..);
        std::iter::from_fn(move || {
            let chunk: Vec<_> = all.by_ref().take(1000).collect();
            (!chunk.is_empty()).then_some(chunk)
        })
    }

    fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }
}
