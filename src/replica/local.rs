//! A whole group in one process.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use super::{Outcome, Outcomes, Replica, ReplicaError, StateMachine};
use crate::error::{NodeError, StepError};
use crate::event::Event;
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
/// group.leader_mut().expect("somebody leads").propose("count", "a client")?;
/// group.settle()?;
/// assert_eq!(group.take_outcome(&"a client"), Some(Outcome::Applied(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LocalGroup<S, M: StateMachine, T> {
    replicas: BTreeMap<NodeId, Replica<S, M, T>>,
    outcomes: Outcomes<T, M::Response>,
    events: Vec<(NodeId, Event)>,
    refused: Vec<(NodeId, StepError)>,
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
            events: Vec::new(),
            refused: Vec::new(),
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

    /// Takes a replica out: it was removed, or comes back later with its clients, as one does that was cut off.
    pub fn remove(&mut self, id: NodeId) -> Option<Replica<S, M, T>> {
        self.replicas.remove(&id)
    }

    /// A process ends without a word: its store is left, and its state machine, should that be durable. What its
    /// clients waited for is [`Unknown`](Outcome::Unknown).
    pub fn crash(&mut self, id: NodeId) -> Option<(S, M)> {
        let (store, machine, outcomes) = self.replicas.remove(&id)?.into_parts();
        self.outcomes.extend(outcomes);
        Some((store, machine))
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

    /// Who leads, in the latest term if several think so. (The terms of a group and of one that was recovered from it
    /// do not compare: have them in two.)
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

    /// Turns and deliveries until nobody has anything to say.
    ///
    /// # Errors
    ///
    /// The first of a [turn](Replica::turn). Messages that were on their way are lost then, as they may be.
    pub fn settle(&mut self) -> Result<(), ReplicaError> {
        self.settle_through(|_| true)
    }

    /// The same over a network that loses what `arrives` says no to: `|message| message.from != 1 && message.to != 1`
    /// cuts node 1 off.
    ///
    /// # Errors
    ///
    /// As of [`settle`](Self::settle).
    pub fn settle_through(&mut self, mut arrives: impl FnMut(&Message) -> bool) -> Result<(), ReplicaError> {
        let mut messages = Vec::new();
        loop {
            for (id, replica) in &mut self.replicas {
                let turn = replica.turn(|message| messages.push(message));
                self.events
                    .extend(replica.events().iter().map(|event| (*id, event.clone())));
                self.outcomes.extend(turn?);
            }
            if messages.is_empty() {
                return Ok(());
            }
            for message in messages.drain(..).filter(&mut arrives) {
                let to = message.to;
                let stepped = self
                    .replicas
                    .get_mut(&to)
                    .map_or(Ok(()), |replica| replica.step(message));
                self.refused.extend(stepped.err().map(|error| (to, error)));
            }
        }
    }

    /// The one who [leads](Self::leader).
    pub fn leader_mut(&mut self) -> Option<&mut Replica<S, M, T>> {
        self.leader().and_then(|id| self.get_mut(id))
    }

    /// So many ticks, each of which [settles](Self::settle).
    ///
    /// # Errors
    ///
    /// As of [`settle`](Self::settle).
    pub fn run(&mut self, ticks: u64) -> Result<(), ReplicaError> {
        self.run_until(ticks, |_| false).map(drop)
    }

    /// Ticks, and settles after each, until `is_done` or so many ticks have passed. Whether it is done.
    ///
    /// # Errors
    ///
    /// As of [`settle`](Self::settle).
    pub fn run_until(&mut self, ticks: u64, mut is_done: impl FnMut(&Self) -> bool) -> Result<bool, ReplicaError> {
        self.settle()?;
        for _ in 0..ticks {
            if is_done(self) {
                return Ok(true);
            }
            self.tick()?;
            self.settle()?;
        }
        Ok(is_done(self))
    }

    // ----- what came of it

    /// Takes what became of proposals and reads, at any replica, since the last time.
    pub fn take_outcomes(&mut self) -> Outcomes<T, M::Response> {
        core::mem::take(&mut self.outcomes)
    }

    /// Takes what became of one of them, if it is known.
    pub fn take_outcome(&mut self, token: &T) -> Option<Outcome<M::Response>>
    where
        T: PartialEq,
    {
        let place = self.outcomes.iter().position(|(of, _)| of == token)?;
        Some(self.outcomes.remove(place).1)
    }

    /// Takes what happened, and where, since the last time.
    pub fn take_events(&mut self) -> Vec<(NodeId, Event)> {
        core::mem::take(&mut self.events)
    }

    /// Takes which messages were refused, and where, since the last time: those of nodes that are no members any more,
    /// say, or of another group.
    pub fn take_refused(&mut self) -> Vec<(NodeId, StepError)> {
        core::mem::take(&mut self.refused)
    }
}
