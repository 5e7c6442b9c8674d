//! What is left of a replica whose group has lost its quorum.

use alloc::string::ToString;

use super::{ReplicaError, StateMachine};
use crate::recover::{self, Inspection, Plan, RecoverError, Recovered};
use crate::storage::Store;
use crate::types::{ClusterId, Index};

/// At most so many bytes of entries are in memory at once.
const PAGE_BYTES: u64 = 1 << 20;

/// The store and the state machine of a node whose group has lost its quorum, on their way to a
/// [new group](crate::recover). Read `docs/lost-quorum.md` first, and work on copies.
///
/// ```
/// # use quorate::bytes::Bytes;
/// # use quorate::replica::{MachineError, Replica, StateMachine};
/// use quorate::replica::Survivor;
/// use quorate::{ConfState, Config, Entry, MemoryStorage, bootstrap};
/// # #[derive(Default)]
/// # struct Counter(u64);
/// # impl StateMachine for Counter {
/// #     type Response = u64;
/// #     fn apply(&mut self, _: &Entry) -> u64 { self.0 += 1; self.0 }
/// #     fn snapshot(&mut self) -> Result<Bytes, MachineError> { Ok(self.0.to_string().into()) }
/// #     fn restore(&mut self, _: &Bytes) -> Result<(), MachineError> { Ok(()) }
/// # }
///
/// # let first = bootstrap(1, &MemoryStorage::new(), &ConfState::of_voters([1, 2, 3]))?;
/// # let mut store = MemoryStorage::from_snapshot(first);
/// # store.append(&[Entry::new(1, 2, "count")])?;
/// // The store of node 1; those of 2 and 3 are lost.
/// let survivor = Survivor::new(store, Counter::default())?;
/// let plan = survivor.inspect()?.plan(1)?.to_string();
/// // Once that text is read, and signed off:
/// let (_old, recovered) = survivor.recover(&plan.parse()?, 0x7e57)?; // from a good random source
/// let store = MemoryStorage::from(recovered);
/// let replica = Replica::<_, _, ()>::new(Config::new(1, 43), store, Counter::default())?;
/// assert_eq!(replica.node().membership().conf_state(), ConfState::of_voters([1]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Survivor<S, M> {
    store: S,
    machine: M,
    applied: Index,
}

/// Has a state machine begin as it does at a start. The last index that it has applied then, and the last one that the
/// latest snapshot covers; 0 where there is none.
pub(super) fn restored<S: Store, M: StateMachine>(store: &S, machine: &mut M) -> Result<(Index, Index), ReplicaError> {
    let applied = machine.applied();
    let Some(latest) = store.latest_snapshot()? else {
        return Ok((applied, 0));
    };
    let snapshot = latest.metadata.index;
    if snapshot > applied {
        machine
            .restore(&latest.data)
            .map_err(|error| ReplicaError::machine(&error))?;
    }
    Ok((applied.max(snapshot), snapshot))
}

impl<S: Store, M: StateMachine> Survivor<S, M> {
    /// Restores the state machine as [`Replica::new`](super::Replica::new) does.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Storage`] and [`Machine`](ReplicaError::Machine).
    pub fn new(store: S, mut machine: M) -> Result<Self, ReplicaError> {
        let (applied, _) = restored(&store, &mut machine)?;
        Ok(Self {
            store,
            machine,
            applied,
        })
    }

    /// What is known of the survivor: to choose the [best](recover::best_of) of several, and to make a plan.
    pub fn inspect(&self) -> Result<Inspection, RecoverError> {
        recover::inspect(&self.store, self.applied)
    }

    /// Carries the plan out: applies what was not applied, and says what is to be stored in the place of the store,
    /// which comes back as it was. `random` names the new group: a number from a good random source.
    ///
    /// # Errors
    ///
    /// [`ReplicaError::Recover`] if the plan is not for this survivor, or the random number is none; nothing was stored
    /// in any case.
    pub fn recover(mut self, plan: &Plan, random: ClusterId) -> Result<(S, Recovered), ReplicaError> {
        if plan.applied() != self.applied {
            let (planned, found) = (plan.applied().to_string(), self.applied.to_string());
            let what = "applied";
            return Err(RecoverError::Differs { what, planned, found }.into());
        }
        let mut recovery = recover::apply(plan, &self.store)?;
        while let Some(entries) = recovery.take_entries(PAGE_BYTES)? {
            for entry in entries.iter().filter(|entry| entry.is_command()) {
                self.machine.apply(entry);
            }
        }
        let state = self.machine.snapshot().map_err(|error| ReplicaError::machine(&error))?;
        let recovered = recovery.finish(state, random)?;
        Ok((self.store, recovered))
    }
}
