//! A storage on the test bench, next to the model of what it has to hold.

use quorate::MemoryStorage;

use super::Make;
use super::steps::Step;
use super::view::View;
use super::words::Verdict;
use crate::disk::{Disk, Fault, Write};

/// What is said of a storage whose power cannot fail.
pub(super) const UNTOLD: &str = "this storage cannot be told when its power fails, so that this cannot be tried:";

/// A storage, what of it is durable, and what was written since.
pub(super) struct Bench {
    disk: Box<dyn Disk>,
    durable: MemoryStorage,
    since: Vec<Write>,
    /// What was done, for the message.
    done: Vec<String>,
}

impl Bench {
    /// A new storage.
    pub(super) fn new(make: &mut Make<'_>) -> Self {
        Self {
            disk: make(),
            durable: MemoryStorage::new(),
            since: Vec::new(),
            done: Vec::new(),
        }
    }

    /// A new storage with something in it, not synced.
    pub(super) fn with(make: &mut Make<'_>, writes: impl IntoIterator<Item = Write>) -> Result<Self, String> {
        let mut bench = Self::new(make);
        bench.write_all(writes)?;
        Ok(bench)
    }

    /// The storage, to be read.
    pub(super) fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// What the storage has to hold.
    pub(super) fn model(&self) -> Result<MemoryStorage, String> {
        self.prefix(self.since.len())
    }

    /// What it would hold with the first so many writes after the last sync.
    pub(super) fn prefix(&self, count: usize) -> Result<MemoryStorage, String> {
        let mut model = self.durable.clone();
        for write in self.since.iter().take(count) {
            let written = write.clone().apply_to(&mut model);
            written.map_err(|error| format!("the rule itself is wrong: the model refuses {write:?}: {error}"))?;
        }
        Ok(model)
    }

    /// Writes; that has to succeed.
    pub(super) fn write(&mut self, write: Write) -> Verdict {
        if self.try_write(write) {
            return Ok(());
        }
        self.fails("which has to succeed")
    }

    pub(super) fn write_all(&mut self, writes: impl IntoIterator<Item = Write>) -> Verdict {
        writes.into_iter().try_for_each(|write| self.write(write))
    }

    /// Writes and says whether it succeeded.
    pub(super) fn try_write(&mut self, write: Write) -> bool {
        let answer = self.disk.write(write.clone());
        self.done.push(format!("{} -> {answer:?}", name(&write)));
        if answer.is_ok() {
            self.since.extend(write.parts());
        }
        answer.is_ok()
    }

    /// Writes what has to be refused and to change nothing.
    pub(super) fn refuse(&mut self, write: Write) -> Verdict {
        if self.try_write(write) {
            return self.fails("which has to be refused");
        }
        self.is_model("after the refusal")
    }

    /// Does a step that the power may fail in, and says whether it did not: then parts of a write may be there.
    pub(super) fn try_step(&mut self, step: &Step) -> Result<bool, String> {
        match step {
            Step::Sync => self.try_sync(),
            Step::Write(write) => {
                let is_done = self.try_write(write.clone());
                if !is_done {
                    self.since.extend(write.clone().parts());
                }
                Ok(is_done)
            }
        }
    }

    /// Tells the storage when its power fails; it has to be one that can be told.
    pub(super) fn fail_power_after(&mut self, operations: u64) -> Verdict {
        if self.disk.fail_power_after(operations) {
            self.done.push(format!("power for {operations} operations"));
            return Ok(());
        }
        Err(format!(
            "{UNTOLD} write `Disk::fail_power_after`, or leave the rule out by name"
        ))
    }

    /// Syncs; that has to succeed.
    pub(super) fn sync(&mut self) -> Verdict {
        if self.try_sync()? {
            return Ok(());
        }
        self.fails("which has to succeed")
    }

    /// Syncs and says whether it succeeded.
    pub(super) fn try_sync(&mut self) -> Result<bool, String> {
        let answer = self.disk.sync();
        self.done.push(format!("sync -> {answer:?}"));
        if answer.is_ok() {
            self.durable = self.model()?;
            self.since.clear();
        }
        Ok(answer.is_ok())
    }

    /// Tells the storage to fail; it has to be one that can be told.
    pub(super) fn inject(&mut self, fault: Fault) -> Verdict {
        if self.disk.inject(fault) {
            self.done.push(format!("fault: {fault:?}"));
            return Ok(());
        }
        Err(format!(
            "this storage cannot be told {fault:?}, so that this cannot be tried: write `Disk::inject`, or leave the \
             rule out by name"
        ))
    }

    /// The power fails; what is read must be legal, and is what the storage holds from then on.
    pub(super) fn crash(&mut self, kept: usize) -> Verdict {
        self.disk.crash(kept);
        self.done.push(format!("crash, {kept} kept"));
        self.recovered()
    }

    /// The power fails, and writes are torn and reordered.
    pub(super) fn crash_torn(&mut self, seed: u64) -> Verdict {
        self.disk.crash_torn(seed);
        self.done.push(format!("torn crash, seed {seed}"));
        self.recovered()
    }

    fn recovered(&mut self) -> Verdict {
        let found = match View::of(self.disk()) {
            Ok(found) => found,
            Err(what) => return self.fails(&what),
        };
        let mut nearest = String::new();
        for count in (0..=self.since.len()).rev() {
            let model = self.prefix(count)?;
            match found.expect(&View::of_model(&model)?) {
                Ok(()) => {
                    self.durable = model;
                    self.since.clear();
                    return Ok(());
                }
                Err(difference) => nearest = difference,
            }
        }
        match self.since.len() {
            0 => self.fails(&format!("what was synced is not what is read: {nearest}")),
            count => self.fails(&format!(
                "what is read is not what was synced and then the first so many of {count} parts of writes; if it is \
                 to be none of them, {nearest}"
            )),
        }
    }

    /// What is read is what was written.
    pub(super) fn is_model(&self, when: &str) -> Verdict {
        self.holds(&self.model()?, when)
    }

    /// What is read is what the model holds.
    pub(super) fn holds(&self, model: &MemoryStorage, when: &str) -> Verdict {
        let expected = View::of_model(model)?;
        let found = View::of(self.disk());
        match found.and_then(|found| found.expect(&expected)) {
            Ok(()) => Ok(()),
            Err(what) => self.fails(&format!("{when}, {what}")),
        }
    }

    /// Adds what was done last.
    pub(super) fn fails(&self, what: &str) -> Verdict {
        const SHOWN: usize = 8;
        let from = self.done.len().saturating_sub(SHOWN);
        let dots = if from == 0 { "" } else { "... " };
        Err(format!("{dots}{}: {what}", self.done[from..].join("; ")))
    }
}

/// The write in a word or two.
fn name(write: &Write) -> String {
    match write {
        Write::Install(snapshot) => format!("install snapshot {}", snapshot.id()),
        Write::Entries(entries) => match (entries.first(), entries.last()) {
            (Some(first), Some(last)) => format!("append {} to {}", first.id(), last.id()),
            _ => "append nothing".to_owned(),
        },
        Write::HardState(state) => format!("hard state {state}"),
        Write::Snapshot(snapshot) => format!("own snapshot {}", snapshot.id()),
        Write::Compact(to) => format!("compact to {to}"),
    }
}
