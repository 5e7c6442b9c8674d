//! The paper's "state on all servers" (Figure 2): what a node has whatever its role.

mod ballot;
mod kept;
mod outbox;
mod store;
mod timer;

pub(crate) use ballot::Ballot;
pub(crate) use kept::KeptPromise;
pub(crate) use outbox::Outbox;
pub(crate) use store::OwnStore;
pub(crate) use timer::Timer;

use core::num::NonZero;

use crate::aside::Aside;
use crate::config::Config;
use crate::counters::{Ignored, Tally};
use crate::error::{AcknowledgeError, ApplyError, ConfigError, Fault};
use crate::event::{Event, IgnoredReason};
use crate::log::Log;
use crate::membership::Membership;
use crate::message::{Message, Payload};
use crate::ready::AckKind;
use crate::rules::history;
use crate::rules::lease::{self, Promise};
use crate::storage::{Storage, StorageError};
use crate::trace::Trace;
use crate::types::{Entry, HardState, Index, NodeId, Term};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Server<S> {
    pub(crate) config: Config,
    pub(crate) store: OwnStore,
    pub(crate) ballot: Ballot,
    /// The term that the disk is known to hold.
    pub(crate) durable_term: Term,
    pub(crate) kept: KeptPromise,
    pub(crate) log: Log<S>,
    pub(crate) membership: Membership,
    /// The membership is as of this index: a snapshot, or the storage at start, may have brought it ahead of
    /// what is applied.
    pub(crate) configured_at: Index,
    pub(crate) timer: Timer,
    pub(crate) outbox: Outbox,
    /// Names reads that are forwarded, within this start.
    pub(crate) reads_forwarded: u64,
    /// The storage cannot be read here: no more votes, candidacies, acknowledgements.
    pub(crate) corrupt: Option<NonZero<Index>>,
    /// The same since a leader contradicts what is committed here; nothing more is applied either.
    pub(crate) diverged: bool,
    /// There was work since the last tick: buffers are kept.
    pub(crate) warm: Aside<bool>,
    /// Nothing came in since there was nothing to do.
    pub(crate) settled: Aside<bool>,
    pub(crate) counters: Aside<Tally>,
    pub(crate) ignored: Aside<Ignored>,
    /// An event told of an ignored message since the last tick.
    pub(crate) told_ignored: Aside<bool>,
    pub(crate) trace: Aside<Trace>,
}

impl<S: Storage> Server<S> {
    /// Takes up what was stored; see [`RawNode::new`](crate::RawNode::new).
    pub(crate) fn new(config: Config, storage: S) -> Result<Self, ConfigError> {
        config.validate()?;
        let initial = storage.initial_state()?;
        if initial.cluster_id != config.cluster_id {
            return Err(ConfigError::ForeignStore {
                stored: initial.cluster_id,
                configured: config.cluster_id,
            });
        }
        let HardState {
            term,
            vote,
            promised_ticks,
            ..
        } = initial.hard_state;
        let log = Log::new(storage, &initial, &config)?;
        let (membership, configured_at) = log.configuration(&initial, config.settings().max_applying_bytes())?;
        let last_term = log.term(log.last_index())?;
        let mut ballot = Ballot::new(term, vote);
        // A batch was torn: its entries were stored, its hard state was not. Whatever it would have
        // promised in that term was not said, so that the term begins here with the vote to give.
        if !log.is_new_store(last_term, &config)? {
            ballot.adopt(last_term);
        }
        // Who has no term has never heard a leader.
        let silent = history::keeps_silent(config.cluster_id, term, ballot.term());
        let by_settings = if silent { config.settings().restart_silence() } else { 0 };
        let mut server = Self {
            store: OwnStore::new(initial.identity),
            ballot,
            durable_term: term,
            configured_at,
            log,
            membership,
            timer: Timer::new(&config, lease::silence(promised_ticks, by_settings)),
            kept: KeptPromise::new(promised_ticks),
            outbox: Outbox::default(),
            reads_forwarded: 0,
            corrupt: None,
            diverged: false,
            warm: Aside::default(),
            settled: Aside::default(),
            counters: Aside::default(),
            ignored: Aside::default(),
            told_ignored: Aside::default(),
            trace: Aside::default(),
            config,
        };
        server.note_name();
        Ok(server)
    }

    pub(crate) fn id(&self) -> NodeId {
        self.config.id
    }

    pub(crate) fn term(&self) -> Term {
        self.ballot.term()
    }

    pub(crate) fn hard_state(&self) -> HardState {
        let (term, vote) = (self.ballot.term(), self.ballot.vote());
        HardState::new(term, vote, self.log.committed()).with_promised_ticks(self.kept.ticks().into())
    }

    /// The longest promise that this node makes under its present settings, if its storage keeps promises.
    fn longest_promise(&self) -> u64 {
        if self.log.storage().keeps_promises() {
            self.config.settings().promise()
        } else {
            0
        }
    }

    /// A leader's message was accepted: nobody else for one election timeout from now.
    pub(crate) fn promise_leader(&mut self) {
        self.timer.promise(self.config.settings().promise());
        if self.config.settings().promise() > u64::from(self.kept.ticks()) {
            self.kept.raise(self.longest_promise());
        }
    }

    /// Ticks of its promise that this node may say.
    pub(crate) fn sayable_promise(&self) -> Option<u64> {
        let kept = if self.log.storage().keeps_promises() {
            self.kept.durable().into()
        } else {
            self.config.settings().restart_silence_ticks.unwrap_or(0)
        };
        lease::sayable(Promise {
            left: self.timer.promised(),
            kept,
            term_durable: self.durable_term == self.term(),
            counts: self.corrupt.is_none() && !self.is_disowned(),
        })
    }

    /// The hard state says no more than it must, if nothing that says more is on its way to the disk.
    pub(crate) fn lower_kept(&mut self) {
        let outstanding = self.timer.promised().max(self.timer.silent());
        let ticks = lease::to_keep(self.kept.ticks().into(), self.longest_promise(), outstanding);
        self.kept.lower(ticks);
    }

    /// Whether committed entries may be applied. With asynchronous writes only once the term in which the commit
    /// index was learned is durable, or later: a crash must not take the node back to an earlier term with
    /// what was applied, for a leader of that term may not have it.
    pub(crate) fn may_apply(&self) -> bool {
        !self.config.settings().async_storage_writes || self.durable_term >= self.term()
    }

    /// What a snapshot must cover that this node asks its leader for; 0 if it asks for none.
    pub(crate) fn snapshot_to_ask_for(&self) -> Index {
        let asked = self.log.awaited_snapshot().filter(|_| !self.diverged);
        asked.unwrap_or(0)
    }

    /// Whether this node could stand for election: a voter without a snapshot to install.
    pub(crate) fn is_promotable(&self) -> bool {
        self.membership.is_voter(self.id()) && !self.log.has_pending_snapshot()
    }

    // ----- talking

    /// Sends in this node's name and term what may leave at once.
    pub(crate) fn send(&mut self, to: NodeId, payload: Payload) {
        let message = self.message(to, self.term(), payload);
        self.forward(message);
    }

    /// Sends a message as it is.
    pub(crate) fn forward(&mut self, message: Message) {
        self.counters.messages_sent = self.counters.messages_sent.wrapping_add(1);
        self.outbox.send(message);
    }

    /// Sends, once the disk has caught up, what promises something durable; nothing, if the storage is
    /// corrupt.
    pub(crate) fn promise(&mut self, to: NodeId, term: Term, payload: Payload) {
        if self.corrupt.is_none() {
            self.counters.messages_sent = self.counters.messages_sent.wrapping_add(1);
            let message = self.message(to, term, payload);
            self.outbox.promise(message);
        }
    }

    /// This node votes for itself, once the disk has caught up.
    pub(crate) fn promise_own_vote(&mut self, term: Term, pre_vote: bool) {
        if self.corrupt.is_none() {
            self.outbox.promise_ack(AckKind::Vote { term, pre_vote });
        }
    }

    /// This leader's own log holds what it appended, once the disk has caught up.
    pub(crate) fn promise_own_append(&mut self, term: Term, index: Index) {
        if self.corrupt.is_none() {
            self.outbox.promise_ack(AckKind::Append { term, index });
        }
    }

    /// A message that is not in this node's own term (a pre-vote).
    pub(crate) fn message(&self, to: NodeId, term: Term, payload: Payload) -> Message {
        let identity = if payload.carries_identity() {
            self.store.identity()
        } else {
            0
        };
        Message::new(self.id(), to, term, payload)
            .with_cluster_id(self.config.cluster_id)
            .with_identity(identity)
    }

    /// Notes what happened, for the caller and for the log.
    pub(crate) fn event(&mut self, event: Event) {
        self.trace.event(self.config.id, &event);
        if !self.outbox.event(event) {
            self.counters.events_dropped = self.counters.events_dropped.wrapping_add(1);
        }
    }

    /// Notes a message of which nothing is used, and which nobody answers.
    #[cold]
    pub(crate) fn ignore(&mut self, from: NodeId, kind: &'static str, term: Term, reason: IgnoredReason) {
        let event = Event::MessageIgnored {
            from,
            kind,
            term,
            reason,
        };
        self.trace.ignored(self.config.id, &event);
        self.ignored.note(reason);
        if !core::mem::replace(&mut *self.told_ignored, true) {
            self.event(event);
        }
    }

    /// What is promised and not handed out is not: it waits no more, and does not count as sent.
    fn withdraw_promises(&mut self) {
        self.unsend(self.outbox.promised());
        self.outbox.withdraw_promises();
    }

    /// So many messages will not leave.
    pub(crate) fn unsend(&mut self, messages: usize) {
        let messages = u64::try_from(messages).unwrap_or(u64::MAX);
        self.counters.messages_sent = self.counters.messages_sent.wrapping_sub(messages);
    }

    /// Buffers are kept until a tick has put them away.
    pub(crate) fn warm_up(&mut self) {
        *self.warm = true;
        self.timer.set_alone(false);
    }

    /// Gives back the buffers that are empty.
    pub(crate) fn put_away(&mut self) {
        self.outbox.put_away();
        self.log.put_away();
    }

    /// From here on nothing is promised any more; what was about to be is withdrawn.
    pub(crate) fn mark_corrupt(&mut self, index: Index) {
        // No entry has the index 0.
        if self
            .corrupt
            .replace(NonZero::new(index).unwrap_or(NonZero::<Index>::MIN))
            .is_none()
        {
            self.withdraw_promises();
            self.event(Event::StorageCorrupt { index });
        }
    }

    /// Whether all configuration changes up to `index` that were handed out are applied, cancelled, or covered
    /// by a later configuration.
    pub(crate) fn check_changes(&self, index: Index) -> Result<(), AcknowledgeError> {
        match self.log.first_change_after(self.configured_at) {
            Some(change) if change <= index => Err(AcknowledgeError::UnhandledChange { index: change }),
            Some(_) | None => Ok(()),
        }
    }

    /// A configuration change is applied or cancelled: once, in order, and only one that was handed out.
    pub(crate) fn handle_change(&mut self, change: &Entry) -> Result<(), ApplyError> {
        self.log.handle_change(change, self.configured_at)
    }

    /// A leader contradicts what is committed here: the same, and nothing more is applied.
    pub(crate) fn mark_diverged(&mut self, index: Index, leader: NodeId) {
        if !core::mem::replace(&mut self.diverged, true) {
            self.corrupt = self.corrupt.or(NonZero::new(index));
            self.withdraw_promises();
            self.log.wait();
            self.event(Event::Diverged { index, leader });
        }
    }

    /// Whether the configuration may change when what is in the log is committed or applied.
    pub(crate) fn has_change_after(&self, after: Index, up_to: Index) -> Result<bool, Fault> {
        match self
            .log
            .find_change(after, up_to, self.config.settings().max_applying_bytes())
        {
            Ok(found) => Ok(found.is_some()),
            // It may: not to be read now, or applied and compacted while that is not acknowledged.
            Err(StorageError::TemporarilyUnavailable | StorageError::Compacted) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}
