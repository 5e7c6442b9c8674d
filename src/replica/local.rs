//! A whole group in one process.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::{Outcomes, Replica, ReplicaError, StateMachine};
use crate::error::NodeError;
use crate::message::Message;
use crate::soft_state::RoleKind;
use crate::storage::Store;
use crate::types::NodeId;

/// Replicas in one process whose messages arrive at once, or not at all: for tests, and to try things out. The same
/// calls have the same outcome. (What happens when messages are late, come twice, and disks tear, the simulator in
/// `quorate-sim` finds out.)
///
/// ```
/// # use quorate::bytes::Bytes;
/// # use quorate::replica::{MachineError, StateMachine};
/// use quorate::replica::{LocalGroup, Outcome, Replica};
/// use quorate::{ConfState, Config, Entry, MemoryStorage, bootstrap};
/// # struct Counter(u64);
/// # impl StateMachine for Counter {
/// #     type Response = u64;
/// #     fn apply(&mut self, _: &Entry) -> u64 { self.0 += 1; self.0 }
/// #     fn snapshot(&mut self) -> Result<Bytes, MachineError> { Ok(self.0.to_string().into()) }
/// #     fn restore(&mut self, state: &Bytes) -> Result<(), MachineError> {
/// #         self.0 = if state.is_empty() { 0 } else { std::str::from_utf8(state)?.parse()? };
/// #         Ok(())
/// #     }
/// # }
///
/// let mut group = LocalGroup::new();
/// for id in [1, 2, 3] {
///     let first = bootstrap(id, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
///     group.add(Replica::new(Config::new(id, id), MemoryStorage::from_snapshot(first), Counter(0))?);
/// }
/// group.run_until(100, |group| group.leader().is_some())?;
/// let leader = group.leader().and_then(|id| group.get_mut(id)).expect("somebody leads");
/// leader.propose("count", "a client")?;
/// assert_eq!(group.settle()?, [("a client", Outcome::Applied(1))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LocalGroup<S, M: StateMachine, T> {
    replicas: BTreeMap<NodeId, Replica<S, M, T>>,
    /// Not handed out yet.
    outcomes: Outcomes<T, M::Response>,
}

impl<S, M, T> fmt::Debug for LocalGroup<S, M, T>
where
    S: fmt::Debug,
    M: StateMachine<Response: fmt::Debug> + fmt::Debug,
    T: fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.replicas).finish()
    }
}

impl<S, M: StateMachine, T> Default for LocalGroup<S, M, T> {
    fn default() -> Self {
        Self {
            replicas: BTreeMap::new(),
            outcomes: Vec::new(),
        }
    }
}

impl<S: Store, M: StateMachine, T> LocalGroup<S, M, T> {
    /// Nobody yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a replica, or puts it in the place of the one with its id.
    pub fn add(&mut self, replica: Replica<S, M, T>) {
        self.replicas.insert(replica.node().config().id, replica);
    }

    /// Takes a replica out: it has crashed, or was removed.
    pub fn remove(&mut self, id: NodeId) -> Option<Replica<S, M, T>> {
        self.replicas.remove(&id)
    }

    /// A replica.
    pub fn get(&self, id: NodeId) -> Option<&Replica<S, M, T>> {
        self.replicas.get(&id)
    }

    /// A replica, to propose to it or to read from it.
    pub fn get_mut(&mut self, id: NodeId) -> Option<&mut Replica<S, M, T>> {
        self.replicas.get_mut(&id)
    }

    /// All of them, in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Replica<S, M, T>> {
        self.replicas.values()
    }

    /// Who leads, in the latest term if several think so.
    pub fn leader(&self) -> Option<NodeId> {
        let statuses = self.replicas.values().map(|replica| replica.node().status());
        let leaders = statuses.filter(|status| status.soft_state.role == RoleKind::Leader);
        leaders
            .max_by_key(|status| status.hard_state.term)
            .map(|status| status.id)
    }

    /// A tick passes for everybody.
    pub fn tick(&mut self) -> Result<(), NodeError> {
        self.replicas.values_mut().try_for_each(Replica::tick)
    }

    /// Turns and deliveries until nobody has anything to say. What became of proposals and reads, at any replica.
    ///
    /// # Errors
    ///
    /// The first of a [turn](Replica::turn). Messages that were on their way are lost then, as they may be; outcomes
    /// come with the next call.
    pub fn settle(&mut self) -> Result<Outcomes<T, M::Response>, ReplicaError> {
        self.settle_through(|_| true)
    }

    /// The same over a network that loses what `arrives` says no to: `|message| message.from != 1 && message.to != 1`
    /// cuts node 1 off.
    ///
    /// # Errors
    ///
    /// As of [`settle`](Self::settle).
    pub fn settle_through(
        &mut self,
        mut arrives: impl FnMut(&Message) -> bool,
    ) -> Result<Outcomes<T, M::Response>, ReplicaError> {
        let mut messages = Vec::new();
        loop {
            for replica in self.replicas.values_mut() {
                self.outcomes.extend(replica.turn(|message| messages.push(message))?);
            }
            if messages.is_empty() {
                return Ok(core::mem::take(&mut self.outcomes));
            }
            for message in messages.drain(..).filter(&mut arrives) {
                if let Some(replica) = self.replicas.get_mut(&message.to) {
                    // An error is the message's fault: a real network's answer to it is a line in a log.
                    let _ = replica.step(message);
                }
            }
        }
    }

    /// Ticks, and settles after each, until `is_done` or so many ticks have passed. What became of proposals and reads.
    ///
    /// # Errors
    ///
    /// As of [`settle`](Self::settle).
    pub fn run_until(
        &mut self,
        ticks: u64,
        mut is_done: impl FnMut(&Self) -> bool,
    ) -> Result<Outcomes<T, M::Response>, ReplicaError> {
        self.outcomes = self.settle()?;
        for _ in 0..ticks {
            if is_done(self) {
                break;
            }
            self.tick()?;
            self.outcomes = self.settle()?;
        }
        Ok(core::mem::take(&mut self.outcomes))
    }
}
