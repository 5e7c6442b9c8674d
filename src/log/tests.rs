//! The log against plain vectors: whatever is appended, cut, stored late, committed, applied and
//! compacted, it says what a vector would say, and hands everything out once and in order.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;

use super::Log;
use crate::config::Config;
use crate::rules::commit;
use crate::storage::{MemoryStorage, Storage, StorageError};
use crate::types::{Entry, EntryId, EntryKind, Index, Snapshot, Term};

/// What may happen to a log. Numbers are reduced to what is legal at the time.
#[derive(Clone, Debug)]
enum Operation {
    /// Instead of so many entries at the end, entries with payloads of these lengths.
    Append(u64, Vec<usize>),
    /// A leader of a later term has the entries that were cut off last: they come back as they were.
    AppendAgain,
    /// Another term begins and nothing else happens.
    NewTerm,
    /// A snapshot so far above the commit index replaces the log.
    Restore(u64),
    /// What is unstable is handed out ...
    TakeUnstable,
    /// ... the storage writes the oldest that it was handed ...
    Store,
    /// ... and says so, for the oldest that it has written.
    Stored,
    /// The storage says that it holds what this log does not have.
    StoredNonsense(Term, Index),
    Commit(u64),
    TakeCommitted,
    Applied,
    Compact(u64),
    /// Entries are read from an index on, so many, up to so many bytes; and where a log may agree
    /// that has an entry of this term there.
    Read(Index, u64, u64, Term),
}

use Operation::{
    Append, AppendAgain, Applied, Commit, Compact, NewTerm, Read, Restore, Store, Stored, StoredNonsense,
    TakeCommitted, TakeUnstable,
};

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        6 => (0_u64..6, vec_of(0_usize..20, 1..4)).prop_map(|(cut, lengths)| Append(cut, lengths)),
        3 => Just(AppendAgain),
        1 => Just(NewTerm),
        1 => (1_u64..4).prop_map(Restore),
        5 => Just(TakeUnstable),
        5 => Just(Store),
        5 => Just(Stored),
        1 => (0_u64..30, 0_u64..30).prop_map(|(term, index)| StoredNonsense(term, index)),
        4 => (0_u64..5).prop_map(Commit),
        3 => Just(TakeCommitted),
        3 => Just(Applied),
        2 => (0_u64..9).prop_map(Compact),
        4 => (0_u64..99, 0_u64..20, 0_u64..200, 0_u64..30).prop_map(|(low, count, bytes, term)| Read(low, count, bytes, term)),
    ]
}

/// Limits from nothing to plenty, both ways of writing.
fn config() -> impl Strategy<Value = Config> {
    let limit = || prop_oneof![Just(0), Just(1), 1_u64..60, Just(u64::MAX)];
    (any::<bool>(), limit(), limit(), limit()).prop_map(|(asynchronous, message, ready, uncommitted)| {
        let mut config = Config::new(1, 1);
        config.settings_mut().async_storage_writes = asynchronous;
        (
            config.settings_mut().max_message_bytes,
            config.settings_mut().max_committed_bytes_per_ready,
        ) = (message, ready);
        config.settings_mut().max_uncommitted_bytes = uncommitted;
        config
    })
}

fn id(term: Term, index: Index) -> EntryId {
    EntryId { term, index }
}

fn snapshot(id: EntryId) -> Snapshot {
    let mut snapshot = Snapshot::default();
    (snapshot.metadata.term, snapshot.metadata.index) = (id.term, id.index);
    snapshot
}

/// Entries of one term; every seventh length is that of a configuration change.
fn entries(term: Term, from: Index, lengths: &[usize]) -> Vec<Entry> {
    let kinds = [EntryKind::Normal, EntryKind::ConfChangeV2];
    let entry = |(index, length): (Index, &usize)| {
        let mut entry = Entry::default();
        (entry.term, entry.index, entry.kind) = (term, index, kinds[usize::from(length % 7 == 6)]);
        entry.data = vec![b'x'; *length].into();
        entry
    };
    (from..).zip(lengths).map(entry).collect()
}

fn encoded(entries: &[Entry]) -> u64 {
    entries.iter().map(Entry::encoded_len).sum()
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

/// What was handed to the storage, and what its acknowledgement will say.
struct Task(Option<Snapshot>, Vec<Entry>, Term, Option<EntryId>);

fn write(Task(snapshot, entries, ..): &Task, storage: &mut MemoryStorage) {
    if let Some(snapshot) = snapshot {
        storage.install_snapshot(snapshot.clone()).unwrap();
    }
    storage.append(entries).unwrap();
}

/// A log next to what it should be.
struct Pair {
    config: Config,
    log: Log<MemoryStorage>,
    /// The entry before the first, and the entries.
    base: EntryId,
    entries: Vec<Entry>,
    term: Term,
    /// Entries that were cut off last, and the one before them.
    cut: Option<(EntryId, Vec<Entry>)>,
    handed: VecDeque<Task>,
    written: VecDeque<Task>,
    /// Handed out for applying: up to where, and the batches that are not acknowledged.
    applying: Index,
    batches: VecDeque<Vec<Entry>>,
}

/// A log with this stored commit index.
fn taken_up<S: Storage>(storage: S, commit: Index, config: &Config) -> Log<S> {
    let mut initial = storage.initial_state().unwrap();
    initial.hard_state.commit = commit;
    Log::new(storage, &initial, config).unwrap()
}

impl Pair {
    /// A store that begins after an entry of term 1 and holds entries of the given lengths.
    fn new(config: Config, before: Index, lengths: &[usize]) -> Self {
        let base = id(before.min(1), before);
        let entries = entries(1, before + 1, lengths);
        let mut storage = MemoryStorage::from_snapshot(snapshot(base));
        storage.append(&entries).unwrap();
        Self {
            log: taken_up(storage, before, &config),
            config,
            base,
            entries,
            term: 1,
            cut: None,
            handed: VecDeque::new(),
            written: VecDeque::new(),
            applying: before,
            batches: VecDeque::new(),
        }
    }

    fn last(&self) -> EntryId {
        self.entries.last().map_or(self.base, Entry::id)
    }

    /// Entries from `low` to `high`, both included.
    fn range(&self, low: Index, high: Index) -> &[Entry] {
        &self.entries[count(low - self.base.index) - 1..count(high - self.base.index)]
    }

    fn term_at(&self, index: Index) -> Result<Term, StorageError> {
        match index {
            _ if index < self.base.index => Err(StorageError::Compacted),
            _ if index == self.base.index => Ok(self.base.term),
            _ if index > self.last().index => Err(StorageError::Unavailable),
            _ => Ok(self.range(index, index)[0].term),
        }
    }

    /// How far entries may be applied.
    fn appliable(&self) -> Index {
        match self.config.settings().async_storage_writes {
            _ if self.log.has_pending_snapshot() => self.applying,
            true => self.log.committed().min(self.log.unstable.offset() - 1),
            false => self.log.committed(),
        }
    }

    fn run(&mut self, operations: impl IntoIterator<Item = Operation>) {
        for operation in operations {
            self.perform(operation);
            self.check();
        }
        self.rest();
    }

    fn perform(&mut self, operation: Operation) {
        match operation {
            Append(cut, lengths) => self.append(cut, &lengths),
            AppendAgain => self.append_again(),
            NewTerm => self.term += 1,
            Restore(ahead) => self.restore(ahead),
            TakeUnstable => self.take_unstable(),
            Store => {
                if let Some(task) = self.handed.pop_front() {
                    write(&task, self.log.storage_mut());
                    self.written.push_back(task);
                }
            }
            Stored => self.stored(),
            StoredNonsense(term, index) if self.term_at(index) == Ok(term) => {}
            StoredNonsense(term, index) => {
                let before = self.log.clone();
                self.log.stable_to(id(term, index), &self.config);
                assert_eq!(self.log, before);
            }
            Commit(count) => self.commit(self.log.committed() + count),
            TakeCommitted => self.take_committed(),
            Applied => self.acknowledge_applied(),
            Compact(keep) => self.compact(keep),
            Read(low, count, bytes, term) => self.read(low, count, bytes, term),
        }
    }

    // ----- growing

    fn append(&mut self, cut: u64, lengths: &[usize]) {
        let keep = self.last().index.saturating_sub(cut).max(self.log.committed());
        // Only another leader cuts.
        self.term += u64::from(keep < self.last().index);
        self.replace(entries(self.term, keep + 1, lengths));
    }

    fn append_again(&mut self) {
        let Some((prev, entries)) = self.cut.take() else { return };
        let legal = prev.index >= self.log.committed() && self.term_at(prev.index) == Ok(prev.term);
        let known = |entry: &&Entry| self.term_at(entry.index) == Ok(entry.term);
        let known = entries.iter().take_while(known).count();
        if legal && known < entries.len() {
            self.term += 1;
            self.replace(entries[known..].to_vec());
        }
    }

    fn replace(&mut self, entries: Vec<Entry>) {
        if entries[0].index == self.last().index + 1
            && entries[0].term == self.term
            && !entries[0].index.is_multiple_of(3)
        {
            self.push(&entries);
        } else {
            self.log.append(entries.clone().into(), &self.config).unwrap();
        }
        let keep = entries[0].index - self.base.index - 1;
        let cut = self.entries.split_off(count(keep));
        if !cut.is_empty() {
            self.cut = Some((self.last(), cut));
        }
        self.entries.extend(entries);
    }

    /// As a leader does it: one by one, and sometimes what is there is handed out in between.
    fn push(&mut self, entries: &[Entry]) {
        for entry in entries {
            let index = self.log.push(entry.clone(), self.term, &self.config);
            assert_eq!(index, entry.index);
            if entry.data.len() % 3 == 0 {
                self.log.share();
            }
        }
    }

    fn restore(&mut self, ahead: u64) {
        self.term += 1;
        self.base = id(self.term, self.log.committed() + ahead);
        self.entries.clear();
        self.cut = None;
        self.log.restore(Box::new(snapshot(self.base)));
        assert_eq!(self.log.committed(), self.base.index);
    }

    // ----- persisting, as a node does it with asynchronous writes

    fn take_unstable(&mut self) {
        let due = self.log.has_next_unstable();
        let last = self.log.has_unstable_entries().then(|| self.last());
        let (snapshot, entries) = self.log.take_next_unstable();
        assert_eq!(due, snapshot.is_some() || !entries.is_empty());
        assert!(!self.log.has_next_unstable(), "handed out once");
        let snapshot = snapshot.map(|snapshot| *snapshot);
        self.handed.push_back(Task(snapshot, entries.to_vec(), self.term, last));
    }

    fn stored(&mut self) {
        let Some(Task(snapshot, _, term, last)) = self.written.pop_front() else {
            return;
        };
        if let Some(last) = last.filter(|_| term == self.term) {
            self.log.stable_to(last, &self.config);
        }
        if let Some(index) = snapshot.map(|snapshot| snapshot.metadata.index) {
            self.log.stable_snapshot_to(index);
            self.applied(index, 0);
            self.applying = self.applying.max(index);
        }
    }

    fn compact(&mut self, keep: u64) {
        let stable = self.log.unstable.offset() - 1;
        let to = self.log.applied().min(stable).saturating_sub(keep);
        if self.log.storage_mut().compact(to).is_ok() && !self.log.has_pending_snapshot() {
            let term = self.term_at(to).unwrap();
            self.entries.drain(..count(to - self.base.index));
            self.base = id(term, to);
        }
    }

    // ----- committing and applying

    fn commit(&mut self, index: Index) {
        let index = self.last().index.min(index);
        let proof = commit::by_leader(index, u64::MAX);
        self.log.commit(&proof, &self.config).unwrap();
        assert_eq!(self.log.committed(), index);
    }

    fn take_committed(&mut self) {
        let limit = self.config.settings().max_applying_bytes();
        let out: u64 = self.batches.iter().map(|batch| encoded(batch)).sum();
        let due = self.log.has_next_committed(&self.config);
        let entries = self.log.take_next_committed(&self.config).unwrap().entries;
        let bytes = entries.encoded_len();
        assert_eq!((due, bytes), (!entries.is_empty(), encoded(&entries)));
        let Some(last) = entries.last().map(|entry| entry.index) else {
            let all = self.applying == self.appliable();
            return assert!(all || !self.batches.is_empty(), "held back");
        };
        assert!(last <= self.appliable());
        assert_eq!(entries, self.range(self.applying + 1, last), "once, in order");
        assert!(entries.len() == 1 || out + bytes <= limit);
        if last < self.appliable() {
            let next = encoded(self.range(last + 1, last + 1));
            assert!(out + bytes + next > limit, "as many as fit");
        }
        self.applying = last;
        self.batches.push_back(entries.to_vec());
    }

    fn acknowledge_applied(&mut self) {
        if let Some(batch) = self.batches.pop_front() {
            self.applied(batch[batch.len() - 1].index, encoded(&batch));
        }
    }

    fn applied(&mut self, index: Index, bytes: u64) {
        let applied = self.log.applied().max(index);
        self.log.applied_to(index, bytes, &self.config);
        assert_eq!(self.log.applied(), applied);
    }

    // ----- looking

    fn read(&self, low: Index, count: u64, bytes: u64, term: Term) {
        let low = low % (self.last().index + 1);
        let high = self.last().index.min(low + count);
        assert_eq!(self.log.agreement(low, term).unwrap(), self.agreement(low, term));
        if low <= self.base.index {
            let gone = self.log.slice(low, high + 1, bytes);
            return assert_eq!(gone, Err(StorageError::Compacted));
        }
        let mut fitting = self.range(low, high).to_vec();
        let change = fitting.iter().find(|entry| entry.is_conf_change()).cloned();
        assert_eq!(self.log.find_change(low - 1, high, bytes), Ok(change));
        while fitting.len() > 1 && encoded(&fitting) > bytes {
            fitting.pop();
        }
        assert_eq!(self.log.slice(low, high + 1, bytes), Ok(fitting.into()));
    }

    /// One entry after the other.
    fn agreement(&self, index: Index, term: Term) -> EntryId {
        match self.term_at(index) {
            _ if index == 0 => EntryId::default(),
            Err(_) => id(0, index),
            Ok(here) if here <= term => id(here, index),
            Ok(_) => self.agreement(index - 1, term),
        }
    }

    fn check(&self) {
        let (log, first, last) = (&self.log, self.base.index + 1, self.last().index);
        assert_eq!(log.broken_invariant(), None);
        assert_eq!((log.first_index(), log.last()), (Ok(first), Ok(self.last())));
        for index in 0..last + 3 {
            assert_eq!(log.term(index), self.term_at(index), "term at {index}");
        }
        for index in first - 1..=last {
            let term = self.term_at(index);
            let cached = log.terms.term(index);
            assert!(cached.is_none_or(|cached| Ok(cached) == term), "cached term at {index}");
            let start = log.terms.run_start(index).unwrap_or(index).max(first - 1);
            let same = (start..index).all(|within| self.term_at(within) == term);
            assert!(same, "stretch of equal terms up to {index}");
        }
        self.check_stored();
        self.check_uncommitted();
    }

    /// What counts as stored is in the storage, and nothing that was handed out will take it away.
    fn check_stored(&self) {
        if !self.log.has_pending_snapshot() && self.log.unstable.offset() > self.base.index + 1 {
            let (low, high) = (self.base.index + 1, self.log.unstable.offset() - 1);
            let stable = Ok(self.range(low, high).into());
            let mut storage = self.log.storage().clone();
            assert_eq!(storage.entries(low, high + 1, u64::MAX), stable);
            self.handed.iter().for_each(|task| write(task, &mut storage));
            assert_eq!(storage.entries(low, high + 1, u64::MAX), stable);
        }
    }

    fn check_uncommitted(&self) {
        let (config, log) = (&self.config, &self.log);
        let cap = config.settings().uncommitted_cap();
        let in_memory = |index| config.settings().async_storage_writes && index >= log.unstable.offset();
        let counts = |index| index > log.committed() || in_memory(index);
        let uncommitted = self.entries.iter().filter(|entry| counts(entry.index));
        let bytes: u64 = uncommitted.map(Entry::payload_len).sum();
        let measured = log.uncommitted.is_measured();
        assert!(cap == u64::MAX || !measured || log.uncommitted_bytes() == bytes);
        for more in [0, 1, cap.saturating_sub(bytes), cap] {
            let fits = more == 0 || (measured && (bytes == 0 || cap == u64::MAX || bytes + more <= cap));
            assert_eq!(log.has_room(more, config), fits, "{more} more than {bytes}");
        }
    }

    /// Everything is stored and applied in the end, and nothing is held any more.
    fn rest(&mut self) {
        self.commit(u64::MAX);
        self.take_unstable();
        while !self.handed.is_empty() || !self.written.is_empty() {
            self.perform(Store);
            self.stored();
        }
        while self.log.applied() < self.last().index {
            self.take_committed();
            self.acknowledge_applied();
        }
        self.check();
        assert!(!self.log.has_unstable_entries() && self.log.uncommitted.is_measured());
        assert_eq!(self.log.storage().last_index(), Ok(self.last().index));
    }
}

proptest! {
    #[test]
    fn a_log_is_a_vector(
        config in config(),
        before in 0_u64..3,
        lengths in vec_of(0_usize..20, 0..5),
        operations in vec_of(operation(), 0..80),
    ) {
        let mut pair = Pair::new(config, before, &lengths);
        pair.check();
        pair.run(operations);
    }

    /// At the start what is uncommitted is measured as far as the cap goes, whatever the page.
    #[test]
    fn what_is_uncommitted_is_measured_at_the_start(
        cap in 1_u64..100,
        page in 0_u64..60,
        lengths in vec_of(0_usize..20, 0..20),
        committed in 0_usize..20,
        more in 0_u64..60,
    ) {
        let mut config = Config::new(1, 1);
        (config.settings_mut().max_uncommitted_bytes, config.settings_mut().max_message_bytes) = (cap, page);
        config.settings_mut().mark_checked_changes = false; // nobody made them
        let pair = Pair::new(config.clone(), 0, &lengths);
        let committed = committed.min(lengths.len());
        let log = taken_up(pair.log.storage(), u64::try_from(committed).unwrap(), &config);
        // Or more: of the changes in a log all but the last are committed.
        let changes = pair.entries.iter().rev().filter(|entry| entry.is_conf_change());
        let proven = changes.map(|entry| usize::try_from(entry.index).unwrap()).nth(1);
        let committed = committed.max(proven.unwrap_or(0));
        assert_eq!(log.committed(), u64::try_from(committed).unwrap());
        let bytes: u64 = pair.entries[committed..].iter().map(Entry::payload_len).sum();
        assert_eq!(log.has_room(more, &config), more == 0 || bytes == 0 || bytes + more <= cap);
        assert!(log.uncommitted_bytes() == bytes || (bytes >= cap && !log.uncommitted.is_measured()));
    }
}

/// More terms than the cache remembers.
#[test]
fn a_log_of_many_terms() {
    let mut pair = Pair::new(Config::new(1, 1), 0, &[]);
    let term = [NewTerm, Append(0, vec![1, 2]), TakeUnstable, Store, Stored];
    pair.run((0..50).flat_map(|_| term.clone()));
    pair.run((0..100).map(|low| Read(low, 9, 50, low * 7 % 50)));
    pair.run([Compact(80), Read(30, 0, 0, 3), Append(0, vec![1])]);
}
