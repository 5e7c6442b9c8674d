//! One node with its disk, its state machine and, between them, work that is half done.

use quorate::{
    Config, Entry, EntryId, HardState, Index, MemoryStorage, Message, RawNode, Ready, Snapshot, Status, Storage,
};
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use quorate::message::{AppendResponse, Payload};
use quorate::ready::{AppendTask, ApplyTask, Persisted, ReadState, TaskResponse};
use quorate::status::RoleKind;
use quorate::types::SnapshotMetadata;

use super::history::{History, Seen, State};
use super::tables::Tables;

/// The application's own bytes on a configuration change that it vetoes when it applies it.
pub(crate) const VETO: &[u8] = b"veto";

/// How far the caller is with the Ready that is out.
#[derive(Debug, Default)]
enum Stage {
    #[default]
    Idle,
    Sent(Box<Ready>),
    Persisted(Persisted),
    Applied(Persisted),
}

/// A piece of work, done at once. Without asynchronous writes they are done in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Ready,
    Write,
    Acknowledge,
    Apply,
}

pub(crate) struct Member {
    pub(crate) raw: RawNode<MemoryStorage>,
    stage: Stage,
    appends: VecDeque<AppendTask>,
    applies: VecDeque<ApplyTask>,
    /// What the finished tasks owe.
    owed: VecDeque<TaskResponse>,
    pub(crate) state: State,
    pub(crate) seen: Seen,
    /// Up to here its committed entries were compared with the history.
    checked: Index,
    before: HardState,
    applied: Index,
    role: RoleKind,
    pub(crate) ticks: u64,
    /// Reads that were asked for in this start and did not come back: what was committed then.
    pub(crate) reads: BTreeMap<Bytes, Index>,
    pub(crate) tables: Tables,
}

/// Whether a message says that something is durable.
fn promises(message: &Message) -> bool {
    match &message.payload {
        Payload::AppendResponse(_) | Payload::VoteResponse(_) => true,
        Payload::RequestVote(request) => !request.pre_vote,
        _ => false,
    }
}

impl Member {
    pub(crate) fn new(config: Config, storage: MemoryStorage, history: &History) -> Self {
        let base = storage.first_index().unwrap() - 1;
        let term = storage.term(base).unwrap();
        let applied = config.applied.max(base);
        let raw = RawNode::new(config, storage).expect("a legal store");
        let mut seen = Seen {
            base: EntryId { term, index: base },
            ids: Vec::new(),
        };
        seen.replace(&raw.storage().log());
        Self {
            stage: Stage::Idle,
            appends: VecDeque::new(),
            applies: VecDeque::new(),
            owed: VecDeque::new(),
            state: history.state(applied).clone(),
            seen,
            checked: base,
            before: raw.status().hard_state,
            applied,
            role: RoleKind::Follower,
            ticks: 0,
            reads: BTreeMap::new(),
            tables: Tables::default(),
            raw,
        }
    }

    /// Stops, loses what was not synced, and starts again, with the state machine's state kept or
    /// taken from where the log begins.
    pub(crate) fn restart(&mut self, mut config: Config, keep_state: bool, history: &mut History) {
        let mut storage = self.raw.storage().clone();
        storage.crash();
        config.applied = if keep_state { self.state.index } else { 0 };
        let applied = config.applied.max(storage.first_index().unwrap() - 1);
        // The configuration may be as of another index: the changes in between are made again, but for those that
        // were vetoed.
        let base = storage.first_index().unwrap() - 1;
        let index = if !keep_state {
            history.known_up_to(applied, storage.hard_state().commit)
        } else if history.vetoes(base + 1..=applied) {
            applied
        } else {
            base
        };
        storage.set_conf_state(history.state(index).members.clone(), index);
        let (ticks, tables) = (self.ticks, std::mem::take(&mut self.tables));
        let tables = tables.restart(config.seed.is_multiple_of(2), &mut history.ledger);
        *self = Self {
            ticks,
            tables,
            ..Self::new(config, storage, history)
        };
        let known = &history.state(index.max(applied)).members;
        assert_eq!(self.raw.membership().conf_state(), *known);
        self.offer_snapshot(history.state(applied));
    }

    // ----- what is to be done

    /// Does a piece of work, if there is any; messages that may leave go to `out`.
    pub(crate) fn work(&mut self, work: Work, history: &mut History, out: &mut Vec<Message>) -> bool {
        if self.raw.config().settings().async_storage_writes {
            return match work {
                Work::Ready => self.take_ready(history, out),
                Work::Write => self.write(history),
                Work::Acknowledge => self.acknowledge(out),
                Work::Apply => self.apply_task(history),
            };
        }
        match std::mem::take(&mut self.stage) {
            Stage::Idle => return self.take_ready(history, out),
            Stage::Sent(ready) => {
                self.raw.storage_mut().persist(&ready).expect("a storage that works");
                ready
                    .append_task()
                    .into_iter()
                    .for_each(|task| self.written(task, history));
                let mut done = ready.persisted();
                out.extend(done.take_messages());
                self.stage = Stage::Persisted(done);
            }
            Stage::Persisted(mut done) => {
                done.take_committed_entries()
                    .iter()
                    .for_each(|entry| self.apply(entry, history));
                self.stage = Stage::Applied(done);
            }
            Stage::Applied(done) => self.raw.advance(done).expect("the Ready that is out"),
        }
        true
    }

    fn take_ready(&mut self, history: &mut History, out: &mut Vec<Message>) -> bool {
        let (due, leads) = (self.raw.has_ready(), self.leads());
        let before = self.raw.clone();
        let Some(mut ready) = self.raw.ready().expect("a sound node") else {
            assert!(!due, "there was something to do");
            assert!(self.raw == before, "looking for nothing changes nothing");
            return false;
        };
        assert!(due, "there was nothing to do");
        let messages = ready.take_messages();
        assert!(
            !messages.iter().any(promises),
            "what leaves at once promises nothing durable"
        );
        out.extend(messages);
        self.answered(ready.read_states());
        let (snapshot, entries) = (ready.snapshot(), ready.entries());
        if let Some(snapshot) = snapshot {
            self.seen.restore(snapshot);
        }
        let end = self.seen.last().index + 1;
        let appended = entries.first().is_none_or(|entry| entry.index == end);
        assert!(!leads || (appended && snapshot.is_none()), "a leader only appends");
        history.entries(self.seen.replace(entries), entries);
        self.checked = history.commits(self.raw.status().hard_state, &self.seen, self.checked);
        if self.raw.config().settings().async_storage_writes {
            self.appends.extend(ready.take_append_task());
            self.applies.extend(ready.take_apply_task());
        } else {
            self.stage = Stage::Sent(Box::new(ready));
        }
        true
    }

    fn leads(&self) -> bool {
        self.raw.status().soft_state.role == RoleKind::Leader
    }

    /// Every read comes back once, and not with an index below what was committed when it was asked.
    fn answered(&mut self, reads: &[ReadState]) {
        self.tables.answered(reads);
        for read in reads.iter().filter(|read| !read.context.starts_with(b"pending:")) {
            let committed = self.reads.remove(&read.context).expect("a read that waits");
            let sound = read.outcome.is_ok_and(|index| index >= committed) || read.outcome.is_err();
            assert!(sound, "{read:?} though {committed} was committed");
        }
    }

    fn write(&mut self, history: &mut History) -> bool {
        let Some(task) = self.appends.pop_front() else {
            return false;
        };
        self.raw
            .storage_mut()
            .persist_task(&task)
            .expect("a storage that works");
        self.written(&task, history);
        self.owed.extend(task.done());
        true
    }

    /// A task is in the storage: what it promises is true.
    fn written(&mut self, task: &AppendTask, history: &mut History) {
        if let Some(snapshot) = task.snapshot() {
            self.state = history.state(snapshot.metadata.index).clone();
            self.tables.installed(snapshot);
        }
        let (last, term) = (
            self.raw.storage().last_index().unwrap(),
            self.raw.storage().hard_state().term,
        );
        for response in task.responses() {
            let TaskResponse::Message(message) = response else {
                continue;
            };
            // What was promised in an earlier term may have been overwritten at once.
            if let (
                Payload::AppendResponse(AppendResponse::Accepted {
                    index,
                    joined_at: Some(0),
                    ..
                }),
                true,
            ) = (&message.payload, message.term == term)
            {
                assert!(*index <= last, "{message} promises more than index {last}");
            }
        }
    }

    fn acknowledge(&mut self, out: &mut Vec<Message>) -> bool {
        match self.owed.pop_front() {
            None => return false,
            Some(TaskResponse::Message(message)) => out.push(message),
            // Refused if it is of a node that was removed meanwhile.
            Some(TaskResponse::Ack(ack)) => _ = self.raw.acknowledge(ack),
        }
        true
    }

    fn apply_task(&mut self, history: &mut History) -> bool {
        let Some(task) = self.applies.pop_front() else {
            return false;
        };
        // A snapshot may have overtaken it.
        let index = self.state.index;
        let entries = task.entries().iter().filter(|entry| entry.index > index);
        entries.for_each(|entry| self.apply(entry, history));
        self.raw.acknowledge(task.done()).expect("tasks in order");
        true
    }

    fn apply(&mut self, entry: &Entry, history: &mut History) {
        let change = entry.conf_change();
        let vetoed = matches!(&change, Some(Ok(change)) if change.context() == VETO);
        self.state.apply(entry, vetoed);
        history.reached(&self.state);
        self.tables.applied(entry, &mut history.ledger);
        if vetoed {
            self.raw.cancel_conf_change(entry).expect("a sound node");
        } else if change.is_some() {
            self.raw.apply_conf_change(entry).expect("a sound node");
            // A new member can use only a snapshot in which it is one.
            self.offer_snapshot(&self.state.clone());
        }
    }

    /// A snapshot of an applied state becomes the one to hand out, and the log is cut there.
    pub(crate) fn compact(&mut self, keep: u64, history: &History) {
        let index = self.raw.status().applied.saturating_sub(keep);
        if index >= self.raw.storage().first_index().unwrap() && self.offer_snapshot(history.state(index)) {
            let storage = self.raw.storage_mut();
            storage.set_conf_state(history.state(index).members.clone(), index);
            storage.compact(index).expect("not compacted yet");
        }
    }

    /// From now on a snapshot of this state is handed out; not if the storage has gone beyond it.
    fn offer_snapshot(&mut self, state: &State) -> bool {
        let (conf_state, index) = (state.members.clone(), state.index);
        let storage = self.raw.storage_mut();
        let Ok(term) = storage.term(index) else { return false };
        let metadata = SnapshotMetadata::new(EntryId { term, index }, conf_state);
        let latest = storage.latest_snapshot().map_or(0, |snapshot| snapshot.metadata.index);
        index >= latest && storage.set_snapshot(Snapshot::new(metadata, state.data())).is_ok()
    }

    // ----- what must hold after each call

    pub(crate) fn check(&mut self, history: &mut History) {
        let status = self.raw.status();
        assert_eq!(self.raw.poisoned(), None);
        assert!(status.hard_state.term >= self.before.term, "a term never falls");
        assert!(
            status.hard_state.commit >= self.before.commit,
            "a commit index never falls"
        );
        assert!(status.applied >= self.applied, "what is applied stays applied");
        self.check_role(&status, history);
        self.tables.settle(self.state.index, &mut history.ledger);
        (self.before, self.applied, self.role) = (status.hard_state, status.applied, status.soft_state.role);
        history.observe(&status, &self.seen);
        // What others have appended is seen when it is handed out.
        if self.leads() {
            self.checked = history.commits(status.hard_state, &self.seen, self.checked);
        }
        if self.is_idle() && !self.raw.has_ready() {
            assert_eq!(self.state.index, status.applied);
            assert_eq!(
                self.raw.membership().conf_state(),
                self.state.members,
                "as of what is applied"
            );
        }
        self.check_metadata(&status, history);
    }

    /// What a snapshot would stand for is what was applied, whenever it may be taken; and that it may at rest.
    fn check_metadata(&self, status: &Status, history: &History) {
        let Ok(metadata) = self.raw.snapshot_metadata() else {
            let at_rest = self.is_idle() && !self.raw.has_ready() && self.raw.configured_at() <= status.applied;
            assert!(
                !at_rest || status.applied == 0 || status.diverged,
                "there is one to take"
            );
            return;
        };
        assert_eq!(metadata.index, status.applied);
        assert_eq!(metadata.conf_state, history.state(metadata.index).members);
        assert_eq!(Some(metadata.id()), history.committed_at(metadata.index));
        if !self.raw.config().settings().async_storage_writes {
            assert_eq!(self.state.index, metadata.index, "the state between two Readies");
        }
    }

    /// What a node must not do as a candidate and as a leader.
    fn check_role(&self, status: &Status, history: &History) {
        let HardState { term, commit, .. } = status.hard_state;
        match status.soft_state.role {
            RoleKind::Leader if self.role == RoleKind::Leader && commit > self.before.commit => {
                let id = self.seen.get(commit).expect("a leader has what it commits");
                assert_eq!(id.term, term, "only entries of its own term are counted (5.4.2)");
            }
            RoleKind::PreCandidate | RoleKind::Candidate if self.role == RoleKind::Follower => {
                let changes = history.changes(status.applied + 1..=commit);
                assert_eq!(changes, 0, "no campaign with a committed change that is not applied");
            }
            _ => {}
        }
    }

    /// A change of the configuration was appended here: there must be no other that is not applied.
    pub(crate) fn changes_at(&self, index: Index) {
        let configuration = self.raw.membership_status().expect("the log can be read");
        let first = configuration.pending.map(|change| change.index);
        assert_eq!(first, Some(index), "one change at a time");
    }

    pub(crate) fn is_idle(&self) -> bool {
        let tasks = self.appends.len() + self.applies.len() + self.owed.len();
        matches!(self.stage, Stage::Idle) && tasks == 0
    }
}
