//! Starting, crashing, losing disks.

use std::collections::VecDeque;

use quorate::recover::Recovered;
use quorate::{ConfState, Config, Entry, EntryId, HardState, NodeId, RawNode, Snapshot, StorageError};

use super::identity::{Store, check_made};
use super::{Causes, Cluster, Outcome, unexpected};
use crate::disk::{Disk, Write};
use crate::judge::{Judge, Verdict, Violation};
use crate::machine::StateMachine;
use crate::member::{Calls, Life, Member, Seen, Work};
use crate::shadow::{Mark, Shadow, digest};
use crate::step::Promises;
use crate::trace::What;
use crate::values::shown;

/// What is on the disk of a node that is added.
pub(super) enum Begin<'a> {
    Empty,
    /// The snapshot with which a group is founded.
    Founder(&'a Snapshot),
    /// What is left of another group.
    Recovered(&'a Recovered),
}

impl Begin<'_> {
    /// Puts it there.
    fn put_on<D: Disk>(&self, disk: &mut D) -> Result<Shadow, StorageError> {
        let (first, hard_state) = match self {
            Self::Empty => (None, None),
            Self::Founder(first) => (Some(*first), None),
            Self::Recovered(recovered) => (Some(&recovered.snapshot), Some(recovered.hard_state)),
        };
        let installs = first.cloned().map(Write::Install);
        for write in installs.into_iter().chain(hard_state.map(Write::HardState)) {
            disk.write(write)?;
            disk.sync()?;
        }
        let mut durable = first.map(Shadow::of_snapshot).unwrap_or_default();
        durable.hard_state = hard_state.unwrap_or_default();
        Ok(durable)
    }
}

impl<M: StateMachine, D: Disk> Cluster<M, D> {
    /// A node under a new id.
    pub(super) fn add(&mut self, id: NodeId, store: Store<D>, begin: &Begin<'_>) -> Verdict {
        self.add_as((self.settings)(id), None, store, begin)
    }

    /// The same with these settings, and with seeds that are counted from this one on, if one is given: then it may have
    /// run before.
    pub(super) fn add_as(
        &mut self,
        mut config: Config,
        next_seed: Option<u64>,
        store: Store<D>,
        begin: &Begin<'_>,
    ) -> Verdict {
        let id = config.id;
        let Store {
            mut disk,
            cluster_id,
            identity,
        } = store;
        config.cluster_id = cluster_id;
        let durable = begin.put_on(&mut disk);
        let durable = durable.map_err(|error| unexpected(id, "the first snapshot", &error))?;
        self.members.push(Member {
            id,
            config,
            starts: 0,
            next_seed,
            vetoes: false,
            identity,
            stores: 1,
            lost: Vec::new(),
            forgot: None,
            forgets: false,
            owed: 0,
            fresh: !matches!(begin, Begin::Recovered(_)) && next_seed.is_none(),
            life: Life::Down(disk),
            machine: M::default(),
            applied: 0,
            restored: 0,
            damaged: None,
            spare: None,
            conf_state: ConfState::default(),
            work: Work::default(),
            calls: Calls::default(),
            log: Shadow::default(),
            durable,
            marks: VecDeque::new(),
            seen: Seen::default(),
            causes: Causes::default(),
            unavailable: false,
            corrupt: false,
        });
        if let Some(trace) = &mut self.trace {
            trace.nodes.push(id);
        }
        self.restart(id)
    }

    pub(super) fn join(&mut self, id: NodeId) -> Verdict {
        let next = self.members.len();
        match self.member(id) {
            None if Self::position(id) == next => {
                let store = self.new_store(id, 1)?;
                self.add(id, store, &Begin::Empty)
            }
            Some(member) if matches!(member.life, Life::Gone) => self.replace_store(id),
            None | Some(_) => Ok(()),
        }
    }

    /// The seed of a node's next start: never used twice.
    pub(crate) fn next_seed(&self, id: NodeId) -> u64 {
        let member = self.member(id);
        let counted = member.and_then(|member| member.next_seed);
        counted.unwrap_or_else(|| self.seed_of(id, member.map_or(0, |member| member.starts) + 1))
    }

    pub(crate) fn seed_of(&self, id: NodeId, start: u64) -> u64 {
        self.seed ^ (id << 48) ^ (start << 32)
    }

    pub(super) fn restart(&mut self, id: NodeId) -> Verdict {
        self.start(id, false)
    }

    /// With the state machine as it was, if that survives by itself.
    pub(super) fn restart_durable(&mut self, id: NodeId) -> Verdict {
        self.start(id, true)
    }

    /// Whether what a node had applied is all on its disk, and made of nothing else.
    fn survives(&self, id: NodeId, snapshot: &Snapshot) -> bool {
        let stored = snapshot.metadata.index;
        self.member(id).is_some_and(|member| {
            !member.config.settings().async_storage_writes
                && member.damaged.is_none()
                && (stored..=member.durable.last().index).contains(&member.applied)
                // Such a change would be made again, be it one that was inside a snapshot that is not stored.
                && !self.vetoed.iter().any(|&at| stored < at && at <= member.applied)
        })
    }

    fn start(&mut self, id: NodeId, durable: bool) -> Verdict {
        let Some(snapshot) = self.judge_disk(id)? else {
            return Ok(());
        };
        let seed = self.next_seed(id);
        let survives = durable && self.survives(id, &snapshot);
        let Some(member) = self.member_mut(id) else {
            return Ok(());
        };
        let disk = match std::mem::replace(&mut member.life, Life::Gone) {
            Life::Down(disk) => disk,
            other => {
                member.life = other;
                return Ok(());
            }
        };
        member.starts += 1;
        member.next_seed = member.next_seed.map(|seed| seed.wrapping_add(1));
        if survives {
            let ahead = member.applied > member.durable.hard_state.commit;
            self.coverage.machines_survived += 1;
            self.coverage.machines_ahead += u64::from(ahead);
        } else {
            self.begin_machine(id, &snapshot)?;
        }
        let member = &mut self.members[Self::position(id)];
        let mut config = member.config.clone();
        (config.applied, config.seed) = (member.applied, seed);
        if std::mem::take(&mut member.fresh) {
            config.settings_mut().restart_silence_ticks = Some(0); // nothing was promised before
        }
        let node = RawNode::new(config, disk).map_err(|error| unexpected(id, "restart", &error))?;
        member.life = Life::Up(Box::new(node));
        member.log = member.durable.clone();
        let HardState { term, commit, .. } = member.durable.hard_state;
        member.seen = Seen {
            term,
            commit: commit.max(member.applied),
            silent: u64::MAX, // it is not known yet
            ..Seen::default()
        };
        let (now, last) = (
            member.node().map_or(0, |node| node.status().hard_state.term),
            member.durable.last(),
        );
        let founded = last == member.durable.base(); // it may be in no term yet
        Judge::term_covers(id, now, if founded { EntryId::default() } else { last })?;
        self.find_changes(id)?;
        self.note(id, || What::Restarted);
        self.note_role(id);
        self.coverage.restarts += 1;
        self.observe(id)
    }

    /// The state machine begins with what the disk holds of it.
    fn begin_machine(&mut self, id: NodeId, snapshot: &Snapshot) -> Verdict {
        let member = &mut self.members[Self::position(id)];
        (member.machine, member.restored) = (M::default(), 0);
        if !snapshot.is_empty() {
            self.restore(id, snapshot)?;
        }
        let member = &mut self.members[Self::position(id)];
        (member.applied, member.damaged, member.spare) = (snapshot.metadata.index, None, None);
        member.conf_state.clone_from(&snapshot.metadata.conf_state);
        Ok(())
    }

    /// What a node that is down has to start on, if it is; and whether that is what it wrote.
    fn judge_disk(&mut self, id: NodeId) -> Result<Option<Snapshot>, Violation> {
        let Some(member) = self.member(id) else { return Ok(None) };
        let Life::Down(disk) = &member.life else {
            return Ok(None);
        };
        check_disk(member, disk, &self.judge)?;
        let snapshot = disk.latest_snapshot();
        let snapshot = snapshot.map_err(|error| unexpected(id, "its snapshot", &error))?;
        if !snapshot.is_empty() {
            let verdict = self.judge_snapshot(id, &snapshot);
            self.rule(verdict)?;
        }
        Ok(Some(snapshot))
    }

    /// Other promises: a node that runs changes its election timeout, and the rest with its next start.
    pub(super) fn configure(&mut self, id: NodeId, promises: Promises) -> Verdict {
        let Some(member) = self.member_mut(id) else {
            return Ok(());
        };
        let sound = |config: &Config| {
            let mut next = config.clone();
            next.settings_mut().election_timeout_ticks = promises.election_ticks;
            next.settings_mut().lease_promises = promises.lease_promises;
            next.validate().is_ok()
        };
        if !sound(&member.config) || member.node().is_some_and(|node| !sound(node.config())) {
            return Ok(()); // an operator would be told why
        }
        member.config.settings_mut().election_timeout_ticks = promises.election_ticks;
        member.config.settings_mut().lease_promises = promises.lease_promises;
        if member.keeps_promises() {
            // Where the disk does not, the silence is all that a promise rests on.
            member.config.settings_mut().restart_silence_ticks = promises.silence_ticks;
        }
        if let Some(node) = member.node_mut() {
            let mut next = node.config().clone();
            next.settings_mut().election_timeout_ticks = promises.election_ticks;
            node.set_config(next)
                .map_err(|error| unexpected(id, "another election timeout", &error))?;
            self.coverage.timeouts_changed += 1;
        } else {
            self.coverage.promises_changed += 1;
        }
        self.note(id, || What::Note {
            kind: "fault",
            text: format!("{promises:?}"),
        });
        self.observe(id)
    }

    pub(super) fn crash(&mut self, id: NodeId, kept: usize) -> Verdict {
        let Some(member) = self.member_mut(id) else {
            return Ok(());
        };
        let node = match std::mem::replace(&mut member.life, Life::Gone) {
            Life::Up(node) => node,
            other => {
                member.life = other;
                return Ok(());
            }
        };
        let by_lease = node.counters().reads_by_lease;
        let mut disk = node.into_storage();
        let unsynced = disk.unsynced();
        if unsynced != member.marks.len() {
            return Err(Violation::new(
                "storage counts its writes",
                format!("{id}: {unsynced} unsynced, {} written", member.marks.len()),
            ));
        }
        let kept = kept.min(unsynced);
        disk.crash(kept);
        let survived: Vec<Mark> = member.marks.drain(..).take(kept).collect();
        member.work = Work::default();
        member.owed = member.seen.promised.max(member.seen.silent);
        (member.seen, member.causes) = (Seen::default(), Causes::default());
        (member.unavailable, member.corrupt) = (false, false);
        let calls = std::mem::take(&mut member.calls);
        member.life = Life::Down(disk);
        self.settle(id, survived)?;
        for operation in calls.proposals.into_values() {
            self.end(id, operation, Outcome::Unknown);
        }
        for operation in calls.reads.into_keys() {
            self.end(id, operation, Outcome::Refused);
        }
        self.coverage.crashes += 1;
        self.coverage.reads_by_lease += by_lease;
        self.coverage.torn_writes += u64::from(kept > 0 && kept < unsynced);
        self.coverage.lost_writes += (unsynced - kept) as u64;
        self.note(id, || What::Crashed { lost: unsynced - kept });
        Ok(())
    }
}

/// After a crash the disk holds what was synced, and what it was told to keep: the hard state, the end of
/// the log, and the newest entries byte for byte (to compare all at each start would take too long).
fn check_disk<M, D: Disk>(member: &Member<M, D>, disk: &D, judge: &Judge) -> Verdict {
    const NEWEST: u64 = 8;
    let unreadable = |error| unexpected(member.id, "its disk", &error);
    let broken = |detail| {
        Violation::new(
            "what was synced is there",
            format!("on the disk of {}, {detail}", member.id),
        )
    };
    let initial = disk.initial_state().map_err(unreadable)?;
    let last = disk.last_index().map_err(unreadable)?;
    let (hard_state, durable) = (member.durable.hard_state, member.durable.last());
    if initial.hard_state != hard_state {
        let found = initial.hard_state;
        return Err(broken(format!(
            "the hard state is \"{found}\", and \"{hard_state}\" was synced"
        )));
    }
    if last != durable.index {
        return Err(broken(format!(
            "the last index is {last}, and everything up to {durable} was synced"
        )));
    }
    check_made(member, disk)?;
    let first = disk.first_index().map_err(unreadable)?;
    let low = first.max((last + 1).saturating_sub(NEWEST)).min(last + 1);
    let newest = disk.entries(low, last + 1, u64::MAX).map_err(unreadable)?;
    let mut held = newest.iter();
    for index in low..=last {
        let found = held.next();
        if found.map(|entry| (entry.term, digest(entry))) != member.durable.entry(index) {
            let written = member.durable.term(index).map(|term| EntryId { term, index });
            let written = written.and_then(|id| judge.stored(id));
            let (found, written) = (in_words(found), in_words(written));
            return Err(broken(format!(
                "the entry at {index} is {found}, and {written} was synced"
            )));
        }
    }
    Ok(())
}

fn in_words(entry: Option<&Entry>) -> String {
    entry.map_or_else(
        || "none".to_owned(),
        |entry| format!("{} with {}", entry.id(), shown(&entry.data)),
    )
}
