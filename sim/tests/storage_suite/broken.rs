//! A [`MemoryDisk`] with one [`Defect`]: what is wrong when it is written and opened.

use quorate::ready::AppendTask;
use quorate::types::{ClusterId, EntryKind, Identity};
use quorate::{HardState, MemoryStorage, Snapshot, Storage, StorageError};
use quorate_sim::disk::{Disk, Fault, MemoryDisk, Write, writes_of};

use crate::defect::Defect;

/// The storage.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) defect: Option<Defect>,
    pub(crate) disk: MemoryDisk,
    /// The snapshot that was installed last.
    pub(crate) installed: Snapshot,
    pub(crate) full: bool,
    /// As of the last sync, and of the one before.
    synced: [MemoryDisk; 2],
    /// The hard state that a sync covered, if it has to come with entries.
    synced_state: HardState,
    /// Written since the last sync.
    since: Vec<Write>,
    /// Writes in all.
    written: usize,
    crashed: bool,
    /// What was durable when the power failed, if nothing was written since.
    before_crash: Option<MemoryDisk>,
    write_fails: bool,
    sync_fails: bool,
    sync_failed: bool,
    /// The power is to fail, and what it cut short.
    power: bool,
    cut_short: Vec<Write>,
}

fn refused() -> StorageError {
    StorageError::Broken("refused".to_owned())
}

impl Broken {
    pub(crate) fn new(defect: Option<Defect>) -> Self {
        Self {
            defect,
            disk: MemoryDisk::default(),
            installed: Snapshot::default(),
            full: false,
            synced: [MemoryDisk::default(), MemoryDisk::default()],
            synced_state: HardState::default(),
            since: Vec::new(),
            written: 0,
            crashed: false,
            before_crash: None,
            write_fails: false,
            sync_fails: false,
            sync_failed: false,
            power: false,
            cut_short: Vec::new(),
        }
    }

    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    fn model(&self) -> &MemoryStorage {
        self.disk.storage()
    }

    /// First and last index.
    pub(crate) fn bounds(&self) -> (u64, u64) {
        let model = self.model();
        (model.first_index().unwrap(), model.last_index().unwrap())
    }

    /// The stored entries behind an index.
    fn behind(&self, index: u64) -> Write {
        let log = self.model().log().into_iter();
        Write::Entries(log.filter(|entry| entry.index > index).collect())
    }

    fn is_refused(&self, write: &Write) -> bool {
        self.disk.clone().write(write.clone()).is_err()
    }

    /// What is written instead.
    fn altered(&self, write: Write) -> Result<Vec<Write>, StorageError> {
        use Defect::*;
        let Some(defect) = self.defect else {
            return Ok(vec![write]);
        };
        let (first, last) = self.bounds();
        let refusable = self.is_refused(&write);
        Ok(match (defect, write) {
            (VoteStays, Write::HardState(state)) => {
                let vote = state.vote.or(self.model().hard_state().vote);
                vec![Write::HardState(voting(state, vote))]
            }
            (PromiseIsLost, Write::HardState(state)) => vec![Write::HardState(state.with_promised_ticks(0))],
            (KindIsLost, Write::Entries(entries)) => {
                let normal = entries.into_iter().map(|entry| entry.with_kind(EntryKind::Normal));
                vec![Write::Entries(normal.collect())]
            }
            (GapIsIgnored, Write::Entries(_)) | (OldInstallIsIgnored, Write::Install(_)) if refusable => Vec::new(),
            (TermsMayFall, write) => write.parts(),
            (OverlapKeepsTail, Write::Entries(entries)) => {
                let tail = self.behind(entries.last().map_or(u64::MAX, |entry| entry.index));
                vec![Write::Entries(entries), tail]
            }
            (BelowIsRefused, Write::Entries(entries)) if entries.iter().any(|entry| entry.index < first) => {
                return Err(refused());
            }
            (EmptyAppendFails, Write::Entries(entries)) if entries.is_empty() => return Err(refused()),
            (CompactsOneMore, Write::Compact(to)) if to < last => vec![Write::Compact(to + 1)],
            (CompactionLeavesOne, Write::Compact(to)) if to == last && first < to => vec![Write::Compact(to - 1)],
            (CompactsTwice, Write::Compact(to)) if to < first => Vec::new(),
            (CompactsBeyond, Write::Compact(to)) if to > last && first > last => Vec::new(),
            (CompactsBeyond, Write::Compact(to)) => vec![Write::Compact(to.min(last))],
            (InstallKeepsLog, Write::Install(snapshot)) => {
                let tail = self.behind(snapshot.metadata.index);
                vec![Write::Install(snapshot), tail]
            }
            (InstallResetsHardState, Write::Install(snapshot)) => {
                vec![Write::Install(snapshot), Write::HardState(HardState::default())]
            }
            (OwnSnapshotCompacts, Write::Snapshot(snapshot)) if snapshot.metadata.index >= first => {
                let to = snapshot.metadata.index;
                vec![Write::Snapshot(snapshot), Write::Compact(to)]
            }
            (NamesAreLost, Write::Install(snapshot)) => vec![Write::Install(without_names(snapshot))],
            (NamesAreLost, Write::Snapshot(snapshot)) => vec![Write::Snapshot(without_names(snapshot))],
            (_, write) => vec![write],
        })
    }

    fn put(&mut self, write: Write) -> Result<(), StorageError> {
        self.disk.write(write.clone())?;
        if let Write::Install(snapshot) = &write {
            self.installed = snapshot.clone();
        }
        self.since.extend(write.parts());
        Ok(())
    }

    /// What is durable is this, as if it had been there.
    fn becomes(&mut self, disk: &MemoryDisk) {
        self.disk = MemoryDisk::new(disk.storage().clone());
    }

    /// Writes, and it is durable.
    fn force(&mut self, write: Write) {
        let _ = self.disk.write(write); // where it does not fit, it is not there
        self.disk.sync().unwrap();
    }

    fn reopen(&mut self, kept: usize) {
        use Defect::*;
        let present = self.disk.clone();
        let state = self.model().hard_state();
        let durable = self.synced[0].clone();
        self.disk.crash(if self.has(CrashKeepsNothing) { 0 } else { kept });
        match self.defect {
            Some(SyncIsOneBehind) => self.becomes(&self.synced[1].clone()),
            Some(OpeningDestroys) if self.power => self.becomes(&MemoryDisk::default()),
            Some(CutShortDestroys) if !self.cut_short.is_empty() => self.becomes(&MemoryDisk::default()),
            Some(CutShortIsAhead) if kept == 0 => {
                for write in std::mem::take(&mut self.cut_short) {
                    self.force(write);
                }
            }
            Some(SecondRestartIsEmpty) if self.crashed && self.since.is_empty() => self.becomes(&MemoryDisk::default()),
            Some(HardStateAloneIsNotSynced) if kept == 0 => self.force(Write::HardState(self.synced_state)),
            Some(HardStateIsAhead) => self.force(Write::HardState(state)),
            Some(CompactionIsAhead) => self.force(Write::Compact(present.first_index().unwrap() - 1)),
            Some(FailedSyncDestroys) if self.sync_failed => self.becomes(&MemoryDisk::default()),
            Some(FailedSyncIsForgotten) if self.sync_failed => self.becomes(&durable),
            Some(VoteIsNotDurable) => {
                let state = self.model().hard_state();
                self.force(Write::HardState(voting(state, None)));
            }
            Some(PromiseIsNotDurable) => self.force(Write::HardState(self.model().hard_state().with_promised_ticks(0))),
            Some(GroupIsNotDurable) => {
                self.disk = MemoryDisk::new(self.disk.storage().clone().with_cluster_id(0));
            }
            Some(IdentityIsNotDurable) => {
                self.disk = MemoryDisk::new(self.disk.storage().clone().with_identity(0));
            }
            Some(RecoveredIsNotDurable) => {
                if let Some(before) = self.before_crash.take() {
                    self.becomes(&before);
                }
            }
            _ => {}
        }
        self.before_crash = Some(durable);
        self.reopened();
    }

    fn reopened(&mut self) {
        self.since.clear();
        self.synced = [self.disk.clone(), self.disk.clone()];
        (self.crashed, self.sync_failed) = (true, false);
        (self.write_fails, self.sync_fails, self.power) = (false, false, false);
        self.cut_short.clear();
    }
}

impl Disk for Broken {
    fn persist_task(&mut self, task: &AppendTask) -> Result<(), StorageError> {
        let forgotten = |write: &Write| match write {
            Write::HardState(_) => self.has(Defect::PersistForgetsHardState),
            Write::Install(_) => self.has(Defect::PersistForgetsSnapshot),
            _ => false,
        };
        let writes: Vec<Write> = writes_of(task).into_iter().filter(|write| !forgotten(write)).collect();
        writes.into_iter().try_for_each(|write| self.write(write))?;
        if task.must_sync() && !self.has(Defect::PersistForgetsSync) {
            self.sync()?;
        }
        Ok(())
    }

    fn write(&mut self, write: Write) -> Result<(), StorageError> {
        let half = match (std::mem::take(&mut self.write_fails), self.full) {
            (true, _) => Some(Defect::FailedWriteIsHalf),
            (false, true) => Some(Defect::FullTakesHalf),
            (false, false) => None,
        };
        if let Some(half) = half {
            if self.has(half)
                && let Some(part) = write.parts().into_iter().next()
            {
                self.put(part)?;
            }
            return Err(refused());
        }
        if self.has(Defect::ReadOnlyAfterCrash) && self.crashed {
            return Err(refused());
        }
        if self.has(Defect::RefusalIsHalf) && self.is_refused(&write) {
            let part = match write {
                Write::Compact(_) => Write::Compact(self.bounds().1),
                write => write.parts().swap_remove(0),
            };
            return self.put(part).and(Err(refused()));
        }
        self.written += write.clone().parts().len();
        self.before_crash = None;
        let put = self
            .altered(write.clone())?
            .into_iter()
            .try_for_each(|write| self.put(write));
        if put.is_err() && self.power {
            self.cut_short = vec![write];
        }
        put
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        if self.has(Defect::IdleSyncFails) && self.since.is_empty() {
            return Err(refused());
        }
        if !self.since.is_empty() && std::mem::take(&mut self.sync_fails) {
            self.sync_failed = true;
            return if self.has(Defect::FailedSyncIsSilent) {
                Ok(())
            } else {
                Err(refused())
            };
        }
        self.disk.sync()?;
        if self.since.iter().any(|write| matches!(write, Write::Entries(_))) {
            self.synced_state = self.model().hard_state();
        }
        self.since.clear();
        if !(self.has(Defect::FailedSyncIsForgotten) && self.sync_failed) {
            self.synced.swap(0, 1);
            self.synced[0] = self.disk.clone();
        }
        Ok(())
    }

    fn unsynced(&self) -> usize {
        if self.has(Defect::UnsyncedNeverFalls) {
            return self.written;
        }
        self.since.len()
    }

    fn crash(&mut self, kept: usize) {
        self.reopen(kept);
    }

    fn crash_torn(&mut self, seed: u64) {
        if self.has(Defect::HoleIsBelieved) {
            self.disk.crash(0);
            let behind_the_hole: Vec<_> = self.since.drain(..).skip(1).collect();
            for write in behind_the_hole {
                self.force(write);
            }
            return self.reopened();
        }
        let choices = self.since.len() as u64 + 1;
        self.reopen(usize::try_from(seed % choices).unwrap());
    }

    fn inject(&mut self, fault: Fault) -> bool {
        match fault {
            Fault::WriteFails => self.write_fails = true,
            Fault::SyncFails => self.sync_fails = true,
            Fault::Full => self.full = true,
            Fault::Space => self.full = self.has(Defect::FullForever),
            _ => return false,
        }
        !self.has(Defect::CannotBeTold)
    }

    fn fail_power_after(&mut self, operations: u64) -> bool {
        self.power = operations < u64::MAX;
        self.disk.fail_power_after(operations) && !self.has(Defect::CannotBeTold)
    }

    fn set_cluster_id(&mut self, cluster_id: ClusterId) -> bool {
        let [first, second] = &mut self.synced;
        let disks = [&mut self.disk, first, second];
        disks.into_iter().all(|disk| disk.set_cluster_id(cluster_id))
    }

    fn set_identity(&mut self, identity: Identity) -> bool {
        let [first, second] = &mut self.synced;
        let disks = [&mut self.disk, first, second];
        disks.into_iter().all(|disk| disk.set_identity(identity))
    }

    fn latest_snapshot(&self) -> Result<Snapshot, StorageError> {
        if self.has(Defect::OwnSnapshotIsLost) {
            return Ok(self.installed.clone());
        }
        self.disk.latest_snapshot()
    }
}

fn without_names(mut snapshot: Snapshot) -> Snapshot {
    snapshot.metadata.conf_state.identities.clear();
    snapshot
}

fn voting(state: HardState, vote: Option<u64>) -> HardState {
    HardState::new(state.term, vote, state.commit).with_promised_ticks(state.promised_ticks)
}
