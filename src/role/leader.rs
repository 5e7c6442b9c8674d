//! A node that leads: its view of the others, and what it has begun and not finished.

mod change;
mod disk;
mod groups;
mod learners;
mod notice;
mod prefer;
mod propose;
mod read;
mod replicate;
mod send;
mod tick;
mod transfer;

use alloc::vec::Vec;
use core::num::NonZero;

use self::disk::DiskLag;
use self::groups::Silence;
use self::prefer::Preferred;
pub(crate) use propose::Proposal;
pub(crate) use send::{NoSnapshot, Obstacle};

use crate::error::Fault;
use crate::progress::{Progress, Stranger};
use crate::read::{Rounds, WaitingReads};
use crate::rules::election::ElectionWon;
use crate::seldom::Seldom;
use crate::server::Server;
use crate::storage::Storage;
use crate::types::{Entry, EntryKind, Index, NodeId};
use crate::wire;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Leader {
    /// Sorted by id; this node itself included as long as it is a member.
    peers: Vec<(NodeId, Progress)>,
    /// Index of the entry with which this leader opened its term: what follows is of its term.
    term_start: Index,
    /// Ticks since the last heartbeats.
    heartbeat_elapsed: u64,
    /// Up to here the log may hold a configuration change that is not applied.
    pending_change: Index,
    /// To whom leadership is being handed.
    transfer: Option<NonZero<NodeId>>,
    /// An order to campaign went out: no lease for the rest of the term.
    lease_given_up: bool,
    /// A read wanted to go by a lease, whatever the settings are: it is measured for the rest of the term.
    lease_wanted: bool,
    reads: WaitingReads,
    rounds: Rounds,
    rare: Seldom<Rare>,
    /// Something waits to be sent with the next Ready.
    unsent: Unsent,
    /// Ticks after which the followers are told of what is committed, if nothing tells them before; 0: nothing is owed.
    notice_in: u64,
}

/// What few leaders have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Rare {
    /// Unless the own disk owed nothing when the last tick passed.
    disk: Option<DiskLag>,
    preferred: Preferred,
    silence: Silence,
}

/// What goes out with the next Ready, so that calls between two Readies share messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Unsent {
    appends: bool,
    round: bool,
    /// What is committed is to be counted by other settings.
    commit: bool,
    /// This leader's own promise of what it appended.
    own: bool,
}

impl Leader {
    /// Opens the term with an empty entry (section 8), which goes to everyone at once.
    pub(crate) fn new<S: Storage>(server: &mut Server<S>, _: ElectionWon) -> Result<Self, Fault> {
        let last = server.log.last_index();
        let next = last.saturating_add(1);
        let id = server.id();
        let progress = |member: NodeId| {
            let own = member == id;
            let progress = if own {
                Progress::of_leader(last)
            } else {
                Progress::new(next, false)
            };
            (member, progress)
        };
        server.store.set_named_at(last);
        let mut leader = Self {
            peers: server.membership.members().into_iter().map(progress).collect(),
            term_start: next,
            heartbeat_elapsed: 0,
            pending_change: last,
            transfer: None,
            lease_given_up: false,
            lease_wanted: false,
            reads: WaitingReads::default(),
            rounds: Rounds::default(),
            rare: Seldom::default(),
            unsent: Unsent::default(),
            notice_in: 0,
        };
        leader.append(server, [Entry::default()]);
        leader.measure_learners(server);
        leader.broadcast_appends(server)?;
        Ok(leader)
    }

    /// Puts entries at the end of the log, in this term; the index of the last one.
    fn append<S: Storage>(&mut self, server: &mut Server<S>, entries: impl Proposal) -> Index {
        let term = server.term();
        for mut entry in entries {
            if entry.is_conf_change() && server.config.settings().mark_checked_changes {
                wire::set_checked(&mut entry, !server.config.settings().disable_conf_change_validation);
            }
            server.counters.entries_proposed = server.counters.entries_proposed.wrapping_add(1);
            server.log.push(entry, term, &server.config);
        }
        let index = server.log.last_index();
        if server.config.settings().eager_appends {
            server.promise_own_append(term, index);
        } else {
            self.unsent.own = true;
        }
        index
    }

    pub(crate) fn transferee(&self) -> Option<NodeId> {
        self.transfer.map(NonZero::get)
    }

    pub(crate) fn pending_reads(&self) -> usize {
        self.reads.len()
    }

    /// Where this leader's own term begins in the log.
    pub(crate) fn term_start(&self) -> Index {
        self.term_start
    }

    /// What this leader thinks of the members, in the order of their ids.
    pub(crate) fn peers(&self) -> &[(NodeId, Progress)] {
        &self.peers
    }

    // So few are found faster one by one.

    pub(crate) fn peer(&self, id: NodeId) -> Option<&Progress> {
        let found = self.peers.iter().find(|(peer, _)| *peer == id);
        found.map(|(_, progress)| progress)
    }

    fn peer_mut(&mut self, id: NodeId) -> Option<&mut Progress> {
        let found = self.peers.iter_mut().find(|(peer, _)| *peer == id);
        found.map(|(_, progress)| progress)
    }

    pub(crate) fn note_stranger(&mut self, peer: NodeId, stranger: Stranger) {
        if let Some(progress) = self.peer_mut(peer) {
            progress.note_stranger(stranger);
        }
    }

    /// What keeps the peer from being sent entries; `None`: nothing does.
    pub(crate) fn obstacle<S: Storage>(&self, server: &Server<S>, to: NodeId) -> Result<Option<Obstacle>, Fault> {
        self.peer(to).map_or(Ok(None), |peer| send::obstacle(server, to, peer))
    }

    /// Whether every member's store is named, and remembers so: it has an entry that this leader appended with that
    /// configuration, and the commit index that came with it.
    pub(crate) fn has_identities_in_force<S: Storage>(&self, server: &Server<S>) -> bool {
        let named_at = server.store.named_at();
        let remembers =
            |(id, peer): &(NodeId, Progress)| server.membership.identity(*id).is_some() && peer.matched() > named_at;
        self.peers.iter().all(remembers)
    }

    /// Whether this leader has committed an entry of its own term: then it knows what is committed.
    fn has_committed_in_term<S: Storage>(&self, server: &Server<S>) -> bool {
        server.log.committed() >= self.term_start
    }

    /// Commit index to read at, if it is known to be all that is committed.
    fn read_index<S: Storage>(&self, server: &Server<S>) -> Option<Index> {
        self.has_committed_in_term(server).then_some(server.log.committed())
    }

    /// What must always hold of a leader's view; `None` if it does.
    pub(crate) fn broken_invariant(&self, last: Index) -> Option<&'static str> {
        let holds = |progress: &Progress| progress.matched() < progress.next() && progress.matched() <= last;
        let all = self.peers.iter().all(|(_, progress)| holds(progress));
        (!all).then_some("matched < next and matched <= last index")
    }
}

/// An empty configuration change, with which a joint configuration is left.
fn leave_joint() -> Entry {
    Entry {
        kind: EntryKind::ConfChangeV2,
        ..Entry::default()
    }
}
