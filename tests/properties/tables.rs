//! A node's tables of what was proposed and asked there, and whether what they say of it is true.

use std::collections::BTreeMap;

use quorate::error::{ProposeError, ReadError};
use quorate::pending::{Fate, Proposals, Reads};
use quorate::{Entry, EntryId, Index, MemoryStorage, Proposed, RawNode, Snapshot};

/// What became of everything that was ever proposed, by the names of the proposals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    proposed: BTreeMap<u64, EntryId>,
    fates: BTreeMap<u64, Fate>,
}

impl Ledger {
    fn came_back(&mut self, name: u64, fate: Fate) {
        let before = self.fates.insert(name, fate);
        assert_eq!(before, None, "one outcome for each proposal");
    }

    /// Compares with what is committed at an index, as far as that is known.
    pub(crate) fn check(&self, committed: impl Fn(Index) -> Option<EntryId>) {
        for (name, fate) in &self.fates {
            let id = self.proposed[name];
            let is_committed = committed(id.index) == Some(id);
            match fate {
                Fate::Applied => assert!(is_committed, "{id} is not committed, and was said to be applied"),
                Fate::Superseded => assert!(!is_committed, "{id} is committed, and was said to be superseded"),
                Fate::Unknown => {}
            }
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tables {
    proposals: Proposals<u64>,
    /// What the table should hold.
    waiting: BTreeMap<EntryId, u64>,
    /// Each with what was committed when it was asked.
    reads: Reads<Index>,
    /// The last entry that was applied, as far as that is known.
    last: EntryId,
}

/// The payload of the proposal with this name.
pub(crate) fn payload(name: u64, length: usize) -> Vec<u8> {
    let mut data = name.to_le_bytes().to_vec();
    data.resize(length.max(8), 0);
    data
}

impl Tables {
    /// Proposes `count` payloads with names from `first` on: by the table, or by hand.
    pub(crate) fn propose(
        &mut self,
        raw: &mut RawNode<MemoryStorage>,
        (first, count): (u64, u64),
        length: usize,
        ledger: &mut Ledger,
    ) -> Result<Proposed, ProposeError> {
        let names = first..first + count;
        let at = |EntryId { term, index }| Proposed::At { term, index };
        let proposed = match (count, first % 2) {
            (1, 0) => at(self.proposals.propose(raw, payload(first, length), first)?),
            (1, _) => {
                let proposed = raw.propose(payload(first, length))?;
                let _ = self.proposals.track(proposed, first);
                proposed
            }
            (_, 0) => {
                let batch = names.clone().map(|name| (payload(name, length), name));
                at(self.proposals.propose_batch(raw, batch)?)
            }
            _ => {
                let proposed = raw.propose_batch(names.clone().map(|name| payload(name, length)))?;
                let _ = self.proposals.track_batch(proposed, names.clone());
                proposed
            }
        };
        if let Proposed::At { term, index } = proposed {
            for (name, index) in names.zip(index + 1 - count..) {
                self.expect(EntryId { term, index }, name, ledger);
            }
        }
        Ok(proposed)
    }

    /// A configuration change was proposed by hand.
    pub(crate) fn proposed_change(&mut self, proposed: Proposed, name: u64, ledger: &mut Ledger) {
        if let Ok(id) = self.proposals.track(proposed, name) {
            self.expect(id, name, ledger);
        }
    }

    fn expect(&mut self, id: EntryId, name: u64, ledger: &mut Ledger) {
        assert_eq!(self.waiting.insert(id, name), None, "one proposal at {id}");
        assert_eq!(ledger.proposed.insert(name, id), None, "one place for each proposal");
    }

    pub(crate) fn read(&mut self, raw: &mut RawNode<MemoryStorage>, committed: Index) -> Result<(), ReadError> {
        Ok(self.reads.read(raw, committed)?)
    }

    pub(crate) fn give_up(&mut self, is_overdue: impl Fn(u64) -> bool) {
        self.proposals.give_up(|name| is_overdue(*name));
    }

    pub(crate) fn answered(&mut self, reads: &[quorate::ready::ReadState]) {
        self.reads.on_read_states(reads);
    }

    /// The token of an entry comes back when it is applied, and that of no other.
    pub(crate) fn applied(&mut self, entry: &Entry, ledger: &mut Ledger) {
        let token = self.proposals.on_applied(entry);
        assert_eq!(token, self.waiting.remove(&entry.id()), "{entry}");
        if let Some(name) = token {
            let own = entry.is_conf_change() || entry.data.starts_with(&name.to_le_bytes());
            assert!(own, "{entry} is not the proposal {name}");
            ledger.came_back(name, Fate::Applied);
        }
        self.last = self.last.max(entry.id());
    }

    pub(crate) fn installed(&mut self, snapshot: &Snapshot) {
        self.proposals.on_snapshot(snapshot);
        self.last = self.last.max(snapshot.id());
    }

    /// Takes out what is settled, by a state machine that has applied up to an index.
    pub(crate) fn settle(&mut self, applied: Index, ledger: &mut Ledger) {
        let waiting = &mut self.waiting;
        for (name, fate) in self.proposals.drain_settled() {
            ledger.came_back(name, fate);
            let id = ledger.proposed[&name];
            assert_eq!(waiting.remove(&id), Some(name), "a proposal that waited");
        }
        assert_eq!(self.proposals.len(), waiting.len());
        let open = |id: &EntryId| id.term >= self.last.term && id.index > self.last.index;
        assert!(waiting.keys().all(open), "{waiting:?} is settled by {}", self.last);
        for (committed, outcome) in self.reads.drain_settled(applied) {
            assert!(
                outcome.is_err() || applied >= committed,
                "a read at {applied} though {committed} was committed"
            );
        }
    }

    /// The node starts anew. Its reads are not answered any more; its table of proposals may live on.
    pub(crate) fn restart(self, keep: bool, ledger: &mut Ledger) -> Self {
        if keep {
            let reads = Reads::new();
            return Self { reads, ..self };
        }
        for (name, fate) in self.proposals {
            ledger.came_back(name, fate);
        }
        Self::default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.proposals.is_empty() && self.reads.is_empty()
    }
}
