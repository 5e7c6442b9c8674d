//! A follower's log against a vector: leaders of growing terms send it what they have, late and twice, and its disk
//! loses what was not synced.

use quorate::message::{Append, Payload};
use quorate::types::SnapshotMetadata;
use quorate::{ConfState, Config, Entry, EntryId, Index, MemoryStorage, Message, RawNode, Snapshot, Storage, Term};
use quorate_sim::dice::Dice;

use crate::support::{plain, store};

const OPERATIONS: usize = 200;
const VOTERS: [u64; 3] = [1, 2, 3];

/// Terms, the first of which is that of the entry at `base`; below that there is a snapshot.
#[derive(Clone, Debug)]
struct Vector {
    base: Index,
    terms: Vec<Term>,
}

impl Vector {
    fn last(&self) -> Index {
        self.base + self.terms.len() as u64 - 1
    }

    fn term(&self, index: Index) -> Option<Term> {
        let position = usize::try_from(index.checked_sub(self.base)?).ok()?;
        self.terms.get(position).copied()
    }

    fn truncate(&mut self, last: Index) {
        self.terms
            .truncate(usize::try_from(last + 1 - self.base).expect("a short log"));
    }
}

/// A leader of a term, and how far the group has committed by it.
#[derive(Clone, Debug)]
struct Leader {
    term: Term,
    log: Vector,
    commit: Index,
}

/// The follower and what it has to hold.
struct Bench {
    node: RawNode<MemoryStorage>,
    starts: u64,
    log: Vector,
    term: Term,
    commit: Index,
    /// What a crash goes back to.
    durable: (Vector, Term, Index),
    leaders: Vec<Leader>,
}

/// The entry that everybody has at this place.
fn entry(term: Term, index: Index) -> Entry {
    let size = usize::try_from((term + index) % 5).expect("a small number");
    Entry::new(term, index, vec![term.to_le_bytes()[0]; size])
}

fn config(starts: u64) -> Config {
    let mut config = plain(1);
    config.seed = starts;
    config
}

impl Bench {
    fn new() -> Self {
        let log = Vector {
            base: 1,
            terms: vec![1],
        };
        let leader = Leader {
            term: 2,
            log: log.clone(),
            commit: 1,
        };
        let node = RawNode::new(config(1), store(&VOTERS)).expect("a legal store");
        Self {
            node,
            starts: 1,
            durable: (log.clone(), 0, 1),
            log,
            term: 0,
            commit: 1,
            leaders: vec![leader],
        }
    }

    fn leader(&mut self) -> &mut Leader {
        self.leaders.last_mut().expect("one at least")
    }

    /// Another leader, of the next term, with everything that was committed and perhaps more.
    fn elect(&mut self, dice: &mut Dice) {
        let Leader { term, mut log, commit } = self.leader().clone();
        log.truncate(dice.between(commit, log.last()));
        let term = term + 1;
        self.leaders.push(Leader { term, log, commit });
    }

    /// The leader's log grows, and what it has committed.
    fn lead(&mut self, dice: &mut Dice) {
        let leader = self.leader();
        for _ in 0..dice.below(4) {
            leader.log.terms.push(leader.term);
        }
        if leader.log.terms.last() == Some(&leader.term) {
            leader.commit = dice.between(leader.commit, leader.log.last());
        }
    }

    /// Some leader, the latest more often than not, sends any part of what it has.
    fn append(&mut self, dice: &mut Dice) {
        let latest = self.leaders.len() - 1;
        let chosen = if dice.below(4) == 3 {
            dice.below(latest as u64 + 1)
        } else {
            latest as u64
        };
        let leader = self.leaders[usize::try_from(chosen).expect("a short list")].clone();
        let prev = dice.between(leader.log.base, leader.log.last());
        let last = dice.between(prev, leader.log.last());
        let prev = EntryId {
            term: leader.log.term(prev).expect("it has that"),
            index: prev,
        };
        let commit = dice.between(leader.log.base, leader.commit);
        let entries: Vec<Entry> = (prev.index + 1..=last)
            .map(|index| entry(leader.log.term(index).expect("it has that"), index))
            .collect();
        let payload = Payload::Append(Append::new(prev, commit, entries.clone()));
        self.hear(leader.term, payload);
        if leader.term < self.term {
            return;
        }
        self.term = leader.term;
        // One that begins below what is committed is late: it is answered with what is committed, and not looked at.
        if prev.index < self.commit || self.log.term(prev.index) != Some(prev.term) {
            return;
        }
        for entry in entries {
            if self.log.term(entry.index) != Some(entry.term) {
                self.log.truncate(entry.index - 1);
                self.log.terms.push(entry.term);
            }
        }
        self.commit = self.commit.max(commit.min(last));
    }

    /// The latest leader sends a snapshot of what is committed.
    fn install(&mut self, dice: &mut Dice) {
        let Leader { term, log, commit } = self.leader().clone();
        let index = dice.between(log.base, commit);
        let id = EntryId {
            term: log.term(index).expect("it has that"),
            index,
        };
        let metadata = SnapshotMetadata::new(id, ConfState::of_voters(VOTERS));
        self.hear(term, Payload::install_snapshot(Snapshot::new(metadata, "state")));
        self.term = self.term.max(term);
        if index <= self.commit {
            return;
        }
        if self.log.term(index) != Some(id.term) {
            let terms = vec![id.term];
            self.log = Vector { base: index, terms };
        }
        self.commit = index;
    }

    fn hear(&mut self, term: Term, payload: Payload) {
        let from = 2 + term % 2;
        let message = Message::new(from, 1, term, payload);
        self.node.step(message).expect("a legal message");
    }

    /// What there is to do is done, and durable.
    fn drain(&mut self) {
        while let Some(ready) = self.node.ready().expect("a sound node") {
            let mut done = ready
                .persisted_by(|task| self.node.storage_mut().persist_task(task))
                .expect("space");
            let _messages = done.take_messages();
            let _restored = done.snapshot();
            let _entries = done.take_committed_entries();
            self.node.advance(done).expect("the Ready that is out");
        }
        self.node.storage_mut().sync();
        self.durable = (self.log.clone(), self.term, self.commit);
    }

    /// The log up to what is applied becomes a snapshot.
    fn compact(&mut self, dice: &mut Dice) {
        self.drain();
        let applied = self.node.status().applied;
        let first = self.node.storage().first_index().expect("a log");
        let metadata = self.node.snapshot_metadata().expect("nothing is under way");
        let snapshot = self.node.storage().latest_snapshot().unwrap_or_default();
        if metadata.index < first || metadata.index <= snapshot.metadata.index {
            return;
        }
        let storage = self.node.storage_mut();
        storage
            .set_snapshot(Snapshot::new(metadata, "state"))
            .expect("what is applied");
        storage
            .compact(dice.between(first, applied))
            .expect("the snapshot covers it");
        storage.sync();
    }

    fn crash(&mut self) {
        let mut storage = self.node.storage().clone();
        storage.crash();
        self.starts += 1;
        let mut config = config(self.starts);
        config.applied = storage.snapshot(0, 0).map_or(0, |snapshot| snapshot.metadata.index);
        self.node = RawNode::new(config, storage).expect("what a crash leaves");
        (self.log, self.term, self.commit) = self.durable.clone();
    }

    /// The node says of its log what the vector says; what is on the disk is looked at entry by entry.
    fn compare(&self) {
        let status = self.node.status();
        let found = (status.hard_state.term, status.last_index, status.hard_state.commit);
        assert_eq!(found, (self.term, self.log.last(), self.commit), "{:?}", self.log);
        let (storage, (durable, ..)) = (self.node.storage(), &self.durable);
        let (first, last) = (
            storage.first_index().expect("a log"),
            storage.last_index().expect("a log"),
        );
        assert_eq!(last, durable.last(), "{durable:?}");
        let entries = storage.entries(first, last + 1, u64::MAX).expect("all that is there");
        for (index, stored) in (first..).zip(&*entries) {
            let term = durable.term(index).expect("no more than there was");
            assert_eq!(*stored, entry(term, index), "{durable:?}");
        }
    }
}

/// The target `log`.
pub fn run(bytes: &[u8]) {
    let mut dice = Dice::from_bytes(bytes.to_vec());
    let mut bench = Bench::new();
    let operations = if bytes.is_empty() {
        0
    } else {
        OPERATIONS.min(4 * bytes.len())
    };
    for _ in 0..operations {
        match dice.below(16) {
            0..7 => bench.append(&mut dice),
            7..10 => bench.lead(&mut dice),
            10..13 => bench.drain(),
            13 => bench.elect(&mut dice),
            14 if dice.below(2) == 0 => bench.crash(),
            14 => bench.install(&mut dice),
            _ => bench.compact(&mut dice),
        }
        bench.compare();
    }
}
