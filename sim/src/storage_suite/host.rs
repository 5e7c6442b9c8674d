//! The host of a [`RawNode`] over the storage that is tried: what it promised, and when the power fails.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use quorate::message::{Payload, VoteResponse};
use quorate::ready::AppendTask;
use quorate::storage::InitialState;
use quorate::types::{ClusterId, SnapshotMetadata};
use quorate::{
    ConfState, Config, Entries, Entry, EntryId, HardState, Index, Message, NodeId, RawNode, Ready, Snapshot, Storage,
    StorageError, Term, bootstrap,
};

use super::Make;
use super::bench::UNTOLD;
use super::words::{ALL, GROUP, equal};
use crate::disk::{Disk, Write, writes_of};

/// The storage of a node, which outlives it.
#[derive(Clone)]
pub(super) struct Shared(Rc<RefCell<Box<dyn Disk>>>);

impl Storage for Shared {
    fn keeps_promises(&self) -> bool {
        self.0.borrow().keeps_promises()
    }

    fn initial_state(&self) -> Result<InitialState, StorageError> {
        self.0.borrow().initial_state()
    }

    fn first_index(&self) -> Result<Index, StorageError> {
        self.0.borrow().first_index()
    }

    fn last_index(&self) -> Result<Index, StorageError> {
        self.0.borrow().last_index()
    }

    fn term(&self, index: Index) -> Result<Term, StorageError> {
        self.0.borrow().term(index)
    }

    fn entries(&self, low: Index, high: Index, max_bytes: u64) -> Result<Entries, StorageError> {
        self.0.borrow().entries(low, high, max_bytes)
    }

    fn snapshot(&self, peer: NodeId, at_least: Index) -> Result<Snapshot, StorageError> {
        self.0.borrow().snapshot(peer, at_least)
    }
}

/// How the power fails.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outage {
    /// What is not synced is lost.
    LosesAll,
    /// It is kept.
    LosesNothing,
    /// Parts of it are.
    Tears(u64),
}

/// How the disk is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// Write by write: the power fails at any of them.
    Writes,
    /// By [`Disk::persist_task`]: it fails between two calls.
    Tasks,
    /// The same; it fails inside of a call.
    Inside,
}

/// Why a node stopped.
pub(super) enum Stop {
    Power,
    Wrong(String),
}

impl Stop {
    /// What was wrong, and when.
    pub(super) fn within(self, power: usize, outage: Outage) -> String {
        let what = match self {
            Self::Wrong(what) => what,
            Self::Power => "the power failed twice".to_owned(), // cannot be
        };
        format!("with an outage ({outage:?}) after {power} operations, {what}")
    }
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Wrong(error.to_string())
    }
}

/// A node's host: its storage, and what the node promised so far.
pub(super) struct Host {
    pub(super) voters: Vec<NodeId>,
    disk: Shared,
    way: Way,
    /// The group that the storage was made for; zero if it cannot be told.
    pub(super) cluster_id: ClusterId,
    /// Writes and syncs until the power fails.
    power: usize,
    outage: Outage,
    pub(super) starts: u64,
    /// What was written last, by [`Way::Tasks`].
    written: HardState,
    /// What was synced last.
    durable: HardState,
    /// The last index of a leader's snapshot that was synced.
    installed: Index,
    /// What was handed out as committed, by index.
    committed: BTreeMap<Index, Entry>,
    /// Who got a vote, by term.
    votes: BTreeMap<Term, NodeId>,
    applied: Index,
}

impl Host {
    pub(super) fn new(
        make: &mut Make<'_>,
        way: Way,
        voters: &[NodeId],
        power: usize,
        outage: Outage,
    ) -> Result<Self, Stop> {
        let disk = Shared(Rc::new(RefCell::new(make())));
        let told = disk.0.borrow_mut().set_cluster_id(GROUP);
        let snapshot = bootstrap(1, &disk, &ConfState::of_voters(voters.iter().copied()))?;
        disk.0.borrow_mut().write(Write::Install(snapshot))?;
        disk.0.borrow_mut().sync()?;
        if let Way::Inside = way
            && !disk.0.borrow_mut().fail_power_after(power as u64)
        {
            let what = format!("{UNTOLD} write `Disk::fail_power_after`, or leave the rule out by name");
            return Err(Stop::Wrong(what));
        }
        Ok(Self {
            voters: voters.to_vec(),
            disk,
            way,
            cluster_id: if told { GROUP } else { 0 },
            power,
            outage,
            starts: 0,
            written: HardState::default(),
            durable: HardState::default(),
            installed: 0,
            committed: BTreeMap::new(),
            votes: BTreeMap::new(),
            applied: 0,
        })
    }

    /// Starts the node from what is stored.
    pub(super) fn start(&mut self) -> Result<RawNode<Shared>, Stop> {
        self.check()?;
        self.starts += 1;
        let mut config = Config::new(1, self.starts);
        // No promises but votes, so that the node answers at once after each start.
        (
            config.settings_mut().pre_vote,
            config.settings_mut().check_quorum,
            config.settings_mut().lease_promises,
        ) = (false, false, false);
        config.settings_mut().restart_silence_ticks = Some(0);
        let snapshot = self.disk.0.borrow().latest_snapshot()?;
        config.applied = snapshot.metadata.index;
        config.cluster_id = self.cluster_id;
        self.applied = config.applied;
        Ok(RawNode::new(config, self.disk.clone())?)
    }

    /// What is stored is no less than what was promised.
    fn check(&self) -> Result<(), Stop> {
        let disk = self.disk.0.borrow();
        let stored = disk.initial_state()?.hard_state;
        let vote_kept = stored.term > self.durable.term || stored.vote == self.durable.vote;
        if stored.term < self.durable.term || !vote_kept {
            let synced = self.durable;
            return Err(Stop::Wrong(format!(
                "\"{stored}\" is stored, but \"{synced}\" was synced"
            )));
        }
        let covered = disk.latest_snapshot()?.metadata.index;
        if covered < self.installed {
            let installed = self.installed;
            return Err(Stop::Wrong(format!(
                "the latest snapshot covers {covered}, but one that covers {installed} was installed and synced"
            )));
        }
        let first = disk.first_index()?;
        let is_stored = |entry: &&Entry| entry.index > covered || entry.index >= first;
        for entry in self.committed.values().filter(is_stored) {
            let found = disk.entries(entry.index, entry.index + 1, ALL);
            let what = format!("the committed entry at {}", entry.index);
            equal(&what, &found, &Ok(Entries::from([entry.clone()]))).map_err(Stop::Wrong)?;
        }
        Ok(())
    }

    /// Does what the node wants done, until it wants nothing more.
    pub(super) fn drain(&mut self, node: &mut RawNode<Shared>) -> Result<(), Stop> {
        while let Some(mut ready) = node.ready()? {
            let _ = ready.take_messages(); // nobody is there
            self.persist(&ready)?;
            let mut done = ready.persisted();
            if let Some(snapshot) = done.snapshot() {
                self.applied = snapshot.metadata.index;
            }
            for message in done.take_messages() {
                self.promised(&message)?;
            }
            for entry in done.take_committed_entries() {
                self.applied = entry.index;
                let before = self.committed.insert(entry.index, entry.clone());
                if before.is_some_and(|before| before != entry) {
                    return Err(Stop::Wrong(format!("the entry at {} was committed twice", entry.index)));
                }
            }
            node.advance(done)?;
        }
        Ok(())
    }

    fn persist(&mut self, ready: &Ready) -> Result<(), Stop> {
        let Some(task) = ready.append_task() else { return Ok(()) };
        if let Way::Tasks | Way::Inside = self.way {
            return self.persist_task(task);
        }
        for write in writes_of(task) {
            self.write(write)?;
        }
        if task.must_sync() {
            self.sync()?;
        }
        Ok(())
    }

    fn persist_task(&mut self, task: &AppendTask) -> Result<(), Stop> {
        self.consume()?;
        let stored = self.disk.0.borrow_mut().persist_task(task);
        stored.map_err(|error| self.failed(error))?;
        // What is to be there is what the task says, whatever the storage has made of it.
        self.written = task.hard_state().unwrap_or(self.written);
        if task.must_sync() {
            self.durable = self.written;
            let snapshot = task.snapshot().map_or(0, |snapshot| snapshot.metadata.index);
            self.installed = self.installed.max(snapshot);
        }
        Ok(())
    }

    fn write(&mut self, write: Write) -> Result<(), Stop> {
        self.consume()?;
        let written = self.disk.0.borrow_mut().write(write);
        written.map_err(|error| self.failed(error))
    }

    fn sync(&mut self) -> Result<(), Stop> {
        self.consume()?;
        self.disk.0.borrow_mut().sync()?;
        self.durable = self.disk.initial_state()?.hard_state;
        Ok(())
    }

    /// Before the first outage inside of a call, what fails is the power.
    fn failed(&self, error: StorageError) -> Stop {
        match self.way {
            Way::Inside if self.power < usize::MAX => Stop::Power,
            _ => error.into(),
        }
    }

    fn consume(&mut self) -> Result<(), Stop> {
        if let Way::Inside = self.way {
            return Ok(()); // the disk counts
        }
        self.power = self.power.checked_sub(1).ok_or(Stop::Power)?;
        Ok(())
    }

    /// A message arrives.
    pub(super) fn hear(
        &mut self,
        node: &mut RawNode<Shared>,
        from: NodeId,
        term: Term,
        payload: Payload,
    ) -> Result<(), Stop> {
        node.step(Message::new(from, 1, term, payload).with_cluster_id(self.cluster_id))?;
        self.drain(node)
    }

    fn promised(&mut self, message: &Message) -> Result<(), Stop> {
        if !matches!(
            message.payload,
            Payload::VoteResponse(VoteResponse { granted: true, .. })
        ) {
            return Ok(());
        }
        match self.votes.insert(message.term, message.to) {
            Some(before) if before != message.to => Err(Stop::Wrong(format!(
                "in term {} the node voted for {before} and for {}",
                message.term, message.to
            ))),
            _ => Ok(()),
        }
    }

    /// An own snapshot of what is applied, and the log without it.
    pub(super) fn compact(&mut self) -> Result<(), Stop> {
        let index = self.applied;
        let term = self.disk.term(index)?;
        let metadata = SnapshotMetadata::new(
            EntryId { term, index },
            ConfState::of_voters(self.voters.iter().copied()),
        );
        let snapshot = Snapshot::new(metadata, format!("state at {index}"));
        self.write(Write::Snapshot(snapshot))?;
        self.write(Write::Compact(index))
    }

    /// The power fails, for the only time.
    pub(super) fn crash(&mut self) {
        let mut disk = self.disk.0.borrow_mut();
        match self.outage {
            Outage::LosesAll => disk.crash(0),
            Outage::LosesNothing => {
                let unsynced = disk.unsynced();
                disk.crash(unsynced);
            }
            Outage::Tears(seed) => disk.crash_torn(seed),
        }
        if let Way::Inside = self.way {
            disk.fail_power_after(u64::MAX);
        }
        self.power = usize::MAX;
    }
}
