//! What happens to a node: one short method per call.

use alloc::boxed::Box;

use bytes::Bytes;

use super::RawNode;
use super::told::Told;
use crate::config::Config;
use crate::error::{CampaignError, ConfigError, NodeError, ProposeError, ReadError, StepError, TransferError};
use crate::membership::AnyConfChange;
use crate::message::Message;
use crate::progress::SnapshotStatus;
use crate::raft::{Proposed, Raft};
use crate::storage::Storage;
use crate::types::{EntryId, Index, NodeId};

impl<S: Storage> RawNode<S> {
    /// A node that starts, restarts or joins: whatever the storage holds.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the setting, or what in the storage contradicts it.
    pub fn new(config: Config, storage: S) -> Result<Self, ConfigError> {
        let raft = Raft::new(config, storage)?;
        let numbered = raft.server.config.settings().async_storage_writes;
        Ok(Self {
            acks: numbered.then(Box::default),
            told: Told::from_storage(&raft),
            raft,
            readies: 0,
            outstanding: false,
        })
    }

    /// The same node with a logger. Without one, nothing is logged.
    #[must_use]
    pub fn with_logger(mut self, logger: slog::Logger) -> Self {
        self.raft.server.trace.set(logger);
        self
    }

    /// The storage.
    pub fn storage(&self) -> &S {
        self.raft.server.log.storage()
    }

    /// The storage, to persist to and to compact.
    pub fn storage_mut(&mut self) -> &mut S {
        self.raft.server.log.storage_mut()
    }

    /// Ends the node and gives its storage back: to open it anew, after a crash that was only simulated.
    pub fn into_storage(self) -> S {
        self.raft.server.log.into_storage()
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.raft.server.config
    }

    /// Replaces the settings. Some are fixed while a node runs and must be the same: `id`, `seed`,
    /// `applied`, `cluster_id`, `lease_promises`, `restart_silence_ticks` and `async_storage_writes`.
    ///
    /// Another `election_timeout_ticks` holds from now on: the timeout is drawn anew, as it is where its bounds
    /// change, and the next promise to a leader is of that length. What was promised before stays promised.
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::ConfigError;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let mut config = node.config().clone();
    /// config.settings_mut().max_inflight_messages = 16;
    /// node.set_config(config.clone())?;
    /// config.settings_mut().election_timeout_ticks = 20;
    /// node.set_config(config.clone())?;
    /// config.settings_mut().lease_promises = false;
    /// assert_eq!(node.set_config(config), Err(ConfigError::Fixed("lease_promises")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_config(&mut self, next: Config) -> Result<(), ConfigError> {
        let server = &mut self.raft.server;
        server.config.validate_successor(&next)?;
        if next.settings().uncommitted_cap() != server.config.settings().uncommitted_cap() {
            server.log.measure_uncommitted(&next)?;
        }
        let timeouts = |config: &Config| {
            (
                config.settings().election_timeout_ticks,
                config.settings().election_timeouts(),
            )
        };
        let other_timeouts = timeouts(&next) != timeouts(&server.config);
        server.config = next;
        if other_timeouts {
            server.timer.redraw(&server.config);
        }
        self.raft.on_settings();
        self.raft.touch();
        Ok(())
    }

    // ----- time

    /// One tick passes.
    #[inline]
    pub fn tick(&mut self) -> Result<(), NodeError> {
        if self.raft.server.timer.pass_quietly() {
            return Ok(());
        }
        self.tick_that_matters()
    }

    #[inline(never)]
    fn tick_that_matters(&mut self) -> Result<(), NodeError> {
        self.put_away();
        if self.raft.server.timer.pass_quietly() {
            return Ok(());
        }
        self.raft.enter(|raft| Ok(raft.pass_tick()?))
    }

    /// Buffers are kept from one Ready to the next, until a tick: an idle node holds none.
    fn put_away(&mut self) {
        if core::mem::take(&mut *self.raft.server.warm) {
            self.raft.server.put_away();
            self.raft.note_idleness();
        }
    }

    /// Up to `ticks` ticks pass. Stops after the first that brings something about, and says how
    /// many passed: take the Ready, then let the rest pass.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(node.advance_ticks(3)?, 3); // quiet
    /// let used = node.advance_ticks(u64::MAX)?; // until it campaigns
    /// assert!((7..17).contains(&used) && node.has_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn advance_ticks(&mut self, ticks: u64) -> Result<u64, NodeError> {
        self.put_away();
        self.raft.enter(|raft| Ok(raft.advance_ticks(ticks)?))
    }

    /// Ticks until this node next does something by itself, if nothing happens to it before;
    /// `None`: it never does. A host of many groups need not tick it until then, but owes it the
    /// ticks that passed before it tells it anything else.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let due = node.next_deadline().expect("a voter campaigns some time");
    /// node.advance_ticks(due - 1)?;
    /// assert!(!node.has_ready());
    /// node.tick()?;
    /// assert!(node.has_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_deadline(&self) -> Option<u64> {
        self.raft.poisoned().is_none().then(|| self.raft.next_deadline())?
    }

    /// Replaces the drawn election timeout until the next draw; at least 1. For tests and scripts.
    pub fn set_election_timeout_draw(&mut self, ticks: u64) {
        self.raft.server.timer.set_timeout(ticks);
    }

    // ----- the network

    /// A message arrived. On an error, the node is as it was before.
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::StepError;
    /// # use quorate::message::Payload;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let stray = Message::new(2, 3, 1, Payload::TimeoutNow);
    /// assert_eq!(node.step(stray), Err(StepError::Misrouted { to: 3, id: 1 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn step(&mut self, message: Message) -> Result<(), StepError> {
        let outcome = self.raft.enter(|raft| raft.step(message));
        let counters = &mut self.raft.server.counters;
        counters.messages_received = counters.messages_received.wrapping_add(1);
        if outcome.is_err() {
            counters.messages_refused = counters.messages_refused.wrapping_add(1);
        }
        outcome
    }

    /// A peer could not be reached: what was sent to it is probably lost.
    pub fn report_unreachable(&mut self, peer: NodeId) -> Result<(), NodeError> {
        self.raft.enter(|raft| {
            raft.report_unreachable(peer);
            Ok(())
        })
    }

    /// A snapshot that was sent did or did not arrive. `snapshot` says which ([`Snapshot::id`](crate::Snapshot::id),
    /// and so does [`Event::SnapshotSent`](crate::Event::SnapshotSent)): news of another one than the
    /// leader waits for changes nothing.
    pub fn report_snapshot(
        &mut self,
        peer: NodeId,
        snapshot: EntryId,
        status: SnapshotStatus,
    ) -> Result<(), NodeError> {
        self.raft.enter(|raft| {
            raft.report_snapshot(peer, snapshot, status == SnapshotStatus::Finished);
            Ok(())
        })
    }

    /// The storage has what it answered
    /// [`TemporarilyUnavailable`](crate::StorageError::TemporarilyUnavailable) for.
    pub fn storage_ready(&mut self) -> Result<(), NodeError> {
        self.raft.enter(Raft::storage_ready)
    }

    // ----- the application

    /// Proposes an entry. It is committed when it comes back among the committed entries, and not
    /// before.
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::ProposeError;
    /// # use quorate::message::{Heartbeat, Payload};
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(node.propose("x = 1"), Err(ProposeError::NoLeader));
    /// let payload = Payload::Heartbeat(Heartbeat::new(0));
    /// node.step(Message::new(2, 1, 1, payload))?;
    /// assert_eq!(node.propose("x = 1")?, Proposed::Forwarded { leader: 2 });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn propose(&mut self, data: impl Into<Bytes>) -> Result<Proposed, ProposeError> {
        self.raft.enter(|raft| raft.propose_data(data.into()))
    }

    /// Proposes entries that follow each other: all of them or none. Says where the last one is.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// node.campaign()?;
    /// # while let Some(ready) = node.ready()? {
    /// #     let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
    /// #     done.take_committed_entries();
    /// #     node.advance(done)?;
    /// # }
    /// let empty = node.status().last_index;
    /// let proposed = node.propose_batch(["x = 1", "y = 2"])?;
    /// assert!(matches!(proposed, Proposed::At { index, .. } if index == empty + 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn propose_batch<D: Into<Bytes>>(
        &mut self,
        batch: impl IntoIterator<Item = D>,
    ) -> Result<Proposed, ProposeError> {
        let batch = batch.into_iter().map(Into::into).collect();
        self.raft.enter(|raft| raft.propose_batch(batch))
    }

    /// Proposes a configuration change (thesis chapter 4). It takes effect at each node when that
    /// node applies it.
    ///
    /// A leader that is to be removed hands over first ([`transfer_leader`](Self::transfer_leader)), and then proposes
    /// its removal as a follower, which passes it on to its successor. A leader may remove itself, but nobody leads
    /// from then until the others miss it, for one to two election timeouts. `docs/membership.md` has the loop.
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::ProposeError;
    /// # use quorate::membership::{ConfChangeKind, ConfChangeV2};
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let change = ConfChangeV2::new([(ConfChangeKind::AddLearnerNode, 4)]);
    /// assert_eq!(node.propose_conf_change(change), Err(ProposeError::NoLeader));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn propose_conf_change(&mut self, change: impl Into<AnyConfChange>) -> Result<Proposed, ProposeError> {
        self.raft.enter(|raft| raft.propose_change(&change.into(), None))
    }

    /// Proposes a configuration change for a configuration that was looked at when `expected` was
    /// the last applied index: refused if the log holds a later change. Only the leader can tell.
    pub fn propose_conf_change_if_unchanged(
        &mut self,
        change: impl Into<AnyConfChange>,
        expected: Index,
    ) -> Result<Proposed, ProposeError> {
        self.raft
            .enter(|raft| raft.propose_change(&change.into(), Some(expected)))
    }

    /// Stands for election now, if this node may.
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::status::RoleKind;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// node.campaign()?;
    /// assert_eq!(node.status().soft_state.role, RoleKind::PreCandidate);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn campaign(&mut self) -> Result<(), CampaignError> {
        self.raft.enter(Raft::campaign_now)
    }

    /// Hands leadership to a voter (thesis 3.10), or asks the leader to. The leader's events tell what
    /// becomes of it. A leader that is told to hand over to itself calls off what is under way.
    ///
    /// It is an attempt: the leader takes no proposals meanwhile, for an election timeout at most, and leads on if the
    /// transferee does not stand ([`TransferAborted`](crate::Event::TransferAborted)). One that was restarted less than
    /// an election timeout ago, for example, [does not](crate::error::CampaignRefusal::Silent), and only its own events
    /// say why. Ask again then, perhaps for another.
    ///
    /// A follower refuses what its own configuration refuses, which may lag behind the leader's: a voter that was
    /// added just now is refused until the follower has applied that. What only the leader refuses comes back to
    /// the follower as [`Event::TransferRefused`](crate::Event::TransferRefused) (from a leader of etcd-io/raft it
    /// does not).
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::TransferError;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(node.transfer_leader(2), Err(TransferError::NoLeader));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn transfer_leader(&mut self, to: NodeId) -> Result<(), TransferError> {
        self.raft.enter(|raft| raft.transfer_to(to))
    }

    /// Hands leadership to the other voter with the longest log, one that was heard of lately if there
    /// is any; says to whom. Only a leader can: others answer [`TransferError::NoLeader`].
    pub fn transfer_leader_to_most_up_to_date(&mut self) -> Result<NodeId, TransferError> {
        self.raft.enter(Raft::transfer_to_best)
    }

    /// A follower stops believing in its leader, so that it may help to elect another at once (but
    /// for what it [promised](crate::Settings::lease_promises)). Does nothing in [lease mode](crate::ReadMode::Lease).
    pub fn forget_leader(&mut self) -> Result<(), NodeError> {
        self.raft.enter(|raft| {
            raft.forget_leader();
            Ok(())
        })
    }

    /// Asks at which index a read is linearizable. The answer comes as a
    /// [`ReadState`](crate::ready::ReadState) with this context; each read gets one, be it a refusal. The leader's
    /// [`Settings::read_mode`](crate::Settings::read_mode) says how; [`read_index_with`](Self::read_index_with) does
    /// for one read.
    ///
    /// ```
    /// # use quorate::*;
    /// # use quorate::error::ReadError;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// assert_eq!(node.read_index("r1"), Err(ReadError::NoLeader));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_index(&mut self, context: impl Into<Bytes>) -> Result<(), ReadError> {
        self.raft.enter(|raft| raft.read(context.into(), None))
    }
}
