//! A storage that works but for one call, which fails or lies.

use std::cell::Cell;
use std::rc::Rc;

use quorate::storage::InitialState;
use quorate::{Entries, Index, MemoryStorage, NodeId, Snapshot, Storage, StorageError, Term};

/// What one call does instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Compacted,
    Unavailable,
    TemporarilyUnavailable,
    Corrupt,
    Broken,
    /// One entry is left out in the middle, or an index is one too large.
    Gap,
    /// One entry more than was asked for, or an index that is one too small.
    TooMany,
    /// No entries, no snapshot, index 0.
    Nothing,
    /// Entries that begin one too late.
    Shifted,
}

pub(crate) const FAULTS: [Fault; 9] = [
    Fault::Compacted,
    Fault::Unavailable,
    Fault::TemporarilyUnavailable,
    Fault::Corrupt,
    Fault::Broken,
    Fault::Gap,
    Fault::TooMany,
    Fault::Nothing,
    Fault::Shifted,
];

impl Fault {
    /// Whether a node that meets this at a call may only be poisoned or, if its log is corrupt, keep
    /// its promises to itself.
    pub(crate) fn is_fatal(self, call: &str) -> bool {
        match self {
            Self::Corrupt | Self::Broken => true,
            Self::Gap | Self::TooMany | Self::Nothing | Self::Shifted => call == "entries",
            Self::Compacted | Self::Unavailable | Self::TemporarilyUnavailable => false,
        }
    }

    fn error(self, index: Index) -> Option<StorageError> {
        match self {
            Self::Compacted => Some(StorageError::Compacted),
            Self::Unavailable => Some(StorageError::Unavailable),
            Self::TemporarilyUnavailable => Some(StorageError::TemporarilyUnavailable),
            Self::Corrupt => Some(StorageError::Corrupt(index)),
            Self::Broken => Some(StorageError::Broken("on purpose".to_string())),
            Self::Gap | Self::TooMany | Self::Nothing | Self::Shifted => None,
        }
    }
}

/// Which call goes wrong. Outlives the node: a restart does not begin to count again.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) calls: Cell<u64>,
    pub(crate) fault: Option<(u64, Fault)>,
    /// The name of the call that went wrong.
    pub(crate) fired: Cell<Option<&'static str>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    pub(crate) memory: MemoryStorage,
    pub(crate) plan: Rc<Plan>,
}

impl Faulty {
    /// Counts a call: the lie it is to tell, if any, or the error.
    fn count(&self, name: &'static str, index: Index) -> Result<Option<Fault>, StorageError> {
        let call = self.plan.calls.get();
        self.plan.calls.set(call + 1);
        let Some((_, fault)) = self.plan.fault.filter(|(at, _)| *at == call) else {
            return Ok(None);
        };
        self.plan.fired.set(Some(name));
        match fault.error(index) {
            Some(error) => Err(error),
            None => Ok(Some(fault)),
        }
    }
}

/// An index or a term, or a lie about it.
fn number(fault: Option<Fault>, truth: u64) -> u64 {
    match fault {
        Some(Fault::Gap) => truth + 1,
        Some(Fault::TooMany) => truth.saturating_sub(1),
        Some(Fault::Nothing) => 0,
        _ => truth,
    }
}

impl Storage for Faulty {
    fn keeps_promises(&self) -> bool {
        self.memory.keeps_promises()
    }

    fn initial_state(&self) -> Result<InitialState, StorageError> {
        self.count("initial_state", 0)?;
        self.memory.initial_state()
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        let fault = self.count("first_index", 0)?;
        Ok(number(fault, self.memory.first_index()?))
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        // One too small would be a lost entry that was synced: no Raft survives that.
        let fault = self.count("last_index", 0)?.filter(|fault| *fault != Fault::TooMany);
        Ok(number(fault, self.memory.last_index()?))
    }

    /// A wrong term cannot be told from a right one, so that this call never lies.
    fn term(&self, index: Index) -> Result<Term, StorageError> {
        self.count("term", index)?;
        self.memory.term(index)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        let fault = self.count("entries", low)?;
        let mut entries = self.memory.entries(low, high, max_bytes)?.to_vec();
        match fault {
            Some(Fault::Gap) if entries.len() > 2 => drop(entries.remove(1)),
            Some(Fault::Gap | Fault::Nothing) => entries.clear(),
            Some(Fault::TooMany) => {
                let mut extra = entries.last().cloned().unwrap_or_default();
                extra.index = high;
                entries.push(extra);
            }
            Some(Fault::Shifted) => entries.iter_mut().for_each(|entry| entry.index += 1),
            _ => {}
        }
        Ok(entries.into())
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        let fault = self.count("snapshot", at_least)?;
        let snapshot = self.memory.snapshot(peer, at_least)?;
        Ok(if fault.is_some() { Snapshot::default() } else { snapshot })
    }
}
