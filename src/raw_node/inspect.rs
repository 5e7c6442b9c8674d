//! What a node is, to look at. Nothing here changes it, but for the events that are taken.

use alloc::vec::Vec;
use core::num::NonZero;

use super::RawNode;
use crate::counters::Counters;
use crate::error::{ConfigError, Fault, SnapshotError};
use crate::event::Event;
use crate::membership::Membership;
use crate::membership_status::MembershipStatus;
use crate::role::{Leader, Role};
use crate::status::{ProgressStatus, Status};
use crate::storage::Storage;
use crate::types::{EntryId, Index, NodeId, SnapshotMetadata};

impl<S: Storage> RawNode<S> {
    /// Events since the last Ready, or since this was last called. Events make no Ready: those of a node that has
    /// nothing else to do, one that was [removed](Event::Removed) for example, come only here. Call it when the loop
    /// over the Readies has ended.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// node.campaign()?;
    /// assert_eq!(node.take_events(), [Event::BecameCandidate { term: 1, pre_vote: true }]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take_events(&mut self) -> Vec<Event> {
        self.raft.server.warm_up(); // what held them is put away with the next tick
        self.raft.server.outbox.take_events()
    }

    /// The node at a glance. Works on a poisoned node too.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// let status = node.status();
    /// assert_eq!((status.last_index, status.applied, status.soft_state.leader), (1, 1, None));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn status(&self) -> Status {
        let (server, role) = (&self.raft.server, self.raft.role());
        let leader = role.as_leader();
        Status {
            id: server.id(),
            hard_state: server.hard_state(),
            soft_state: self.raft.soft_state(),
            leader_silent_ticks: match role {
                Role::Follower(follower) => follower.leader().map(|_| server.timer.since_heard()),
                Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => None,
            },
            last_index: server.log.last_index(),
            applied: server.log.applied(),
            uncommitted_bytes: server.log.uncommitted_bytes(),
            transferee: leader.and_then(Leader::transferee),
            pending_reads: role.pending_reads(),
            lease_ticks: leader.map_or(0, |leader| leader.lease_ticks(server)),
            promised_ticks: server.timer.promised(),
            silent_ticks: server.timer.silent(),
            snapshot_request: server.log.snapshot_request(),
            corrupt: server.corrupt.map(NonZero::get),
            diverged: server.diverged,
            identity: server.store.identity(),
            disowned: server.is_disowned(),
            unnamed: server.is_unnamed_member(),
            identities_in_force: leader.is_some_and(|leader| leader.has_identities_in_force(server)),
            lost_entries: server.lost_entries(),
        }
    }

    /// The members as this leader sees them, itself included, in the order of their ids; none if
    /// it does not lead.
    pub fn progress(&self) -> impl Iterator<Item = ProgressStatus> + '_ {
        let server = &self.raft.server;
        let peers = self.raft.role().as_leader().map_or(&[][..], |leader| leader.peers());
        peers
            .iter()
            .map(|(id, progress)| ProgressStatus::new(*id, progress, server))
    }

    /// Who granted this candidate its vote and who refused, in the order of their ids: its own is there when it is
    /// durable. None if it does not campaign. (Of a pre-candidate, pre-votes.)
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// node.campaign()?;
    /// let done = node.ready()?.expect("requests to send").persisted_by(|task| node.storage_mut().persist_task(task))?;
    /// node.advance(done)?;
    /// assert!(node.votes().eq([(1, true)])); // its own; nobody else has answered yet
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn votes(&self) -> impl Iterator<Item = (NodeId, bool)> + '_ {
        let votes = match self.raft.role() {
            Role::PreCandidate(candidacy) | Role::Candidate(candidacy) => candidacy.votes(),
            Role::Follower(_) | Role::Leader(_) => &[],
        };
        votes.iter().copied()
    }

    /// The configuration that this node has applied.
    pub fn membership(&self) -> &Membership {
        &self.raft.server.membership
    }

    /// Up to this index the configuration has all changes: what is applied, or later where a snapshot that was
    /// received, or what was stored before the start, is ahead. It is the configuration of no earlier index.
    pub fn configured_at(&self) -> Index {
        let server = &self.raft.server;
        server.configured_at.max(server.log.applied())
    }

    /// What a snapshot of the state machine stands for if it is taken now: the last entry that is applied and
    /// acknowledged, and the configuration as of it. With the state machine's bytes,
    /// `Snapshot::new(node.snapshot_metadata()?, bytes)` is the snapshot; see `docs/snapshots.md` for the whole way.
    ///
    /// The bytes must be of the state as of that very entry. Where Readies are advanced, that is the state between two
    /// of them. With [asynchronous storage writes](crate::Settings::async_storage_writes) the state machine may be
    /// ahead: take the metadata when you acknowledge that so much is applied, for a copy of the state that was made
    /// right then, and compare the index.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`]; in all but its last three cases the answer is to ask again later.
    ///
    /// ```
    /// # use quorate::*;
    /// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1]))?;
    /// # let mut node = RawNode::new(Config::new(1, 42), MemoryStorage::from_snapshot(first))?;
    /// # node.campaign()?;
    /// # while let Some(ready) = node.ready()? {
    /// #     let mut done = ready.persisted_by(|task| node.storage_mut().persist_task(task))?;
    /// #     done.take_committed_entries();
    /// #     node.advance(done)?;
    /// # }
    /// let snapshot = Snapshot::new(node.snapshot_metadata()?, "x = 1");
    /// let to = snapshot.metadata.index;
    /// assert_eq!(to, node.status().applied);
    /// node.storage_mut().set_snapshot(snapshot)?;
    /// node.storage_mut().compact(to)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn snapshot_metadata(&self) -> Result<SnapshotMetadata, SnapshotError> {
        self.raft.check_sound()?;
        let server = &self.raft.server;
        if server.diverged {
            return Err(SnapshotError::Diverged);
        }
        if server.log.snapshot_request().is_some() {
            return Err(SnapshotError::Requested);
        }
        let (applied, handed_out) = (server.log.applied(), server.log.applying());
        if handed_out > applied && !server.config.settings().async_storage_writes {
            return Err(SnapshotError::Applying { applied, handed_out });
        }
        if server.configured_at > applied {
            let configured_at = server.configured_at;
            return Err(SnapshotError::ConfigurationAhead { applied, configured_at });
        }
        if applied == 0 {
            return Err(SnapshotError::NothingApplied);
        }
        let term = server.log.term(applied)?;
        let id = EntryId { term, index: applied };
        Ok(SnapshotMetadata::new(id, server.membership.conf_state()))
    }

    /// The applied configuration, and the next change if the log holds one.
    pub fn membership_status(&self) -> Result<MembershipStatus, ConfigError> {
        MembershipStatus::of(&self.raft.server)
    }

    /// How often things happened.
    pub fn counters(&self) -> Counters {
        let server = &self.raft.server;
        Counters::new(&server.counters, &server.ignored)
    }

    /// Why the node is finished, if it is.
    pub fn poisoned(&self) -> Option<&Fault> {
        self.raft.poisoned()
    }
}
